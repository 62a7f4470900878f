from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from sm_raw import cli


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The commands take over Ctrl-C; the tests should keep theirs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_plan_shows_steps_names_and_instances(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--recipe", "dog_breeds", "--set", "max_parallel_jobs=3"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    steps = lines[3 : lines.index([], 2)]
    assert [line[0] for line in steps] == [
        *("tune", "train", "model", "endpoint_config", "endpoint", "scalable_target", "scaling_policy")
    ]
    assert steps[1][1] == "CreateTrainingJob"
    assert steps[1][2].startswith("dog-breeds-train-")
    assert ["3", "ml.g4dn.xlarge", "for", "training", "job", "usage"] in lines
    assert ["3", "ml.m5.large", "for", "endpoint", "usage"] in lines


def test_policies_name_the_very_resources_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    role = "arn:aws:iam::111122223333:role/SageMaker"
    place = ["--target", "aws", "--region", "eu-west-1", "--bucket", "my-bucket", "--role", role]
    assert cli.main(["policy", "--recipe", "dog_breeds", *place]) == 0
    policies = json.loads(capsys.readouterr().out)
    statements = {action: each for each in policies["caller"]["Statement"] for action in each["Action"]}
    assert statements["iam:PassRole"]["Resource"] == [role]
    (job,) = statements["sagemaker:CreateTrainingJob"]["Resource"]
    assert job.startswith("arn:aws:sagemaker:eu-west-1:111122223333:training-job/dog-breeds-train-")
    reads = [each for each in policies["execution_role"]["Statement"] if "s3:GetObject" in each["Action"]]
    assert all(resource.startswith("arn:aws:s3:::my-bucket/") for each in reads for resource in each["Resource"])


@pytest.mark.parametrize(
    ("arguments", "story"),
    [
        (["plan", "--recipe", "cats"], "error: no recipe 'cats'"),
        (["policy", "--target", "aws"], "error: a dry run for AWS makes no client that could look them up"),
    ],
)
def test_what_cannot_be_planned_is_told(arguments: list[str], story: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err.startswith(story)


@pytest.mark.parametrize("command", ["run", "resume", "down", "plan", "policy"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  python -m sm_raw {command}" in capsys.readouterr().out
