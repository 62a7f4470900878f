"""The WSGI application: SageMaker is answered here, and never by moto; everything else goes to moto."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from sm_raw.local import (
    control,
    endpoint_updates,
    hosting,
    image_registry,
    object_listing,
    other_jobs,
    policy_simulation,
    runtime,
    tags,
    training_jobs,
    tuning_jobs,
    virtual_machines,
)
from sm_raw.local.engine import Call, Engine, Handler, region_of
from sm_raw.local.faults import struck
from sm_raw.local.functions.service import Functions
from sm_raw.local.protocol import ServiceError, operation_model, parse, serialise
from sm_raw.local.scaling import operations as autoscaling
from sm_raw.local.wire import JSON, body_of, error_response, json_error, request_id, target_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TARGET_PREFIX = "SageMaker."
MOTO_API = "/moto-api"
LOOPBACK_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[^/@:]+\.)*localhost)(?::\d+)?", re.IGNORECASE)
HANDLERS: dict[str, Handler] = {
    **training_jobs.HANDLERS,
    **tuning_jobs.HANDLERS,
    **other_jobs.HANDLERS,
    **hosting.HANDLERS,
    **endpoint_updates.HANDLERS,
    **tags.HANDLERS,
}
# What answers a call of another service than moto would, or not at all.
BEFORE_MOTO = (policy_simulation.answer, image_registry.answer, virtual_machines.answer, object_listing.page)


class Gateway:
    """One WSGI application for all services at the engine's endpoint."""

    def __init__(self, engine: Engine, moto: WSGIApplication) -> None:
        self._engine, self._moto = engine, moto
        self._functions = Functions(engine, self._through_moto)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _refuse_foreigners(environ) or self._admit(environ)
        return answer(environ, start_response)

    def _admit(self, environ: WSGIEnvironment) -> WSGIApplication:
        """What tests ask of this engine, and what it asks of itself, meets no fault; anything else may."""
        if control.is_control(environ):
            return control.answer(self._engine, Request(environ))
        if self._functions.is_visit(environ):
            return self._visit(Request(environ))
        if self._engine.is_own(environ) or environ["PATH_INFO"].startswith(MOTO_API):
            return self._answer
        target = target_of(environ)
        app = self._engine.census.counted(target, self._answer)
        fault = self._engine.faults.of_call(target)
        return struck(fault, target, app, self._engine.closing.wait) if fault else app

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._choose(environ)(environ, start_response)

    def _choose(self, environ: WSGIEnvironment) -> WSGIApplication:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        region = region_of(authorization)
        if target.startswith(TARGET_PREFIX):
            return self._sagemaker(target.removeprefix(TARGET_PREFIX), region, Request(environ))
        # A bucket may be called "endpoints": only what is signed for SageMaker is the runtime's.
        if runtime.is_runtime(environ["PATH_INFO"]) and "/sagemaker/aws4_request" in authorization:
            return self._runtime(region, Request(environ))
        if "/lambda/aws4_request" in authorization:
            return self._lambda(target_of(environ).operation, region, environ)
        if target.startswith(autoscaling.TARGET_PREFIX):
            return self._autoscaling(target.removeprefix(autoscaling.TARGET_PREFIX), region, environ)
        if "/monitoring/aws4_request" in authorization and not self._engine.is_own(environ):
            self._engine.scaling.wake(region)
            self._engine.meter.publish()
        return next(filter(None, (part(environ) for part in BEFORE_MOTO)), self._through_moto)

    def _sagemaker(self, operation: str, region: str, request: Request) -> Response:
        def respond() -> Response:
            operation_model(operation)
            handler = HANDLERS.get(operation)
            if handler is None:
                raise ServiceError("UnknownOperationException", f"This local engine does not answer {operation}.")
            answer = handler(Call(self._engine, region, parse(operation, request.get_data())))
            return Response(serialise(operation, answer), content_type=JSON, headers=request_id())

        return _guarded(operation, respond, json_error)

    def _runtime(self, region: str, request: Request) -> Response:
        def respond() -> Response:
            response = runtime.answer(self._engine, region, request)
            response.headers.extend(request_id())
            return response

        return _guarded(request.path, respond, lambda error: error_response("rest-json", error))

    def _visit(self, request: Request) -> Response:
        def respond() -> Response:
            return self._functions.urls.visit(request)

        return _guarded(request.path, respond, lambda error: error_response("rest-json", error))

    def _lambda(self, operation: str, region: str, environ: WSGIEnvironment) -> Response:
        def respond() -> Response:
            return self._functions.answer(operation, region, environ)

        return _guarded(operation, respond, lambda error: error_response("rest-json", error))

    def _autoscaling(self, operation: str, region: str, environ: WSGIEnvironment) -> Response:
        def respond() -> Response:
            body = body_of(environ)
            return autoscaling.answer(self._engine, region, operation, body, lambda: _run(self._through_moto, environ))

        return _guarded(operation, respond, json_error)

    def _through_moto(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """moto's answer. Where it has none it raises, or sends a page of HTML, which no client can read."""
        pages: list[str] = []

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status.startswith("500") and dict(headers).get("Content-Type", "").startswith("text/html"):
                pages.append(status)
                return pages.append
            return start_response(status, headers, *more)

        try:
            answer = self._moto(environ, begin)
        except NotImplementedError as error:
            return _unknown_operation(environ, str(error))(environ, start_response)
        if not pages:
            return answer
        target = target_of(environ)
        reason = f"{target.operation or 'This operation'} of {target.service or 'this service'} has no answer here."
        return _unknown_operation(environ, reason)(environ, start_response)


def _guarded(what: str, respond: Callable[[], Response], refuse: Callable[[ServiceError], Response]) -> Response:
    """The answer or the refusal. Any other exception is a bug of ours: told here, and InternalFailure to the client."""
    try:
        return respond()
    except ServiceError as error:
        return refuse(error)
    except Exception as error:
        print(f"sm_raw local: {what} broke", file=sys.stderr)
        traceback.print_exc()
        reason = f"The local engine met an error of its own: {type(error).__name__}: {error}"
        return refuse(ServiceError("InternalFailure", reason, status=500))


def _run(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """What ``app`` answers, so that it can be looked at."""
    return Response(*run_wsgi_app(app, environ, buffered=True))


def _unknown_operation(environ: WSGIEnvironment, reason: str) -> Response:
    """The refusal in the protocol of the request: JSON for a target, else the XML of the query protocol."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return json_error(ServiceError("UnknownOperationException", reason))
    return error_response("query", ServiceError("InvalidAction", reason))


def _refuse_foreigners(environ: WSGIEnvironment) -> Response | None:
    """Whoever reaches this endpoint can run code: pages in a browser, and names that only point here, may not."""
    host = environ.get("HTTP_HOST", "")
    if not LOOPBACK_HOST.fullmatch(host):
        return _forbidden(f"this endpoint answers on loopback only, not as {host!r}")
    if "HTTP_ORIGIN" in environ:
        return _forbidden("this endpoint does not answer web pages (the request carries an Origin)")
    return None


def _forbidden(reason: str) -> Response:
    return json_error(ServiceError("AccessDeniedException", f"Refused: {reason}.", status=403))
