"""attach, explain, logs and results, against a real engine."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli, specs
from sm_raw.aws.clients import local_clients
from sm_raw.cli import jobs
from sm_raw.validation import check

pytestmark = pytest.mark.local
COUNTING = """
for number in range(300):
    print(f"line {number}", flush=True)
"""
BROKEN = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-x")
print("valid:loss=1;")
import a_module_that_is_not_there
"""
BROKEN_MODEL = "import a_module_that_is_not_there\n"
WRITING = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("-x", type=float, default=0.3)
for epoch in range(1, 4):
    print(f"valid:loss={1 / epoch};", flush=True)
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "confusion.txt").write_text("1 0")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("weights")
"""
GREETING = """
def handle(event, context):
    print("good day")
"""
WIDTH = 80


# Clients of the same engine are made once: each new session reads botocore's models again.
remembered_clients = functools.cache(local_clients)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "local_clients", remembered_clients)


def command(lab: Any, *arguments: str) -> int:
    return cli.main([*arguments, "--endpoint-url", lab.url])


def source(lab: Any, name: str, program: str) -> str:
    uri: str = lab.put(f"code/{name}.tar.gz", lab.archive({"train.py": program}))
    return uri


@pytest.fixture(scope="module")
def tuned(lab: Any) -> str:
    """A tuning job of two trials that has ended."""
    name: str = lab.name("tune")
    lab.sm.create_hyper_parameter_tuning_job(
        **specs.tuning_job(
            name,
            training=specs.training_definition(**lab.common()),
            ranges=[specs.continuous_range("x", 0.0, 1.0)],
            objective_metric="valid:loss",
            objective_type="Minimize",
            max_jobs=2,
            max_parallel_jobs=2,
        )
    )
    lab.ended("CreateHyperParameterTuningJob", name)
    return name


@pytest.fixture(scope="module")
def trained(lab: Any) -> str:
    """A training job that has ended well, with output data beside its model."""
    name: str = lab.train(source=source(lab, "writing", WRITING))["TrainingJobName"]
    return name


@pytest.fixture(scope="module")
def broken(lab: Any) -> str:
    """A training job whose script has failed."""
    name: str = lab.train(source=source(lab, "broken-command", BROKEN))["TrainingJobName"]
    return name


@pytest.fixture(scope="module")
def sick(lab: Any) -> str:
    """An endpoint that fails, because its model's code cannot be imported."""
    name: str = lab.name("sick")
    archive = lab.archive({"code/inference.py": BROKEN_MODEL, "model.txt": "weights"})
    lab.sm.create_model(
        **specs.model(
            name,
            image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311",
            role_arn="arn:aws:iam::123456789012:role/Trainer",
            model_data_uri=lab.put(f"models/{name}.tar.gz", archive),
            environment=specs.serving_script(),
        )
    )
    variants = [specs.production_variant(name, instance_type="ml.m5.large")]
    lab.sm.create_endpoint_config(**specs.endpoint_config(name, variants=variants))
    lab.sm.create_endpoint(**specs.endpoint(name))
    lab.ended("CreateEndpoint", name)
    return name


@pytest.fixture(scope="module")
def function(lab: Any) -> str:
    """A Lambda function that has been called once."""
    name: str = lab.name("function")
    role = lab.clients.iam.create_role(**specs.service_role(name, services=["lambda"]))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", GREETING)
    request = specs.lambda_function(
        name, code=specs.code_in_request(package.getvalue()), role_arn=role, handler="app.handle"
    )
    lab.clients.awslambda.create_function(**request)
    lab.clients.awslambda.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    lab.clients.awslambda.invoke(FunctionName=name, Payload=b"{}")
    lab.until(lambda: "END RequestId" in " ".join(lab.log("", f"/aws/lambda/{name}")))
    return name


def test_a_tuning_job_is_attached_to_by_its_name(lab: Any, tuned: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "attach", tuned) == 0
    told = capsys.readouterr()
    assert told.out == "Completed\n"
    assert told.err.startswith(f"tuning job {tuned}\n")


def test_a_job_that_succeeded_is_told_as_data(lab: Any, trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "attach", trained, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["name"], found["status"]) == ("training job", trained, "Completed")
    assert (found["causes"], found["traceback"]) == ([], "")


def test_a_job_that_was_stopped_is_no_success(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    name = lab.start()
    lab.sm.stop_training_job(TrainingJobName=name)
    assert command(lab, "attach", name) == 1
    told = capsys.readouterr()
    assert f"error: training job {name!r}: Stopped" in told.err
    assert told.out == "Stopped\n"


@pytest.mark.parametrize("arguments", [["attach"], ["results"], ["logs"], ["explain"], ["explain", "--kind", "tuning"]])
def test_a_name_of_nothing_is_told_in_words(lab: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, *arguments, "nobody") == 1
    told = capsys.readouterr()
    assert "nobody" in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_a_script_that_failed_is_explained_once_and_within_80_columns(
    lab: Any, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "attach", broken) == 1
    told = capsys.readouterr()
    assert told.out == "Failed\n"
    _, _, error = told.err.partition("error: ")
    assert error.splitlines()[0] == f"training job {broken!r}: Failed, exit code 1"
    assert error.count("Traceback (most recent call last)") == 1
    assert error.count("ModuleNotFoundError: No module named 'a_module_that_is_not_there'") == 1
    assert error.count("cause:  The code imports a package that the container does not have.") == 1
    assert error.count("remedy: Add it to requirements.txt") == 1
    assert error.count("valid:loss=1;") == 1
    assert max(len(line) for line in error.splitlines()) <= WIDTH


@pytest.mark.parametrize("name", ["attach", "explain"])
def test_a_failure_is_told_as_data(lab: Any, broken: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, name, broken, "--format", "json") == (1 if name == "attach" else 0)
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["exit_code"]) == ("Failed", 1)
    assert [cause["id"] for cause in found["causes"]] == ["module-missing"]
    assert found["causes"][0]["remedy"].startswith("Add it to requirements.txt")
    assert found["traceback"].startswith("Traceback (most recent call last):")
    assert found["log_tail"]


def test_an_endpoint_that_fails_its_ping_is_explained_by_its_own_log(
    lab: Any, sick: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "explain", sick) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"endpoint {sick!r}: Failed")
    assert "did not pass the ping health check" in " ".join(told.split())
    assert told.count("ModuleNotFoundError: No module named 'a_module_that_is_not_there'") == 1
    assert told.index("cause:  The code imports a package") < told.index("cause:  The model's container did not answer")
    assert command(lab, "logs", sick) == 0
    assert "a_module_that_is_not_there" in capsys.readouterr().out


def test_a_followed_log_is_complete_and_has_no_doubles(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    request = lab.training(source=source(lab, "counting-command", COUNTING))
    lab.sm.create_training_job(**request)
    followed = ["--follow", "--poll", "0.05", "--linger", "0.3"]
    assert command(lab, "logs", request["TrainingJobName"], *followed, "--filter", "line ") == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"line {number}" for number in range(300)]
    assert told.err == f"training job {request['TrainingJobName']!r} is Completed\n"


def test_at_the_end_of_a_failed_jobs_log_it_is_told_who_knows_why(
    lab: Any, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "logs", broken, "--follow", "--kind", "training", "--poll", "0.05", "--linger", "0") == 0
    told = capsys.readouterr()
    assert "ModuleNotFoundError" in told.out
    assert told.err == f"training job {broken!r} is Failed; why: python -m sm_raw explain {broken}\n"


def test_a_tuning_jobs_lines_carry_the_names_and_colours_of_their_streams(
    lab: Any, tuned: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "logs", tuned, "--color", "always", "--filter", "epoch 2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    heads = [line.partition(" epoch 2/2;")[0] for line in lines]
    assert all(head.startswith("\x1b[") and "/algo-1" in head and head.endswith("\x1b[0m") for head in heads)
    assert len({head.partition("m")[0] for head in heads}) == 2
    assert command(lab, "logs", tuned, "--filter", "epoch 2") == 0
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--tail", "1"], ["valid:loss=0.3333333333333333;"]),
        (["--pattern", "loss=(1|0\\.5)", "--stream", "algo-1"], ["valid:loss=1.0;", "valid:loss=0.5;"]),
        (["--filter", "LOSS=1", "--since", "2999-01-01", "--until", "2999-01-02"], []),
    ],
)
def test_only_what_is_asked_for_is_printed(
    lab: Any, trained: str, asked: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "logs", trained, "--filter", "valid", *asked) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == found
    assert ("no lines that were asked for" in told.err) is (not found)


def test_events_are_printed_as_documents(lab: Any, trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "logs", trained, "--format", "json", "--filter", "valid") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["message"] for event in events] == [f"valid:loss={1 / epoch};" for epoch in (1, 2, 3)]
    assert all(event["stream"].startswith(f"{trained}/algo-1") and event["time"].endswith("Z") for event in events)


@pytest.mark.parametrize(
    "wrong", [["--since", "yesterday"], ["--pattern", "("], ["--tail", "-1"], ["--poll", "0"], ["--kind", "model"]]
)
def test_options_that_mean_nothing_are_refused_before_anyone_is_asked(
    lab: Any, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        command(lab, "logs", "job", *wrong)
    assert refused.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_silence_is_told_while_a_log_is_followed_and_interrupting_it_is_clean(lab: Any) -> None:
    name = lab.start()
    arguments = ["logs", name, "--follow", "--poll", "0.05", "--notice-after", "0.2", "--endpoint-url", lab.url]
    with subprocess.Popen(
        [sys.executable, "-m", "sm_raw", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            notice = process.stderr.readline()
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
            lab.sm.stop_training_job(TrainingJobName=name)
    assert notice.startswith("no output for")
    assert f"training job {name!r} is InProgress, Training" in notice
    assert process.returncode == 130
    assert "waiting\n" in out
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err


def test_a_functions_log_is_found_where_nothing_else_has_the_name(
    lab: Any, function: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "logs", function) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("good day") == 1
    assert [line.split()[0] for line in lines if "RequestId" in line] == ["START", "END", "REPORT"]
    assert command(lab, "logs", function, "--kind", "function", "--filter", "good night") == 0
    assert f"function {function}: no lines that were asked for" in capsys.readouterr().err


def test_a_log_is_exported_and_only_whole(lab: Any, trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"s3://{lab.bucket}/exported/{trained}"
    assert command(lab, "logs", trained, "--export", place, "--format", "json") == 0
    exported = json.loads(capsys.readouterr().out)
    assert exported["s3_uri"].startswith(f"{place}/")
    assert lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix=f"exported/{trained}/")["KeyCount"] >= 1
    assert command(lab, "logs", trained, "--export", place, "--filter", "loss", "--follow") == 1
    assert "leave out --follow, --filter" in capsys.readouterr().err


def test_the_trials_of_a_tuning_job_are_told_best_first_with_typed_hyperparameters(
    lab: Any, tuned: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(lab, "results", tuned, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [trial["objective"] for trial in found] == sorted(trial["objective"] for trial in found)
    assert [trial["best"] for trial in found] == [True, False]
    assert all(isinstance(trial["hyperparameters"]["x"], float) for trial in found)
    assert command(lab, "results", tuned) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["trial", "status", "valid:loss", "x", "seconds"]
    assert first.split()[:3] == [found[0]["name"], "*", "Completed"]
    assert second.split()[:2] == [found[1]["name"], "Completed"]
    assert command(lab, "results", tuned, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["training_job"] for row in rows] == [trial["name"] for trial in found]
    assert float(rows[0]["x"]) == found[0]["hyperparameters"]["x"]


def test_a_training_jobs_metrics_are_told_over_time(lab: Any, trained: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "results", trained) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["status", "Completed"] in lines
    assert ["valid:loss", "3", "1", "0.333333", "1", "0.333333"] in lines
    assert command(lab, "results", trained, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [point["value"] for point in found["metrics"]["valid:loss"]] == [1.0, 0.5, 1 / 3]
    assert found["final_metrics"] == {"valid:loss": pytest.approx(1 / 3)}
    assert found["billable_seconds"] >= 1
    assert command(lab, "results", trained, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["metric"], float(row["value"])) for row in rows] == [("valid:loss", 1 / n) for n in (1, 2, 3)]


def test_what_a_job_has_left_is_fetched_and_listed(
    lab: Any, trained: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.put(f"out/{trained}/rule-output/ProfilerReport/profiler-output/profiler-report.html", b"<html>")
    asked = ["--download", str(tmp_path), *("--include", "output"), *("--include", "rules"), *("--include", "tensors")]
    assert command(lab, "results", trained, *asked) == 0
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "output/model.tar.gz",
        "output/output.tar.gz",
        "rules/ProfilerReport/profiler-output/profiler-report.html",
    }
    told = capsys.readouterr().err
    assert all(str(tmp_path / file) in told for file in files)
    assert f"training job {trained!r} has left nothing of: tensors" in told


@pytest.mark.parametrize("whose", ["tuned", "trained"])
def test_the_requests_that_train_again_and_serve_are_right_and_run(
    lab: Any, whose: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = request.getfixturevalue(whose)
    assert command(lab, "results", name, "--requests", str(tmp_path)) == 0
    found = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert findings("CreateTrainingJob", found["create_training_job"]) == []
    assert findings("CreateModel", found["create_model"]) == []
    again = found["create_training_job"]
    assert "_tuning_objective_metric" not in again["HyperParameters"]
    lab.sm.create_training_job(**again)
    assert lab.ended("CreateTrainingJob", again["TrainingJobName"])["TrainingJobStatus"] == "Completed"
    assert found["create_model"]["PrimaryContainer"]["ModelDataUrl"].endswith("/output/model.tar.gz")
    assert "/pytorch-inference:" in found["create_model"]["PrimaryContainer"]["Image"]
    assert f"wrote {tmp_path / 'create_model.json'}" in capsys.readouterr().err


def findings(operation: str, request: Any) -> Sequence[str]:
    return [str(finding) for finding in check(operation, request) if finding.severity == "error"]


def test_what_is_no_training_has_no_results(lab: Any, sick: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(lab, "results", sick) == 1
    assert f"endpoint {sick!r} has no results" in capsys.readouterr().err
    assert command(lab, "results", sick, "--include", "tensors") == 1
    assert "give --download DIR" in capsys.readouterr().err
