"""The program in the README runs as it stands, against an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sm_raw.local.server import serving
from sm_raw.runs.image_folder import pick_test_images, survey, write_digits

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.local
def test_program_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    data = tmp_path / "data"
    write_digits(data)
    picture, _ = pick_test_images(survey(data), 1)[0]
    monkeypatch.chdir(ROOT)
    with serving(tmp_path / "engine") as url:
        names = {"url": url, "data": data, "work": tmp_path, "picture": picture}
        for program in programs:
            exec(compile(program, "README.md", "exec"), names)
    label, score, *_ = capsys.readouterr().out.split()
    assert label in "0123456789"
    assert 0 < float(score) <= 1
