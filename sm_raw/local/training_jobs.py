"""The operations on training jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sm_raw.local import listing
from sm_raw.local.artifacts import exists, join_uri, split_uri
from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.protocol import Request, ServiceError, validation_error
from sm_raw.local.store import Record, arn
from sm_raw.local.tags import keep_tags
from sm_raw.local.training import MESSAGES, TrainingRun, is_script_mode

KIND = "training-job"
LISTING = listing.Listing("TrainingJobSummaries", "TrainingJobName", "TrainingJobStatus")
RUNNING = {"InProgress", "Stopping"}


def create(call: Call) -> dict[str, Any]:
    """CreateTrainingJob: refuse what cannot be, then run it."""
    refuse_rule_errors("CreateTrainingJob", call.request)
    record = launch(call.engine, call.region, call.request, cpus=call.engine.job_cpus)
    return {"TrainingJobArn": record.arn}


def launch(
    engine: Engine,
    region: str,
    request: Request,
    *,
    cpus: int,
    fields: Mapping[str, Any] | None = None,
    on_end: Callable[[Record], None] = lambda record: None,
) -> Record:
    """Start a job; ``fields`` are further fields of its description, such as TuningJobArn."""
    name = request["TrainingJobName"]
    refuse_unsupported(engine, region, request)
    now = engine.store.now()
    output = request["OutputDataConfig"]["S3OutputPath"]
    description = {
        **request,
        **(fields or {}),
        "TrainingJobArn": arn(region, KIND, name),
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": now, "StatusMessage": MESSAGES["Starting"]}],
        "ModelArtifacts": {"S3ModelArtifacts": join_uri(output, name, "output", "model.tar.gz")},
        "CreationTime": now,
        "LastModifiedTime": now,
        **profiling_status(request),
    }
    record = Record(region, KIND, name, description["TrainingJobArn"], description)
    # Complete before anyone can find it: it may be stopped at once.
    record.live = TrainingRun(engine, record, cpus=cpus, on_end=on_end)
    tags = description.pop("Tags", [])
    try:
        engine.store.add(record)
    except KeyError:
        raise ServiceError(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training job with this "
            f"name already exists ({record.arn})",
        ) from None
    keep_tags(engine, record, tags)
    engine.start(f"training job {name}", record.live.run)
    return record


def describe(call: Call) -> dict[str, Any]:
    """DescribeTrainingJob."""
    return call.engine.store.describe(find(call))


def list_jobs(call: Call) -> dict[str, Any]:
    """ListTrainingJobs."""
    store = call.engine.store
    jobs = [store.describe(record) for record in store.all(call.region, KIND)]
    return listing.answer(LISTING, jobs, call.request)


def stop(call: Call) -> dict[str, Any]:
    """StopTrainingJob: the answer comes at once, the job ends in its own time."""
    status = find(call).live.stop()
    if status not in RUNNING:
        raise validation_error(f"The request was rejected because the training job is in status {status}.")
    return {}


def find(call: Call) -> Record:
    """The job that the request names. A missing one is a ValidationException: boto3's waiters look for that."""
    record = call.engine.store.get(call.region, KIND, call.request["TrainingJobName"])
    if record is None:
        raise validation_error("Requested resource not found.")
    return record


def profiling_status(request: Mapping[str, Any]) -> dict[str, str]:
    """ProfilingStatus, for a request that says anything about the profiler."""
    if "ProfilerConfig" not in request:
        return {}
    return {"ProfilingStatus": "Disabled" if request["ProfilerConfig"].get("DisableProfiler") else "Enabled"}


def refuse_unsupported(engine: Engine, region: str, request: Mapping[str, Any]) -> None:
    """Refuse what the service would, and what this engine cannot run, in words that tell which."""
    output = request["OutputDataConfig"]["S3OutputPath"]
    if not exists(engine.client("s3", region), f"s3://{split_uri(output)[0]}"):
        raise validation_error(f"The S3 bucket of OutputDataConfig.S3OutputPath {output!r} does not exist.")
    if not is_script_mode(request):
        raise validation_error(
            "This local engine runs script mode only: give the hyperparameters sagemaker_program and "
            "sagemaker_submit_directory."
        )
    resources = request.get("ResourceConfig", {})
    if "InstanceType" not in resources or resources.get("InstanceCount", 1) != 1:
        raise validation_error(
            "This local engine runs a training job on one instance: give ResourceConfig.InstanceType, InstanceCount 1."
        )
    if "AlgorithmSpecification" not in request:
        raise validation_error("This local engine runs training containers: give AlgorithmSpecification.")
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource", {})
        mode = channel.get("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"])
        if source.get("S3DataType") != "S3Prefix" or mode == "Pipe":
            raise validation_error(
                f"Channel {channel['ChannelName']!r}: this local engine reads S3Prefix data in File or FastFile mode."
            )


HANDLERS: dict[str, Handler] = {
    "CreateTrainingJob": create,
    "DescribeTrainingJob": describe,
    "ListTrainingJobs": list_jobs,
    "StopTrainingJob": stop,
}
