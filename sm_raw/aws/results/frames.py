"""Results as pandas DataFrames. pandas is not needed for anything else here, and is imported only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.aws.results.training import TrainingResult
from sm_raw.aws.results.trials import Trial, trial_records
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from pandas import DataFrame


def trials_frame(found: Sequence[Trial]) -> DataFrame:
    """What ``trials`` returned, a row for each, in the same order; every tuned hyperparameter is a column.

    Raises SmRawError without pandas.
    """
    return _pandas("trial_records").DataFrame(trial_records(found))


def metrics_frame(result: TrainingResult) -> DataFrame:
    """Every value of every metric, in columns metric, time and value. Raises SmRawError without pandas."""
    return _pandas("metric_records").DataFrame(metric_records(result), columns=["metric", "time", "value"])


def metric_records(result: TrainingResult) -> list[dict[str, object]]:
    """Every value of every metric as a flat row, in order of metric and time."""
    return [
        {"metric": name, "time": point.time, "value": point.value}
        for name, points in result.metrics.items()
        for point in points
    ]


def _pandas(instead: str) -> Any:
    try:
        import pandas
    except ImportError as error:
        raise SmRawError(
            f"pandas is not installed: `pip install pandas`, or take {instead}(), plain rows that need nothing"
        ) from error
    return pandas
