from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@pytest.fixture(scope="module")
def epochs(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("epochs")


@pytest.fixture
def make_training(
    script: Callable[[str], ModuleType], epochs: ModuleType, image_folder: Callable[..., Path]
) -> Callable[..., Any]:
    """A Training of a tiny network with batch normalisation; the settings can be changed."""

    def make(*, network: Any = None, stop: threading.Event | None = None, **changes: Any) -> Any:
        import torch
        from torch import nn

        torch.manual_seed(0)
        layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
        settings = {
            "batch_size": 4,
            "workers": 0,
            "epochs": 3,
            "optimizer": "adamw",
            "lr": 0.01,
            "momentum": 0.9,
            "weight_decay": 0.0,
            "schedule": "one-cycle",
            "augment": "none",
            "fine_tune": "all",
        }
        data = image_folder(each=6, size=8)
        folders = {split: str(data / split) for split in ("train", "valid", "test")}
        splits = script("image_splits").load_splits(folders, 8, 64)
        return epochs.Training(
            network or nn.Sequential(*layers),
            splits,
            script("debugger").Debugger(),
            SimpleNamespace(**{**settings, **changes}),
            stop or threading.Event(),
        )

    return make


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1, 1, 1, 1, 1, 1, 1, 1]),
        ("cosine", [1, 0.962, 0.854, 0.691, 0.5, 0.309, 0.146, 0.038]),
        ("one-cycle", [0.333, 0.667, 1, 0.933, 0.75, 0.5, 0.25, 0.067]),
    ],
)
def test_schedules_never_pass_the_highest_rate(epochs: ModuleType, schedule: str, factors: list[float]) -> None:
    assert [round(epochs.learning_rate_factor(step, 8, schedule), 3) for step in range(8)] == factors


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_training_learns_and_tells_each_epoch(
    make_training: Callable[..., Any], capsys: pytest.CaptureFixture[str], optimizer: str
) -> None:
    result = make_training(optimizer=optimizer, lr=0.1, epochs=4).run()
    losses = [entry["train:loss"] for entry in result.history]
    assert [entry["epoch"] for entry in result.history] == [1, 2, 3, 4]
    assert losses[-1] < losses[0]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(";")[0] for line in lines] == ["epoch 1/4", "epoch 2/4", "epoch 3/4", "epoch 4/4"]


def test_weights_of_the_epoch_with_the_lowest_validation_loss_are_kept(
    epochs: ModuleType, make_training: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    training = make_training(epochs=3)
    losses = iter([0.5, 0.2, 0.9])
    states = []

    def evaluate(split: str) -> Any:
        states.append({name: value.clone() for name, value in training._network.state_dict().items()})
        return epochs.Metrics(next(losses), 0.5)

    monkeypatch.setattr(training, "evaluate", evaluate)
    result = training.run()
    assert (result.epoch, len(result.history)) == (2, 3)
    assert all(torch.equal(value, states[1][name]) for name, value in result.state.items())


def test_a_frozen_backbone_keeps_its_weights_and_its_running_means(make_training: Callable[..., Any]) -> None:
    import torch
    from torch import nn

    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    network.requires_grad_(False)
    network[4].requires_grad_(True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    make_training(network=network, fine_tune="head").run()
    changed = [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["4.weight", "4.bias"]


def test_a_loss_that_is_no_number_ends_training_with_a_way_out(
    epochs: ModuleType, make_training: Callable[..., Any]
) -> None:
    from torch import nn

    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    nn.init.constant_(network[1].weight, float("nan"))
    with pytest.raises(epochs.TrainingError, match=r"no number any more in epoch 1 .* a lower --lr than 0.01 may help"):
        make_training(network=network).run()


def test_a_stop_in_the_second_epoch_keeps_the_first(
    make_training: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    training = make_training(stop=stop)
    evaluate = training.evaluate

    def evaluate_and_stop(split: str) -> Any:
        stop.set()
        return evaluate(split)

    monkeypatch.setattr(training, "evaluate", evaluate_and_stop)
    result = training.run()
    assert (result.epoch, len(result.history)) == (1, 1)


def test_a_stop_in_the_first_epoch_keeps_what_was_learnt_so_far(make_training: Callable[..., Any]) -> None:
    stop = threading.Event()
    stop.set()
    result = make_training(stop=stop).run()
    assert (result.epoch, result.history) == (0, [])
    assert "4.weight" in result.state
