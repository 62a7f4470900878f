"""A run whose script fails: what is told of it on the terminal, in run.json and in the report."""

from __future__ import annotations

import json
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sm_raw.cli import run as run_all
from sm_raw.runs.recipe import RECIPES

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.local
BROKEN = """
def backbone():
    import a_module_that_is_not_there

backbone()
"""
WIDTH = 80
ONCE = (
    "Traceback (most recent call last)",
    "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
    "cause:  The code imports a package that the container does not have.",
    "remedy: Add it to requirements.txt",
)


def test_traceback_cause_and_remedy_are_told_once_wherever_a_failed_run_is_looked_at(
    lab: Any, two_shades: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "container_code", tmp_path / "code")
    (tmp_path / "code" / "train.py").write_text(BROKEN)
    recipe, out = tmp_path / "recipe", tmp_path / "out"
    shutil.copytree(RECIPES / "digits", recipe)
    facts = json.loads((recipe / "recipe.json").read_text())
    (recipe / "recipe.json").write_text(json.dumps({**facts, "code": str(tmp_path / "code")}))
    places = ["--endpoint-url", lab.url, "--data", str(two_shades), "--out", str(out), "--recipe", str(recipe)]
    assert run_all.main([*places, "--set", "max_jobs=2", "--set", "image_size=32"]) == 1
    error = json.loads((out / "run.json").read_text())["error"]
    assert error.startswith("tuning job 'digits-")
    assert {text: error.count(text) for text in ONCE} == dict.fromkeys(ONCE, 1)
    assert "2 failed, as " in error
    assert max(len(line) for line in error.splitlines()) <= WIDTH
    assert f"error: {error}\n" in capsys.readouterr().err
    report = unescape((out / "report.html").read_text())
    assert all(text in report for text in ONCE)
