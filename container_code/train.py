"""Train an image classifier: as a SageMaker training job, or alone on any machine.

    python train.py --train DIR --valid DIR --test DIR --model-dir DIR --architecture resnet18 --pretrained none

Each DIR holds one folder of pictures for each class. Any classification network of torchvision can be trained, from
pretrained weights (all of it, or its last layer alone) or from scratch. Flags win over the hyperparameters in SM_HPS, and
those over the defaults; folders default to SageMaker's SM_ variables.

The model is that of the epoch with the lowest validation loss, and the test figures are of that model. It is saved as
model.pt (state dict), model.json (architecture, classes, preprocessing) and code/inference.py, which serves it.

Log lines, for metric definitions such as ``valid:loss=([0-9.eE+-]+);``

    epoch 3/8; train:loss=0.1234; train:accuracy=0.9567; valid:loss=0.2345; valid:accuracy=0.9321; seconds=4.2;
    test:loss=0.2100; test:accuracy=0.9611;
"""

from __future__ import annotations

import argparse
import copy
import difflib
import json
import math
import os
import platform
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import torch
import torchvision
from debugger import Debugger
from image_splits import AUGMENTATIONS, DataError, Split, augment, load_splits
from inference import MEAN, STD, build_network, head_name, normalize
from pretrained import WeightsError, load_pretrained
from torch import nn

OPTIMIZERS = {
    "sgd": lambda parameters, s: torch.optim.SGD(
        parameters, lr=s.lr, momentum=s.momentum, weight_decay=s.weight_decay, nesterov=s.momentum > 0
    ),
    "adam": lambda parameters, s: torch.optim.Adam(parameters, lr=s.lr, weight_decay=s.weight_decay),
    "adamw": lambda parameters, s: torch.optim.AdamW(parameters, lr=s.lr, weight_decay=s.weight_decay),
}
WARM_UP = 0.25  # the part of a one-cycle training in which the learning rate rises


class TrainingError(Exception):
    """Training cannot go on; the text is one sentence that says why."""


class Metrics(NamedTuple):
    loss: float
    accuracy: float


class Result(NamedTuple):
    """``state``: the network's weights to keep. ``epoch``: the one they are of, 0 if not even one was completed."""

    state: dict[str, torch.Tensor]
    epoch: int
    history: list[dict[str, float]]


def parse_settings(arguments: Sequence[str], environment: dict[str, str] | Any = os.environ) -> argparse.Namespace:
    """The flags, with SageMaker's environment as defaults. A wrong one ends the process with a line on stderr."""
    cpus = int(environment.get("SM_NUM_CPUS", os.cpu_count() or 1))
    parser = argparse.ArgumentParser(
        description="Train an image classifier on folders of pictures.",
        epilog="example: python train.py --train data/train --valid data/valid --test data/test --model-dir model",
        allow_abbrev=False,
    )
    parser.add_argument("--train", default=environment.get("SM_CHANNEL_TRAIN"), help="folder of class folders")
    parser.add_argument(
        "--valid", default=environment.get("SM_CHANNEL_VALID"), help="the same, to choose the best epoch by"
    )
    parser.add_argument("--test", default=environment.get("SM_CHANNEL_TEST"), help="the same, for the last figures")
    parser.add_argument("--model-dir", default=environment.get("SM_MODEL_DIR"), help="where the model goes")
    parser.add_argument(
        "--output-data-dir", default=environment.get("SM_OUTPUT_DATA_DIR"), help="where metrics.json goes, if given"
    )

    parser.add_argument(
        "--architecture", default="resnet50", type=architecture, help="torchvision's name (%(default)s)"
    )
    parser.add_argument(
        "--pretrained",
        choices=("none", "channel", "hub"),
        help="weights to start from (channel if it is there, or hub)",
    )
    parser.add_argument(
        "--pretrained-dir", default=environment.get("SM_CHANNEL_PRETRAINED"), help="holds one .pt or .pth state dict"
    )
    parser.add_argument(
        "--fine-tune", choices=("head", "all"), help="what is trained (head with pretrained weights, or all)"
    )

    parser.add_argument("--image-size", default=224, type=whole(8), help="pixels a side (%(default)s)")
    parser.add_argument(
        "--augment", default="none", choices=sorted(AUGMENTATIONS), help="how training pictures vary (%(default)s)"
    )
    parser.add_argument("--batch-size", default=32, type=whole(2), help="pictures in a step (%(default)s)")
    parser.add_argument("--epochs", default=5, type=whole(1), help="passes over the training pictures (%(default)s)")
    parser.add_argument("--optimizer", default="adamw", choices=sorted(OPTIMIZERS), help="(%(default)s)")
    parser.add_argument("--lr", default=0.001, type=positive, help="the highest learning rate (%(default)s)")
    parser.add_argument(
        "--schedule", default="one-cycle", choices=("one-cycle", "cosine", "constant"), help="of it (%(default)s)"
    )
    parser.add_argument("--momentum", default=0.9, type=part, help="for sgd (%(default)s)")
    parser.add_argument("--weight-decay", default=1e-4, type=part, help="(%(default)s)")
    parser.add_argument("--seed", default=0, type=whole(0), help="of weights, order and augmentation (%(default)s)")
    parser.add_argument(
        "--workers", default=cpus, type=whole(0), help="processes that decode what memory cannot hold (%(default)s)"
    )
    parser.add_argument(
        "--memory-mb", default=4096, type=whole(0), help="pictures up to this size are kept in memory (%(default)s)"
    )
    # The service adds this name to the hyperparameters of a tuning job's trainings.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)

    hyperparameters = json.loads(environment.get("SM_HPS", "{}"))
    known = [text for name, value in hyperparameters.items() for text in (f"--{name}", str(value))]
    settings = parser.parse_args([*known, *arguments])
    for name in ("train", "valid", "test", "model_dir"):
        if not getattr(settings, name):
            flag, variable = (
                name.replace("_", "-"),
                {"model_dir": "SM_MODEL_DIR"}.get(name, f"SM_CHANNEL_{name.upper()}"),
            )
            parser.error(f"no {name} folder: give --{flag}, or set {variable}")
    settings.pretrained = settings.pretrained or ("channel" if settings.pretrained_dir else "hub")
    settings.fine_tune = settings.fine_tune or ("all" if settings.pretrained == "none" else "head")
    if settings.pretrained == "channel" and not settings.pretrained_dir:
        parser.error("--pretrained channel: there is no pretrained channel; give --pretrained-dir")
    if settings.pretrained == "none" and settings.fine_tune == "head":
        parser.error(
            "--fine-tune head leaves all but the last layer random; with --pretrained none give --fine-tune all"
        )
    return settings


def architecture(name: str) -> str:
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        near = difflib.get_close_matches(name, known) or ["resnet18", "resnet50"]
        raise argparse.ArgumentTypeError(f"torchvision has no classification network {name!r}; near: {', '.join(near)}")
    return name


def whole(least: int) -> Any:
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    parse.__name__ = "whole number"
    return parse


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def part(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to below 1")
    return value


def learning_rate_factor(step: int, steps: int, schedule: str) -> float:
    """The part of the highest learning rate that step ``step`` of ``steps`` (from 0) learns with."""
    progress = step / steps
    if schedule == "constant":
        return 1.0
    if schedule == "one-cycle":
        if progress < WARM_UP:
            return (step + 1) / (WARM_UP * steps + 1)
        progress = (progress - WARM_UP) / (1 - WARM_UP)
    return 0.5 * (1 + math.cos(math.pi * progress))


class Training:
    """One network, its data and its optimizer. ``stop`` is set when the process shall come to an end."""

    def __init__(
        self,
        network: nn.Module,
        splits: dict[str, Split],
        debugger: Debugger,
        settings: argparse.Namespace,
        stop: threading.Event,
    ) -> None:
        self._network, self._debugger, self._settings, self._stop = network, debugger, settings, stop
        self._device = next(network.parameters()).device
        self._loss = nn.CrossEntropyLoss()
        debugger.watch(network, self._loss)
        self._batches = {
            name: split.batches(settings.batch_size, shuffle=name == "train", workers=settings.workers)
            for name, split in splits.items()
        }
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimizer = OPTIMIZERS[settings.optimizer](trained, settings)
        steps = settings.epochs * len(self._batches["train"])
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: learning_rate_factor(step, steps, settings.schedule)
        )

    def run(self) -> Result:
        """All epochs, or as many as ``stop`` leaves. Raises TrainingError if the loss leaves the numbers."""
        best, lowest, history = self._result(0, []), math.inf, []
        for epoch in range(1, self._settings.epochs + 1):
            started = time.perf_counter()
            train = self._train_epoch()
            if self._stop.is_set():
                break
            valid = self.evaluate("valid")
            if not math.isfinite(train.loss + valid.loss):
                raise TrainingError(
                    f"the loss is no number any more in epoch {epoch} (train {train.loss}, valid {valid.loss}); "
                    f"a lower --lr than {self._settings.lr:g} may help"
                )
            seconds = time.perf_counter() - started
            print(
                f"epoch {epoch}/{self._settings.epochs}; {line('train', train)} {line('valid', valid)} {seconds=:.1f};"
            )
            history.append({"epoch": epoch, **named("train", train), **named("valid", valid), "seconds": seconds})
            if valid.loss < lowest:
                best, lowest = self._result(epoch, history), valid.loss
        return best._replace(history=history) if best.epoch else self._result(0, history)

    def evaluate(self, split: str) -> Metrics:
        self._debugger.enter(split)
        self._network.eval()
        total = [0.0, 0.0, 0]
        with torch.no_grad():
            for images, labels in self._prepared(split):
                logits = self._network(images)
                add_up(total, self._loss(logits, labels), logits, labels)
        return means(total)

    def _train_epoch(self) -> Metrics:
        self._debugger.enter("train")
        self._set_train_mode()
        total = [0.0, 0.0, 0]
        for images, labels in self._prepared("train"):
            if self._stop.is_set():
                break
            self._optimizer.zero_grad()
            logits = self._network(images)
            loss = self._loss(logits, labels)
            loss.backward()
            self._optimizer.step()
            self._schedule.step()
            add_up(total, loss, logits, labels)
        return means(total)

    def _prepared(self, split: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        kind = self._settings.augment if split == "train" else "none"
        for pixels, labels in self._batches[split]:
            images = augment(pixels.to(self._device).float() / 255, kind)
            yield normalize(images, MEAN, STD), labels.to(self._device)

    def _set_train_mode(self) -> None:
        # Layers that are not trained shall not move their running means either.
        if self._settings.fine_tune == "head":
            self._network.get_submodule(head_name(self._network)).train()
        else:
            self._network.train()

    def _result(self, epoch: int, history: list[dict[str, float]]) -> Result:
        state = {name: value.detach().cpu().clone() for name, value in self._network.state_dict().items()}
        return Result(state, epoch, history)
