"""E301 to E305, W309 to W312: the ranges that a tuning job searches, and the hyperparameters that it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, names, records, text, written_integer, written_number
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import records_of_one, training_definitions
from sm_raw.validation.wording import shown

RANGES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html"

CONFIG = "HyperParameterTuningJobConfig"
SHARED_RANGES = f"{CONFIG}.ParameterRanges"
RANGE_KINDS = (
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
    "AutoParameters",
)


def range_groups(request: Request) -> Iterator[tuple[str, Request]]:
    """(path, ParameterRanges) wherever a tuning request holds them."""
    yield from records_of_one(SHARED_RANGES, at(request, *SHARED_RANGES.split(".")))
    for where, definition in training_definitions("CreateHyperParameterTuningJob", request):
        yield from records_of_one(f"{where}.HyperParameterRanges", definition.get("HyperParameterRanges"))


def ranges_in(where: str, ranges: object) -> Iterator[tuple[str, str, Request]]:
    """(path, kind, range) of each entry of a ParameterRanges object."""
    for kind in RANGE_KINDS:
        yield from ((f"{where}.{kind}[{index}]", kind, each) for index, each in records(at(ranges, kind)))


def ranges_of(request: Request, where: str, definition: Request) -> Iterator[tuple[str, str, Request]]:
    """(path, kind, range) of all that one training definition is tuned by: the shared ranges and its own."""
    yield from ranges_in(SHARED_RANGES, at(request, *SHARED_RANGES.split(".")))
    yield from ranges_in(f"{where}.HyperParameterRanges", definition.get("HyperParameterRanges"))


class TuningRule(Rule):
    """A rule about tuning jobs."""

    operations = ("CreateHyperParameterTuningJob",)


class RangeRule(TuningRule):
    """A rule about one range."""

    source = RANGES_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, ranges in range_groups(request):
            for path, kind, each in ranges_in(where, ranges):
                yield from self.check_range(path, kind, each)

    def check_range(self, path: str, kind: str, given: Request) -> Iterator[Finding]:
        raise NotImplementedError


class NumericRangeRule(RangeRule):
    """A rule about one integer or continuous range."""

    written: ClassVar[Mapping[str, Any]] = {
        "IntegerParameterRanges": written_integer,
        "ContinuousParameterRanges": written_number,
    }

    def check_range(self, path: str, kind: str, given: Request) -> Iterator[Finding]:
        if kind in self.written:
            low, high = (self.written[kind](given.get(bound)) for bound in ("MinValue", "MaxValue"))
            yield from self.check_bounds(path, given, low, high)

    def check_bounds(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        """``low`` and ``high`` are None where the bound spells no number of the range's kind."""
        raise NotImplementedError


class RangeMinimumBelowMaximum(NumericRangeRule):
    """A range's MinValue is not above its MaxValue."""

    id = "E301"

    def check_bounds(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        if low is not None and high is not None and low > high:
            yield self.finding(f"{path}.MinValue", f"{low} is above MaxValue ({high}); exchange them")


class RangeBoundsAreNumbers(NumericRangeRule):
    """The bounds of a range spell numbers of its kind."""

    id = "E302"

    def check_bounds(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        noun = "whole number" if "IntegerParameterRanges" in path else "number"
        for name, value in (("MinValue", low), ("MaxValue", high)):
            bound = text(given.get(name))
            if value is None and bound is not None:
                example = "10" if noun == "whole number" else "0.001"
                yield self.finding(f"{path}.{name}", f"{shown(bound)} spells no {noun}; give one such as '{example}'")


class ScalingFitsRange(NumericRangeRule):
    """Logarithmic scaling needs values above 0; ReverseLogarithmic a continuous range within 0 <= x < 1."""

    id = "E303"

    def check_bounds(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        scaling = given.get("ScalingType")
        if scaling == "Logarithmic" and low is not None and low <= 0:
            yield self.finding(f"{path}.MinValue", f"{low} has no logarithm; give more than 0, or scale Linear")
        elif scaling == "ReverseLogarithmic" and "IntegerParameterRanges" in path:
            message = "'ReverseLogarithmic' is for continuous ranges; give Auto, Linear or Logarithmic"
            yield self.finding(f"{path}.ScalingType", message)
        elif scaling == "ReverseLogarithmic":
            yield from self._reverse(path, low, high)

    def _reverse(self, path: str, low: float | None, high: float | None) -> Iterator[Finding]:
        for name, bound in (("MinValue", low), ("MaxValue", high)):
            if bound is not None and not 0 <= bound < 1:
                message = f"{bound} is outside 0 <= x < 1, which ReverseLogarithmic needs; scale Linear"
                yield self.finding(f"{path}.{name}", message)


class TunedIsNotStatic(TuningRule):
    """No hyperparameter is both tuned and static."""

    id = "E304"
    source = RANGES_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            tuned = {text(each.get("Name")): path for path, _, each in ranges_of(request, where, definition)}
            for name in names(definition.get("StaticHyperParameters")):
                if name in tuned:
                    path = join_path(f"{where}.StaticHyperParameters", name)
                    yield self.finding(path, f"{name!r} is tuned by {tuned[name]}; remove it here or there")


class DistinctRangeNames(TuningRule):
    """A hyperparameter has one range."""

    id = "E305"
    source = RANGES_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, ranges in range_groups(request):
            first: dict[str, str] = {}
            for path, _, each in ranges_in(where, ranges):
                name = text(each.get("Name"))
                if name is not None and first.setdefault(name, path) != path:
                    other = first[name].removeprefix(f"{where}.")
                    yield self.finding(f"{path}.Name", f"{name!r} is already tuned by {other}; keep one")


class RangeVaries(NumericRangeRule):
    """A range's MinValue differs from its MaxValue."""

    id = "W309"

    def check_bounds(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        if low is not None and low == high:
            hint = "a value that does not vary belongs to StaticHyperParameters"
            yield self.finding(f"{path}.MinValue", f"{low} equals MaxValue; {hint}")


class DistinctCategories(RangeRule):
    """The values of a categorical range differ."""

    id = "W310"

    def check_range(self, path: str, kind: str, given: Request) -> Iterator[Finding]:
        values, first = given.get("Values"), dict[str, int]()
        for index, value in enumerate(values if isinstance(values, list) else ()):
            known = text(value)
            if known is not None and first.setdefault(known, index) != index:
                message = f"{shown(known)} is already Values[{first[known]}]; remove one"
                yield self.finding(f"{path}.Values[{index}]", message)


class QuotedOnce(TuningRule):
    """Static and categorical values are not JSON within JSON: the script would get the quotes, too."""

    id = "W311"
    source = "https://github.com/aws/sagemaker-python-sdk/issues/613"

    def check(self, request: Request) -> Iterator[Finding]:
        for path, value in _given_texts(request):
            inner = _quoted_text(value)
            if inner is not None and _quoted_text(inner) is not None:
                yield self.finding(path, f"{shown(value)} is quoted twice, so that the script gets {inner}; quote once")


class ObjectiveNameIsReserved(TuningRule):
    """_tuning_objective_metric is set by the service, not by the request."""

    id = "W312"
    source = "https://github.com/aws/sagemaker-python-sdk/blob/master/src/sagemaker/tuner.py"

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            if "_tuning_objective_metric" in names(definition.get("StaticHyperParameters")):
                message = "the service sets it to the objective metric of the tuning job; remove it"
                yield self.finding(f"{where}.StaticHyperParameters._tuning_objective_metric", message)


def _given_texts(request: Request) -> Iterator[tuple[str, str]]:
    """(path, text) of static values and of the values of categorical ranges."""
    for where, definition in training_definitions("CreateHyperParameterTuningJob", request):
        static = definition.get("StaticHyperParameters")
        for name in names(static):
            if isinstance(value := at(static, name), str):
                yield join_path(f"{where}.StaticHyperParameters", name), value
    for where, ranges in range_groups(request):
        for path, _, each in ranges_in(where, ranges):
            values = each.get("Values")
            for index, value in enumerate(values if isinstance(values, list) else ()):
                if isinstance(value, str):
                    yield f"{path}.Values[{index}]", value


def _quoted_text(value: str) -> str | None:
    """The text within JSON's quotes; None for a value without them."""
    if len(value) < 2 or not value.startswith('"') or not value.endswith('"'):
        return None
    try:
        inner = json.loads(value)
    except ValueError:
        return None
    return inner if isinstance(inner, str) else None
