from __future__ import annotations

import pytest

from sm_raw.specs import channel, resources, training_job
from sm_raw.specs.xgboost import (
    MULTICLASS_OBJECTIVES,
    XGBOOST_HYPERPARAMETERS,
    XGBOOST_LIBRARY_NAMES,
    XGBOOST_OBJECTIVES,
)
from sm_raw.validation import check


def test_the_library_s_own_names_are_not_in_the_table():
    assert not XGBOOST_LIBRARY_NAMES & set(XGBOOST_HYPERPARAMETERS)


def test_what_is_required_comes_first():
    assert [name for name, about in XGBOOST_HYPERPARAMETERS.items() if about.required] == ["num_round"]
    assert set(MULTICLASS_OBJECTIVES) <= set(XGBOOST_OBJECTIVES)


@pytest.mark.parametrize("objective", XGBOOST_OBJECTIVES)
def test_training_job_with_values_of_the_table_passes_the_checks(objective):
    request = training_job(
        "prices",
        image_uri="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        role_arn="arn:aws:iam::111122223333:role/training",
        output_uri="s3://bucket/out",
        resources=resources("ml.m5.xlarge"),
        channels=[channel("train", "s3://bucket/train/", content_type="text/csv")],
        hyperparameters={"num_round": "100", "num_class": "3", "objective": objective, "eta": "0.3", "subsample": "1"},
    )
    assert check("CreateTrainingJob", request) == []
