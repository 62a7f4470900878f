"""E307, E321 to E325, W341, W342: how much a tuning job may ask for."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, names, number, text
from sm_raw.validation.rules.training import training_definitions
from sm_raw.validation.rules.tuning import CONFIG, TuningRule, range_groups, ranges_in, ranges_of
from sm_raw.validation.rules.tuning_strategies import combination_count

LIMITS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html"

LIMITS = f"{CONFIG}.ResourceLimits"
MOST_JOBS = 750  # of every strategy
MOST_RANDOM_JOBS = 10_000  # with a raised quota
MOST_PARALLEL_JOBS, DEFAULT_PARALLEL_JOBS = 100, 10
MOST_TUNED, MOST_HYPERPARAMETERS, MOST_VARIABLES = 30, 100, 48


class ParallelWithinTotal(TuningRule):
    """MaxParallelTrainingJobs does not exceed MaxNumberOfTrainingJobs."""

    id = "E307"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceLimits.html"

    def check(self, request: Request) -> Iterator[Finding]:
        total = number(at(request, CONFIG, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        parallel = number(at(request, CONFIG, "ResourceLimits", "MaxParallelTrainingJobs"))
        if total is not None and parallel is not None and parallel > total:
            message = f"{parallel} is more than MaxNumberOfTrainingJobs ({total}); give {total} or less"
            yield self.finding(f"{LIMITS}.MaxParallelTrainingJobs", message)


class JobsWithinLimits(TuningRule):
    """A tuning job has at most 750 training jobs (Random 10000), 100 of them at a time."""

    id = "E321"
    source = LIMITS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        config = at(request, CONFIG)
        total = number(at(config, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        most = MOST_JOBS if text(at(config, "Strategy")) in ("Bayesian", "Hyperband", "Grid") else MOST_RANDOM_JOBS
        if total is not None and total > most:
            message = f"{total} is more than a tuning job may have; give {most} or less"
            yield self.finding(f"{LIMITS}.MaxNumberOfTrainingJobs", message)
        grid = combination_count(at(config, "ParameterRanges")) if at(config, "Strategy") == "Grid" else None
        if total is None and grid is not None and grid > MOST_JOBS:
            message = f"{grid} combinations are more jobs than a tuning job may have ({MOST_JOBS}); remove values"
            yield self.finding(f"{CONFIG}.ParameterRanges", message)
        parallel = number(at(config, "ResourceLimits", "MaxParallelTrainingJobs"))
        if parallel is not None and parallel > MOST_PARALLEL_JOBS:
            message = f"{parallel} is more than may run at a time; give {MOST_PARALLEL_JOBS} or less"
            yield self.finding(f"{LIMITS}.MaxParallelTrainingJobs", message)


class JobsWithinDefaultQuotas(TuningRule):
    """More than 10 training jobs at a time, or more than 750 in all, need a raised quota."""

    id = "W322"
    source = LIMITS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for name, default, most in (
            ("MaxNumberOfTrainingJobs", MOST_JOBS, MOST_RANDOM_JOBS),
            ("MaxParallelTrainingJobs", DEFAULT_PARALLEL_JOBS, MOST_PARALLEL_JOBS),
        ):
            count = number(at(request, CONFIG, "ResourceLimits", name))
            is_raisable = default == DEFAULT_PARALLEL_JOBS or at(request, CONFIG, "Strategy") == "Random"
            if count is not None and default < count <= most and is_raisable:
                message = f"{count} is above the default quota ({default}); have it raised first, or give {default}"
                yield self.finding(f"{LIMITS}.{name}", message)


class TunedWithinLimit(TuningRule):
    """At most 30 hyperparameters are tuned."""

    id = "E323"
    source = LIMITS_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        for where, ranges in range_groups(request):
            count = sum(kind != "AutoParameters" for _, kind, _ in ranges_in(where, ranges))
            if count > MOST_TUNED:
                yield self.finding(where, f"{count} hyperparameters are too many to tune; give {MOST_TUNED} or less")


class HyperparametersWithinLimit(TuningRule):
    """Tuned and static hyperparameters are at most 100 with the one that the service adds."""

    id = "E324"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for where, definition in training_definitions(self.operation, request):
            static = set(names(definition.get("StaticHyperParameters")))
            tuned = {text(each.get("Name")) for _, _, each in ranges_of(request, where, definition)}
            count = len(static | tuned | {"_tuning_objective_metric"})
            if tuned and count > MOST_HYPERPARAMETERS:
                message = f"{count} hyperparameters, with the tuned ones and _tuning_objective_metric, are too many"
                yield self.finding(f"{where}.StaticHyperParameters", f"{message}; give {MOST_HYPERPARAMETERS} or less")


class VariablesWithinLimit(TuningRule):
    """The training definitions have at most 48 environment variables together."""

    id = "E325"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobDefinition.html"

    def check(self, request: Request) -> Iterator[Finding]:
        definitions = list(training_definitions(self.operation, request))
        count = sum(len(names(definition.get("Environment"))) for _, definition in definitions)
        if len(definitions) > 1 and count > MOST_VARIABLES:
            message = f"{count} environment variables in all definitions together; give {MOST_VARIABLES} or less"
            yield self.finding("TrainingJobDefinitions", message)


class TuningOutlastsATraining(TuningRule):
    """A tuning job may run at least as long as one of its training jobs may."""

    id = "W341"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceLimits.html"

    def check(self, request: Request) -> Iterator[Finding]:
        limit = number(at(request, CONFIG, "ResourceLimits", "MaxRuntimeInSeconds"))
        definitions = [definition for _, definition in training_definitions(self.operation, request)]
        given = [number(at(each, "StoppingCondition", "MaxRuntimeInSeconds")) for each in definitions]
        known = [seconds for seconds in given if seconds is not None]
        if limit is not None and known and len(known) == len(given) and limit < min(known):
            message = f"{limit} is less than the MaxRuntimeInSeconds of one training job ({min(known)}); give more"
            yield self.finding(f"{LIMITS}.MaxRuntimeInSeconds", message)


class PatienceWithinTotal(TuningRule):
    """What ends a tuning job early can come about within MaxNumberOfTrainingJobs."""

    id = "W342"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BestObjectiveNotImproving.html"
    field = ("TuningJobCompletionCriteria", "BestObjectiveNotImproving", "MaxNumberOfTrainingJobsNotImproving")

    def check(self, request: Request) -> Iterator[Finding]:
        total = number(at(request, CONFIG, "ResourceLimits", "MaxNumberOfTrainingJobs"))
        patience = number(at(request, CONFIG, *self.field))
        if total is not None and patience is not None and patience > total:
            message = f"{patience} is more than MaxNumberOfTrainingJobs ({total}), so it ends nothing"
            yield self.finding(".".join((CONFIG, *self.field)), f"{message}; give less than {total}")
