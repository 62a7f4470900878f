"""The epochs: forward, backward, step; and which epoch's weights are kept."""

from __future__ import annotations

import argparse
import math
import threading
import time
from typing import Iterator, NamedTuple

import torch
from debugger import Debugger
from image_splits import Split, augment
from inference import MEAN, STD, head_name, normalize
from processes import ALONE, Processes
from torch import nn

OPTIMIZERS = {
    "sgd": lambda parameters, s: torch.optim.SGD(
        parameters, lr=s.lr, momentum=s.momentum, weight_decay=s.weight_decay, nesterov=s.momentum > 0
    ),
    "adam": lambda parameters, s: torch.optim.Adam(parameters, lr=s.lr, weight_decay=s.weight_decay),
    "adamw": lambda parameters, s: torch.optim.AdamW(parameters, lr=s.lr, weight_decay=s.weight_decay),
}
SCHEDULES = ("one-cycle", "cosine", "constant")
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
    """One network, its data and its optimizer. ``stop`` is set when the process shall come to an end.

    With several processes, each has a Training of its own; they take every step, and end, together.
    """

    def __init__(
        self,
        network: nn.Module,
        splits: dict[str, Split],
        debugger: Debugger,
        settings: argparse.Namespace,
        stop: threading.Event,
        processes: Processes = ALONE,
    ) -> None:
        self._network, self._debugger, self._settings, self._stop = network, debugger, settings, stop
        self._processes = processes
        processes.copy_from_first(network.state_dict().values())
        self._device = next(network.parameters()).device
        self._loss = nn.CrossEntropyLoss()
        debugger.watch(network, self._loss)
        self._batches = {
            name: split.batches(
                settings.batch_size,
                shuffle=name == "train",
                workers=processes.part_of(settings.workers),
                processes=processes,
            )
            for name, split in splits.items()
        }
        self._trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimizer = OPTIMIZERS[settings.optimizer](self._trained, settings)
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
            if self.stopped():
                break
            valid = self.evaluate("valid")
            if not math.isfinite(train.loss + valid.loss):
                raise TrainingError(
                    f"the loss is no number any more in epoch {epoch} (train {train.loss}, valid {valid.loss}); "
                    f"a lower --lr than {self._settings.lr:g} may help"
                )
            seconds = time.perf_counter() - started
            of = f"{epoch}/{self._settings.epochs}"
            print(f"epoch {of}; {line('train', train)} {line('valid', valid)} {seconds=:.1f};")
            history.append({"epoch": epoch, **named("train", train), **named("valid", valid), "seconds": seconds})
            if valid.loss < lowest:
                best, lowest = self._result(epoch, history), valid.loss
        return best._replace(history=history) if best.epoch else self._result(0, history)

    def stopped(self) -> bool:
        """Whether any process shall come to an end: the signal may reach one earlier than another."""
        return self._processes.any(self._stop.is_set())

    def evaluate(self, split: str) -> Metrics:
        self._debugger.enter(split)
        # Batch normalisation's running means are of each process's own pictures (torch can share them on GPUs only).
        # Those of the first one are judged, and saved.
        self._processes.copy_from_first(self._network.buffers())
        self._network.eval()
        total = [0.0, 0.0, 0]
        with self._processes.together(), torch.no_grad():
            for images, labels in self._prepared(split):
                logits = self._network(images)
                add_up(total, self._loss(logits, labels), logits, labels)
        return means(self._processes.sums(total))

    def _train_epoch(self) -> Metrics:
        self._debugger.enter("train")
        self._set_train_mode()
        total = [0.0, 0.0, 0]
        batches = self._prepared("train")
        for _ in range(len(self._batches["train"])):
            if self.stopped():
                break
            self._optimizer.zero_grad()
            with self._processes.together():
                images, labels = next(batches)
                logits = self._network(images)
                loss = self._loss(logits, labels)
                loss.backward()
            self._processes.average_gradients(self._trained, len(labels))
            self._optimizer.step()
            self._schedule.step()
            add_up(total, loss, logits, labels)
        return means(self._processes.sums(total))

    def _prepared(self, split: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        kind = self._settings.augment if split == "train" else "none"
        for pixels, labels in self._batches[split]:
            images = augment(pixels.to(self._device).float() / 255, kind)
            yield normalize(images, MEAN, STD), labels.to(self._device)

    def _set_train_mode(self) -> None:
        self._network.train()
        if self._settings.fine_tune == "head":
            # Layers that are not trained shall not move their running means either.
            self._network.eval()
            self._network.get_submodule(head_name(self._network)).train()

    def _result(self, epoch: int, history: list[dict[str, float]]) -> Result:
        state = {name: value.detach().cpu().clone() for name, value in self._network.state_dict().items()}
        return Result(state, epoch, history)


def add_up(total: list[float], loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
    """Add a batch to ``total``: the sums of losses and of right answers, and the number of pictures."""
    total[0] += loss.item() * len(labels)
    total[1] += (logits.argmax(dim=1) == labels).sum().item()
    total[2] += len(labels)


def means(total: list[float]) -> Metrics:
    loss, right, count = total
    return Metrics(loss / max(1, count), right / max(1, count))


def named(split: str, metrics: Metrics) -> dict[str, float]:
    return {f"{split}:{name}": value for name, value in metrics._asdict().items()}


def line(split: str, metrics: Metrics) -> str:
    return " ".join(f"{name}={value:.4f};" for name, value in named(split, metrics).items())
