"""What tests ask of a running engine, on loopback: faults that are switched on and off, and what became of all calls.

- ``/_sm_raw/faults``: GET tells the rules that hold and how often each struck, PUT sets others, DELETE ends all
- ``/_sm_raw/calls``: GET counts, by region, service, operation and HTTP status, the calls that reached a service
- ``/_sm_raw/resources``: GET tells, by region and kind, the names that were ``created``, each with how many times that
  succeeded, and those that are ``there``, each with its status if it has one

No path of AWS begins like this: no bucket has such a name. Calls of the engine itself are in neither count, and objects
in S3 are no kind: to list them is what S3 is for. What is put rather than created (a scalable target, a policy) counts
each time it is put.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sm_raw.local import wire
from sm_raw.local.faults import FaultsRefused
from sm_raw.local.wire import Target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from sm_raw.local.engine import Engine

PREFIX = "/_sm_raw/"
Tree = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of resource that moto keeps: how it comes into being, and how those that are there are listed."""

    name: str
    service: str
    create: str
    member: str  # of the create request, that holds the name
    listing: str
    found: str  # in the pages of the listing, as a JMESPath
    arguments: tuple[dict[str, Any], ...] = ({},)


SCALED = ({"ServiceNamespace": "sagemaker"}, {"ServiceNamespace": "lambda"})
SCALING = "application-autoscaling"
KINDS = (
    Kind("bucket", "s3", "CreateBucket", "", "list_buckets", "Buckets[].Name"),
    Kind("role", "iam", "CreateRole", "RoleName", "list_roles", "Roles[].RoleName"),
    Kind(
        *("policy", "iam", "CreatePolicy", "PolicyName"),
        *("list_policies", "Policies[].PolicyName", ({"Scope": "Local"},)),
    ),
    Kind("function", "lambda", "CreateFunction", "FunctionName", "list_functions", "Functions[].FunctionName"),
    Kind("log-group", "logs", "CreateLogGroup", "logGroupName", "describe_log_groups", "logGroups[].logGroupName"),
    Kind("alarm", "cloudwatch", "PutMetricAlarm", "AlarmName", "describe_alarms", "MetricAlarms[].AlarmName"),
    Kind(
        *("scalable-target", SCALING, "RegisterScalableTarget", "ResourceId"),
        *("describe_scalable_targets", "ScalableTargets[].ResourceId", SCALED),
    ),
    Kind(
        *("scaling-policy", SCALING, "PutScalingPolicy", "PolicyName"),
        *("describe_scaling_policies", "ScalingPolicies[].PolicyName", SCALED),
    ),
    Kind(
        *("scheduled-action", SCALING, "PutScheduledAction", "ScheduledActionName"),
        *("describe_scheduled_actions", "ScheduledActions[].ScheduledActionName", SCALED),
    ),
)
CREATED_BY = {(kind.service, kind.create): kind for kind in KINDS}
# Resources of this engine that have a status.
STATUSES = {
    "training-job": "TrainingJobStatus",
    "hyper-parameter-tuning-job": "HyperParameterTuningJobStatus",
    "endpoint": "EndpointStatus",
    "provisioned-concurrency": "Status",
}


class Census:
    """Counts the calls that reach a service, and what they create."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str, str, int]] = Counter()
        self._created: Counter[tuple[str, str, str]] = Counter()

    def counted(self, target: Target, app: WSGIApplication) -> WSGIApplication:
        """``app``, with its answer to a call of ``target`` counted."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            kind = CREATED_BY.get((target.service, target.operation))
            name = _name(kind, target, environ) if kind else ""

            def start(status: str, *rest: Any) -> Callable[[bytes], object]:
                self._count(target, int(status[:3]), kind, name)
                return start_response(status, *rest)

            return app(environ, start)

        return answer

    def _count(self, target: Target, status: int, kind: Kind | None, name: str) -> None:
        with self._lock:
            self._calls[target.region, target.service, target.operation, status] += 1
            if kind and status < 300:
                self._created[target.region, kind.name, name] += 1

    def calls(self) -> Tree:
        """The calls, by region, service, operation and status."""
        tree: Tree = {}
        with self._lock:
            for (region, service, operation, status), count in sorted(self._calls.items()):
                _branch(tree, region, service, operation)[str(status)] = count
        return tree

    def resources(self, engine: Engine) -> Tree:
        """What was created, and what is there."""
        tree: Tree = {}
        with self._lock, engine.store.lock:
            created = self._created + engine.store.created
            asked = {(region, service) for region, service, _, _ in self._calls}
        for (region, kind, name), count in sorted(created.items()):
            _branch(tree, region, kind, "created")[name] = count
        for record in engine.store.everything():
            status = engine.store.describe(record).get(STATUSES.get(record.kind, ""))
            _branch(tree, record.region, record.kind, "there")[record.name] = status
        for region, service in sorted(asked):
            # What nobody asked for is not there, and moto takes a second to import some of its services.
            for each in (kind for kind in KINDS if kind.service == service):
                _branch(tree, region, each.name, "there").update(dict.fromkeys(_listed(engine, region, each)))
        for found in (found for kinds in tree.values() for found in kinds.values()):
            found.setdefault("created", {})
            found.setdefault("there", {})
        return tree


def _branch(tree: Tree, *names: str) -> Tree:
    for name in names:
        tree = tree.setdefault(name, {})
    return tree


def _name(kind: Kind, target: Target, environ: WSGIEnvironment) -> str:
    """The name in a create request; "" where there is none, as in one that will be refused."""
    if kind.name == "bucket":
        return str(environ["PATH_INFO"]).strip("/")
    if target.protocol == "query":
        return wire.parameter(environ, kind.member)
    try:
        return str(json.loads(wire.body_of(environ))[kind.member])
    except (ValueError, LookupError, TypeError):
        return ""


def _listed(engine: Engine, region: str, kind: Kind) -> Iterable[str]:
    paginator = engine.client(kind.service, region).get_paginator(kind.listing)
    for arguments in kind.arguments:
        yield from paginator.paginate(**arguments).search(kind.found)


def is_control(environ: WSGIEnvironment) -> bool:
    """Whether a request is for one of the paths above. Whoever signs means AWS."""
    return environ["PATH_INFO"].startswith(PREFIX) and "HTTP_AUTHORIZATION" not in environ


def answer(engine: Engine, request: Request) -> Response:
    """The answer to a request for one of the paths above."""
    respond = ANSWERS.get((request.method, request.path.removeprefix(PREFIX)))
    if respond is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in ANSWERS)
        return _json({"message": f"no {request.method} {request.path} here, but {known}"}, 404)
    return respond(engine, request)


def _switch(engine: Engine, request: Request) -> Response:
    try:
        engine.faults.switch(json.loads(request.get_data()))
    except FaultsRefused as refused:
        return _json({"message": str(refused), "complaints": refused.complaints}, 400)
    except (ValueError, RecursionError) as error:
        return _json({"message": f"no JSON: {error}"}, 400)
    return _json(engine.faults.report())


def _end(engine: Engine, _: Request) -> Response:
    engine.faults.switch({})
    return _json(engine.faults.report())


def _json(document: Tree, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")


ANSWERS: dict[tuple[str, str], Callable[[Engine, Request], Response]] = {
    ("GET", "faults"): lambda engine, _: _json(engine.faults.report()),
    ("PUT", "faults"): _switch,
    ("DELETE", "faults"): _end,
    ("GET", "calls"): lambda engine, _: _json(engine.census.calls()),
    ("GET", "resources"): lambda engine, _: _json(engine.census.resources(engine)),
}
