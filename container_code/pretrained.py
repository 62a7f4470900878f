"""Weights to start from: of a file in the ``pretrained`` channel, or of torchvision's hub."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Mapping, Optional

import torch
from inference import head_name
from torch import nn
from torchvision import models

SOURCES = ("none", "channel", "hub")
# Networks with a second head for training come with its weights; it is not built here.
SECOND_HEADS = ("aux1.", "aux2.", "AuxLogits.")


class WeightsError(Exception):
    """The weights cannot be had or do not fit; the text is one sentence that says where and why."""


def load_pretrained(network: nn.Module, source: str, architecture: str, folder: Optional[str]) -> str:
    """Fill ``network`` from ``source`` (none, channel or hub); returns what was used, in words for the log.

    The last layer stays random if the weights were made for another number of classes.
    """
    if source == "none":
        return "none, a random start"
    state, origin = _from_hub(architecture) if source == "hub" else _from_folder(Path(folder or ""))
    head = head_name(network)
    wanted = network.state_dict()
    kept = {
        name: value
        for name, value in state.items()
        if not name.startswith(SECOND_HEADS)
        and not (name.startswith(f"{head}.") and name in wanted and value.shape != wanted[name].shape)
    }
    _check(kept, wanted, head, f"{origin} does not fit {architecture}")
    network.load_state_dict(kept, strict=False)
    return origin if f"{head}.weight" in kept else f"{origin}, with a new last layer"


def _from_hub(architecture: str) -> tuple[Mapping[str, torch.Tensor], str]:
    weights = models.get_model_weights(architecture).DEFAULT
    try:
        # A whole network, for torchvision renames weights of some architectures while it fills one.
        state = models.get_model(architecture, weights=weights, progress=False).state_dict()
    except (OSError, RuntimeError) as error:  # no connection, no space; a download whose hash is wrong
        raise WeightsError(
            f"{weights} could not be had from {weights.url}: {error}; give a pretrained channel, or --pretrained none"
        ) from error
    return state, f"{weights} of torchvision"


def _from_folder(folder: Path) -> tuple[Mapping[str, torch.Tensor], str]:
    files = sorted(path for path in folder.glob("*") if path.suffix in (".pt", ".pth"))
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        raise WeightsError(f"the pretrained channel {folder} must hold one .pt or .pth file; it holds {names}")
    try:
        state = torch.load(files[0], map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"{files[0]} cannot be read as a state dict: {reason}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{files[0]} is no state dict: names with tensors, as torch.save(model.state_dict()) writes")
    return state, str(files[0])


def _check(state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], head: str, complaint: str) -> None:
    problems = {
        "missing": [
            name
            for name in wanted
            if name not in state and not name.startswith(f"{head}.") and not name.endswith("num_batches_tracked")
        ],
        "not known": [name for name in state if name not in wanted],
        "of another shape": [name for name in state if name in wanted and state[name].shape != wanted[name].shape],
    }
    found = [f"{len(names)} {what} ({', '.join(names[:3])})" for what, names in problems.items() if names]
    if found:
        raise WeightsError(f"{complaint}: {'; '.join(found)}")
