from __future__ import annotations

import json
from pathlib import Path

import pytest

from sm_raw import cli
from sm_raw.validation import editor_schema, rule_table

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_table_in_the_readme_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    assert capsys.readouterr().out in README.read_text()


def test_a_rule_is_told_at_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules", "e210", "W214"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("E210 (error)\n  Spot training: ")
    assert "\n  source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html\nW214 (" in out


def test_an_unknown_rule_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules", "E2100"]) == 1
    assert capsys.readouterr().err.startswith("sm_raw: no rule 'E2100'; the nearest: E21")


def test_every_rule_is_one_line_with_a_source_and_an_id_of_its_own() -> None:
    table = rule_table()
    assert len({rule.id for rule in table}) == len(table)
    assert all(rule.source.startswith("https://") and "\n" not in rule.summary for rule in table)
    assert all(rule.summary.endswith(".") and "|" not in rule.summary for rule in table)


def test_a_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "CreateEndpoint"]) == 0
    assert json.loads(capsys.readouterr().out) == editor_schema("CreateEndpoint")


def test_schemas_are_written_to_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "schemas"
    assert cli.main(["schema", "--out", str(folder), "CreateModel", "lambda:CreateAlias"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["CreateAlias.json", "CreateModel.json"]
    assert capsys.readouterr().err == f"written: {folder}/CreateModel.json\nwritten: {folder}/CreateAlias.json\n"


@pytest.mark.parametrize(
    ("arguments", "story"),
    [
        (["schema", "CreateModle"], "sm_raw: no operation 'CreateModle'; the nearest: CreateModel"),
        (["schema", "CreateModel", "CreateEndpoint"], "sm_raw: several schemas need files to go to: give --out DIR"),
        (["schema", "--out", "{file}", "CreateModel"], "sm_raw: {file}: cannot be written: File exists"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], story: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert cli.main([each.format(file=file) for each in arguments]) == 1
    assert capsys.readouterr().err.startswith(story.format(file=file))
