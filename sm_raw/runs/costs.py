"""An upper bound of what requests cost on AWS: so much of each usage type, times its price.

It is a bound and not a guess. Every job is counted to run until the service ends it, on all its instances, at the
on-demand price; of several instances that a job may get, the dearest counts; a tuning job is all its training jobs.
Built-in Debugger rules cost nothing (https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html).

An endpoint has no end: it is counted, scaled out, for the hours that the caller names. Not in it: S3, logs, traffic,
requests, taxes, and jobs that are sent again after a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sm_raw.runs.capacity import Cluster, Requests, clusters, definitions, hosted, provisioned, rules, unsettled

Steps = Sequence[tuple[str, str, Mapping[str, Any]]]

HOUR = 3600
HOURS_A_MONTH = 730
DEFAULT_RUNTIME_SECONDS = 24 * HOUR
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html"""
STOPPING_SECONDS = 120
"""What a job has to stop in once its time is up (the same page)."""
DEFAULT_FUNCTION_MB = 128
SHUTDOWN = re.compile(r"^shutdown -h \+([0-9]+)$", re.MULTILINE)


class Quantity(NamedTuple):
    """So much (``amount``, in the usage type's unit) of a usage type; ``reckoning`` says how it comes about."""

    usage_type: str
    amount: float
    reckoning: str


class Charge(NamedTuple):
    """What one step may be charged: one of the ``options``, all of its quantities.

    What is ``optional`` is counted only where its price is known; ``unknown`` says why nothing can be told of it.
    """

    step: str
    options: Sequence[Sequence[Quantity]]
    optional: bool = False
    unknown: str = ""


def charges(steps: Steps, *, hours: float) -> list[Charge]:
    """What steps, as (name, operation, request), may be charged. What has no end counts for ``hours``."""
    requests = [(operation, request) for _, operation, request in steps if not unsettled(request)]
    found: list[Charge] = []
    for step, operation, request in steps:
        make = CHARGES.get(operation)
        if make and (open_members := unsettled(request)):
            found.append(Charge(step, (), unknown=f"only the run can tell {', '.join(open_members)}"))
        elif make:
            found += make(step, request, requests, hours)
    return found


def job_hours(request: Mapping[str, Any]) -> float:
    """The longest that a job is paid for on each of its instances."""
    seconds = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_RUNTIME_SECONDS)
    return float(seconds + STOPPING_SECONDS) / HOUR


def _training(step: str, request: Mapping[str, Any], requests: Requests, hours: float) -> Iterator[Charge]:
    config, longest = request.get("ResourceConfig", {}), job_hours(request)
    yield Charge(step, [_on(cluster, 1, longest) for cluster in clusters(config)])
    kept = config.get("KeepAlivePeriodInSeconds", 0) / HOUR
    if kept:
        yield Charge(f"{step}: warm pool", [_on(cluster, 1, kept) for cluster in clusters(config)])
    own = [rule["InstanceType"] for rule in rules(request) if "InstanceType" in rule]
    if own:  # A rule ends with the training that it watches.
        yield Charge(f"{step}: rules", [_on([(each, 1) for each in own], 1, longest, "Processing")])
    yield from _volumes(step, [_volume("Train", config, 1, longest)])


def _tuning(step: str, request: Mapping[str, Any], requests: Requests, hours: float) -> Iterator[Charge]:
    limits = request["HyperParameterTuningJobConfig"].get("ResourceLimits", {})
    options, volumes = [], []
    for job in definitions(request):
        jobs, longest = _jobs_and_hours(limits, job_hours(job))
        options += [_on(cluster, jobs, longest) for cluster in clusters(job["ResourceConfig"])]
        volumes.append(_volume("Train", job["ResourceConfig"], jobs, longest))
    yield Charge(step, options)
    yield from _volumes(step, volumes)


def _jobs_and_hours(limits: Mapping[str, Any], longest: float) -> tuple[int, float]:
    """How many training jobs are paid for how long each: all there may be, or what goes into the tuning job's time."""
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs", 1), limits.get("MaxParallelTrainingJobs", 1)
    whole = limits.get("MaxRuntimeInSeconds")
    if whole is None or jobs * longest <= parallel * (whole + STOPPING_SECONDS) / HOUR:
        return jobs, longest
    return parallel, (whole + STOPPING_SECONDS) / HOUR


def _endpoint(step: str, request: Mapping[str, Any], requests: Requests, hours: float) -> Iterator[Charge]:
    variants = [each for each in hosted(requests) if each.endpoint == request["EndpointName"]]
    if not variants:
        yield Charge(step, (), unknown=f"its configuration {request['EndpointConfigName']} is not among the requests")
    for each in variants:
        if "InstanceType" in each.variant:
            family = "AsyncInf" if each.asynchronous else "Host"
            yield Charge(step, [_on([(each.variant["InstanceType"], each.high)], 1, hours, family)])
            yield from _volumes(step, [_volume("Host", each.variant, each.high, hours)])
        elif "ServerlessConfig" in each.variant:
            yield Charge(step, [_serverless(each.variant["ServerlessConfig"], hours)])
        else:
            yield Charge(step, (), unknown=f"variant {each.variant['VariantName']} names no instance type")


def _serverless(config: Mapping[str, Any], hours: float) -> list[Quantity]:
    """As if every place were busy all the time; provisioned places are paid for besides."""
    memory = f"Mem-{config['MemorySizeInMB'] // 1024}GB"
    found = [_ready(f"ServerlessInf:{memory}", config["MaxConcurrency"], 1, hours)]
    if config.get("ProvisionedConcurrency"):
        found.append(_ready(f"ProvisionedConcurrency:{memory}", config["ProvisionedConcurrency"], 1, hours))
    return found


def _executions(step: str, request: Mapping[str, Any], requests: Requests, hours: float) -> Iterator[Charge]:
    functions = {each["FunctionName"]: each for operation, each in requests if operation == "CreateFunction"}
    for function, _, high in provisioned(requests):
        if function == request["FunctionName"]:
            made = functions.get(function, {})
            arm = "-ARM" if made.get("Architectures") == ["arm64"] else ""
            gigabytes = made.get("MemorySize", DEFAULT_FUNCTION_MB) / 1024
            yield Charge(step, [[_ready(f"Lambda-Provisioned-Concurrency{arm}", high, gigabytes, hours)]])


def _machines(step: str, request: Mapping[str, Any], requests: Requests, hours: float) -> Iterator[Charge]:
    """An instance that ends with its own shutdown, and has one in its first script, has an end."""
    count, ends = request["MaxCount"], SHUTDOWN.search(request.get("UserData", ""))
    if ends and request.get("InstanceInitiatedShutdownBehavior") == "terminate":
        hours = int(ends[1]) / 60
    if "InstanceType" not in request:
        yield Charge(step, (), unknown="it names no instance type")
        return
    yield Charge(step, [_on([(request["InstanceType"], count)], 1, hours, "BoxUsage")])
    for mapping in request.get("BlockDeviceMappings", ()):
        volume = mapping.get("Ebs", {})
        config = {"VolumeSizeInGB": volume.get("VolumeSize")}
        yield from _volumes(step, [_volume("EBS", config, count, hours, volume.get("VolumeType", "gp2"))])


# {operation: what it may be charged}
CHARGES = {
    "CreateTrainingJob": _training,
    "CreateHyperParameterTuningJob": _tuning,
    "CreateEndpoint": _endpoint,
    "PutProvisionedConcurrencyConfig": _executions,
    "RunInstances": _machines,
}


def _on(cluster: Cluster, jobs: int, hours: float, family: str = "Train") -> list[Quantity]:
    times = f"{jobs} x " if jobs > 1 else ""
    return [
        Quantity(f"{family}:{kind}", jobs * count * hours, f"{times}{count} x {hours:.2f} h") for kind, count in cluster
    ]


def _ready(usage_type: str, places: int, gigabytes: float, hours: float) -> Quantity:
    size = "" if gigabytes == 1 else f" x {gigabytes:g} GB"
    return Quantity(usage_type, places * gigabytes * hours * HOUR, f"{places}{size} x {hours:.2f} h")


def _volume(family: str, config: Mapping[str, Any], times: int, hours: float, kind: str = "gp2") -> list[Quantity]:
    """The disks of ``times`` clusters of this configuration; none where it asks for none."""
    sizes = [each.get("VolumeSizeInGB") or 0 for each in (config, *config.get("InstanceConfigs", ()))]
    count = times * max(1, *(sum(count for _, count in cluster) for cluster in clusters(config)))
    months = max(sizes) * count * hours / HOURS_A_MONTH
    return [Quantity(f"{family}:VolumeUsage.{kind}", months, f"{count} x {max(sizes)} GB x {hours:.2f} h")] * (
        months > 0
    )


def _volumes(step: str, options: Sequence[Sequence[Quantity]]) -> Iterator[Charge]:
    if any(options):
        yield Charge(step, options, optional=True)
