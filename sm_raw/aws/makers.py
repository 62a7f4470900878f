"""Which operation makes which resource: one row for each that leaves something to be removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sm_raw.aws.resources import Resource
from sm_raw.specs.names import canonical_hash

SID = "SmRaw"
"""Statements that are added to a bucket's policy have Sids that begin with this and a hash of them."""

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Maker:
    """The ``kind`` of resource, the member that holds its ``name``, and what it belongs to: a member, or from more."""

    kind: str
    name: str
    owner: str | Callable[[Request], str] = ""

    def resource(self, request: Request) -> Resource:
        """What the request makes."""
        owner = self.owner(request) if callable(self.owner) else str(request.get(self.owner, ""))
        dimension = request.get("ScalableDimension")
        named = {"dimension": str(dimension)} if dimension else {}
        return Resource(self.kind, str(request[self.name]), owner, **named)


def _sid(request: Request) -> str:
    return f"{SID}{canonical_hash(request['Policy'])}n"


MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        "CreateModel": Maker("model", "ModelName"),
        "CreateEndpointConfig": Maker("endpoint config", "EndpointConfigName"),
        "CreateEndpoint": Maker("endpoint", "EndpointName"),
        "RegisterScalableTarget": Maker("scalable target", "ResourceId", "ResourceId"),
        "PutScalingPolicy": Maker("scaling policy", "PolicyName", "ResourceId"),
        "PutScheduledAction": Maker("scheduled action", "ScheduledActionName", "ResourceId"),
        "PutMetricAlarm": Maker("alarm", "AlarmName"),
        "CreateRole": Maker("role", "RoleName"),
        "PutRolePolicy": Maker("role policy", "PolicyName", "RoleName"),
        "CreateInstanceProfile": Maker("instance profile", "InstanceProfileName"),
        "AddRoleToInstanceProfile": Maker("role of an instance profile", "RoleName", "InstanceProfileName"),
        "RunInstances": Maker("instances", "ClientToken"),
        "CreateFunction": Maker("function", "FunctionName"),
        "CreateAlias": Maker("alias", "Name", "FunctionName"),
        "PutProvisionedConcurrencyConfig": Maker("provisioned concurrency", "Qualifier", "FunctionName"),
        "PutBucketPolicy": Maker("bucket policy", "Bucket", _sid),
        "CreateExportTask": Maker("export task", "taskName"),
        "CreateSchedule": Maker("schedule", "Name"),
    }
)


def made_by(operation: str, request: Request) -> Resource:
    """What an operation of MAKERS makes."""
    return MAKERS[operation].resource(request)
