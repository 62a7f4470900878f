from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.metric_bench import Capture, MetricCatch, bench, bench_request, render_catches

LOG = [
    "epoch 1/2; train:loss=0.93; valid:loss=0.95;",
    "noise",
    "epoch 2/2; train:loss=0.41; valid:loss=nan; train:loss=0.40;",
]


def caught(regex: object, *lines: str) -> MetricCatch:
    (catch,) = bench([{"Name": "m", "Regex": regex}], lines or LOG)
    return catch


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (
            "train:loss=([0-9.]+);",
            {"count": 3, "first": Capture(1, "0.93", 0.93), "last": Capture(3, "0.40", 0.4)},
        ),
        ("test:loss=([0-9.]+)", {}),
        ("train:loss=(.*?)", {"count": 3, "empty": 3}),
        ("train:(x)?loss", {"count": 3, "empty": 3}),
        (
            "valid:loss=([^;]+);",
            {
                "count": 2,
                "first": Capture(1, "0.95", 0.95),
                "last": Capture(1, "0.95", 0.95),
                "unparsable": 1,
                "odd": Capture(3, "nan"),
            },
        ),
        ("loss=[0-9]", {"problem": "no group to capture the value"}),
        ("loss=(", {"problem": "no regular expression"}),
        ("${regex}", {"problem": "the regex is known when the recipe is rendered"}),
        (3, {"problem": "no regular expression"}),
    ],
)
def test_regex_is_run_over_each_line(regex: object, expected: dict[str, Any]) -> None:
    assert caught(regex) == MetricCatch("m", str(regex), **expected)


def test_java_classes_are_read() -> None:
    assert caught(r"loss=(\p{Digit}+)", "loss=3").last == Capture(1, "3", 3.0)


def test_definitions_of_any_form_are_read() -> None:
    odd: Any = [None, {}, {"Name": 1}]
    assert [catch.problem for catch in bench(odd, LOG)] == ["no regular expression"] * 2


def metrics(*names: str) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": name, "Regex": f"{name}=(.)"} for name in names]}}


def test_metrics_of_a_training_job_are_benched() -> None:
    catches = bench_request("CreateTrainingJob", metrics("train:loss", "valid:loss"), iter(LOG))
    assert [(catch.name, catch.count) for catch in catches] == [("train:loss", 3), ("valid:loss", 2)]


def test_objectives_of_a_tuning_job_are_marked_and_metrics_of_several_definitions_shown_once() -> None:
    request = {
        "HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"MetricName": "valid:loss"}},
        "TrainingJobDefinition": metrics("train:loss", "valid:loss"),
        "TrainingJobDefinitions": [
            metrics("train:loss", "valid:loss"),
            {**metrics("train:loss"), "TuningObjective": {"MetricName": "train:loss"}},
        ],
    }
    catches = bench_request("sagemaker:CreateHyperParameterTuningJob", request, LOG)
    assert [(catch.name, catch.is_objective) for catch in catches] == [
        ("train:loss", False),
        ("valid:loss", True),
        ("train:loss", True),
    ]


@pytest.mark.parametrize(
    "request_", [[], {}, {"AlgorithmSpecification": []}, {"AlgorithmSpecification": {"MetricDefinitions": 3}}]
)
def test_requests_without_metrics_catch_nothing(request_: Any) -> None:
    assert bench_request("CreateTrainingJob", request_, LOG) == []
    assert bench_request("CreateModel", request_, LOG) == []


def test_table_shows_what_is_caught_and_warns() -> None:
    request = {
        "HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"MetricName": "valid:loss"}},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "MetricDefinitions": [
                    {"Name": "train:loss", "Regex": "train:loss=([0-9.]+);"},
                    {"Name": "valid:loss", "Regex": "valid:loss=([^;]+);"},
                    {"Name": "lazy", "Regex": "epoch(.*?)"},
                    {"Name": "test:loss", "Regex": "test:loss=(.)"},
                    {"Name": "epoch", "Regex": "epoch .*"},
                ]
            }
        },
    }
    assert render_catches(bench_request("CreateHyperParameterTuningJob", request, LOG)).splitlines() == [
        "metric        matches  values (line: value)",
        "train:loss          3  1: 0.93 ... 3: 0.40",
        "valid:loss *        2  1: 0.95               not a number: 'nan' (line 3)",
        "lazy                2                        2 captures are empty",
        "test:loss           0                        matches nothing",
        "epoch               -                        no group to capture the value",
        "* the objective",
    ]


def test_table_is_at_most_100_columns_wide() -> None:
    lines = [f"x={'9' * 40}", "x=", "x=" + "\t" * 50 + "abc", "x=z"]
    definitions = [{"Name": "n" * 200, "Regex": "x=(.*)"}, {"Name": "m", "Regex": "x=(.*)"}]
    table = render_catches(bench(definitions, lines)).splitlines()
    assert max(map(len, table)) <= 100
    assert table[2] == "    1 capture is empty; not a number: '?????????????...' (line 3) and 1 more"
