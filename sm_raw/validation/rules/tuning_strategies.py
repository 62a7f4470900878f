"""E308, E313 to W320: what the search strategies of tuning jobs ask for, and warm starts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, names, number, records, text, written_integer
from sm_raw.validation.rules.training import training_definitions
from sm_raw.validation.rules.tuning import CONFIG, TuningRule, range_groups, ranges_in
from sm_raw.validation.wording import listed

STRATEGIES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html"
HYPERBAND_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html"
WARM_START_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html"

HYPERBAND = ("StrategyConfig", "HyperbandStrategyConfig")
# Static hyperparameters from which Hyperband reads MaxResource, and the most that it may be.
RESOURCE_NAMES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
MOST_EPOCHS = 20_000


class StrategyRule(TuningRule):
    """A rule about HyperParameterTuningJobConfig; paths are those inside it."""

    source = STRATEGIES_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        yield from self.check_config(request, at(request, CONFIG))

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        raise NotImplementedError

    def within(self, path: str, message: str) -> Finding:
        return self.finding(f"{CONFIG}.{path}", message)


class EnoughCombinations(StrategyRule):
    """Ranges without a continuous one hold at least MaxNumberOfTrainingJobs combinations."""

    id = "E308"
    source = "https://github.com/aws/amazon-sagemaker-operator-for-k8s/issues/123"

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        total = number(at(config, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        combinations = combination_count(at(config, "ParameterRanges"))
        if total is None or combinations is None or combinations >= total or at(config, "Strategy") == "Grid":
            return
        message = f"{total} jobs are more than the {combinations} combinations; give {combinations} or add values"
        yield self.within("ResourceLimits.MaxNumberOfTrainingJobs", message)


class GridTakesCategories(StrategyRule):
    """Grid search takes categorical ranges only."""

    id = "E313"

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        if at(config, "Strategy") != "Grid":
            return
        for where, ranges in range_groups(request):
            for path, kind, _ in ranges_in(where, ranges):
                if kind in ("IntegerParameterRanges", "ContinuousParameterRanges"):
                    yield self.finding(path, "a grid takes categorical ranges only; list its values, or search Random")


class GridTriesEverything(StrategyRule):
    """Grid search: MaxNumberOfTrainingJobs is left out, or is the number of combinations."""

    id = "E314"

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        ranges = at(config, "ParameterRanges")
        if at(config, "Strategy") != "Grid" or at(ranges, "IntegerParameterRanges"):
            return
        total = number(at(config, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        combinations = combination_count(ranges)
        if total is not None and combinations is not None and total != combinations:
            message = f"{total} is not the number of combinations; give {combinations}, or leave it out"
            yield self.within("ResourceLimits.MaxNumberOfTrainingJobs", message)


class HyperbandStopsByItself(StrategyRule):
    """Hyperband stops training jobs itself: early stopping is Off."""

    id = "E315"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningJobConfig.html"

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        if at(config, "Strategy") == "Hyperband" and at(config, "TrainingJobEarlyStoppingType") == "Auto":
            message = "'Auto' is refused with Hyperband, which stops training jobs by itself; give Off"
            yield self.within("TrainingJobEarlyStoppingType", message)


class HyperbandKnowsItsResource(StrategyRule):
    """Hyperband: MaxResource is given, or a static hyperparameter tells the epochs."""

    id = "E316"
    source = HYPERBAND_PAGE

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        if at(config, "Strategy") != "Hyperband" or not is_absent(config, *HYPERBAND, "MaxResource"):
            return
        for where, definition in training_definitions(self.operation, request):
            static = definition.get("StaticHyperParameters")
            given = names(static)
            is_known = not any(map(is_placeholder, (static, *given)))
            if is_known and not any(name in RESOURCE_NAMES for name in given):
                message = f"missing, and {where} has no static hyperparameter {listed(RESOURCE_NAMES)}"
                yield self.within(".".join((*HYPERBAND, "MaxResource")), f"{message}; give the most epochs of a job")


class HyperbandResourcesFit(StrategyRule):
    """Hyperband: MinResource is not above MaxResource, and this not above 20000."""

    id = "E317"
    source = HYPERBAND_PAGE

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        low, high = (number(at(config, *HYPERBAND, name)) for name in ("MinResource", "MaxResource"))
        if high is not None and high > MOST_EPOCHS:
            message = f"{high} is too large; give {MOST_EPOCHS} or less"
            yield self.within(".".join((*HYPERBAND, "MaxResource")), message)
        if low is not None and high is not None and low > high:
            message = f"{low} is more than MaxResource ({high}); give {high} or less"
            yield self.within(".".join((*HYPERBAND, "MinResource")), message)


class HyperbandIsTheStrategy(StrategyRule):
    """HyperbandStrategyConfig goes with the strategy Hyperband."""

    id = "W318"
    source = HYPERBAND_PAGE

    def check_config(self, request: Request, config: object) -> Iterator[Finding]:
        strategy = text(at(config, "Strategy"))
        if at(config, *HYPERBAND) is not None and strategy in ("Bayesian", "Random", "Grid"):
            message = f"Strategy is {strategy}, which has no such settings; remove them, or set it to Hyperband"
            yield self.within(".".join(HYPERBAND), message)


class WarmStartHasAnotherParent(TuningRule):
    """A tuning job does not start from itself."""

    id = "E319"
    source = WARM_START_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        own = text(request.get("HyperParameterTuningJobName"))
        for index, parent in records(at(request, "WarmStartConfig", "ParentHyperParameterTuningJobs")):
            path = f"WarmStartConfig.ParentHyperParameterTuningJobs[{index}].HyperParameterTuningJobName"
            if own is not None and parent.get("HyperParameterTuningJobName") == own:
                yield self.finding(path, f"{own!r} is this job itself; name one that has ended")


class WarmStartLearns(TuningRule):
    """A warm start goes with the strategies Bayesian and Random."""

    id = "W320"
    source = WARM_START_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        strategy = text(at(request, CONFIG, "Strategy"))
        if request.get("WarmStartConfig") is not None and strategy in ("Hyperband", "Grid"):
            message = f"Strategy is {strategy}; only Bayesian and Random learn from earlier jobs; take one of them"
            yield self.finding("WarmStartConfig", message)


def combination_count(ranges: object) -> int | None:
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
