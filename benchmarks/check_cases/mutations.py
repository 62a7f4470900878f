"""Faults of single values, read off botocore's own model of an operation: each really breaks what the model says.

No code of sm_raw is used here, so that the checks are held against the model and not against themselves. A pattern
counts only where Python reads it as it stands; there, the good value matches it and the bad one does not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple

from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape

from check_cases.edits import Null, step_into
from check_cases.faults import Fault
from check_cases.good import Documents

SERVICES = ("sagemaker", "application-autoscaling", "lambda", "iam", "s3", "logs", "ec2", "cloudwatch")
LONGEST_LIST, LONGEST_TEXT = 150, 70_000  # more would be honest, and slow
NUMERIC = ("integer", "long", "float", "double")

MISSING, UNKNOWN, TYPE, NULL = "required field missing", "unknown field", "wrong type", "null for a value"
ENUM, PATTERN, LENGTH, RANGE = "enum: a letter or its case", "pattern broken", "text too long or short", "out of range"
SIZE, KEY, UNION = "too many or too few entries", "map key broken", "union of two or none"


class Site(NamedTuple):
    """A value of a request and what the model says of it."""

    path: str
    shape: Any  # one of botocore's shapes, each with attributes of its own
    value: Any


class Change(NamedTuple):
    """Edits that break a value, and where that has to be found."""

    kind: str
    path: str
    edits: Mapping[str, Any]


@cache
def input_shape(operation: str) -> Any:
    """botocore's model of an operation's request."""
    models = (_service_model(service) for service in SERVICES)
    return next(model.operation_model(operation).input_shape for model in models if operation in model.operation_names)


@cache
def _service_model(service: str) -> ServiceModel:
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


def model_faults(name: str, documents: Documents, random: Random) -> Iterator[Fault]:
    """Every single-value fault of a good request; ``random`` chooses how each value is spoilt."""
    for index, (operation, request) in enumerate(documents):
        for site in _sites("", input_shape(operation), request):
            for change in _changes(site, random):
                what = f"{operation} {change.path}: {change.kind}"
                yield Fault(change.kind, what, name, index, change.edits, change.path)


def _sites(path: str, shape: Any, value: Any) -> Iterator[Site]:
    yield Site(path, shape, value)
    if shape.type_name == "structure":
        for name, child in value.items():
            yield from _sites(step_into(path, name), shape.members[name], child)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _sites(step_into(path, index), shape.member, item)
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _sites(step_into(path, key), shape.value, item)


def _changes(site: Site, random: Random) -> Iterator[Change]:
    spoilers = {"structure": _structure, "list": _list, "map": _map, "string": _text, "boolean": _boolean}
    yield from spoilers.get(site.shape.type_name, _number)(site, random)
    if site.path:
        yield Change(NULL, site.path, {site.path: Null()})


def _structure(site: Site, random: Random) -> Iterator[Change]:
    members = site.shape.members
    for name in site.shape.required_members:
        path = step_into(site.path, name)
        if name in site.value:
            yield Change(MISSING, path, {path: None})
    for name, child in site.value.items():
        typo = _misspelt(name, random)
        if typo not in members:
            path = step_into(site.path, typo)
            yield Change(UNKNOWN, path, {step_into(site.path, name): None, path: child})
    if getattr(site.shape, "is_tagged_union", False):
        other = next(name for name in members if name not in site.value)
        yield Change(UNION, site.path, {step_into(site.path, other): {}})
        yield Change(UNION, site.path, {step_into(site.path, next(iter(site.value))): None})
    if site.path:
        yield Change(TYPE, site.path, {site.path: random.choice(["default", [site.value], True])})


def _list(site: Site, random: Random) -> Iterator[Change]:
    limits = site.shape.metadata
    most, least = limits.get("max", LONGEST_LIST), limits.get("min", 0)
    if site.value and most < LONGEST_LIST:
        copies = (most + len(site.value)) // len(site.value)
        yield Change(SIZE, site.path, {site.path: (site.value * (copies + 1))[: most + 1]})
    if least > 0:
        yield Change(SIZE, site.path, {site.path: site.value[: least - 1]})
    if site.value:
        yield Change(TYPE, site.path, {site.path: site.value[0]})


def _map(site: Site, random: Random) -> Iterator[Change]:
    most = site.shape.metadata.get("max", LONGEST_LIST)
    if site.value and most < LONGEST_LIST:
        (item, *_), extra = site.value.values(), range(most + 1 - len(site.value))
        yield Change(SIZE, site.path, {site.path: {**site.value, **{f"more{number}": item for number in extra}}})
    for key, item in site.value.items():
        for bad in (*_mismatches(key, site.shape.key, random), *_wrong_lengths(key, site.shape.key)):
            path = step_into(site.path, bad)
            yield Change(KEY, path, {step_into(site.path, key): None, path: item})
    yield Change(TYPE, site.path, {site.path: [{"Key": key, "Value": item} for key, item in site.value.items()]})


def _text(site: Site, random: Random) -> Iterator[Change]:
    for bad in _not_listed(site, random):
        yield Change(ENUM, site.path, {site.path: bad})
    for bad in _mismatches(site.value, site.shape, random):
        yield Change(PATTERN, site.path, {site.path: bad})
    for bad in _wrong_lengths(site.value, site.shape):
        yield Change(LENGTH, site.path, {site.path: bad})
    yield Change(TYPE, site.path, {site.path: random.choice([64, 0.5, True, [site.value], {"Value": site.value}])})


def _not_listed(site: Site, random: Random) -> Iterator[str]:
    options = site.shape.enum
    if options:
        tries = [site.value.lower(), site.value.upper(), site.value.capitalize(), _misspelt(site.value, random)]
        bad = [each for each in tries if each not in options]
        yield from [random.choice(bad)] if bad else []


def _mismatches(text: str, shape: Shape, random: Random) -> Iterator[str]:
    """The text with something in it that its pattern forbids, at an allowed length."""
    pattern = _readable(shape.metadata.get("pattern"))
    if pattern is None or pattern.fullmatch(text) is None:
        return
    middle = len(text) // 2
    tries = [f"{text[:middle]}{sign}{text[middle:]}" for sign in (" ", "_", "!", "é", "\t")]
    tries += [f"-{text}", f"{text} ", f"https://{text}", text.replace("://", ":/"), text.replace(":", "/")]
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", LONGEST_TEXT)
    bad = [each for each in tries if low <= len(each) <= high and pattern.fullmatch(each) is None]
    yield from [random.choice(bad)] if bad else []


@cache
def _readable(pattern: str | None) -> re.Pattern[str] | None:
    """The pattern, if Python reads it without translation and takes it as it is meant."""
    if pattern is None or "\\p" in pattern or "\\u" in pattern or "[[" in pattern or "&&" in pattern:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return re.compile(pattern)
        except (re.error, Warning):
            return None


def _wrong_lengths(text: str, shape: Shape) -> Iterator[str]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min", 0)
    if most is not None and most < LONGEST_TEXT and text:
        yield text + text[-1] * (most + 1 - len(text))
    if least > 0:
        yield text[: least - 1]


def _number(site: Site, random: Random) -> Iterator[Change]:
    if site.shape.type_name not in NUMERIC:
        return
    most, least = site.shape.metadata.get("max"), site.shape.metadata.get("min")
    for bad in (None if most is None else most + 1, None if least is None else least - 1):
        if bad is not None:
            yield Change(RANGE, site.path, {site.path: bad})
    yield Change(TYPE, site.path, {site.path: random.choice([str(site.value), f"{site.value} s", True])})


def _boolean(site: Site, random: Random) -> Iterator[Change]:
    yield Change(TYPE, site.path, {site.path: random.choice(["True", "true", "yes", 1])})


def _misspelt(name: str, random: Random) -> str:
    """One letter dropped, doubled or exchanged with the next, or the first one's case turned."""
    place = random.randrange(len(name) - 1)
    kinds = [
        name[:place] + name[place + 1 :],
        name[:place] + name[place] + name[place:],
        name[:place] + name[place + 1] + name[place] + name[place + 2 :],
        name[0].swapcase() + name[1:],
    ]
    return random.choice([kind for kind in kinds if kind != name])
