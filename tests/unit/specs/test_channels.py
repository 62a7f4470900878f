from __future__ import annotations

from sm_raw.specs.channels import channel, efs_channel, fsx_channel


def test_channel_of_a_prefix_says_how_it_is_distributed_and_nothing_more():
    assert channel("train", "s3://bucket/digits/train/") == {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": "s3://bucket/digits/train/",
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def test_every_setting_of_a_channel_can_be_named():
    assert channel(
        "train",
        "s3://bucket/train.manifest",
        input_mode="Pipe",
        content_type="application/x-recordio",
        compression="Gzip",
        record_wrapping="RecordIO",
        data_type="AugmentedManifestFile",
        attribute_names=("source-ref", "class"),
        distribution="ShardedByS3Key",
        shuffle_seed=0,
        instance_groups=["gpu"],
        extra={"DataSource": {"S3DataSource": {"ModelAccessConfig": {"AcceptEula": True}}}},
    ) == {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "AugmentedManifestFile",
                "S3Uri": "s3://bucket/train.manifest",
                "S3DataDistributionType": "ShardedByS3Key",
                "AttributeNames": ["source-ref", "class"],
                "InstanceGroupNames": ["gpu"],
                "ModelAccessConfig": {"AcceptEula": True},
            }
        },
        "ContentType": "application/x-recordio",
        "CompressionType": "Gzip",
        "RecordWrapperType": "RecordIO",
        "InputMode": "Pipe",
        "ShuffleConfig": {"Seed": 0},
    }


def test_channel_of_an_efs_directory_is_read_only_unless_asked():
    assert efs_channel("train", "fs-01234567", "/digits") == {
        "ChannelName": "train",
        "DataSource": {
            "FileSystemDataSource": {
                "FileSystemId": "fs-01234567",
                "FileSystemAccessMode": "ro",
                "FileSystemType": "EFS",
                "DirectoryPath": "/digits",
            }
        },
    }


def test_channel_of_an_fsx_directory_takes_every_setting():
    assert fsx_channel(
        "train",
        "fs-0123456789abcdef0",
        "/fsx/digits",
        access="rw",
        content_type="image/png",
        extra={"InputMode": "File"},
    ) == {
        "ChannelName": "train",
        "DataSource": {
            "FileSystemDataSource": {
                "FileSystemId": "fs-0123456789abcdef0",
                "FileSystemAccessMode": "rw",
                "FileSystemType": "FSxLustre",
                "DirectoryPath": "/fsx/digits",
            }
        },
        "ContentType": "image/png",
        "InputMode": "File",
    }
