from __future__ import annotations

import re

import pytest

from sm_raw.errors import SmRawError
from sm_raw.specs import debugger_rules_image, pytorch_image
from sm_raw.specs.images import DEBUGGER_RULES_ACCOUNTS, DEEP_LEARNING_ACCOUNTS


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


def test_region_without_rules_is_refused_with_the_regions_that_have_them():
    with pytest.raises(SmRawError) as refused:
        debugger_rules_image("il-central-1")
    assert str(refused.value).startswith("no image for Debugger rules is known for region 'il-central-1'; known: af-")
    assert str(refused.value).endswith("us-west-1, us-west-2; else give image_uri yourself")


def test_every_account_is_twelve_digits_and_every_rules_region_has_pytorch_too():
    accounts = [*DEBUGGER_RULES_ACCOUNTS.values(), *DEEP_LEARNING_ACCOUNTS.values()]
    assert [account for account in accounts if not re.fullmatch(r"\d{12}", account)] == []
    assert set(DEBUGGER_RULES_ACCOUNTS) - set(DEEP_LEARNING_ACCOUNTS) == set()
