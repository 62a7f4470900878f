"""The SageMaker training container contract: files, environment and arguments, as AWS's training toolkit gives them.

A container sees /opt/ml; here that is a folder of the job's own, and every path in the environment points into it.
Facts: "How Amazon SageMaker Provides Training Information" in the developer guide, and sagemaker-training 5.1.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "algo-1"
GROUP = "homogeneousCluster"
NETWORK_INTERFACE = "lo"
FRAMEWORK_MODULE = "sagemaker_pytorch_container.training:main"


@dataclass(frozen=True)
class Tree:
    """The folder of one host, in the shape of /opt/ml."""

    base: Path

    @property
    def code(self) -> Path:
        return self.base / "code"

    @property
    def config(self) -> Path:
        return self.base / "input" / "config"

    @property
    def data(self) -> Path:
        return self.base / "input" / "data"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def tensors(self) -> Path:
        return self.output / "tensors"

    @property
    def profiler(self) -> Path:
        return self.output / "profiler"

    def make(self) -> None:
        """Create the folders that a container finds at its start."""
        for folder in (
            self.code,
            self.config,
            self.data,
            self.model,
            self.output / "data",
            self.output / "intermediate",
            self.base / "home",
            self.base / "tmp",
        ):
            folder.mkdir(parents=True, exist_ok=True)


def decode(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters as the toolkit reads them: each value is JSON if it can be, else the text itself."""
    return {key: _decode(value) for key, value in hyperparameters.items()}


def user_hyperparameters(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the script gets. The names that begin with ``sagemaker_`` are the toolkit's own."""
    # A tuning job adds its objective's name; the toolkit keeps it from the script as well.
    return {
        key: value
        for key, value in hyperparameters.items()
        if not key.startswith("sagemaker_") and key != "_tuning_objective_metric"
    }


def write_config(tree: Tree, request: Mapping[str, Any]) -> None:
    """Write input/config: hyperparameters, resources, channels and, when asked for, the Debugger hook."""
    files: dict[str, Any] = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "resourceconfig.json": resource_config(request),
        "inputdataconfig.json": {
            channel["ChannelName"]: {
                "TrainingInputMode": channel.get("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"]),
                "S3DistributionType": channel["DataSource"]
                .get("S3DataSource", {})
                .get("S3DataDistributionType", "FullyReplicated"),
                "RecordWrapperType": channel.get("RecordWrapperType", "None"),
                **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            }
            for channel in request.get("InputDataConfig", [])
        },
    }
    if "DebugHookConfig" in request:
        files["debughookconfig.json"] = {**request["DebugHookConfig"], "LocalPath": str(tree.tensors)}
    for name, content in files.items():
        (tree.config / name).write_text(json.dumps(content))


def resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """resourceconfig.json for the one host that this engine runs."""
    instance_type = request["ResourceConfig"].get("InstanceType", "local")
    return {
        "current_host": HOST,
        "current_instance_type": instance_type,
        "current_group_name": GROUP,
        "hosts": [HOST],
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": instance_type, "hosts": [HOST]}],
        "network_interface_name": NETWORK_INTERFACE,
    }


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """The script's command line: sorted, one dash for one letter, values as the toolkit spells them."""
    words: list[str] = []
    for key, value in sorted(hyperparameters.items()):
        words += [f"-{key}" if len(key) == 1 else f"--{key}", _argument(value)]
    return words


def environment(tree: Tree, request: Mapping[str, Any], *, region: str, cpus: int) -> dict[str, str]:
    """The variables that a training script finds; the request's own ``Environment`` yields to the contract."""
    every = decode(request.get("HyperParameters", {}))
    user = user_hyperparameters(every)
    framework = {key: value for key, value in every.items() if key.startswith("sagemaker_")}
    resources = resource_config(request)
    program = str(framework.get("sagemaker_program", ""))
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    values: dict[str, Any] = {
        "channel_input_dirs": {name: str(tree.data / name) for name in channels},
        "current_host": HOST,
        "current_instance_group": GROUP,
        "current_instance_group_hosts": [HOST],
        "current_instance_type": resources["current_instance_type"],
        "distribution_hosts": [HOST],
        "distribution_instance_groups": [GROUP],
        "framework_module": FRAMEWORK_MODULE,
        "hosts": [HOST],
        "hyperparameters": user,
        "input_config_dir": str(tree.config),
        "input_data_config": json.loads((tree.config / "inputdataconfig.json").read_text()),
        "input_dir": str(tree.base / "input"),
        "instance_groups": [GROUP],
        "instance_groups_dict": {GROUP: resources["instance_groups"][0]},
        "is_hetero": False,
        "is_master": True,
        "job_name": request["TrainingJobName"],
        "log_level": int(framework.get("sagemaker_container_log_level", 20)),
        "master_hostname": HOST,
        "model_dir": str(tree.model),
        "module_dir": str(framework.get("sagemaker_submit_directory", "")),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": NETWORK_INTERFACE,
        "num_cpus": cpus,
        "num_gpus": _gpus(),
        "num_neurons": 0,
        "output_data_dir": str(tree.output / "data"),
        "output_dir": str(tree.output),
        "output_intermediate_dir": str(tree.output / "intermediate"),
        "resource_config": resources,
        "user_entry_point": program,
    }
    return {
        **request.get("Environment", {}),
        **{f"SM_{_variable(name)}": _text(value) for name, value in values.items() if name not in _TRAINING_ENV_ONLY},
        "SM_CHANNELS": _text(sorted(channels)),
        **{f"SM_CHANNEL_{name.upper()}": str(tree.data / name) for name in channels},
        "SM_FRAMEWORK_PARAMS": _text(framework),
        "SM_HPS": _text(user),
        **{f"SM_HP_{key.upper()}": _text(value) for key, value in user.items()},
        "SM_USER_ARGS": _text(arguments(user)),
        "SM_TRAINING_ENV": _text({**values, "additional_framework_parameters": framework}),
        "CURRENT_HOST": HOST,
        "SAGEMAKER_BASE_DIR": str(tree.base),
        "SAGEMAKER_JOB_NAME": request["TrainingJobName"],
        "SAGEMAKER_REGION": region,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": request.get("TrainingJobArn", ""),
        "PYTHONPATH": str(tree.code),
        "PYTHONUNBUFFERED": "1",
        # The hook looks below /opt/ml unless told otherwise; without the file a script runs without a hook.
        "SMDEBUG_CONFIG_FILE_PATH": str(tree.config / "debughookconfig.json"),
    }


# In SM_TRAINING_ENV only; the rest are SM_ variables of their own as well.
_TRAINING_ENV_ONLY = {
    "channel_input_dirs",
    "distribution_hosts",
    "hyperparameters",
    "is_master",
    "job_name",
    "master_hostname",
}


def _variable(name: str) -> str:
    return name.upper()


def _decode(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _argument(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in value.items())
    return str(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _gpus() -> int:
    return sum(1 for path in Path("/dev").iterdir() if re.fullmatch(r"nvidia\d+", path.name))
