from __future__ import annotations

from typing import Any

from sm_raw.report.training import Chart, Series, charts

Run = dict[str, Any]


def test_each_quantity_is_a_chart_and_a_test_result_is_a_level(run: Run) -> None:
    assert charts(run) == [
        Chart(
            "loss",
            [
                Series("train", [(1, 0.9), (2, 0.5)], level=False),
                Series("valid", [(1, 1.0), (2, 0.6)], level=False),
                Series("test", [(1, 0.55)], level=True),
            ],
        ),
        Chart("accuracy", [Series("train", [(1, 0.7), (2, 0.9)], level=False)]),
    ]


def test_a_training_of_one_epoch_still_has_courses() -> None:
    one_epoch = {"metrics": {f"{split}:loss": [[1, 0.5]] for split in ("train", "valid", "test")}}
    assert [series.level for series in charts(one_epoch)[0].series] == [False, False, True]


def test_unknown_metrics_follow_and_odd_points_are_left_out() -> None:
    metrics = {"lr": [[2, 0.1], [1, 0.2]], "train:f1": [[1, float("nan")], [2], "x", [3, 0.5]], "bad": None}
    assert charts({"metrics": metrics}) == [
        Chart("f1", [Series("train", [(3, 0.5)], level=False)]),
        Chart("lr", [Series("lr", [(1, 0.2), (2, 0.1)], level=False)]),
    ]


def test_a_chart_has_its_numbers_as_rows_and_its_story_in_words() -> None:
    chart = charts({"metrics": {"train:loss": [[1, 0.9], [2, 0.5]], "valid:loss": [[2, 0.6], [3, 0.55]]}})[0]
    assert chart.rows == [(1, [0.9, None]), (2, [0.5, 0.6]), (3, [None, 0.55])]
    assert chart.summary == "loss by epoch: train from 0.9 to 0.5, valid from 0.6 to 0.55"
