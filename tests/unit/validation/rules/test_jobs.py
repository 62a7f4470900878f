from __future__ import annotations

import pytest

from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.jobs import DistinctTagKeys, NoReservedTagKeys


@pytest.mark.parametrize(
    ("rule", "keys", "findings"),
    [
        (DistinctTagKeys, ["a", "b", "A"], []),
        (DistinctTagKeys, ["${a}", "${a}", 3, None], []),
        (DistinctTagKeys, ["a", "b", "a"], [("Tags[2].Key", "'a' is already the key of Tags[0]; keep one")]),
        (NoReservedTagKeys, ["aws", "my:aws:tag", "${x}aws:"], []),
        (
            NoReservedTagKeys,
            ["ok", "AWS:x"],
            [("Tags[1].Key", "'AWS:x' begins with aws:, which only AWS may set; rename it")],
        ),
    ],
)
def test_tag_keys(rule: type[Rule], keys: list[object], findings: list[tuple[str, str]]) -> None:
    request = {"Tags": [{"Key": key, "Value": "v"} for key in keys]}
    assert [(each.path, each.message) for each in rule("CreateModel").check(request)] == findings
