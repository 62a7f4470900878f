"""s3://bucket/key, taken apart and put together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sm_raw.errors import SmRawError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key or prefix, which may be empty; ``uri / "name"`` is the URI below it."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def __truediv__(self, name: str) -> S3Uri:
        return S3Uri(self.bucket, f"{self.prefix}{name.lstrip('/')}")

    @property
    def prefix(self) -> str:
        """The key as that of a folder: empty, or with exactly one "/" at its end."""
        return f"{self.key.rstrip('/')}/" if self.key.rstrip("/") else ""


def parse_s3_uri(uri: str | S3Uri) -> S3Uri:
    """The parts of "s3://bucket/some/key"; raises SmRawError for anything else."""
    if isinstance(uri, S3Uri):
        return uri
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not separator:
        raise SmRawError(f"{uri!r} is no S3 URI; give s3://BUCKET/KEY")
    if not BUCKET_NAME.fullmatch(bucket):
        raise SmRawError(
            f"{uri!r}: {bucket!r} can be no bucket's name; "
            "that takes 3 to 63 lower-case letters, digits, dots and hyphens"
        )
    return S3Uri(bucket, key)
