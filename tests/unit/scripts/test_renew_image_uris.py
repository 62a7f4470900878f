from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "renew_image_uris.py"
EVERYWHERE = {"us-east-1": "111111111111", "eu-west-1": "222222222222"}
AT_HOME = {"us-east-1": "111111111111"}


def image(repository, registries=EVERYWHERE, **fields):
    return {"repository": repository, "registries": registries, **fields}


CONFIGURATIONS = {
    "pytorch": {
        "training": {
            "processors": ["cpu", "gpu"],
            "version_aliases": {"1.0": "1.0.0"},
            "versions": {"1.0.0": image("pytorch-training", py_versions=["py36"])},
        },
        "inference_graviton": {
            "processors": ["cpu"],
            "versions": {"1.0.0": image("pytorch-arm", AT_HOME, container_version={"cpu": "ubuntu"})},
        },
        "eia": {"versions": {"0.1": image("pytorch-eia")}},
    },
    "tensorflow": {"training": {"versions": {"1.13.1": {"py2": image("tf-old"), "py3": image("tf-new")}}}},
    "huggingface": {
        "training": {
            "processors": ["gpu"],
            "versions": {"4.4.2": {"version_aliases": {"pytorch1.6": "pytorch1.6.0"}, "pytorch1.6.0": image("hf")}},
        }
    },
    "sklearn": {"inference_graviton": {"versions": {"1.0-1": image("sklearn")}}},
    "xgboost": {scope: {"versions": {"1": image("xgboost")}} for scope in ("training", "inference")},
    "image-classification": {"scope": ["inference", "training"], "versions": {"1": image("image-classification")}},
    "debugger": {"scope": ["debugger"], "versions": {"latest": image("rules", {"us-east-1": "333333333333"})}},
}
KEPT = {
    "kept": {"evaluator": "https://example.com"},
    "accounts": {"444444444444": {"us-east-1": "444444444444"}, "555555555555": {}},
    "images": {"evaluator": [{"version": "latest", "registry": "444444444444"}], "gone": []},
}
IMAGES = {
    "pytorch": [
        {
            "version": "1.0.0",
            "also": ["1.0"],
            "repository": "pytorch-training",
            "pythons": ["py36"],
            "processors": ["cpu", "gpu"],
            "purposes": ["training"],
            "registry": "111111111111",
        },
        {
            "version": "1.0.0",
            "repository": "pytorch-arm",
            "processors": ["cpu"],
            "suffixes": {"cpu": "ubuntu-sagemaker"},
            "purposes": ["inference-graviton"],
            "registry": "111111111111",
            "lacking": ["eu-west-1"],
        },
    ],
    "tensorflow": [
        {"version": "1.13.1", "repository": name, "pythons": [py], "purposes": ["training"], "registry": "111111111111"}
        for name, py in (("tf-old", "py2"), ("tf-new", "py3"))
    ],
    "huggingface": [
        {
            "version": "4.4.2",
            "repository": "hf",
            "processors": ["gpu"],
            "suffixes": {"gpu": "cu110-ubuntu18.04"},
            "base": "pytorch1.6.0",
            "base_also": ["pytorch1.6"],
            "purposes": ["training"],
            "registry": "111111111111",
        }
    ],
    "sklearn": [
        {
            "version": "1.0-1",
            "repository": "sklearn",
            "prefix": "1.0-1-arm64",
            "purposes": ["inference-graviton"],
            "registry": "111111111111",
        }
    ],
    "xgboost": [
        {
            "version": "1",
            "repository": "xgboost",
            "purposes": ["training", "inference"],
            "registry": "111111111111",
        }
    ],
    "image-classification": [
        {
            "version": "1",
            "repository": "image-classification",
            "purposes": ["training", "inference"],
            "registry": "111111111111",
        }
    ],
    "debugger-rules": [
        {"version": "latest", "repository": "rules", "purposes": ["training"], "registry": "333333333333"}
    ],
    "evaluator": [{"version": "latest", "registry": "444444444444"}],
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_image_uris", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "sagemaker-2.999.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, configuration in CONFIGURATIONS.items():
            archive.writestr(f"sagemaker/image_uri_config/{name}.json", json.dumps(configuration))
    return path


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")
    (tmp_path / "site-packages" / "sagemaker-2.999.0.dist-info").mkdir()
    return tmp_path / "site-packages" / "sagemaker"


@pytest.mark.parametrize("package", ["wheel", "installed"])
def test_images_of_a_package_are_written_and_others_kept(script, package, request, tmp_path):
    output = tmp_path / "image_uris.json"
    output.write_text(json.dumps(KEPT), encoding="utf-8")
    path = request.getfixturevalue(package)
    assert script.main([str(path), "--output", str(output), "--date", "2026-11-21"]) == 0
    assert json.loads(output.read_text(encoding="utf-8")) == {
        "source": "https://github.com/aws/sagemaker-python-sdk/tree/v2.999.0",
        "read": "2026-11-21",
        "kept": {"evaluator": "https://example.com"},
        "accounts": {
            "111111111111": {"eu-west-1": "222222222222", "us-east-1": "111111111111"},
            "333333333333": {"us-east-1": "333333333333"},
            "444444444444": {"us-east-1": "444444444444"},
        },
        "images": IMAGES,
    }


def test_renewing_twice_changes_nothing(script, wheel, tmp_path):
    output = tmp_path / "image_uris.json"
    for _ in range(2):
        assert script.main([str(wheel), "--output", str(output), "--date", "2026-11-21"]) == 0
        first = output.read_text(encoding="utf-8")
    assert output.read_text(encoding="utf-8") == first
    assert '\n   "us-east-1": "111111111111"\n' in first


def test_file_in_the_package_is_as_the_script_writes_it(script):
    document = json.loads(script.OUTPUT.read_text(encoding="utf-8"))
    assert script.rendered(document) == script.OUTPUT.read_text(encoding="utf-8")


def test_path_that_is_no_package_is_refused(script, tmp_path):
    with pytest.raises(SystemExit, match="no package of a known version"):
        script.version_of(tmp_path / "numpy-2.0.0-py3-none-any.whl")


def test_one_registry_with_two_accounts_in_a_region_is_refused(script):
    rows = [{"repository": "r", "version": "1", "registries": {**EVERYWHERE, "eu-west-1": account}} for account in "12"]
    with pytest.raises(SystemExit, match="r 1 is elsewhere in eu-west-1: 2"):
        script.renewed({}, {"pytorch": rows}, version="1", read="today")
