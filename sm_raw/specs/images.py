"""Registry paths of AWS's images: deep learning frameworks, built-in algorithms, the rules of Debugger.

What exists, and in which accounts, is data: ``image_uris.json`` is dated, names its source, and is renewed by
scripts/renew_image_uris.py. An image that is not in it works as well: every builder takes any ``image_uri``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sm_raw.errors import UnknownImage
from sm_raw.specs.instance_types import family, has_gpu, has_neuron

DATA = Path(__file__).with_name("image_uris.json")

# Registries outside the commercial partition have domains of their own.
DOMAINS: Mapping[str, str] = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}
DOMAIN = "amazonaws.com"
# As in m6g, c7gn, r8gd: the letter after the generation stands for AWS's own ARM processor.
GRAVITON_FAMILY = re.compile(r"[a-z]+\d+g[a-z]*")
LETTERS_BEFORE = re.compile(r"^[a-z]+")


class Image(NamedTuple):
    """One image of AWS, for one or both purposes, on all its processors and in all its regions.

    ``names`` are the beginnings of tags that stand for it (1.12 as well as 1.12.1), the full one first; ``bases`` is
    the framework below a Hugging Face image. ``accounts``: the registry's account in each region.
    """

    framework: str
    purposes: Sequence[str]
    versions: Sequence[str]
    bases: Sequence[str]
    pythons: Sequence[str]
    processors: Sequence[str]
    repository: str
    prefix: str
    suffixes: Mapping[str, str]
    accounts: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return [self.name(version, base) for version in self.versions for base in self.bases or [""]]

    def name(self, version: str, base: str = "") -> str:
        """How its tag begins, with version and base as they are typed."""
        if self.prefix or not base:
            return self.prefix or version
        return f"{LETTERS_BEFORE.sub('', base)}-transformers{version}"


@cache
def known_images() -> tuple[Image, ...]:
    """Every image of the data, oldest version of each framework first."""
    data = _data()
    return tuple(_image(framework, row, data) for framework, rows in data["images"].items() for row in rows)


@cache
def registry_accounts() -> Mapping[str, frozenset[str]]:
    """The accounts in which AWS keeps its images, with the regions in which each is used."""
    pairs = [(account, region) for regions in _data()["accounts"].values() for region, account in regions.items()]
    return {account: frozenset(region for other, region in pairs if other == account) for account, _ in pairs}


@lru_cache(maxsize=256)
def images_in(repository: str) -> tuple[Image, ...]:
    """The known images of one of AWS's repositories; none for any other."""
    return tuple(image for image in known_images() if image.repository == repository)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def _image(framework: str, row: Mapping[str, Any], data: Mapping[str, Any]) -> Image:
    lacking = row.get("lacking", ())
    return Image(
        framework=framework,
        purposes=row["purposes"],
        versions=[row["version"], *row.get("also", ())],
        bases=[row["base"], *row.get("base_also", ())] if "base" in row else [],
        pythons=row.get("pythons", ()),
        processors=row.get("processors", ()),
        repository=row["repository"],
        prefix=row.get("prefix", ""),
        suffixes=row.get("suffixes", {}),
        accounts={
            region: account for region, account in data["accounts"][row["registry"]].items() if region not in lacking
        },
    )


def image_uri(
    framework: str,
    *,
    region: str,
    version: str = "",
    instance_type: str | None = None,
    python: str | None = None,
    base: str | None = None,
    purpose: Literal["training", "inference"] = "training",
) -> str:
    """The registry path of AWS's image for a framework, an algorithm or the rules of Debugger.

    ``framework``: pytorch, tensorflow, huggingface, sklearn, xgboost, image-classification, debugger-rules or
    debugger-rule-evaluator (for rules of your own). The tag repeats ``version`` as it is typed: 1.12 and 1.12.1 name
    the same image. Without ``instance_type``, as for serverless endpoints, the image is one for CPUs if there is any;
    without ``python``, that of the newest Python the version has. ``base`` is what a Hugging Face image is built on,
    such as pytorch2.1.0; it may be left out where there is but one.

    Raises:
        UnknownImage: the data has no such image; tells what it has.
    """
    found = _having("framework", framework, known_images(), lambda image: [image.framework])
    wanted = f"{purpose}-graviton" if purpose == "inference" and has_arm(instance_type or "") else purpose
    found = _having(f"{framework} purpose", wanted, found, lambda image: image.purposes)
    if len(found) > 1 or found[0].processors:
        found = _having(f"{framework} version", version, found, lambda image: image.versions)
    else:
        version = found[0].versions[0]  # an algorithm of one version has that one, whatever is asked for
    if found[0].bases:
        base = base or _only_base(found)
        found = _having(f"{framework} {version} base", base, found, lambda image: image.bases)
    if python and found[-1].pythons:
        found = _having(f"{framework} {version} Python", python, found, lambda image: image.pythons)
    image = found[-1]
    tag = _tag(image, version=version, base=base or "", python=python, processor=_processor(image, instance_type or ""))
    return f"{_registry(image, region)}/{image.repository}:{tag}"


def pytorch_image(
    region: str,
    *,
    version: str,
    python: str,
    instance_type: str,
    purpose: Literal["training", "inference"] = "training",
) -> str:
    """The PyTorch image for an instance type, e.g. version 1.13.1 with python py39."""
    return image_uri(
        "pytorch", region=region, version=version, python=python, instance_type=instance_type, purpose=purpose
    )


def debugger_rules_image(region: str) -> str:
    """The image in which built-in Debugger and profiler rules run."""
    return image_uri("debugger-rules", region=region)


def has_arm(instance_type: str) -> bool:
    """Whether it has a Graviton processor, which needs images of its own."""
    return GRAVITON_FAMILY.fullmatch(family(instance_type)) is not None


def _having(
    what: str, given: str, images: Sequence[Image], values: Callable[[Image], Sequence[str]]
) -> Sequence[Image]:
    found = [image for image in images if given in values(image)]
    if not found:
        raise UnknownImage(what, given, list(dict.fromkeys(value for image in images for value in values(image))))
    return found


def _only_base(images: Sequence[Image]) -> str:
    bases = {image.bases[0] for image in images}
    return bases.pop() if len(bases) == 1 else ""


def _processor(image: Image, instance_type: str) -> str:
    if not image.processors:
        return ""
    if not instance_type and len(image.processors) == 1:
        return image.processors[0]
    processor = "gpu" if has_gpu(instance_type) else "neuron" if has_neuron(instance_type) else "cpu"
    if processor not in image.processors:
        raise UnknownImage(f"{image.framework} {image.versions[0]} processor", processor, image.processors)
    return processor


def _tag(image: Image, *, version: str, base: str, python: str | None, processor: str) -> str:
    newest = image.pythons[-1] if image.pythons else ""
    parts = [image.name(version, base), processor, newest and (python or newest), image.suffixes.get(processor, "")]
    return "-".join(part for part in parts if part)


def _registry(image: Image, region: str) -> str:
    if region not in image.accounts:
        raise UnknownImage("region", region, sorted(image.accounts))
    domain = next((domain for prefix, domain in DOMAINS.items() if region.startswith(prefix)), DOMAIN)
    return f"{image.accounts[region]}.dkr.ecr.{region}.{domain}"
