from __future__ import annotations

import subprocess
import sys

import sm_raw.aws


def test_every_exported_name_is_there_and_all_are_sorted() -> None:
    names = sm_raw.aws.__all__
    constants, others = [n for n in names if n.isupper()], [n for n in names if not n.isupper()]
    classes, functions = [n for n in others if n[0].isupper()], [n for n in others if n[0].islower()]
    assert names == [*sorted(constants), *sorted(classes), *sorted(functions)]
    assert [name for name in names if not hasattr(sm_raw.aws, name)] == []
    assert [name for name in functions if not callable(getattr(sm_raw.aws, name))] == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("boto3", "botocore", "s3transfer", "numpy", "PIL", "jsonschema", "torch", "moto")
    code = f"import sys, sm_raw.aws; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
