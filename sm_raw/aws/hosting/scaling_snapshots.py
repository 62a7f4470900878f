"""The scaling of an endpoint as the requests that make it, to be put back and compared after a change.

Deregistering a scalable target deletes its policies, their alarms and its scheduled actions:
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
A step policy that is made again has another ARN. The alarms that take its steps are the user's own, they stay and
have lost their action: they are put again with the new one.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeleteScalingPolicy.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sm_raw.aws.calls import call, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.scaling import VARIANT_CONCURRENCY, VARIANT_INSTANCES, ScalingReader, if_allowed
from sm_raw.errors import SmRawError

Sleep = Callable[[float], None]

SERVICE = "application-autoscaling"
SERVICE_ROLE = "/aws-service-role/"
"""In the ARN of the role that the service gives targets by itself; handing that back would need iam:PassRole."""

ALARM_FACTS = (
    *("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator"),
    "Dimensions",
)
"""What makes an alarm the same: names and ARNs are given anew with its policy."""


@dataclass(frozen=True)
class ScaledTarget:
    """One scalable target. ``requests`` are (operation, request) in the order in which they make it again.

    ``policy_arns`` are those of the policies by name, ``alarms`` the PutMetricAlarm requests of each policy's alarms.
    ``unread`` tells what the caller may not read.
    """

    resource_id: str
    dimension: str
    requests: tuple[tuple[str, dict[str, Any]], ...]
    policy_arns: dict[str, str]
    alarms: dict[str, list[dict[str, Any]]]
    unread: tuple[str, ...] = ()

    @property
    def variant(self) -> str:
        return self.resource_id.split("/")[3]

    @property
    def beyond_recall(self) -> tuple[str, ...]:
        """What of it could not be put back, since it is not known. Alarms of target tracking come by themselves."""
        has_steps = any(request.get("PolicyType") == "StepScaling" for _, request in self.requests)
        return tuple(what for what in self.unread if what != "alarms" or has_steps)

    def __str__(self) -> str:
        return f"{self.resource_id} ({self.dimension})"


@dataclass(frozen=True)
class ScalingSnapshot:
    """How an endpoint is scaled. ``capacities``: the instances or provisioned concurrency each variant shall have."""

    endpoint: str
    config: str
    capacities: dict[str, int]
    targets: tuple[ScaledTarget, ...]

    def document(self) -> dict[str, Any]:
        """It as JSON takes it."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ScalingSnapshot:
        """The snapshot that ``document`` made this; raises SmRawError for what is none."""
        try:
            targets = tuple(
                ScaledTarget(
                    **{
                        **target,
                        "requests": tuple((operation, request) for operation, request in target["requests"]),
                        "unread": tuple(target["unread"]),
                    }
                )
                for target in document["targets"]
            )
            return cls(**{**document, "targets": targets})
        except (KeyError, TypeError, ValueError) as error:
            raise SmRawError(f"this is no scaling snapshot: {error}; give what change_endpoint kept") from error

    def only(self, *targets: ScaledTarget) -> ScalingSnapshot:
        """It with these targets alone."""
        return replace(self, targets=tuple(each for each in self.targets if each in targets))


def take_snapshot(
    clients: Clients, endpoint: str, *, response: Mapping[str, Any] | None = None, sleep: Sleep = time.sleep
) -> ScalingSnapshot:
    """The endpoint's scaling and capacities as they are now; ``response`` is a fresh answer of DescribeEndpoint."""
    described = response or ride_out(
        lambda: call(clients.sagemaker, "DescribeEndpoint", {"EndpointName": endpoint}), sleep=sleep
    )
    variants = described.get("ProductionVariants", ())
    resource_ids = [f"endpoint/{endpoint}/variant/{variant['VariantName']}" for variant in variants]
    reader = ScalingReader(clients, sleep)
    found = sorted(
        reader.targets(resource_ids) if resource_ids else [],
        key=lambda target: (target["ResourceId"], target["ScalableDimension"]),
    )
    return ScalingSnapshot(
        endpoint=endpoint,
        config=str(described["EndpointConfigName"]),
        capacities={variant["VariantName"]: capacity_of(variant) for variant in variants},
        targets=tuple(_scaled_target(clients, reader, target) for target in found),
    )


def capacity_of(variant: Mapping[str, Any]) -> int:
    """The instances, or the provisioned concurrency, that a variant shall have, as DescribeEndpoint tells."""
    serverless = variant.get("DesiredServerlessConfig") or variant.get("CurrentServerlessConfig") or {}
    return int(variant.get("DesiredInstanceCount", serverless.get("ProvisionedConcurrency", 0)))


def keep_snapshot(snapshot: ScalingSnapshot, keep: Callable[[dict[str, Any]], None] | Path | str | None) -> None:
    """Hand the snapshot's document to a callable, or write it to a file, whole or not at all."""
    if keep is None:
        return
    if callable(keep):
        keep(snapshot.document())
        return
    path = Path(keep)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(snapshot.document(), indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SmRawError(f"the scaling cannot be kept in {path}, so nothing was changed: {error}") from error


def read_snapshot(path: Path | str) -> ScalingSnapshot:
    """What ``change_endpoint`` kept in a file. Raises SmRawError for a file that holds none, or cannot be read."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SmRawError(f"{path} cannot be read: {error}") from error
    return ScalingSnapshot.of_document(document)


def restore_scaling(clients: Clients, snapshot: ScalingSnapshot, *, sleep: Sleep = time.sleep) -> list[str]:
    """Put the targets of a snapshot back, with policies, alarms and scheduled actions; repeatable.

    Returns what could not be put back, one line each: empty if all is. The endpoint has to be InService.
    """
    problems: list[str] = []
    for target in snapshot.targets:
        try:
            _restore(clients, target, sleep)
        except Exception as error:  # One that fails must not keep the others from being put back.
            problems.append(f"{target}: {error}")
    return problems


def differences(before: ScalingSnapshot, after: ScalingSnapshot) -> list[str]:
    """What of the scaling ``before`` is not so ``after``, one sentence each; what is new is no difference."""
    now = {(target.resource_id, target.dimension): target for target in after.targets}
    found = []
    for target in before.targets:
        again = now.get((target.resource_id, target.dimension))
        found += list(_differences(target, again)) if again else [f"{target} is not registered"]
    return found


def _scaled_target(clients: Clients, reader: ScalingReader, target: Mapping[str, Any]) -> ScaledTarget:
    of = str(target["ResourceId"]), str(target["ScalableDimension"])
    policies = reader.policies(*of)
    actions = if_allowed(lambda: reader.scheduled_actions(*of))
    alarms = if_allowed(lambda: reader.alarms(policies))
    # Tags matter least: a target without an ARN to ask for, or a caller without the right to, has none.
    tags = if_allowed(lambda: reader.tags(target)) if "ScalableTargetARN" in target else None
    unread = (*(["scheduled actions"] if actions is None else []), *(["alarms"] if alarms is None else []))
    registered = _request(clients, SERVICE, "RegisterScalableTarget", {**target, **({"Tags": tags} if tags else {})})
    if SERVICE_ROLE in registered.get("RoleARN", ""):
        del registered["RoleARN"]
    puts = [("PutScalingPolicy", each) for each in policies] + [("PutScheduledAction", each) for each in actions or ()]
    return ScaledTarget(
        *of,
        requests=(
            ("RegisterScalableTarget", registered),
            *((operation, _request(clients, SERVICE, operation, each)) for operation, each in puts),
        ),
        policy_arns={policy["PolicyName"]: policy["PolicyARN"] for policy in policies},
        alarms={
            policy: [_request(clients, "cloudwatch", "PutMetricAlarm", alarm) for alarm in found]
            for policy, found in (alarms or {}).items()
        },
        unread=unread,
    )


def _request(clients: Clients, service: str, operation: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """The request that makes what was described: of its members, those that the operation takes."""
    taken = clients.client(service).meta.service_model.operation_model(operation).input_shape.members
    return {name: _plain(value) for name, value in described.items() if name in taken}


def _plain(value: Any) -> Any:
    """With times as text, which requests take as well."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _restore(clients: Clients, target: ScaledTarget, sleep: Sleep) -> None:
    # What once was accepted is sent unchecked: a rule that would refuse it today must not cost the scaling.
    def send(service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(clients.client(service), operation, request), sleep=sleep)

    there = any(each["ScalableDimension"] == target.dimension for each in _targets(clients, target, sleep))
    for operation, request in target.requests:
        # Tags may be given only with what is new.
        members = {name: value for name, value in request.items() if name != "Tags" or not there}
        response = send(SERVICE, operation, members)
        if request.get("PolicyType") == "StepScaling":
            new, old = str(response["PolicyARN"]), target.policy_arns[request["PolicyName"]]
            for alarm in target.alarms.get(request["PolicyName"], ()):
                if old != new:
                    send("cloudwatch", "PutMetricAlarm", _with_action(alarm, old, new))


def _targets(clients: Clients, target: ScaledTarget, sleep: Sleep) -> list[dict[str, Any]]:
    return ScalingReader(clients, sleep).targets([target.resource_id])


def _with_action(alarm: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """The alarm's request with the new ARN of its policy."""
    lists = ("AlarmActions", "OKActions", "InsufficientDataActions")
    changed = {name: [new if arn == old else arn for arn in alarm[name]] for name in lists if name in alarm}
    return {**alarm, **changed}


def _differences(before: ScaledTarget, after: ScaledTarget) -> Iterator[str]:
    now = {(operation, _name(request)): request for operation, request in after.requests}
    for operation, request in before.requests:
        again = now.get((operation, _name(request)))
        if again is None:
            yield f"{before}: {operation} {_name(request)!r} is missing"
            continue
        for member in sorted({*request, *again} - {"Tags"}):
            if request.get(member) != again.get(member):
                yield f"{before}: {operation} {member} was {request.get(member)}, is {again.get(member)}"
    if before.unread or after.unread:
        return
    for policy, alarms in before.alarms.items():
        if sorted(map(_facts, alarms)) != sorted(map(_facts, after.alarms.get(policy, []))):
            yield f"{before}: the alarms of policy {policy!r} are not what they were"


def _name(request: Mapping[str, Any]) -> str:
    return str(request.get("PolicyName") or request.get("ScheduledActionName") or request["ResourceId"])


def _facts(alarm: Mapping[str, Any]) -> str:
    return json.dumps({name: alarm.get(name) for name in ALARM_FACTS}, sort_keys=True)


def fits(target: ScaledTarget, variant: Mapping[str, Any] | None) -> bool:
    """Whether a variant of a configuration, or None, can be scaled so."""
    if variant is None:
        return False
    return target.dimension == (VARIANT_INSTANCES if "InstanceType" in variant else VARIANT_CONCURRENCY)
