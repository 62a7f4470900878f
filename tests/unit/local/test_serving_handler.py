"""The tables hold what sagemaker-inference 1.10.1's Transformer with the PyTorch container's defaults did."""

from __future__ import annotations

import io
import json
from types import ModuleType
from typing import Any

import numpy
import pytest

from sm_raw.local.serving.handler import InferenceHandler, Response


def module(**functions: Any) -> ModuleType:
    made = ModuleType("inference")
    vars(made).update({"model_fn": lambda model_dir: "model"} | functions)
    return made


def loaded(made: ModuleType, model_dir: str = "/model", **options: str) -> InferenceHandler:
    handler = InferenceHandler(made, model_dir=model_dir, **options)
    handler.load()
    return handler


def invoke(made: ModuleType, body: bytes = b"[[1, 2]]", **headers: str | None) -> Response:
    spelled = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    return loaded(made).invoke(body, spelled)


def npy(values: Any, dtype: str = "float32") -> bytes:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array(values, dtype=dtype))
    return buffer.getvalue()


STEPS = module(
    input_fn=lambda data, content_type: [type(data).__name__, content_type],
    predict_fn=lambda data, model: [*data, model],
    output_fn=lambda prediction, accept: json.dumps([*prediction, accept]),
)
TRANSFORM = module(
    transform_fn=lambda model, data, content_type, accept: json.dumps(
        [type(data).__name__, content_type, model, accept]
    )
)


@pytest.mark.parametrize("made", [STEPS, TRANSFORM], ids=["steps", "transform_fn"])
@pytest.mark.parametrize(
    ("content_type", "accept", "type_name", "accept_seen"),
    [
        ("application/json", None, "str", "application/json"),
        ("application/json", "*/*", "str", "application/json"),
        ("application/json", "text/csv", "str", "text/csv"),
        ("application/json", "image/png, text/csv", "str", "image/png, text/csv"),
        ("text/csv", "", "str", "application/json"),
        ("application/json; charset=utf-8", None, "bytearray", "application/json"),
        ("text/plain", None, "bytearray", "application/json"),
        ("image/jpeg", "application/x-npy", "bytearray", "application/x-npy"),
        (None, None, "bytearray", "application/json"),
    ],
)
def test_functions_get_payload_types_and_accept_as_in_the_container(
    made: ModuleType, content_type: str | None, accept: str | None, type_name: str, accept_seen: str
) -> None:
    response = invoke(made, Content_Type=content_type, Accept=accept)
    assert response == Response(
        200,
        "",
        {"content-type": accept_seen},
        json.dumps([type_name, content_type, "model", accept_seen]).encode(),
    )


@pytest.mark.parametrize(
    ("result", "status", "content_type", "body"),
    [
        ("text é", 200, "application/json", "text é".encode()),
        (b"\x00\xff", 200, "application/json", b"\x00\xff"),
        (bytearray(b"abc"), 200, "application/json", b"abc"),
        ((b"png", "image/png"), 200, "image/png", b"png"),
        (("a,b", "text/csv"), 200, "text/csv", b"a,b"),
        ((b"x", None), 200, None, b"x"),
        ({"a": [1]}, 200, "application/json", b'{\n  "a": [\n    1\n  ]\n}'),
        (None, 200, "application/json", b"null"),
        (
            object(),
            503,
            "application/json",
            b'{"code": 503, "type": "InternalServerException", "message": "Unsupported model output data type."}',
        ),
    ],
)
def test_results_of_every_kind_become_the_body(result: Any, status: int, content_type: str | None, body: bytes) -> None:
    response = invoke(module(transform_fn=lambda model, data, content_type, accept: result))
    headers = {"content-type": content_type} if content_type else {}
    assert (response.status, response.headers, response.body) == (status, headers, body)


@pytest.mark.parametrize("kind", ["circular", "surrogate"])
def test_a_result_that_cannot_be_written_ends_the_request_not_the_server(kind: str) -> None:
    circular: list[Any] = []
    circular.append(circular)
    result = circular if kind == "circular" else "\ud800"
    assert invoke(module(transform_fn=lambda model, data, content_type, accept: result)).status == 503


class BaseInferenceToolkitError(Exception):
    """As in the toolkit, which user code may import: its own class of this name carries the status."""

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        self.status_code, self.message, self.phrase = status_code, message, phrase


class UnprocessableError(BaseInferenceToolkitError):
    pass


@pytest.mark.parametrize(
    ("error", "status", "phrase", "first_line"),
    [
        (RuntimeError("no\nluck"), 500, "no luck", "no"),
        (KeyError(), 500, "Invalid Request", "Invalid Request"),
        (MemoryError("full"), 500, "full", "full"),
        (UnprocessableError(422, "m", "p\r\nq"), 422, "p q", "m"),
    ],
)
def test_an_error_of_user_code_is_the_response_and_a_traceback_on_stderr(
    error: Exception, status: int, phrase: str, first_line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def predict_fn(data: Any, model: Any) -> Any:
        raise error

    made = module(input_fn=lambda data, content_type: data, predict_fn=predict_fn)
    response = invoke(made, Content_Type="application/json")
    trace = capsys.readouterr().err
    text = response.body.decode()
    assert (response.status, response.phrase, response.headers) == (status, phrase, {})
    assert text.splitlines()[0] == first_line
    assert text.endswith(trace)
    assert trace.startswith("Traceback")
    assert type(error).__name__ in trace


def test_text_that_is_no_utf8_is_an_error_of_the_request() -> None:
    response = invoke(STEPS, b"\xff\xd8", Content_Type="application/json")
    assert (response.status, response.phrase[:29]) == (500, "'utf-8' codec can't decode by")


def test_after_an_error_the_next_request_is_answered_afresh() -> None:
    handler = loaded(module(transform_fn=lambda model, data, content_type, accept: data.decode()))
    assert handler.invoke(b"\xff", {}).status == 500
    assert handler.invoke(b"fine", {}) == Response(200, "", {"content-type": "application/json"}, b"fine")


@pytest.mark.parametrize(
    ("predict_fn", "status"),
    [
        (lambda data, model: b"", 200),
        (lambda data, model, context: context.model_name, 200),
        (lambda data, model, context=None: context.model_name, 200),
        (lambda data: b"", 500),
        (lambda data, model, context, more: b"", 500),
    ],
)
def test_a_function_gets_the_context_if_it_has_room_for_exactly_one_more(predict_fn: Any, status: int) -> None:
    made = module(input_fn=lambda data, content_type: data, predict_fn=predict_fn, output_fn=lambda p, accept: p)
    assert invoke(made).status == status


def test_context_carries_custom_attributes_both_ways_and_the_status() -> None:
    name = "X-Amzn-SageMaker-Custom-Attributes"

    def transform_fn(model: Any, data: Any, content_type: Any, accept: Any, context: Any) -> str:
        context.set_response_header(0, name, "threshold used")
        context.set_response_status(code=202, phrase="Later")
        return f"{model}: {context.get_request_header(0, name)}"

    made = module(model_fn=lambda model_dir, context: context.system_properties["model_dir"], transform_fn=transform_fn)
    response = loaded(made).invoke(b"", {name.upper(): "threshold=0.5"})
    expected_headers = {name: "threshold used", "content-type": "application/json"}
    assert response == Response(202, "Later", expected_headers, b"/model: threshold=0.5")


def test_context_knows_no_request_while_the_model_is_loaded() -> None:
    with pytest.raises(RuntimeError, match="the model is being loaded"):
        loaded(module(model_fn=lambda model_dir, context: context.get_request_header(0, "Accept")))


def test_pre_model_and_warm_up_run_around_model_fn() -> None:
    calls: list[Any] = []
    loaded(
        module(
            pre_model_fn=lambda model_dir: calls.append(("pre", model_dir)),
            model_fn=lambda model_dir: calls.append(("model", model_dir)) or "m",
            model_warmup_fn=lambda model_dir, model: calls.append(("warm", model_dir, model)),
        )
    )
    assert calls == [("pre", "/model"), ("model", "/model"), ("warm", "/model", "m")]


@pytest.mark.parametrize("name", ["input_fn", "predict_fn", "output_fn"])
def test_transform_fn_excludes_each_function_that_it_replaces(name: str) -> None:
    made = module(transform_fn=lambda model, data, content_type, accept: "", **{name: lambda first, second: ""})
    with pytest.raises(ValueError, match=f"inference has transform_fn and also {name}"):
        InferenceHandler(made, model_dir="/model")


def test_default_accept_can_be_another_one() -> None:
    response = loaded(STEPS, default_accept="text/csv").invoke(b"", {"Accept": "*/*"})
    assert response.headers == {"content-type": "text/csv"}


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "answer", "answer_type"),
    [
        (b"[[1, 2]]", "application/json", None, b"[[2.0, 4.0]]", "application/json"),
        (b"3", "application/json", None, b"6.0", "application/json"),
        (b"[[1, 2]]", "application/json", "text/csv", b"2.0,4.0\n", "text/csv"),
        (b"[[1, 2]]", "application/json", "application/x-npy", npy([[2, 4]], "float64"), "application/x-npy"),
        (b"[[1]]", "application/json", "image/png, text/csv", b"2.0\n", "image/png, text/csv"),
        (b"1,2\n3,4", "text/csv", None, b"[[2.0, 4.0], [6.0, 8.0]]", "application/json"),
        (npy([[1.5]]), "application/x-npy", None, b"[[3.0]]", "application/json"),
        (npy([[1]], "int64"), "application/x-npy", None, b"[[2]]", "application/json"),
    ],
)
def test_default_functions_run_a_torch_module(
    body: bytes, content_type: str, accept: str | None, answer: bytes, answer_type: str
) -> None:
    import torch

    class Doubler(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return batch * 2

    response = invoke(module(model_fn=lambda model_dir: Doubler()), body, Content_Type=content_type, Accept=accept)
    assert response == Response(200, "", {"content-type": answer_type}, answer)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "message"),
    [
        (b"x", "image/jpeg", None, "Content type image/jpeg is not supported by the default input_fn"),
        (b"[1]", None, None, "Content type None is not supported by the default input_fn"),
        (b"[1]", "application/json", "image/png", "Content type image/png is not supported by the default output_fn"),
        (b"{", "application/json", None, "Expecting property name"),
        (
            npy([{"a": 1}], "object"),
            "application/x-npy",
            None,
            "Object arrays cannot be loaded when allow_pickle=False",
        ),
    ],
)
def test_default_functions_refuse_what_they_do_not_know(
    body: bytes, content_type: str | None, accept: str | None, message: str
) -> None:
    made = module(predict_fn=lambda data, model: [1])
    response = invoke(made, body, Content_Type=content_type, Accept=accept)
    assert (response.status, response.body.decode()[: len(message)]) == (500, message)


def test_default_output_takes_arrays_and_what_holds_them() -> None:
    made = module(input_fn=lambda data, content_type: data, predict_fn=lambda data, model: {"p": numpy.array([1, 2])})
    assert invoke(made).body == b'{"p": [1, 2]}'


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_default_model_fn_loads_the_only_torchscript_file(tmp_path: Any) -> None:
    import torch

    (tmp_path / "weights.pth").touch()
    with pytest.raises(RuntimeError, match=r"weights.pth was not saved by torch.jit.*write a model_fn"):
        loaded(ModuleType("inference"), str(tmp_path))
    traced = torch.jit.trace(torch.nn.Identity(), torch.zeros(1))
    traced.save(str(tmp_path / "weights.pth"))
    response = loaded(ModuleType("inference"), str(tmp_path)).invoke(b"[1]", {"Content-Type": "application/json"})
    assert response.body == b"[1.0]"


@pytest.mark.parametrize("names", [[], ["a.pt", "b.pth"]])
def test_default_model_fn_says_what_is_missing(tmp_path: Any, names: list[str]) -> None:
    for name in ["notes.txt", *names]:
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="there is no model_fn, and without one exactly one") as raised:
        loaded(ModuleType("inference"), str(tmp_path))
    assert str(names) in str(raised.value)
