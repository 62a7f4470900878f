"""Registry paths of the images that the recipes use: PyTorch and the Debugger's rules.

Accounts as listed by AWS's SDK, sagemaker 2.257.7 (image_uri_config/pytorch.json, debugger.json), read in
2026-11. A region or image that is not here works as well: every builder takes any ``image_uri``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sm_raw.errors import SmRawError

# AWS Deep Learning Containers: one account for the older regions, one for each newer region.
_DEEP_LEARNING_REGIONS = """
    ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1
    eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
DEEP_LEARNING_ACCOUNTS: Mapping[str, str] = {
    **dict.fromkeys(_DEEP_LEARNING_REGIONS.split(), "763104351884"),
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "mx-central-1": "637423239942",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}
# Regions missing here have no built-in rules.
DEBUGGER_RULES_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "314341159256",
    "ap-east-1": "199566480951",
    "ap-northeast-1": "430734990657",
    "ap-northeast-2": "578805364391",
    "ap-northeast-3": "479947661362",
    "ap-south-1": "904829902805",
    "ap-southeast-1": "972752614525",
    "ap-southeast-2": "184798709955",
    "ca-central-1": "519511493484",
    "cn-north-1": "618459771430",
    "cn-northwest-1": "658757709296",
    "eu-central-1": "482524230118",
    "eu-north-1": "314864569078",
    "eu-south-1": "563282790590",
    "eu-west-1": "929884845733",
    "eu-west-2": "250201462417",
    "eu-west-3": "447278800020",
    "me-south-1": "986000313247",
    "sa-east-1": "818342061345",
    "us-east-1": "503895931360",
    "us-east-2": "915447279597",
    "us-gov-west-1": "515509971035",
    "us-west-1": "685455198987",
    "us-west-2": "895741380848",
}


def pytorch_image(
    region: str,
    *,
    version: str,
    python: str,
    instance_type: str,
    purpose: Literal["training", "inference"] = "training",
) -> str:
    """The PyTorch image for an instance type, e.g. version 1.13.1 with python py39.

    Instance families g and p get the image for GPUs, all others the one for CPUs. The tag repeats version and
    python as they are written; which pairs exist:
    https://github.com/aws/deep-learning-containers/blob/master/available_images.md
    """
    processor = "gpu" if instance_type.removeprefix("ml.").startswith(("g", "p")) else "cpu"
    registry = _registry(region, DEEP_LEARNING_ACCOUNTS, "PyTorch image")
    return f"{registry}/pytorch-{purpose}:{version}-{processor}-{python}"


def debugger_rules_image(region: str) -> str:
    """The image in which built-in Debugger and profiler rules run."""
    registry = _registry(region, DEBUGGER_RULES_ACCOUNTS, "image for Debugger rules")
    return f"{registry}/sagemaker-debugger-rules:latest"


def _registry(region: str, accounts: Mapping[str, str], what: str) -> str:
    if region not in accounts:
        known = ", ".join(sorted(accounts))
        raise SmRawError(f"no {what} is known for region {region!r}; known: {known}; else give image_uri yourself")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{accounts[region]}.dkr.ecr.{region}.{suffix}"
