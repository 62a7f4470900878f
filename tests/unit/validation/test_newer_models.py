from __future__ import annotations

import pytest

from sm_raw.validation.newer_models import known_since


@pytest.mark.parametrize(
    ("service", "shape", "name", "expected"),
    [
        ("sagemaker", "ProductionVariant", {"member": "CapacityReservationConfig"}, "1.38.29"),
        ("sagemaker", "ProductionVariant", {"member": "VariantName"}, None),
        ("sagemaker", "ProductionVariant", {"member": "CapacityReservation"}, None),
        ("sagemaker", "ProcessingInstanceType", {"value": "ml.p5.4xlarge"}, "1.40.19"),
        ("sagemaker", "ProcessingInstanceType", {"value": "ml.m5.xlarge"}, None),
        ("lambda", "Runtime", {"value": "python3.14"}, "1.40.67"),
        ("lambda", "Runtime", {}, None),
        ("no-service", "Runtime", {"value": "python3.14"}, None),
    ],
)
def test_newer_names_are_told_with_the_botocore_that_knows_them(service, shape, name, expected):
    assert known_since(service, shape, **name) == expected
