from __future__ import annotations

import pytest

from sm_raw.specs import continuous_range, resources, training_definition, training_job, tuning_job
from sm_raw.specs.image_classification import (
    IMAGE_CLASSIFICATION_HYPERPARAMETERS,
    IMAGE_CLASSIFICATION_OBJECTIVE,
    IMAGE_CLASSIFICATION_RANGES,
    image_channels,
    image_classification_hyperparameters,
    manifest_channels,
    record_channels,
)
from sm_raw.validation import check

FOLDERS = {"train": "s3://bucket/train/", "validation": "s3://bucket/validation/"}
COMMON = {
    "image_uri": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    "role_arn": "arn:aws:iam::111122223333:role/training",
    "output_uri": "s3://bucket/out",
    "resources": resources("ml.p3.2xlarge", volume_gb=50),
}
DOGS = image_classification_hyperparameters(num_classes=133, num_training_samples=6680, num_layers=18, epochs=10)


def s3_source(uri):
    return {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("learning_rate", 0.001, "0.001"),
        ("optimizer", "adam", "adam"),
        ("image_shape", (3, 224, 224), "3,224,224"),
        ("image_shape", "3,224,224", "3,224,224"),
        ("lr_scheduler_step", [10, 20], "10,20"),
        ("use_pretrained_model", True, "1"),
        ("multi_label", False, "0"),
        ("early_stopping", True, "True"),
        ("early_stopping", False, "False"),
        ("use_pretrained_model", 1, "1"),
        ("other", True, "True"),
    ],
)
def test_values_are_written_as_the_algorithm_reads_them(name, value, text):
    given = image_classification_hyperparameters(num_classes=2, num_training_samples=40, **{name: value})
    assert given == {"num_classes": "2", "num_training_samples": "40", name: text}


def test_image_files_have_channels_for_their_lists():
    channels = image_channels(**FOLDERS, train_lst="s3://bucket/a.lst", validation_lst="s3://bucket/b.lst")
    assert channels == [
        {"ChannelName": name, "DataSource": s3_source(uri), "ContentType": "application/x-image"}
        for name, uri in {
            **FOLDERS,
            "train_lst": "s3://bucket/a.lst",
            "validation_lst": "s3://bucket/b.lst",
        }.items()
    ]


def test_records_may_be_piped_and_training_may_start_from_a_model():
    assert record_channels(**FOLDERS, input_mode="Pipe", model="s3://bucket/model.tar.gz") == [
        *(
            {
                "ChannelName": name,
                "DataSource": s3_source(uri),
                "ContentType": "application/x-recordio",
                "InputMode": "Pipe",
            }
            for name, uri in FOLDERS.items()
        ),
        {
            "ChannelName": "model",
            "DataSource": s3_source("s3://bucket/model.tar.gz"),
            "ContentType": "application/x-sagemaker-model",
        },
    ]


def test_manifests_are_piped_as_records_of_image_and_label():
    channels = manifest_channels(
        train="s3://bucket/train.json",
        validation="s3://bucket/validation.json",
        label_attribute="breed",
        label_format="class-id",
        shuffle_seed=7,
    )
    assert channels[0] == {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "AugmentedManifestFile",
                "S3Uri": "s3://bucket/train.json",
                "S3DataDistributionType": "FullyReplicated",
                "AttributeNames": ["source-ref", "breed"],
            }
        },
        "ContentType": "application/x-recordio; label-format=class-id",
        "RecordWrapperType": "RecordIO",
        "InputMode": "Pipe",
        "ShuffleConfig": {"Seed": 7},
    }
    assert [each["ChannelName"] for each in channels] == ["train", "validation"]


@pytest.mark.parametrize(
    "channels",
    [
        image_channels(**FOLDERS, train_lst="s3://bucket/train_lst/", validation_lst="s3://bucket/validation_lst/"),
        record_channels(**FOLDERS, input_mode="Pipe", model="s3://bucket/model.tar.gz"),
        manifest_channels(train="s3://bucket/t.json", validation="s3://bucket/v.json", label_attribute="breed"),
    ],
)
def test_training_job_passes_the_checks(channels):
    request = training_job("dogs", **COMMON, channels=channels, hyperparameters=DOGS)
    assert check("CreateTrainingJob", request) == []


def test_tuning_job_over_ready_ranges_passes_the_checks():
    request = tuning_job(
        "dogs",
        training=training_definition(**COMMON, channels=record_channels(**FOLDERS), hyperparameters=DOGS),
        ranges=[
            continuous_range("learning_rate", 0.0001, 0.5, scaling="Logarithmic"),
            *(IMAGE_CLASSIFICATION_RANGES[name] for name in ("eps", "mini_batch_size", "optimizer")),
        ],
        objective_metric=IMAGE_CLASSIFICATION_OBJECTIVE,
        objective_type="Maximize",
        max_jobs=4,
    )
    assert request["HyperParameterTuningJobConfig"]["ParameterRanges"] == {
        "ContinuousParameterRanges": [
            {"Name": "learning_rate", "MinValue": "0.0001", "MaxValue": "0.5", "ScalingType": "Logarithmic"},
            {"Name": "eps", "MinValue": "1e-08", "MaxValue": "1.0"},
        ],
        "IntegerParameterRanges": [{"Name": "mini_batch_size", "MinValue": "8", "MaxValue": "512"}],
        "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["sgd", "adam", "rmsprop", "nag"]}],
    }
    assert check("CreateHyperParameterTuningJob", request) == []


def test_defaults_of_the_table_are_accepted():
    defaults = {name: about.default for name, about in IMAGE_CLASSIFICATION_HYPERPARAMETERS.items() if about.default}
    request = training_job("dogs", **COMMON, channels=record_channels(**FOLDERS), hyperparameters={**defaults, **DOGS})
    assert check("CreateTrainingJob", request) == []
