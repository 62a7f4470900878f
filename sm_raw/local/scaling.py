"""What Application Auto Scaling refuses and moto lets pass; the rest of that service is moto's."""

from __future__ import annotations

import json

from sm_raw.local.engine import Engine
from sm_raw.local.hosting import find_endpoint
from sm_raw.local.protocol import ServiceError

TARGET = "AnyScaleFrontendService.RegisterScalableTarget"


def refuse_register(engine: Engine, region: str, body: bytes) -> None:
    """Refuse to register a variant that is not there, or a minimum above the maximum."""
    try:
        request = json.loads(body)
    except ValueError:
        raise ServiceError("SerializationException", "The request is not valid JSON.") from None
    if not isinstance(request, dict) or request.get("ServiceNamespace") != "sagemaker":
        return
    low, high = request.get("MinCapacity"), request.get("MaxCapacity")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        raise ServiceError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
    parts = str(request.get("ResourceId", "")).split("/")
    if parts[0] != "endpoint" or len(parts) != 4:
        return
    endpoint, variant = parts[1], parts[3]
    record = find_endpoint(engine, region, endpoint)
    names = [item["VariantName"] for item in record.description["ProductionVariants"]] if record else []
    if record is None or variant not in names:
        raise ServiceError("ValidationException", f"Could not find the variant {variant!r} of endpoint {endpoint!r}.")
    if record.description["EndpointStatus"] != "InService":
        raise ServiceError(
            "ValidationException",
            f"The endpoint {endpoint!r} is {record.description['EndpointStatus']}, not InService.",
        )
