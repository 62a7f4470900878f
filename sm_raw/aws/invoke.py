"""Ask an endpoint what a picture shows."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sm_raw.errors import InvalidPayload, InvocationFailed

if TYPE_CHECKING:
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

MAX_PAYLOAD_BYTES = 6_291_456
"""The longest Body of InvokeEndpoint; serverless endpoints take 4 MB at most.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

JPEG, PNG, NPY = "image/jpeg", "image/png", "application/x-npy"
ACCEPTED = f"a JPEG or PNG picture, or a NumPy array in .npy format ({JPEG}, {PNG}, {NPY})"

# The bytes that a file of each type begins with.
SENT_AS_THEY_ARE: Mapping[bytes, str] = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"\x93NUMPY": NPY}
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


Picture: TypeAlias = "str | Path | bytes | bytearray | memoryview | PillowImage | Any"
"""A path, the bytes of a file, a PIL image, or a NumPy array of uint8 (height x width, or that x 3)."""


@dataclass(frozen=True)
class Prediction:
    """The endpoint's answer for one picture: classes and their scores, the likeliest first."""

    label: str
    score: float
    labels: tuple[str, ...]
    scores: tuple[float, ...]


def invoke_endpoint(
    runtime_client: SageMakerRuntimeClient,
    endpoint_name: str,
    image: Picture,
    *,
    content_type: str | None = None,
    accept: str = "application/json",
    variant: str | None = None,
) -> Prediction:
    """What the model behind an endpoint takes ``image`` for.

    The content type is told by the data; one that is given wins for paths and bytes, and for a PIL image
    chooses JPEG or PNG. A PIL image is sent as PNG, which changes no pixel, unless it is a photo of more
    than 512 x 512 pixels: that goes as JPEG of quality 95. ``variant`` picks one production variant.

    Raises InvalidPayload, before anything is sent, for what is no picture or too large; InvocationFailed with the
    container's own message if the model fails, or answers in an unknown form. Other refusals of the service
    come as botocore's ClientError.
    """
    body, content_type = payload(image, content_type=content_type)
    request: dict[str, Any] = {
        "EndpointName": endpoint_name,
        "ContentType": content_type,
        "Accept": accept,
        "Body": body,
    }
    if variant:
        request["TargetVariant"] = variant
    try:
        response = runtime_client.invoke_endpoint(**request)
    except runtime_client.exceptions.ModelError as error:
        raise _model_error(endpoint_name, error.response) from error
    return _prediction(endpoint_name, response["Body"].read())


def payload(image: Picture, *, content_type: str | None = None) -> tuple[bytes, str]:
    """The body and content type with which ``image`` is sent. Raises InvalidPayload."""
    if isinstance(image, str | Path):
        body, content_type = _file(Path(image), content_type)
    elif isinstance(image, bytes | bytearray | memoryview):
        body, content_type = _bytes(bytes(image), content_type, "the data")
    elif hasattr(image, "save") and hasattr(image, "mode"):  # Before arrays: a PIL image looks like one, too.
        body, content_type = _pillow(image, content_type)
    elif hasattr(image, "__array_interface__"):
        body, content_type = _array(image, content_type)
    else:
        raise InvalidPayload(
            f"a {type(image).__name__} is no picture; give a path, bytes, a PIL image or a NumPy array"
        )
    _check_size(len(body), "the picture")
    return body, content_type


def sniff(data: bytes) -> str | None:
    """The content type of a JPEG, PNG or .npy file by its first bytes; None for all else."""
    return next((kind for magic, kind in SENT_AS_THEY_ARE.items() if data.startswith(magic)), None)


def _file(path: Path, content_type: str | None) -> tuple[bytes, str]:
    try:
        _check_size(path.stat().st_size, str(path))
        return _bytes(path.read_bytes(), content_type, str(path))
    except OSError as error:
        raise InvalidPayload(f"{path} cannot be read: {error.strerror}") from error


def _bytes(data: bytes, content_type: str | None, what: str) -> tuple[bytes, str]:
    if not data:
        raise InvalidPayload(f"{what} is empty; give {ACCEPTED}")
    found = content_type or sniff(data)
    if found is None:
        kind = next((kind for magic, kind in KNOWN_BUT_REFUSED.items() if data.startswith(magic)), None)
        told = f"{what} is {kind}" if kind else f"{what} begins with {data[:8]!r}"
        raise InvalidPayload(f"{told}; give {ACCEPTED}, or state content_type if the model takes others")
    return data, found


def _pillow(image: PillowImage, content_type: str | None) -> tuple[bytes, str]:
    if content_type not in (None, JPEG, PNG):
        raise InvalidPayload(f"a PIL image is sent as {JPEG} or {PNG}, not as {content_type!r}")
    width, height = image.size
    is_large_photo = image.mode in ("L", "RGB", "CMYK", "YCbCr") and width * height > LOSSLESS_PIXELS
    content_type = content_type or (JPEG if is_large_photo else PNG)
    buffer = io.BytesIO()
    try:
        if content_type == JPEG:
            plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
            plain.save(buffer, format="JPEG", quality=JPEG_QUALITY)
        else:
            plain = image if image.mode in PNG_MODES else image.convert("RGB")
            plain.save(buffer, format="PNG")
    except (OSError, ValueError) as error:
        raise InvalidPayload(f"the PIL image of mode {image.mode} cannot be encoded: {error}") from error
    return buffer.getvalue(), content_type


def _array(array: Any, content_type: str | None) -> tuple[bytes, str]:
    import numpy

    if content_type not in (None, NPY):
        raise InvalidPayload(f"an array is sent as {NPY}, not as {content_type!r}; encode it to send that")
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if str(array.dtype) != "uint8" or not is_picture or not array.size:
        raise InvalidPayload(
            f"an array of {array.dtype} and shape {tuple(array.shape)} is no picture; "
            "give uint8 of shape (height, width) or (height, width, 3)"
        )
    buffer = io.BytesIO()
    numpy.save(buffer, array, allow_pickle=False)
    return buffer.getvalue(), NPY


def _check_size(size: int, what: str) -> None:
    if size > MAX_PAYLOAD_BYTES:
        raise InvalidPayload(
            f"{what} takes {size:,} bytes; InvokeEndpoint accepts {MAX_PAYLOAD_BYTES:,} at most. "
            "Scale it down (a classifier looks at a few hundred pixels a side), send it as JPEG, "
            "or use an asynchronous endpoint"
        )


def _model_error(endpoint_name: str, response: Mapping[str, Any]) -> InvocationFailed:
    message = response.get("OriginalMessage") or response.get("Error", {}).get("Message", "")
    log = response.get("LogStreamArn") or f"/aws/sagemaker/Endpoints/{endpoint_name}"
    return InvocationFailed(endpoint_name, response.get("OriginalStatusCode", 0), message, log)


def _prediction(endpoint_name: str, body: bytes) -> Prediction:
    try:
        first = json.loads(body)["predictions"][0]
        pairs = [(float(s), str(label)) for label, s in zip(first["labels"], first["scores"], strict=True)]
        pairs.sort(key=lambda pair: -pair[0])
        scores, labels = zip(*pairs, strict=True)
        return Prediction(labels[0], scores[0], labels, scores)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InvocationFailed(
            endpoint_name, None, f'{body[:200]!r}; expected {{"predictions": [{{"labels": [...], "scores": [...]}}]}}'
        ) from error
