from __future__ import annotations

from pathlib import Path

import pytest

from sm_raw.aws.resources import Resource
from sm_raw.errors import RunInProgress
from sm_raw.runs.ledger import Ledger, open_ledger

MODEL, ENDPOINT = Resource("model", "m"), Resource("endpoint", "e")
POLICY = Resource("scaling policy", "p", "endpoint/e/variant/v", "sagemaker:variant:DesiredInstanceCount")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def again(ledger: Ledger) -> Ledger:
    """The ledger as the next process reads it."""
    return Ledger(ledger.path)


def test_what_was_begun_may_exist_even_if_its_answer_never_came(ledger: Ledger) -> None:
    ledger.creating("CreateModel", "m", MODEL)
    ledger.creating("PutScalingPolicy", "p", POLICY)
    assert again(ledger).resources() == [MODEL, POLICY]
    assert again(ledger).is_own("CreateModel", "m")
    assert not again(ledger).is_own("CreateModel", "other")


@pytest.mark.parametrize("ending", ["refused", "removed"])
def test_what_was_refused_or_removed_is_gone(ledger: Ledger, ending: str) -> None:
    ledger.creating("CreateModel", "m", MODEL)
    ledger.creating("CreateEndpoint", "e", ENDPOINT)
    if ending == "refused":
        ledger.refused("CreateModel", "m", MODEL)
    else:
        ledger.removed(MODEL)
    assert again(ledger).resources() == [ENDPOINT]
    assert again(ledger).is_own("CreateModel", "m") is (ending == "removed")


def test_what_is_made_again_after_its_removal_is_there_again(ledger: Ledger) -> None:
    ledger.creating("CreateModel", "m", MODEL)
    ledger.removed(MODEL)
    ledger.creating("CreateModel", "m", MODEL)
    assert again(ledger).resources() == [MODEL]


def test_jobs_run_until_their_end_is_known(ledger: Ledger) -> None:
    ledger.creating("CreateTrainingJob", "t", None)
    ledger.creating("CreateHyperParameterTuningJob", "h", None)
    ledger.created("CreateTrainingJob", "t")
    ledger.creating("CreateEndpoint", "e", ENDPOINT)
    assert again(ledger).running() == [("CreateTrainingJob", "t"), ("CreateHyperParameterTuningJob", "h")]
    ledger.ended("CreateTrainingJob", "t")
    ledger.refused("CreateHyperParameterTuningJob", "h", None)
    assert again(ledger).running() == []


def test_what_a_run_made_that_came_to_its_end_is_the_next_ones_only_to_reuse(ledger: Ledger) -> None:
    ledger.write("run", options={}, plan="a")
    ledger.creating("CreateTrainingJob", "t", None)
    ledger.ended("CreateTrainingJob", "t")
    ledger.write("done")
    assert (ledger.has_done_all_steps, ledger.has_finished) == (True, False)
    ledger.write("finished")
    assert (ledger.has_done_all_steps, ledger.has_finished) == (False, True)
    assert not ledger.is_own("CreateTrainingJob", "t")


def test_a_line_that_was_cut_off_was_not_sent(ledger: Ledger) -> None:
    ledger.creating("CreateModel", "m", MODEL)
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + b'{"event": "creating", "operation": "CreateEnd')
    assert again(ledger).resources() == [MODEL]
    assert ledger.path.read_bytes() == whole


def test_the_last_run_is_known_with_its_options(ledger: Ledger) -> None:
    assert ledger.last_run() is None
    for plan in ("a", "b"):
        ledger.write("run", options={"recipe": "digits"}, plan=plan)
    assert again(ledger).last_run() == {"event": "run", "options": {"recipe": "digits"}, "plan": "b"}


def test_a_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    second = open_ledger(tmp_path / "out")
    with open_ledger(tmp_path / "out"), pytest.raises(RunInProgress, match=r"another run works in .*out"):
        second.__enter__()
    with open_ledger(tmp_path / "out") as ledger:
        ledger.write("done")
    assert len(Ledger(tmp_path / "out" / "ledger.jsonl").events) == 1


def test_what_stays_is_known_once_until_it_is_removed(ledger: Ledger) -> None:
    objects = Resource("objects", "s3://b/run/")
    ledger.leaves(objects)
    ledger.leaves(objects)
    assert again(ledger).remains() == [objects]
    assert len(again(ledger).events) == 1
    assert again(ledger).resources() == []
    ledger.removed(objects)
    assert again(ledger).remains() == []


def test_an_upload_is_unfinished_until_all_is_there(ledger: Ledger) -> None:
    ledger.uploading("s3://b/one")
    ledger.uploading("s3://b/two")
    ledger.uploaded("s3://b/one")
    assert again(ledger).unfinished_uploads() == ["s3://b/two"]


def test_what_is_removed_after_the_end_does_not_begin_the_run_again(ledger: Ledger) -> None:
    ledger.leaves(Resource("log group", "/aws/lambda/f"))
    ledger.write("finished")
    ledger.removed(Resource("log group", "/aws/lambda/f"))
    assert again(ledger).has_finished
