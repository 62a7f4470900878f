"""Tuning jobs: real searches over real training jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw import specs
from sm_raw.aws.results.trials import trials
from sm_raw.local import training_jobs
from sm_raw.local.protocol import validation_error

pytestmark = pytest.mark.local
METRIC = "valid:loss"


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def tuning_request(lab: Any, program: str = "train.py", **changes: Any) -> dict[str, Any]:
    definition = changes.pop("definition", {})
    fields: dict[str, Any] = {
        "ranges": [specs.continuous_range("x", 0.0, 1.0)],
        "objective_metric": METRIC,
        "objective_type": "Minimize",
        "max_jobs": 3,
        "max_parallel_jobs": 2,
        "strategy": "Random",
        **changes,
    }
    name = fields.pop("name", "") or lab.name("tune")
    training = specs.training_definition(**lab.common(program, **definition))
    return dict(specs.tuning_job(name, training=training, **fields))


def tune(lab: Any, program: str = "train.py", **changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a tuning job to its end; its description and those of its training jobs, by name."""
    request = tuning_request(lab, program, **changes)
    lab.sm.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    job = lab.ended("CreateHyperParameterTuningJob", name)
    return job, children(lab, name)


def children(lab: Any, name: str) -> list[dict[str, Any]]:
    found = lab.sm.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, MaxResults=100)
    return [
        lab.sm.describe_training_job(TrainingJobName=item["TrainingJobName"]) for item in found["TrainingJobSummaries"]
    ]


def most_at_once(jobs: list[dict[str, Any]]) -> int:
    """How many of the jobs existed at the same time, by their own times."""
    changes = [(job["CreationTime"], 1) for job in jobs] + [(job["TrainingEndTime"], -1) for job in jobs]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def loss(job: dict[str, Any]) -> float:
    (metric,) = job["FinalMetricDataList"]
    return float(metric["Value"])


@pytest.mark.parametrize(("objective", "pick"), [("Minimize", min), ("Maximize", max)])
def test_the_best_job_is_the_best_and_the_counters_add_up(lab: Any, objective: str, pick: Any) -> None:
    job, jobs = tune(lab, objective_type=objective, max_jobs=4, max_parallel_jobs=2)
    best = pick(jobs, key=loss)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert len({loss(child) for child in jobs}) == 4
    assert job["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": best["HyperParameters"]["x"]}
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": objective,
        "MetricName": METRIC,
        "Value": loss(best),
    }
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 4,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert trials(lab.sm, job["HyperParameterTuningJobName"])[0].name == best["TrainingJobName"]
    assert most_at_once(jobs) == 2


def test_children_are_ordinary_training_jobs_that_know_their_tuning_job(lab: Any) -> None:
    job, jobs = tune(lab, definition={"hyperparameters": {"plus": 1}}, tags={"team": "vision"})
    name = job["HyperParameterTuningJobName"]
    for number, child in enumerate(jobs, 1):
        assert re.fullmatch(rf"{name}-{number:03d}-[0-9a-f]{{8}}", child["TrainingJobName"])
        assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
        assert child["HyperParameters"]["plus"] == "1"
        assert child["HyperParameters"]["_tuning_objective_metric"] == METRIC
        assert child["ResourceConfig"]["InstanceType"] == "ml.m5.large"
        assert lab.log(child["TrainingJobName"])[-1] == f"epoch 2/2; {METRIC}={loss(child)};"
        assert lab.members(child["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": child["HyperParameters"]["x"]}


def test_describe_echoes_what_was_sent(lab: Any) -> None:
    request = tuning_request(lab, tags={"team": "vision"}, random_seed=7, max_jobs=1, max_parallel_jobs=1)
    arn = lab.sm.create_hyper_parameter_tuning_job(**request)["HyperParameterTuningJobArn"]
    job = lab.ended("CreateHyperParameterTuningJob", request["HyperParameterTuningJobName"])
    tags = request.pop("Tags")
    assert {field: job[field] for field in request} == request
    assert (job["HyperParameterTuningJobArn"], lab.sm.list_tags(ResourceArn=arn)["Tags"]) == (arn, tags)
    assert job["CreationTime"] <= job["HyperParameterTuningEndTime"] <= job["LastModifiedTime"]


def test_a_seed_repeats_a_random_search(lab: Any) -> None:
    ranges = [specs.continuous_range("x", 0.0, 1.0), specs.integer_range("plus", 1, 1000)]
    found = []
    for parallel in (1, 3):
        _, jobs = tune(lab, ranges=ranges, random_seed=42, max_parallel_jobs=parallel)
        found.append([(child["HyperParameters"]["x"], child["HyperParameters"]["plus"]) for child in jobs])
    assert found[0] == found[1]
    assert len(set(found[0])) == 3


def test_a_bayesian_search_stays_within_its_bounds_and_its_parallel_jobs(lab: Any) -> None:
    ranges = [specs.continuous_range("x", 0.2, 0.4), specs.integer_range("plus", 1, 64, scaling="Logarithmic")]
    job, jobs = tune(lab, strategy="Bayesian", ranges=ranges, max_jobs=6, max_parallel_jobs=3)
    assert all(0.2 <= float(child["HyperParameters"]["x"]) <= 0.4 for child in jobs)
    assert all(1 <= int(child["HyperParameters"]["plus"]) <= 64 for child in jobs)
    assert job["TrainingJobStatusCounters"]["Completed"] == len(jobs) == 6
    assert most_at_once(jobs) == 3


def test_a_grid_takes_every_combination_once(lab: Any) -> None:
    ranges = [specs.categorical_range("x", ["0.1", "0.2"]), specs.categorical_range("plus", ["0", "5"])]
    request = tuning_request(lab, strategy="Grid", ranges=ranges, max_parallel_jobs=4)
    del request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    lab.sm.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    assert lab.ended("CreateHyperParameterTuningJob", name)["HyperParameterTuningJobStatus"] == "Completed"
    found = [(child["HyperParameters"]["x"], child["HyperParameters"]["plus"]) for child in children(lab, name)]
    assert found == [("0.1", "0"), ("0.1", "5"), ("0.2", "0"), ("0.2", "5")]


def test_a_tuning_job_whose_trials_all_fail_fails_with_the_service_s_reason(lab: Any) -> None:
    job, jobs = tune(lab, "absent.py", max_jobs=2)
    assert {child["TrainingJobStatus"] for child in jobs} == {"Failed"}
    assert (job["HyperParameterTuningJobStatus"], job["FailureReason"]) == (
        "Failed",
        "All training jobs failed. Please take a look at the training jobs failures to get more details.",
    )
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2
    assert "BestTrainingJob" not in job


def test_a_tuning_job_without_an_objective_fails_with_the_service_s_reason(lab: Any) -> None:
    job, _ = tune(lab, max_jobs=2, definition={"metrics": {METRIC: "never printed=([0-9.]+)"}})
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No objective metrics found after running 2 training jobs. Please ensure")
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 2}


def test_failed_trials_do_not_fail_a_tuning_job_that_has_others(lab: Any) -> None:
    program = "import sys\nprint('valid:loss=1;') if sys.argv[-1] == '1' else sys.exit(1)\n"
    source = lab.put("code/half-fails.tar.gz", lab.archive({"train.py": program}))
    ranges = [specs.categorical_range("x", ["0", "1"])]
    job, _ = tune(lab, definition={"source": source}, strategy="Grid", ranges=ranges, max_jobs=2)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "1"}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 1}
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1


def test_stopping_a_tuning_job_stops_its_trials(lab: Any) -> None:
    request = tuning_request(lab, "stoppable.py", max_jobs=5)
    name = request["HyperParameterTuningJobName"]
    lab.sm.create_hyper_parameter_tuning_job(**request)
    lab.until(lambda: [lab.log(child["TrainingJobName"])[-1:] for child in children(lab, name)] == [["waiting"]] * 2)
    lab.sm.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = lab.ended("CreateHyperParameterTuningJob", name)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert [child["TrainingJobStatus"] for child in children(lab, name)] == ["Stopped", "Stopped"]
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    assert refusal(lambda: lab.sm.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)) == (
        "ValidationException",
        "The request was rejected because the tuning job is in status Stopped.",
    )


def test_a_tuning_job_that_is_stopped_right_after_its_creation_ends_stopped(lab: Any) -> None:
    names = []
    for _ in range(3):
        request = tuning_request(lab, "stoppable.py")
        lab.sm.create_hyper_parameter_tuning_job(**request)
        names.append({"HyperParameterTuningJobName": request["HyperParameterTuningJobName"]})
        lab.sm.stop_hyper_parameter_tuning_job(**names[-1])
    for name in names:
        job = lab.ended("CreateHyperParameterTuningJob", name["HyperParameterTuningJobName"])
        assert job["HyperParameterTuningJobStatus"] == "Stopped"
        assert job["TrainingJobStatusCounters"]["InProgress"] == 0


def test_a_tuning_job_that_takes_too_long_stops_its_trials(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The least that the service takes is two minutes.
    clock = iter([0.0])
    monkeypatch.setattr("sm_raw.local.tuning.monotonic", lambda: next(clock, 200.0))
    request = tuning_request(lab, "stoppable.py")
    request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxRuntimeInSeconds"] = 120
    lab.sm.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    assert lab.ended("CreateHyperParameterTuningJob", name)["HyperParameterTuningJobStatus"] == "Stopped"
    assert {child["TrainingJobStatus"] for child in children(lab, name)} == {"Stopped"}


def test_trials_that_cannot_start_fail_the_tuning_job_and_stop_the_others(
    lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = training_jobs.launch

    def refuse_second(engine: Any, region: str, request: dict[str, Any], **rest: Any) -> Any:
        if "-002-" in request["TrainingJobName"]:
            raise validation_error("the bucket is gone")
        return launch(engine, region, request, **rest)

    monkeypatch.setattr(training_jobs, "launch", refuse_second)
    job, jobs = tune(lab, "stoppable.py")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert re.fullmatch(
        rf"ClientError: the training job {job['HyperParameterTuningJobName']}-002-\w{{8}} could not start: "
        "the bucket is gone",
        job["FailureReason"],
    )
    assert [child["TrainingJobStatus"] for child in jobs] == ["Stopped"]


def test_children_are_listed_by_objective_and_only_those_that_have_one(lab: Any) -> None:
    job, _ = tune(lab, max_jobs=4, max_parallel_jobs=4)
    listing = lab.sm.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=job["HyperParameterTuningJobName"],
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 3},
    )
    pages = [page["TrainingJobSummaries"] for page in listing]
    values = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for page in pages for item in page]
    assert [len(page) for page in pages] == [3, 1]
    assert values == sorted(values, reverse=True)


def test_tuning_jobs_are_listed_with_their_counters(lab: Any) -> None:
    job, _ = tune(lab, max_jobs=1, max_parallel_jobs=1)
    name = job["HyperParameterTuningJobName"]
    (summary,) = lab.sm.list_hyper_parameter_tuning_jobs(NameContains=name, StatusEquals="Completed")[
        "HyperParameterTuningJobSummaries"
    ]
    assert (summary["HyperParameterTuningJobName"], summary["Strategy"]) == (name, "Random")
    assert summary["TrainingJobStatusCounters"]["Completed"] == 1
    assert summary["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a tuned static value": ({"definition": {"hyperparameters": {"x": 1}}}, "'x' is tuned by"),
    "an unknown objective": ({"objective_metric": "train:loss"}, "'train:loss' is not among the MetricDefinitions"),
    "bounds": ({"ranges": [specs.continuous_range("x", 2, 1)]}, "2.0 is above MaxValue (1.0)"),
    "a grid of numbers": ({"strategy": "Grid"}, "a grid takes categorical ranges only"),
    "a strategy": (
        {"strategy": "Hyperband", "strategy_config": specs.hyperband(min_resource=1, max_resource=3)},
        "Random, Bayesian, Grid",
    ),
    "a bucket": ({"definition": {"output_uri": "s3://nobody-has-this/"}}, "does not exist"),
    "a warm start": (
        {
            "extra": {
                "WarmStartConfig": {
                    "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "a"}],
                    "WarmStartType": "TransferLearning",
                }
            }
        },
        "does not run warm starts",
    ),
    "a criterion": (
        {
            "extra": {
                "HyperParameterTuningJobConfig": {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 1}}
            }
        },
        "does not run completion criteria",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_searched_is_refused_and_leaves_nothing(lab: Any, case: str) -> None:
    changes, message = REFUSED[case]
    request = tuning_request(lab, **changes)
    code, told = refusal(lambda: lab.sm.create_hyper_parameter_tuning_job(**request))
    assert (code, message in told) == ("ValidationException", True), told
    name = request["HyperParameterTuningJobName"]
    assert refusal(lambda: lab.sm.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name))[0] == (
        "ResourceNotFound"
    )


def test_a_name_that_is_taken_is_in_use_and_a_missing_job_is_not_found(lab: Any) -> None:
    request = tuning_request(lab, max_jobs=1, max_parallel_jobs=1)
    lab.sm.create_hyper_parameter_tuning_job(**request)
    assert refusal(lambda: lab.sm.create_hyper_parameter_tuning_job(**request))[0] == "ResourceInUse"
    lab.ended("CreateHyperParameterTuningJob", request["HyperParameterTuningJobName"])
    for operation in (
        lab.sm.describe_hyper_parameter_tuning_job,
        lab.sm.stop_hyper_parameter_tuning_job,
        lab.sm.list_training_jobs_for_hyper_parameter_tuning_job,
    ):
        assert refusal(lambda call=operation: call(HyperParameterTuningJobName="nobody"))[0] == "ResourceNotFound"


def test_a_missing_resource_configuration_is_named(lab: Any) -> None:
    request = tuning_request(lab)
    del request["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"]
    status, answer = lab.post("SageMaker.CreateHyperParameterTuningJob", json.dumps(request).encode())
    where = "TrainingJobDefinition.HyperParameterTuningResourceConfig"
    assert (status, answer["message"]) == (400, f"{where}: missing; give the instances on which to train")
