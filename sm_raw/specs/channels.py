"""Input channels: what a training container finds in /opt/ml/input/data/CHANNEL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sm_raw.specs.assembly import EMPTY, assembled, optional

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import (
        CompressionTypeType,
        FileSystemAccessModeType,
        FileSystemTypeType,
        RecordWrapperType,
        S3DataDistributionType,
        S3DataTypeType,
        TrainingInputModeType,
    )
    from types_boto3_sagemaker.type_defs import ChannelTypeDef, ShuffleConfigTypeDef


def channel(
    name: str,
    s3_uri: str,
    *,
    input_mode: TrainingInputModeType | None = None,
    content_type: str | None = None,
    compression: CompressionTypeType | None = None,
    record_wrapping: RecordWrapperType | None = None,
    data_type: S3DataTypeType = "S3Prefix",
    attribute_names: Sequence[str] = (),
    distribution: S3DataDistributionType = "FullyReplicated",
    shuffle_seed: int | None = None,
    instance_groups: Sequence[str] = (),
    extra: Mapping[str, Any] = EMPTY,
) -> ChannelTypeDef:
    """One channel of data in S3: a prefix, or with ``data_type`` a manifest or an augmented manifest.

    An S3 prefix is only the beginning of keys: ``s3://b/train`` also takes in ``s3://b/train2/``, so end it
    with a slash where that matters. Without ``input_mode`` the job's applies. ``attribute_names``: those of an
    augmented manifest's lines, in the order in which the container gets them. ``distribution`` is always
    sent, because the service's model names no default for it; ShardedByS3Key gives each instance a share of
    the objects. ``instance_groups``: the groups of a heterogeneous cluster that get the data, all by default.
    """
    shuffle: ShuffleConfigTypeDef | None = None if shuffle_seed is None else {"Seed": shuffle_seed}
    fields: ChannelTypeDef = {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": data_type,
                "S3Uri": s3_uri,
                "S3DataDistributionType": distribution,
                "AttributeNames": optional(attribute_names),
                "InstanceGroupNames": optional(instance_groups),
            }
        },
        "ContentType": optional(content_type),
        "CompressionType": optional(compression),
        "RecordWrapperType": optional(record_wrapping),
        "InputMode": optional(input_mode),
        "ShuffleConfig": optional(shuffle),
    }
    return assembled(fields, extra)


def efs_channel(
    name: str,
    file_system_id: str,
    directory: str,
    *,
    access: FileSystemAccessModeType = "ro",
    content_type: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ChannelTypeDef:
    """One channel that is a directory of an Amazon EFS file system, reached through the job's VPC."""
    return _file_system_channel(name, "EFS", file_system_id, directory, access, content_type, extra)


def fsx_channel(
    name: str,
    file_system_id: str,
    directory: str,
    *,
    access: FileSystemAccessModeType = "ro",
    content_type: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ChannelTypeDef:
    """One channel that is a directory of an FSx for Lustre file system, reached through the job's VPC.

    ``directory`` begins with the file system's mount name, as in ``/fsx/digits`` or ``/abcdefgh/digits``.
    """
    return _file_system_channel(name, "FSxLustre", file_system_id, directory, access, content_type, extra)


def _file_system_channel(
    name: str,
    kind: FileSystemTypeType,
    file_system_id: str,
    directory: str,
    access: FileSystemAccessModeType,
    content_type: str | None,
    extra: Mapping[str, Any],
) -> ChannelTypeDef:
    fields: ChannelTypeDef = {
        "ChannelName": name,
        "DataSource": {
            "FileSystemDataSource": {
                "FileSystemId": file_system_id,
                "FileSystemAccessMode": access,
                "FileSystemType": kind,
                "DirectoryPath": directory,
            }
        },
        "ContentType": optional(content_type),
    }
    return assembled(fields, extra)
