from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock, call

import pytest


@pytest.fixture(scope="module")
def debugger(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("debugger")


def test_without_a_configuration_nothing_is_hooked(
    debugger: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from torch import nn

    monkeypatch.setenv("SMDEBUG_CONFIG_FILE_PATH", str(tmp_path / "absent.json"))
    none = debugger.Debugger.from_environment()
    network = nn.Sequential(nn.ReLU(inplace=True))
    none.watch(network, nn.CrossEntropyLoss())
    none.enter("train")
    none.close()
    assert network[0].inplace
    assert capsys.readouterr().out == ""


def test_a_configuration_without_the_library_is_told(
    debugger: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "debughookconfig.json"
    config.write_text("{}")
    monkeypatch.setenv("SMDEBUG_CONFIG_FILE_PATH", str(config))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    debugger.Debugger.from_environment().enter("train")
    assert "smdebug is not installed: none are saved" in capsys.readouterr().out


def test_the_hook_sees_network_loss_and_the_mode_of_each_split(debugger: ModuleType) -> None:
    from torch import nn

    hook = Mock()
    network, loss = nn.Sequential(nn.ReLU(inplace=True)), nn.CrossEntropyLoss()
    watched = debugger.Debugger(hook, SimpleNamespace(TRAIN="TRAIN", EVAL="EVAL", PREDICT="PREDICT"))
    watched.watch(network, loss)
    for split in ("train", "valid", "test"):
        watched.enter(split)
    watched.close()
    assert hook.mock_calls == [
        call.register_module(network),
        call.register_loss(loss),
        call.set_mode("TRAIN"),
        call.set_mode("EVAL"),
        call.set_mode("PREDICT"),
        call.close(),
    ]
    assert not network[0].inplace
