"""The whole story on small data: real training, a real search, a real endpoint, and nothing left.

The engine serves in this process and stays up from one run to the next, as with ``--endpoint-url``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import EndpointConnectionError

from sm_raw import cli
from sm_raw.aws.clients import Clients, local_clients
from sm_raw.cli import run as run_all
from sm_raw.local.server import serving
from sm_raw.runs.recipe import RECIPES
from tests.local.rights_used import Use, not_allowed, recorded

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--set", "epochs=2", "--set", "max_jobs=2", "--set", "image_size=32", "--set", "save_interval=2"]
pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def data(two_shades: Path) -> Path:
    return two_shades


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("engine")) as url:
        yield url


@pytest.fixture(scope="module")
def uses() -> set[Use]:
    """The rights that the calls of the first run take."""
    return set()


@pytest.fixture(scope="module")
def first_run(engine: str, data: Path, uses: set[Use], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one run that succeeded."""
    out = tmp_path_factory.mktemp("runs") / "first"
    with recorded(uses, by="sm_raw.cli.targets.local_clients"):
        assert run(engine, data, out) == 0
    return out


def run(engine: str, data: Path, out: Path, *more: str) -> int:
    return run_all.main(["--endpoint-url", engine, "--data", str(data), "--out", str(out), *SMALL, *more])


def content(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "run.json").read_text())
    return found


def statuses(out: Path) -> dict[str, str]:
    return {step["name"]: step["status"] for step in content(out)["steps"]}


def hosted(clients: Clients) -> list[Any]:
    """Everything of a run that would cost money or stand in the way of another."""
    scaling = {"ServiceNamespace": "sagemaker"}
    return [
        *clients.sagemaker.list_endpoints()["Endpoints"],
        *clients.sagemaker.list_endpoint_configs()["EndpointConfigs"],
        *clients.sagemaker.list_models()["Models"],
        *clients.autoscaling.describe_scalable_targets(**scaling)["ScalableTargets"],  # type: ignore[arg-type]
        *clients.autoscaling.describe_scaling_policies(**scaling)["ScalingPolicies"],  # type: ignore[arg-type]
        # moto keeps those of other tests, too.
        *(
            each
            for each in clients.awslambda.list_functions()["Functions"]
            if each["FunctionName"].startswith("digits")
        ),
        *(role for role in clients.iam.list_roles()["Roles"] if role["RoleName"].startswith("digits")),
    ]


def test_every_step_succeeds_and_nothing_is_left(first_run: Path, engine: str) -> None:
    record = content(first_run)
    assert (record["status"], record["error"], record["left_behind"]) == ("succeeded", None, [])
    assert list(statuses(first_run)) == [
        *("data", "code", "tune", "train", "model", "endpoint_config", "endpoint"),
        *("scalable_target", "scaling_policy", "function_role", "function", "function_rights", "function_alias"),
        *("warm_function", "predict", "ask_function", "down"),
    ]
    assert set(statuses(first_run).values()) == {"succeeded"}
    assert hosted(local_clients(engine)) == []


def test_the_record_tells_what_was_found(first_run: Path) -> None:
    record = content(first_run)
    trials = record["trials"]
    assert [trial["status"] for trial in trials] == ["Completed", "Completed"]
    assert trials[0]["objective"] <= trials[1]["objective"]
    assert record["best_training_job"] == trials[0]["name"]
    assert record["hyperparameters"]["lr"] == trials[0]["hyperparameters"]["lr"]
    assert len(record["metrics"]["valid:loss"]) == 2
    assert 0 <= record["test_accuracy"] <= 1
    assert {rule["name"] for rule in record["rules"]} == {
        *("VanishingGradient", "LossNotDecreasing", "Overfit", "Overtraining", "PoorWeightInitialization")
    }
    assert {rule["status"] for rule in record["rules"]} <= {"IssuesFound", "NoIssuesFound"}
    assert record["scaling"]["target"]["MaxCapacity"] == 3
    assert record["scaling"]["policy"]["TargetTrackingScalingPolicyConfiguration"]["ScaleOutCooldown"] == 60
    assert {item["expected"] for item in record["predictions"]} == {"dark", "light"}
    assert all((first_run / item["picture"]).is_file() for item in record["predictions"])


def test_report_model_and_requests_lie_beside_the_record(first_run: Path) -> None:
    assert "The digits run succeeded" in (first_run / "report.html").read_text()
    assert (first_run / "model.tar.gz").stat().st_size > 0
    documents = {path.name for path in (RECIPES / "digits").glob("*.json")} - {"recipe.json"}
    assert {path.name for path in (first_run / "requests").iterdir()} == documents


def test_every_rendered_request_passes_the_check(first_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sm_raw.cli import main

    assert main(["check", "--format", "json", *map(str, sorted((first_run / "requests").iterdir()))]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_every_call_of_the_run_is_allowed_by_the_policy_that_is_printed_for_it(
    first_run: Path, uses: set[Use], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["policy", "--data", str(data), *SMALL]) == 0
    document = json.loads(capsys.readouterr().out)["caller"]
    assert len(uses) > 50
    # On AWS the bucket is the user's; the engine begins without one.
    assert [use.action for use in not_allowed(uses, document)] == ["s3:CreateBucket"]


def test_the_same_again_reuses_what_is_there(first_run: Path, engine: str, data: Path, tmp_path: Path) -> None:
    assert run(engine, data, tmp_path) == 0
    record = content(tmp_path)
    assert (statuses(tmp_path)["tune"], statuses(tmp_path)["train"]) == ("reused", "reused")
    assert record["training_job"] == content(first_run)["training_job"]
    assert record["steps"][0]["detail"].startswith("0 files sent")
    assert hosted(local_clients(engine)) == []


def test_a_taken_name_fails_the_run_if_asked(
    first_run: Path, engine: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(engine, data, tmp_path, "--if-exists", "fail") == 1
    assert "exists already; allow it with --if-exists reuse" in capsys.readouterr().err
    assert content(tmp_path)["status"] == "failed"


def test_a_failing_script_is_told_in_its_own_words(
    engine: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tmp_path / "code"
    shutil.copytree(ROOT / "container_code", code)
    (code / "train.py").write_text("raise SystemExit('the learning rate is a fruit')\n")
    recipe = tmp_path / "recipe"
    shutil.copytree(RECIPES / "digits", recipe)
    facts = json.loads((recipe / "recipe.json").read_text())
    (recipe / "recipe.json").write_text(json.dumps({**facts, "code": str(code)}))
    out = tmp_path / "out"
    assert run(engine, data, out, "--recipe", str(recipe)) == 1
    told = capsys.readouterr().err
    assert "All training jobs failed" in told
    assert "the learning rate is a fruit" in told
    assert "Traceback" not in told
    assert (content(out)["status"], statuses(out)["tune"]) == ("failed", "failed")
    assert "the learning rate is a fruit" in (out / "report.html").read_text()
    assert hosted(local_clients(engine)) == []


def test_an_increment_makes_another_beside_what_is_there(first_run: Path, engine: str, data: Path) -> None:
    clients = local_clients(engine)
    name = content(first_run)["steps"][2]["resource"]
    plan = run_all.prepare(
        "digits",
        run_all.offline_surroundings(run_all.parse([])),
        work=first_run,
        data=data,
        settings={"epochs": "2", "max_jobs": "2", "image_size": "32", "save_interval": "2"},
    )
    record = run_all.Record(first_run / "again", recipe="digits", target="local")
    ledger = run_all.Ledger(first_run / "again" / "ledger.jsonl")
    execution = run_all.Execution(plan, clients, record, run_all.Story(), run_all.Choices("increment"), ledger)
    request, existing = execution.choose_name(plan.recipe.steps[0])
    assert (request["HyperParameterTuningJobName"], existing) == (f"{name}-2", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "no/such/folder"], "the data folder no/such/folder is not there"),
        (["--recipe", "dog_breeds"], "brings no data: give --data DIR"),
        (["--recipe", "cats"], "no recipe 'cats'"),
        (["--set", "epcohs=1"], "did you mean epochs?"),
        (["--target", "aws", "--dry-run"], "give --region, --role and --bucket"),
    ],
)
def test_what_a_user_gets_wrong_is_one_message_and_nothing_is_written(
    arguments: list[str], message: str, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments if "--data" in arguments or "--recipe" in arguments else ["--data", str(data), *arguments]
    assert run_all.main([*given, "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "out/run.part"),
            "no space is left on the disk: out/run.part",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "out"), "out: Permission denied"),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            "the service could not be used: Could not connect",
        ),
        (KeyError("a bug of ours"), None),
    ],
)
def test_what_the_world_does_is_explained_and_a_bug_is_not_hidden(error: Exception, message: str | None) -> None:
    told = run_all.explain(error)
    assert told is None if message is None else (told or "").startswith(message)


def test_a_dry_run_prints_every_request_and_makes_no_client(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_client(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a dry run made a client")

    monkeypatch.setattr("botocore.session.Session.create_client", no_client)
    assert run_all.main(["--dry-run", "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    heads = [line for line in printed.splitlines() if line.startswith("# ")]
    assert heads[0] == "# 1. tune: CreateHyperParameterTuningJob"
    assert heads[-1] == "# 12. warm_function: PutProvisionedConcurrencyConfig"
    documents = [json.loads(part.partition("\n")[2]) for part in printed.split("# ")[1:]]
    assert documents[2]["PrimaryContainer"]["ModelDataUrl"] == "${train.ModelArtifacts.S3ModelArtifacts}"


def family_of(process: subprocess.Popen[str], size: int) -> list[psutil.Process]:
    """The descendants of a process, once there are so many."""
    deadline = time.monotonic() + 60
    while len(family := psutil.Process(process.pid).children(recursive=True)) < size:
        assert time.monotonic() < deadline, f"only {family}"
        threading.Event().wait(0.05)
    return family


def test_ctrl_c_cleans_up_and_keeps_what_was_finished(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "scripts/run_all.py", "--data", str(data), "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        # The engine and two trials, each behind its warden.
        family = family_of(process, 6)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert statuses(out)["data"] == "succeeded"
    assert statuses(out)["tune"] == "interrupted"
    assert content(out)["status"] == "interrupted"
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert list(tmp_path.glob("sm-raw-*")) == []
