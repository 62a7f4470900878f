"""A run among faults: it completes, or stops with a clear reason and completes on resume; none twice, none left."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_raw import cli
from sm_raw.cli import run as run_all
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
# Kinds that a second request makes again; what is only put may be put as often as it takes.
TAKEN_DOWN = {"model", "endpoint-config", "endpoint", "scalable-target", "scaling-policy", "alarm", "function", "role"}
MADE_ONCE = {"hyper-parameter-tuning-job", "training-job", "model", "endpoint-config", "endpoint", "function", "role"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "engine") as url:
        yield url


def control(engine: str, path: str, document: Any = None) -> Any:
    """Ask the engine's control path, or PUT a document there."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{engine}/_sm_raw/{path}", data=body, method="PUT" if body else "GET")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        return json.loads(response.read() or b"null")


def run(engine: str, recipe: Path, data: Path, out: Path) -> int:
    return run_all.main(["--endpoint-url", engine, "--recipe", str(recipe), "--data", str(data), "--out", str(out)])


def resources(engine: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = control(engine, "resources")["us-east-1"]
    return found


def left(engine: str) -> dict[str, Any]:
    """What a run should have taken down, and is still there."""
    found = resources(engine)
    there = {kind: own(found[kind]["there"]) for kind in TAKEN_DOWN if kind in found}
    return {kind: names for kind, names in there.items() if names}


def own(names: dict[str, Any]) -> dict[str, Any]:
    """Those of the recipe: moto keeps what other tests have made, too."""
    return {name: value for name, value in names.items() if "light" in name}


def made_twice(engine: str) -> list[str]:
    """What exists once, and was created more often."""
    found = {kind: names for kind, names in resources(engine).items() if kind in MADE_ONCE}
    return [name for names in found.values() for name, times in own(names["created"]).items() if times > 1]


COMPLETED: dict[str, dict[str, Any]] = {
    "throttling on half of all calls": {"calls": [{"error": "throttling", "rate": 0.5}]},
    "broken connections": {"calls": [{"error": "reset", "rate": 0.2}]},
    "servers that fail": {"calls": [{"error": "internal", "rate": 0.2}, {"error": "unavailable", "rate": 0.1}]},
    "a token that expires while a job is waited for": {
        "calls": [
            {
                "service": "sagemaker",
                "operation": "DescribeTrainingJob",
                "error": "expired_token",
                "skip": 2,
                "times": 3,
            }
        ]
    },
    "answers that get lost": {
        "calls": [{"service": "sagemaker", "operation": "Create*", "error": "reset", "when": "after", "times": 5}]
    },
}


@pytest.mark.parametrize("case", COMPLETED)
def test_a_run_rides_out(case: str, engine: str, light_recipe: Path, two_shades: Path, tmp_path: Path) -> None:
    control(engine, "faults", {"seed": 7, **COMPLETED[case]})
    assert run(engine, light_recipe, two_shades, tmp_path / "out") == 0
    struck = [
        rule["struck"] for rules in control(engine, "faults").values() if isinstance(rules, list) for rule in rules
    ]
    assert sum(struck) > 0
    assert (made_twice(engine), left(engine)) == ([], {})


STOPPED: dict[str, tuple[dict[str, Any], str]] = {
    "no quota": (
        {"calls": [{"service": "sagemaker", "operation": "CreateEndpoint", "error": "resource_limit"}]},
        "ResourceLimitExceeded",
    ),
    "no permission": (
        {"calls": [{"service": "sagemaker", "operation": "CreateModel", "error": "access_denied"}]},
        "AccessDenied",
    ),
    "a token that expired": (
        {"calls": [{"service": "sagemaker", "operation": "CreateEndpointConfig", "error": "expired_token"}]},
        "ExpiredToken",
    ),
    "no capacity to train": ({"jobs": [{"name": "light-train-*", "error": "capacity"}]}, "CapacityError"),
    "a script that fails": ({"jobs": [{"name": "light-train-*", "error": "script", "exit_code": 3}]}, "exit code"),
    "an endpoint that does not answer": ({"endpoints": [{"name": "*", "error": "ping"}]}, "ping"),
}


@pytest.mark.parametrize("case", STOPPED)
def test_a_run_stops_with_the_reason_and_completes_on_resume(
    case: str,
    engine: str,
    light_recipe: Path,
    two_shades: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    faults, reason = STOPPED[case]
    out = tmp_path / "out"
    control(engine, "faults", {"seed": 7, **faults})
    assert run(engine, light_recipe, two_shades, out) == 1
    told = capsys.readouterr().err
    assert reason in told
    assert "Traceback" not in told
    assert f"python -m sm_raw resume {out}" in told
    assert left(engine) == {}

    control(engine, "faults", {"seed": 7})
    assert cli.main(["resume", str(out)]) == 0
    assert json.loads((out / "run.json").read_text())["status"] == "succeeded"
    assert left(engine) == {}
