"""E3xx: hyperparameter tuning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import (
    at,
    is_placeholder,
    names,
    number,
    records,
    text,
    written_integer,
    written_number,
)
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import records_of_one, training_definitions
from sm_raw.validation.wording import did_you_mean, shown

RANGES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html"
METRICS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html"

RANGE_KINDS = (
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
    "AutoParameters",
)

# Repositories of AWS's own algorithms: their metrics need no definition.
BUILT_IN_ALGORITHMS = {
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "sagemaker-xgboost",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
}


def range_groups(request: Request) -> Iterator[tuple[str, Request]]:
    """(path, ParameterRanges) wherever a tuning request holds them."""
    shared = at(request, "HyperParameterTuningJobConfig", "ParameterRanges")
    yield from records_of_one("HyperParameterTuningJobConfig.ParameterRanges", shared)
    for where, definition in training_definitions("CreateHyperParameterTuningJob", request):
        yield from records_of_one(f"{where}.HyperParameterRanges", definition.get("HyperParameterRanges"))


def tuned_names(ranges: object) -> dict[str, str]:
    """{hyperparameter: path inside the ranges} of all that a ParameterRanges object tunes."""
    found: dict[str, str] = {}
    for kind in RANGE_KINDS:
        for index, each in records(at(ranges, kind)):
            name = text(each.get("Name"))
            if name is not None:
                found.setdefault(name, f"{kind}[{index}]")
    return found


class TuningRule(Rule):
    """A rule about tuning jobs."""

    operations = ("CreateHyperParameterTuningJob",)


class NumericRangeRule(TuningRule):
    """A rule about one integer or continuous range."""

    source = RANGES_PAGE
    written: ClassVar[Mapping[str, Any]] = {
        "IntegerParameterRanges": written_integer,
        "ContinuousParameterRanges": written_number,
    }

    def check(self, request: Request) -> Iterator[Finding]:
        for where, ranges in range_groups(request):
            for kind, written in self.written.items():
                for index, each in records(at(ranges, kind)):
                    low, high = written(each.get("MinValue")), written(each.get("MaxValue"))
                    yield from self.check_range(f"{where}.{kind}[{index}]", each, low, high)

    def check_range(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        """``low`` and ``high`` are None where the bound spells no number of the range's kind."""
        raise NotImplementedError


class RangeMinimumBelowMaximum(NumericRangeRule):
    """A range's MinValue is below its MaxValue."""

    id = "E301"

    def check_range(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        if low is None or high is None or low < high:
            return
        if low == high:
            hint = "a value that does not vary belongs to StaticHyperParameters"
            yield self.finding(f"{path}.MinValue", f"{low} equals MaxValue; {hint}")
        else:
            yield self.finding(f"{path}.MinValue", f"{low} is above MaxValue ({high}); exchange them")


class RangeBoundsAreNumbers(NumericRangeRule):
    """The bounds of a range spell numbers of its kind."""

    id = "E302"

    def check_range(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
        noun = "whole number" if "IntegerParameterRanges" in path else "number"
        for name, value in (("MinValue", low), ("MaxValue", high)):
            bound = text(given.get(name))
            if value is None and bound is not None:
                example = "10" if noun == "whole number" else "0.001"
                yield self.finding(f"{path}.{name}", f"{shown(bound)} spells no {noun}; give one such as '{example}'")


class ScalingFitsRange(NumericRangeRule):
    """Logarithmic scaling needs values above 0; ReverseLogarithmic a continuous range within 0 <= x < 1."""

    id = "E303"

    def check_range(self, path: str, given: Request, low: float | None, high: float | None) -> Iterator[Finding]:
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
        place = "HyperParameterTuningJobConfig.ParameterRanges"
        shared = {
            name: f"{place}.{where}"
            for name, where in tuned_names(at(request, "HyperParameterTuningJobConfig", "ParameterRanges")).items()
        }
        for where, definition in training_definitions(self.operation, request):
            own = tuned_names(definition.get("HyperParameterRanges"))
            tuned = shared | {name: f"{where}.HyperParameterRanges.{inside}" for name, inside in own.items()}
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
            first = tuned_names(ranges)
            for kind in RANGE_KINDS:
                for index, each in records(at(ranges, kind)):
                    name, place = text(each.get("Name")), f"{kind}[{index}]"
                    if name is not None and first[name] != place:
                        message = f"{name!r} is already tuned by {first[name]}; keep one"
                        yield self.finding(f"{where}.{place}.Name", message)


class ObjectiveIsDefined(TuningRule):
    """The objective metric is among the metric definitions, unless AWS's own algorithm emits it."""

    id = "E306"
    source = METRICS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        config = "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective"
        for where, definition in training_definitions(self.operation, request):
            single = where == "TrainingJobDefinition"
            owner = at(request, *config.split(".")) if single else definition.get("TuningObjective")
            metric = text(at(owner, "MetricName"))
            message = _undefined(metric, definition.get("AlgorithmSpecification")) if metric is not None else None
            if message is not None:
                yield self.finding(f"{config if single else f'{where}.TuningObjective'}.MetricName", message)


def _undefined(metric: str, algorithm: object) -> str | None:
    definitions = [each.get("Name") for _, each in records(at(algorithm, "MetricDefinitions"))]
    image = text(at(algorithm, "TrainingImage"))
    if metric in definitions or image is None or _repository(image) in BUILT_IN_ALGORITHMS:
        return None
    if any(text(name) is None for name in definitions) or is_placeholder(at(algorithm, "MetricDefinitions")):
        return None
    if definitions:
        hint = did_you_mean(metric, [str(name) for name in definitions])
        return f"{metric!r} is not among the MetricDefinitions; {hint or 'define it'}"
    return f"{metric!r} is not defined, and the image is none of AWS's algorithms; add it to MetricDefinitions"


def _repository(image: str) -> str:
    """``pytorch-training`` of ``123456789012.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0-gpu``."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


class ParallelWithinTotal(TuningRule):
    """MaxParallelTrainingJobs does not exceed MaxNumberOfTrainingJobs."""

    id = "E307"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceLimits.html"

    def check(self, request: Request) -> Iterator[Finding]:
        limits = at(request, "HyperParameterTuningJobConfig", "ResourceLimits")
        total = number(at(limits, "MaxNumberOfTrainingJobs"))
        parallel = number(at(limits, "MaxParallelTrainingJobs"))
        if total is not None and parallel is not None and parallel > total:
            message = f"{parallel} is more than MaxNumberOfTrainingJobs ({total}); give {total} or less"
            path = "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs"
            yield self.finding(path, message)


class EnoughCombinations(TuningRule):
    """Ranges without a continuous one hold at least MaxNumberOfTrainingJobs combinations."""

    id = "E308"
    source = "https://github.com/aws/amazon-sagemaker-operator-for-k8s/issues/123"

    def check(self, request: Request) -> Iterator[Finding]:
        config = at(request, "HyperParameterTuningJobConfig")
        total = number(at(config, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        combinations = _combinations(at(config, "ParameterRanges"))
        if total is None or combinations is None or combinations >= total:
            return
        message = f"{total} jobs are more than the {combinations} combinations; give {combinations} or add values"
        yield self.finding("HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs", message)


def _combinations(ranges: object) -> int | None:
    """How many different jobs the ranges allow; None when they are endless or not known."""
    if any(
        at(ranges, kind) or is_placeholder(at(ranges, kind)) for kind in ("ContinuousParameterRanges", "AutoParameters")
    ):
        return None
    counts = [_whole_numbers(each) for _, each in records(at(ranges, "IntegerParameterRanges"))]
    counts += [_categories(each) for _, each in records(at(ranges, "CategoricalParameterRanges"))]
    known = [count for count in counts if count is not None]
    return math.prod(known) if known and len(known) == len(counts) else None


def _whole_numbers(given: Request) -> int | None:
    low, high = written_integer(given.get("MinValue")), written_integer(given.get("MaxValue"))
    return high - low + 1 if low is not None and high is not None and low <= high else None


def _categories(given: Request) -> int | None:
    values = given.get("Values")
    known = [text(value) for value in values] if isinstance(values, list) else []
    return len(set(known)) if known and None not in known else None
