"""run.json: what a run did, written after every step, so that it tells the truth whenever the run ends."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


class Record:
    """The content of OUT/run.json, and the files beside it: requests/ and pictures/."""

    def __init__(self, out: Path, *, recipe: str, target: str) -> None:
        self.out = out
        self.content: dict[str, Any] = {
            "recipe": recipe,
            "target": target,
            "status": "running",
            "error": None,
            "started": _now(),
            "finished": None,
            "steps": [],
            "objective": None,
            "trials": [],
            "best_training_job": None,
            "training_job": None,
            "hyperparameters": {},
            "metrics": {},
            "test_accuracy": None,
            "rules": [],
            "scaling": None,
            "predictions": [],
            "kept": [],
            "left_behind": [],
        }

    @property
    def path(self) -> Path:
        return self.out / "run.json"

    def begin(self, name: str, operation: str | None = None) -> dict[str, Any]:
        """A new step; the dict that comes back is the step, to be completed by ``end``."""
        step: dict[str, Any] = {
            "name": name,
            "operation": operation,
            "status": "running",
            "seconds": time.monotonic(),
            "resource": None,
            "detail": "",
            "request": None,
        }
        self.content["steps"].append(step)
        return step

    def end(self, step: dict[str, Any], status: str, detail: str = "") -> None:
        """Close a step with its status and one line about it, and write the file."""
        step.update(status=status, seconds=round(time.monotonic() - step["seconds"], 3))
        if detail:
            step["detail"] = detail
        self.write()

    def finish(self, status: str, error: str | None = None) -> None:
        """Close the run; a step that was under way gets its status."""
        for step in self.content["steps"]:
            if step["status"] == "running":
                self.end(step, status if status != "succeeded" else "failed")
        self.content.update(status=status, error=error, finished=_now())
        self.write()

    def write_request(self, file: str, request: Mapping[str, Any]) -> str:
        """Keep a request in the form that ``aws ... --cli-input-json`` takes; returns its path beside run.json."""
        return write_request(self.out, file, request)

    def write(self) -> None:
        """Write run.json in one move: a reader finds the old file or the new one."""
        self.out.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.content, indent=2, default=str) + "\n", encoding="utf-8")
        part.replace(self.path)


def write_request(out: Path, file: str, request: Mapping[str, Any]) -> str:
    """Write ``request`` to OUT/requests/FILE; returns the path relative to OUT."""
    path = out / "requests" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(request, indent=2) + "\n", encoding="utf-8")
    return str(path.relative_to(out))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
