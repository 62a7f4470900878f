from __future__ import annotations

from sm_raw.specs import channel


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
        data_type="AugmentedManifestFile",
        distribution="ShardedByS3Key",
        extra={
            "DataSource": {"S3DataSource": {"AttributeNames": ["source-ref", "class"]}},
            "RecordWrapperType": "RecordIO",
        },
    ) == {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "AugmentedManifestFile",
                "S3Uri": "s3://bucket/train.manifest",
                "S3DataDistributionType": "ShardedByS3Key",
                "AttributeNames": ["source-ref", "class"],
            }
        },
        "ContentType": "application/x-recordio",
        "CompressionType": "Gzip",
        "InputMode": "Pipe",
        "RecordWrapperType": "RecordIO",
    }
