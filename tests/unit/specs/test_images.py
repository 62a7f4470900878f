from __future__ import annotations

import re

import pytest

from sm_raw.errors import UnknownImage
from sm_raw.specs.images import (
    debugger_rules_image,
    has_arm,
    image_uri,
    images_in,
    known_images,
    pytorch_image,
    registry_accounts,
)

GPU, CPU, ARM = "ml.g4dn.xlarge", "ml.m5.xlarge", "ml.c7g.xlarge"
DEEP_LEARNING = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("region", "instance_type", "purpose", "expected"),
    [
        (
            "us-east-1",
            "ml.g4dn.xlarge",
            "training",
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-gpu-py39",
        ),
        (
            "eu-west-1",
            "ml.m5.large",
            "inference",
            "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:1.13.1-cpu-py39",
        ),
        (
            "cn-north-1",
            "ml.p3.2xlarge",
            "training",
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:1.13.1-gpu-py39",
        ),
    ],
)
def test_pytorch_image_follows_region_and_instance_type(region, instance_type, purpose, expected):
    image = pytorch_image(region, version="1.13.1", python="py39", instance_type=instance_type, purpose=purpose)
    assert image == expected


def test_image_of_the_debugger_rules():
    assert (
        debugger_rules_image("us-west-2")
        == "895741380848.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rules:latest"
    )


# As AWS's SDK (sagemaker 2.257.7) makes them.
@pytest.mark.parametrize(
    ("framework", "choices", "expected"),
    [
        ("pytorch", {"version": "1.12", "instance_type": GPU}, "pytorch-training:1.12-gpu-py38"),
        ("pytorch", {"version": "1.12.1", "instance_type": GPU}, "pytorch-training:1.12.1-gpu-py38"),
        ("pytorch", {"version": "1.4.0", "python": "py3"}, "pytorch-training:1.4.0-cpu-py3"),
        (
            "pytorch",
            {"version": "2.3", "instance_type": ARM, "purpose": "inference"},
            "pytorch-inference-graviton:2.3-cpu-py311-ubuntu20.04-sagemaker",
        ),
        ("tensorflow", {"version": "2.19.0", "instance_type": GPU}, "tensorflow-training:2.19.0-gpu-py312"),
        ("tensorflow", {"version": "2.11.0", "purpose": "inference"}, "tensorflow-inference:2.11.0-cpu"),
        (
            "huggingface",
            {"version": "4.36.0", "instance_type": GPU},
            "huggingface-pytorch-training:2.1.0-transformers4.36.0-gpu-py310-cu121-ubuntu20.04",
        ),
        (
            "huggingface",
            {"version": "4.17", "base": "tensorflow2.6", "instance_type": GPU},
            "huggingface-tensorflow-training:2.6-transformers4.17-gpu-py38-cu112-ubuntu20.04",
        ),
        (
            "huggingface",
            {"version": "4.4.2", "base": "pytorch1.6.0", "instance_type": GPU},
            "huggingface-pytorch-training:1.6.0-transformers4.4.2-gpu-py36-cu110-ubuntu18.04",
        ),
    ],
)
def test_framework_image_repeats_the_version_as_typed(framework, choices, expected):
    assert image_uri(framework, region="us-east-1", **choices) == f"{DEEP_LEARNING}/{expected}"


@pytest.mark.parametrize(
    ("framework", "choices", "expected"),
    [
        ("image-classification", {}, "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"),
        (
            "image-classification",
            {"version": "7"},
            "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        ),
        ("xgboost", {"version": "1"}, "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1"),
        ("xgboost", {"version": "latest"}, "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest"),
        ("xgboost", {"version": "1.2-1"}, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.2-1"),
        (
            "xgboost",
            {"version": "0.90-2"},
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3",
        ),
        (
            "xgboost",
            {"version": "1.5-1", "instance_type": ARM, "purpose": "inference"},
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1-arm64",
        ),
        (
            "sklearn",
            {"version": "1.2-1"},
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            "debugger-rule-evaluator",
            {},
            "864354269164.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest",
        ),
    ],
)
def test_images_of_algorithms_and_rules(framework, choices, expected):
    assert image_uri(framework, region="us-east-1", **choices) == expected


@pytest.mark.parametrize(
    ("region", "registry"),
    [
        ("ap-southeast-7", "590183813437.dkr.ecr.ap-southeast-7.amazonaws.com"),
        ("cn-northwest-1", "727897471807.dkr.ecr.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-west-1", "442386744353.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", "886529160074.dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "094389454867.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
        ("us-isof-south-1", "454834333376.dkr.ecr.us-isof-south-1.csp.hci.ic.gov"),
    ],
)
def test_every_partition_has_its_domain(region, registry):
    assert image_uri("pytorch", region=region, version="2.1.0") == f"{registry}/pytorch-training:2.1.0-cpu-py310"


@pytest.mark.parametrize(
    ("framework", "choices", "what", "given", "known"),
    [
        ("pytorh", {}, "framework", "pytorh", "pytorch"),
        ("pytorch", {"version": "1.99"}, "pytorch version", "1.99", "1.9"),
        ("pytorch", {}, "pytorch version", "", "2.8.0"),
        ("pytorch", {"version": "1.13.1", "python": "py38"}, "pytorch 1.13.1 Python", "py38", "py39"),
        ("pytorch", {"version": "1.13.1", "region": "us-esat-1"}, "region", "us-esat-1", "us-east-1"),
        (
            "pytorch",
            {"version": "1.13.1", "instance_type": "ml.trn1.2xlarge"},
            "pytorch 1.13.1 processor",
            "neuron",
            "gpu",
        ),
        ("sklearn", {"version": "1.2-1", "instance_type": GPU}, "sklearn 1.2-1 processor", "gpu", "cpu"),
        ("huggingface", {"version": "4.17.0"}, "huggingface 4.17.0 base", "", "pytorch1.10.2"),
        ("debugger-rules", {"region": "il-central-1"}, "region", "il-central-1", "us-west-2"),
        ("debugger-rules", {"purpose": "inference"}, "debugger-rules purpose", "inference", "training"),
        (
            "image-classification",
            {"instance_type": ARM, "purpose": "inference"},
            "image-classification purpose",
            "inference-graviton",
            "inference",
        ),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(framework, choices, what, given, known):
    with pytest.raises(UnknownImage) as refused:
        image_uri(framework, **{"region": "us-east-1", **choices})
    assert (refused.value.what, refused.value.given) == (what, given)
    assert known in refused.value.known
    assert "image_uri" in str(refused.value)


def test_data_is_whole():
    assert [account for account in registry_accounts() if not re.fullmatch(r"\d{12}", account)] == []
    assert [image for image in known_images() if not (image.accounts and image.purposes and image.versions)] == []
    assert {image.repository for image in images_in("pytorch-training")} == {"pytorch-training"}
    assert images_in("my-own") == ()


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        (ARM, True),
        ("ml.m6gd.large", True),
        ("c6gn.xlarge", True),
        (CPU, False),
        (GPU, False),
        ("ml.p6e-gb200.36xlarge", False),
    ],
)
def test_graviton_is_told_by_the_family(instance_type, expected):
    assert has_arm(instance_type) is expected
