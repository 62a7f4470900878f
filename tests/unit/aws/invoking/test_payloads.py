from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from sm_raw.aws.invoking.payload_limits import MAX_PAYLOAD_BYTES, EndpointKind
from sm_raw.aws.invoking.payloads import ANY_PICTURE, CSV, JPEG, JSON, JSONLINES, NPY, PNG, media_type, payload, sniff
from sm_raw.errors import InvalidPayload


def encoded(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


SMALL = Image.new("RGB", (8, 8), (200, 10, 10))


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
        (None, "a NoneType cannot be sent; give a path, bytes, a PIL image, a NumPy array, a list or a dict"),
        (7, "a int cannot be sent"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_no_picture_is_refused_with_what_is_accepted(given: Any, message: str) -> None:
    with pytest.raises(InvalidPayload, match=message):
        payload(given)


def test_an_array_cannot_be_called_a_jpeg() -> None:
    with pytest.raises(InvalidPayload, match="an array is sent as application/x-npy"):
        payload(numpy.zeros((8, 8), "uint8"), content_type=JPEG)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("rows.json", JSON),
        ("rows.JSONL", JSONLINES),
        ("rows.csv", CSV),
        ("rows.npy", None),  # Its first bytes would tell.
        ("rows", None),
    ],
)
def test_a_file_of_text_is_told_by_its_name(tmp_path: Path, name: str, content_type: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(b"[1, 2]")
    if content_type:
        assert payload(path) == (b"[1, 2]", content_type)
    else:
        with pytest.raises(InvalidPayload, match="begins with"):
            payload(path)


def test_what_a_file_begins_with_counts_for_more_than_its_name(tmp_path: Path) -> None:
    (tmp_path / "picture.json").write_bytes(encoded(SMALL, "PNG"))
    assert payload(tmp_path / "picture.json")[1] == PNG
    assert payload(tmp_path / "picture.json", content_type="a/b")[1] == "a/b"


@pytest.mark.parametrize(
    ("data", "content_type", "body"),
    [
        ({"instances": [{"data": [1.5]}]}, None, b'{"instances":[{"data":[1.5]}]}'),
        ({}, "application/vnd.maker+json", b"{}"),
        ([1, 2.5, [3]], None, b"[1,2.5,[3]]"),
        ((1, 2), "application/json; charset=utf-8", b"[1,2]"),
        ([[1, 2], [3, 4]], CSV, b"1,2\n3,4\n"),
        ([1, "two, three"], CSV, b'1,"two, three"\n'),
        ([], CSV, b"\n"),
        ([{"a": 1}, [2]], JSONLINES, b'{"a":1}\n[2]\n'),
        (numpy.array([[1, 2], [3, 4]], "float32"), JSON, b"[[1.0,2.0],[3.0,4.0]]"),
        (numpy.array([1, 2]), "text/csv; header=absent", b"1,2\n"),
        (numpy.array([[1], [2]]), JSONLINES, b"[1]\n[2]\n"),
    ],
    ids=str,
)
def test_lists_dicts_and_arrays_are_written_as_the_type_that_is_stated(
    data: Any, content_type: str | None, body: bytes
) -> None:
    assert payload(data, content_type=content_type) == (body, content_type or JSON)


@pytest.mark.parametrize("data", [[[1, 2], [3, 4]], numpy.array([[1, 2], [3, 4]])], ids=["list", "array"])
def test_numbers_go_as_npy_where_that_is_stated(data: Any) -> None:
    body, content_type = payload(data, content_type=NPY)
    assert content_type == NPY
    assert numpy.load(io.BytesIO(body)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (8, 8, 4), (5,)])
def test_an_array_that_is_no_picture_goes_where_its_type_is_stated(shape: tuple[int, ...]) -> None:
    array = numpy.ones(shape, "float32")
    assert numpy.array_equal(numpy.load(io.BytesIO(payload(array, content_type=NPY)[0])), array)


@pytest.mark.parametrize(
    ("data", "content_type", "message"),
    [
        ([1], JPEG, "a list is sent as application/x-npy or application/json or .* not as 'image/jpeg'; encode it"),
        ({"a": 1}, NPY, "a dict is sent as application/json, not as 'application/x-npy'"),
        ([float("nan")], None, "a list cannot be sent as application/json: Out of range float values"),
        ([{1}], None, "Object of type set is not JSON serializable"),
        ([[1], [2, 3]], NPY, "a list cannot be sent as application/x-npy: "),
        (["cat"], NPY, "it makes an array of <U3; give numbers alone"),
        ([[[1]]], CSV, "nested deeper than rows of numbers"),
        (numpy.zeros((2, 2, 2), "uint8"), CSV, "nested deeper"),
        (numpy.array([None]), NPY, "an array cannot be sent as application/x-npy: it makes an array of object"),
    ],
)
def test_data_that_a_type_cannot_hold_is_refused(data: Any, content_type: str | None, message: str) -> None:
    with pytest.raises(InvalidPayload, match=message):
        payload(data, content_type=content_type)


@pytest.mark.parametrize(("pixels", "encoding"), [(8, PNG), (600, JPEG)])
def test_a_pil_image_can_go_as_a_picture_of_any_format(pixels: int, encoding: str) -> None:
    body, content_type = payload(Image.new("RGB", (pixels, pixels)), content_type=ANY_PICTURE)
    assert (content_type, sniff(body)) == (ANY_PICTURE, encoding)


@pytest.mark.parametrize("given", ["application/json", "Application/JSON; charset=utf-8", " application/json "])
def test_parameters_of_a_content_type_do_not_count(given: str) -> None:
    assert media_type(given) == JSON


def test_too_large_a_payload_is_refused_with_its_size_and_what_to_do(tmp_path: Path) -> None:
    told = r"takes 6,291,457 bytes as image/jpeg; accepted are 6,291,456 at most .* To send it: resize"
    largest = b"\xff\xd8\xff".ljust(MAX_PAYLOAD_BYTES, b"\0")
    assert payload(largest) == (largest, JPEG)
    with pytest.raises(InvalidPayload, match=told):
        payload(largest + b"\0")
    with (tmp_path / "large.jpg").open("wb") as file:
        file.write(largest)
        file.truncate(MAX_PAYLOAD_BYTES + 1)
    with pytest.raises(InvalidPayload, match=f"large.jpg {told}"):
        payload(tmp_path / "large.jpg")


def test_a_picture_too_large_is_told_the_size_that_fits(tmp_path: Path) -> None:
    array = numpy.zeros((1500, 1600, 3), "uint8")
    with pytest.raises(
        InvalidPayload, match=r"^an array takes 7,200,128 bytes as application/x-npy; .*To send it: resize"
    ):
        payload(array)
    numpy_random = numpy.random.default_rng(0).integers(0, 255, (1500, 1600), "uint8")
    noise = Image.fromarray(numpy_random)
    (tmp_path / "noise.png").write_bytes(encoded(noise, "PNG"))
    with pytest.raises(
        InvalidPayload, match=r"^the picture takes .*resize it from 1600 x 1500 to about \d+ x \d+ pixels"
    ):
        payload(noise, content_type=PNG, max_bytes=100_000)
    with pytest.raises(
        InvalidPayload, match=r"noise.png takes .*resize it from 1600 x 1500 .*, or encode it as image/jpeg"
    ):
        payload(tmp_path / "noise.png", max_bytes=100_000)


@pytest.mark.parametrize(("kind", "fits"), [("real-time", True), ("serverless", False), ("asynchronous", True)])
def test_each_kind_of_endpoint_has_its_limit(kind: EndpointKind, fits: bool) -> None:
    data = b"\xff\xd8\xff".ljust(5_000_000, b"\0")
    if fits:
        assert payload(data, kind=kind) == (data, JPEG)
    else:
        with pytest.raises(InvalidPayload, match=r"accepted are 4,194,304 at most \(serverless endpoint\)"):
            payload(data, kind=kind)
