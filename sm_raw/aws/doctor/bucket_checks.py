"""The bucket: that it is there and whose, how it encrypts, who can see it, and what its policy forbids."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sm_raw.aws.doctor.lines import Finding, Findings, allowing, failed, not_known, ok, warning
from sm_raw.aws.doctor.simulation import simulated_line
from sm_raw.aws.doctor.subject import Subject, Unanswered
from sm_raw.specs.policy_documents import Grant, place_of, policy

NO_BUCKET = "no bucket is given: give --bucket"
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
USED_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket")
# What denies plain HTTP denies nothing to us.
HTTPS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


def bucket(subject: Subject) -> Findings:
    """The bucket exists, in the run's region and the caller's account, and may be looked at."""
    name = subject.bucket
    if name is None:
        yield not_known(NO_BUCKET)
        return
    try:
        answer = subject.ask("s3", "HeadBucket", Bucket=name)
    except Unanswered as unanswered:
        yield from _without_head(subject, name, unanswered)
        return
    where = answer.get("BucketRegion") or subject.region
    if where != subject.region:
        yield _elsewhere(subject, name, where)
        return
    yield from _owner(subject, name)


def _without_head(subject: Subject, name: str, unanswered: Unanswered) -> Findings:
    headers = unanswered.metadata.get("HTTPHeaders", {})
    where = headers.get("x-amz-bucket-region", subject.region)
    if unanswered.code in {"404", "NoSuchBucket"}:
        yield failed(
            f"{name} does not exist",
            "make it, or give another one with --bucket",
            f"aws s3 mb s3://{name} --region {subject.region}",
        )
    elif unanswered.code in {"301", "PermanentRedirect"} or where != subject.region:
        yield _elsewhere(subject, name, where if where != subject.region else "another region")
    elif unanswered.is_denied:
        yield failed(
            f"{name} may not be listed: the caller lacks {unanswered.action}, the bucket's policy denies it, or the "
            "bucket belongs to someone else",
            "let the caller do this, or give another bucket with --bucket",
            allowing(unanswered.action, resource=unanswered.resource),
        )
    else:
        raise unanswered


def _elsewhere(subject: Subject, name: str, where: str) -> Finding:
    return failed(
        f"{name} lies in {where}, and SageMaker reads from its own region, {subject.region}",
        f"give a bucket of {subject.region} with --bucket, or --region {where}",
    )


def _owner(subject: Subject, name: str) -> Findings:
    account = subject.account
    try:
        subject.ask("s3", "HeadBucket", Bucket=name, ExpectedBucketOwner=account)
    except Unanswered as unanswered:
        if not unanswered.is_denied:
            raise
        yield warning(
            f"{name} exists in {subject.region}, and belongs to another account than {account}",
            "its owner must allow the caller and the role in the bucket's policy; if that is not meant, give another "
            "bucket with --bucket",
        )
        return
    yield ok(f"{name} exists in {subject.region}, and belongs to account {account}")


def bucket_encryption(subject: Subject) -> Findings:
    """With which key the bucket encrypts, and whether caller and role may use it."""
    if subject.bucket is None:
        yield not_known(NO_BUCKET)
        return
    try:
        answer = subject.ask("s3", "GetBucketEncryption", Bucket=subject.bucket)
    except Unanswered as unanswered:
        if unanswered.code != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        yield ok("none of its own is set; S3 encrypts with its own keys")
        return
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    default: Mapping[str, str] = next((rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules), {})
    key = default.get("KMSMasterKeyID", "")
    if not default.get("SSEAlgorithm", "").startswith("aws:kms") or not key:
        yield ok("with keys of S3, which need no rights")
        return
    place = place_of(subject.region, subject.account)
    arn = key if key.startswith("arn:") else place.arn("kms", f"key/{key}")
    document = policy([Grant(KEY_ACTIONS, (arn,))])
    for who, principal in _users(subject):
        yield simulated_line(subject, principal, document, f"with a key of KMS, which {who} may use", who)


def _users(subject: Subject) -> Iterator[tuple[str, str]]:
    yield "the caller", subject.caller_principal
    if subject.role_arn is not None:
        yield "the role", subject.role_arn


def bucket_access(subject: Subject) -> Findings:
    """Whether the bucket is shut against the public."""
    if subject.bucket is None:
        yield not_known(NO_BUCKET)
        return
    try:
        answer = subject.ask("s3", "GetPublicAccessBlock", Bucket=subject.bucket)
        settings: Mapping[str, bool] = answer["PublicAccessBlockConfiguration"]
    except Unanswered as unanswered:
        if unanswered.code != "NoSuchPublicAccessBlockConfiguration":
            raise
        settings = {}
    open_ones = [name for name in PUBLIC_ACCESS if not settings.get(name)]
    if not open_ones:
        yield ok("the public is shut out")
        return
    wanted = ",".join(f"{name}=true" for name in PUBLIC_ACCESS)
    yield warning(
        f"the bucket does not shut out the public: {', '.join(open_ones)} not set (the account's own setting may)",
        "shut it",
        f"aws s3api put-public-access-block --bucket {subject.bucket} --public-access-block-configuration {wanted}",
    )


def bucket_policy(subject: Subject) -> Findings:
    """What the bucket's policy denies; whether that hits a run cannot always be told."""
    if subject.bucket is None:
        yield not_known(NO_BUCKET)
        return
    try:
        document = json.loads(subject.ask("s3", "GetBucketPolicy", Bucket=subject.bucket)["Policy"])
    except Unanswered as unanswered:
        if unanswered.code != "NoSuchBucketPolicy":
            raise
        yield ok("it has none")
        return
    denials = [finding for statement in _denying(document) if (finding := _denial(statement)) is not None]
    yield from denials or [ok("it denies nothing that a run does")]


def _denying(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = document["Statement"]
    listed: list[Mapping[str, Any]] = statements if isinstance(statements, list) else [statements]
    return [statement for statement in listed if statement["Effect"] == "Deny"]


def _denial(statement: Mapping[str, Any]) -> Finding | None:
    condition = statement.get("Condition", {})
    patterns = [pattern.lower() for pattern in as_list(statement.get("Action", "*"))]
    denied = [each for each in USED_ACTIONS if any(fnmatch.fnmatchcase(each.lower(), one) for one in patterns)]
    if condition == HTTPS_ONLY or not denied:
        return None
    name = statement.get("Sid") or "a statement without a Sid"
    what = f"{name} denies {', '.join(denied)}"
    if not condition and statement.get("Principal") in ("*", {"AWS": "*"}):
        return failed(f"{what} to everyone", "take it out of the bucket's policy, or give another bucket")
    keys = sorted({key for pairs in condition.values() for key in pairs})
    who = "to some" if "Principal" in statement and statement["Principal"] != "*" else "to all"
    under = f" under conditions of {', '.join(keys)}" if keys else ""
    return warning(f"{what} {who}{under}", "see that neither the caller nor the role is meant")


def as_list(value: str | Sequence[str]) -> list[str]:
    """A field of a policy, which may stand alone, as a list."""
    return [value] if isinstance(value, str) else list(value)
