"""Roles of IAM: who may take one (its trust policy) and what it may do (its policies).

The policies themselves are derived from the requests of a run: see ``permissions`` and ``role_permissions``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import tag_list
from sm_raw.specs.policy_documents import POLICY_VERSION, PolicyDocument, policy_text, service_principal

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AddRoleToInstanceProfileRequestTypeDef,
        AttachRolePolicyRequestTypeDef,
        CreateInstanceProfileRequestTypeDef,
        CreateRoleRequestTypeDef,
        PutRolePolicyRequestTypeDef,
    )


def trust_policy(*services: str, region: str = "", condition: Mapping[str, Any] = EMPTY) -> PolicyDocument:
    """The document by which services (``sagemaker``, ``lambda``, ``ec2``) may take a role.

    ``region`` matters in China alone, where EC2 has another principal. A ``condition`` such as {"StringEquals":
    {"aws:SourceAccount": ACCOUNT}} keeps the role from being used on behalf of others.
    """
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": sorted(service_principal(service, region) for service in services)},
        "Action": "sts:AssumeRole",
        "Condition": optional(condition),
    }
    return {"Version": POLICY_VERSION, "Statement": [assembled(statement)]}


def service_role(
    name: str,
    *,
    services: Sequence[str] = (),
    trust: Mapping[str, Any] | None = None,
    region: str = "",
    path: str | None = None,
    description: str | None = None,
    max_session_seconds: int | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateRoleRequestTypeDef:
    """The CreateRole request for a role that ``services`` may take; ``trust`` is a document of your own instead."""
    request: CreateRoleRequestTypeDef = {
        "RoleName": name,
        "AssumeRolePolicyDocument": policy_text(trust_policy(*services, region=region) if trust is None else trust),
        "Path": optional(path),
        "Description": optional(description),
        "MaxSessionDuration": optional(max_session_seconds),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def role_policy(role_name: str, policy_name: str, *, document: Mapping[str, Any]) -> PutRolePolicyRequestTypeDef:
    """The PutRolePolicy request: the document becomes part of the role, in place of one of this name."""
    return {"RoleName": role_name, "PolicyName": policy_name, "PolicyDocument": policy_text(document)}


def attached_policy(role_name: str, *, policy_arn: str) -> AttachRolePolicyRequestTypeDef:
    """The AttachRolePolicy request, for a managed policy."""
    return {"RoleName": role_name, "PolicyArn": policy_arn}


def instance_profile(
    name: str, *, path: str | None = None, tags: Mapping[str, str] = EMPTY, extra: Mapping[str, Any] = EMPTY
) -> CreateInstanceProfileRequestTypeDef:
    """The CreateInstanceProfile request: what an EC2 instance is given in place of a role; it holds one."""
    request: CreateInstanceProfileRequestTypeDef = {
        "InstanceProfileName": name,
        "Path": optional(path),
        "Tags": optional(tag_list(tags)),
    }
    return assembled(request, extra)


def profile_role(profile_name: str, *, role_name: str) -> AddRoleToInstanceProfileRequestTypeDef:
    """The AddRoleToInstanceProfile request."""
    return {"InstanceProfileName": profile_name, "RoleName": role_name}
