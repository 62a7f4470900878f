"""E64x: log groups exported to S3, and the buckets that take them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, number, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.identity import listed_texts, parsed, statements
from sm_raw.validation.wording import shown

TASK_PAGE = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html"

# As milliseconds these are days of 1970 to 2001, before there were logs; as seconds they are from 1973 on. A start
# near 0 means the beginning.
SECONDS = range(10**8, 10**12)

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
BUCKET_ARN = re.compile(r"arn:[\w-]+:s3:::(?P<bucket>[\w.-]+)(?:/|$)")  # not one with a wildcard or a variable


class ExportRule(Rule):
    """A rule about export tasks."""

    operations = ("CreateExportTask",)
    source = TASK_PAGE


class ExportStartsBeforeItEnds(ExportRule):
    """An export's from is not after its to."""

    id = "E640"

    def check(self, request: Request) -> Iterator[Finding]:
        start, end = number(request.get("from")), number(request.get("to"))
        if start is not None and end is not None and start > end:
            yield self.finding("from", f"{start} is after to ({end}); exchange them")


class ExportTimesAreMilliseconds(ExportRule):
    """An export's times are in milliseconds, not in seconds."""

    id = "W641"

    def check(self, request: Request) -> Iterator[Finding]:
        for field in ("from", "to"):
            time = number(request.get(field))
            if time is not None and SECONDS.start <= time < SECONDS.stop:
                yield self.finding(field, f"{time} looks like seconds; milliseconds are asked for: give {time * 1000}")


class DestinationIsABucket(ExportRule):
    """An export's destination is the name of a bucket, without s3:// and without a path."""

    id = "E642"

    def check(self, request: Request) -> Iterator[Finding]:
        destination = text(request.get("destination"))
        if destination is None or not ("/" in destination or destination.startswith("arn:")):
            return
        bucket, _, prefix = destination.removeprefix("s3://").rpartition(":::")[2].partition("/")
        rest = f", and destinationPrefix {prefix!r}" if prefix.strip("/") else ""
        yield self.finding("destination", f"{destination!r} is no bucket's name; give {bucket!r}{rest}")


class DestinationMayBeABucket(ExportRule):
    """An export's destination is 3 to 63 lower-case letters, digits, dots and hyphens, as are all newer buckets."""

    id = "W645"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"

    def check(self, request: Request) -> Iterator[Finding]:
        destination = text(request.get("destination"))
        if destination and "/" not in destination and ":" not in destination and not BUCKET.fullmatch(destination):
            hint = "that takes 3 to 63 lower-case letters, digits, dots and hyphens; correct it"
            yield self.finding("destination", f"{destination!r} can be no new bucket's name: {hint}")


class BucketPolicyIsAboutItsBucket(Rule):
    """The resources of a bucket's policy are that bucket and what is in it."""

    id = "E644"
    operations = ("PutBucketPolicy",)
    source = "https://github.com/aws-samples/aws-media-services-vod-automation/issues/17"

    def check(self, request: Request) -> Iterator[Finding]:
        bucket, document = text(request.get("Bucket")), text(request.get("Policy"))
        if bucket is None or document is None:
            return
        for index, statement in statements(parsed(document)):
            for resource in listed_texts(statement.get("Resource")):
                found = BUCKET_ARN.match(resource)
                if found is not None and found["bucket"] != bucket:
                    message = f"Statement[{index}].Resource {shown(resource)} is not of {bucket!r}, the one it is for"
                    yield self.finding("Policy", f"{message}; give 'arn:aws:s3:::{bucket}' or what is in it")


class BucketLetsLogsWrite(TogetherRule):
    """A bucket whose policy is set in the same story lets CloudWatch Logs write its export."""

    id = "W643"
    operations = ("CreateExportTask",)
    source = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html"

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        policies = {
            str(at(request, "Bucket")): text(at(request, "Policy"))
            for operation, request in requests
            if operation_name(operation) == "PutBucketPolicy"
        }
        for index, (operation, request) in enumerate(requests):
            bucket = text(at(request, "destination"))
            document = policies.get(bucket or "")
            if operation_name(operation) != "CreateExportTask" or document is None or _lets_logs_write(document):
                continue
            message = f"the policy of {bucket!r} does not let CloudWatch Logs write; see export_bucket_policy"
            yield index, BucketLetsLogsWrite(operation).finding("destination", message)


def _lets_logs_write(document: str) -> bool:
    """Whether any statement is for the service of some region, or for everyone; a policy that is none is told of."""
    principals = [statement.get("Principal") for _, statement in statements(parsed(document))]
    services = [service for each in principals for service in listed_texts(at(each, "Service"))]
    anyone = not principals or "*" in principals or any(at(each, "AWS") == "*" for each in principals)
    return anyone or any(service == "*" or service.startswith("logs.") for service in services)
