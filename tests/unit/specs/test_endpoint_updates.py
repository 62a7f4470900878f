from __future__ import annotations

import pytest

from sm_raw.specs.endpoint_updates import (
    all_at_once_deployment,
    canary_deployment,
    capacity_instances,
    capacity_percent,
    desired_variant,
    linear_deployment,
    rolling_deployment,
    update_endpoint,
    update_weights_and_capacities,
)
from sm_raw.validation.checking import check


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (
            all_at_once_deployment(),
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
                }
            },
        ),
        (
            canary_deployment(
                capacity_percent(10),
                wait_seconds=300,
                termination_wait_seconds=600,
                timeout_seconds=3600,
                alarms=["errors", "latency"],
            ),
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "CANARY",
                        "WaitIntervalInSeconds": 300,
                        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
                    },
                    "TerminationWaitInSeconds": 600,
                    "MaximumExecutionTimeoutInSeconds": 3600,
                },
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "latency"}]},
            },
        ),
        (
            linear_deployment(capacity_instances(1), wait_seconds=60),
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "LINEAR",
                        "WaitIntervalInSeconds": 60,
                        "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    }
                }
            },
        ),
        (
            rolling_deployment(
                capacity_percent(25),
                wait_seconds=120,
                rollback_batch=capacity_percent(100),
                timeout_seconds=7200,
                alarms=["errors"],
            ),
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                    "WaitIntervalInSeconds": 120,
                    "MaximumExecutionTimeoutInSeconds": 7200,
                    "RollbackMaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 100},
                },
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
            },
        ),
    ],
)
def test_ways_of_replacing_instances(deployment, expected):
    assert deployment == expected
    assert check("UpdateEndpoint", update_endpoint("digits", config_name="digits-2", deployment=deployment)) == []


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (update_endpoint("digits", config_name="digits-2"), {}),
        (
            update_endpoint(
                "digits",
                config_name="digits-2",
                retain_variants=True,
                except_for=["DesiredWeight"],
                retain_deployment=True,
            ),
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
                "RetainDeploymentConfig": True,
            },
        ),
    ],
)
def test_update_retains_what_is_asked(request_, expected):
    assert request_ == {"EndpointName": "digits", "EndpointConfigName": "digits-2", **expected}
    assert check("UpdateEndpoint", request_) == []


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        (
            [desired_variant("old", weight=0.0), desired_variant("new", weight=1)],
            [{"VariantName": "old", "DesiredWeight": 0.0}, {"VariantName": "new", "DesiredWeight": 1}],
        ),
        ([desired_variant("new", instance_count=2)], [{"VariantName": "new", "DesiredInstanceCount": 2}]),
        (
            [desired_variant("new", max_concurrency=10, provisioned_concurrency=2)],
            [
                {
                    "VariantName": "new",
                    "ServerlessUpdateConfig": {"MaxConcurrency": 10, "ProvisionedConcurrency": 2},
                }
            ],
        ),
    ],
)
def test_weights_and_capacities(variants, expected):
    request = update_weights_and_capacities("digits", variants=variants)
    assert request == {"EndpointName": "digits", "DesiredWeightsAndCapacities": expected}
    assert check("UpdateEndpointWeightsAndCapacities", request) == []
