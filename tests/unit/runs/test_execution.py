"""What a refused create leaves to clean up: nothing, and the refusal is what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.errors import SmRawError
from sm_raw.runs.execution import Choices, Execution
from sm_raw.runs.ledger import Ledger
from sm_raw.runs.plan import DataSummary, Plan, Surroundings, make_plan
from sm_raw.runs.recipe import load_recipe
from sm_raw.runs.record import Record
from sm_raw.runs.story import Story

SPLITS = ["train", "valid", "test"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    archive = tmp_path / "sourcedir.tar.gz"
    archive.write_bytes(b"code")
    for split in SPLITS:
        (tmp_path / split).mkdir()
        (tmp_path / split / "a.png").write_bytes(b"a picture")
    return make_plan(
        load_recipe("digits"),
        Surroundings("us-east-1", "my-bucket", "arn:aws:iam::123456789012:role/R"),
        data=DataSummary(tmp_path, "d" * 64, 1, dict.fromkeys(SPLITS, 1)),
        archive=archive,
        code_digest="c" * 64,
        settings={},
    )


class Refusing:
    """Stands for every client: knows nothing, takes uploads, and refuses whatever is created."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.calls: list[str] = []

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "DescribeScalingPolicies":
            return {"ScalingPolicies": []}
        if operation.startswith(("Describe", "HeadObject")):
            code = "404" if operation == "HeadObject" else "ResourceNotFound"
            raise ClientError({"Error": {"Code": code, "Message": "not there"}}, operation)
        if operation.startswith("Create"):
            raise ClientError({"Error": {"Code": self.code, "Message": "your quota is 0"}}, operation)
        return {"ETag": '"0"'} if operation == "PutObject" else {}


def execution(plan: Plan, tmp_path: Path, refusing: Refusing, monkeypatch: pytest.MonkeyPatch) -> Execution:
    def make_api_call(self: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return refusing.answer(operation, request)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", make_api_call)
    clients: Clients = local_clients("http://127.0.0.1:1")
    record = Record(tmp_path / "out", recipe="digits", target="local")
    return Execution(plan, clients, record, Story(), Choices(), Ledger(tmp_path / "ledger.jsonl"))


@pytest.fixture
def refused(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Refusing, Execution]:
    refusing = Refusing("ResourceLimitExceeded")
    return refusing, execution(plan, tmp_path, refusing, monkeypatch)


def test_a_refusal_is_told_as_it_is(refused: tuple[Refusing, Execution]) -> None:
    with pytest.raises(ClientError, match="your quota is 0"):
        refused[1].execute()


def test_what_was_refused_is_neither_stopped_nor_removed(refused: tuple[Refusing, Execution], tmp_path: Path) -> None:
    refusing, run = refused
    with pytest.raises(ClientError):
        run.execute()
    assert refusing.calls.count("CreateHyperParameterTuningJob") == 1
    assert "StopHyperParameterTuningJob" not in refusing.calls


def test_predictions_need_an_endpoint(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_predict = replace(plan.recipe, steps=[step for step in plan.recipe.steps if step.pictures])
    with pytest.raises(SmRawError, match="before its CreateEndpoint"):
        execution(replace(plan, recipe=only_predict), tmp_path, Refusing("x"), monkeypatch).execute()


def test_what_was_made_and_is_gone_again_is_made_anew(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = execution(plan, tmp_path, Refusing("x"), monkeypatch)
    (step,) = [step for step in plan.recipe.steps if step.operation == "PutScalingPolicy"]
    request, _ = run.choose_name(step)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.creating(step.operation, request["PolicyName"], None)
    ledger.created(step.operation, request["PolicyName"])
    assert ledger.is_made(step.operation, request["PolicyName"])
    again = execution(plan, tmp_path, Refusing("x"), monkeypatch)
    assert again.choose_name(step) == (request, None)
