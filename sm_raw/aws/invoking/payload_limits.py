"""How much each kind of endpoint takes at once, and what to do with more."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Literal

from sm_raw.errors import InvalidPayload

EndpointKind = Literal["real-time", "serverless", "asynchronous"]

MIB = 1024 * 1024

MAX_PAYLOAD_BYTES = 6_291_456
"""The longest Body of InvokeEndpoint in the API reference, and in botocore's model.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

FAQ_REAL_TIME_BYTES = 25 * MIB
"""What AWS's hosting FAQ allows a real-time endpoint by now; it said 6 MB before, and answers of 2018 5 MB.

The API reference has not followed, so this counts only for who asks for it (``max_bytes``).
https://docs.aws.amazon.com/sagemaker/latest/dg/hosting-faqs.html
"""

SERVERLESS_BYTES = 4 * MIB
"""https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html; answers are no longer either."""

ASYNCHRONOUS_BYTES = 1024 * MIB
"""Of the object in S3: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html."""

INLINE_BYTES = 128_000
"""Of a Body that is sent with InvokeEndpointAsync itself instead of lying in S3.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
"""

PAYLOAD_LIMITS: Mapping[EndpointKind, int] = {
    "real-time": MAX_PAYLOAD_BYTES,
    "serverless": SERVERLESS_BYTES,
    "asynchronous": ASYNCHRONOUS_BYTES,
}

# A picture that is scaled to the limit by its area alone may miss it by little: small pictures compress worse.
MARGIN = 0.9

# Types whose pictures JPEG makes much smaller.
LOSSLESS_TYPES = frozenset({"image/png", "image/bmp", "image/tiff", "application/x-npy"})
TEXT_TYPES = frozenset({"application/json", "application/jsonlines", "text/csv"})

PNG_START, JPEG_START = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
# https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1: frame headers, which hold the size.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
HEAD_BYTES = 256 * 1024
"""So much of a file is looked at for its size in pixels: cameras put a thumbnail before it."""

Pixels = tuple[int, int]
"""Width and height."""


def check_size(
    size: int,
    what: str,
    content_type: str,
    *,
    kind: EndpointKind = "real-time",
    max_bytes: int | None = None,
    pixels: Pixels | None = None,
) -> None:
    """Raise InvalidPayload for what is too large, with its size, the limit and every way out."""
    limit = PAYLOAD_LIMITS[kind] if max_bytes is None else max_bytes
    if size > limit:
        raise InvalidPayload(
            f"{what} takes {size:,} bytes as {content_type}; accepted are {limit:,} at most ({kind} endpoint). "
            f"To send it: {way_out(size, limit, content_type, kind=kind, pixels=pixels)}"
        )


def way_out(
    size: int, limit: int, content_type: str, *, kind: EndpointKind = "real-time", pixels: Pixels | None = None
) -> str:
    """What makes so large a payload pass, the nearest first."""
    return ", or ".join(_ways(size, limit, content_type.partition(";")[0].strip().lower(), kind, pixels))


def _ways(size: int, limit: int, content_type: str, kind: EndpointKind, pixels: Pixels | None) -> Iterator[str]:
    is_picture = pixels is not None or content_type.startswith("image/")
    if kind == "asynchronous" and limit == INLINE_BYTES:
        yield f"put it into S3 (input_uri), from where {ASYNCHRONOUS_BYTES:,} are accepted"
    if pixels:
        width, height = fitting_size(pixels, size, limit)
        yield (
            f"resize it from {pixels[0]} x {pixels[1]} to about {width} x {height} pixels "
            "(a classifier looks at a few hundred a side)"
        )
    elif is_picture:
        yield "resize it (a classifier looks at a few hundred pixels a side)"
    if is_picture and content_type in LOSSLESS_TYPES:
        yield "encode it as image/jpeg"
    if content_type in TEXT_TYPES:
        yield "send numbers as application/x-npy (1 to 8 bytes each, if the model takes that)"
    if not is_picture:
        yield "send it in several parts"
    if kind == "serverless" and size <= MAX_PAYLOAD_BYTES:
        yield f"use a real-time endpoint, which accepts {MAX_PAYLOAD_BYTES:,}"
    if kind == "real-time" and limit < size <= FAQ_REAL_TIME_BYTES:
        yield (
            f"try max_bytes={FAQ_REAL_TIME_BYTES} (AWS's hosting FAQ says 25 MB for real-time endpoints, "
            f"its API reference {MAX_PAYLOAD_BYTES:,} bytes)"
        )
    if kind != "asynchronous" and size <= ASYNCHRONOUS_BYTES:
        yield f"use an asynchronous endpoint (invoke_endpoint_async), which accepts {ASYNCHRONOUS_BYTES:,}"


def fitting_size(pixels: Pixels, size: int, limit: int) -> Pixels:
    """About the width and height at which a picture of the same shape and encoding takes ``limit`` bytes."""
    scale = min(1.0, (MARGIN * limit / size) ** 0.5)
    return max(1, int(pixels[0] * scale)), max(1, int(pixels[1] * scale))


def pixels_of(data: bytes) -> Pixels | None:
    """Width and height of a PNG or JPEG picture by its first bytes; None if they do not tell."""
    if data.startswith(PNG_START) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_pixels(data) if data.startswith(JPEG_START) else None


def _jpeg_pixels(data: bytes) -> Pixels | None:
    at = len(JPEG_START)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # Any number of these may fill the space before a marker.
            at += 1
        elif marker in JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
