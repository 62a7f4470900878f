"""The operations on tuning jobs. Counters and the best job are derived from the children when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sm_raw.local import listing, training_jobs
from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.protocol import Request, ServiceError, validation_error
from sm_raw.local.store import Record, arn
from sm_raw.local.tags import keep_tags
from sm_raw.local.tuning import STATUS, TuningRun, child_request, children, objective_of

KIND = "hyper-parameter-tuning-job"
NAME = "HyperParameterTuningJobName"
LISTING = listing.Listing("HyperParameterTuningJobSummaries", NAME, STATUS, sort_by="Name")
CHILD_LISTING = listing.Listing("TrainingJobSummaries", "TrainingJobName", "TrainingJobStatus", sort_by="Name")
# Documented parts of a tuning request that this engine does not run, with what it does instead of pretending.
NOT_RUN_HERE = {
    "WarmStartConfig": "warm starts",
    "Autotune": "Autotune",
    "TrainingJobDefinitions": "several training job definitions",
    "TuningJobCompletionCriteria": "completion criteria",
}
STRATEGIES = ("Random", "Bayesian", "Grid")


def create(call: Call) -> dict[str, Any]:
    """CreateHyperParameterTuningJob: refuse what cannot be, then search."""
    request, name = call.request, call.request[NAME]
    refuse_rule_errors("CreateHyperParameterTuningJob", request)
    refuse_unsupported(call.engine, call.region, request)
    now = call.engine.store.now()
    description = {
        **request,
        "HyperParameterTuningJobArn": arn(call.region, KIND, name),
        STATUS: "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    tags = description.pop("Tags", [])
    record = Record(call.region, KIND, name, description["HyperParameterTuningJobArn"], description)
    # Complete before anyone can find it: it may be stopped at once.
    record.live = TuningRun(call.engine, record)
    try:
        call.engine.store.add(record)
    except KeyError:
        raise ServiceError(
            "ResourceInUse", f"Hyperparameter tuning job names must be unique; {record.arn} already exists."
        ) from None
    keep_tags(call.engine, record, tags)
    call.engine.start(f"tuning job {name}", record.live.run)
    return {"HyperParameterTuningJobArn": record.arn}


def describe(call: Call) -> dict[str, Any]:
    """DescribeHyperParameterTuningJob."""
    return _description(call.engine, find(call))


def list_jobs(call: Call) -> dict[str, Any]:
    """ListHyperParameterTuningJobs."""
    jobs = []
    for record in call.engine.store.all(call.region, KIND):
        job = _description(call.engine, record)
        config = job["HyperParameterTuningJobConfig"]
        jobs.append({**job, "Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]})
    return listing.answer(LISTING, jobs, call.request)


def list_children(call: Call) -> dict[str, Any]:
    """ListTrainingJobsForHyperParameterTuningJob."""
    summaries = _summaries(call.engine, find(call))
    if call.request.get("SortBy") == "FinalObjectiveMetricValue":
        summaries = [item for item in summaries if "FinalHyperParameterTuningJobObjectiveMetric" in item]
    return listing.answer(CHILD_LISTING, summaries, call.request)


def stop(call: Call) -> dict[str, Any]:
    """StopHyperParameterTuningJob."""
    status = find(call).live.stop()
    if status not in training_jobs.RUNNING:
        raise validation_error(f"The request was rejected because the tuning job is in status {status}.")
    return {}


def find(call: Call) -> Record:
    """The tuning job that the request names."""
    record = call.engine.store.get(call.region, KIND, call.request[NAME])
    if record is None:
        raise ServiceError("ResourceNotFound", f"Could not find the hyperparameter tuning job {call.request[NAME]!r}.")
    return record


def refuse_unsupported(engine: Engine, region: str, request: Request) -> None:
    """Refuse what this engine does not run, and trials that could not start."""
    config = request["HyperParameterTuningJobConfig"]
    for field, what in NOT_RUN_HERE.items():
        if field in request or field in config:
            raise validation_error(f"This local engine does not run {what}: leave out {field}.")
    if config["Strategy"] not in STRATEGIES:
        raise validation_error(f"This local engine runs the strategies {', '.join(STRATEGIES)}.")
    # That the one definition has an objective and resources is what the rules have asked for before.
    metric = config["HyperParameterTuningJobObjective"]["MetricName"]
    trial = child_request(request["TrainingJobDefinition"], metric, request[NAME], {})
    training_jobs.refuse_unsupported(engine, region, trial)


def _description(engine: Engine, record: Record) -> dict[str, Any]:
    summaries = _summaries(engine, record)
    description = engine.store.describe(record)
    objective = description["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    description.update(
        TrainingJobStatusCounters=_status_counters(summaries),
        ObjectiveStatusCounters=_objective_counters(summaries),
        ConsumedResources={"RuntimeInSeconds": sum(item.get("TrainingTimeInSeconds", 0) for item in summaries)},
    )
    if best := _best(summaries, maximize=objective["Type"] == "Maximize"):
        description["BestTrainingJob"] = best
    return description


def _summaries(engine: Engine, record: Record) -> list[dict[str, Any]]:
    objective = record.description["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    return [_summary(engine.store.describe(child), objective) for child in children(engine, record)]


def _summary(child: dict[str, Any], objective: Mapping[str, str]) -> dict[str, Any]:
    metric = objective_of(child, objective)
    running = child["TrainingJobStatus"] in training_jobs.RUNNING
    status = "Pending" if running else "Succeeded" if metric else "Failed"
    return {
        **child,
        "ObjectiveStatus": status,
        **({"FinalHyperParameterTuningJobObjectiveMetric": metric} if metric else {}),
    }


def _status_counters(summaries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    count = Counter(item["TrainingJobStatus"] for item in summaries)
    return {
        "Completed": count["Completed"],
        "InProgress": count["InProgress"] + count["Stopping"],
        "RetryableError": 0,
        "NonRetryableError": count["Failed"],
        "Stopped": count["Stopped"],
    }


def _objective_counters(summaries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    count = Counter(item["ObjectiveStatus"] for item in summaries)
    return {status: count[status] for status in ("Succeeded", "Pending", "Failed")}


def _best(summaries: Sequence[dict[str, Any]], *, maximize: bool) -> dict[str, Any] | None:
    def value(item: Mapping[str, Any]) -> float:
        return float(item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])

    ranked = [item for item in summaries if "FinalHyperParameterTuningJobObjectiveMetric" in item]
    return (max if maximize else min)(ranked, key=value) if ranked else None


HANDLERS: dict[str, Handler] = {
    "CreateHyperParameterTuningJob": create,
    "DescribeHyperParameterTuningJob": describe,
    "ListHyperParameterTuningJobs": list_jobs,
    "ListTrainingJobsForHyperParameterTuningJob": list_children,
    "StopHyperParameterTuningJob": stop,
}
