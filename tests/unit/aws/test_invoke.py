from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import botocore.session
import numpy
import pytest
from PIL import Image

from sm_raw.aws.invoke import JPEG, MAX_PAYLOAD_BYTES, NPY, PNG, payload, sniff
from sm_raw.errors import InvalidPayload


def encoded(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


SMALL = Image.new("RGB", (8, 8), (200, 10, 10))


def test_the_limit_is_that_of_the_services_model() -> None:
    model = botocore.session.Session().get_service_model("sagemaker-runtime")
    body = model.operation_model("InvokeEndpoint").input_shape.members["Body"]
    assert body.metadata["max"] == MAX_PAYLOAD_BYTES


@pytest.mark.parametrize(("format", "content_type"), [("JPEG", JPEG), ("PNG", PNG)])
def test_files_and_bytes_are_sent_as_they_are_under_the_type_they_show(
    tmp_path: Path, format: str, content_type: str
) -> None:
    data = encoded(SMALL, format)
    path = tmp_path / "picture.anything"
    path.write_bytes(data)
    for given in (path, str(path), data, bytearray(data), memoryview(data)):
        assert payload(given) == (data, content_type)


def test_a_stated_content_type_wins_for_files_and_bytes() -> None:
    assert payload(b"II*\0tiff", content_type="image/tiff") == (b"II*\0tiff", "image/tiff")
    data = encoded(SMALL, "JPEG")
    assert payload(data, content_type="application/x-image") == (data, "application/x-image")


@pytest.mark.parametrize(
    ("mode", "size", "content_type"),
    [
        ("RGB", (8, 8), PNG),
        ("RGB", (600, 600), JPEG),
        ("L", (600, 600), JPEG),
        ("CMYK", (600, 600), JPEG),
        ("CMYK", (8, 8), PNG),
        ("HSV", (8, 8), PNG),
        ("RGBA", (600, 600), PNG),
        ("P", (600, 600), PNG),
        ("1", (8, 8), PNG),
    ],
)
def test_a_pil_image_is_sent_without_loss_unless_it_is_a_large_photo(
    mode: str, size: tuple[int, int], content_type: str
) -> None:
    body, sent_as = payload(Image.new(mode, size))
    assert sent_as == content_type == sniff(body)
    assert Image.open(io.BytesIO(body)).size == size


def test_small_pil_images_keep_every_pixel() -> None:
    body, _ = payload(SMALL)
    assert Image.open(io.BytesIO(body)).tobytes() == SMALL.tobytes()


def test_the_encoding_of_a_pil_image_can_be_chosen() -> None:
    assert sniff(payload(SMALL, content_type=JPEG)[0]) == JPEG
    assert sniff(payload(Image.new("RGBA", (8, 8)), content_type=JPEG)[0]) == JPEG
    with pytest.raises(InvalidPayload, match=r"sent as image/jpeg or image/png, not as 'image/webp'"):
        payload(SMALL, content_type="image/webp")


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3)])
def test_an_array_is_sent_in_npy_format(shape: tuple[int, ...]) -> None:
    array = numpy.arange(numpy.prod(shape), dtype="uint8").reshape(shape)
    body, content_type = payload(array)
    assert (content_type, sniff(body)) == (NPY, NPY)
    assert numpy.array_equal(numpy.load(io.BytesIO(body)), array)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "the data is empty"),
        (b"GIF89a...", "the data is a GIF picture; give a JPEG or PNG"),
        (b"RIFF....WEBPVP8 ", "the data is a WebP picture"),
        (b"<html></html>", r"begins with b'<html></'; give a JPEG or PNG"),
        ("no/such/file.png", "file.png cannot be read: No such file or directory"),
        (Path(), "cannot be read: Is a directory"),
        (numpy.zeros((8, 8), "float32"), r"float32 and shape \(8, 8\) is no picture; give uint8"),
        (numpy.zeros((8, 8, 4), "uint8"), r"shape \(8, 8, 4\) is no picture"),
        (numpy.zeros((2, 8, 8, 3), "uint8"), r"shape \(2, 8, 8, 3\) is no picture"),
        (numpy.zeros((0, 8), "uint8"), r"shape \(0, 8\) is no picture"),
        (Image.new("F", (0, 0)), r"mode F cannot be encoded"),
        ([1, 2, 3], "a list is no picture; give a path, bytes, a PIL image or a NumPy array"),
        (None, "a NoneType is no picture"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_no_picture_is_refused_with_what_is_accepted(given: Any, message: str) -> None:
    with pytest.raises(InvalidPayload, match=message):
        payload(given)


def test_an_array_cannot_be_called_a_jpeg() -> None:
    with pytest.raises(InvalidPayload, match="an array is sent as application/x-npy"):
        payload(numpy.zeros((8, 8), "uint8"), content_type=JPEG)


def test_too_large_a_payload_is_refused_with_its_size_and_what_to_do(tmp_path: Path) -> None:
    told = r"takes 6,291,457 bytes; InvokeEndpoint accepts 6,291,456 at most\. Scale it down"
    largest = b"\xff\xd8\xff".ljust(MAX_PAYLOAD_BYTES, b"\0")
    assert payload(largest) == (largest, JPEG)
    with pytest.raises(InvalidPayload, match=told):
        payload(largest + b"\0")
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(MAX_PAYLOAD_BYTES + 1)
    with pytest.raises(InvalidPayload, match=f"large.jpg {told}"):
        payload(tmp_path / "large.jpg")
    with pytest.raises(InvalidPayload, match="at most"):
        payload(numpy.zeros((2000, 2000, 3), "uint8"))
