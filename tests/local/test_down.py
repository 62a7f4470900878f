"""A run that is kept for a while, and what is taken down afterwards: what it made, and what stays unless asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli
from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.hosting.lifetimes import TAG, lifetime_of
from sm_raw.local.server import serving
from sm_raw.runs.ledger import Ledger
from sm_raw.runs.recipe import RECIPES

pytestmark = pytest.mark.local
BUCKET = "sagemaker-us-east-1-123456789012"
OWN_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Ours",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
        }
    ],
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("engine")) as url:
        yield url


@pytest.fixture(scope="module")
def clients(engine: str) -> Clients:
    """Of an engine with a bucket that is somebody's: it has a policy, and an object."""
    clients = local_clients(engine)
    clients.s3.create_bucket(Bucket=BUCKET)
    clients.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(OWN_POLICY))
    clients.s3.put_object(Bucket=BUCKET, Key="digits/notes.txt", Body=b"mine")
    return clients


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits, and their logs exported to S3."""
    folder = tmp_path_factory.mktemp("recipes") / "exported"
    folder.mkdir()
    built_in = RECIPES / "dog_breeds_built_in"
    exports = [built_in / "put_bucket_policy.json", built_in / "create_export_task.json"]
    for source in [*RECIPES.glob("digits/*.json"), *exports]:
        (folder / source.name).write_text(source.read_text())
    content = json.loads((folder / "recipe.json").read_text())
    content["code"] = str((RECIPES / "digits" / content["code"]).resolve())
    exported = json.loads((built_in / "recipe.json").read_text())
    content["variables"] |= {name: value for name, value in exported["variables"].items() if name.startswith("export_")}
    content["steps"] += [step for step in exported["steps"] if step["name"].startswith("export")]
    (folder / "recipe.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def kept(
    engine: str, clients: Clients, recipe: Path, two_shades: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("runs") / "kept"
    small = [
        part
        for each in ("epochs=1", "max_jobs=1", "max_parallel_jobs=1", "image_size=32", "save_interval=2")
        for part in ("--set", each)
    ]
    place = ["--endpoint-url", engine, "--recipe", str(recipe), "--data", str(two_shades), "--out", str(out)]
    skipped = ["--skip", "scaling_policy", "--skip", "ask_function"]
    assert cli.main(["run", *place, *small, *skipped, "--lifetime", "1h"]) == 0
    return out


def endpoint(clients: Clients) -> dict[str, Any]:
    (found,) = clients.sagemaker.list_endpoints()["Endpoints"]
    return dict(found)


def keys(clients: Clients) -> set[str]:
    return {each["Key"] for each in clients.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def logs_of_the_run(out: Path, clients: Clients) -> list[str]:
    """The streams of its training, and the groups of its endpoint and its function; moto keeps those of others, too."""
    made = {step["operation"]: step["resource"] for step in json.loads((out / "run.json").read_text())["steps"]}
    streams = clients.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{made['CreateTrainingJob']}/"
    )["logStreams"]
    own = {f"/aws/sagemaker/Endpoints/{made['CreateEndpoint']}", f"/aws/lambda/{made['CreateFunction']}"}
    groups = {group["logGroupName"] for group in clients.logs.describe_log_groups()["logGroups"]}
    return [*(stream["logStreamName"] for stream in streams), *sorted(own & groups)]


# One story: each test goes on from where the one before it has left things.
def test_logs_are_exported_beside_what_the_bucket_policy_said_before(kept: Path, clients: Clients) -> None:
    steps = {step["name"]: step for step in json.loads((kept / "run.json").read_text())["steps"]}
    assert {"scaling_policy", "ask_function"} & set(steps) == set()
    assert steps["export"]["status"] == "succeeded"
    assert any(key.startswith("dog-breeds-built-in/logs/") and key.endswith(".gz") for key in keys(clients))
    policy = json.loads(clients.s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert policy["Statement"][0]["Sid"] == "Ours"
    assert len(policy["Statement"]) == 3


def test_what_is_kept_tells_until_when(kept: Path, clients: Clients, engine: str) -> None:
    until = lifetime_of(clients, endpoint(clients)["EndpointName"])
    assert until is not None
    assert 0 < (until - datetime.now(timezone.utc)).total_seconds() <= 3600
    assert cli.main(["down", "--expired", "--endpoint-url", engine]) == 0
    assert endpoint(clients)["EndpointStatus"] == "InService"


def test_an_endpoint_whose_time_is_over_is_removed(
    kept: Path, clients: Clients, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    past = [{"Key": TAG, "Value": "2020-01-01T00:00:00Z"}]
    clients.sagemaker.add_tags(ResourceArn=endpoint(clients)["EndpointArn"], Tags=past)  # type: ignore[arg-type]
    assert cli.main(["down", "--expired", "--endpoint-url", engine]) == 0
    assert "1 expired endpoint" in capsys.readouterr().err
    assert clients.sagemaker.list_endpoints()["Endpoints"] == []


def test_the_rest_goes_with_down_and_others_things_stay(kept: Path, clients: Clients) -> None:
    assert cli.main(["down", str(kept)]) == 0
    assert Ledger(kept / "ledger.jsonl").resources() == []
    assert clients.sagemaker.list_models()["Models"] == []
    names = [each["FunctionName"] for each in clients.awslambda.list_functions()["Functions"]]
    names += [each["RoleName"] for each in clients.iam.list_roles()["Roles"]]
    assert [name for name in names if name.startswith("digits")] == []
    assert json.loads(clients.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == OWN_POLICY
    assert any("/output/" in key for key in keys(clients))
    assert len(logs_of_the_run(kept, clients)) == 3


def test_objects_and_logs_go_where_that_is_asked(
    kept: Path, clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["down", str(kept), "--objects", "--logs"]) == 0
    assert {key for key in keys(clients) if key.startswith("digits/")} == {"digits/notes.txt"}
    assert logs_of_the_run(kept, clients) == []
    assert cli.main(["down", str(kept), "--objects", "--logs"]) == 0
    assert capsys.readouterr().err.strip().endswith("nothing is left")
    assert cli.main(["resume", str(kept)]) == 0
    assert "there is nothing to resume" in capsys.readouterr().err
