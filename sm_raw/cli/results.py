"""``results``: what a tuning or training job has found out and left, and the requests that go on from there."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import TRAINING, TUNING
from sm_raw.aws.results.artefacts import DEFAULT_PARTS, fetch_artefacts
from sm_raw.aws.results.frames import metric_records
from sm_raw.aws.results.metrics import MetricValue
from sm_raw.aws.results.retraining import best_model_request, best_training_request, repeated_training_request
from sm_raw.aws.results.training import TrainingResult, training_result
from sm_raw.aws.results.trials import best_trial, objective_metric, trial_records, trials
from sm_raw.aws.waiting.attach import find_job
from sm_raw.cli.jobs import clients_of
from sm_raw.cli.run import told
from sm_raw.cli.telling import SUCCESS, table
from sm_raw.errors import SmRawError, UnknownImage
from sm_raw.runs.outcomes import trial_rows
from sm_raw.runs.story import Story

METRIC_HEAD = ("metric", "values", "first", "lowest", "highest", "last")


def results(options: argparse.Namespace) -> int:
    """Print the results of a job; fetch what it has left, and write requests, if asked for."""
    return told(lambda story: _results(clients_of(options), options, story))


def _results(clients: Clients, options: argparse.Namespace, story: Story) -> int:
    if options.include and not options.download:
        raise SmRawError("--include names what --download fetches: give --download DIR, too")
    kind = find_job(clients, options.name)
    if kind is TUNING:
        _of_tuning(clients, options, story)
    elif kind is TRAINING:
        _of_training(clients, options, story)
    else:
        raise SmRawError(
            f"{kind.label} {options.name!r} has no results that are known here: a training or tuning job has. "
            f"Its log: python -m sm_raw logs {options.name}"
        )
    return SUCCESS


def _of_tuning(clients: Clients, options: argparse.Namespace, story: Story) -> None:
    job: Mapping[str, Any] = ride_out(
        lambda: clients.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=options.name)
    )
    found = trials(clients.sagemaker, options.name)
    best = job.get("BestTrainingJob", {}).get("TrainingJobName", "")
    if options.format == "json":
        print(json.dumps([{**asdict(trial), "best": trial.name == best} for trial in found], indent=2))
    elif options.format == "csv":
        print(_csv(trial_records(found)), end="")
    elif found:
        print(table(trial_rows(found, objective_metric(job), best)))
    else:
        story.line(f"tuning job {options.name!r} has no training jobs yet")
    if options.download:
        _download(clients, best_trial(found).name, options, story)
    if options.requests:
        again = best_training_request(job)
        _write_requests(clients, best or best_trial(found).name, dict(again), options, story)


def _of_training(clients: Clients, options: argparse.Namespace, story: Story) -> None:
    found = training_result(clients, options.name)
    print(FORMATS[options.format](found), end="")
    if options.download:
        _download(clients, options.name, options, story)
    if options.requests:
        again = repeated_training_request(_described(clients, options.name))
        _write_requests(clients, options.name, dict(again), options, story)


def _described(clients: Clients, training_job: str) -> Mapping[str, Any]:
    described: Mapping[str, Any] = ride_out(
        lambda: clients.sagemaker.describe_training_job(TrainingJobName=training_job)
    )
    return described


def _download(clients: Clients, training_job: str, options: argparse.Namespace, story: Story) -> None:
    parts = tuple(dict.fromkeys(options.include or DEFAULT_PARTS))
    fetched = fetch_artefacts(clients, training_job, options.download, parts=parts)
    for artefact in fetched:
        story.line(f"{artefact.path}: {artefact.bytes:,} bytes of {artefact.s3_uri}")
    missing = [part for part in parts if part not in {artefact.part for artefact in fetched}]
    # That there are no reports is no news where nobody has asked for them.
    if missing and (options.include or not fetched):
        story.line(f"training job {training_job!r} has left nothing of: {', '.join(missing)}")


def _write_requests(
    clients: Clients, training_job: str, again: Mapping[str, Any], options: argparse.Namespace, story: Story
) -> None:
    _write(options.requests / "create_training_job.json", again, story)
    try:
        model = best_model_request(
            _described(clients, training_job),
            inference_image=options.inference_image,
            instance_type=options.instance_type,
        )
    except UnknownImage as error:
        raise SmRawError(f"{error} (here: --inference-image URI)") from error
    _write(options.requests / "create_model.json", model, story)


def _write(path: Path, request: Mapping[str, Any], story: Story) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(request, indent=2) + "\n", encoding="utf-8")
    story.line(f"wrote {path}")


def _as_text(found: TrainingResult) -> str:
    facts = [
        ("training job", found.name),
        ("status", found.status),
        ("seconds", _number(found.seconds)),
        ("billable seconds", _number(found.billable_seconds)),
        *((name, str(value)) for name, value in found.hyperparameters.items()),
        ("model", found.model_uri or "none"),
    ]
    rules = [("rule", "status", "details"), *((rule.name, rule.status, rule.details) for rule in found.rules)]
    metrics = [METRIC_HEAD, *_metric_rows(found)]
    tables = [facts, *(rows for rows in (metrics, rules) if len(rows) > 1)]
    failed = f"\n  why: python -m sm_raw explain {found.name}\n" if found.reason else ""
    return "\n\n".join(table(rows) for rows in tables) + "\n" + failed


def _metric_rows(found: TrainingResult) -> Iterator[tuple[str, ...]]:
    for name, points in found.metrics.items():
        values = [point.value for point in points]
        last = found.final_metrics.get(name, values[-1] if values else None)
        bounds = (values[0], min(values), max(values)) if values else (None, None, None)
        yield name, str(len(values)), *(_number(value) for value in (*bounds, last))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _as_json(found: TrainingResult) -> str:
    data = asdict(found)
    data["metrics"] = {name: [_point(point) for point in points] for name, points in found.metrics.items()}
    return json.dumps(data, indent=2) + "\n"


def _point(point: MetricValue) -> dict[str, Any]:
    return {"time": point.time.isoformat(timespec="milliseconds"), "value": point.value}


def _csv(records: Sequence[Mapping[str, object]], head: Sequence[str] = ()) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _metrics_csv(found: TrainingResult) -> str:
    return _csv(metric_records(found), ("metric", "time", "value"))


FORMATS = {"text": _as_text, "json": _as_json, "csv": _metrics_csv}
