"""E26x: the names of AWS's own images: of a version that exists, in the right registry, with a full tag."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

from sm_raw.specs.images import Image, images_in, known_images, registry_accounts
from sm_raw.specs.registry_paths import RegistryPath
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.images import IMAGES_PAGE, WHERE, aws_image
from sm_raw.validation.rules.models import containers
from sm_raw.validation.rules.training import training_definitions
from sm_raw.validation.wording import did_you_mean, listed, nearest, shown

NUMBERS = re.compile(r"\d+(?:\.\d+)*(?:-\d+(?=-|$))?")  # 1.13.1, and 1.2-1 of AWS's own algorithms
# Patch releases come and go without notice; none listed has a higher number than 1.15.5.
HIGHEST_PATCH = 5
LONGEST = 32  # of a version or region: what is longer need not be compared to the end
LONGEST_NAME = 64  # of a repository
# As train and training are; words that AWS uses in names of other repositories are further off.
ALIKE = 0.75


class ImageRule(Rule):
    """A rule about the name of one of AWS's images, in training and in models."""

    operations: ClassVar[tuple[str, ...]] = ("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateModel")
    source = IMAGES_PAGE
    is_listed: ClassVar[bool] = True

    def check(self, request: Request) -> Iterator[Finding]:
        for path, uri in self._named(request):
            image = aws_image(uri)
            if image is None or "@" in str(uri) or bool(images_in(image.repository)) is not self.is_listed:
                continue
            message = self.fault(image)
            if message is not None:
                yield self.finding(path, message)

    def _named(self, request: Request) -> Iterator[tuple[str, object]]:
        if operation_name(self.operation) == "CreateModel":
            yield from ((f"{path}.Image", container.get("Image")) for path, container in containers(request))
            return
        for path, training in training_definitions(operation_name(self.operation), request):
            yield f"{path}.{WHERE}" if path else WHERE, at(training, "AlgorithmSpecification", "TrainingImage")

    def fault(self, image: RegistryPath) -> str | None:
        """What is wrong with an image of AWS's, of a repository that is listed if ``is_listed``; else None."""
        raise NotImplementedError


@lru_cache(maxsize=256)
def listed_as(image: RegistryPath) -> list[Image]:
    """The images of AWS's that a tag, short or long, can stand for."""
    tag = f"{image.tag}-"
    return [each for each in images_in(image.repository) if any(tag.startswith(f"{name}-") for name in each.names)]


@lru_cache(maxsize=256)
def accounts_of(repository: str) -> Mapping[str, str]:
    """The account of one of AWS's repositories in each region."""
    return {region: account for image in images_in(repository) for region, account in image.accounts.items()}


class ImageHasThePython(ImageRule):
    """The tag of a framework image names the Python that the version has."""

    id = "E264"

    def fault(self, image: RegistryPath) -> str | None:
        pythons = sorted({python for each in listed_as(image) for python in each.pythons})
        # py2 and py3 were general names: images of that time had other names besides.
        if not pythons or not image.python or image.python in pythons or min(map(len, pythons)) < len("py36"):
            return None
        right = image.tag.replace(image.python, pythons[-1])
        return f"{image.repository} {image.version} has {listed(pythons)}, not {image.python}; give {shown(right)}"


class ImageVersionIsListed(ImageRule):
    """The tag of a framework image names a version that AWS lists, or a newer one."""

    id = "W265"

    def fault(self, image: RegistryPath) -> str | None:
        given, listing = NUMBERS.match(image.tag), images_in(image.repository)
        if given is None or listed_as(image) or _may_exist(given.group(), listing):
            return None
        names = [name for each in listing for name in each.names]
        version = given.group()[:LONGEST]
        near = nearest(version, names) or names[-1:]
        return f"AWS lists no {image.repository} {version}; the nearest: {listed(near)}"


def _may_exist(version: str, listing: Sequence[Image]) -> bool:
    """Whether a version that is not listed is a patch release of one that is, or newer than all."""
    numbers = _numbers(version)
    known = [_numbers(name) for each in listing for name in each.names]
    newest = max(known)
    if numbers[:2] > newest[:2]:
        return numbers[0] <= newest[0] + 1
    patches_vary = listing[0].framework not in {"sklearn", "xgboost"}
    return patches_vary and numbers[2:3] <= (HIGHEST_PATCH,) and numbers[:2] in {each[:2] for each in known}


def _numbers(version: str) -> tuple[int, ...]:
    found = NUMBERS.match(version)
    return tuple(int(number[:9]) for number in re.findall(r"\d+", found.group())) if found else ()


class ImageIsInItsAccount(ImageRule):
    """An image of AWS is pulled from the account that AWS keeps it in, in that region."""

    id = "E266"
    source = "https://github.com/aws-samples/aws-sagemaker-build/issues/28"

    def fault(self, image: RegistryPath) -> str | None:
        accounts = accounts_of(image.repository)
        right = accounts.get(image.region)
        if right is None or image.account == right:
            return None
        return f"account {image.account} has no {image.repository} in {image.region}; it is in {right}"


class ImageRegionIsListed(ImageRule):
    """An image of AWS is in a region where AWS lists it."""

    id = "W267"

    def fault(self, image: RegistryPath) -> str | None:
        accounts = accounts_of(image.repository)
        if image.region in accounts or image.region in registry_accounts()[image.account]:
            return None
        hint = (
            did_you_mean(image.region[:LONGEST], sorted(accounts))
            or "give the image of another region, or your own copy"
        )
        return f"AWS lists no {image.repository} in {image.region}; {hint}"


class ImageIsTagged(ImageRule):
    """A framework image of AWS has a tag with version and processor: there is no latest to fall back to."""

    id = "W268"

    def fault(self, image: RegistryPath) -> str | None:
        newest = images_in(image.repository)[-1]
        if image.tag in {"", "latest"} and newest.processors:
            message = f"{image.repository} has no tag latest; give one with version and processor"
            return f"{message}, such as {_example(newest)!r}"
        meant = listed_as(image)
        if not image.processor and meant and all(each.processors for each in meant):
            return f"the tag names no processor; give one that does, such as {_example(meant[-1])!r}"
        return None


def _example(image: Image) -> str:
    """The full tag of an image."""
    parts = (image.names[0], image.processors[0], *image.pythons[-1:], image.suffixes.get(image.processors[0]))
    return "-".join(part for part in parts if part)


class RepositoryIsSpelt(ImageRule):
    """The repository of an image in an account of AWS's is not all but the name of one that is there."""

    id = "W151"
    is_listed = False

    def fault(self, image: RegistryPath) -> str | None:
        meant = _all_but(image.repository)
        return f"account {image.account} has no {image.repository!r}; did you mean {meant!r}?" if meant else None


@lru_cache(maxsize=64)
def _all_but(name: str) -> str | None:
    """The repository of AWS's that a name spells but for some letters in its words."""
    words = name[:LONGEST_NAME].lower().replace("_", "-").split("-")
    for known in dict.fromkeys(image.repository for image in known_images()):
        theirs = known.split("-")
        if len(theirs) == len(words) and all(map(_is_alike, words, theirs)):
            return known
    return None


def _is_alike(word: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, word, other).ratio() >= ALIKE
