"""Policy documents: what is allowed, merged into few statements and put in order, and the ARNs that it is about.

The same grants give the same document, whatever their order. Names and URIs may hold placeholders of a recipe; what is
a placeholder as a whole (``${train.ModelArtifacts.S3ModelArtifacts}``) names no bucket yet and is left out, so derive
what has to be complete from rendered requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sm_raw.specs.assembly import EMPTY

PolicyDocument: TypeAlias = dict[str, Any]
Condition: TypeAlias = Mapping[str, Mapping[str, object]]
Step: TypeAlias = "str | int"

POLICY_VERSION = "2012-10-17"

# Characters that are no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY_CHARACTERS = 6_144
ROLE_POLICY_CHARACTERS = 10_240

PLACEHOLDER_OR_CAPITALS = re.compile(r"\$\{[^}]*\}|[A-Z]+")
S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)


class Grant(NamedTuple):
    """Actions allowed on resources, under a condition or none."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = EMPTY


class Place(NamedTuple):
    """Where resources are: what their ARNs have in common."""

    region: str
    account: str
    partition: str

    def arn(self, service: str, resource: str) -> str:
        region = "" if service in {"iam", "s3"} else self.region
        account = "" if service == "s3" else self.account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def sagemaker_arns(self, kind: str, name: str) -> tuple[str, ...]:
        """The ARN of a name, and the one in small letters where that differs.

        Some operations check the name as it was given and others in small letters, as ARNs are listed:
        https://github.com/boto/boto3/issues/4606, https://github.com/awslabs/service-workbench-on-aws/issues/1176.
        """
        small = PLACEHOLDER_OR_CAPITALS.sub(lambda found: _small(found.group()), name)
        return tuple(self.arn("sagemaker", f"{kind}/{each}") for each in dict.fromkeys((name, small)))

    def log_group_arns(self, group: str) -> tuple[str, ...]:
        """The group, and everything in it."""
        arn = self.arn("logs", f"log-group:{group}")
        return arn, f"{arn}:*"


def _small(found: str) -> str:
    return found if found.startswith("${") else found.lower()


def partition_of(region: str) -> str:
    """``aws-cn`` in China, ``aws-us-gov`` in GovCloud, else ``aws``."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((partition for prefix, partition in prefixes.items() if region.startswith(prefix)), "aws")


def place_of(region: str, account: str, partition: str | None = None) -> Place:
    return Place(region, account, partition_of(region) if partition is None else partition)


def service_principal(service: str, region: str = "") -> str:
    """``sagemaker.amazonaws.com`` of ``sagemaker``; EC2 alone is another one in China."""
    suffix = ".cn" if service == "ec2" and region.startswith("cn-") else ""
    return f"{service}.amazonaws.com{suffix}"


def policy(grants: Iterable[Grant]) -> PolicyDocument:
    """The document that allows all of the grants and nothing else."""
    actions: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        for resource in grant.resources:
            actions.setdefault((resource, _canonical(grant.condition)), set()).update(grant.actions)
    resources: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (resource, condition), allowed in actions.items():
        resources.setdefault((tuple(sorted(allowed)), condition), []).append(resource)
    statements = [
        _statement(allowed, sorted(places), json.loads(condition)) for (allowed, condition), places in resources.items()
    ]
    return {"Version": POLICY_VERSION, "Statement": sorted(statements, key=_canonical)}


def _statement(actions: Sequence[str], resources: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, default=dict)


def policy_text(document: Mapping[str, Any]) -> str:
    """The document as IAM and S3 take it: JSON, without a blank too many."""
    return json.dumps(document, separators=(",", ":"))


def split_policy(document: Mapping[str, Any], *, characters: int = MANAGED_POLICY_CHARACTERS) -> list[PolicyDocument]:
    """The document in parts that each stay within the limit; a statement is never divided."""
    parts: list[PolicyDocument] = []
    for statement in document["Statement"]:
        whole = {**document, "Statement": [*parts[-1]["Statement"], statement]} if parts else None
        if whole is not None and len(policy_text(whole)) <= characters:
            parts[-1] = whole
        else:
            parts.append({**document, "Statement": [statement]})
    return parts


def texts(value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    """(path, text) of every text in a request."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts(item, (*path, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


class S3Location(NamedTuple):
    """An object, or with ``is_prefix`` all whose keys begin with ``key``."""

    bucket: str
    key: str
    is_prefix: bool

    @property
    def pattern(self) -> str:
        return f"{self.key}*" if self.is_prefix else self.key


def s3_location(uri: str, *, is_prefix: bool = False, is_folder: bool = False) -> S3Location | None:
    """What a URI names; None for what is none. It is a prefix when said so, or when it ends in a slash.

    Of a folder (``is_folder``) the slash may be missing: jobs write below it, never beside it.
    """
    found = S3_URI.fullmatch(uri)
    if found is None:
        return None
    key = found["key"]
    if is_folder and key and not key.endswith("/"):
        key += "/"
    return S3Location(found["bucket"], key, is_prefix or not key or key.endswith("/"))


def locations_of(uris: Iterable[str], *, are_folders: bool = False) -> list[S3Location]:
    """What the URIs name, without those that are none."""
    found = [s3_location(uri, is_folder=are_folders) for uri in uris]
    return [location for location in found if location is not None]


def object_grants(locations: Iterable[S3Location], actions: Sequence[str], place: Place) -> Iterator[Grant]:
    """The actions on the objects."""
    for location in locations:
        yield Grant(tuple(actions), (place.arn("s3", f"{location.bucket}/{location.pattern}"),))


def listing_grants(locations: Iterable[S3Location], place: Place) -> Iterator[Grant]:
    """Finding the objects, and learning that one is not there: one grant for each bucket."""
    patterns: dict[str, set[str]] = {}
    for location in locations:
        patterns.setdefault(location.bucket, set()).add(location.pattern)
    for bucket, found in patterns.items():
        condition = {} if "*" in found else {"StringLike": {"s3:prefix": sorted(found)}}
        yield Grant(("s3:ListBucket",), (place.arn("s3", bucket),), condition)
