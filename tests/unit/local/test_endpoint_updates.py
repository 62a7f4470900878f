"""What an update keeps of the variants that it replaces."""

from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.endpoint_updates import retaining
from sm_raw.local.fleet import variant_of

SUMMARIES = [
    {"VariantName": "a", "DesiredInstanceCount": 4, "CurrentInstanceCount": 4, "DesiredWeight": 0.25},
    {"VariantName": "gone", "DesiredInstanceCount": 9, "CurrentInstanceCount": 9, "DesiredWeight": 9.0},
]


def on_instances(name: str = "a") -> dict[str, Any]:
    return {"VariantName": name, "ModelName": "m", "InitialInstanceCount": 1, "InitialVariantWeight": 2.0}


@pytest.mark.parametrize(
    ("settings", "excluded", "count", "weight"),
    [
        (on_instances(), (), 4, 0.25),
        (on_instances(), ("DesiredInstanceCount",), 1, 0.25),
        (on_instances(), ("DesiredWeight", "DataCaptureConfig"), 4, 2.0),
        (on_instances(), ("DesiredInstanceCount", "DesiredWeight"), 1, 2.0),
        (on_instances("new"), (), 1, 2.0),
        ({"VariantName": "a", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 1024}}, (), 1, 0.25),
    ],
)
def test_a_variant_keeps_what_its_namesake_has_reached(
    settings: dict[str, Any], excluded: tuple[str, ...], count: int, weight: float
) -> None:
    (kept,) = retaining([variant_of(settings, {})], SUMMARIES, excluded)
    assert (kept.name, kept.count, kept.weight) == (settings["VariantName"], count, weight)
    assert kept.settings == settings
