"""Good training requests, for one account in us-east-1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sm_raw import specs

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
BUCKET = "s3://dogs-123456789012"
OUTPUT = f"{BUCKET}/output/"
CODE = f"{BUCKET}/code/sourcedir.tar.gz"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/dog-trainer:3"
IMAGE_CLASSIFICATION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
OWN_RULES = "864354269164.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"
TAGS = {"project": "dogs", "owner": "team-vision"}
VPC = specs.vpc_config(subnets=["subnet-0a1b2c3d", "subnet-4e5f6a7b"], security_group_ids=["sg-0123abcd"])
METRICS = {
    "train:loss": r"train_loss=([0-9.]+)",
    "test:loss": r"test_loss=([0-9.]+);",
    "test:accuracy": r"test_accuracy=([0-9.]+)%",
}
IC_STATIC = {
    "num_layers": "18",
    "num_classes": "133",
    "num_training_samples": "6680",
    "image_shape": "3,224,224",
    "mini_batch_size": "128",
    "epochs": "10",
}


def pytorch_image_for(version: str, python: str, instance_type: str) -> str:
    return specs.pytorch_image(REGION, version=version, python=python, instance_type=instance_type)


def data_channels(*names: str) -> list[Any]:
    return [specs.channel(name, f"{BUCKET}/data/{name}/") for name in names]


def code_with(**hyperparameters: object) -> dict[str, str]:
    given = {name.replace("_", "-"): value for name, value in hyperparameters.items()}
    return specs.script_mode("train.py", submit_directory=CODE, hyperparameters=given)


def _training(name: str, instance_type: str, **fields: Any) -> Mapping[str, Any]:
    version, python = fields.pop("pytorch", ("2.1.0", "py310"))
    given: dict[str, Any] = {
        "image_uri": pytorch_image_for(version, python, instance_type),
        "role_arn": ROLE,
        "output_uri": OUTPUT,
        "resources": specs.resources(instance_type, count=fields.pop("count", 1)),
        "channels": data_channels("train", "valid"),
        "hyperparameters": code_with(epochs=2),
        "max_runtime_seconds": 3600,
    }
    return specs.training_job(name, **{**given, **fields})


def full_training() -> Mapping[str, Any]:
    """Script mode with everything that the Debugger and the profiler have."""
    image = specs.debugger_rules_image(REGION)
    rules = [
        specs.debug_rule("VanishingGradient", image_uri=image),
        specs.debug_rule("Overfit", image_uri=image, parameters={"ratio_threshold": 0.2}),
        specs.debug_rule("Overtraining", image_uri=image),
        specs.debug_rule("PoorWeightInitialization", image_uri=image),
        specs.debug_rule("LossNotDecreasing", image_uri=image, parameters={"num_steps": 20}),
    ]
    return _training(
        "dogs-resnet50",
        "ml.g4dn.xlarge",
        pytorch=("1.13.1", "py39"),
        channels=data_channels("train", "valid", "test"),
        hyperparameters=code_with(epochs=5, lr=0.01, batch_size=64, optimizer="adam", pretrained=True),
        metrics=METRICS,
        environment={"LOG_LEVEL": "info", "OMP_NUM_THREADS": "4"},
        vpc=VPC,
        debug_hook=specs.hook_config(
            OUTPUT,
            rules=rules,
            collections=[
                specs.collection("losses", {"train.save_interval": 10, "eval.save_interval": 1}),
                specs.collection("gradients", {"save_interval": 100}),
                specs.collection("predictions", {"include_regex": ".*CrossEntropyLoss_output", "save_interval": 50}),
            ],
            parameters={"train.save_interval": 100, "eval.save_interval": 10},
        ),
        debug_rules=rules,
        profiler=specs.profiler_config(
            OUTPUT,
            interval_milliseconds=500,
            parameters={
                "LocalPath": "/opt/ml/output/profiler/",
                "DetailedProfilingConfig": '{"StartStep": 5, "NumSteps": 3, }',
                "DataloaderProfilingConfig": '{"StartStep": 7, "NumSteps": 1, "MetricsRegex": ".*", }',
            },
        ),
        profiler_rules=[
            specs.profiler_report(image_uri=image, parameters={"CPUBottleneck_threshold": 60}),
            specs.profiler_rule("LowGPUUtilization", image_uri=image, parameters={"threshold_p95": 60}),
            specs.profiler_rule("CPUBottleneck", image_uri=image),
        ],
        tags=TAGS,
        extra={
            "RetryStrategy": {"MaximumRetryAttempts": 2},
            "ExperimentConfig": {"ExperimentName": "dogs", "TrialName": "resnet50"},
            "TensorBoardOutputConfig": {"S3OutputPath": f"{BUCKET}/tensorboard/"},
        },
    )


def custom_rule_training() -> Mapping[str, Any]:
    """A Debugger rule with code of one's own, on an instance of one's own choice."""
    rule = specs.debug_rule(
        "CustomGradientRule",
        image_uri=OWN_RULES,
        parameters={"source_s3_uri": f"{BUCKET}/rules/gradients.py", "threshold": 20},
        extra={"InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 10},
    )
    hook = specs.hook_config(OUTPUT, collections=[specs.collection("gradients", {"save_interval": 50})])
    return _training("dogs-own-rule", "ml.c5.xlarge", pytorch=("1.13.1", "py39"), debug_hook=hook, debug_rules=[rule])


def spot_training() -> Mapping[str, Any]:
    return _training(
        "dogs-spot",
        "ml.c5.2xlarge",
        max_wait_seconds=7200,
        checkpoint_uri=f"{BUCKET}/checkpoints/dogs-spot/",
        vpc=VPC,
        metrics={"loss": "loss: ([0-9.eE+-]+) "},
        extra={
            "OutputDataConfig": {"KmsKeyId": KEY, "CompressionType": "NONE"},
            "ResourceConfig": {"VolumeKmsKeyId": KEY},
        },
    )


def warm_training() -> Mapping[str, Any]:
    extra = {"ResourceConfig": {"KeepAlivePeriodInSeconds": 600}, "ProfilerConfig": {"DisableProfiler": True}}
    return _training("dogs-warm", "ml.g5.xlarge", tags=TAGS, extra=extra)


def isolated_training() -> Mapping[str, Any]:
    """No network: the code comes as a channel."""
    path = "/opt/ml/input/data/code/sourcedir.tar.gz"
    code = specs.channel("code", CODE)
    return _training(
        "dogs-isolated",
        "ml.m5.xlarge",
        channels=[*data_channels("train"), code],
        hyperparameters=specs.script_mode("train.py", submit_directory=path, hyperparameters={"epochs": 1}),
        extra={"EnableNetworkIsolation": True},
    )


def distributed_training() -> Mapping[str, Any]:
    """Two instances under torch.distributed, each with its share of the data."""
    launcher = {"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.p4d.24xlarge"}
    return _training(
        "dogs-two-hosts",
        "ml.p4d.24xlarge",
        count=2,
        pytorch=("2.0.1", "py310"),
        channels=[specs.channel("train", f"{BUCKET}/data/train/", distribution="ShardedByS3Key")],
        hyperparameters=specs.script_mode("train.py", submit_directory=CODE, hyperparameters=launcher),
        vpc=VPC,
        extra={"EnableInterContainerTrafficEncryption": True},
    )


def every_input_training() -> Mapping[str, Any]:
    """A container of one's own that reads from everywhere."""
    augmented = {
        "DataSource": {"S3DataSource": {"AttributeNames": ["source-ref", "breed"]}},
        "RecordWrapperType": "RecordIO",
        "ShuffleConfig": {"Seed": 7},
    }
    efs = {"FileSystemId": "fs-0123456789abcdef0", "FileSystemType": "EFS", "DirectoryPath": "/dogs"}
    fsx = {"FileSystemId": "fs-0fedcba9876543210", "FileSystemType": "FSxLustre", "DirectoryPath": "/fsx/dogs"}
    files = [{**each, "FileSystemAccessMode": "ro"} for each in (efs, fsx)]
    return _training(
        "dogs-inputs",
        "ml.m5.4xlarge",
        image_uri=OWN_IMAGE,
        hyperparameters={"epochs": "3"},
        vpc=VPC,
        channels=[
            specs.channel("prefix", f"{BUCKET}/data/train/", content_type="application/x-image"),
            specs.channel("fast", f"{BUCKET}/data/valid/", input_mode="FastFile"),
            specs.channel("list", f"{BUCKET}/lists/train.manifest", data_type="ManifestFile"),
            specs.channel("zipped", f"{BUCKET}/zipped/", input_mode="Pipe", compression="Gzip"),
            specs.channel(
                "labelled",
                f"{BUCKET}/lists/breeds.manifest",
                data_type="AugmentedManifestFile",
                input_mode="Pipe",
                content_type="application/x-recordio",
                extra=augmented,
            ),
            *(
                {"ChannelName": name, "DataSource": {"FileSystemDataSource": source}}
                for name, source in zip(("efs", "fsx"), files, strict=True)
            ),
        ],
    )


def grouped_training() -> Mapping[str, Any]:
    """Two kinds of instances in one job."""
    groups = [
        {"InstanceGroupName": "loaders", "InstanceType": "ml.c5.4xlarge", "InstanceCount": 1},
        {"InstanceGroupName": "trainers", "InstanceType": "ml.p3.2xlarge", "InstanceCount": 2},
    ]
    source = {"S3DataSource": {"InstanceGroupNames": ["loaders"]}}
    return _training(
        "dogs-groups",
        "ml.c5.4xlarge",
        image_uri=OWN_IMAGE,
        hyperparameters={"epochs": "3"},
        channels=[specs.channel("train", f"{BUCKET}/data/train/", extra={"DataSource": source})],
        extra={"ResourceConfig": {"InstanceGroups": groups, "InstanceType": None, "InstanceCount": None}},
    )


def image_classification_training() -> Mapping[str, Any]:
    """The built-in algorithm over RecordIO, streamed."""
    channels = [
        specs.channel(name, f"{BUCKET}/rec/{name}/", input_mode="Pipe", content_type="application/x-recordio")
        for name in ("train", "validation")
    ]
    return _training(
        "dogs-builtin",
        "ml.p3.2xlarge",
        image_uri=IMAGE_CLASSIFICATION,
        hyperparameters={**IC_STATIC, "learning_rate": "0.01", "optimizer": "sgd", "momentum": "0.9"},
        channels=channels,
        extra={"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}},
    )


def image_list_training() -> Mapping[str, Any]:
    """The built-in algorithm over pictures with .lst files."""
    channels = [
        specs.channel(name, f"{BUCKET}/lst/{name}/", content_type="application/x-image")
        for name in ("train", "validation", "train_lst", "validation_lst")
    ]
    return _training(
        "dogs-builtin-lst",
        "ml.p3.2xlarge",
        image_uri=IMAGE_CLASSIFICATION,
        hyperparameters={**IC_STATIC, "use_pretrained_model": "1", "resize": "256"},
        channels=channels,
    )


def xgboost_training() -> Mapping[str, Any]:
    return _training(
        "prices-xgboost",
        "ml.m5.xlarge",
        image_uri=XGBOOST,
        hyperparameters={"objective": "reg:squarederror", "num_round": "100", "max_depth": "5", "eta": "0.2"},
        channels=[specs.channel("train", f"{BUCKET}/prices/", content_type="text/csv")],
    )


TRAINING = {
    "CreateTrainingJob": (
        full_training,
        custom_rule_training,
        spot_training,
        warm_training,
        isolated_training,
        distributed_training,
        every_input_training,
        grouped_training,
        image_classification_training,
        image_list_training,
        xgboost_training,
    ),
}
