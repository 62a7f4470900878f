from __future__ import annotations

from pathlib import Path

import pytest

from sm_raw.errors import InvalidData
from sm_raw.report import reading


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read the run at"),
        (b"{", "is not valid JSON"),
        (b"\xff\xfe", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[1]", "holds a JSON list, not an object"),
    ],
)
def test_what_is_no_run_is_refused_with_its_path(content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidData, match=told) as refused:
        reading.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", ["", "..", "../other/a.png", "/etc/hostname", "a\0b"])
def test_nothing_outside_the_folder_is_reached(name: str, tmp_path: Path) -> None:
    assert reading.below(tmp_path, name) is None


def test_a_path_below_the_folder_is_found(tmp_path: Path) -> None:
    assert reading.below(tmp_path, "pictures/./7.png") == tmp_path.resolve() / "pictures" / "7.png"


def test_a_value_of_another_type_counts_as_missing() -> None:
    odd = {"steps": "none", "trials": [1, {"name": "t"}], "scaling": []}
    assert reading.items(odd, "steps") == []
    assert reading.records(odd, "trials") == [{"name": "t"}]
    assert reading.mapping(odd, "scaling") == {}
    assert [reading.finite(value) for value in (True, "1", float("inf"), 10**400, 2)] == [None] * 4 + [2.0]
