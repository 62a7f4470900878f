"""How many instances a plan needs at most at one time, by type and by the quota that counts them.

Training, processing and hosting have quotas of their own ("ml.m5.xlarge for training job usage"). Steps follow one
another, so what trains is the most that any one step has at a time; endpoints stay. Source of the quotas' names:
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Requests = Sequence[tuple[str, Mapping[str, Any]]]

TRAINING, PROCESSING, HOSTING = "training job usage", "processing job usage", "endpoint usage"


class Need(NamedTuple):
    """So many ``instances`` of a type at one time; ``usage`` ends the name of the quota that counts them."""

    instance_type: str
    usage: str
    instances: int

    @property
    def quota_name(self) -> str:
        """The quota's name in Service Quotas, without its code."""
        return f"{self.instance_type} for {self.usage}"


def instances_at_most(requests: Requests) -> list[Need]:
    """The most instances of each type and usage that the requests, sent one after the other, have at one time.

    Built-in Debugger rules run on instances that the service provides and count nowhere here; rules of one's own do.
    """
    most: dict[tuple[str, str], int] = {}
    for operation, request in requests:
        for need in _of_job(operation, request):
            key = need.instance_type, need.usage
            most[key] = max(most.get(key, 0), need.instances)
    for need in _of_endpoints(requests):
        key = need.instance_type, need.usage
        most[key] = most.get(key, 0) + need.instances
    return sorted(Need(*key, count) for key, count in most.items())


def _of_job(operation: str, request: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "CreateTrainingJob":
        yield from _trained(request.get("ResourceConfig", {}), 1)
        rules = [*request.get("DebugRuleConfigurations", ()), *request.get("ProfilerRuleConfigurations", ())]
        types = [rule["InstanceType"] for rule in rules if "InstanceType" in rule]
        yield from (Need(each, PROCESSING, types.count(each)) for each in dict.fromkeys(types))
    elif operation == "CreateHyperParameterTuningJob":
        limits = request["HyperParameterTuningJobConfig"].get("ResourceLimits", {})
        parallel = limits.get("MaxParallelTrainingJobs", 1)
        definitions = request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]]
        for definition in definitions:
            config = definition.get("HyperParameterTuningResourceConfig") or definition.get("ResourceConfig", {})
            yield from _trained(config, parallel)


def _trained(config: Mapping[str, Any], times: int) -> Iterator[Need]:
    groups = config.get("InstanceGroups") or config.get("InstanceConfigs") or [config]
    for group in groups:
        if "InstanceType" in group:
            yield Need(group["InstanceType"], TRAINING, group.get("InstanceCount", 1) * times)


def _of_endpoints(requests: Requests) -> Iterator[Need]:
    """What the variants of each endpoint scale out to; an endpoint of a configuration that is not here is unknown."""
    configs = {each["EndpointConfigName"]: each for name, each in requests if name == "CreateEndpointConfig"}
    most = {
        each["ResourceId"]: each.get("MaxCapacity", 0) for name, each in requests if name == "RegisterScalableTarget"
    }
    for operation, request in requests:
        config = configs.get(request.get("EndpointConfigName", "")) if operation == "CreateEndpoint" else None
        for variant in config.get("ProductionVariants", ()) if config else ():
            resource_id = f"endpoint/{request['EndpointName']}/variant/{variant['VariantName']}"
            count = max(variant.get("InitialInstanceCount", 0), most.get(resource_id, 0))
            if "InstanceType" in variant:
                yield Need(variant["InstanceType"], HOSTING, count)
