"""What AWS's own SDK (sagemaker 2.257.7) sends for these jobs can be built here in a line, equal in effect.

Each expected request restates what was seen of that SDK, for names of this test. In effect: hyperparameters count as
the container toolkit decodes them, collections and parents as sets, and a field with the service's default is no field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sm_raw import specs
from sm_raw.specs.assembly import merge_patch
from sm_raw.validation.checking import check

REGION, BUCKET = "us-east-1", "s3://dogs-bucket/"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/pytorch-training:1.12-gpu-py38"
RULES_IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
EVALUATOR = "759209512951.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest"
IC_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
METRICS = {"Test Loss": r"Testing Loss: ([0-9\.]+)", "Test Accuracy": r"Testing Accuracy: ([0-9\.]+)"}
SETTINGS: dict[str, object] = {"lr": 0.001, "batch-size": 64, "epochs": 2}
DEFAULTS = {
    "ScalingType": "Auto",
    "TrainingJobEarlyStoppingType": "Off",
    "InitialVariantWeight": 1,
    "Tags": [],
    "CollectionConfigurations": [],
    "IntegerParameterRanges": [],
}


# --- what is built -------------------------------------------------------------------------------------------------


def channels(*names: str, **options: Any) -> list[Any]:
    return [specs.channel(name, f"{BUCKET}dogs/{name}", **options) for name in names]


def common() -> dict[str, Any]:
    return {
        "image_uri": specs.image_uri("pytorch", region=REGION, version="1.12", instance_type="ml.g4dn.xlarge"),
        "role_arn": ROLE,
        "output_uri": BUCKET,
        "resources": specs.resources("ml.g4dn.xlarge"),
        "channels": channels("train", "valid", "test"),
        "metrics": METRICS,
    }


def script(name: str, settings: Mapping[str, object] = SETTINGS, submit_directory: str = "") -> dict[str, str]:
    directory = submit_directory or f"{BUCKET}{name}/source/sourcedir.tar.gz"
    return specs.script_mode(
        "train.py", submit_directory=directory, region=REGION, job_name=name, hyperparameters=settings
    )


def job(name: str, **changes: Any) -> Any:
    arguments = {"profiler": specs.profiler_off(), "hyperparameters": script(name), "metrics_time_series": True}
    return specs.training_job(name, **{**common(), **arguments, **changes})


def tuning(name: str, ranges: list[Any], objective: str, objective_type: Any, **changes: Any) -> Any:
    definition = specs.training_definition(**common(), hyperparameters=script(name, {}))
    return specs.tuning_job(
        name,
        training=definition,
        ranges=ranges,
        objective_metric=objective,
        objective_type=objective_type,
        max_jobs=4,
        max_parallel_jobs=2,
        **changes,
    )


FIVE_RULES = ("VanishingGradient", "Overfit", "Overtraining", "PoorWeightInitialization", "LossNotDecreasing")
RULES = [specs.debug_rule(rule, image_uri=RULES_IMAGE) for rule in FIVE_RULES]
INTERVALS = {"train.save_interval": 100, "eval.save_interval": 10}
HOOK = specs.hook_config(
    BUCKET,
    rules=RULES,
    parameters=INTERVALS,
    collections=[
        specs.collection("CrossEntropyLoss_output_0", {"include_regex": "CrossEntropyLoss_output_0", **INTERVALS})
    ],
)
# What the SDK's rule package has as defaults, sent aloud; (LoadBalancing's 0.5 is not what its container defaults to).
PROFILED = {
    "LowGPUUtilization": {"threshold_p95": 70, "threshold_p5": 10, "window": 500, "patience": 1000},
    "CPUBottleneck": {"threshold": 50, "gpu_threshold": 10, "cpu_threshold": 90, "patience": 1000},
    "IOBottleneck": {"threshold": 50, "gpu_threshold": 10, "io_threshold": 50, "patience": 1000},
    "GPUMemoryIncrease": {"increase": 5, "patience": 1000, "window": 10},
    "BatchSize": {
        "cpu_threshold_p95": 70,
        "gpu_threshold_p95": 70,
        "gpu_memory_threshold_p95": 70,
        "patience": 1000,
        "window": 500,
    },
    "LoadBalancing": {"threshold": 0.5, "patience": 1000},
    "StepOutlier": {"stddev": 3, "mode": None, "n_outliers": 10},
    "MaxInitializationTime": {"threshold": 20},
    "OverallSystemUsage": {},
}
SCANNED = {"scan_interval_us": 60_000_000}
LEARNING_RATE = specs.continuous_range("lr", 0.001, 0.1)
BATCH_SIZES = specs.categorical_range("batch-size", [32, 64, 128, 256, 512])
THREE_RANGES = [
    specs.continuous_range("lr", 1e-5, 0.1, scaling="Logarithmic"),
    BATCH_SIZES,
    specs.integer_range("epochs", 1, 10),
]
IC_STATIC: dict[str, Any] = {
    "num_classes": 133,
    "num_training_samples": 6680,
    "num_layers": 18,
    "mini_batch_size": 32,
    "epochs": 10,
    "top_k": 2,
    "precision_dtype": "float32",
    "augmentation_type": "crop",
    "use_pretrained_model": True,
    "image_shape": (3, 224, 224),
}
IC_LISTS = ("train", "validation", "train_lst", "validation_lst")


def image_classification() -> dict[str, Any]:
    return {
        "image_uri": specs.image_uri("image-classification", region=REGION),
        "role_arn": ROLE,
        "output_uri": f"{BUCKET}ic/output",
        "resources": specs.resources("ml.p3.2xlarge", volume_gb=50),
        "max_runtime_seconds": 36_000,
        "channels": specs.image_channels(**{name: f"{BUCKET}dogs/{name}" for name in IC_LISTS}),
    }


def inference_image() -> str:
    return specs.image_uri("pytorch", region=REGION, version="1.12", instance_type="ml.m5.large", purpose="inference")


def served(name: str, program: str) -> Any:
    environment = specs.serving_script(program, region=REGION)
    return specs.model(
        name,
        image_uri=inference_image(),
        role_arn=ROLE,
        model_data_uri=f"{BUCKET}{name}/model.tar.gz",
        environment=environment,
    )


def config(**features: Any) -> Any:
    variant = specs.production_variant("dogs-model", instance_type="ml.m5.large")
    return specs.endpoint_config("dogs-endpoint", **{"variants": [variant], **features})


BUILT: dict[str, Callable[[], Any]] = {
    "train_pytorch_plain": lambda: job("dogs-plain"),
    "train_pytorch_hyperparameter_types": lambda: job(
        "dogs-types",
        hyperparameters=script(
            "dogs-types",
            {
                **{"s": "sgd", "i": 64, "f": 0.1, "tiny": 1e-5, "one": 1.0, "yes": True, "none": None, "l": [1, 2]},
                **{"d": {"a": 1}, "text_number": "64", "unicode": "é"},
            },
        ),
    ),
    "train_inputs_s3_modes": lambda: job(
        "dogs-inputs",
        channels=[
            *channels("train", input_mode="FastFile", distribution="ShardedByS3Key"),
            *channels("valid", input_mode="Pipe", compression="Gzip"),
            specs.channel("test", f"{BUCKET}dogs/test.manifest", data_type="ManifestFile"),
            *channels("extra"),
        ],
    ),
    "train_network_isolation": lambda: job(
        "dogs-isolated",
        hyperparameters=script("dogs-isolated", SETTINGS, "/opt/ml/input/data/code/sourcedir.tar.gz"),
        channels=[
            *channels("train", "valid", "test"),
            specs.channel("code", f"{BUCKET}dogs-isolated/source/sourcedir.tar.gz"),
        ],
        vpc=specs.vpc_config(subnets=["subnet-0a"], security_group_ids=["sg-01"]),
        network_isolation=True,
    ),
    "train_spot_secure": lambda: job(
        "dogs-spot",
        output_uri=f"{BUCKET}secure",
        output_kms_key=KEY,
        resources=specs.resources("ml.g4dn.xlarge", volume_gb=100, volume_kms_key=KEY),
        max_runtime_seconds=3600,
        max_wait_seconds=7200,
        checkpoint_uri=f"{BUCKET}ckpt/dogs",
        checkpoint_path="/opt/ml/checkpoints",
        retry_attempts=2,
        environment={"WANDB_MODE": "offline"},
        vpc=specs.vpc_config(subnets=["subnet-0a", "subnet-0b"], security_group_ids=["sg-01"]),
        traffic_encryption=True,
        profiler=specs.profiler_config(f"{BUCKET}secure", disabled=False),
        tags={"project": "dogs"},
    ),
    "train_torch_distributed": lambda: job(
        "dogs-torchrun",
        image_uri=specs.image_uri("pytorch", region=REGION, version="1.13.1", instance_type="ml.p3.16xlarge"),
        resources=specs.resources("ml.p3.16xlarge", count=2),
        hyperparameters=script("dogs-torchrun", {**SETTINGS, **specs.torch_distributed("ml.p3.16xlarge")}),
    ),
    "train_smdataparallel": lambda: job(
        "dogs-smddp",
        resources=specs.resources("ml.p3.16xlarge", count=2),
        hyperparameters=script(
            "dogs-smddp",
            {
                **SETTINGS,
                **specs.smdistributed_data_parallel("ml.p3.16xlarge", custom_mpi_options="-verbose"),
            },
        ),
    ),
    "train_debugger_rules": lambda: job(
        "dogs-debug",
        debug_rules=RULES,
        debug_hook=HOOK,
        profiler=specs.profiler_config(BUCKET, disabled=False),
    ),
    "train_debugger_and_profiler": lambda: job(
        "dogs-profile",
        debug_rules=RULES,
        debug_hook=HOOK,
        profiler=specs.profiler_config(
            BUCKET,
            interval_milliseconds=500,
            parameters=specs.framework_profile(specs.step_range(start=0, count=10)),
            disabled=False,
        ),
        profiler_rules=[
            specs.profiler_report(image_uri=RULES_IMAGE),
            *(
                specs.profiler_rule(rule, image_uri=RULES_IMAGE, parameters={**parameters, **SCANNED})
                for rule, parameters in PROFILED.items()
            ),
        ],
    ),
    "train_profiler_framework_ranges": lambda: job(
        "dogs-profile-rng",
        debug_hook=specs.hook_config(BUCKET),
        profiler=specs.profiler_config(
            BUCKET,
            parameters=specs.framework_profile(
                specs.step_range(start=5, count=10),
                local_path="/opt/ml/output/profiler/",
                max_file_bytes=1_048_576,
                file_close_seconds=30,
            ),
            disabled=False,
        ),
    ),
    "train_debugger_actions": lambda: job(
        "dogs-actions",
        debug_rules=[
            specs.debug_rule("Overfit", image_uri=RULES_IMAGE, actions=specs.stop_training(job_name="dogs-actions")),
            specs.debug_rule("Overtraining", image_uri=RULES_IMAGE, actions=specs.stop_training(prefix="dogs-other")),
            specs.debug_rule(
                "VanishingGradient",
                image_uri=RULES_IMAGE,
                actions=[
                    specs.stop_training(job_name="dogs-actions"),
                    specs.email("me@example.com"),
                    specs.sms("+12065550100"),
                ],
            ),
        ],
        debug_hook=specs.hook_config(BUCKET, rules=RULES[:1]),
    ),
    "train_debugger_custom_rule": lambda: job(
        "dogs-custom",
        debug_rules=[
            specs.custom_debug_rule(
                "MyRule",
                source_uri=f"{BUCKET}rules/my_rule.py",
                image_uri=EVALUATOR,
                instance_type="ml.t3.medium",
                volume_gb=10,
                parameters={"threshold": 20.0},
                other_trials=[f"{BUCKET}other/debug-output"],
            )
        ],
        debug_hook=specs.hook_config(BUCKET, collections=[specs.collection("gradients", {"save_interval": 20})]),
        tensorboard=specs.tensorboard_output(f"{BUCKET}tb", local_path="/opt/ml/output/tensorboard"),
    ),
    "train_image_classification": lambda: specs.training_job(
        "dogs-ic",
        **image_classification(),
        hyperparameters=specs.image_classification_hyperparameters(**IC_STATIC, learning_rate=0.01, optimizer="sgd"),
        debug_hook=specs.hook_config(f"{BUCKET}ic/output"),
        profiler=specs.profiler_config(f"{BUCKET}ic/output", disabled=False),
    ),
    "hpo_basic": lambda: tuning("dogs-hpo", [LEARNING_RATE, BATCH_SIZES], "Test Loss", "Minimize"),
    "hpo_bayesian_three_ranges": lambda: tuning(
        "dogs-bayes", THREE_RANGES, "Test Accuracy", "Maximize", early_stopping=True
    ),
    "hpo_hyperband": lambda: tuning(
        "dogs-hyperband",
        THREE_RANGES,
        "Test Accuracy",
        "Maximize",
        strategy="Hyperband",
        strategy_config=specs.hyperband(min_resource=1, max_resource=10),
    ),
    "hpo_warm_start_identical": lambda: tuning(
        "dogs-warm1",
        [LEARNING_RATE, BATCH_SIZES],
        "Test Loss",
        "Minimize",
        warm_start=specs.warm_start(["dogs-hpo"], kind="IdenticalDataAndAlgorithm"),
    ),
    "hpo_image_classification": lambda: specs.tuning_job(
        "dogs-ic-hpo",
        training=specs.training_definition(
            **image_classification(), hyperparameters=specs.image_classification_hyperparameters(**IC_STATIC)
        ),
        ranges=[
            specs.continuous_range("eps", 1e-8, 0.001),
            specs.continuous_range("learning_rate", 0.0001, 0.5, scaling="Logarithmic"),
            specs.continuous_range("momentum", 0, 0.999),
            specs.continuous_range("weight_decay", 0.0, 0.999),
            specs.categorical_range("optimizer", ["sgd", "adam", "rmsprop", "nag"]),
        ],
        objective_metric=specs.IMAGE_CLASSIFICATION_OBJECTIVE,
        objective_type="Maximize",
        max_jobs=4,
        max_parallel_jobs=2,
    ),
    "deploy_pytorch__CreateModel": lambda: served("dogs-model", "inference.py"),
    "deploy_hpo_best__CreateModel": lambda: served("dogs-best", "train.py"),
    "deploy_pytorch__CreateEndpointConfig": config,
    "deploy_pytorch__CreateEndpoint": lambda: specs.endpoint("dogs-endpoint"),
    "deploy_pytorch_serverless__CreateEndpointConfig": lambda: config(
        variants=[specs.serverless_variant("dogs-model", memory_mb=4096, max_concurrency=10)]
    ),
    "deploy_pytorch_data_capture__CreateEndpointConfig": lambda: config(
        data_capture=specs.data_capture(
            f"{BUCKET}capture", csv_content_types=["text/csv"], json_content_types=["application/json"]
        )
    ),
    "deploy_pytorch_async__CreateEndpointConfig": lambda: config(
        async_inference=specs.async_inference(
            f"{BUCKET}async/out",
            failure_uri=f"{BUCKET}async/fail",
            kms_key_id=KEY,
            success_topic_arn="arn:aws:sns:us-east-1:123456789012:ok",
            error_topic_arn="arn:aws:sns:us-east-1:123456789012:bad",
            max_concurrent_invocations=4,
        )
    ),
}


# --- what is expected ----------------------------------------------------------------------------------------------


def s3_channel(name: str, uri: str = "", distribution: str = "FullyReplicated", **more: str) -> dict[str, Any]:
    kind = more.pop("S3DataType", "S3Prefix")
    source = {"S3DataType": kind, "S3Uri": uri or f"{BUCKET}dogs/{name}", "S3DataDistributionType": distribution}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def script_settings(name: str, settings: Mapping[str, object], directory: str = "") -> dict[str, object]:
    return {
        **settings,
        "sagemaker_submit_directory": directory or f"{BUCKET}{name}/source/sourcedir.tar.gz",
        "sagemaker_program": "train.py",
        "sagemaker_container_log_level": 20,
        "sagemaker_job_name": name,
        "sagemaker_region": REGION,
    }


def training(name: str, **changes: Any) -> Any:
    plain = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": metric, "Regex": regex} for metric, regex in METRICS.items()],
            "EnableSageMakerMetricsTimeSeries": True,
        },
        "RoleArn": ROLE,
        "HyperParameters": script_settings(name, SETTINGS),
        "InputDataConfig": [s3_channel(split) for split in ("train", "valid", "test")],
        "OutputDataConfig": {"S3OutputPath": BUCKET},
        "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        "ProfilerConfig": {"DisableProfiler": True},
    }
    return merge_patch(plain, changes)


def tuned(name: str, ranges: dict[str, Any], metric: str, kind: str, **changes: Any) -> Any:
    plain = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": metric},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": metric, "Regex": regex} for metric, regex in METRICS.items()],
            },
            "StaticHyperParameters": script_settings(name, {}),
            "RoleArn": ROLE,
            "InputDataConfig": [s3_channel(split) for split in ("train", "valid", "test")],
            "OutputDataConfig": {"S3OutputPath": BUCKET},
            "HyperParameterTuningResourceConfig": {
                "InstanceType": "ml.g4dn.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        },
    }
    return merge_patch(plain, changes)


def bounds(name: str, low: str, high: str, scaling: str = "Auto") -> dict[str, str]:
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}


def rule(name: str, **parameters: str) -> dict[str, Any]:
    return {
        "RuleConfigurationName": name,
        "RuleEvaluatorImage": RULES_IMAGE,
        "RuleParameters": {"rule_to_invoke": name, **parameters},
    }


def saved(name: str, **parameters: str) -> dict[str, Any]:
    return {"CollectionName": name, "CollectionParameters": parameters}


BATCHES = {"Name": "batch-size", "Values": ["32", "64", "128", "256", "512"]}
TWO = {"ContinuousParameterRanges": [bounds("lr", "0.001", "0.1")], "CategoricalParameterRanges": [BATCHES]}
THREE = {
    "ContinuousParameterRanges": [bounds("lr", "1e-05", "0.1", "Logarithmic")],
    "CategoricalParameterRanges": [BATCHES],
    "IntegerParameterRanges": [bounds("epochs", "1", "10")],
}
MODES = {"train.save_interval": "100", "eval.save_interval": "10"}
FIVE_HOOK = {
    "S3OutputPath": BUCKET,
    "HookParameters": MODES,
    "CollectionConfigurations": [
        saved("CrossEntropyLoss_output_0", include_regex="CrossEntropyLoss_output_0", **MODES),
        saved("gradients", save_interval="500"),
        saved("losses", save_interval="500"),
        saved("relu_input", include_regex=".*relu_input", save_interval="500"),
    ],
}
FIVE = [rule(name) for name in FIVE_RULES]


def profiling(first: int, path: str, file_bytes: str, close_seconds: str) -> dict[str, str]:
    steps = f'"StartStep": {first}, "NumSteps": 10, '
    return {
        "LocalPath": path,
        "RotateMaxFileSizeInBytes": file_bytes,
        "RotateFileCloseIntervalInSeconds": close_seconds,
        "FileOpenFailThreshold": "50",
        "DetailedProfilingConfig": f"{{{steps}}}",
        "DataloaderProfilingConfig": f'{{{steps}"MetricsRegex": ".*", }}',
        "PythonProfilingConfig": f'{{{steps}"ProfilerName": "cprofile", "cProfileTimer": "total_time", }}',
        "HorovodProfilingConfig": f"{{{steps}}}",
        "SMDataParallelProfilingConfig": f"{{{steps}}}",
    }


def escaped(text: str) -> str:
    return text.replace('"', '\\"')


STOP = '{"name": "stoptraining", "training_job_prefix": "dogs-actions"}'
MAIL = '{"endpoint": "me@example.com", "name": "email"}'
MESSAGE = '{"endpoint": "+12065550100", "name": "sms"}'
ON = {"S3OutputPath": BUCKET, "DisableProfiler": False}
DISTRIBUTED = {"InstanceType": "ml.p3.16xlarge", "InstanceCount": 2}
IC_VALUES: dict[str, object] = {
    **{name: value for name, value in IC_STATIC.items() if isinstance(value, int | str) and value is not True},
    "use_pretrained_model": 1,
    "image_shape": "3,224,224",
}
IC_TRAINING = {
    "AlgorithmSpecification": {"TrainingImage": IC_IMAGE, "TrainingInputMode": "File"},
    "RoleArn": ROLE,
    "InputDataConfig": [s3_channel(name, ContentType="application/x-image") for name in IC_LISTS],
    "OutputDataConfig": {"S3OutputPath": f"{BUCKET}ic/output"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 36_000},
}
IC_MACHINES = {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "dogs-model",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
    "InitialVariantWeight": 1,
}


def hosted(name: str, program: str) -> dict[str, Any]:
    return {
        "ModelName": name,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": f"{REGISTRY}/pytorch-inference:1.12-cpu-py38",
            "ModelDataUrl": f"{BUCKET}{name}/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": program,
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                "SAGEMAKER_REGION": REGION,
            },
        },
    }


EXPECTED: dict[str, Any] = {
    "train_pytorch_plain": training("dogs-plain"),
    "train_pytorch_hyperparameter_types": training(
        "dogs-types",
        HyperParameters={"lr": None, "batch-size": None, "epochs": None},
    ),
    "train_inputs_s3_modes": training(
        "dogs-inputs",
        InputDataConfig=[
            s3_channel("train", distribution="ShardedByS3Key", InputMode="FastFile"),
            s3_channel("valid", InputMode="Pipe", CompressionType="Gzip"),
            s3_channel("test", f"{BUCKET}dogs/test.manifest", S3DataType="ManifestFile"),
            s3_channel("extra"),
        ],
    ),
    "train_network_isolation": training(
        "dogs-isolated",
        HyperParameters={"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"},
        InputDataConfig=[
            *(s3_channel(split) for split in ("train", "valid", "test")),
            s3_channel("code", f"{BUCKET}dogs-isolated/source/sourcedir.tar.gz"),
        ],
        VpcConfig={"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-01"]},
        EnableNetworkIsolation=True,
    ),
    "train_spot_secure": training(
        "dogs-spot",
        OutputDataConfig={"S3OutputPath": f"{BUCKET}secure", "KmsKeyId": KEY},
        ResourceConfig={"VolumeSizeInGB": 100, "VolumeKmsKeyId": KEY},
        StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": f"{BUCKET}ckpt/dogs", "LocalPath": "/opt/ml/checkpoints"},
        RetryStrategy={"MaximumRetryAttempts": 2},
        Environment={"WANDB_MODE": "offline"},
        VpcConfig={"Subnets": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-01"]},
        EnableInterContainerTrafficEncryption=True,
        ProfilerConfig={"S3OutputPath": f"{BUCKET}secure", "DisableProfiler": False},
        Tags=[{"Key": "project", "Value": "dogs"}],
    ),
    "train_torch_distributed": training(
        "dogs-torchrun",
        AlgorithmSpecification={"TrainingImage": f"{REGISTRY}/pytorch-training:1.13.1-gpu-py39"},
        ResourceConfig=DISTRIBUTED,
        HyperParameters={
            "sagemaker_torch_distributed_enabled": True,
            "sagemaker_instance_type": "ml.p3.16xlarge",
        },
    ),
    "train_smdataparallel": training(
        "dogs-smddp",
        ResourceConfig=DISTRIBUTED,
        HyperParameters={
            "sagemaker_distributed_dataparallel_enabled": True,
            "sagemaker_instance_type": "ml.p3.16xlarge",
            "sagemaker_distributed_dataparallel_custom_mpi_options": "-verbose",
        },
    ),
    "train_debugger_rules": training(
        "dogs-debug", DebugRuleConfigurations=FIVE, DebugHookConfig=FIVE_HOOK, ProfilerConfig=ON
    ),
    "train_debugger_and_profiler": training(
        "dogs-profile",
        DebugRuleConfigurations=FIVE,
        DebugHookConfig=FIVE_HOOK,
        ProfilerConfig={
            **ON,
            "ProfilingIntervalInMilliseconds": 500,
            "ProfilingParameters": profiling(0, "/opt/ml/output/profiler", "10485760", "60"),
        },
        ProfilerRuleConfigurations=[
            rule("ProfilerReport"),
            *(
                rule(name, **{key: str(value) for key, value in {**parameters, **SCANNED}.items()})
                for name, parameters in PROFILED.items()
            ),
        ],
    ),
    "train_profiler_framework_ranges": training(
        "dogs-profile-rng",
        DebugHookConfig={"S3OutputPath": BUCKET, "CollectionConfigurations": []},
        ProfilerConfig={**ON, "ProfilingParameters": profiling(5, "/opt/ml/output/profiler/", "1048576", "30")},
    ),
    "train_debugger_actions": training(
        "dogs-actions",
        DebugRuleConfigurations=[
            rule("Overfit", action_json=escaped(STOP)),
            rule(
                "Overtraining",
                action_json=escaped('{"training_job_prefix": "dogs-other", "name": "stoptraining"}'),
            ),
            rule("VanishingGradient", action_json=escaped(f"[{STOP}, {MAIL}, {MESSAGE}]")),
        ],
        DebugHookConfig={
            "S3OutputPath": BUCKET,
            "CollectionConfigurations": [saved("gradients", save_interval="500")],
        },
    ),
    "train_debugger_custom_rule": training(
        "dogs-custom",
        DebugRuleConfigurations=[
            {
                "RuleConfigurationName": "MyRule",
                "RuleEvaluatorImage": EVALUATOR,
                "InstanceType": "ml.t3.medium",
                "VolumeSizeInGB": 10,
                "RuleParameters": {
                    "rule_to_invoke": "MyRule",
                    "source_s3_uri": f"{BUCKET}rules/my_rule.py",
                    "threshold": "20.0",
                    "other_trial_0": f"{BUCKET}other/debug-output",
                },
            }
        ],
        DebugHookConfig={
            "S3OutputPath": BUCKET,
            "CollectionConfigurations": [saved("gradients", save_interval="20")],
        },
        TensorBoardOutputConfig={"S3OutputPath": f"{BUCKET}tb", "LocalPath": "/opt/ml/output/tensorboard"},
    ),
    "train_image_classification": {
        **IC_TRAINING,
        "TrainingJobName": "dogs-ic",
        "HyperParameters": {**IC_VALUES, "learning_rate": 0.01, "optimizer": "sgd"},
        "ResourceConfig": IC_MACHINES,
        "DebugHookConfig": {"S3OutputPath": f"{BUCKET}ic/output", "CollectionConfigurations": []},
        "ProfilerConfig": {"S3OutputPath": f"{BUCKET}ic/output", "DisableProfiler": False},
    },
    "hpo_basic": tuned("dogs-hpo", TWO, "Test Loss", "Minimize"),
    "hpo_bayesian_three_ranges": tuned(
        "dogs-bayes",
        THREE,
        "Test Accuracy",
        "Maximize",
        HyperParameterTuningJobConfig={"TrainingJobEarlyStoppingType": "Auto"},
    ),
    "hpo_hyperband": tuned(
        "dogs-hyperband",
        THREE,
        "Test Accuracy",
        "Maximize",
        HyperParameterTuningJobConfig={
            "Strategy": "Hyperband",
            "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 10}},
        },
    ),
    "hpo_warm_start_identical": tuned(
        "dogs-warm1",
        TWO,
        "Test Loss",
        "Minimize",
        WarmStartConfig={
            "WarmStartType": "IdenticalDataAndAlgorithm",
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "dogs-hpo"}],
        },
    ),
    "hpo_image_classification": {
        "HyperParameterTuningJobName": "dogs-ic-hpo",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    bounds("eps", "1e-08", "0.001"),
                    bounds("learning_rate", "0.0001", "0.5", "Logarithmic"),
                    bounds("momentum", "0", "0.999"),
                    bounds("weight_decay", "0.0", "0.999"),
                ],
                "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "adam", "rmsprop", "nag"]}],
            },
        },
        "TrainingJobDefinition": {
            **IC_TRAINING,
            "StaticHyperParameters": IC_VALUES,
            "HyperParameterTuningResourceConfig": IC_MACHINES,
        },
    },
    "deploy_pytorch__CreateModel": hosted("dogs-model", "inference.py"),
    "deploy_hpo_best__CreateModel": hosted("dogs-best", "train.py"),
    "deploy_pytorch__CreateEndpointConfig": {"EndpointConfigName": "dogs-endpoint", "ProductionVariants": [VARIANT]},
    "deploy_pytorch__CreateEndpoint": {
        "EndpointName": "dogs-endpoint",
        "EndpointConfigName": "dogs-endpoint",
        "Tags": [],
    },
    "deploy_pytorch_serverless__CreateEndpointConfig": {
        "EndpointConfigName": "dogs-endpoint",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "dogs-model",
                "InitialVariantWeight": 1,
                "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 10},
            }
        ],
    },
    "deploy_pytorch_data_capture__CreateEndpointConfig": {
        "EndpointConfigName": "dogs-endpoint",
        "ProductionVariants": [VARIANT],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"{BUCKET}capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {
                "CsvContentTypes": ["text/csv"],
                "JsonContentTypes": ["application/json"],
            },
        },
    },
    "deploy_pytorch_async__CreateEndpointConfig": {
        "EndpointConfigName": "dogs-endpoint",
        "ProductionVariants": [VARIANT],
        "AsyncInferenceConfig": {
            "OutputConfig": {
                "S3OutputPath": f"{BUCKET}async/out",
                "S3FailurePath": f"{BUCKET}async/fail",
                "KmsKeyId": KEY,
                "NotificationConfig": {
                    "SuccessTopic": "arn:aws:sns:us-east-1:123456789012:ok",
                    "ErrorTopic": "arn:aws:sns:us-east-1:123456789012:bad",
                },
            },
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
        },
    },
}
EXPECTED["train_pytorch_hyperparameter_types"]["HyperParameters"] |= {
    **{"s": "sgd", "i": 64, "f": 0.1, "tiny": 1e-5, "one": 1.0, "yes": True, "none": None, "l": [1, 2]},
    **{"d": {"a": 1}, "text_number": "64", "unicode": "é"},
}


# --- and that they are equal ---------------------------------------------------------------------------------------


def in_effect(value: Any, field: str = "") -> Any:
    """The request as the service and the container understand it."""
    if field in {"HyperParameters", "StaticHyperParameters"}:
        decode = specs.decode_hyperparameter
        return {name: decode(text) if isinstance(text, str) else text for name, text in value.items()}
    if isinstance(value, dict):
        fields = {name: in_effect(each, name) for name, each in value.items()}
        return {name: each for name, each in fields.items() if DEFAULTS.get(name, value) != each}
    if isinstance(value, list):
        items = [in_effect(each) for each in value]
        return (
            sorted(items, key=str) if field in {"CollectionConfigurations", "ParentHyperParameterTuningJobs"} else items
        )
    return value


@pytest.mark.parametrize("case", EXPECTED)
def test_what_the_sdk_sends_can_be_built(case: str) -> None:
    assert in_effect(BUILT[case]()) == in_effect(EXPECTED[case])


@pytest.mark.parametrize("case", BUILT)
def test_what_the_sdk_sends_has_no_findings(case: str) -> None:
    operations = {"train": "CreateTrainingJob", "hpo": "CreateHyperParameterTuningJob"}
    operation = operations.get(case.partition("_")[0]) or case.rpartition("__")[2]
    assert check(operation, BUILT[case](), region=REGION) == []


def test_every_case_is_built_and_expected() -> None:
    assert set(BUILT) == set(EXPECTED)
