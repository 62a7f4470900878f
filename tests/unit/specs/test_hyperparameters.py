from __future__ import annotations

import json

import pytest

from sm_raw.specs import decode_hyperparameter, encode_hyperparameter, script_mode
from sm_raw.specs.hyperparameters import decode_hyperparameters, hyperparameter_text

VALUES = [
    (64, "64"),
    (0.1, "0.1"),
    (1e-5, "1e-05"),
    (1.0, "1.0"),
    (True, "true"),
    (None, "null"),
    ([1, 2], "[1, 2]"),
    ({"a": 1}, '{"a": 1}'),
    ("adam", "adam"),
    ("train.py", "train.py"),
    ("3,224,224", "3,224,224"),
    ("é", "é"),
    ("", ""),
    ("True", "True"),
    # Text that the container would take for something else needs its quotes.
    ("64", '"64"'),
    ("1.10", '"1.10"'),
    (" 7", '" 7"'),
    ("true", '"true"'),
    ("null", '"null"'),
    ("NaN", '"NaN"'),
    ("[1]", '"[1]"'),
    ('"quoted"', '"\\"quoted\\""'),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_value_is_encoded_with_quotes_only_where_it_would_be_misread(value, text):
    assert encode_hyperparameter(value) == text


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_script_in_a_framework_image_gets_the_very_value_back(value, text):
    try:
        received = json.loads(text)  # what the container toolkit does
    except ValueError:
        received = text
    assert (received, type(received)) == (value, type(value))


def test_value_that_json_cannot_hold_is_refused():
    with pytest.raises(TypeError):
        encode_hyperparameter(object())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ('"64"', 64),
        ('"\\"64\\""', 64),
        ("0.1", 0.1),
        ("1e-05", 1e-5),
        ("true", True),
        ("null", None),
        ("adam", "adam"),
        ('"adam"', "adam"),
        ("[1, 2]", [1, 2]),
        ("", ""),
        ('""', ""),
        ('"', '"'),
        ("3,224,224", "3,224,224"),
        ("s3://bucket/key", "s3://bucket/key"),
    ],
)
def test_decoding_reads_the_type_whatever_the_quotes(text, value):
    decoded = decode_hyperparameter(text)
    assert (decoded, type(decoded)) == (value, type(value))


def test_tuned_hyperparameters_of_a_trial_are_read_with_their_types():
    tuned = {"batch-size": '"64"', "epochs": "7", "lr": "0.000375", "optimizer": "adam"}
    assert decode_hyperparameters(tuned) == {"batch-size": 64, "epochs": 7, "lr": 0.000375, "optimizer": "adam"}


@pytest.mark.parametrize(("value", "text"), [("64", "64"), ("true", "true"), (64, "64"), (True, "true")])
def test_a_request_carries_strings_as_they_are(value, text):
    assert hyperparameter_text(value) == text


def test_script_mode_names_the_script_and_encodes_its_values():
    assert script_mode(
        "train.py",
        submit_directory="s3://bucket/code/sourcedir.tar.gz",
        hyperparameters={"lr": 0.001, "batch-size": 64, "version": "1.10", "optimizer": "adam"},
        region="us-east-1",
        job_name="digits-1",
    ) == {
        "lr": "0.001",
        "batch-size": "64",
        "version": '"1.10"',
        "optimizer": "adam",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/code/sourcedir.tar.gz",
        "sagemaker_container_log_level": "20",
        "sagemaker_job_name": "digits-1",
        "sagemaker_region": "us-east-1",
    }


def test_script_mode_sends_no_setting_that_was_not_given():
    assert script_mode("train.py", submit_directory="/opt/ml/input/data/code", log_level=None) == {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code",
    }
