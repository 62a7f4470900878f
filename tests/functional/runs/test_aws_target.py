"""``--target aws`` goes its way against a plain moto server: no engine, the usual AWS configuration, real requests.

moto trains nothing and cannot list a tuning job's trials, so the recipe here has no tuning and makes no predictions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image

from sm_raw.cli import run as run_all
from sm_raw.cli import targets
from sm_raw.runs.plan import Plan, Surroundings
from sm_raw.runs.preparation import prepare
from sm_raw.runs.recipe import RECIPES

BUCKET = "my-bucket"
ROLE = "arn:aws:iam::123456789012:role/SageMaker"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def configured(moto_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The usual AWS configuration, leading to moto."""
    for name, value in {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return moto_url


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve small pictures of two classes."""
    folder = tmp_path / "pictures"
    for split in ("train", "valid", "test"):
        for shade, name in ((40, "dark"), (200, "light")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(2):
                Image.new("RGB", (8, 8), (shade, shade, shade + number)).save(place / f"{number}.png")
    return folder


LEFT_OUT = {"tune", "predict", "warm_function", "ask_function"}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The digits recipe without what moto alone does not do: tuning, predictions, and functions that are kept warm."""
    folder = tmp_path / "recipe"
    shutil.copytree(RECIPES / "digits", folder)
    content = json.loads((folder / "recipe.json").read_text())
    content["code"] = str(RECIPES.parent / "container_code")
    content["steps"] = [step for step in content["steps"] if step["name"] not in LEFT_OUT]
    (folder / "recipe.json").write_text(json.dumps(content))
    document = json.loads((folder / "create_training_job.json").read_text())
    document["HyperParameters"].update({"lr": "0.003", "batch-size": "32"})
    (folder / "create_training_job.json").write_text(json.dumps(document))
    return folder


def planned(recipe: Path, data: Path, tmp_path: Path) -> Plan:
    return prepare(str(recipe), Surroundings(REGION, BUCKET, ROLE), work=tmp_path / "work", data=data)


def put_model_where_moto_says_it_is(plan: Plan) -> None:
    training = next(request for step, request in plan.preview() if step.name == "train")
    key = f"digits/output/{training['TrainingJobName']}/output/model.tar.gz"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"a model")


def arguments(recipe: Path, data: Path, out: Path) -> list[str]:
    return [
        *("--target", "aws", "--recipe", str(recipe), "--data", str(data), "--out", str(out)),
        *("--region", REGION, "--role", ROLE, "--bucket", BUCKET),
    ]


def run_json(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "run.json").read_text())
    return content


def test_the_aws_target_runs_and_leaves_nothing(configured: str, recipe: Path, data: Path, tmp_path: Path) -> None:
    put_model_where_moto_says_it_is(planned(recipe, data, tmp_path))
    out = tmp_path / "out"
    assert run_all.main(arguments(recipe, data, out)) == 0
    record = run_json(out)
    assert (record["target"], record["status"], record["left_behind"]) == ("aws", "succeeded", [])
    assert {step["status"] for step in record["steps"]} == {"succeeded"}
    assert (out / "model.tar.gz").read_bytes() == b"a model"
    assert (out / "report.html").stat().st_size > 0
    sagemaker = boto3.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    autoscaling = boto3.client("application-autoscaling")
    assert autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert boto3.client("lambda").list_functions()["Functions"] == []


def test_a_bucket_that_is_not_there_is_one_clear_message(
    configured: str, recipe: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(recipe, data, tmp_path / "out")
    command[command.index(BUCKET)] = "no-such-bucket"
    assert run_all.main(command) == 1
    told = capsys.readouterr().err
    assert "the bucket 'no-such-bucket' cannot be used (404); give one that exists: --bucket" in told
    assert "Traceback" not in told


def test_a_caller_without_a_role_is_asked_for_one(
    configured: str, recipe: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(recipe, data, tmp_path / "out")
    del command[command.index("--role") : command.index("--role") + 2]
    assert run_all.main(command) == 1
    assert "has no role that SageMaker could assume: give --role ARN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:sts::111122223333:assumed-role/Trainer/session", "arn:aws:iam::111122223333:role/Trainer"),
        ("arn:aws-cn:sts::111122223333:assumed-role/A/b", "arn:aws-cn:iam::111122223333:role/A"),
    ],
)
def test_the_role_of_an_assumed_role_is_found(arn: str, role: str) -> None:
    assert targets._role_of(arn) == role
