"""What runs and ends: one row for each kind of job.

Waiting, logs, stopping and the local engine all read this table, so a new kind is a new row and nothing else.
Statuses are those of the service's model; every status in none of the three sets means "still under way".
Log groups and streams: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sm_raw.errors import SmRawError


@dataclass(frozen=True)
class JobKind:
    """The operations, fields and statuses of one kind of job, in the service's spelling."""

    label: str
    create: str
    describe: str
    stop: str
    list: str
    summaries: str
    """The member of the list operation's response that holds the summaries."""
    name: str
    arn: str
    status: str
    progress: tuple[str, ...]
    """Fields of the describe response; a change in any of them is worth telling."""
    succeeded: frozenset[str]
    stopped: frozenset[str]
    failed: frozenset[str]
    log_group: str
    log_stream_prefix: str
    """Both log fields may hold ``{name}``, the job's name."""
    reason: str = "FailureReason"

    @property
    def ended(self) -> frozenset[str]:
        """Every status after which nothing happens any more."""
        return self.succeeded | self.stopped | self.failed

    def log_group_of(self, name: str) -> str:
        return self.log_group.format(name=name)

    def log_stream_prefix_of(self, name: str) -> str:
        """What the names of all of a job's log streams begin with; empty if its group holds nothing else."""
        return self.log_stream_prefix.format(name=name)


TRAINING = JobKind(
    label="training job",
    create="CreateTrainingJob",
    describe="DescribeTrainingJob",
    stop="StopTrainingJob",
    list="ListTrainingJobs",
    summaries="TrainingJobSummaries",
    name="TrainingJobName",
    arn="TrainingJobArn",
    status="TrainingJobStatus",
    progress=("TrainingJobStatus", "SecondaryStatus"),
    succeeded=frozenset({"Completed"}),
    stopped=frozenset({"Stopped"}),
    failed=frozenset({"Failed"}),
    log_group="/aws/sagemaker/TrainingJobs",
    log_stream_prefix="{name}/",
)

TUNING = JobKind(
    label="tuning job",
    create="CreateHyperParameterTuningJob",
    describe="DescribeHyperParameterTuningJob",
    stop="StopHyperParameterTuningJob",
    list="ListHyperParameterTuningJobs",
    summaries="HyperParameterTuningJobSummaries",
    name="HyperParameterTuningJobName",
    arn="HyperParameterTuningJobArn",
    status="HyperParameterTuningJobStatus",
    progress=("HyperParameterTuningJobStatus", "TrainingJobStatusCounters"),
    succeeded=frozenset({"Completed"}),
    stopped=frozenset({"Stopped"}),
    failed=frozenset({"Failed", "DeleteFailed"}),
    # A tuning job writes no log of its own; its training jobs are named after it.
    log_group="/aws/sagemaker/TrainingJobs",
    log_stream_prefix="{name}-",
)

PROCESSING = JobKind(
    label="processing job",
    create="CreateProcessingJob",
    describe="DescribeProcessingJob",
    stop="StopProcessingJob",
    list="ListProcessingJobs",
    summaries="ProcessingJobSummaries",
    name="ProcessingJobName",
    arn="ProcessingJobArn",
    status="ProcessingJobStatus",
    progress=("ProcessingJobStatus",),
    succeeded=frozenset({"Completed"}),
    stopped=frozenset({"Stopped"}),
    failed=frozenset({"Failed"}),
    log_group="/aws/sagemaker/ProcessingJobs",
    log_stream_prefix="{name}/",
)

TRANSFORM = JobKind(
    label="transform job",
    create="CreateTransformJob",
    describe="DescribeTransformJob",
    stop="StopTransformJob",
    list="ListTransformJobs",
    summaries="TransformJobSummaries",
    name="TransformJobName",
    arn="TransformJobArn",
    status="TransformJobStatus",
    progress=("TransformJobStatus",),
    succeeded=frozenset({"Completed"}),
    stopped=frozenset({"Stopped"}),
    failed=frozenset({"Failed"}),
    log_group="/aws/sagemaker/TransformJobs",
    log_stream_prefix="{name}/",
)

ENDPOINT = JobKind(
    label="endpoint",
    create="CreateEndpoint",
    describe="DescribeEndpoint",
    # An endpoint serves until it is deleted: there is no other way to stop it.
    stop="DeleteEndpoint",
    list="ListEndpoints",
    summaries="Endpoints",
    name="EndpointName",
    arn="EndpointArn",
    status="EndpointStatus",
    progress=("EndpointStatus",),
    succeeded=frozenset({"InService"}),
    stopped=frozenset(),
    failed=frozenset({"Failed", "OutOfService", "UpdateRollbackFailed"}),
    log_group="/aws/sagemaker/Endpoints/{name}",
    log_stream_prefix="",
)

JOB_KINDS: Mapping[str, JobKind] = {kind.create: kind for kind in (TRAINING, TUNING, PROCESSING, TRANSFORM, ENDPOINT)}
"""The kinds by the operation that creates them."""


def job_kind(kind: JobKind | str) -> JobKind:
    """The row of the table: ``kind`` itself, or the one of a create operation such as "CreateTrainingJob"."""
    if isinstance(kind, JobKind):
        return kind
    try:
        return JOB_KINDS[kind]
    except KeyError:
        raise SmRawError(f"{kind!r} creates nothing that can be waited for; known: {', '.join(JOB_KINDS)}") from None
