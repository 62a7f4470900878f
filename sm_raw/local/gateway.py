"""The WSGI application: SageMaker is answered here, and never by moto; everything else goes to moto."""

from __future__ import annotations

import html
import io
import json
import re
import sys
import traceback
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sm_raw.local import hosting, runtime, scaling, tags, training_jobs, tuning_jobs
from sm_raw.local.engine import Call, Engine, Handler, region_of
from sm_raw.local.protocol import ServiceError, operation_model, parse, serialise

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TARGET_PREFIX = "SageMaker."
JSON = "application/x-amz-json-1.1"
LOOPBACK_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[^/@:]+\.)*localhost)(?::\d+)?", re.IGNORECASE)
HANDLERS: dict[str, Handler] = {
    **training_jobs.HANDLERS,
    **tuning_jobs.HANDLERS,
    **hosting.HANDLERS,
    **tags.HANDLERS,
}


class Gateway:
    """One WSGI application for all services at the engine's endpoint."""

    def __init__(self, engine: Engine, moto: WSGIApplication) -> None:
        self._engine, self._moto = engine, moto

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._choose(environ)
        return answer(environ, start_response)

    def _choose(self, environ: WSGIEnvironment) -> WSGIApplication:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        region = region_of(authorization)
        if refusal := _refuse_foreigners(environ):
            return refusal
        if target.startswith(TARGET_PREFIX):
            return self._sagemaker(target.removeprefix(TARGET_PREFIX), region, Request(environ))
        # A bucket may be called "endpoints": only what is signed for SageMaker is the runtime's.
        if runtime.is_runtime(environ["PATH_INFO"]) and "/sagemaker/aws4_request" in authorization:
            return self._runtime(region, Request(environ))
        if target == scaling.TARGET:
            body = Request(environ).get_data()
            environ["wsgi.input"] = io.BytesIO(body)
            try:
                scaling.refuse_register(self._engine, region, body)
            except ServiceError as error:
                return _json_error(error)
        return self._through_moto

    def _sagemaker(self, operation: str, region: str, request: Request) -> Response:
        def respond() -> Response:
            operation_model(operation)
            handler = HANDLERS.get(operation)
            if handler is None:
                raise ServiceError("UnknownOperationException", f"This local engine does not answer {operation}.")
            answer = handler(Call(self._engine, region, parse(operation, request.get_data())))
            return Response(serialise(operation, answer), content_type=JSON, headers=_request_id())

        return _guarded(operation, respond, _json_error)

    def _runtime(self, region: str, request: Request) -> Response:
        response = _guarded(request.path, lambda: runtime.answer(self._engine, region, request), runtime.error_response)
        response.headers.extend(_request_id())
        return response

    def _through_moto(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """moto's answer. Where it has none it raises, which would reach the client as a page of HTML."""
        try:
            return self._moto(environ, start_response)
        except NotImplementedError as error:
            return _unknown_operation(environ, str(error))(environ, start_response)


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


def _unknown_operation(environ: WSGIEnvironment, reason: str) -> Response:
    """The refusal in the protocol of the request: JSON for a target, else the XML of the query protocol."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return _json_error(ServiceError("UnknownOperationException", reason))
    error = f"<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>{html.escape(reason)}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    return Response(body, status=400, content_type="text/xml")


def _refuse_foreigners(environ: WSGIEnvironment) -> Response | None:
    """Whoever reaches this endpoint can run code: pages in a browser, and names that only point here, may not."""
    host = environ.get("HTTP_HOST", "")
    if not LOOPBACK_HOST.fullmatch(host):
        return _forbidden(f"this endpoint answers on loopback only, not as {host!r}")
    if "HTTP_ORIGIN" in environ:
        return _forbidden("this endpoint does not answer web pages (the request carries an Origin)")
    return None


def _forbidden(reason: str) -> Response:
    return _json_error(ServiceError("AccessDeniedException", f"Refused: {reason}.", status=403))


def _json_error(error: ServiceError) -> Response:
    body = {"__type": error.code, "message": error.message, **error.fields}
    headers = {"x-amzn-ErrorType": error.code, **_request_id()}
    return Response(json.dumps(body), status=error.status, content_type=JSON, headers=headers)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}
