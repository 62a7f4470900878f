"""The operations of Application Auto Scaling: moto's answers, and what it leaves undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from werkzeug.wrappers import Response

from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Engine
from sm_raw.local.protocol import Request, parse
from sm_raw.local.scaling import tracking_alarms
from sm_raw.local.scaling.activities import Target
from sm_raw.local.scaling.alarm_states import INSUFFICIENT_DATA, UNCHECKED
from sm_raw.local.scaling.capacity import bring_within, place_of
from sm_raw.local.scaling.refusals import (
    not_found,
    refuse_action,
    refuse_crossed_bounds,
    refuse_policy,
    refuse_registration,
    require_target,
)
from sm_raw.local.wire import JSON, request_id

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService."
# Operations that the rules of ``sm_raw.validation`` know.
RULED = {"RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"}
LISTED = "MetricAlarms[]"
PAGES = {"describe_scaling_policies": "ScalingPolicies", "describe_scheduled_actions": "ScheduledActions"}

Document = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """One request: who is asked, for what, and how moto answers it."""

    engine: Engine
    region: str
    request: Request
    moto: Callable[[], Response]

    @property
    def target(self) -> Target:
        """The scalable target that it names."""
        return Target.of(self.region, self.request)

    @cached_property
    def client(self) -> Any:
        """Of this very service."""
        return self.engine.client(SERVICE, self.region)

    def document(self) -> tuple[Response, Document]:
        """moto's answer, and what is in it if it is no error."""
        response = self.moto()
        return response, json.loads(response.get_data()) if response.status_code < 300 else {}


def answer(engine: Engine, region: str, operation: str, body: bytes, moto: Callable[[], Response]) -> Response:
    """The answer to a request; errors are raised as ServiceError. ``moto`` gives moto's answer to it."""
    request = parse(operation, body, SERVICE)
    for bounds in (request, request.get("ScalableTargetAction", {})):
        refuse_crossed_bounds(bounds)
    if operation in RULED:
        refuse_rule_errors(operation, request)
    respond = HANDLERS.get(operation)
    return respond(Ask(engine, region, request, moto)) if respond else moto()


def register(ask: Ask) -> Response:
    """RegisterScalableTarget: "it changes the resource's current capacity to a value that is inside of this range"."""
    refuse_registration(ask.engine, ask.target, ask.request)
    response, document = ask.document()
    if document:
        ask.engine.scaling.wake(ask.region)
        ask.engine.scaling.tags.registered(ask.target, document["ScalableTargetARN"], ask.request.get("Tags", {}))
        found = require_target(ask.engine, ask.target)
        bring_within(ask.engine, ask.target, found["MinCapacity"], found["MaxCapacity"])
    return response


def deregister(ask: Ask) -> Response:
    """DeregisterScalableTarget: policies and scheduled actions of the target go with it."""
    require_target(ask.engine, ask.target)
    place = {"ResourceId": ask.target.resource, "ScalableDimension": ask.target.dimension}
    for policy in _found(ask, "describe_scaling_policies", **place):
        ask.client.delete_scaling_policy(**ask.target.fields(), PolicyName=policy["PolicyName"])
    for action in _found(ask, "describe_scheduled_actions", **place):
        ask.client.delete_scheduled_action(**ask.target.fields(), ScheduledActionName=action["ScheduledActionName"])
    ask.engine.scaling.forget_target(ask.target)
    return ask.moto()


def put_policy(ask: Ask) -> Response:
    """PutScalingPolicy: target tracking gets its alarms; to put a policy again keeps their names and its ARN."""
    require_target(ask.engine, ask.target)
    if place_of(ask.target) is None:
        return ask.moto()
    refuse_policy(ask.request)
    response, document = ask.document()
    if not document:
        return response
    ask.engine.scaling.wake(ask.region)
    arn = ask.engine.scaling.policy_arn(ask.region, ask.request, document["PolicyARN"])
    _put_alarms(ask, {**_policy(ask), "PolicyARN": arn})
    return _json({"PolicyARN": arn, "Alarms": _told(_alarms_of(ask, arn))})


def describe_policies(ask: Ask) -> Response:
    """DescribeScalingPolicies: those that were asked for, with their alarms; moto looks at no names."""
    response, document = ask.document()
    if not document:
        return response
    kept = [policy for policy in document["ScalingPolicies"] if _is_asked_for(policy, ask.request)]
    variants = [policy for policy in kept if place_of(Target.of(ask.region, policy))]
    alarms = _alarms(ask) if variants else []
    for policy in variants:
        policy["PolicyARN"] = ask.engine.scaling.policy_arn(ask.region, policy, policy["PolicyARN"])
        policy["Alarms"] = _told(tracking_alarms.of_policy(policy["PolicyARN"], alarms))
    return _json({**document, "ScalingPolicies": kept})


def delete_policy(ask: Ask) -> Response:
    """DeleteScalingPolicy: the alarms of target tracking go with it, those that the user made stay."""
    policy = _policy(ask)
    if policy is None:
        raise not_found("scaling policy found", f"{ask.target.words()}, policy name: {ask.request['PolicyName']}")
    response = ask.moto()
    if response.status_code < 300 and place_of(ask.target):
        if policy["PolicyType"] == "TargetTrackingScaling" and policy["Alarms"]:
            names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
            ask.engine.client("cloudwatch", ask.region).delete_alarms(AlarmNames=names)
        ask.engine.scaling.forget_policy(ask.region, ask.request)
    return response


def put_action(ask: Ask) -> Response:
    """PutScheduledAction: of a target that is registered, and for a time to come."""
    require_target(ask.engine, ask.target)
    refuse_action(ask.request, _action(ask), ask.engine.store.now())
    ask.engine.scaling.wake(ask.region)
    return ask.moto()


def delete_action(ask: Ask) -> Response:
    """DeleteScheduledAction: moto takes one that is not there."""
    if _action(ask) is None:
        name = ask.request["ScheduledActionName"]
        raise not_found("scheduled action found", f"{ask.target.words()}, scheduled action name: {name}")
    return ask.moto()


def describe_activities(ask: Ask) -> Response:
    """DescribeScalingActivities, which moto has not."""
    return _json(ask.engine.scaling.activities.describe(ask.region, ask.request))


def list_tags(ask: Ask) -> Response:
    """ListTagsForResource."""
    return _json({"Tags": ask.engine.scaling.tags.of(ask.request["ResourceARN"])})


def tag(ask: Ask) -> Response:
    """TagResource."""
    ask.engine.scaling.tags.add(ask.request["ResourceARN"], ask.request["Tags"])
    return _json({})


def untag(ask: Ask) -> Response:
    """UntagResource."""
    ask.engine.scaling.tags.remove(ask.request["ResourceARN"], ask.request["TagKeys"])
    return _json({})


def _put_alarms(ask: Ask, policy: Document) -> None:
    if policy["PolicyType"] != "TargetTrackingScaling":
        return
    cloudwatch = ask.engine.client("cloudwatch", ask.region)
    states = {alarm["AlarmName"]: alarm for alarm in _alarms_of(ask, policy["PolicyARN"])}
    for alarm in tracking_alarms.alarms(policy, states):
        cloudwatch.put_metric_alarm(**alarm)
        # A new alarm has no data; one that is changed keeps its state until it is evaluated.
        before = states.get(alarm["AlarmName"], {"StateValue": INSUFFICIENT_DATA, "StateReason": UNCHECKED})
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue=before["StateValue"], StateReason=before["StateReason"]
        )


def _policy(ask: Ask) -> Any:
    name = ask.request["PolicyName"]
    found = ask.client.describe_scaling_policies(**ask.target.fields(), PolicyNames=[name])
    return next(iter(found["ScalingPolicies"]), None)


def _action(ask: Ask) -> Mapping[str, Any] | None:
    name = ask.request["ScheduledActionName"]
    found = ask.client.describe_scheduled_actions(**ask.target.fields(), ScheduledActionNames=[name])
    return next(iter(found["ScheduledActions"]), None)


def _found(ask: Ask, operation: str, **place: str) -> list[Document]:
    pages = ask.client.get_paginator(operation).paginate(ServiceNamespace=ask.target.namespace, **place)
    return list(pages.search(f"{PAGES[operation]}[]"))


def _alarms(ask: Ask) -> list[Document]:
    return list(ask.engine.client("cloudwatch", ask.region).get_paginator("describe_alarms").paginate().search(LISTED))


def _alarms_of(ask: Ask, policy_arn: str) -> list[Mapping[str, Any]]:
    return tracking_alarms.of_policy(policy_arn, _alarms(ask))


def _told(alarms: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"AlarmName": alarm["AlarmName"], "AlarmARN": alarm["AlarmArn"]} for alarm in alarms]


def _is_asked_for(policy: Mapping[str, Any], request: Request) -> bool:
    names = request.get("PolicyNames")
    return (not names or policy["PolicyName"] in names) and request.get("ResourceId") in {None, policy["ResourceId"]}


def _json(document: Document) -> Response:
    return Response(json.dumps(document), content_type=JSON, headers=request_id())


HANDLERS: dict[str, Callable[[Ask], Response]] = {
    "RegisterScalableTarget": register,
    "DeregisterScalableTarget": deregister,
    "PutScalingPolicy": put_policy,
    "DescribeScalingPolicies": describe_policies,
    "DeleteScalingPolicy": delete_policy,
    "PutScheduledAction": put_action,
    "DeleteScheduledAction": delete_action,
    "DescribeScalingActivities": describe_activities,
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
