"""How many instances a plan needs at most at one time, by type and by the quota that counts them.

Training, processing and hosting have quotas of their own ("ml.m5.xlarge for training job usage"), and each has one for
all types together. Steps follow one another, so what trains is the most that any one step has at a time; endpoints
stay. Source of the quotas' names: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sm_raw.runs.placeholders import placeholders

Requests = Sequence[tuple[str, Mapping[str, Any]]]
Cluster = Sequence[tuple[str, int]]

TRAINING, SPOT, WARM_POOL = "training job usage", "spot training job usage", "training warm pool usage"
PROCESSING, HOSTING = "processing job usage", "endpoint usage"
ALL_TRAINING = "Number of instances across all training jobs"
ALL_PROCESSING = "Number of instances across all processing jobs"
ALL_HOSTING = "Number of instances across active endpoints"
SERVERLESS = "Maximum total concurrency that can be allocated across all serverless endpoints"
CONCURRENCY = "Concurrent executions"
EC2 = "EC2"
COUNTED = frozenset(
    {
        "InitialInstanceCount",
        "InstanceCount",
        "InstanceType",
        "KeepAlivePeriodInSeconds",
        "MaxCapacity",
        "MaxConcurrency",
        "MaxCount",
        "MaxInstanceCount",
        "MaxNumberOfTrainingJobs",
        "MaxParallelTrainingJobs",
        "MaxRuntimeInSeconds",
        "MemorySize",
        "MemorySizeInMB",
        "MinCapacity",
        "MinInstanceCount",
        "ProvisionedConcurrency",
        "ProvisionedConcurrentExecutions",
        "VolumeSize",
        "VolumeSizeInGB",
    }
)
"""Members that are counted with, here and in costs.py."""

ALL_OF = {TRAINING: ALL_TRAINING, SPOT: ALL_TRAINING, HOSTING: ALL_HOSTING}
SERVICES = {CONCURRENCY: "lambda", EC2: ""}


class Need(NamedTuple):
    """So many ``instances`` of a type at one time; ``usage`` ends the name of the quota that counts them.

    Without an ``instance_type``, ``usage`` is the whole name, and what it counts need not be instances.
    """

    instance_type: str
    usage: str
    instances: int

    @property
    def quota_name(self) -> str:
        """The quota's name in Service Quotas, without its code."""
        return f"{self.instance_type} for {self.usage}" if self.instance_type else self.usage

    @property
    def service(self) -> str:
        """The quota's service code; empty where no quota counts instances (EC2's count virtual processors)."""
        return SERVICES.get(self.usage, "sagemaker")


class Hosted(NamedTuple):
    """A variant of an endpoint, and between how many instances it has; ``asynchronous`` by its configuration."""

    endpoint: str
    variant: Mapping[str, Any]
    low: int
    high: int
    asynchronous: bool


def instances_at_most(requests: Requests) -> list[Need]:
    """The most instances of each type and usage that the requests, sent one after the other, have at one time.

    A rule is a processing job. One of the user's own runs on the instance that it asks for; a built-in one on an
    instance of AWS's choice, which costs nothing and is counted among all processing jobs nevertheless: see
    https://github.com/data-science-on-aws/data-science-on-aws/issues/200 (CreateTrainingJob refused, "request delta of
    11 Instances", for its rules). A request of which only a run can tell what it needs counts nothing: see unsettled.
    """
    requests = [(operation, request) for operation, request in requests if not unsettled(request)]
    most: Counter[tuple[str, str]] = Counter()
    for operation, request in requests:
        for key, count in _added(_of_job(operation, request)).items():
            most[key] = max(most[key], count)
    most += _added(_that_stay(requests))
    return sorted(
        (Need(*key, count) for key, count in most.items()),
        key=lambda need: (not need.instance_type, need.quota_name),
    )


def parallel_jobs_that_fit(request: Mapping[str, Any], quotas: Mapping[str, float]) -> int | None:
    """How many training jobs of a tuning request fit at a time into ``quotas`` (values by name); None if unknown."""
    one = dict(request["HyperParameterTuningJobConfig"], ResourceLimits={"MaxParallelTrainingJobs": 1})
    needs = instances_at_most(
        [("CreateHyperParameterTuningJob", {**request, "HyperParameterTuningJobConfig": one})],
    )
    fitting = [int(quotas[need.quota_name] // need.instances) for need in needs if need.quota_name in quotas]
    return min(fitting, default=None)


def unsettled(document: Any) -> list[str]:
    """The counted members of a request that are placeholders still, so that only a run can tell them: "MaxCount"."""
    if isinstance(document, Mapping):
        own = [key for key, value in document.items() if key in COUNTED and next(placeholders(value), None)]
        return own + [name for value in document.values() for name in unsettled(value)]
    if isinstance(document, list):
        return [name for value in document for name in unsettled(value)]
    return []


def clusters(config: Mapping[str, Any]) -> list[Cluster]:
    """The instances that a job with this ResourceConfig may get, as (type, count): one of these, all of that."""
    for field in ("InstanceConfigs", "InstancePreferences"):
        if config.get(field):
            return [[(each["InstanceType"], each.get("InstanceCount", 1))] for each in config[field]]
    groups = config.get("InstanceGroups") or [config]
    return [[(each["InstanceType"], each.get("InstanceCount", 1)) for each in groups if "InstanceType" in each]]


def definitions(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The training definitions of a tuning request, each with its resources under ResourceConfig."""
    found = request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]]
    return [
        {**each, "ResourceConfig": each.get("HyperParameterTuningResourceConfig") or each.get("ResourceConfig", {})}
        for each in found
    ]


def rules(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules of a training request, Debugger's and the profiler's."""
    return [*request.get("DebugRuleConfigurations", ()), *request.get("ProfilerRuleConfigurations", ())]


def hosted(requests: Requests) -> Iterator[Hosted]:
    """The variants of each endpoint; those of an endpoint whose configuration is not here are unknown."""
    configs = {each["EndpointConfigName"]: each for name, each in requests if name == "CreateEndpointConfig"}
    scaled = scalable_capacities(requests)
    for operation, request in requests:
        config = configs.get(request["EndpointConfigName"], {}) if operation == "CreateEndpoint" else {}
        for variant in [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]:
            resource_id = f"endpoint/{request['EndpointName']}/variant/{variant['VariantName']}"
            initial = variant.get("InitialInstanceCount", 0)
            managed = variant.get("ManagedInstanceScaling", {})
            low, high = scaled.get(
                resource_id, (managed.get("MinInstanceCount", initial), managed.get("MaxInstanceCount", initial))
            )
            asynchronous = "AsyncInferenceConfig" in config
            yield Hosted(request["EndpointName"], variant, low, max(high, initial), asynchronous)


def scalable_capacities(requests: Requests) -> dict[str, tuple[int, int]]:
    """{resource id of a scalable target: its smallest and largest capacity}"""
    return {
        each["ResourceId"]: (each.get("MinCapacity", 0), each.get("MaxCapacity", 0))
        for name, each in requests
        if name == "RegisterScalableTarget"
    }


def provisioned(requests: Requests) -> Iterator[tuple[str, int, int]]:
    """(function, least, most) of the executions that Lambda keeps ready."""
    scaled = scalable_capacities(requests)
    for operation, request in requests:
        if operation == "PutProvisionedConcurrencyConfig":
            ready = request["ProvisionedConcurrentExecutions"]
            low, high = scaled.get(f"function:{request['FunctionName']}:{request.get('Qualifier')}", (ready, ready))
            yield request["FunctionName"], low, max(high, ready)


def _added(needs: Iterable[Need]) -> Counter[tuple[str, str]]:
    added: Counter[tuple[str, str]] = Counter()
    for need in needs:
        added[need.instance_type, need.usage] += need.instances
    return added


def _of_job(operation: str, request: Mapping[str, Any]) -> Iterator[Need]:
    """What one request has at a time, while it works."""
    if operation == "CreateTrainingJob":
        yield from _trained([request], 1)
        yield from _of_rules(rules(request))
        if request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds"):
            yield from (Need(kind, WARM_POOL, count) for kind, count in clusters(request["ResourceConfig"])[0])
    elif operation == "CreateHyperParameterTuningJob":
        limits = request["HyperParameterTuningJobConfig"].get("ResourceLimits", {})
        yield from _trained(definitions(request), limits.get("MaxParallelTrainingJobs", 1))
    elif operation == "RunInstances":
        yield Need(request.get("InstanceType", "default type"), EC2, request["MaxCount"])


def _trained(jobs: Sequence[Mapping[str, Any]], times: int) -> Iterator[Need]:
    """Each of ``times`` jobs may be any of ``jobs``, on any of its clusters: the most of each type, and in all."""
    most: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        usage = SPOT if job.get("EnableManagedSpotTraining") else TRAINING
        for cluster in clusters(job.get("ResourceConfig", {})):
            needs = [Need(kind, usage, count) for kind, count in cluster]
            total = [Need("", ALL_OF[need.usage], need.instances) for need in needs]
            for key, count in _added([*needs, *total]).items():
                most[key] = max(most[key], count)
    yield from (Need(*key, count * times) for key, count in most.items())


def _of_rules(configurations: Sequence[Mapping[str, Any]]) -> Iterator[Need]:
    if configurations:
        yield Need("", ALL_PROCESSING, len(configurations))
    yield from (Need(rule["InstanceType"], PROCESSING, 1) for rule in configurations if "InstanceType" in rule)


def _that_stay(requests: Requests) -> Iterator[Need]:
    """Endpoints and functions, scaled out."""
    for each in hosted(requests):
        if "InstanceType" in each.variant:
            yield Need(each.variant["InstanceType"], HOSTING, each.high)
            yield Need("", ALL_HOSTING, each.high)
        if "ServerlessConfig" in each.variant:
            yield Need("", SERVERLESS, each.variant["ServerlessConfig"]["MaxConcurrency"])
    yield from (Need("", CONCURRENCY, high) for _, _, high in provisioned(requests))
