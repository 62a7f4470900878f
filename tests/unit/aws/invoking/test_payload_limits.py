from __future__ import annotations

import io
from typing import Any

import botocore.session
import pytest
from PIL import Image

from sm_raw.aws.invoking.payload_limits import (
    ASYNCHRONOUS_BYTES,
    INLINE_BYTES,
    MAX_PAYLOAD_BYTES,
    PAYLOAD_LIMITS,
    SERVERLESS_BYTES,
    EndpointKind,
    Pixels,
    check_size,
    fitting_size,
    pixels_of,
    way_out,
)
from sm_raw.errors import InvalidPayload

MODEL = botocore.session.Session().get_service_model("sagemaker-runtime")
SCALED = "resize it from 4000 x 3000 to about {} pixels (a classifier looks at a few hundred a side)"
PARTS = "send it in several parts"
NPY_INSTEAD = "send numbers as application/x-npy (1 to 8 bytes each, if the model takes that)"
QUEUE = "use an asynchronous endpoint (invoke_endpoint_async), which accepts 1,073,741,824"
FAQ = "try max_bytes=26214400 (AWS's hosting FAQ says 25 MB for real-time endpoints, its API reference 6,291,456 bytes)"


def limit_of(operation: str) -> Any:
    shape: Any = MODEL.operation_model(operation).input_shape
    return shape.members["Body"].metadata["max"] if "Body" in shape.members else None


def test_the_limits_are_those_of_the_services_model() -> None:
    assert limit_of("InvokeEndpoint") == MAX_PAYLOAD_BYTES == PAYLOAD_LIMITS["real-time"]
    assert limit_of("InvokeEndpointAsync") in (INLINE_BYTES, None)  # Older botocores cannot send data with it.


@pytest.mark.parametrize(("kind", "limit"), PAYLOAD_LIMITS.items())
def test_exactly_the_limit_of_each_kind_of_endpoint_passes(kind: EndpointKind, limit: int) -> None:
    check_size(limit, "it", "image/jpeg", kind=kind)
    with pytest.raises(InvalidPayload, match=rf"^it takes .* as image/jpeg; accepted are {limit:,} at most \({kind} "):
        check_size(limit + 1, "it", "image/jpeg", kind=kind)


def test_another_limit_can_be_given() -> None:
    check_size(MAX_PAYLOAD_BYTES + 1, "it", "image/jpeg", max_bytes=26214400)
    with pytest.raises(InvalidPayload, match="accepted are 10 at most"):
        check_size(11, "it", "image/jpeg", max_bytes=10)


@pytest.mark.parametrize(
    ("size", "content_type", "kind", "pixels", "ways"),
    [
        (7_000_000, "image/jpeg", "real-time", (4000, 3000), [SCALED.format("3597 x 2698"), FAQ, QUEUE]),
        (
            7_000_000,
            "image/png",
            "real-time",
            (4000, 3000),
            [SCALED.format("3597 x 2698"), "encode it as image/jpeg", FAQ, QUEUE],
        ),
        (
            30_000_000,
            "image/webp",
            "real-time",
            None,
            ["resize it (a classifier looks at a few hundred pixels a side)", QUEUE],
        ),
        (7_000_000, "application/json; charset=utf-8", "real-time", None, [NPY_INSTEAD, PARTS, FAQ, QUEUE]),
        (
            5_000_000,
            "application/x-npy",
            "serverless",
            None,
            [PARTS, "use a real-time endpoint, which accepts 6,291,456", QUEUE],
        ),
        (
            5_000_000,
            "application/x-npy",
            "serverless",
            (4000, 3000),
            [
                SCALED.format("3475 x 2606"),
                "encode it as image/jpeg",
                "use a real-time endpoint, which accepts 6,291,456",
                QUEUE,
            ],
        ),
        (ASYNCHRONOUS_BYTES + 1, "text/csv", "asynchronous", None, [NPY_INSTEAD, PARTS]),
        (ASYNCHRONOUS_BYTES + 1, "application/x-npy", "real-time", None, [PARTS]),
    ],
)
def test_what_is_too_large_is_told_every_way_that_is_open(
    size: int, content_type: str, kind: EndpointKind, pixels: Pixels | None, ways: list[str]
) -> None:
    assert way_out(size, PAYLOAD_LIMITS[kind], content_type, kind=kind, pixels=pixels).split(", or ") == ways


def test_inline_data_may_go_through_s3_instead() -> None:
    way = way_out(INLINE_BYTES + 1, INLINE_BYTES, "application/json", kind="asynchronous")
    assert way.startswith("put it into S3 (input_uri), from where 1,073,741,824 are accepted, or ")


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_real_picture_of_the_size_that_was_told_fits(format: str) -> None:
    noise = Image.effect_noise((640, 480), 90)
    whole, limit = len(encoded(noise, format)), 60_000
    smaller = noise.resize(fitting_size(noise.size, whole, limit))
    assert limit * 0.5 < len(encoded(smaller, format)) <= limit < whole


def test_no_side_of_a_picture_vanishes() -> None:
    assert fitting_size((5000, 1), 10**9, SERVERLESS_BYTES) == (307, 1)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(1, 1), (640, 7)])
def test_the_first_bytes_tell_the_size_in_pixels(format: str, size: Pixels) -> None:
    assert pixels_of(encoded(Image.new("RGB", size), format)) == size


def test_exif_data_and_progressive_frames_of_a_jpeg_are_looked_through() -> None:
    exif = Image.Exif()
    exif[270] = "a description " * 100
    buffer = io.BytesIO()
    Image.new("RGB", (33, 22)).save(buffer, "JPEG", exif=exif, progressive=True, comment=b"\xff\xc0" * 50)
    assert pixels_of(buffer.getvalue()) == (33, 22)


def test_bytes_that_tell_no_size_are_none() -> None:
    whole = encoded(Image.new("RGB", (8, 8)), "JPEG")
    for data in (
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
        whole[:100],
        b"\xff\xd8" + b"\xff" * 50,
        b"\xff\xd8\xff\xe0\0\0" * 9,
        b"RIFF",
    ):
        assert pixels_of(data) is None


def encoded(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()
