"""Serves a model that train.py saved: the functions that SageMaker's PyTorch serving container calls.

    model_fn(model_dir)           -> Classifier
    input_fn(body, content_type)  -> pictures, a list of RGB images
    predict_fn(data, model)       -> Scores
    output_fn(prediction, accept) -> (body, content type)

Accepted are image/jpeg, image/png and application/x-image (one picture), and application/x-npy: a uint8 array of shape
(H, W), (H, W, 3) or (N, H, W, 3). The answer is application/json,

    {"predictions": [{"labels": ["7", "1", ...], "scores": [0.98, 0.01, ...]}]}

with one entry for each picture and all classes by falling score; or application/x-npy: float32 (N, classes), in class
order. train.py takes the network and the preprocessing from here, so that an endpoint sees pictures as training did.
"""

from __future__ import annotations

import io
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import models

try:
    from sagemaker_inference.errors import BaseInferenceToolkitError
except ImportError:

    class BaseInferenceToolkitError(Exception):
        """Stands for the serving toolkit's class of this name where the toolkit is not installed."""


JSON, NPY = "application/json", "application/x-npy"
PICTURE_TYPES = ("image/jpeg", "image/png", "application/x-image")
# What Pillow may try: its other decoders include some that start programs.
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
PICTURES_AT_A_TIME = 64

# ImageNet's, on which torchvision's weights were trained; a start from scratch does well with them, too.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class RequestRefused(BaseInferenceToolkitError):
    """The caller's fault, not the model's.

    The serving toolkit answers an error of its own family with ``status_code``, and any other exception with 500.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        Exception.__init__(self, message)
        self.status_code, self.message, self.phrase = int(status), message, status.phrase


class Classifier(NamedTuple):
    network: nn.Module
    classes: list[str]
    image_size: int
    mean: list[float]
    std: list[float]
    device: torch.device


class Scores(NamedTuple):
    """``values``: float32 (pictures, classes); each row is a probability distribution over ``classes``."""

    classes: list[str]
    values: np.ndarray


def model_fn(model_dir: str) -> Classifier:
    folder = Path(model_dir)
    facts = json.loads((folder / "model.json").read_text())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = build_network(facts["architecture"], len(facts["classes"]), facts["image_size"])
    network.load_state_dict(torch.load(folder / "model.pt", map_location="cpu", weights_only=True))
    network.to(device).eval()
    return Classifier(network, facts["classes"], facts["image_size"], facts["mean"], facts["std"], device)


def input_fn(body: bytes, content_type: str | None) -> list[Image.Image]:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind in PICTURE_TYPES:
        return [_picture(body)]
    if kind == NPY:
        return [Image.fromarray(pixels).convert("RGB") for pixels in _pictures_of(_array(body))]
    raise RequestRefused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"content type {content_type!r} is not supported; accepted are {', '.join((*PICTURE_TYPES, NPY))}",
    )


def predict_fn(data: list[Image.Image], model: Classifier) -> Scores:
    starts = range(0, len(data), PICTURES_AT_A_TIME)
    parts = [_scores(data[start : start + PICTURES_AT_A_TIME], model) for start in starts]
    return Scores(model.classes, np.concatenate(parts))


def output_fn(prediction: Scores, accept: str | None) -> tuple[str | bytes, str]:
    for part in (accept or "*/*").split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in (JSON, "*/*", "application/*"):
            return _json(prediction), JSON
        if kind == NPY:
            return _npy(prediction.values), NPY
    raise RequestRefused(HTTPStatus.NOT_ACCEPTABLE, f"accept {accept!r} is not supported; answers are {JSON} or {NPY}")


def read_picture(source: Any) -> Image.Image:
    """A file path or a binary stream as an upright RGB picture; what is transparent becomes white.

    Raises OSError, whatever it is that Pillow finds wrong.
    """
    try:
        with Image.open(source, formats=PICTURE_FORMATS) as image:
            image.load()
            return _rgb(_upright(image))
    except OSError:
        raise
    except Exception as error:  # decoders of damaged files raise SyntaxError, struct.error, zlib.error and others
        raise OSError(f"{type(error).__name__}: {error}") from error


def fit(image: Image.Image, image_size: int) -> np.ndarray:
    """The middle square of an RGB picture, scaled: uint8 (image_size, image_size, 3)."""
    return np.array(ImageOps.fit(image, (image_size, image_size), Image.Resampling.BILINEAR))


def normalize(pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """float (N, 3, H, W) from 0 to 1, shifted and scaled by channel."""
    return (pixels - pixels.new_tensor(mean).view(3, 1, 1)) / pixels.new_tensor(std).view(3, 1, 1)


def build_network(architecture: str, class_count: int, image_size: int) -> nn.Module:
    """A torchvision classification network with random weights and one output for each class."""
    network = models.get_model(architecture, weights=None, **_arguments(architecture, image_size))
    name = head_name(network)
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, _resized(network.get_submodule(name), class_count))
    return network


def head_name(network: nn.Module) -> str:
    """The path of the layer that makes the class scores: the last linear one; SqueezeNet has only convolutions."""
    for kind in (nn.Linear, nn.Conv2d):
        names = [name for name, module in network.named_modules() if isinstance(module, kind)]
        if names:
            return names[-1]
    raise ValueError(f"{type(network).__name__} has no layer that makes class scores")


def _arguments(architecture: str, image_size: int) -> dict[str, Any]:
    """What a few architectures must be told: the pictures' size, or to do without a second head for training."""
    if architecture in ("googlenet", "inception_v3"):
        # Their weights were trained on pictures scaled otherwise; they can turn our scale into that.
        return {"aux_logits": False, "init_weights": True, "transform_input": True}
    if architecture.startswith("vit_"):
        return {"image_size": image_size}
    if architecture.startswith("maxvit_"):
        return {"input_size": (image_size, image_size)}
    return {}


def _resized(head: nn.Module, class_count: int) -> nn.Module:
    if isinstance(head, nn.Conv2d):
        return nn.Conv2d(head.in_channels, class_count, head.kernel_size)
    return nn.Linear(head.in_features, class_count, bias=head.bias is not None)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data raises anything; the pixels are good
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits for a pixel: converting would clip at 255 instead of scaling.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _picture(body: bytes) -> Image.Image:
    try:
        return read_picture(io.BytesIO(body))
    except OSError as error:
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST,
            f"the body ({len(body):,} bytes) cannot be read as a picture: {error}; accepted are whole files "
            f"of the formats {', '.join(PICTURE_FORMATS)}",
        ) from error


def _array(body: bytes) -> np.ndarray:
    try:
        return np.load(io.BytesIO(body), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST, f"the body ({len(body):,} bytes) is no array that numpy.save wrote: {error}"
        ) from error


def _pictures_of(array: np.ndarray) -> np.ndarray:
    """The array as a batch: (N, H, W) or (N, H, W, 3)."""
    shape = array.shape
    single = len(shape) == 2 or (len(shape) == 3 and shape[-1] == 3)
    batch = len(shape) == 4 and shape[-1] == 3
    if array.dtype != np.uint8 or 0 in shape or not (single or batch):
        raise RequestRefused(
            HTTPStatus.BAD_REQUEST,
            f"an array of {array.dtype} with shape {shape} is no picture; accepted is uint8 with shape (H, W), "
            "(H, W, 3) or (N, H, W, 3), and no side 0",
        )
    return array[None] if single else array


def _scores(pictures: list[Image.Image], model: Classifier) -> np.ndarray:
    pixels = torch.from_numpy(np.stack([fit(picture, model.image_size) for picture in pictures]))
    images = pixels.to(model.device).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        logits = model.network(normalize(images, model.mean, model.std))
    return logits.softmax(dim=1).cpu().numpy()


def _json(prediction: Scores) -> str:
    orders = np.argsort(-prediction.values, axis=1, kind="stable")
    entries = [
        {
            "labels": [prediction.classes[index] for index in order],
            "scores": [round(float(row[index]), 6) for index in order],
        }
        for row, order in zip(prediction.values, orders)
    ]
    return json.dumps({"predictions": entries})


def _npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values.astype(np.float32))
    return buffer.getvalue()
