"""The public face: what the package exports is whole, sorted and light."""

from __future__ import annotations

import subprocess
import sys

import sm_raw

PROMISED = {
    "training_job",
    "tuning_job",
    "model",
    "endpoint_config",
    "endpoint",
    "scalable_target",
    "scaling_policy",
    "check",
    "submit",
    "wait",
    "invoke_endpoint",
}


def test_all_is_sorted_and_everything_in_it_is_there() -> None:
    assert sm_raw.__all__ == sorted(sm_raw.__all__)
    assert all(getattr(sm_raw, name) is not None for name in sm_raw.__all__)


def test_everything_public_is_in_all() -> None:
    modules = {
        "annotations",
        "aws",
        "errors",
        "specs",
        "validation",
        "local",
        "runs",
        "report",
        "cli",
        "TYPE_CHECKING",
        "Any",
    }
    public = {name for name in vars(sm_raw) if not name.startswith("_")} - modules
    assert public <= set(sm_raw.__all__)


def test_what_the_readme_promises_is_exported() -> None:
    assert set(sm_raw.__all__) >= PROMISED


def test_import_brings_nothing_heavy() -> None:
    heavy = "{'torch', 'moto', 'boto3', 'jsonschema', 'numpy', 'PIL', 'matplotlib', 'pandas'}"
    code = f"import sys, sm_raw; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
