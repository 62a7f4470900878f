"""The operations of Lambda that this engine answers, whole or before and after moto; all others are moto's alone."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sm_raw.local.engine import Engine
from sm_raw.local.functions import requests
from sm_raw.local.functions.code import CodeStore, archive_of, invalid
from sm_raw.local.functions.described import LATEST, is_alias, moto_refuses, split_name
from sm_raw.local.functions.invoking import invoke
from sm_raw.local.functions.pool import Pool
from sm_raw.local.functions.provisioned import Provisioning
from sm_raw.local.protocol import ServiceError
from sm_raw.local.wire import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# Parts of a request that say what the code is: moto gets the archive itself in their place.
CODE_FIELDS = ("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 50 MB, in base64.
MAX_REQUEST_BYTES = 69_905_067
MAX_ITEMS = 50


class Functions:
    """Lambda of one engine, in front of ``moto``."""

    def __init__(self, engine: Engine, moto: WSGIApplication) -> None:
        self.engine, self._moto = engine, moto
        self.code = CodeStore(engine.root / "functions" / "code")
        self.pool = Pool(engine, self.code)
        self.provisioning = Provisioning(engine, self.pool)

    def answer(self, operation: str, region: str, environ: WSGIEnvironment) -> Response:
        """The answer to a call; errors are raised as ServiceError."""
        return HANDLERS.get(operation, ask_moto)(Call(self, region, operation, Request(environ)))

    def from_moto(self, environ: WSGIEnvironment) -> Response:
        """moto's answer, whole."""
        return Response.from_app(self._moto, environ, buffered=True)


@dataclass(frozen=True)
class Call:
    """One call of an operation."""

    functions: Functions
    region: str
    operation: str
    http: Request

    def named(self) -> tuple[str, str | None]:
        """The function's name in the path and the qualifier there or in the query."""
        path = self.http.path.split("/functions/", 1)[1]
        return split_name(urllib.parse.unquote(path).split("/", 1)[0], self.http.args.get("Qualifier"))

    def qualified(self) -> tuple[str, str]:
        """The same of an operation that needs a qualifier."""
        name, qualifier = self.named()
        if qualifier is None:
            raise ServiceError(
                "ValidationException",
                "1 validation error detected: Value null at 'qualifier' failed to satisfy constraint: "
                "Member must not be null",
            )
        return name, qualifier

    def last_step(self) -> str:
        """The end of the path: an alias's name."""
        return urllib.parse.unquote(self.http.path.rstrip("/").rpartition("/")[2])

    def document(self) -> dict[str, Any]:
        """The body, as JSON."""
        return requests.decoded(self.http.get_data())

    def to_moto(self, document: dict[str, Any] | None = None) -> Response:
        """moto's answer to this call, or to one of another body."""
        body = self.http.get_data() if document is None else json.dumps(document).encode()
        environ = {**self.http.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("werkzeug.request", None)
        return self.functions.from_moto(environ)

    def client(self, service: str) -> Any:
        return self.functions.engine.client(service, self.region)


def create_function(call: Call) -> Response:
    """CreateFunction: the code is fetched now, as Lambda does, so that it outlives the object in S3."""
    _refuse_large(call)
    request = call.document()
    requests.refuse_function(request, call.client("iam"))
    request["Code"] = _with_archive(call, request.get("Code") or {})
    return call.to_moto(request)


def update_code(call: Call) -> Response:
    """UpdateFunctionCode: environments of the old code end."""
    _refuse_large(call)
    request = call.document()
    _existing(call)
    response = call.to_moto(_with_archive(call, request))
    return _retired(call, response)


def update_configuration(call: Call) -> Response:
    """UpdateFunctionConfiguration: environments of the old configuration end."""
    request = call.document()
    requests.refuse_configuration(request)
    if request.get("Role"):
        requests.refuse_role(request["Role"], call.client("iam"))
    return _retired(call, call.to_moto())


def delete_function(call: Call) -> Response:
    """DeleteFunction, or of one version that no alias points to; its processes end."""
    name, version = call.named()
    if version is not None:
        _refuse_used(call, name, version)
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.forget(call.region, name, version)
        call.functions.pool.retire(call.region, name, version)
    return response


def update_alias(call: Call) -> Response:
    """UpdateAlias: what is provisioned for it moves to the version that it points to now."""
    name, _ = call.named()
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.follow(call.region, name, call.last_step())
    return response


def delete_alias(call: Call) -> Response:
    """DeleteAlias: what is provisioned for it ends."""
    name, _ = call.named()
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.forget(call.region, name, call.last_step())
    return response


def invoke_function(call: Call) -> Response:
    """Invoke."""
    name, qualifier = call.named()
    functions = call.functions
    return invoke(
        functions.engine, functions.pool, call.region, name, qualifier, call.http.headers, call.http.get_data()
    )


def put_provisioned(call: Call) -> Response:
    """PutProvisionedConcurrencyConfig."""
    name, qualifier = call.qualified()
    executions = call.document().get("ProvisionedConcurrentExecutions")
    if not isinstance(executions, int) or executions < 1:
        given = "null" if executions is None else f"'{executions}'"
        wanted = "not be null" if executions is None else "have value greater than or equal to 1"
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value {given} at 'provisionedConcurrentExecutions' failed to satisfy "
            f"constraint: Member must {wanted}",
        )
    return _json(call.functions.provisioning.put(call.region, name, qualifier, executions), 202)


def get_provisioned(call: Call) -> Response:
    """GetProvisionedConcurrencyConfig."""
    return _json(call.functions.provisioning.get(call.region, *call.qualified()))


def delete_provisioned(call: Call) -> Response:
    """DeleteProvisionedConcurrencyConfig."""
    call.functions.provisioning.delete(call.region, *call.qualified())
    return Response(status=204, headers=request_id())


def list_provisioned(call: Call) -> Response:
    """ListProvisionedConcurrencyConfigs; a marker is the number of those before."""
    name, _ = call.named()
    found = call.functions.provisioning.all_of(call.region, name)
    marker, most = call.http.args.get("Marker", ""), call.http.args.get("MaxItems", "")
    start = int(marker) if marker.isdecimal() else 0
    end = start + (int(most) if most.isdecimal() else MAX_ITEMS)
    more = {"NextMarker": str(end)} if end < len(found) else {}
    return _json({"ProvisionedConcurrencyConfigs": found[start:end], **more})


def refuse(call: Call) -> Response:
    """What nobody here can do, or moto alone in Docker."""
    raise ServiceError("UnknownOperationException", f"This local engine does not answer {call.operation}.")


def ask_moto(call: Call) -> Response:
    """moto's answer; what it does not know it answers with a page of HTML."""
    response = call.to_moto()
    is_page = response.status_code == 404 and response.get_data().startswith(b"<!doctype html>")
    return refuse(call) if is_page else response


HANDLERS: dict[str, Callable[[Call], Response]] = {
    "CreateFunction": create_function,
    "UpdateFunctionCode": update_code,
    "UpdateFunctionConfiguration": update_configuration,
    "DeleteFunction": delete_function,
    "UpdateAlias": update_alias,
    "DeleteAlias": delete_alias,
    "Invoke": invoke_function,
    "PutProvisionedConcurrencyConfig": put_provisioned,
    "GetProvisionedConcurrencyConfig": get_provisioned,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned,
    "ListProvisionedConcurrencyConfigs": list_provisioned,
    "InvokeAsync": refuse,
    "InvokeWithResponseStream": refuse,
}


def _refuse_large(call: Call) -> None:
    if (call.http.content_length or 0) > MAX_REQUEST_BYTES:
        message = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the {call.operation} operation"
        raise ServiceError("RequestEntityTooLargeException", message, status=413)


def _with_archive(call: Call, code: dict[str, Any]) -> dict[str, Any]:
    """The request with the archive in place of where it is."""
    archive = archive_of(code, call.client("s3"))
    call.functions.code.keep(archive)
    others = {field: value for field, value in code.items() if field not in CODE_FIELDS}
    return {**others, "ZipFile": base64.b64encode(archive).decode()}


def _existing(call: Call) -> None:
    name, _ = call.named()
    with moto_refuses():
        call.client("lambda").get_function(FunctionName=name)


def _retired(call: Call, response: Response) -> Response:
    if response.status_code < 300:
        name, _ = call.named()
        call.functions.pool.retire(call.region, name, LATEST)
    return response


def _refuse_used(call: Call, name: str, version: str) -> None:
    """A version that an alias points to, and $LATEST, stay."""
    if version == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if is_alias(version):
        raise invalid("Deletion of aliases is not currently supported.")
    with moto_refuses():
        aliases = call.client("lambda").list_aliases(FunctionName=name)["Aliases"]
    using = [alias["Name"] for alias in aliases if alias["FunctionVersion"] == version]
    if using:
        message = f"Unable to delete version because the following aliases reference it: [{', '.join(using)}]"
        raise ServiceError("ResourceConflictException", message, status=409)


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json", headers=request_id())
