"""Input channels: what a training container finds in /opt/ml/input/data/CHANNEL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import (
        CompressionTypeType,
        S3DataDistributionType,
        S3DataTypeType,
        TrainingInputModeType,
    )
    from types_boto3_sagemaker.type_defs import ChannelTypeDef


def channel(
    name: str,
    s3_uri: str,
    *,
    input_mode: TrainingInputModeType | None = None,
    content_type: str | None = None,
    compression: CompressionTypeType | None = None,
    data_type: S3DataTypeType = "S3Prefix",
    distribution: S3DataDistributionType = "FullyReplicated",
    extra: Mapping[str, Any] = EMPTY,
) -> ChannelTypeDef:
    """One channel of data in S3.

    An S3 prefix is only the beginning of keys: ``s3://b/train`` also takes in ``s3://b/train2/``, so end it
    with a slash where that matters. Without ``input_mode`` the job's applies. ``distribution`` is always
    sent, because the service's model names no default for it; ShardedByS3Key gives each instance a share of
    the objects.
    """
    fields: ChannelTypeDef = {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": data_type,
                "S3Uri": s3_uri,
                "S3DataDistributionType": distribution,
            }
        },
        "ContentType": optional(content_type),
        "CompressionType": optional(compression),
        "InputMode": optional(input_mode),
    }
    return assembled(fields, extra)
