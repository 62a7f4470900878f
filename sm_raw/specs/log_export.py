"""Log groups copied to S3: the bucket's policy, and the task that copies.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.policy_documents import POLICY_VERSION, PolicyDocument, place_of, policy_text

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import CreateExportTaskRequestTypeDef
    from types_boto3_s3.type_defs import PutBucketPolicyRequestTypeDef


def export_bucket_policy(
    bucket: str, *, region: str, account: str, prefix: str = "", partition: str | None = None
) -> PolicyDocument:
    """The document by which CloudWatch Logs of one region may write one account's logs to the bucket.

    With ``prefix`` it may write below that alone, so the export task has to name the same.
    """
    place = place_of(region, account, partition)
    ending = ".cn" if place.partition == "aws-cn" else ""
    principal = {"Service": f"logs.{region}.amazonaws.com{ending}"}
    source = {"ArnLike": {"aws:SourceArn": place.arn("logs", "log-group:*")}}
    owned = {"aws:SourceAccount": account}
    below = f"{prefix.strip('/')}/*" if prefix.strip("/") else "*"
    statements = [
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetBucketAcl",
            "Resource": place.arn("s3", bucket),
            "Condition": {"StringEquals": owned, **source},
        },
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": place.arn("s3", f"{bucket}/{below}"),
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **owned}, **source},
        },
    ]
    return {"Version": POLICY_VERSION, "Statement": statements}


def bucket_policy(
    bucket: str,
    document: Mapping[str, Any],
    *,
    bucket_owner: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> PutBucketPolicyRequestTypeDef:
    """The PutBucketPolicy request. The document replaces the one that the bucket has.

    With ``bucket_owner``, an account, it is refused where the bucket belongs to another.
    """
    request: PutBucketPolicyRequestTypeDef = {
        "Bucket": bucket,
        "Policy": policy_text(document),
        "ExpectedBucketOwner": optional(bucket_owner),
    }
    return assembled(request, extra)


def export_task(
    log_group: str,
    *,
    bucket: str,
    start_milliseconds: int,
    end_milliseconds: int,
    prefix: str | None = None,
    stream_prefix: str | None = None,
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> CreateExportTaskRequestTypeDef:
    """The CreateExportTask request: the events between two times, in milliseconds since 1970, go to the bucket.

    ``stream_prefix`` takes the streams of one job only, as in ``NAME/``. Below ``prefix``, or ``exportedlogs``, each
    stream becomes a folder of .gz files. An account has one task at a time, and a new event can take twelve hours to
    be exported.
    """
    request = {
        "taskName": optional(name),
        "logGroupName": log_group,
        "logStreamNamePrefix": optional(stream_prefix),
        # The service's own name for it; boto3 takes fromTime as well, which the types know alone.
        "from": start_milliseconds,
        "to": end_milliseconds,
        "destination": bucket,
        "destinationPrefix": optional(prefix),
    }
    return cast("CreateExportTaskRequestTypeDef", assembled(request, extra))
