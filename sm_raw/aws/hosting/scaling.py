"""Autoscaling, read back from the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import ride_out

if TYPE_CHECKING:
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient

NAMESPACE = "sagemaker"
VARIANT_INSTANCES = "sagemaker:variant:DesiredInstanceCount"


def describe_scaling(
    client: ApplicationAutoScalingClient, resource_id: str, dimension: str = VARIANT_INSTANCES
) -> dict[str, Any]:
    """``{"target": ..., "policy": ...}`` as the service describes them; None for what is not there.

    ``resource_id`` is "endpoint/NAME/variant/NAME". Of several policies the first by name is given.
    """
    by_resource: dict[str, Any] = {"ServiceNamespace": NAMESPACE, "ScalableDimension": dimension}
    targets = ride_out(lambda: client.describe_scalable_targets(ResourceIds=[resource_id], **by_resource))
    policies = ride_out(lambda: client.describe_scaling_policies(ResourceId=resource_id, **by_resource))
    by_name = sorted(policies["ScalingPolicies"], key=lambda policy: policy["PolicyName"])
    return {"target": next(iter(targets["ScalableTargets"]), None), "policy": next(iter(by_name), None)}
