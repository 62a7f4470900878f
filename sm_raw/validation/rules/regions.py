"""E1xx: what is of one region, and has to be of the job's: images, keys, buckets, topics, and the partition of ARNs."""

from __future__ import annotations

import re

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.rules.jobs import IMAGE_FIELDS, KeyRule, TextRule, bucket_of
from sm_raw.validation.wording import shown

PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):")
DEFAULT_BUCKET = re.compile(r"sagemaker-(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)-\d{12}")


class PartitionFitsRegion(TextRule):
    """ARNs are of the region's partition: arn:aws-cn in China, arn:aws-us-gov in GovCloud, else arn:aws."""

    id = "E103"
    source = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"
    beginning = "arn:aws"

    def fault(self, value: str, region: str | None) -> str | None:
        given = ARN.match(value)
        if given is None or region is None:
            return None
        wanted = next((name for prefix, name in PARTITIONS.items() if region.startswith(f"{prefix}-")), "aws")
        # Isolated regions have several partitions, which are told nowhere in public.
        if given["partition"] == wanted or "-iso" in region:
            return None
        return f"{shown(value)} is of partition {given['partition']}, {region} of {wanted}; write arn:{wanted}:..."


class DefaultBucketOfTheRegion(TextRule):
    """A bucket named after a region, as SageMaker's default buckets are, is named after the job's."""

    id = "W114"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html"

    def fault(self, value: str, region: str | None) -> str | None:
        default = DEFAULT_BUCKET.fullmatch(bucket_of(value) or "")
        if default is None or region is None or default["region"] == region:
            return None
        return (
            f"{default.string!r} is a bucket of {default['region']}, the job is in {region}; give a bucket of {region}"
        )


class KmsKeyOfTheRegion(KeyRule):
    """A KMS key given as an ARN is of the job's region."""

    id = "E115"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"

    def fault(self, value: str, region: str | None) -> str | None:
        key = ARN.match(value)
        if key is None or region is None or key["service"] != "kms" or key["region"] == region:
            return None
        return f"the key is of {key['region'] or 'no region'}, the job of {region}; give a key of {region}"


class ImageOfTheRegion(TextRule):
    """The image comes from Amazon ECR in the client's region: it is not pulled across regions."""

    id = "E117"
    source = "https://github.com/aws/sagemaker-pytorch-inference-toolkit/pull/7"
    beginning = ""

    def concerns(self, field: str) -> bool:
        return self.region is not None and field in IMAGE_FIELDS

    def fault(self, value: str, region: str | None) -> str | None:
        image = registry_path(value)
        if image is None or image.region == region:
            return None
        return f"the image is in {image.region}, the client in {region}; give the image's path in {region}"


class TopicOfTheRegion(TextRule):
    """An SNS topic that gets notifications is of the job's region: in another one it is not found."""

    id = "W150"
    source = "https://github.com/boto/boto3/issues/646"
    beginning = "arn:aws"

    def concerns(self, field: str) -> bool:
        return field.endswith("Topic")

    def fault(self, value: str, region: str | None) -> str | None:
        topic = ARN.match(value)
        if topic is None or region is None or topic["service"] != "sns" or topic["region"] == region:
            return None
        return f"the topic is of {topic['region'] or 'no region'}, the job of {region}; give a topic of {region}"
