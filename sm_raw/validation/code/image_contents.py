"""What AWS's PyTorch images hold, as far as their Dockerfiles tell (image_contents.json; dated and sourced there)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from sm_raw.specs.registry_paths import RegistryPath


@dataclass(frozen=True)
class Contents:
    """``packages`` are there, or may be, as what others depend on; ``absent`` are known not to be."""

    name: str
    packages: frozenset[str]
    absent: frozenset[str]
    versions: Mapping[str, str]


@cache
def image_contents(image: RegistryPath | None) -> Contents | None:
    """The packages of an image; None for one that the file does not list."""
    family = _file()["images"].get(image.repository) if image else None
    if image is None or family is None:
        return None
    release = ".".join(image.version.split(".")[:2])
    vision = family["torchvision"].get(release)
    if vision is None:
        return None
    since = family["until"].items()
    gone = {name for name, last in since if _numbers(release) > _numbers(last)}
    packages = frozenset({*family["packages"], *_file()["dependencies"], "torch", "torchvision"} - gone)
    versions = {"torch": image.version, "torchvision": vision, "torchaudio": image.version}
    versions = {name: version for name, version in versions.items() if name in packages}
    return Contents(f"{image.repository}:{release}", packages, frozenset({*family["absent"], *gone}), versions)


def distribution_of(module: str) -> str:
    """The normalised name of the package that brings a module: ``pillow`` for ``PIL``."""
    return str(_file()["modules"].get(module, module.replace("_", "-").lower()))


@cache
def _file() -> Any:
    return json.loads(resources.files(__package__).joinpath("image_contents.json").read_text())


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
