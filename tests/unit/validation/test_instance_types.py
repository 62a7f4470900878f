from __future__ import annotations

import pytest

from sm_raw.validation.instance_types import are_instance_types, may_be_newer, nearest_types

KNOWN = ["ml.m5.large", "ml.m5.xlarge", "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge", "ml.p4d.24xlarge"]


@pytest.mark.parametrize(
    ("value", "newer"),
    [
        ("ml.g4dn.8xlarge", True),  # another size of a known family
        ("ml.g6.xlarge", True),  # the next generation of a known class
        ("ml.p5-b200.48xlarge", True),
        ("ml.g7.xlarge", False),  # no generation lies between
        ("ml.g3.xlarge", False),  # an old one that was never offered
        ("ml.nope.large", False),
        ("ml.z1.large", False),
        ("ml.m5.huge", False),
        ("m5.large", False),
        ("ml.m5", False),
        ("", False),
    ],
)
def test_unknown_type_may_be_newer_when_it_continues_what_is_known(value: str, newer: bool) -> None:
    assert may_be_newer(value, KNOWN) is newer


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        ("m5.large", ["ml.m5.large"]),
        ("ml.m5.huge", ["ml.m5.large", "ml.m5.xlarge"]),
        ("ml.g4dn.xlrage", ["ml.g4dn.xlarge", "ml.g4dn.2xlarge"]),
        ("ml.nope.large", ["ml.m5.large"]),
        ("gpu", []),
    ],
)
def test_nearest_types_share_the_family_or_else_the_size(value: str, nearest: list[str]) -> None:
    assert nearest_types(value, KNOWN) == nearest


def test_enum_of_instance_types_is_recognised_by_its_values() -> None:
    assert are_instance_types([*KNOWN, "ml.geospatial.interactive"])
    assert not are_instance_types(["File", "Pipe"])
