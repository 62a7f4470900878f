"""What S3 tells of an object's content, computed here from a file: ETags and SHA-256 checksums.

The ETag comes with every listing, but is made of MD5s only where the bucket does not encrypt with a KMS or a
customer's key: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html. The SHA-256 is kept by S3 whatever the
encryption, and told by HeadObject only. Of a file that was sent in parts, both are digests of the parts' digests:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from sm_raw.aws.transfers.folders import blocks_of

MIB = 1 << 20
PART_BYTES = 8 * MIB
"""Files above this size go up in parts of it."""

MOST_PARTS = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

OTHERS_PART_BYTES = tuple(mib * MIB for mib in (5, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512))
"""Part sizes that other programs are known to use; an ETag tells only the number of parts."""

MD5_ETAG = re.compile(r"[0-9a-f]{32}(?:-(?P<parts>[0-9]+))?")


def part_bytes_of(size: int) -> int:
    """The size of the parts in which a file of ``size`` bytes is sent: above 78 GiB they must be larger."""
    least = -(-size // MOST_PARTS)
    return max(PART_BYTES, -(-least // MIB) * MIB)


def part_count(size: int, part_bytes: int) -> int:
    return max(1, -(-size // part_bytes))


def has_etag(path: Path, size: int, etag: str) -> bool:
    """Whether an object with this ETag has the content of the file. False also where the ETag tells nothing."""
    form = MD5_ETAG.fullmatch(etag)
    if form is None:
        return False
    if form["parts"] is None:
        return _md5(path) == etag
    count = int(form["parts"])
    # All sizes from that of the file on are the same to it.
    sizes = dict.fromkeys(min(one, size) for one in (part_bytes_of(size), *OTHERS_PART_BYTES) if size)
    return any(_parts_etag(path, one) == etag for one in sizes if part_count(size, one) == count)


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()


def _parts_etag(path: Path, part_bytes: int) -> str:
    parts = [hashlib.md5(part, usedforsecurity=False).digest() for part in blocks_of(path, part_bytes)]
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def sha256_text(content: bytes) -> str:
    """The SHA-256 of an object or part, in S3's spelling."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def parts_sha256(texts: Iterable[str]) -> str:
    """The SHA-256 of an object from those of its parts, without "-PARTS"."""
    return sha256_text(b"".join(base64.b64decode(text) for text in texts))


def file_sha256(path: Path, size: int) -> str:
    """The SHA-256 that S3 keeps of this file once it was sent from here, in S3's spelling, without "-PARTS"."""
    if size <= PART_BYTES:
        return sha256_text(path.read_bytes())
    return parts_sha256(sha256_text(part) for part in blocks_of(path, part_bytes_of(size)))


def is_sha256(told: str, expected: str) -> bool:
    """Whether what S3 tells ("BASE64" or "BASE64-PARTS") is the expected checksum."""
    return told.partition("-")[0] == expected
