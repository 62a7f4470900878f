"""What is sent to an endpoint: any picture or data as the bytes of a body, and the content type that names them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

from sm_raw.aws.invoking.payload_limits import HEAD_BYTES, EndpointKind, Pixels, check_size, pixels_of
from sm_raw.errors import InvalidPayload

JPEG, PNG, NPY = "image/jpeg", "image/png", "application/x-npy"
JSON, JSONLINES, CSV = "application/json", "application/jsonlines", "text/csv"
ANY_PICTURE = "application/x-image"
"""A picture of any format: what AWS's built-in image classification and its kin ask for.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
"""

ACCEPTED = f"a JPEG or PNG picture, or a NumPy array in .npy format ({JPEG}, {PNG}, {NPY})"

# The bytes that a file of each type begins with.
SENT_AS_THEY_ARE: Mapping[bytes, str] = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"\x93NUMPY": NPY}
# Types of text have no such bytes: there the name of the file counts.
SUFFIXES: Mapping[str, str] = {".json": JSON, ".jsonl": JSONLINES, ".csv": CSV}
KNOWN_BUT_REFUSED: Mapping[bytes, str] = {
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"RIFF": "a WebP picture",
    b"%PDF": "a PDF document",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip file",
}

LOSSLESS_PIXELS = 512 * 512
JPEG_QUALITY = 95
PNG_MODES = frozenset({"1", "I", "I;16", "L", "LA", "P", "RGB", "RGBA"})


class PillowImage(Protocol):
    """What this module needs of a PIL.Image.Image."""

    @property
    def mode(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]: ...
    def convert(self, mode: str) -> PillowImage: ...
    def save(self, fp: Any, format: str, **options: Any) -> None: ...


Data: TypeAlias = "str | Path | bytes | bytearray | memoryview | PillowImage | Sequence[Any] | Mapping[str, Any] | Any"
"""A path, the bytes of a file, a PIL image, a NumPy array, a list (nested ones, too) or a dict."""


class Encoded(NamedTuple):
    """A body, its content type, and what is told of it when it is too large."""

    body: bytes
    content_type: str
    what: str
    pixels: Pixels | None = None


def payload(
    data: Data,
    *,
    content_type: str | None = None,
    kind: EndpointKind = "real-time",
    max_bytes: int | None = None,
) -> tuple[bytes, str]:
    """The body and content type with which ``data`` is sent.

    A file or bytes go as they are, under the type that they show or that is given. A PIL image goes as PNG, which
    changes no pixel, unless it is a photo of more than 512 x 512 pixels: that goes as JPEG of quality 95. An array
    goes as .npy; if no type is given it must be a picture. A list or a dict goes as JSON. ``content_type`` chooses
    another encoding: of an image JPEG or PNG, of an array or a list .npy, JSON, JSON lines or CSV.

    Raises InvalidPayload for what cannot be sent so, and for more than an endpoint of the ``kind`` accepts, or
    than ``max_bytes``.
    """
    if isinstance(data, str | Path):
        encoded = _file(Path(data), content_type, kind, max_bytes)
    elif isinstance(data, bytes | bytearray | memoryview):
        encoded = _bytes(bytes(data), content_type, "the data")
    elif hasattr(data, "save") and hasattr(data, "mode"):  # Before arrays: a PIL image looks like one, too.
        encoded = _pillow(cast("PillowImage", data), content_type)
    elif hasattr(data, "__array_interface__"):
        encoded = _array(data, content_type)
    elif isinstance(data, Mapping):
        encoded = _written(data, content_type, "a dict", DICT_WRITERS)
    elif isinstance(data, Sequence):
        encoded = _written(data, content_type, "a list", LIST_WRITERS)
    else:
        raise InvalidPayload(
            f"a {type(data).__name__} cannot be sent; give a path, bytes, a PIL image, a NumPy array, a list or a dict"
        )
    check_size(
        len(encoded.body), encoded.what, encoded.content_type, kind=kind, max_bytes=max_bytes, pixels=encoded.pixels
    )
    return encoded.body, encoded.content_type


def sniff(data: bytes) -> str | None:
    """The content type of a JPEG, PNG or .npy file by its first bytes; None for all else."""
    return next((kind for magic, kind in SENT_AS_THEY_ARE.items() if data.startswith(magic)), None)


def media_type(content_type: str) -> str:
    """A content type without its parameters: "application/json" for "Application/JSON; charset=utf-8"."""
    return content_type.partition(";")[0].strip().lower()


def _file(path: Path, content_type: str | None, kind: EndpointKind, max_bytes: int | None) -> Encoded:
    by_name = content_type or SUFFIXES.get(path.suffix.lower())
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = path.stat().st_size
            # What is too large is not read.
            check_size(
                size,
                str(path),
                by_name or sniff(head) or "a file",
                kind=kind,
                max_bytes=max_bytes,
                pixels=pixels_of(head),
            )
            return _bytes(head + file.read(), content_type or sniff(head) or by_name, str(path))
    except OSError as error:
        raise InvalidPayload(f"{path} cannot be read: {error.strerror}") from error


def _bytes(data: bytes, content_type: str | None, what: str) -> Encoded:
    if not data:
        raise InvalidPayload(f"{what} is empty; give {ACCEPTED}")
    found = content_type or sniff(data)
    if found is None:
        kind = next((kind for magic, kind in KNOWN_BUT_REFUSED.items() if data.startswith(magic)), None)
        told = f"{what} is {kind}" if kind else f"{what} begins with {data[:8]!r}"
        raise InvalidPayload(f"{told}; give {ACCEPTED}, or state content_type if the model takes others")
    return Encoded(data, found, what, pixels_of(data))


def _pillow(image: PillowImage, content_type: str | None) -> Encoded:
    if content_type not in (None, JPEG, PNG, ANY_PICTURE):
        raise InvalidPayload(f"a PIL image is sent as {JPEG} or {PNG}, not as {content_type!r}")
    width, height = image.size
    is_large_photo = image.mode in ("L", "RGB", "CMYK", "YCbCr") and width * height > LOSSLESS_PIXELS
    encoding = content_type if content_type in (JPEG, PNG) else JPEG if is_large_photo else PNG
    buffer = io.BytesIO()
    try:
        if encoding == JPEG:
            plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
            plain.save(buffer, format="JPEG", quality=JPEG_QUALITY)
        else:
            plain = image if image.mode in PNG_MODES else image.convert("RGB")
            plain.save(buffer, format="PNG")
    except (OSError, ValueError) as error:
        raise InvalidPayload(f"the PIL image of mode {image.mode} cannot be encoded: {error}") from error
    return Encoded(buffer.getvalue(), content_type or encoding, "the picture", (width, height))


def _array(array: Any, content_type: str | None) -> Encoded:
    is_picture = str(array.dtype) == "uint8" and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3))
    if not array.size or (content_type is None and not is_picture):
        raise InvalidPayload(
            f"an array of {array.dtype} and shape {tuple(array.shape)} is no picture; "
            "give uint8 of shape (height, width) or (height, width, 3), "
            f"or state content_type ({', '.join(LIST_WRITERS)}) if the model takes other arrays"
        )
    encoded = _written(array, content_type or NPY, "an array", LIST_WRITERS)
    return encoded._replace(pixels=(array.shape[1], array.shape[0]) if is_picture else None)


def _written(data: Any, content_type: str | None, what: str, writers: Mapping[str, Callable[[Any], bytes]]) -> Encoded:
    content_type = content_type or JSON
    kind = media_type(content_type)
    writer = writers.get(JSON if kind.endswith("+json") else kind)
    if writer is None:
        raise InvalidPayload(
            f"{what} is sent as {' or '.join(writers)}, not as {content_type!r}; encode it, and give the bytes"
        )
    try:
        return Encoded(writer(data), content_type, what)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidPayload(f"{what} cannot be sent as {content_type}: {error}") from error


def _npy(data: Any) -> bytes:
    import numpy

    array = numpy.asarray(data)
    if array.dtype.kind not in "biufc":
        raise ValueError(f"it makes an array of {array.dtype}; give numbers alone")
    buffer = io.BytesIO()
    numpy.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _json(data: Any) -> bytes:
    # NaN is no JSON, though Python writes it: strict containers answer 400.
    return json.dumps(_plain(data), allow_nan=False, separators=(",", ":")).encode()


def _jsonlines(data: Any) -> bytes:
    return b"".join(_json(item) + b"\n" for item in _plain(data))


def _csv(data: Any) -> bytes:
    """One row of a flat list, a row for each list of a nested one; no header, as AWS's algorithms want it.

    https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    """
    data = _plain(data)
    rows = data if data and isinstance(data[0], Sequence) and not isinstance(data[0], str) else [data]
    if any(isinstance(cell, Sequence | Mapping) and not isinstance(cell, str) for row in rows for cell in row):
        raise ValueError("it is nested deeper than rows of numbers")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _plain(data: Any) -> Any:
    """An array as lists, all else as it is."""
    return data.tolist() if hasattr(data, "__array_interface__") else data


LIST_WRITERS: Mapping[str, Callable[[Any], bytes]] = {NPY: _npy, JSON: _json, JSONLINES: _jsonlines, CSV: _csv}
DICT_WRITERS: Mapping[str, Callable[[Any], bytes]] = {JSON: _json}
