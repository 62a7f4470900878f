"""Cautious reading of run.json: what is missing or of another type is treated as not there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sm_raw.errors import InvalidData


def load(run_json: Path) -> Mapping[str, Any]:
    """The run as run_all wrote it. Raises InvalidData if the file cannot be read or is no JSON object."""
    try:
        run = json.loads(run_json.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidData(
            f"cannot read the run at {run_json}: {error.strerror}; give the run.json that run_all wrote"
        ) from error
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or nested without end
        raise InvalidData(f"{run_json} is not valid JSON: {error}; run again to write a new one") from error
    if not isinstance(run, dict):
        raise InvalidData(f"{run_json} holds a JSON {type(run).__name__}, not an object; give a run.json")
    return run


def mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under ``key``; an empty one if there is none."""
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def items(parent: Mapping[str, Any], key: str) -> list[Any]:
    """The list under ``key``; an empty one if there is none."""
    value = parent.get(key)
    return list(value) if isinstance(value, (list, tuple)) else []


def records(parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in the list under ``key``."""
    return [item for item in items(parent, key) if isinstance(item, Mapping)]


def text(parent: Mapping[str, Any], key: str) -> str:
    """The value under ``key`` as text; empty if there is none."""
    value = parent.get(key)
    return "" if value is None else str(value)


def finite(value: object) -> float | None:
    """A number that can be drawn and compared; None for anything else, NaN and the infinities included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond what a float holds
        return None


def drawable(value: object) -> float | None:
    """A finite number of a size that the axes of a plot can hold; a loss may diverge far beyond it."""
    number = finite(value)
    return number if number is not None and (number == 0 or 1e-100 < abs(number) < 1e100) else None


def below(folder: Path, name: str) -> Path | None:
    """The path of ``name`` below ``folder``; None if it leads out: run.json is not trusted with more."""
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError):  # a loop of links, a null byte
        return None
    return path if name and path.is_relative_to(folder.resolve()) else None
