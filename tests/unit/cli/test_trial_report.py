from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.aws.failures.causes import match_causes
from sm_raw.cli.trial_report import Invocation, Served, Trial, as_json, as_text
from sm_raw.cli.try_model import of_the_model
from sm_raw.validation.artifacts import Artifact, LayoutFinding, Member

ARTIFACT = Artifact((Member("code/inference.py", 12), Member("model.pth", 3456)))
WARNING = LayoutFinding("mac-files", "warning", "._a", "one of macOS's own", "pack without it")
ERROR = LayoutFinding("one-folder", "error", "m", "one folder too deep", "pack what is in it")
GOOD = Invocation("dog.jpg", "image/jpeg", 5000, 200, 12.4, "{}", "dog", 0.875)
BAD = Invocation("cat.npy", "application/x-npy", 99, 500, 3.0, "ValueError: no\nTraceback ...", remedy="send a JPEG")


def trial(served: Served | None, *layout: LayoutFinding) -> Trial:
    return Trial("model.tar.gz", ARTIFACT, layout, (), served)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (trial(Served(1.25, None, (GOOD,))), "works: healthy after 1.2 s, 1 request answered"),
        (
            trial(Served(1.25, None, (GOOD, GOOD)), WARNING),
            "works: healthy after 1.2 s, 2 requests answered, 1 warning",
        ),
        (
            trial(Served(1.0, None, (GOOD, BAD))),
            "does not work: cat.npy: status 500 to application/x-npy: ValueError: no",
        ),
        (
            trial(Served(None, 1, (), "Traceback\nKeyError: 1")),
            "does not work: the server ended as it loaded: KeyError: 1",
        ),
        (trial(Served(None)), "does not work: it did not become healthy in time"),
        (trial(Served(None), ERROR), "does not work: m: one folder too deep (and 1 more)"),
        (trial(None, ERROR), "does not work: m: one folder too deep"),
        (trial(None, WARNING), "not run: layout and code have no errors"),
    ],
)
def test_the_verdict_is_one_line_and_the_last(given: Trial, verdict: str) -> None:
    assert given.verdict == verdict
    assert as_text(given).splitlines()[-1] == verdict


def test_text_shows_tree_findings_answers_traceback_and_cause() -> None:
    causes = tuple(match_causes("ModuleNotFoundError: No module named 'timm'"))
    text = as_text(trial(Served(2.0, None, (GOOD, BAD), "Traceback:\nValueError: no", causes), WARNING))
    for line in (
        "model.tar.gz: 2 files, 3,468 bytes unpacked",
        "warning: ._a: one of macOS's own [mac-files]\n  -> pack without it",
        "GET /ping: 200 after 2.0 s",
        "dog.jpg            image/jpeg         200     12  dog    0.875",
        "cat.npy: ValueError: no\n  -> send a JPEG",
        "  | ValueError: no",
        "[module-missing]",
    ):
        assert line in text


def test_the_log_stands_in_for_a_traceback_that_was_not_found() -> None:
    assert "  | Killed" in as_text(trial(Served(None, -9, log=("Killed",))))


def test_json_holds_the_same() -> None:
    document: dict[str, Any] = json.loads(as_json(trial(Served(2.0, None, (GOOD,)), WARNING)))
    assert document["works"] is True
    assert document["files"][1] == {"name": "model.pth", "bytes": 3456}
    assert document["layout"][0]["id"] == "mac-files"
    assert document["served"]["invocations"][0]["label"] == "dog"
    assert json.loads(as_json(trial(None, WARNING)))["works"] is False  # it was not run


def test_only_the_models_part_of_a_traceback_is_shown() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/somewhere/handler.py", line 75, in invoke',
        "    call()",
        '  File "/opt/ml/model/code/inference.py", line 7, in input_fn',
        "    decode(body)",
        '  File "/usr/lib/python3/PIL/Image.py", line 9, in open',
        "    raise x",
        "ValueError: no picture",
    ]
    assert of_the_model("\n".join(lines)) == "\n".join([lines[0], *lines[3:]])
    assert of_the_model("\n".join([*lines[:3], lines[-1]])) == "ValueError: no picture"
    assert of_the_model("") == ""
