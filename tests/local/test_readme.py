"""The program in the README runs as it stands, against an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sm_raw.local.server import serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.local
def test_program_in_the_readme_runs(
    two_shades: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The later blocks go on where the first ends.
    program = "".join(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
    picture = next((two_shades / "test" / "dark").iterdir())
    monkeypatch.chdir(ROOT)
    with serving(tmp_path / "engine") as url:
        exec(
            compile(program, "README.md", "exec"),
            {"url": url, "data": two_shades, "work": tmp_path, "picture": picture},
        )
    label, score, *_ = capsys.readouterr().out.split()
    assert label in {"dark", "light"}
    assert 0 < float(score) <= 1
