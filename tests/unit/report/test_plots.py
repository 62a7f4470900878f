from __future__ import annotations

import re
from typing import Any

import pytest

from sm_raw.report import plots
from sm_raw.report.training import charts
from sm_raw.report.tuning import tuning

Run = dict[str, Any]


def tuned_over(name: str, values: list[Any]) -> str:
    trials = [
        {"name": f"t{place}", "objective": 0.1 * place, "hyperparameters": {name: value}}
        for place, value in enumerate(values)
    ]
    return plots.objective_by(name, tuning({"trials": trials, "best_training_job": "t1"}), "p")


def ticks_below(svg: str, label: str) -> list[str]:
    x_axis = svg.split("matplotlib.axis_1")[1].split("matplotlib.axis_2")[0]
    return [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", x_axis) if text != label]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.001, 0.01, 0.1], ["0.001", "0.01", "0.1"]),
        ([0.002, 0.03], ["0.002", "0.005", "0.01", "0.02"]),
        ([32, 64, 512], ["32", "64", "512"]),
        ([0.2, 0.4, 0.6], ["0.2", "0.3", "0.4", "0.5", "0.6"]),
        ([6, 8, 10], ["6", "7", "8", "9", "10"]),
        (["sgd", "adam", "sgd"], ["adam", "sgd"]),
        ([True, False], ["false", "true"]),
        ([1, "auto"], ["1", "auto"]),
    ],
)
def test_the_axis_suits_the_hyperparameter(values: list[Any], ticks: list[str]) -> None:
    assert ticks_below(tuned_over("h", values), "h") == ticks


def test_trials_without_an_objective_or_the_hyperparameter_are_not_drawn(run: Run) -> None:
    told = tuning(run)
    assert 'aria-label="valid:loss by lr. 0.08: 0.14, 0.002: 0.26"' in plots.objective_by("lr", told, "p")
    assert plots.objective_by("dropout", told, "p") == ""


def test_a_plot_takes_its_colours_and_font_from_the_page(run: Run) -> None:
    svg = plots.chart(charts(run)[0], "loss")
    assert set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg)) == {
        "none",
        "var(--line)",
        "var(--muted)",
        "var(--series-1)",
        "var(--series-2)",
        "var(--series-3)",
    }
    assert "font-family" not in svg
    assert "<style" not in svg


def test_every_id_carries_the_name_of_its_plot(run: Run) -> None:
    svg = plots.chart(charts(run)[0], "loss")
    named = re.findall(r'\bid="([^"]+)"', svg)
    used = re.findall(r'(?:url\(#|href="#)([^")]+)', svg)
    assert {name.split("-")[0] for name in [*named, *used]} == {"loss"}
    assert set(used) <= set(named)


def test_the_same_numbers_give_the_same_plot(run: Run) -> None:
    chart = charts(run)[0]
    assert plots.chart(chart, "loss") == plots.chart(chart, "loss")


def test_the_readers_own_matplotlib_settings_change_nothing_and_are_kept(run: Run) -> None:
    import matplotlib

    chart = charts(run)[0]
    before = plots.chart(chart, "loss")
    with matplotlib.rc_context({"axes.facecolor": "#ff0000", "font.size": 30}):
        assert plots.chart(chart, "loss") == before
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", ["$x$", "$", "<b>&", "_hidden", "犬", "a\nb", "x" * 500, "\udcff", " "])
def test_any_name_can_be_drawn(name: str) -> None:
    svg = tuned_over(name, [name, "other"])
    assert "<b>" not in svg
    curve = charts({"metrics": {f"{name}:loss": [[1, 0.5], [2, 0.4]]}})[0]
    assert "</svg>" in plots.chart(curve, "loss")


@pytest.mark.parametrize("value", [0.0, -1.0, 3e38, 1e-200, 1e308, float("nan"), float("inf")])
def test_any_number_can_be_drawn_or_left_out(value: float) -> None:
    trials = [
        {"name": "a", "objective": value, "hyperparameters": {"h": 0.1}},
        {"name": "b", "objective": 0.5, "hyperparameters": {"h": value}},
    ]
    assert "</svg>" in plots.objective_by("h", tuning({"trials": trials}), "p")
    curve = charts({"metrics": {"train:loss": [[1, value], [2, 0.5]]}})[0]
    assert "</svg>" in plots.chart(curve, "loss")
