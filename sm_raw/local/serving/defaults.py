"""What AWS's PyTorch container does for a function that the user's module does not have.

torch and numpy are imported when first needed: a module that brings all its functions needs neither here.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
TEXT_TYPES = (JSON, CSV)
"""The content types whose payload reaches ``input_fn`` and ``transform_fn`` as str, by exact comparison."""


class UnsupportedFormatError(Exception):
    """No default function reads or writes this type. The container, too, answers 500 to it, not 415."""

    def __init__(self, content_type: str | None, function: str) -> None:
        self.content_type = content_type
        super().__init__(
            f"Content type {content_type} is not supported by the default {function}, which knows "
            f"{JSON}, {CSV} and {NPY}: give one of these, or write an {function} of your own"
        )


def model_fn(model_dir: str) -> Any:
    """The TorchScript model in ``model.pt``, or in the only .pt or .pth file of the folder."""
    path = Path(model_dir, "model.pt")
    if not path.exists():
        path = _only_model_file(Path(model_dir))
    import torch

    try:
        model = torch.jit.load(path, map_location=_device())  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise RuntimeError(
            f"{path} was not saved by torch.jit, which is all that the container loads by itself: "
            "write a model_fn(model_dir) that loads it"
        ) from error
    return model.to(_device())


def input_fn(input_data: Any, content_type: str | None) -> Any:
    """The payload as a tensor on the model's device; JSON and CSV become 32-bit floats."""
    import numpy
    import torch

    if content_type == NPY:
        # The container would unpickle objects in the array; a request must not be able to run code.
        array = numpy.load(io.BytesIO(input_data), allow_pickle=False)
        return torch.from_numpy(array).to(_device())
    if content_type == JSON:
        array = numpy.array(json.loads(input_data))
    elif content_type == CSV:
        array = numpy.genfromtxt(io.StringIO(input_data), delimiter=",")
    else:
        raise UnsupportedFormatError(content_type, "input_fn")
    return torch.as_tensor(array, dtype=torch.float32).to(_device())


def predict_fn(data: Any, model: Any) -> Any:
    import torch

    with torch.no_grad():
        model = model.to(_device())
        model.eval()
        return model(data.to(_device()))


def output_fn(prediction: Any, accept: str) -> bytes | str:
    """The prediction in the first type of the Accept header that is known."""
    if hasattr(prediction, "detach"):
        prediction = prediction.detach().cpu().numpy().tolist()
    for content_type in accept.replace(" ", "").split(","):
        if content_type == JSON:
            return json.dumps(prediction, default=_plain)
        if content_type in (CSV, NPY):
            return _array_bytes(prediction, content_type)
    raise UnsupportedFormatError(accept, "output_fn")


def _array_bytes(prediction: Any, content_type: str) -> bytes:
    import numpy

    buffer = io.BytesIO()
    if content_type == CSV:
        numpy.savetxt(buffer, prediction, delimiter=",", fmt="%s", encoding="utf-8")
    else:
        numpy.save(buffer, prediction)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON: write an output_fn, or return lists")


def _only_model_file(folder: Path) -> Path:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".pt", ".pth") and path.is_file())
    if len(files) != 1:
        raise ValueError(
            f"there is no model_fn, and without one exactly one .pt or .pth file is needed in {folder}, "
            f"not {[path.name for path in files]}: write a model_fn(model_dir) that loads the model"
        )
    return files[0]


def _device() -> Any:
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
