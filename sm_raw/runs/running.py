"""What runs in the account, whoever started it, and so goes on costing: jobs, endpoints, warm pools, functions.

Jobs end by themselves; endpoints and provisioned concurrency cost until somebody removes them. Instances of EC2 are
not listed: they may belong to anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from sm_raw.aws.account.asking import in_one_line, pages
from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.lifetimes import lifetime_of
from sm_raw.aws.hosting.scaling import NAMESPACE
from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, PROCESSING, TRAINING, TRANSFORM, JobKind
from sm_raw.errors import SmRawError
from sm_raw.runs.capacity import clusters

Sleep = Callable[[float], None]
Tell = Callable[[str], None]
Answer = TypeVar("Answer")

PAGE = 100
UNDER_WAY = ("InProgress", "Stopping")
WAITING = "Available"
HOUR = 3600
BUILT_IN_RULES = "/sagemaker-debugger-rules:"
"""In the image of a built-in rule's processing job, which costs nothing.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-reference.html
"""


@dataclass(frozen=True)
class Use:
    """So many units of a usage type in an hour; ``shown`` for people: "2 x ml.m5.large"."""

    usage_type: str
    an_hour: float
    shown: str


@dataclass(frozen=True)
class Running:
    """Something that runs. ``until`` is the time in its tag, for an endpoint that has one."""

    what: str
    name: str
    status: str
    since: datetime
    uses: tuple[Use, ...] = ()
    until: datetime | None = None

    def cost_an_hour(self, prices: Mapping[str, float]) -> float | None:
        """None if a price is missing."""
        costs = [use.an_hour * prices[use.usage_type] for use in self.uses if use.usage_type in prices]
        return sum(costs) if len(costs) == len(self.uses) else None


def running(clients: Clients, tell: Tell, *, sleep: Sleep = time.sleep) -> list[Running]:
    """All that runs; ``tell`` gets a line for what could not be asked."""
    return list(_Reader(clients, tell, sleep).all())


class _Reader:
    def __init__(self, clients: Clients, tell: Tell, sleep: Sleep) -> None:
        self._clients, self._tell, self._sleep = clients, tell, sleep
        self._told: set[str] = set()
        self._uses: Mapping[str, Callable[[Mapping[str, Any]], tuple[Use, ...]]] = {
            TRAINING.create: _training_uses,
            PROCESSING.create: _processing_uses,
            TRANSFORM.create: lambda job: _instances("Tsform", job["TransformResources"]),
            ENDPOINT.create: self._endpoint_uses,
        }

    def all(self) -> Iterator[Running]:
        for kind in JOB_KINDS.values():
            # An endpoint costs in every state, until it is deleted.
            for only in [{}] if kind is ENDPOINT else [{"StatusEquals": status} for status in UNDER_WAY]:
                yield from self._each(f"{kind.label}s", partial(self._jobs, kind, only))
        yield from self._each("warm pools", self._warm_pools)
        yield from self._each("functions", self._functions)

    def _each(self, what: str, read: Callable[[], Iterator[Running]]) -> Iterator[Running]:
        from botocore.exceptions import ClientError

        try:
            yield from read()
        except ClientError as error:
            line = f"{what} cannot be listed: {in_one_line(error)}"
            if line not in self._told:  # Some kinds are listed once for each status.
                self._told.add(line)
                self._tell(line)

    def _jobs(self, kind: JobKind, only: Mapping[str, str]) -> Iterator[Running]:
        for summary in self._summaries(kind, only):
            name = summary[kind.name]
            uses, until = self._uses_of(kind, name), self._until(kind, name)
            yield Running(kind.label, name, summary[kind.status], summary["CreationTime"], uses, until)

    def _warm_pools(self) -> Iterator[Running]:
        """Instances that a training job has left waiting for another."""
        for summary in self._summaries(TRAINING, {"WarmPoolStatusEquals": WAITING}):
            # A stand-in for AWS may not know that filter.
            if summary.get("WarmPoolStatus", {}).get("Status") == WAITING:
                name = summary["TrainingJobName"]
                yield Running("warm pool", name, WAITING, summary["CreationTime"], self._uses_of(TRAINING, name))

    def _summaries(self, kind: JobKind, only: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for page in pages(self._clients.sagemaker, kind.list, {"MaxResults": PAGE, **only}, sleep=self._sleep):
            yield from page[kind.summaries]

    def _uses_of(self, kind: JobKind, name: str) -> tuple[Use, ...]:
        """What it runs on; nothing of a kind that runs nothing itself, and of what has just gone."""
        read = self._uses.get(kind.create)
        if read is None:  # A tuning job is its training jobs.
            return ()
        describe = partial(self._ask, kind.describe, {kind.name: name})
        return self._unless_refused(f"{kind.label} {name}", lambda: read(describe())) or ()

    def _until(self, kind: JobKind, name: str) -> datetime | None:
        if kind is not ENDPOINT:
            return None
        lifetime = partial(lifetime_of, self._clients, name, sleep=self._sleep)
        return self._unless_refused(f"the lifetime of endpoint {name}", lifetime)

    def _unless_refused(self, what: str, read: Callable[[], Answer]) -> Answer | None:
        from botocore.exceptions import ClientError

        try:
            return read()
        except (ClientError, SmRawError) as error:
            self._tell(f"{what}: {in_one_line(error)}")
            return None

    def _endpoint_uses(self, endpoint: Mapping[str, Any]) -> tuple[Use, ...]:
        config = self._ask("DescribeEndpointConfig", {"EndpointConfigName": endpoint["EndpointConfigName"]})
        family = "AsyncInf" if config.get("AsyncInferenceConfig") else "Host"
        known = {each["VariantName"]: each for each in config.get("ProductionVariants", ())}
        uses = []
        for variant in endpoint.get("ProductionVariants", ()):
            settings = known.get(variant["VariantName"], {})
            serverless = variant.get("CurrentServerlessConfig", {})
            if "InstanceType" in settings:
                count = variant.get("CurrentInstanceCount", 0)
                target = f"endpoint/{endpoint['EndpointName']}/variant/{variant['VariantName']}"
                shown = f"{count} x {settings['InstanceType']}{self._limits.get(target, '')}"
                uses.append(Use(f"{family}:{settings['InstanceType']}", count, shown))
            elif ready := serverless.get("ProvisionedConcurrency"):
                memory = f"{serverless['MemorySizeInMB'] // 1024}GB"
                uses.append(Use(f"ProvisionedConcurrency:Mem-{memory}", ready * HOUR, f"{ready} x {memory} ready"))
        return tuple(uses)

    @cached_property
    def _limits(self) -> dict[str, str]:
        """{resource id: " (1 to 3)"} of all that scales."""
        request = {"ServiceNamespace": NAMESPACE}
        return {
            target["ResourceId"]: f" ({target['MinCapacity']} to {target['MaxCapacity']})"
            for page in pages(self._clients.autoscaling, "DescribeScalableTargets", request, sleep=self._sleep)
            for target in page["ScalableTargets"]
        }

    def _functions(self) -> Iterator[Running]:
        """Functions with provisioned concurrency, in whatever alias or version."""
        client, markers = self._clients.awslambda, ("NextMarker", "Marker")
        for page in pages(client, "ListFunctions", {}, tokens=markers, sleep=self._sleep):
            for function in page["Functions"]:
                request = {"FunctionName": function["FunctionName"]}
                listing = pages(client, "ListProvisionedConcurrencyConfigs", request, tokens=markers, sleep=self._sleep)
                for configs in listing:
                    for config in configs["ProvisionedConcurrencyConfigs"]:
                        yield _provisioned(function, config)

    def _ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(self._clients.sagemaker, operation, request), sleep=self._sleep)


def _training_uses(job: Mapping[str, Any]) -> tuple[Use, ...]:
    return _instances("Train", job.get("ResourceConfig", {}))


def _processing_uses(job: Mapping[str, Any]) -> tuple[Use, ...]:
    if BUILT_IN_RULES in job.get("AppSpecification", {}).get("ImageUri", ""):
        return ()
    return _instances("Processing", job["ProcessingResources"]["ClusterConfig"])


def _instances(family: str, config: Mapping[str, Any]) -> tuple[Use, ...]:
    """Of a job that had a choice, what it got."""
    cluster = clusters(config)[0]
    if "SelectedInstanceType" in config:
        cluster = [(config["SelectedInstanceType"], config.get("SelectedInstanceCount", 1))]
    return tuple(Use(f"{family}:{kind}", count, f"{count} x {kind}") for kind, count in cluster)


def _provisioned(function: Mapping[str, Any], config: Mapping[str, Any]) -> Running:
    count, memory = config["RequestedProvisionedConcurrentExecutions"], function.get("MemorySize", 128)
    arm = "-ARM" if function.get("Architectures") == ["arm64"] else ""
    use = Use(f"Lambda-Provisioned-Concurrency{arm}", count * memory / 1024 * HOUR, f"{count} x {memory} MB ready")
    name = f"{function['FunctionName']}:{config['FunctionArn'].rpartition(':')[2]}"
    since = datetime.fromisoformat(config["LastModified"].replace("Z", "+00:00").replace("+0000", "+00:00"))
    return Running("function", name, config["Status"], since, (use,))
