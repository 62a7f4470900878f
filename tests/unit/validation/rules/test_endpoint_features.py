from __future__ import annotations

from typing import Any

import pytest

from sm_raw.validation.rules import endpoint_features
from sm_raw.validation.rules.base import Rule

ONE = [{"InstanceType": "ml.m5.large"}]
SERVERLESS = [{"ServerlessConfig": {}}]
NO_SHADOW = "given beside a shadow variant; serverless variants have none: give an InstanceType"


@pytest.mark.parametrize(
    ("rule", "request_", "findings"),
    [
        (endpoint_features.OneVariantHasOneShadow, {"ProductionVariants": [*ONE, *ONE]}, []),
        (
            endpoint_features.OneVariantHasOneShadow,
            {"ProductionVariants": ONE, "ShadowProductionVariants": ONE},
            [],
        ),
        (
            endpoint_features.OneVariantHasOneShadow,
            {"ProductionVariants": [*ONE, *ONE], "ShadowProductionVariants": [*ONE, *ONE]},
            [
                ("ProductionVariants", "2 given; a shadow takes one production variant and one shadow"),
                ("ShadowProductionVariants", "2 given; a shadow takes one production variant and one shadow"),
            ],
        ),
        (endpoint_features.ShadowedEndpointIsPlain, {"ProductionVariants": SERVERLESS}, []),
        (
            endpoint_features.ShadowedEndpointIsPlain,
            {"ProductionVariants": ONE, "ShadowProductionVariants": ONE},
            [],
        ),
        (
            endpoint_features.ShadowedEndpointIsPlain,
            {
                "ProductionVariants": SERVERLESS,
                "ShadowProductionVariants": [{"InstanceType": "ml.inf1.xlarge"}],
                "AsyncInferenceConfig": {},
            },
            [
                ("AsyncInferenceConfig", "given beside a shadow variant; keep one of them"),
                ("ProductionVariants[0].ServerlessConfig", NO_SHADOW),
                (
                    "ShadowProductionVariants[0].InstanceType",
                    "'ml.inf1.xlarge' cannot be used with a shadow; give another family",
                ),
            ],
        ),
        (
            endpoint_features.AsynchronousHasInstances,
            {"ProductionVariants": ONE, "AsyncInferenceConfig": {}},
            [],
        ),
        (endpoint_features.AsynchronousHasInstances, {"ProductionVariants": SERVERLESS}, []),
        (
            endpoint_features.AsynchronousHasInstances,
            {"ProductionVariants": SERVERLESS, "AsyncInferenceConfig": "${async}"},
            [
                (
                    "ProductionVariants[0].ServerlessConfig",
                    "given beside AsyncInferenceConfig; give an InstanceType, which can scale to 0 too",
                )
            ],
        ),
        (endpoint_features.CaptureIsForRealTime, {"DataCaptureConfig": {"EnableCapture": True}}, []),
        (endpoint_features.CaptureIsForRealTime, {"AsyncInferenceConfig": {}}, []),
        (
            endpoint_features.CaptureIsForRealTime,
            {"DataCaptureConfig": {"EnableCapture": False}, "AsyncInferenceConfig": {}},
            [],
        ),
        (
            endpoint_features.CaptureIsForRealTime,
            {"DataCaptureConfig": {}, "AsyncInferenceConfig": {}},
            [
                (
                    "DataCaptureConfig",
                    "given beside AsyncInferenceConfig, whose inputs and outputs are in S3 anyway; remove it",
                )
            ],
        ),
        (endpoint_features.CaptureTakesSomething, {"DataCaptureConfig": {"InitialSamplingPercentage": 1}}, []),
        (
            endpoint_features.CaptureTakesSomething,
            {"DataCaptureConfig": {"InitialSamplingPercentage": 0, "EnableCapture": False}},
            [],
        ),
        (
            endpoint_features.CaptureTakesSomething,
            {"DataCaptureConfig": {"InitialSamplingPercentage": 0}},
            [
                (
                    "DataCaptureConfig.InitialSamplingPercentage",
                    "0 captures nothing; give 1 to 100, or set EnableCapture to false",
                )
            ],
        ),
        (
            endpoint_features.CrossRegionTrafficIsRealTime,
            {"CrossRegionTrafficConfig": {}, "ProductionVariants": ONE},
            [],
        ),
        (endpoint_features.CrossRegionTrafficIsRealTime, {"ProductionVariants": SERVERLESS}, []),
        (
            endpoint_features.CrossRegionTrafficIsRealTime,
            {"CrossRegionTrafficConfig": {}, "ProductionVariants": SERVERLESS, "AsyncInferenceConfig": {}},
            [
                ("CrossRegionTrafficConfig", "given beside serverless variants; remove one of them"),
                ("CrossRegionTrafficConfig", "given beside AsyncInferenceConfig; remove one of them"),
            ],
        ),
    ],
)
def test_features_go_together(rule: type[Rule], request_: dict[str, Any], findings: list[tuple[str, str]]) -> None:
    assert [(each.path, each.message) for each in rule("CreateEndpointConfig").check(request_)] == findings
