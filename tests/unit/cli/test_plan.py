from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sm_raw import cli
from sm_raw.runs.recipe import RECIPES

# Invented round numbers.
PRICES = {
    "region": "us-east-1",
    "currency": "USD",
    "date": "2026-01-01",
    "source": "invented for this test",
    "prices": {"Train:ml.g4dn.xlarge": 1.0, "Host:ml.m5.large": 0.5},
}
RECIPE_NAMES = sorted(path.parent.name for path in RECIPES.glob("dog_*/recipe.json"))


@pytest.fixture
def prices(tmp_path: Path) -> str:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert cli.main([*arguments]) == code
    return capsys.readouterr().out


def test_a_plan_shows_steps_names_permissions_and_instances(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--recipe", "dog_breeds", "--set", "max_parallel_jobs=3")
    lines = [line.split() for line in text.splitlines()]
    steps = [line for line in lines if line[1:2] == ["create"]]
    assert [line[0] for line in steps] == [
        *("tune", "train", "model", "endpoint_config", "endpoint", "scalable_target", "scaling_policy")
    ]
    assert steps[1][2] == "CreateTrainingJob"
    assert any(line[-1].startswith("dog-breeds-train-") for line in lines if line)
    assert "nobody was asked what is there" in text
    assert ["3", "ml.g4dn.xlarge", "for", "training", "job", "usage"] in lines
    assert ["3", "ml.m5.large", "for", "endpoint", "usage"] in lines
    # Five rules of Debugger, two of the profiler.
    assert ["7", "Number", "of", "instances", "across", "all", "processing", "jobs"] in lines
    assert ["iam", "CreateServiceLinkedRole", "PassRole"] in lines


@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_a_plan_fits_a_terminal(recipe: str, prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--recipe", recipe, "--prices", prices)
    # A name alone may be longer than that, and is not broken.
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []
    assert "cost at most, in USD, us-east-1, 2026-01-01, invented for this test" in text
    assert "\n  total " in text


def test_costs_are_told_by_step_in_all_and_by_the_hour(prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--recipe", "dog_breeds", "--prices", prices, "--hours", "2")
    rows = [line.split() for line in text.splitlines()]
    # Four training jobs of four hours, and two minutes to stop in.
    assert ["tune", "4", "x", "1", "x", "4.03", "h", "1", "16.14", "Train:ml.g4dn.xlarge"] in rows
    assert ["train", "1", "x", "4.03", "h", "1", "4.04", "Train:ml.g4dn.xlarge"] in rows
    assert ["endpoint", "3", "x", "2.00", "h", "0.5", "3.00", "Host:ml.m5.large"] in rows
    assert ["total", "23.17"] in rows
    assert "1 to 3 x Host:ml.m5.large, 0.50 to 1.50 USD" in text
    assert "counted for 2 hours here (--hours)" in text


def test_without_prices_none_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--recipe", "dog_breeds")
    assert "no prices are known" in text
    assert "total" not in text
    assert "prices: nobody was asked, and no price list is given (--prices\n" in text


@pytest.mark.parametrize(
    ("arguments", "code", "story"),
    [
        (["--budget", "30"], 0, ""),
        (["--budget", "20"], 1, "it may cost 21.67 USD, and the budget is 20.00 USD: nothing was made"),
        (["--budget", "30", "--hours", "20"], 1, "it may cost 50.17 USD"),
        (["--budget", "30", "--set", "training_instance_type=ml.p3.2xlarge"], 1, "no price: tune: Train:ml.p3.2xlarge"),
    ],
)
def test_a_budget_refuses(
    arguments: list[str], code: int, story: str, prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "--recipe", "dog_breeds", "--prices", prices, *arguments]) == code
    assert story in capsys.readouterr().err


def test_a_program_gets_every_fact(prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(told(capsys, "plan", "--recipe", "dog_breeds", "--prices", prices, "--format", "json"))
    train = facts["steps"][1]
    assert (train["name"], train["does"], train["what"]) == ("train", "create", "training job")
    assert train["resource"] == train["request"]["TrainingJobName"]
    assert facts["asked"] is False
    need = next(each for each in facts["needs"] if each["quota_name"] == "ml.m5.large for endpoint usage")
    assert (need["needed"], need["quota"], need["verdict"]) == (3, None, "not known")
    assert facts["parallel_jobs"] == {"tune": {"asked": 2, "fit": None}}
    assert facts["cost"]["complete"] is True
    assert facts["cost"]["total"] == pytest.approx(4 * 14520 / 3600 + 14520 / 3600 + 3 * 0.5)
    assert "CreateTrainingJob" in facts["permissions"]["sagemaker"]


def test_requests_are_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "plan", "--recipe", "dog_breeds", "--requests")
    _, _, rest = text.partition("# train: CreateTrainingJob\n")
    assert json.JSONDecoder().raw_decode(rest)[0]["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"


def test_prices_that_were_told_can_be_kept(prices: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.json"
    told(capsys, "plan", "--recipe", "dog_breeds", "--prices", prices, "--write-prices", str(kept))
    assert json.loads(kept.read_text()) == PRICES
    assert cli.main(["plan", "--recipe", "dog_breeds", "--write-prices", str(kept)]) == 1
    assert "no price is known that could be written" in capsys.readouterr().err


def test_a_run_above_its_budget_is_refused_before_anything_is_started(
    prices: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("train/a", "train/b", "valid/a", "valid/b", "test/a", "test/b"):
        (tmp_path / "pictures" / place).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / place / "1.png")
    out = tmp_path / "out"
    run = ["run", "--recipe", "dog_breeds", "--data", str(tmp_path / "pictures"), "--out", str(out)]
    assert cli.main([*run, "--prices", prices, "--budget", "1"]) == 1
    assert capsys.readouterr().err.startswith("error: it may cost 21.67 USD, and the budget is 1.00 USD")
    assert not (out / "run.json").exists()
    assert not (out / "ledger.jsonl").exists()


def test_an_endpoint_that_is_kept_counts_for_the_hours_that_are_named(
    prices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ["run", "--dry-run", "--recipe", "dog_breeds", "--keep", "--prices", prices, "--budget", "30"]
    assert cli.main(kept) == 1
    assert "an endpoint that is kept (--keep) has no end" in capsys.readouterr().err
    assert cli.main([*kept, "--hours", "6"]) == 0


@pytest.mark.parametrize("amount", ["0", "-1", "much", "nan", "inf"])
def test_a_budget_is_a_number_above_zero(amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--budget", amount])
    assert ended.value.code == 2
    assert "give a number above 0" in capsys.readouterr().err


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


def test_a_policy_that_is_too_long_for_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "--recipe", "dog_breeds"]) == 0
    assert capsys.readouterr().err == ""
    assert cli.main(["policy", "--recipe", "dog_breeds_in_production"]) == 0
    told = capsys.readouterr().err
    assert told.startswith("caller: ")
    assert "a managed policy holds 6,144: make 2 of it" in told


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
