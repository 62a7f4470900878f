"""Setting the page: each room's values into one template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.errors import SmRawError
from sm_raw.report import formats, gallery, overview, plots, reading, rules, scaling, training, tuning

if TYPE_CHECKING:
    from jinja2 import Environment


def write_report(run_json: Path, html: Path) -> None:
    """Write the page of the run at ``run_json`` to ``html``. Raises InvalidData if that is no run."""
    run = reading.load(run_json)
    page = render(run, run_json.parent, page_folder=html.parent)
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(page, encoding="utf-8", errors="replace")


def render(run: Mapping[str, Any], folder: Path, *, page_folder: Path | None = None) -> str:
    """The page of a run as HTML: the same text for the same run.

    ``folder`` holds the pictures and request documents that the run names; ``page_folder`` is where the page
    will be put when that is elsewhere, for the links to the documents.
    """
    _require_extra()
    trials, charts = tuning.tuning(run), training.charts(run)
    tuned_plots = [plots.objective_by(name, trials, f"tuned-{n}") for n, name in enumerate(trials.tuned)]
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            headline=overview.headline(run),
            figures=overview.key_figures(run),
            steps=overview.steps(run, folder, page_folder or folder),
            tuning=trials,
            tuning_plots=[plot for plot in tuned_plots if plot],
            training_job=reading.text(run, "training_job"),
            hyperparameters=reading.mapping(run, "hyperparameters"),
            charts=[(chart, plots.chart(chart, f"chart-{n}")) for n, chart in enumerate(charts)],
            test_accuracy=run.get("test_accuracy"),
            rules=rules.rules(run),
            scaling=scaling.scaling(run),
            predictions=gallery.predictions(run, folder),
            left_behind=overview.left_behind(run),
        )
    )


def _require_extra() -> None:
    missing = [name for name in ("jinja2", "matplotlib", "PIL") if find_spec(name) is None]
    if missing:
        raise SmRawError(f"the report needs {', '.join(missing)}, not installed here; run: pip install 'sm_raw[local]'")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sm_raw.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    names = ("value", "number", "percent", "seconds", "milliseconds", "clock")
    environment.filters |= {name: getattr(formats, name) for name in names}
    return environment
