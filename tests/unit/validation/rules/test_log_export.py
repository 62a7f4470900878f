from __future__ import annotations

import json
from typing import Any

import pytest

from sm_raw.specs.log_export import export_bucket_policy
from sm_raw.validation.findings import Finding
from sm_raw.validation.rules import log_export
from sm_raw.validation.rules.base import Rule

START, END = 1_763_000_000_000, 1_763_003_600_000


def found(rule: type[Rule], **request: object) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in rule("CreateExportTask").check(request)]


@pytest.mark.parametrize(
    ("start", "end", "findings"),
    [
        (START, END, []),
        (START, START, []),
        ("${start}", 1, []),
        (END, START, [("from", f"{END} is after to ({START}); exchange them")]),
    ],
)
def test_an_export_starts_before_it_ends(start: object, end: object, findings: list[tuple[str, str]]) -> None:
    assert found(log_export.ExportStartsBeforeItEnds, **{"from": start, "to": end}) == findings


@pytest.mark.parametrize(
    ("start", "end", "findings"),
    [
        (START, END, []),
        (0, END, []),
        ("${start}", "${end}", []),
        (
            1_763_000_000,
            END,
            [("from", "1763000000 looks like seconds; milliseconds are asked for: give 1763000000000")],
        ),
    ],
)
def test_times_are_milliseconds(start: object, end: object, findings: list[tuple[str, str]]) -> None:
    assert found(log_export.ExportTimesAreMilliseconds, **{"from": start, "to": end}) == findings


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ("bucket", None),
        ("my.logs-1", None),
        ("s3://${bucket}", None),
        ("s3://bucket", "'s3://bucket' is no bucket's name; give 'bucket'"),
        (
            "s3://bucket/logs/a",
            "'s3://bucket/logs/a' is no bucket's name; give 'bucket', and destinationPrefix 'logs/a'",
        ),
        ("arn:aws:s3:::bucket", "'arn:aws:s3:::bucket' is no bucket's name; give 'bucket'"),
    ],
)
def test_the_destination_is_a_bucket(destination: str, message: str | None) -> None:
    expected = [("destination", message)] if message else []
    assert found(log_export.DestinationIsABucket, destination=destination) == expected


@pytest.mark.parametrize(
    ("destination", "is_good"),
    [
        ("my.logs-1", True),
        ("${bucket}", True),
        ("s3://Bucket", True),  # E642 has told
        ("", True),  # a matter of the schema
        ("Logs", False),
        ("my_logs", False),
        ("ab", False),
        ("a" * 64, False),
    ],
)
def test_the_destination_may_be_a_bucket(destination: str, is_good: bool) -> None:
    message = (
        f"{destination!r} can be no new bucket's name:"
        " that takes 3 to 63 lower-case letters, digits, dots and hyphens; correct it"
    )
    expected = [] if is_good else [("destination", message)]
    assert found(log_export.DestinationMayBeABucket, destination=destination) == expected


@pytest.mark.parametrize(
    ("bucket", "resource", "is_good"),
    [
        ("bucket", ["arn:aws:s3:::bucket", "arn:aws-cn:s3:::bucket/logs/*"], True),
        ("bucket", "arn:aws:s3:::*", True),
        ("bucket", "arn:aws:s3:::${aws:username}/*", True),
        ("bucket", "*", True),
        ("${bucket}", "arn:aws:s3:::other/*", True),
        ("bucket", ["arn:aws:s3:::bucket", "arn:aws:s3:::other/*"], False),
    ],
)
def test_a_bucket_policy_is_about_its_bucket(bucket: str, resource: object, is_good: bool) -> None:
    request: Any = {"Bucket": bucket, "Policy": json.dumps({"Statement": [{"Resource": resource}]})}
    message = (
        "Statement[0].Resource 'arn:aws:s3:::other/*' is not of 'bucket', the one it is for;"
        " give 'arn:aws:s3:::bucket' or what is in it"
    )
    findings = list(log_export.BucketPolicyIsAboutItsBucket("PutBucketPolicy").check(request))
    assert [(each.path, each.message) for each in findings] == ([] if is_good else [("Policy", message)])


def policy(principal: object, bucket: str = "bucket") -> tuple[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": "*"}
    return "PutBucketPolicy", {"Bucket": bucket, "Policy": json.dumps({"Statement": [statement]})}


EXPORT = ("CreateExportTask", {"destination": "bucket"})
OURS = export_bucket_policy("bucket", region="us-east-1", account="111122223333")


@pytest.mark.parametrize(
    "requests",
    [
        [EXPORT],
        [("PutBucketPolicy", {"Bucket": "bucket", "Policy": json.dumps(OURS)}), EXPORT],
        [policy("*"), EXPORT],
        [policy({"AWS": "111122223333"}, bucket="other"), EXPORT],
        [("PutBucketPolicy", {"Bucket": "bucket", "Policy": "${policy}"}), EXPORT, ("CreateExportTask", None)],
        [("PutBucketPolicy", {"Bucket": "bucket", "Policy": "not json"}), EXPORT],
    ],
)
def test_a_bucket_that_lets_logs_write_is_good(requests: list[tuple[str, Any]]) -> None:
    assert list(log_export.BucketLetsLogsWrite("").check_together(requests)) == []


def test_a_bucket_policy_without_the_service_is_told_of() -> None:
    message = "the policy of 'bucket' does not let CloudWatch Logs write; see export_bucket_policy"
    found = log_export.BucketLetsLogsWrite("").check_together([EXPORT, policy({"Service": "ec2.amazonaws.com"})])
    assert list(found) == [(0, Finding("W643", "warning", "CreateExportTask", "destination", message))]
