"""E2xx: training, in a job of its own and in the definitions of a tuning job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.operations import operation_name
from sm_raw.validation.patterns import UNREADABLE, compiled, translate
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import shown

DEFAULT_MAX_RUNTIME_SECONDS = 24 * 3600  # API_StoppingCondition: "The default value is 1 day."
LONGEST_RUNTIME_SECONDS = 28 * 24 * 3600  # API_StoppingCondition: "The maximum value is 28 days."
SPOT_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html"

# A group that ends the pattern lazily takes as little as it may: (.*?) nothing, (.+?) one character.
LAZY_END = re.compile(r"(?<!\\)(?:[*+?]|\{\d+,\d*\})\?\)+$")
# The beginnings of groups that capture, apart from brackets that are escaped or in a class.
REGEX_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?P?<(?![=!])\w+>)", re.DOTALL)
# Letters and classes of letters, up to the end of the group.
WORDS = re.compile(r"(?P<words>(?:[A-Za-z_ :=/|-]|\[(?:[A-Za-z]-[A-Za-z]|[A-Za-z_])+\][*+?]?)+)\)")
NOT_A_NUMBER = {"nan", "inf", "infinity", "-inf"}


def training_definitions(operation: str, request: Request) -> Iterator[tuple[str, Request]]:
    """(path, object) of each part of the request that describes training."""
    if operation_name(operation) == "CreateTrainingJob":
        yield "", request
        return
    yield from records_of_one("TrainingJobDefinition", at(request, "TrainingJobDefinition"))
    for index, definition in records(at(request, "TrainingJobDefinitions")):
        yield f"TrainingJobDefinitions[{index}]", definition


def records_of_one(path: str, value: object) -> Iterator[tuple[str, Request]]:
    """The value with its path, if it is an object."""
    yield from ((path, record) for _, record in records([value]))


class TrainingRule(Rule):
    """A rule about training wherever it is described: paths are those inside the description."""

    operations: ClassVar[tuple[str, ...]] = ("CreateTrainingJob", "CreateHyperParameterTuningJob")

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            for finding in self.check_training(definition):
                yield replace(finding, path=f"{where}.{finding.path}" if where else finding.path)

    def check_training(self, training: Request) -> Iterator[Finding]:
        raise NotImplementedError


class DistinctNames(TrainingRule):
    """Channels, metrics, instance groups and rules have names of their own."""

    id = "E201"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"
    named = (
        (("InputDataConfig",), "ChannelName"),
        (("AlgorithmSpecification", "MetricDefinitions"), "Name"),
        (("ResourceConfig", "InstanceGroups"), "InstanceGroupName"),
        (("DebugRuleConfigurations",), "RuleConfigurationName"),
        (("ProfilerRuleConfigurations",), "RuleConfigurationName"),
    )

    def check_training(self, training: Request) -> Iterator[Finding]:
        for fields, key in self.named:
            place, first = ".".join(fields), dict[str, int]()
            for index, record in records(at(training, *fields)):
                name = text(record.get(key))
                if name is not None and first.setdefault(name, index) != index:
                    other = join_path(place, first[name])
                    yield self.finding(
                        f"{place}[{index}].{key}", f"{name!r} is already the name of {other}; rename one"
                    )


class SpotWaitCoversRuntime(TrainingRule):
    """Spot training: MaxWaitTimeInSeconds is given, and not below MaxRuntimeInSeconds."""

    id = "E210"
    source = SPOT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        if training.get("EnableManagedSpotTraining") is not True:
            return
        where = "StoppingCondition.MaxWaitTimeInSeconds"
        run = number(at(training, "StoppingCondition", "MaxRuntimeInSeconds"))
        wait = number(at(training, "StoppingCondition", "MaxWaitTimeInSeconds"))
        if is_absent(training, "StoppingCondition", "MaxRuntimeInSeconds"):
            run = DEFAULT_MAX_RUNTIME_SECONDS
        if is_absent(training, "StoppingCondition", "MaxWaitTimeInSeconds"):
            least = f"MaxRuntimeInSeconds ({run})" if run is not None else "MaxRuntimeInSeconds"
            yield self.finding(where, f"missing; spot training needs it: give {least} or more")
        elif wait is not None and run is not None and wait < run:
            yield self.finding(where, f"{wait} is less than MaxRuntimeInSeconds ({run}); give {run} or more")


class WaitNeedsSpot(TrainingRule):
    """MaxWaitTimeInSeconds is given for spot training only."""

    id = "E211"
    source = "https://github.com/Kenza-AI/sagify/issues/111"

    def check_training(self, training: Request) -> Iterator[Finding]:
        wait = number(at(training, "StoppingCondition", "MaxWaitTimeInSeconds"))
        on_demand = is_absent(training, "EnableManagedSpotTraining") or training["EnableManagedSpotTraining"] is False
        if wait is not None and on_demand:
            message = f"{wait} is given without spot training; remove it, or set EnableManagedSpotTraining to true"
            yield self.finding("StoppingCondition.MaxWaitTimeInSeconds", message)


class SpotKeepsCheckpoints(TrainingRule):
    """Spot training has a CheckpointConfig: without it an interrupted job starts over."""

    id = "W206"
    source = SPOT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        if training.get("EnableManagedSpotTraining") is True and is_absent(training, "CheckpointConfig"):
            message = "missing; an interrupted spot job starts over without it: give an S3Uri and resume from it"
            yield self.finding("CheckpointConfig", message)


class RuntimeWithinTheLongest(TrainingRule):
    """MaxRuntimeInSeconds is at most 28 days."""

    id = "E140"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        run = number(at(training, "StoppingCondition", "MaxRuntimeInSeconds"))
        if run is not None and run > LONGEST_RUNTIME_SECONDS:
            message = f"{run} is more than 28 days; give {LONGEST_RUNTIME_SECONDS} or less"
            yield self.finding("StoppingCondition.MaxRuntimeInSeconds", message)


class ImageOrAlgorithm(TrainingRule):
    """AlgorithmSpecification names either the TrainingImage or the AlgorithmName."""

    id = "E208"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        for _, specification in records([training.get("AlgorithmSpecification")]):
            given = [name for name in ("TrainingImage", "AlgorithmName") if name in specification]
            if not given:
                message = "missing; give the registry path of an image, or an AlgorithmName"
                yield self.finding("AlgorithmSpecification.TrainingImage", message)
            elif len(given) > 1:
                message = "given beside TrainingImage; keep one of the two"
                yield self.finding("AlgorithmSpecification.AlgorithmName", message)


class MetricRule(TrainingRule):
    """A rule about the regular expressions that take metrics from the log."""

    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        for index, metric in records(at(training, "AlgorithmSpecification", "MetricDefinitions")):
            regex = text(metric.get("Regex"))
            message = self.fault(regex) if regex is not None else None
            if message is not None:
                yield self.finding(f"AlgorithmSpecification.MetricDefinitions[{index}].Regex", message)

    def fault(self, regex: str) -> str | None:
        """What is wrong with one regular expression; None when nothing is."""
        raise NotImplementedError


class MetricRegexCaptures(MetricRule):
    """A metric's Regex compiles and has a group, which captures the value."""

    id = "E212"

    def fault(self, regex: str) -> str | None:
        try:
            pattern = re.compile(translate(regex))
        except UNREADABLE as error:
            return f"{shown(regex)} is no regular expression: {error}"
        if not pattern.groups:
            return f"{shown(regex)} has no group to capture the value; put one around it, as in loss=([0-9.]+)"
        return None


class MetricRegexHasOneGroup(MetricRule):
    """A metric's Regex has one group: of several, only the first is the value."""

    id = "W213"

    def fault(self, regex: str) -> str | None:
        pattern = compiled(translate(regex))
        if pattern is None or pattern.groups < 2:
            return None
        return f"{shown(regex)} has {pattern.groups} groups; the first is the value: write the others (?:...)"


class MetricRegexTakesTheValue(MetricRule):
    """A metric's Regex takes a number: it does not end lazily, hold letters alone, or match where there is nothing."""

    id = "W214"

    def fault(self, regex: str) -> str | None:
        pattern = compiled(translate(regex))
        if pattern is None:
            return None
        if LAZY_END.search(regex):
            return f"{shown(regex)} ends in a lazy group, which takes next to nothing; drop its ? or add what follows"
        if words := _words_of_first_group(regex):
            return f"the first group of {shown(regex)} takes {words!r}, no number; put the one group around the value"
        if pattern.groups and pattern.match(""):
            return f"{shown(regex)} matches the empty text, so everywhere; write what stands before the value"
        return None


@lru_cache(maxsize=256)
def _words_of_first_group(regex: str) -> str:
    """What the first group holds, if that is nothing but letters: it never takes a number then; else empty."""
    group = next((token for token in REGEX_TOKEN.finditer(regex) if token["group"]), None)
    inside = WORDS.match(regex, group.end()) if group is not None else None
    words = inside["words"] if inside is not None else ""
    return "" if NOT_A_NUMBER.intersection(words.lower().split("|")) else words
