"""What stays when a run is over: objects in S3 and logs, which are removed only where that is asked for.

All of it has the name of a job, an endpoint or a function of the run in its own, so nothing of others is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sm_raw.aws.job_kinds import ENDPOINT, TRAINING
from sm_raw.aws.resources import Resource

OBJECTS, LOGS = frozenset({"objects"}), frozenset({"log group", "log streams"})
Request = Mapping[str, Any]


def leavings_of(operation: str, request: Request) -> list[Resource]:
    """What the request's job, endpoint or function will leave behind."""
    leaving = LEAVINGS.get(operation)
    return list(dict.fromkeys(leaving(request))) if leaving else []


def _training(request: Request) -> Iterator[Resource]:
    name = request["TrainingJobName"]
    yield Resource("log streams", f"{name}/", TRAINING.log_group_of(name))
    for place in ("OutputDataConfig", "DebugHookConfig", "ProfilerConfig"):
        if uri := request.get(place, {}).get("S3OutputPath"):
            yield Resource("objects", f"{uri.rstrip('/')}/{name}/")


def _tuning(request: Request) -> Iterator[Resource]:
    """The training jobs of a tuning job have its name, and more, in theirs."""
    name = request["HyperParameterTuningJobName"]
    yield Resource("log streams", f"{name}-", TRAINING.log_group_of(name))
    for definition in request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]]:
        yield Resource("objects", f"{definition['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}-")


def _endpoint(request: Request) -> Iterator[Resource]:
    yield Resource("log group", ENDPOINT.log_group_of(request["EndpointName"]))


def _function(request: Request) -> Iterator[Resource]:
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    yield Resource("log group", f"/aws/lambda/{request['FunctionName']}")


LEAVINGS: Mapping[str, Callable[[Request], Iterator[Resource]]] = {
    "CreateTrainingJob": _training,
    "CreateHyperParameterTuningJob": _tuning,
    "CreateEndpoint": _endpoint,
    "CreateFunction": _function,
}
