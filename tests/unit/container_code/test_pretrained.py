from __future__ import annotations

import urllib.error
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ARCHITECTURE = "squeezenet1_1"
HEAD = "classifier.1"


@pytest.fixture(scope="module")
def pretrained(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("pretrained")


@pytest.fixture
def network(script: Callable[[str], ModuleType]) -> Any:
    return script("inference").build_network(ARCHITECTURE, 3, 32)


def other_weights(script: Callable[[str], ModuleType], class_count: int) -> dict[str, Any]:
    return dict(script("inference").build_network(ARCHITECTURE, class_count, 32).state_dict())


@pytest.mark.parametrize(("class_count", "words"), [(3, "{file}"), (10, "{file}, with a new last layer")])
def test_weights_of_the_channel_are_used_and_the_last_layer_if_it_fits(
    script: Callable[[str], ModuleType],
    pretrained: ModuleType,
    network: Any,
    tmp_path: Path,
    class_count: int,
    words: str,
) -> None:
    import torch

    weights = other_weights(script, class_count)
    torch.save(weights, tmp_path / "weights.pth")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    used = pretrained.load_pretrained(network, "channel", ARCHITECTURE, str(tmp_path))
    assert used == words.format(file=tmp_path / "weights.pth")
    for name, value in network.state_dict().items():
        expected = before if name.startswith(HEAD) and class_count == 10 else weights
        assert torch.equal(value, expected[name]), name


def test_none_leaves_the_random_start(pretrained: ModuleType, network: Any) -> None:
    assert pretrained.load_pretrained(network, "none", ARCHITECTURE, None) == "none, a random start"


def nothing(folder: Path, weights: dict[str, Any]) -> None:
    (folder / "readme.txt").write_text("no weights here")


def two_files(folder: Path, weights: dict[str, Any]) -> None:
    (folder / "a.pt").touch()
    (folder / "b.pth").touch()


def no_weights(folder: Path, weights: dict[str, Any]) -> None:
    (folder / "a.pt").write_bytes(b"no weights")


def a_list(folder: Path, weights: dict[str, Any]) -> None:
    import torch

    torch.save([1, 2], folder / "a.pt")


def another_network(folder: Path, weights: dict[str, Any]) -> None:
    import torch

    torch.save({"conv1.weight": torch.zeros(1)}, folder / "a.pt")


def another_shape(folder: Path, weights: dict[str, Any]) -> None:
    import torch

    torch.save({**weights, "features.0.bias": torch.zeros(1)}, folder / "a.pt")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (nothing, "must hold one .pt or .pth file; it holds none$"),
        (two_files, "must hold one .pt or .pth file; it holds a.pt, b.pth$"),
        (no_weights, "a.pt cannot be read as a state dict: "),
        (a_list, "a.pt is no state dict: names with tensors"),
        (
            another_network,
            r"does not fit squeezenet1_1: 50 missing \(features.0.weight, .*\); 1 not known \(conv1.weight\)$",
        ),
        (another_shape, r"does not fit squeezenet1_1: 1 of another shape \(features.0.bias\)$"),
    ],
)
def test_a_channel_that_does_not_fit_is_refused_in_one_line(
    script: Callable[[str], ModuleType],
    pretrained: ModuleType,
    network: Any,
    tmp_path: Path,
    write: Callable[[Path, dict[str, Any]], None],
    said: str,
) -> None:
    write(tmp_path, other_weights(script, 3))
    with pytest.raises(pretrained.WeightsError, match=said) as caught:
        pretrained.load_pretrained(network, "channel", ARCHITECTURE, str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_failed_download_is_an_error_that_names_the_address_and_the_ways_out(
    pretrained: ModuleType, network: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(pretrained.WeightsError, match=r"from https://.*no route to host.*pretrained channel, or --pre"):
        pretrained.load_pretrained(network, "hub", ARCHITECTURE, None)


def test_weights_of_the_hub_are_named(
    script: Callable[[str], ModuleType], pretrained: ModuleType, network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    weights = other_weights(script, 1000)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: weights)
    used = pretrained.load_pretrained(network, "hub", ARCHITECTURE, None)
    assert used == "SqueezeNet1_1_Weights.IMAGENET1K_V1 of torchvision, with a new last layer"
    assert torch.equal(network.state_dict()["features.0.weight"], weights["features.0.weight"])
