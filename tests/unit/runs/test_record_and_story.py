from __future__ import annotations

import io
import json
from pathlib import Path

from sm_raw.runs.record import Record
from sm_raw.runs.story import Story


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_record_is_written_after_every_step(tmp_path: Path) -> None:
    record = Record(tmp_path / "out", recipe="digits", target="local")
    record.end(record.begin("data"), "succeeded", "3 files")
    content = json.loads(record.path.read_text())
    assert [(step["name"], step["operation"], step["status"], step["detail"]) for step in content["steps"]] == [
        ("data", None, "succeeded", "3 files")
    ]
    assert content["status"] == "running"


def test_a_step_under_way_gets_the_end_of_the_run(tmp_path: Path) -> None:
    record = Record(tmp_path, recipe="digits", target="local")
    record.begin("tune", "CreateHyperParameterTuningJob")
    record.finish("interrupted", "stopped by Ctrl-C")
    content = json.loads(record.path.read_text())
    assert (content["status"], content["error"]) == ("interrupted", "stopped by Ctrl-C")
    assert content["steps"][0]["status"] == "interrupted"
    assert content["started"] <= content["finished"]


def test_requests_lie_beside_the_record(tmp_path: Path) -> None:
    record = Record(tmp_path, recipe="digits", target="local")
    path = record.write_request("create_model.json", {"ModelName": "m"})
    assert path == "requests/create_model.json"
    assert json.loads((tmp_path / path).read_text()) == {"ModelName": "m"}


def test_without_a_terminal_every_line_is_plain() -> None:
    stream = io.StringIO()
    story = Story(stream, width=80)
    story.begin("data", "uploading")
    story.progress("1 of 2")
    story.progress("1 of 2")
    story.end("data", "succeeded", "2 files", 1.25)
    assert stream.getvalue().splitlines() == [
        "data             uploading ...",
        "  1 of 2",
        "data             ok         1.2 s  2 files",
    ]


def test_on_a_terminal_the_progress_moves_and_never_wraps() -> None:
    stream = Terminal()
    story = Story(stream, width=40)
    story.progress("x" * 100)
    story.line("stays")
    story.settle()
    pieces = stream.getvalue().split("\r\033[K")
    assert max(len(piece.strip("\n")) for piece in pieces) <= 40
    assert "stays\n" in pieces


def test_tables_are_aligned() -> None:
    stream = io.StringIO()
    Story(stream, width=80).table([["trial", "loss"], ["a-very-long-name", "0.1"]])
    assert stream.getvalue().splitlines() == ["  trial             loss", "  a-very-long-name  0.1"]
