from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli
from sm_raw.errors import EngineFailed

NAME = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
GOOD = {"EndpointName": "digits", "EndpointConfigName": "digits"}
BAD = {"EndpointName": "my digits"}
CONFIG = {
    "EndpointConfigName": "digits",
    "ProductionVariants": [
        {"VariantName": "Blue", "ModelName": "m", "InstanceType": "ml.m5.96xlarge", "InitialInstanceCount": 1}
    ],
}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/digits/variant/Green",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "MinCapacity": 1,
    "MaxCapacity": 2,
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(file: str, content: object) -> str:
    Path(file).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_right_document_gives_nothing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", write("create_endpoint.json", GOOD)]) == 0
    assert capsys.readouterr() == ("", "1 document checked: 0 errors, 0 warnings\n")


def test_findings_are_grouped_by_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("create_endpoint.json", GOOD)
    write("CreateEndpoint.json", BAD)
    assert cli.main(["check", "create_endpoint.json", "CreateEndpoint.json"]) == 1
    assert capsys.readouterr() == (
        "CreateEndpoint.json\n"
        f"  E004 CreateEndpoint EndpointName: 'my digits' does not match {NAME}; 'my-digits' would\n"
        f"  E001 CreateEndpoint EndpointConfigName: missing; give text that matches {NAME}\n",
        "2 documents checked: 2 errors, 0 warnings\n",
    )


def test_json_is_a_list_of_findings_with_their_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--format", "json", "--operation", "CreateEndpoint", write("x.json", BAD)]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "E004",
            "severity": "error",
            "operation": "CreateEndpoint",
            "path": "EndpointName",
            "message": f"'my digits' does not match {NAME}; 'my-digits' would",
            "file": "x.json",
        },
        {
            "id": "E001",
            "severity": "error",
            "operation": "CreateEndpoint",
            "path": "EndpointConfigName",
            "message": f"missing; give text that matches {NAME}",
            "file": "x.json",
        },
    ]


def test_json_without_findings_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--format", "json", write("create_endpoint.json", GOOD)]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_warnings_alone_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", write("create_endpoint_config.json", CONFIG)]) == 0
    out, err = capsys.readouterr()
    assert "  W003 CreateEndpointConfig ProductionVariants[0].InstanceType: 'ml.m5.96xlarge' is not one of" in out
    assert err == "1 document checked: 0 errors, 1 warning\n"


def test_documents_are_held_against_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    write("create_endpoint_config.json", CONFIG)
    write("create_endpoint.json", GOOD)
    write("register_scalable_target.json", TARGET)
    files = ["create_endpoint_config.json", "create_endpoint.json", "register_scalable_target.json"]
    assert cli.main(["check", *files]) == 1
    assert capsys.readouterr().out.endswith(
        "register_scalable_target.json\n"
        "  E510 RegisterScalableTarget ResourceId: endpoint 'digits' has no variant 'Green'; give Blue\n"
    )


@pytest.mark.parametrize(
    ("file", "content", "story"),
    [
        ("create_endpoint.json", None, "cannot be read: No such file or directory"),
        (
            "create_endpoint.json",
            '{"EndpointName":\n  "a",}',
            "not JSON: Expecting property name enclosed in double quotes at line 2, column 7",
        ),
        ("create_endpoint.json", "", "not JSON: Expecting value at line 1, column 1"),
        ("create_endpoint.json", "[]", "not a request: the document is a list, not an object"),
        ("create_endpoint.json", "[" * 100_000, "not a request: nested too deeply"),
    ],
)
def test_unreadable_document_is_told_in_one_line(
    file: str, content: str | None, story: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        write(file, content)
    assert cli.main(["check", file]) == 2
    assert capsys.readouterr() == ("", f"{file}: {story}\n0 documents checked: 0 errors, 0 warnings\n")


def test_file_of_no_operation_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", write("create_endpiont.json", GOOD)]) == 2
    story = "create_endpiont.json: no operation 'create_endpiont'; the nearest: CreateEndpoint, "
    assert capsys.readouterr().err.startswith(story)


def test_text_that_is_not_utf8_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("create_endpoint.json").write_bytes(b'{"EndpointName": "\xff"}')
    assert cli.main(["check", "create_endpoint.json"]) == 2
    assert "create_endpoint.json: not UTF-8 text: invalid start byte at byte 18\n" in capsys.readouterr().err


def test_folder_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    Path("create_endpoint.json").mkdir()
    assert cli.main(["check", "create_endpoint.json"]) == 2
    assert "create_endpoint.json: cannot be read: Is a directory\n" in capsys.readouterr().err


def test_unreadable_document_does_not_hide_the_findings_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    write("create_endpoint.json", BAD)
    assert cli.main(["check", "create_model.json", "create_endpoint.json"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("create_endpoint.json\n  E004 ")
    assert err == (
        "create_model.json: cannot be read: No such file or directory\n1 document checked: 2 errors, 0 warnings\n"
    )


def test_unknown_operation_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--operation", "CreateEndpiont", write("x.json", GOOD)]) == 2
    assert capsys.readouterr().err.startswith("x.json: no operation 'CreateEndpiont'; the nearest: CreateEndpoint, ")


def test_byte_order_mark_is_skipped() -> None:
    assert cli.main(["check", write("create_endpoint.json", "\ufeff" + json.dumps(GOOD))]) == 0


def test_standard_input_is_a_document(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode())))
    assert cli.main(["check", "--operation", "CreateEndpoint", "-"]) == 0
    assert cli.main(["check", "-"]) == 2
    assert "-: standard input has no name to take the operation from; give --operation\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "local"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  python -m sm_raw {command} " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["check"], ["cheek"], ["local", "--port", "many"]])
def test_wrong_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m sm_raw ")


def engine(monkeypatch: pytest.MonkeyPatch, serve: Any) -> None:
    monkeypatch.setattr("sm_raw.local.server.main", serve)


def test_local_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    engine(monkeypatch, lambda **options: calls.append(options) or 0)
    arguments = ["--port", "5001", "--root", "engine", "--time-scale", "60", "--faults", "faults.json"]
    assert [cli.main(["local"]), cli.main(["local", *arguments])] == [0, 0]
    assert calls == [
        {"port": 0, "root": None, "time_scale": 1.0, "faults": None},
        {"port": 5001, "root": "engine", "time_scale": 60.0, "faults": "faults.json"},
    ]


@pytest.mark.parametrize(
    ("failure", "code", "story"),
    [
        (EngineFailed("port 5001 is taken"), 1, "sm_raw: port 5001 is taken\n"),
        (
            ModuleNotFoundError("No module named 'moto'", name="moto.server"),
            1,
            "sm_raw: the local engine needs moto.server; install it with: pip install 'sm_raw[local]'\n",
        ),
        (KeyboardInterrupt(), 130, "sm_raw: interrupted\n"),
    ],
)
def test_engine_that_does_not_serve_is_told_in_one_line(
    failure: BaseException,
    code: int,
    story: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def serve(**options: object) -> int:
        raise failure

    engine(monkeypatch, serve)
    assert cli.main(["local"]) == code
    assert capsys.readouterr() == ("", story)


def test_module_of_our_own_that_is_missing_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(**options: object) -> int:
        raise ModuleNotFoundError("No module named 'sm_raw.gone'", name="sm_raw.gone")

    engine(monkeypatch, serve)
    with pytest.raises(ModuleNotFoundError, match=r"sm_raw\.gone"):
        cli.main(["local"])


def test_module_runs_as_a_program() -> None:
    write("create_endpoint.json", BAD)
    command = [sys.executable, "-m", "sm_raw", "check", "create_endpoint.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "1 document checked: 2 errors, 0 warnings\n")
