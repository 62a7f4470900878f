"""Hyperparameters: the service carries strings only, so values need a codec.

AWS's container toolkit, which runs scripts in the framework images, reads each string as JSON and keeps as
text what is no JSON (sagemaker-training, ``environment.read_hyperparameters``). So ``adam`` and ``64`` need
no quotes; only text that would be taken for something else does, such as ``"1.10"`` or ``"true"``. Built-in
algorithms and other containers get the string as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sm_raw.specs.assembly import EMPTY


def encode_hyperparameter(value: object) -> str:
    """The string from which a script in a framework image gets this very value, type included.

    Raises TypeError for what JSON cannot hold.
    """
    if isinstance(value, str) and _json_or_text(value) is value:
        return value
    return json.dumps(value)


def decode_hyperparameter(text: str) -> object:
    """The value that a hyperparameter's string stands for: 64 for ``64``, quoted never, once or twice.

    For reading results. AWS's SDK quotes tuned integers, so there the quotes say nothing about the type.
    """
    value = _json_or_text(text)
    return decode_hyperparameter(value) if isinstance(value, str) and value != text else value


def decode_hyperparameters(texts: Mapping[str, str]) -> dict[str, object]:
    """The values behind a whole map, such as the TunedHyperParameters of a tuning job's best training job."""
    return {name: decode_hyperparameter(text) for name, text in texts.items()}


def hyperparameter_text(value: object) -> str:
    """A value as a request carries it: a string as it is, all else as JSON (True becomes ``true``)."""
    return value if isinstance(value, str) else json.dumps(value)


def script_mode(
    program: str,
    *,
    submit_directory: str,
    hyperparameters: Mapping[str, object] = EMPTY,
    region: str | None = None,
    job_name: str | None = None,
    log_level: int | None = 20,
) -> dict[str, str]:
    """The hyperparameters by which a framework image runs a script, together with the script's own.

    ``submit_directory`` is the S3 URI of sourcedir.tar.gz, or its path in the container when a channel brings
    it; ``program`` is the script's path inside. The script gets back exactly the values given. ``log_level``
    is one of Python's logging module.
    """
    settings = {
        "sagemaker_program": program,
        "sagemaker_submit_directory": submit_directory,
        "sagemaker_container_log_level": log_level,
        "sagemaker_job_name": job_name,
        "sagemaker_region": region,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    return {name: encode_hyperparameter(value) for name, value in {**hyperparameters, **given}.items()}


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # or nested deeper than Python reads
        return text
