from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import tuning_limits as limits
from sm_raw.validation.rules.base import Rule

CONFIG = "HyperParameterTuningJobConfig"
TOTAL = f"{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs"
PARALLEL = f"{CONFIG}.ResourceLimits.MaxParallelTrainingJobs"


def found(rule: type[Rule], request: Any) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateHyperParameterTuningJob").check(request)]


@pytest.mark.parametrize(
    ("total", "parallel", "findings"),
    [
        (4, 2, []),
        (4, 4, []),
        ("${total}", 9, []),
        (
            2,
            4,
            [
                (
                    "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
                    "4 is more than MaxNumberOfTrainingJobs (2); give 2 or less",
                )
            ],
        ),
    ],
)
def test_parallel_jobs_are_within_the_total(total: object, parallel: int, findings: list[tuple[str, str]]) -> None:
    asked = {"MaxNumberOfTrainingJobs": total, "MaxParallelTrainingJobs": parallel}
    request = {"HyperParameterTuningJobConfig": {"ResourceLimits": asked}}
    assert found(limits.ParallelWithinTotal, request) == findings


def asked(strategy: str, total: object, parallel: object = 1) -> dict[str, Any]:
    resources = {"MaxNumberOfTrainingJobs": total, "MaxParallelTrainingJobs": parallel}
    return {CONFIG: {"Strategy": strategy, "ResourceLimits": resources}}


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (asked("Bayesian", 750, 100), []),
        (asked("Random", 10000), []),
        (asked("${strategy}", 800), []),
        (asked("Bayesian", "${total}"), []),
        (asked("Bayesian", 751), [(TOTAL, "751 is more than a tuning job may have; give 750 or less")]),
        (asked("Random", 10001), [(TOTAL, "10001 is more than a tuning job may have; give 10000 or less")]),
        (asked("Random", 200, 101), [(PARALLEL, "101 is more than may run at a time; give 100 or less")]),
    ],
)
def test_jobs_are_within_limits(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(limits.JobsWithinLimits, request_) == findings


@pytest.mark.parametrize(("values", "is_within"), [(25, True), (28, False)])
def test_grid_is_within_the_limit_of_jobs(values: int, is_within: bool) -> None:
    each = {"Values": [str(number) for number in range(values)]}
    request = {CONFIG: {"Strategy": "Grid", "ParameterRanges": {"CategoricalParameterRanges": [each, each]}}}
    message = "784 combinations are more jobs than a tuning job may have (750); remove values"
    assert found(limits.JobsWithinLimits, request) == ([] if is_within else [(f"{CONFIG}.ParameterRanges", message)])


@pytest.mark.parametrize(
    ("request_", "findings"),
    [
        (asked("Bayesian", 750, 10), []),
        (asked("Bayesian", 751), []),  # beyond every quota
        (asked("Random", 10001, 101), []),
        (asked("Bayesian", "${total}", "${parallel}"), []),
        (
            asked("Random", 751, 11),
            [
                (TOTAL, "751 is above the default quota (750); have it raised first, or give 750"),
                (PARALLEL, "11 is above the default quota (10); have it raised first, or give 10"),
            ],
        ),
    ],
)
def test_jobs_are_within_default_quotas(request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert found(limits.JobsWithinDefaultQuotas, request_) == findings


def ranges(count: int) -> list[dict[str, str]]:
    return [{"Name": f"n{number}"} for number in range(count)]


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"IntegerParameterRanges": ranges(15), "CategoricalParameterRanges": ranges(15)}, []),
        ({"AutoParameters": ranges(40)}, []),
        (
            {"IntegerParameterRanges": ranges(15), "ContinuousParameterRanges": ranges(16)},
            [(f"{CONFIG}.ParameterRanges", "31 hyperparameters are too many to tune; give 30 or less")],
        ),
    ],
)
def test_tuned_hyperparameters_are_within_the_limit(given: object, findings: list[tuple[str, str]]) -> None:
    assert found(limits.TunedWithinLimit, {CONFIG: {"ParameterRanges": given}}) == findings


@pytest.mark.parametrize(
    ("static", "tuned", "findings"),
    [
        (79, 20, []),
        (100, 0, []),
        (
            80,
            20,
            [
                (
                    "TrainingJobDefinition.StaticHyperParameters",
                    "101 hyperparameters, with the tuned ones and _tuning_objective_metric, are too many;"
                    " give 100 or less",
                )
            ],
        ),
    ],
)
def test_hyperparameters_are_within_the_limit(static: int, tuned: int, findings: list[tuple[str, str]]) -> None:
    request = {
        CONFIG: {"ParameterRanges": {"IntegerParameterRanges": ranges(tuned)}},
        "TrainingJobDefinition": {"StaticHyperParameters": {f"s{number}": "1" for number in range(static)}},
    }
    assert found(limits.HyperparametersWithinLimit, request) == findings


@pytest.mark.parametrize(
    ("counts", "findings"),
    [
        ((24, 24), []),
        ((60,), []),  # a matter of the schema
        (
            (24, 25),
            [
                (
                    "TrainingJobDefinitions",
                    "49 environment variables in all definitions together; give 48 or less",
                )
            ],
        ),
    ],
)
def test_environment_variables_are_within_the_limit(counts: tuple[int, ...], findings: list[tuple[str, str]]) -> None:
    each = [{"Environment": {f"V{number}": "" for number in range(count)}} for count in counts]
    assert found(limits.VariablesWithinLimit, {"TrainingJobDefinitions": each}) == findings


@pytest.mark.parametrize(
    ("limit", "runtimes", "is_bad"),
    [
        (7200, [3600], False),
        (3600, [3600], False),
        (None, [3600], False),
        ("${limit}", [3600], False),
        (600, [None], False),
        (600, ["${runtime}"], False),
        (4000, [3600, 7200], False),
        (600, [3600, None], False),
        (600, [3600], True),
        (600, [3600, 7200], True),
    ],
)
def test_tuning_outlasts_a_training(limit: object, runtimes: list[object], is_bad: bool) -> None:
    request = {
        CONFIG: {"ResourceLimits": {"MaxRuntimeInSeconds": limit}},
        "TrainingJobDefinitions": [{"StoppingCondition": {"MaxRuntimeInSeconds": each}} for each in runtimes],
    }
    message = "600 is less than the MaxRuntimeInSeconds of one training job (3600); give more"
    expected = [(f"{CONFIG}.ResourceLimits.MaxRuntimeInSeconds", message)] if is_bad else []
    assert found(limits.TuningOutlastsATraining, request) == expected


@pytest.mark.parametrize(
    ("total", "patience", "is_bad"), [(20, 5, False), (20, 20, False), ("${total}", 30, False), (20, 30, True)]
)
def test_patience_is_within_the_total(total: object, patience: object, is_bad: bool) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": patience}}
    config = {"ResourceLimits": {"MaxNumberOfTrainingJobs": total}, "TuningJobCompletionCriteria": criteria}
    path = f"{CONFIG}.TuningJobCompletionCriteria.BestObjectiveNotImproving.MaxNumberOfTrainingJobsNotImproving"
    message = "30 is more than MaxNumberOfTrainingJobs (20), so it ends nothing; give less than 20"
    assert found(limits.PatienceWithinTotal, {CONFIG: config}) == ([(path, message)] if is_bad else [])
