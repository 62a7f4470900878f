from __future__ import annotations

import botocore.session
import pytest

from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, PROCESSING, TRAINING, TRANSFORM, TUNING, JobKind, job_kind
from sm_raw.errors import SmRawError

MODEL = botocore.session.Session().get_service_model("sagemaker")


@pytest.mark.parametrize("kind", JOB_KINDS.values(), ids=lambda kind: kind.label)
def test_every_name_in_the_table_is_in_the_model_of_the_service(kind: JobKind) -> None:
    described = MODEL.operation_model(kind.describe)
    members = {kind.name, kind.arn, kind.status, kind.reason, *kind.progress}
    assert members <= set(described.output_shape.members)
    assert described.input_shape.required_members == [kind.name]
    assert MODEL.operation_model(kind.stop).input_shape.required_members == [kind.name]
    assert kind.name in MODEL.operation_model(kind.create).input_shape.required_members
    assert kind.summaries in MODEL.operation_model(kind.list).output_shape.members
    assert kind.ended <= set(described.output_shape.members[kind.status].enum)


@pytest.mark.parametrize(
    ("kind", "under_way"),
    [
        (TRAINING, {"InProgress", "Stopping", "Deleting"}),
        (TUNING, {"InProgress", "Stopping", "Deleting"}),
        (PROCESSING, {"InProgress", "Stopping"}),
        (TRANSFORM, {"InProgress", "Stopping"}),
        (ENDPOINT, {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}),
    ],
)
def test_every_status_that_does_not_end_a_job_is_one_of_something_under_way(kind: JobKind, under_way: set[str]) -> None:
    statuses = set(MODEL.operation_model(kind.describe).output_shape.members[kind.status].enum)
    assert statuses - kind.ended == under_way
    assert not kind.succeeded & (kind.stopped | kind.failed)
    assert not kind.stopped & kind.failed


def test_a_kind_is_found_by_its_create_operation_or_is_itself() -> None:
    assert job_kind("CreateTrainingJob") is TRAINING
    assert job_kind(ENDPOINT) is ENDPOINT


def test_an_operation_that_creates_no_job_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SmRawError, match=r"'CreateModel' creates nothing .*CreateTrainingJob, Create.*Endpoint"):
        job_kind("CreateModel")


def test_logs_of_a_tuning_job_are_those_of_the_training_jobs_named_after_it() -> None:
    assert (TRAINING.log_group_of("t"), TRAINING.log_stream_prefix_of("t")) == ("/aws/sagemaker/TrainingJobs", "t/")
    assert (TUNING.log_group_of("t"), TUNING.log_stream_prefix_of("t")) == ("/aws/sagemaker/TrainingJobs", "t-")
    assert (ENDPOINT.log_group_of("e"), ENDPOINT.log_stream_prefix_of("e")) == ("/aws/sagemaker/Endpoints/e", "")


@pytest.mark.parametrize(("kind", "group"), [(PROCESSING, "ProcessingJobs"), (TRANSFORM, "TransformJobs")])
def test_logs_of_every_other_kind_of_job_lie_in_a_group_of_their_kind(kind: JobKind, group: str) -> None:
    assert (kind.log_group_of("j"), kind.log_stream_prefix_of("j")) == (f"/aws/sagemaker/{group}", "j/")
