from __future__ import annotations

import pytest

from sm_raw.specs.registry_paths import RegistryPath, registry_path

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image_uri", "path", "version", "python", "processor"),
    [
        (
            f"{REGISTRY}/pytorch-training:1.13.1-gpu-py39",
            RegistryPath("763104351884", "us-east-1", "pytorch-training", "1.13.1-gpu-py39"),
            "1.13.1",
            "py39",
            "gpu",
        ),
        (
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-inference:2.0-cpu-py310",
            RegistryPath("727897471807", "cn-north-1", "pytorch-inference", "2.0-cpu-py310"),
            "2.0",
            "py310",
            "cpu",
        ),
        (
            "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            RegistryPath("811284229777", "us-east-1", "image-classification", "1"),
            "",
            "",
            "",
        ),
        (f"{REGISTRY}/team/own", RegistryPath("763104351884", "us-east-1", "team/own", ""), "", "", ""),
        (
            f"{REGISTRY}/own@sha256:{'0' * 64}",
            RegistryPath("763104351884", "us-east-1", "own", ""),
            "",
            "",
            "",
        ),
    ],
)
def test_parts_of_an_image_in_ecr(
    image_uri: str, path: RegistryPath, version: str, python: str, processor: str
) -> None:
    found = registry_path(image_uri)
    assert found == path
    assert (found.version, found.python, found.processor) == (version, python, processor)


@pytest.mark.parametrize("image_uri", ["", "pytorch", "docker.io/library/python:3.11", "public.ecr.aws/x/y:1"])
def test_an_image_from_elsewhere_has_no_registry_path(image_uri: str) -> None:
    assert registry_path(image_uri) is None
