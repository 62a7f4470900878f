"""Statements in a bucket's policy that come and go, while everything else in it stays as its owner wrote it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import error_code, ride_out
from sm_raw.specs.log_export import bucket_policy

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Sleep = Callable[[float], None]


def add_statements(
    s3: S3Client, bucket: str, document: Mapping[str, Any], sid: str, *, sleep: Sleep = time.sleep
) -> str | None:
    """Add what the policy lacks of ``document``'s statements, each with a Sid that begins with ``sid``.

    Returns the policy as it was before, as text; None if there was none.
    """
    before = policy_text(s3, bucket, sleep=sleep)
    policy = json.loads(before) if before else {"Version": document["Version"], "Statement": []}
    missing = [statement for statement in statements(document) if not _has(policy, statement)]
    if missing:
        added = [{**statement, "Sid": f"{sid}{number}"} for number, statement in enumerate(missing)]
        _put(s3, bucket, {**policy, "Statement": [*statements(policy), *added]}, sleep)
    return before


def remove_statements(
    s3: S3Client, bucket: str, sid: str, *, before: str | None = None, sleep: Sleep = time.sleep
) -> None:
    """Take out the statements whose Sid begins with ``sid``; a policy without any left is deleted.

    Where nothing else has changed since, the policy becomes the very text that it was ``before``.
    """
    now = policy_text(s3, bucket, sleep=sleep)
    if now is None:
        return
    policy = json.loads(now)
    rest = [statement for statement in statements(policy) if not _is_named(statement, sid)]
    if len(rest) == len(statements(policy)):
        return
    restored = {**policy, "Statement": rest}
    if before is not None and restored == {**json.loads(before), "Statement": statements(json.loads(before))}:
        ride_out(lambda: s3.put_bucket_policy(Bucket=bucket, Policy=before), sleep=sleep)
    elif rest:
        _put(s3, bucket, restored, sleep)
    else:
        ride_out(lambda: s3.delete_bucket_policy(Bucket=bucket), sleep=sleep)


def find_statements(s3: S3Client, bucket: str, sid: str, *, sleep: Sleep = time.sleep) -> list[Mapping[str, Any]]:
    """The statements of a bucket's policy whose Sid begins with ``sid``."""
    text = policy_text(s3, bucket, sleep=sleep)
    return [each for each in statements(json.loads(text)) if _is_named(each, sid)] if text else []


def policy_text(s3: S3Client, bucket: str, *, sleep: Sleep = time.sleep) -> str | None:
    """The policy of a bucket; None if it has none, or is gone."""
    from botocore.exceptions import ClientError

    try:
        return ride_out(lambda: s3.get_bucket_policy(Bucket=bucket), sleep=sleep)["Policy"]
    except ClientError as error:
        if error_code(error) in {"NoSuchBucketPolicy", "NoSuchBucket"}:
            return None
        raise


def statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The statements of a policy document: a single one may stand there without a list."""
    found = policy.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def _put(s3: S3Client, bucket: str, document: Mapping[str, Any], sleep: Sleep) -> None:
    ride_out(lambda: s3.put_bucket_policy(**bucket_policy(bucket, document)), sleep=sleep)


def _is_named(statement: Mapping[str, Any], sid: str) -> bool:
    return str(statement.get("Sid", "")).startswith(sid)


def _has(policy: Mapping[str, Any], statement: Mapping[str, Any]) -> bool:
    def bare(other: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in other.items() if name != "Sid"}

    return any(bare(other) == bare(statement) for other in statements(policy))
