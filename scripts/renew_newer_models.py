"""Renew sm_raw/validation/newer_models.json: which fields and values came to botocore, and with which version.

    pip download --no-deps --dest wheels botocore==1.38.0 botocore==1.40.0 botocore==1.44.5
    python scripts/renew_newer_models.py wheels/botocore-*.whl

The oldest wheel is the base, best the oldest botocore that setup.cfg allows. Each field or value that it lacks is
written with the first of the wheels given that has it: the more wheels, the nearer to the version that brought it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

OUTPUT = Path(__file__).parents[1] / "sm_raw" / "validation" / "newer_models.json"
SOURCE = "https://github.com/boto/botocore/tags"

# Requests that this package builds or checks, by service.
OPERATIONS: Mapping[str, Sequence[str]] = {
    "sagemaker": (
        "CreateTrainingJob",
        "UpdateTrainingJob",
        "CreateHyperParameterTuningJob",
        "CreateProcessingJob",
        "CreateTransformJob",
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
    ),
    "sagemaker-runtime": ("InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"),
    "application-autoscaling": ("RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"),
    "lambda": ("CreateFunction", "CreateAlias", "PutProvisionedConcurrencyConfig"),
    "logs": ("CreateExportTask",),
}

Names: TypeAlias = Mapping[tuple[str, str], set[str]]  # (service, shape): its fields, or its enum's values
Model: TypeAlias = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL", help="botocore-VERSION-py3-none-any.whl")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--date", default=date.today().isoformat(), help="when the wheels were read (today)")
    options = parser.parse_args(arguments)
    versions = {version_of(wheel): wheel for wheel in options.wheels}
    ordered = sorted(versions, key=version_key)
    known = {version: names_in(versions[version]) for version in ordered}
    options.output.write_text(rendered(newer_names(known), versions=ordered, read=options.date), encoding="utf-8")
    print(f"{options.output}: botocore {ordered[0]} to {ordered[-1]}, from {len(ordered)} wheels", file=sys.stderr)
    return 0


def version_of(wheel: Path) -> str:
    """``1.38.0`` of ``botocore-1.38.0-py3-none-any.whl``."""
    found = re.match(r"botocore-(\d+(?:\.\d+)+)-", wheel.name)
    if found is None:
        raise SystemExit(f"{wheel.name} is no wheel of botocore; give botocore-VERSION-py3-none-any.whl")
    return found[1]


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def names_in(wheel: Path) -> Names:
    """The names that a wheel's models know in the requests of OPERATIONS."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            (service, shape): names
            for service, operations in OPERATIONS.items()
            for shape, names in _request_names(_model(archive, service), operations)
        }


def _model(archive: zipfile.ZipFile, service: str) -> Model:
    files = [name for name in archive.namelist() if re.fullmatch(rf".*/data/{service}/[^/]+/service-2.json.gz", name)]
    model: Model = json.loads(gzip.decompress(archive.read(max(files))))
    return model


def _request_names(model: Model, operations: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
    shapes = model["shapes"]
    waiting = [model["operations"][name]["input"]["shape"] for name in operations if name in model["operations"]]
    seen = set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        yield name, {*shape.get("members", {}), *shape.get("enum", ())}
        waiting += [each["shape"] for each in shape.get("members", {}).values()]
        waiting += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]


def newer_names(known: Mapping[str, Names]) -> dict[tuple[str, str], dict[str, list[str]]]:
    """For each shape, the versions that brought names to it, and which; versions come oldest first."""
    newer: dict[tuple[str, str], dict[str, list[str]]] = {}
    seen: dict[tuple[str, str], set[str]] = {}
    for version, shapes in known.items():
        for shape, names in shapes.items():
            # A shape that is new itself: the field that leads to it says so.
            added = names - seen.setdefault(shape, set(names))
            if added:
                newer.setdefault(shape, {})[version] = sorted(added)
                seen[shape] |= added
    return newer


def rendered(newer: Mapping[tuple[str, str], Mapping[str, list[str]]], *, versions: Sequence[str], read: str) -> str:
    """JSON with one line for what one version brought to one shape, so that a renewal is a readable diff."""
    services: dict[str, dict[str, Mapping[str, list[str]]]] = {}
    for (service, shape), brought in sorted(newer.items()):
        services.setdefault(service, {})[shape] = brought
    document = {"source": SOURCE, "read": read, "versions": list(versions), "services": services}
    text = json.dumps(document, indent=1)
    return re.sub(r"\[\s+([^][]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


if __name__ == "__main__":
    sys.exit(main())
