"""The plots of the page, as SVG that becomes part of the document.

Text stays text, and colours are the page's own CSS variables, so that a plot follows the reader's light or
dark scheme, prints, and can be searched. matplotlib is used through Figure alone: no pyplot, no global state.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sm_raw.report import formats
from sm_raw.report.reading import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from sm_raw.report.training import Chart
    from sm_raw.report.tuning import Trial, Tuning

# matplotlib wants real colours: each stands for a CSS variable of the page, put in once the SVG is finished.
INK, LINE, BACKGROUND = "#010101", "#020202", "#030303"
COURSES = ("#040404", "#050505", "#060606", "#070707")
VARIABLES = {INK: "muted", LINE: "line", BACKGROUND: "page"} | {
    colour: f"series-{place}" for place, colour in enumerate(COURSES, start=1)
}
SPLITS = {"train": 0, "valid": 1, "test": 2}
DASHES = ("-", "--", "-.", ":")  # with the colours, so that a reader who tells no colours apart loses nothing

SIZE_INCHES = (5.0, 2.9)
MANY_POINTS = 25
LABEL_CHARACTERS = 18
DECADE = 10.0

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a class named "$x$" is a name, not a formula
    "font.size": 10.5,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 2.0,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
}


def chart(drawn: Chart, identifier: str) -> str:
    """The curves of one quantity by epoch; a test result is a level across them."""
    from matplotlib.ticker import MaxNLocator

    with _figure() as (figure, axes):
        for place, series in enumerate(drawn.series):
            style = SPLITS.get(series.name, place + len(SPLITS)) % len(COURSES)
            look: dict[str, Any] = {"color": COURSES[style], "label": _short(series.name).lstrip("_") or "value"}
            epochs, values = zip(*series.points, strict=True)
            if series.level:
                axes.axhline(values[0], linestyle=DASHES[style], **look)
            else:
                marker = "o" if len(epochs) <= MANY_POINTS else ""
                axes.plot(epochs, values, linestyle=DASHES[style], marker=marker, **look)
        every = [value for series in drawn.series for _, value in series.points]
        _number_axis(axes, "y", every, decades=2)
        if drawn.quantity == "accuracy" and all(0 <= value <= 1 for value in every):
            axes.yaxis.set_major_formatter(lambda value, _: formats.percent(value))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.set_xlabel("epoch")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
        return _svg(figure, identifier, drawn.summary)


def objective_by(name: str, tuning: Tuning, identifier: str) -> str:
    """The objective of each trial over one hyperparameter; empty if no trial has both."""
    trials = [each for each in tuning.trials if drawable(each.objective) is not None]
    trials = [each for each in trials if each.hyperparameters.get(name) is not None]
    if not trials:
        return ""
    given = [trial.hyperparameters[name] for trial in trials]
    with _figure() as (figure, axes):
        places = _place(axes, given)
        for place, trial in zip(places, trials, strict=True):
            _dot(axes, place, trial)
        _number_axis(axes, "y", [float(trial.objective) for trial in trials], decades=2)
        axes.set_xlabel(_short(name, 40))
        axes.set_ylabel(_short(tuning.metric, 30))
        axes.margins(0.08, 0.12)
        summary = ", ".join(
            f"{formats.value(value)}: {formats.number(trial.objective)}"
            for value, trial in zip(given, trials, strict=True)
        )
        return _svg(figure, identifier, f"{tuning.metric} by {name}. {summary}")


def _dot(axes: Axes, place: float, trial: Trial) -> None:
    look: dict[str, Any] = {
        "marker": "o",
        "markersize": 7,
        "color": COURSES[0],
        "markerfacecolor": BACKGROUND,
    }
    if trial.best:
        look = {"marker": "*", "markersize": 15, "color": COURSES[1], "zorder": 3}
    axes.plot([place], [float(trial.objective)], linestyle="", **look)


def _place(axes: Axes, given: Sequence[Any]) -> list[float]:
    """Where each value stands on the x axis: numbers by size, everything else as categories side by side."""
    numbers = [drawable(value) for value in given]
    plain = [value for value in numbers if value is not None]
    if len(plain) == len(given):
        _number_axis(axes, "x", plain, decades=1)
        return plain
    names = sorted({formats.value(value) for value in given})
    axes.set_xticks(range(len(names)), [_short(name) for name in names], rotation=30 if len(names) > 4 else 0)
    axes.set_xlim(-0.6, len(names) - 0.4)
    return [float(names.index(formats.value(value))) for value in given]


def _number_axis(axes: Axes, which: str, values: Sequence[float], *, decades: int) -> None:
    """Plain figures on the ticks; logarithmic where positive values span ``decades`` powers of ten or more,
    and for powers of two such as batch sizes, which are then marked one by one."""
    from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter

    axis: Axis = getattr(axes, f"{which}axis")
    span = max(values) / min(values) if min(values) > 0 else 0.0
    doubling = span >= 2 and all(value >= 1 and math.log2(value).is_integer() for value in values)
    if doubling or span >= DECADE**decades:
        axes.set(**{f"{which}scale": "log"})
        axis.set_minor_formatter(NullFormatter())
    if doubling:
        axis.set_major_locator(FixedLocator(sorted(set(values))))
    elif span >= DECADE**decades:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if span < 100 else (1.0,)))
    else:
        whole = all(value.is_integer() for value in values)
        axis.set_major_locator(MaxNLocator(6, steps=(1, 2, 2.5, 5, 10), integer=whole))
    axis.set_major_formatter(lambda value, _: formats.number(value))


@contextlib.contextmanager
def _figure() -> Iterator[tuple[Figure, Axes]]:
    """A figure under our settings alone, whatever the reader's own matplotlib configuration says."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        # The browser has glyphs for names that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        yield figure, axes


def _svg(figure: Figure, identifier: str, summary: str) -> str:
    """The figure as an element of the page: no prolog, fixed size or style of its own, no id used twice."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = identifier
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", target.getvalue(), flags=re.DOTALL)
    view_box, body = re.search(r'viewBox="([^"]+)"[^>]*>(.*)</svg>', svg, re.DOTALL).groups()  # type: ignore[union-attr]
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{identifier}-", body).replace("xlink:href", "href")
    # Newer releases of matplotlib write font-family, older ones all of it as one font.
    body = re.sub(r"font-family: [^;\"]*;? ?", "", re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", body))
    body = re.sub(r"(?<=: )#(0[1-7])\1\1", lambda found: f"var(--{VARIABLES[found[0]]})", body)
    return f'<svg class="plot" role="img" viewBox="{view_box}" aria-label="{escape(summary)}">{body}</svg>'


def _short(name: str, characters: int = LABEL_CHARACTERS) -> str:
    """On one line, without the half characters that stand for undecodable bytes of file names."""
    name = " ".join(name.encode("utf-8", "replace").decode().split())
    return name if len(name) <= characters else name[: characters - 1] + "…"
