"""Which user function is called with what, as sagemaker-inference's Transformer does it."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from types import ModuleType
from typing import Any

from sm_raw.local.serving import defaults
from sm_raw.local.serving.context import Context

ANY = "*/*"


@dataclass(frozen=True)
class Response:
    status: int
    phrase: str
    headers: Mapping[str, str]
    body: bytes


class InferenceHandler:
    """The functions of the user's module, completed by the defaults; ``module`` None has none.

    Raises ValueError for a module that has transform_fn beside one of the three functions it replaces.
    """

    def __init__(self, module: ModuleType | None, *, model_dir: str, default_accept: str = defaults.JSON) -> None:
        def user(name: str) -> Any:
            return getattr(module, name, None)

        steps = [name for name in ("input_fn", "predict_fn", "output_fn") if user(name)]
        if user("transform_fn") and steps:
            raise ValueError(
                f"{getattr(module, '__name__', None)} has transform_fn and also {', '.join(steps)}: transform_fn "
                "replaces input_fn, predict_fn and output_fn; keep the one or the others"
            )
        self._pre_model, self._warm_up = user("pre_model_fn"), user("model_warmup_fn")
        self._model_fn = user("model_fn") or defaults.model_fn
        self._input_fn = user("input_fn") or defaults.input_fn
        self._predict_fn = user("predict_fn") or defaults.predict_fn
        self._output_fn = user("output_fn") or defaults.output_fn
        self._transform_fn = user("transform_fn") or self._run_steps
        self._model_dir, self._default_accept = model_dir, default_accept
        self._context = Context(model_dir)
        self._model: Any = None

    def load(self) -> None:
        """Load the model, with whatever the module wants done before and after; its exceptions pass through."""
        if self._pre_model:
            self._call(self._pre_model, self._model_dir)
        self._model = self._call(self._model_fn, self._model_dir)
        if self._warm_up:
            self._call(self._warm_up, self._model_dir, self._model)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """One request through the module's functions.

        What they raise becomes a response with the traceback, which also goes to stderr.
        """
        request = self._context.begin(headers)
        content_type = request.get_request_property("Content-Type")
        accept = request.get_request_property("Accept")
        if not accept or accept == ANY:
            accept = self._default_accept
        try:
            # TorchServe hands over a bytearray, not bytes.
            data = body.decode() if content_type in defaults.TEXT_TYPES else bytearray(body)
            result = self._call(self._transform_fn, self._model, data, content_type, accept)
            if isinstance(result, tuple):
                result, accept = result[0], result[1]
            self._context.set_response_content_type(0, accept)
        except Exception as error:
            trace = traceback.format_exc()
            sys.stderr.write(trace)
            result = self._fail(error, trace)
        return self._response(result)

    def _run_steps(self, model: Any, data: Any, content_type: str | None, accept: str) -> Any:
        decoded = self._call(self._input_fn, data, content_type)
        prediction = self._call(self._predict_fn, decoded, model)
        return self._call(self._output_fn, prediction, accept)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call with the context as an extra argument if the function has room for exactly one more."""
        taken = len(signature(function).parameters)
        if taken == len(arguments) + 1:
            arguments = (*arguments, self._context)
        elif taken != len(arguments):
            raise TypeError(
                f"{function.__name__} takes {taken} arguments; it is called with {len(arguments)}, "
                f"or with {len(arguments) + 1}: the last one is then the context"
            )
        return function(*arguments)

    def _fail(self, error: Exception, trace: str) -> str:
        status, message, phrase = 500, str(error) or "Invalid Request", None
        if _is_toolkit_error(error):
            status, message, phrase = error.status_code, error.message, error.phrase  # type: ignore[attr-defined]
        self._context.set_response_status(status, " ".join((phrase or message).splitlines()))
        return f"{message}\n{trace}"

    def _response(self, result: Any) -> Response:
        try:
            body = _encode(result)
        except (TypeError, ValueError):
            # The model server behind the toolkit says this, and that its worker is at fault.
            answer = {
                "code": 503,
                "type": "InternalServerException",
                "message": "Unsupported model output data type.",
            }
            return Response(503, "Service Unavailable", {"content-type": defaults.JSON}, json.dumps(answer).encode())
        status, phrase = self._context.get_response_status(0)
        headers = {name: value for name, value in self._context.get_response_headers(0).items() if value}
        return Response(status, phrase, headers, body)


def _is_toolkit_error(error: Exception) -> bool:
    """Whether the user's code raised an error of the toolkit, which carries the status to answer.

    The toolkit is imported by the user's code or not at all, so its class is known here by name.
    """
    return any(base.__name__ == "BaseInferenceToolkitError" for base in type(error).__mro__)


def _encode(result: Any) -> bytes:
    if isinstance(result, bytes | bytearray):
        return bytes(result)
    if isinstance(result, str):
        return result.encode()
    return json.dumps(result, indent=2).encode()
