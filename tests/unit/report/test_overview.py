from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_raw.report import overview
from sm_raw.report.formats import MISSING
from sm_raw.report.overview import Figure, Headline

Run = dict[str, Any]


def test_headline_of_a_success_tells_recipe_target_and_duration(run: Run) -> None:
    assert overview.headline(run) == Headline(
        title="The digits run succeeded",
        status="succeeded",
        target="local",
        started="2026-11-21T14:03:11Z",
        duration="2 min 14 s",
        error="",
        error_lines="",
    )


def test_headline_of_a_failure_names_the_step_and_keeps_the_log_lines(run: Run) -> None:
    run["steps"][1]["status"] = "failed"
    failed = run | {"status": "failed", "error": "job ended Failed: exit code 1\n  | Traceback\n  |   main()"}
    told = overview.headline(failed)
    assert told.title == "The digits run failed at step 'tune'"
    assert (told.error, told.error_lines) == ("job ended Failed: exit code 1", "  | Traceback\n  |   main()")


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("failed", "The digits run failed"),
        ("interrupted", "The digits run was interrupted"),
        ("paused", "The digits run ended with status paused"),
        (None, "The digits run ended with status unknown"),
    ],
)
def test_headline_copes_with_every_status(run: Run, status: str | None, title: str) -> None:
    assert overview.headline(run | {"status": status}).title == title


def test_duration_without_an_end_is_what_the_steps_took(run: Run) -> None:
    assert overview.headline(run | {"finished": None}).duration == "2.0 s"
    assert overview.headline({}).duration == MISSING


def test_key_figures_of_a_whole_run(run: Run) -> None:
    assert overview.key_figures(run) == [
        Figure("Test accuracy", "97.2%", "of the final training job"),
        Figure("Endpoint predictions", "1 of 2 right", "through InvokeEndpoint"),
        Figure("Best trial", "0.14", "valid:loss, of 4 trials"),
        Figure("Debugger rules", "1 of 2", "found issues", "warn"),
        Figure("Left behind", "nothing", "proved by listing", "good"),
    ]


def test_predictions_by_way_of_a_function_are_told(run: Run) -> None:
    run["predictions"][0]["through"] = "function"
    figure = overview.key_figures(run)[1]
    assert figure == Figure("Endpoint predictions", "1 of 2 right", "1 of them by way of the function")


def test_key_figures_of_an_empty_run_claim_nothing() -> None:
    assert overview.key_figures({}) == [
        Figure("Test accuracy", MISSING, "of the final training job"),
        Figure("Endpoint predictions", MISSING),
        Figure("Left behind", MISSING, "not recorded", "warn"),
    ]


def test_predictions_without_an_expected_label_are_not_counted_as_right(run: Run) -> None:
    unlabelled = run | {"predictions": [{"label": "7"}, {"label": "8"}]}
    assert Figure("Endpoint predictions", "2 answered", "none has a known label") in overview.key_figures(unlabelled)


def test_steps_tell_when_in_the_run_they_were_and_for_how_long(run: Run, tmp_path: Path) -> None:
    steps = overview.steps(run, tmp_path, tmp_path)
    assert [(step.start, step.share) for step in steps] == [(0.0, 0.25), (0.25, 0.75)]


def test_steps_without_seconds_have_no_share(tmp_path: Path) -> None:
    (step,) = overview.steps({"steps": [{"name": "tune"}]}, tmp_path, tmp_path)
    assert (step.name, step.seconds, step.start, step.share) == ("tune", None, 0.0, 0.0)


@pytest.mark.parametrize(
    ("request_path", "href"),
    [
        ("requests/tune.json", "requests/tune.json"),
        ("requests/a b#c?.json", "requests/a%20b%23c%3F.json"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("https://example.com/x", "https%3A/example.com/x"),
        ("//example.com/x", ""),
        ("../other.json", ""),
        (None, ""),
    ],
)
def test_a_request_document_is_linked_only_below_the_folder(
    run: Run, tmp_path: Path, request_path: str | None, href: str
) -> None:
    run["steps"][0]["request"] = request_path
    assert overview.steps(run, tmp_path, tmp_path)[0].href == href


def test_links_go_from_where_the_page_is(run: Run, tmp_path: Path) -> None:
    steps = overview.steps(run, tmp_path / "out", tmp_path / "pages")
    assert steps[1].href == "../out/requests/tune.json"


def test_left_behind_is_one_line_for_each_resource() -> None:
    left = {"left_behind": ["endpoint e", {"kind": "model", "name": "m", "extra": None}]}
    assert overview.left_behind(left) == ["endpoint e", "model m"]
    assert overview.left_behind({"left_behind": None}) is None
