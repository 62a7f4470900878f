"""The parts of an image's registry path, which tell region, framework, version and processor."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

REGISTRY_PATH = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<domain>amazonaws\.com(?:\.cn)?|[a-z0-9.]+)"
    r"/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
TAG_VERSION = re.compile(r"\d+(?:\.\d+)+")
TAG_PYTHON = re.compile(r"py\d{2,3}")


class RegistryPath(NamedTuple):
    """``ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG``; ``tag`` is empty for a path without one."""

    account: str
    region: str
    repository: str
    tag: str

    @property
    def version(self) -> str:
        """``1.13.1`` of the tag ``1.13.1-gpu-py39``; empty where the tag begins with none."""
        found = TAG_VERSION.match(self.tag)
        return found.group() if found else ""

    @property
    def python(self) -> str:
        """``py39`` of the tag ``1.13.1-gpu-py39``; empty where the tag names none."""
        return next((part for part in self.tag.split("-") if TAG_PYTHON.fullmatch(part)), "")

    @property
    def processor(self) -> str:
        """``gpu``, ``cpu`` or ``neuron``(x) as the tag says; empty where it names none."""
        return next((part for part in self.tag.split("-") if part in {"gpu", "cpu", "neuron", "neuronx"}), "")


@lru_cache(maxsize=256)
def registry_path(image_uri: str) -> RegistryPath | None:
    """The parts of an image in Amazon ECR; None for an image from elsewhere."""
    found = REGISTRY_PATH.fullmatch(image_uri)
    if found is None:
        return None
    return RegistryPath(found["account"], found["region"], found["repository"], found["tag"] or "")
