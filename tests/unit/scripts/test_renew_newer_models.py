from __future__ import annotations

import gzip
import importlib.util
import json
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "renew_newer_models.py"


def model(values, *, fields=(), new_shape=()):
    members = {"Type": {"shape": "Type"}, **{key: {"shape": "Options"} for key in fields}}
    return {
        "operations": {"CreateExportTask": {"input": {"shape": "Request"}}, "Other": {"input": {"shape": "Apart"}}},
        "shapes": {
            "Request": {"type": "structure", "members": {"Items": {"shape": "Items"}}},
            "Items": {"type": "list", "member": {"shape": "Item"}},
            "Item": {"type": "structure", "members": members},
            "Type": {"type": "string", "enum": list(values)},
            "Options": {"type": "map", "key": {"shape": "Type"}, "value": {"shape": "Option"}},
            "Option": {"type": "structure", "members": {key: {"shape": "Type"} for key in new_shape}},
            "Apart": {"type": "structure", "members": {key: {"shape": "Type"} for key in values}},
        },
    }


WHEELS = {
    "1.38.0": model(["a"]),
    "1.40.9": model(["a", "b"], fields=["Options"], new_shape=["One"]),
    "1.40.10": model(["a", "b", "d", "c"], fields=["Options"], new_shape=["One", "Two"]),
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_newer_models", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wheels(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"botocore-{version}-py3-none-any.whl" for version in WHEELS]
    for path, content in zip(paths, WHEELS.values(), strict=True):
        with zipfile.ZipFile(path, "w") as archive:
            data = gzip.compress(json.dumps(content).encode())
            archive.writestr("botocore/data/logs/2014-03-28/service-2.json.gz", data)
    return [str(path) for path in paths]


def test_names_are_written_with_the_first_wheel_that_has_them(script, wheels, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "OPERATIONS", {"logs": ("CreateExportTask", "NotYet")})
    output = tmp_path / "newer.json"
    assert script.main([*reversed(wheels), "--output", str(output), "--date", "2026-11-21"]) == 0
    assert output.read_text(encoding="utf-8") == (
        "{\n"
        ' "source": "https://github.com/boto/botocore/tags",\n'
        ' "read": "2026-11-21",\n'
        ' "versions": ["1.38.0", "1.40.9", "1.40.10"],\n'
        ' "services": {\n'
        '  "logs": {\n'
        '   "Item": {\n'
        '    "1.40.9": ["Options"]\n'
        "   },\n"
        '   "Option": {\n'
        '    "1.40.10": ["Two"]\n'
        "   },\n"
        '   "Type": {\n'
        '    "1.40.9": ["b"],\n'
        '    "1.40.10": ["c", "d"]\n'
        "   }\n"
        "  }\n"
        " }\n"
        "}\n"
    )


def test_file_that_is_no_wheel_of_botocore_is_refused(script):
    with pytest.raises(SystemExit, match=r"boto3-1.38.0-py3-none-any.whl is no wheel of botocore"):
        script.version_of(Path("boto3-1.38.0-py3-none-any.whl"))
