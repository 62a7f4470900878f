"""E1xx: what holds for every job and resource."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, records, text
from sm_raw.validation.rules.base import Rule

TAGGED = (
    "CreateTrainingJob",
    "CreateHyperParameterTuningJob",
    "CreateProcessingJob",
    "CreateTransformJob",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "AddTags",
)


class DistinctTagKeys(Rule):
    """Tag keys are given once."""

    id = "E101"
    operations = TAGGED
    source = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, int] = {}
        for index, tag in records(at(request, "Tags")):
            key = text(tag.get("Key"))
            if key is not None and first.setdefault(key, index) != index:
                yield self.finding(f"Tags[{index}].Key", f"{key!r} is already the key of Tags[{first[key]}]; keep one")


class NoReservedTagKeys(Rule):
    """Tag keys do not begin with aws:, which is the services' own."""

    id = "E102"
    operations = TAGGED
    source = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for index, tag in records(at(request, "Tags")):
            key = text(tag.get("Key"))
            if key is not None and key.lower().startswith("aws:"):
                yield self.finding(f"Tags[{index}].Key", f"{key!r} begins with aws:, which only AWS may set; rename it")
