"""The operations of Lambda that this engine answers, whole or before and after moto; all others are moto's alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sm_raw.local.engine import Engine
from sm_raw.local.functions import changing
from sm_raw.local.functions.call import Call
from sm_raw.local.functions.code import CodeStore
from sm_raw.local.functions.invoking import invoke
from sm_raw.local.functions.pool import Pool
from sm_raw.local.functions.provisioned import Provisioning
from sm_raw.local.functions.refusals import out_of_constraint
from sm_raw.local.functions.urls import PATH, FunctionUrls
from sm_raw.local.protocol import ServiceError
from sm_raw.local.wire import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAX_ITEMS = 50


class Functions:
    """Lambda of one engine, in front of ``moto``."""

    def __init__(self, engine: Engine, moto: WSGIApplication) -> None:
        self.engine, self._moto = engine, moto
        self.code = CodeStore(engine.root / "functions" / "code")
        self.pool = Pool(engine, self.code)
        self.provisioning = Provisioning(engine, self.pool)
        self.urls = FunctionUrls(engine, self.pool)

    def answer(self, operation: str, region: str, environ: WSGIEnvironment) -> Response:
        """The answer to a call; errors are raised as ServiceError."""
        return HANDLERS.get(operation, ask_moto)(Call(self, region, operation, Request(environ)))

    def is_visit(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is for the address of a function."""
        return PATH.fullmatch(environ["PATH_INFO"]) is not None

    def from_moto(self, environ: WSGIEnvironment) -> Response:
        """moto's answer, whole."""
        return Response.from_app(self._moto, environ, buffered=True)


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
        wanted = "not be null" if executions is None else "have value greater than or equal to 1"
        raise out_of_constraint(executions, "provisionedConcurrentExecutions", wanted)
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


def create_url(call: Call) -> Response:
    """CreateFunctionUrlConfig."""
    return _json(call.functions.urls.create(call.region, *call.named(), call.document()), 201)


def get_url(call: Call) -> Response:
    """GetFunctionUrlConfig."""
    return _json(call.functions.urls.get(call.region, *call.named()))


def update_url(call: Call) -> Response:
    """UpdateFunctionUrlConfig."""
    return _json(call.functions.urls.update(call.region, *call.named(), call.document()))


def delete_url(call: Call) -> Response:
    """DeleteFunctionUrlConfig."""
    call.functions.urls.delete(call.region, *call.named())
    return Response(status=204, headers=request_id())


def list_urls(call: Call) -> Response:
    """ListFunctionUrlConfigs: all on one page."""
    return _json({"FunctionUrlConfigs": call.functions.urls.all_of(call.region, call.named()[0])})


def refuse(call: Call) -> Response:
    """What nobody here can do, or moto alone in Docker."""
    raise ServiceError("UnknownOperationException", f"This local engine does not answer {call.operation}.")


def ask_moto(call: Call) -> Response:
    """moto's answer; what it does not know it answers with a page of HTML."""
    response = call.to_moto()
    is_page = response.status_code == 404 and response.get_data().startswith(b"<!doctype html>")
    return refuse(call) if is_page else response


HANDLERS: dict[str, Callable[[Call], Response]] = {
    "CreateFunction": changing.create_function,
    "UpdateFunctionCode": changing.update_code,
    "UpdateFunctionConfiguration": changing.update_configuration,
    "PublishVersion": changing.publish_version,
    "PutFunctionConcurrency": changing.put_concurrency,
    "DeleteFunction": changing.delete_function,
    "AddPermission": changing.add_permission,
    "CreateAlias": changing.create_alias,
    "UpdateAlias": changing.update_alias,
    "DeleteAlias": changing.delete_alias,
    "Invoke": invoke_function,
    "PutProvisionedConcurrencyConfig": put_provisioned,
    "GetProvisionedConcurrencyConfig": get_provisioned,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned,
    "ListProvisionedConcurrencyConfigs": list_provisioned,
    "CreateFunctionUrlConfig": create_url,
    "GetFunctionUrlConfig": get_url,
    "UpdateFunctionUrlConfig": update_url,
    "DeleteFunctionUrlConfig": delete_url,
    "ListFunctionUrlConfigs": list_urls,
    "InvokeAsync": refuse,
    "InvokeWithResponseStream": refuse,
}


def _json(document: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json", headers=request_id())
