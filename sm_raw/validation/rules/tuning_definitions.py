"""E306, W330 to W340: the training definitions of a tuning job, their objectives, ranges and instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, records, text
from sm_raw.validation.rules.algorithms import aws_algorithm
from sm_raw.validation.rules.training import training_definitions
from sm_raw.validation.rules.tuning import CONFIG, RANGE_KINDS, TuningRule
from sm_raw.validation.wording import did_you_mean

METRICS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html"
REQUEST_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html"
MULTIPLE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/multiple-algorithm-hpo-create-tuning-jobs.html"
RESOURCE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningResourceConfig.html"
SDK_SESSION = "https://github.com/aws/sagemaker-python-sdk/blob/v2.257.7/src/sagemaker/session.py"

OBJECTIVE = "HyperParameterTuningJobObjective"
# The last word of a metric's name tells its direction: validation:loss, Test Accuracy, val_rmse.
SMALLER_IS_BETTER = re.compile(r"(?:^|[\W_])(?:loss|error|err|rmse|mse|mae|mape|perplexity|logloss)$", re.IGNORECASE)
NEGATED = re.compile(r"neg|minus|inv|1 ?-", re.IGNORECASE)
LARGER_IS_BETTER = re.compile(r"(?:^|[\W_])(?:accuracy|acc|auc|f1|precision|recall|map|r2)$", re.IGNORECASE)


def objectives(request: Request) -> Iterator[tuple[str, Any]]:
    """(path, objective) wherever a tuning request holds one."""
    yield f"{CONFIG}.{OBJECTIVE}", at(request, CONFIG, OBJECTIVE)
    for where, definition in training_definitions("CreateHyperParameterTuningJob", request):
        yield f"{where}.TuningObjective", definition.get("TuningObjective")


class ObjectiveIsDefined(TuningRule):
    """The objective metric is among the metric definitions, unless AWS's own algorithm emits it."""

    id = "E306"
    source = METRICS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            own = definition.get("TuningObjective")
            is_shared = own is None and where == "TrainingJobDefinition"
            metric = text(at(at(request, CONFIG, OBJECTIVE) if is_shared else own, "MetricName"))
            message = _undefined(metric, definition) if metric is not None else None
            if message is not None:
                path = f"{CONFIG}.{OBJECTIVE}" if is_shared else f"{where}.TuningObjective"
                yield self.finding(f"{path}.MetricName", message)


class ObjectiveDirection(TuningRule):
    """Losses and errors are minimised, accuracies maximised."""

    id = "W330"
    source = METRICS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for path, objective in objectives(request):
            metric, kind = text(at(objective, "MetricName")), at(objective, "Type")
            if metric is None or NEGATED.search(metric):
                continue
            for pattern, wrong, right in (
                (SMALLER_IS_BETTER, "Maximize", "Minimize"),
                (LARGER_IS_BETTER, "Minimize", "Maximize"),
            ):
                if kind == wrong and pattern.search(metric):
                    message = f"the best job would be the one with the worst {metric!r}; give {right}"
                    yield self.finding(f"{path}.Type", message)


class DefinedOnce(TuningRule):
    """A tuning job has a TrainingJobDefinition or TrainingJobDefinitions, and not both."""

    id = "E331"
    source = SDK_SESSION

    def check(self, request: Request) -> Iterator[Finding]:
        single, several = "TrainingJobDefinition", "TrainingJobDefinitions"
        if single in request and several in request:
            yield self.finding(several, f"{single} is given as well; put all definitions here, or give one there")
        elif single not in request and several not in request:
            yield self.finding(single, f"missing; give the training job to tune, or several as {several}")


class DistinctDefinitionNames(TuningRule):
    """Training definitions have names of their own."""

    id = "E332"
    source = REQUEST_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, int] = {}
        for index, definition in records(request.get("TrainingJobDefinitions")):
            name = text(definition.get("DefinitionName"))
            if name is not None and first.setdefault(name, index) != index:
                message = f"{name!r} is already the name of TrainingJobDefinitions[{first[name]}]; rename one"
                yield self.finding(f"TrainingJobDefinitions[{index}].DefinitionName", message)


class DefinitionsAreNamed(TuningRule):
    """Of several training definitions each has a name, by which its training jobs are told apart."""

    id = "W339"
    source = MULTIPLE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        definitions = list(records(request.get("TrainingJobDefinitions")))
        for index, definition in definitions if len(definitions) > 1 else ():
            if is_absent(definition, "DefinitionName"):
                message = "missing; give the definition a name of its own"
                yield self.finding(f"TrainingJobDefinitions[{index}].DefinitionName", message)


class ObjectiveIsGiven(TuningRule):
    """Each training definition has an objective: one alone that of the tuning job, several one each."""

    id = "E333"
    source = REQUEST_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        config = request.get(CONFIG)
        if not isinstance(config, Mapping) or OBJECTIVE in config:
            return
        for where, definition in training_definitions(self.operation, request):
            if "TuningObjective" not in definition:
                is_single = where == "TrainingJobDefinition"
                path = f"{CONFIG}.{OBJECTIVE}" if is_single else f"{where}.TuningObjective"
                yield self.finding(path, "missing; give the metric by which to choose, and whether to maximise it")


class RangesAreGiven(TuningRule):
    """Each training definition has ranges to search, unless Autotune finds them."""

    id = "E334"
    source = SDK_SESSION.replace("session.py", "tuner.py")

    def check(self, request: Request) -> Iterator[Finding]:
        config = request.get(CONFIG)
        if not isinstance(config, Mapping) or "Autotune" in request or _may_hold_ranges(config.get("ParameterRanges")):
            return
        for where, definition in training_definitions(self.operation, request):
            if not _may_hold_ranges(definition.get("HyperParameterRanges")):
                is_single = where == "TrainingJobDefinition"
                path = f"{CONFIG}.ParameterRanges" if is_single else f"{where}.HyperParameterRanges"
                yield self.finding(path, "nothing to search; give a range, or Autotune with Mode Enabled")


class RangesAreWithTheirDefinitions(TuningRule):
    """Several training definitions have ranges of their own, none in common."""

    id = "W340"
    source = MULTIPLE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        several = len(list(records(request.get("TrainingJobDefinitions")))) > 1
        if several and _has_ranges(at(request, CONFIG, "ParameterRanges")):
            message = "given beside several training definitions; move them into HyperParameterRanges of each"
            yield self.finding(f"{CONFIG}.ParameterRanges", message)


class AutoParametersNeedAutotune(TuningRule):
    """AutoParameters go with Autotune."""

    id = "W335"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoParameter.html"

    def check(self, request: Request) -> Iterator[Finding]:
        if "Autotune" not in request and at(request, CONFIG, "ParameterRanges", "AutoParameters"):
            message = "their ranges are found by Autotune, which is not enabled; give Autotune with Mode Enabled"
            yield self.finding(f"{CONFIG}.ParameterRanges.AutoParameters", message)


class InstancesAreGivenOnce(TuningRule):
    """A definition has a ResourceConfig or a HyperParameterTuningResourceConfig, and not both."""

    id = "E336"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            given = [name in definition for name in ("ResourceConfig", "HyperParameterTuningResourceConfig")]
            path = f"{where}.HyperParameterTuningResourceConfig"
            if all(given):
                yield self.finding(path, "ResourceConfig is given as well; remove one")
            elif not any(given):
                yield self.finding(path, "missing; give the instances on which to train")


class InstanceListStandsAlone(TuningRule):
    """InstanceConfigs stand instead of InstanceType, InstanceCount and VolumeSizeInGB."""

    id = "E337"
    source = RESOURCE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            config = definition.get("HyperParameterTuningResourceConfig")
            for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
                if at(config, "InstanceConfigs") is not None and at(config, name) is not None:
                    path = f"{where}.HyperParameterTuningResourceConfig.{name}"
                    yield self.finding(path, "InstanceConfigs are given as well, each with one of its own; remove it")


class WarmPoolIsItsOwn(TuningRule):
    """KeepAlivePeriodInSeconds is not for tuning: its training jobs share instances anyway."""

    id = "W338"
    source = RESOURCE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            if at(definition, "ResourceConfig", "KeepAlivePeriodInSeconds") is not None:
                message = "has no effect: training jobs of a tuning job hand on their instances anyway; remove it"
                yield self.finding(f"{where}.ResourceConfig.KeepAlivePeriodInSeconds", message)


def _undefined(metric: str, definition: Request) -> str | None:
    algorithm = definition.get("AlgorithmSpecification")
    metrics = [each.get("Name") for _, each in records(at(algorithm, "MetricDefinitions"))]
    if metric in metrics or text(at(algorithm, "TrainingImage")) is None or aws_algorithm(definition) is not None:
        return None
    if any(text(name) is None for name in metrics) or is_placeholder(at(algorithm, "MetricDefinitions")):
        return None
    if metrics:
        hint = did_you_mean(metric, [str(name) for name in metrics])
        return f"{metric!r} is not among the MetricDefinitions; {hint or 'define it'}"
    return f"{metric!r} is not defined, and the image is none of AWS's algorithms; add it to MetricDefinitions"


def _may_hold_ranges(ranges: object) -> bool:
    """Whether there is a range, or something that cannot be read."""
    return is_placeholder(ranges) or _has_ranges(ranges)


def _has_ranges(ranges: object) -> bool:
    return any(at(ranges, kind) for kind in RANGE_KINDS)
