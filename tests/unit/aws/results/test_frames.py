from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone

import pytest

from sm_raw.aws.results.frames import metric_records, metrics_frame, trials_frame
from sm_raw.aws.results.metrics import MetricValue
from sm_raw.aws.results.training import TrainingResult
from sm_raw.aws.results.trials import Trial
from sm_raw.errors import SmRawError

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
TRIALS = [Trial("a", "Completed", 0.25, {"lr": 0.01}, 9.0), Trial("b", "Failed", None, {}, None)]
RESULT = TrainingResult(
    "digits",
    "Completed",
    metrics={"loss": [MetricValue(NOW, 0.5), MetricValue(NOW + timedelta(seconds=9), 0.25)], "f1": []},
)


def test_trials_become_a_frame_where_pandas_is_there() -> None:
    pytest.importorskip("pandas")
    frame = trials_frame(TRIALS)
    assert list(frame.columns) == ["training_job", "status", "objective", "lr", "seconds"]
    assert frame["lr"].tolist()[0] == 0.01
    assert frame["objective"].isna().tolist() == [False, True]


def test_metrics_become_a_frame_with_a_row_for_each_value() -> None:
    pytest.importorskip("pandas")
    assert metrics_frame(RESULT)["value"].tolist() == [0.5, 0.25]
    assert list(metrics_frame(TrainingResult("digits", "Failed")).columns) == ["metric", "time", "value"]


def test_without_pandas_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SmRawError, match=r"pip install pandas.*trial_records\(\)"):
        trials_frame(TRIALS)
    with pytest.raises(SmRawError, match=r"metric_records\(\)"):
        metrics_frame(RESULT)
    assert metric_records(RESULT)[0] == {"metric": "loss", "time": NOW, "value": 0.5}
