"""SageMaker Debugger's hook, if the training job asks for one and its library, smdebug, is installed."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from torch import nn

# The service writes this file when the request has a DebugHookConfig; the variable is smdebug's own.
DEFAULT_CONFIG = "/opt/ml/input/config/debughookconfig.json"


class Debugger:
    """Saves the tensors that ``hook`` is configured for; does nothing without a hook."""

    def __init__(self, hook: Any = None, modes: Any = None) -> None:
        self._hook, self._modes = hook, modes

    @classmethod
    def from_environment(cls) -> Debugger:
        config = Path(os.environ.get("SMDEBUG_CONFIG_FILE_PATH", DEFAULT_CONFIG))
        if not config.is_file():
            return cls()
        if importlib.util.find_spec("smdebug") is None:
            print(f"debugger: {config} asks for tensors, but smdebug is not installed: none are saved")
            return cls()
        os.environ.setdefault("SMDEBUG_LOG_LEVEL", "warning")  # it names every parameter otherwise
        import smdebug.pytorch as smd

        hook = smd.Hook.create_from_json_file()
        hook.save_all_workers = False  # rules would wait for the tensors of other processes, which have no hook
        print(f"debugger: saves tensors to {hook.out_dir} as {config} has it")
        return cls(hook, smd.modes)

    def watch(self, network: nn.Module, loss: nn.Module) -> None:
        if self._hook is None:
            return
        # The hook reads a layer's input after the layer ran: a ReLU that works in place would show its output instead.
        for module in network.modules():
            if getattr(module, "inplace", False):
                module.inplace = False
        self._hook.register_module(network)
        self._hook.register_loss(loss)

    def enter(self, split: str) -> None:
        """Say which pictures come next. The test's steps are PREDICT, so that rules compare train and valid alone."""
        if self._hook is not None:
            modes = {"train": self._modes.TRAIN, "valid": self._modes.EVAL, "test": self._modes.PREDICT}
            self._hook.set_mode(modes[split])

    def close(self) -> None:
        if self._hook is not None:
            self._hook.close()
