"""Function URLs: the address of a function, or of an alias, on this engine's own port.

In AWS it is a host of its own; here it is a path, since no name but localhost leads to loopback everywhere. moto keeps
one that nobody answers, so all of it is done here. https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from werkzeug.wrappers import Request, Response

from sm_raw.local.engine import Engine
from sm_raw.local.functions.described import find_function, function_arn, is_alias, moto_refuses, split_name
from sm_raw.local.functions.environment import Invocation
from sm_raw.local.functions.http_events import Visit, event_of, response_of
from sm_raw.local.functions.invoking import MAX_EVENT_BYTES, SYNCHRONOUS, run_once
from sm_raw.local.functions.pool import Pool
from sm_raw.local.functions.provisioned import reserved_concurrency
from sm_raw.local.functions.refusals import conflict, out_of_constraint, too_large
from sm_raw.local.protocol import ServiceError
from sm_raw.local.store import ACCOUNT_ID, Record

KIND = "function-url"
# No bucket has such a name.
PATH = re.compile(r"/_function_url/(?P<id>[0-9a-f]{32})(?P<path>/.*|)")
AUTH_TYPES = ("NONE", "AWS_IAM")
ACTION = "lambda:InvokeFunctionUrl"
MISSING = "The resource you requested does not exist."


class FunctionUrls:
    """The addresses of all functions: a record of the store for each."""

    def __init__(self, engine: Engine, pool: Pool, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._pool, self._clock = engine, pool, clock

    def create(self, region: str, name: str, qualifier: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
        """CreateFunctionUrlConfig: one for a function and one for each of its aliases."""
        auth_type = request.get("AuthType")
        if auth_type not in AUTH_TYPES:
            raise out_of_constraint(auth_type, "authType", f"satisfy enum value set: [{', '.join(AUTH_TYPES)}]")
        if request.get("InvokeMode", "BUFFERED") != "BUFFERED":
            raise out_of_constraint(request["InvokeMode"], "invokeMode", "be BUFFERED in this local engine")
        self._refuse_unknown(region, name, qualifier)
        arn, url_id = function_arn(region, name, qualifier), uuid.uuid4().hex
        description = {
            "FunctionUrl": f"{self._engine.url}/_function_url/{url_id}/",
            "FunctionArn": arn,
            "AuthType": auth_type,
            **({"Cors": request["Cors"]} if request.get("Cors") else {}),
            "CreationTime": self._now(),
            "LastModifiedTime": self._now(),
            "InvokeMode": "BUFFERED",
        }
        try:
            self._engine.store.add(Record(region, KIND, _key(name, qualifier), arn, description, live=url_id))
        except KeyError:
            raise conflict(
                f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
                "FunctionUrlConfig exists for this Lambda function"
            ) from None
        return description

    def get(self, region: str, name: str, qualifier: str | None) -> dict[str, Any]:
        """GetFunctionUrlConfig."""
        return self._engine.store.describe(self._find(region, name, qualifier))

    def update(self, region: str, name: str, qualifier: str | None, request: Mapping[str, Any]) -> dict[str, Any]:
        """UpdateFunctionUrlConfig."""
        record = self._find(region, name, qualifier)
        changes = {field: request[field] for field in ("AuthType", "Cors") if request.get(field)}
        with self._engine.store.lock:
            record.description.update(changes, LastModifiedTime=self._now())
        return self._engine.store.describe(record)

    def delete(self, region: str, name: str, qualifier: str | None) -> None:
        """DeleteFunctionUrlConfig."""
        self._engine.store.remove(self._find(region, name, qualifier))

    def all_of(self, region: str, name: str) -> list[dict[str, Any]]:
        """ListFunctionUrlConfigs."""
        self._refuse_unknown(region, name, None)
        return [self._engine.store.describe(record) for record in self._of(region, name)]

    def forget(self, region: str, name: str, qualifier: str | None = None) -> None:
        """A function is gone, with all of its addresses, or one alias."""
        for record in self._of(region, name):
            if qualifier is None or record.name == _key(name, qualifier):
                self._engine.store.remove(record)

    def visit(self, request: Request) -> Response:
        """The answer to a request for one of the addresses; refusals are raised as ServiceError."""
        found = PATH.fullmatch(request.path)
        records = [one for one in self._engine.store.everything() if one.kind == KIND]
        record = next((one for one in records if found and one.live == found["id"]), None)
        if found is None or record is None:
            raise ServiceError("AccessDeniedException", "Forbidden", status=403)
        name, qualifier = split_name(record.name)
        signed = "/lambda/aws4_request" in request.headers.get(
            "Authorization", request.args.get("X-Amz-Credential", "")
        )
        if not (signed or self._is_open(record, name)):
            raise ServiceError("AccessDeniedException", "Forbidden", status=403)
        invocation = Invocation("", record.arn)
        visit = Visit(found["id"], invocation.request_id, ACCOUNT_ID if signed else "anonymous", self._clock())
        event = json.dumps(event_of(request, found["path"] or "/", visit))
        if len(event) > MAX_EVENT_BYTES[SYNCHRONOUS]:
            raise too_large(MAX_EVENT_BYTES[SYNCHRONOUS], "InvokeFunction")
        return self._run(record, name, qualifier, Invocation(event, record.arn, None, invocation.request_id))

    def _run(self, record: Record, name: str, qualifier: str | None, invocation: Invocation) -> Response:
        client = self._engine.client("lambda", record.region)
        function = find_function(client, record.region, name, qualifier)
        outcome = run_once(self._pool, function, invocation, reserved_concurrency(client, name))
        try:
            response = None if outcome.failed else response_of(outcome.payload)
        except (ValueError, TypeError):
            response = None
        # What the function did wrong is in its log, and nobody outside is told of it.
        response = response or Response("Internal Server Error", status=502, content_type="text/plain")
        response.headers["x-amzn-RequestId"] = invocation.request_id
        return response

    def _is_open(self, record: Record, name: str) -> bool:
        """Whether the whole world may call: the AuthType says so, and the function's policy too."""
        if record.description["AuthType"] != "NONE":
            return False
        client = self._engine.client("lambda", record.region)
        try:
            policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
        except client.exceptions.ResourceNotFoundException:
            return False
        return any(lets_all_in(statement, record.arn) for statement in policy["Statement"])

    def _refuse_unknown(self, region: str, name: str, qualifier: str | None) -> None:
        if qualifier is not None and not is_alias(qualifier):
            raise out_of_constraint(qualifier, "qualifier", "be the name of an alias")
        client = self._engine.client("lambda", region)
        with moto_refuses():
            client.get_function(FunctionName=name)
            if qualifier:
                client.get_alias(FunctionName=name, Name=qualifier)

    def _find(self, region: str, name: str, qualifier: str | None) -> Record:
        record = self._engine.store.get(region, KIND, _key(name, qualifier))
        if record is None:
            raise ServiceError("ResourceNotFoundException", MISSING, status=404)
        return record

    def _of(self, region: str, name: str) -> list[Record]:
        return [one for one in self._engine.store.all(region, KIND) if split_name(one.name)[0] == name]

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lets_all_in(statement: Mapping[str, Any], arn: str) -> bool:
    """Whether a statement of a function's policy lets the whole world call the address of ``arn``."""
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Action") == ACTION
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"Service": "*"})
        and statement.get("Resource") == arn
    )


def _key(name: str, qualifier: str | None) -> str:
    return f"{name}:{qualifier}" if qualifier else name
