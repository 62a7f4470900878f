"""The SageMaker training container contract: files, environment and arguments, as AWS's training toolkit gives them.

A container sees /opt/ml; here that is a folder of the job's own, and every path in the environment points into it.
Facts: "How Amazon SageMaker Provides Training Information" in the developer guide, and what sagemaker-training 5.1.4
gives a script (the tests hold both). Three values differ on purpose: the network interface is the loopback, the number
of processors is the job's share, and the framework module is that of AWS's PyTorch image.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

HOST = "algo-1"
GROUP = "homogeneousCluster"
NETWORK_INTERFACE = "lo"
FRAMEWORK_MODULE = "sagemaker_pytorch_container.training:main"
# Hyperparameters that the toolkit reads itself and shows to nobody (sagemaker_training.params). A tuning job adds the
# name of its objective; the rest are script mode's.
TOOLKIT_HYPERPARAMETERS = {
    "_tuning_objective_metric",
    "default_user_module_name",
    "sagemaker_container_log_level",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_job_name",
    "sagemaker_program",
    "sagemaker_region",
    "sagemaker_s3_output",
    "sagemaker_submit_directory",
}
# In SM_TRAINING_ENV only; the rest are SM_ variables of their own as well.
TRAINING_ENV_ONLY = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "distribution_hosts",
    "hyperparameters",
    "is_master",
    "is_modelparallel_enabled",
    "is_smddpmprun_installed",
    "is_smddprun_installed",
    "job_name",
    "master_hostname",
    "topology",
}


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

    def inside(self, path: str) -> Path | None:
        """What a container knows by a path below /opt/ml; None for any other path."""
        root, folder, name, *rest = [*PurePosixPath(path).parts, "", "", ""]
        if (root, folder, name) != ("/", "opt", "ml") or ".." in rest:
            return None
        return self.base.joinpath(*rest)

    def make(self) -> None:
        """Create the folders that a container finds at its start, empty."""
        shutil.rmtree(self.base, ignore_errors=True)
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
    """Those that the script gets: neither the toolkit's own nor a framework's settings."""
    own = TOOLKIT_HYPERPARAMETERS
    return {key: value for key, value in hyperparameters.items() if key not in own and not key.startswith("sagemaker_")}


def framework_hyperparameters(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for the framework's container: ``sagemaker_`` names that the toolkit itself does not know."""
    own = TOOLKIT_HYPERPARAMETERS
    return {key: value for key, value in hyperparameters.items() if key.startswith("sagemaker_") and key not in own}


def write_config(tree: Tree, request: Mapping[str, Any]) -> None:
    """Write input/config: hyperparameters, resources, channels and, when asked for, the Debugger hook."""
    files: dict[str, Any] = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "resourceconfig.json": resource_config(request),
        "inputdataconfig.json": input_data_config(request),
    }
    if "DebugHookConfig" in request:
        files["debughookconfig.json"] = {**request["DebugHookConfig"], "LocalPath": str(tree.tensors)}
    for name, content in files.items():
        (tree.config / name).write_text(json.dumps(content))


def input_data_config(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """inputdataconfig.json: how each channel's data comes."""
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in request.get("InputDataConfig", [])
    }


def resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """resourceconfig.json for the one host that this engine runs."""
    instance_type = request["ResourceConfig"]["InstanceType"]
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


def command(program: str, words: Sequence[str]) -> list[str]:
    """How the toolkit starts an entry point in the code's folder: with Python, or else as a shell command."""
    if program.endswith(".py"):
        return [sys.executable, program, *words]
    return ["/bin/sh", "-c", shlex.join([f"./{program}", *words])]


def training_environment(tree: Tree, request: Mapping[str, Any], *, cpus: int) -> dict[str, Any]:
    """What the toolkit knows about the job: the content of SM_TRAINING_ENV."""
    every = decode(request.get("HyperParameters", {}))
    resources = resource_config(request)
    channels = input_data_config(request)
    program = str(every.get("sagemaker_program", ""))
    return {
        "additional_framework_parameters": framework_hyperparameters(every),
        "channel_input_dirs": {name: str(tree.data / name) for name in channels},
        "current_host": HOST,
        "current_instance_group": GROUP,
        "current_instance_group_hosts": [HOST],
        "current_instance_type": resources["current_instance_type"],
        # Both are for jobs that ask for one of the toolkit's distributions.
        "distribution_hosts": [],
        "distribution_instance_groups": [],
        "framework_module": FRAMEWORK_MODULE,
        "hosts": [HOST],
        "hyperparameters": user_hyperparameters(every),
        "input_config_dir": str(tree.config),
        "input_data_config": channels,
        "input_dir": str(tree.base / "input"),
        "instance_groups": [GROUP],
        "instance_groups_dict": {GROUP: resources["instance_groups"][0]},
        "is_hetero": False,
        "is_master": True,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": request["TrainingJobName"],
        "log_level": every.get("sagemaker_container_log_level", 20),
        "master_hostname": HOST,
        "model_dir": str(tree.model),
        "module_dir": str(every.get("sagemaker_submit_directory", tree.code)),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": NETWORK_INTERFACE,
        "num_cpus": cpus,
        "num_gpus": _gpus(),
        "num_neurons": 0,
        "output_data_dir": str(tree.output / "data"),
        "output_dir": str(tree.output),
        "output_intermediate_dir": str(tree.output / "intermediate"),
        "resource_config": resources,
        "topology": [],
        "user_entry_point": program,
    }


def environment(tree: Tree, request: Mapping[str, Any], *, region: str, cpus: int) -> dict[str, str]:
    """The variables that a training script finds; the request's own ``Environment`` yields to the contract."""
    values = training_environment(tree, request, cpus=cpus)
    every = decode(request.get("HyperParameters", {}))
    user = values["hyperparameters"]
    return {
        **request.get("Environment", {}),
        **{f"SM_{name.upper()}": _text(value) for name, value in values.items() if name not in TRAINING_ENV_ONLY},
        "SM_CHANNELS": _text(sorted(values["channel_input_dirs"])),
        **{f"SM_CHANNEL_{name.upper()}": path for name, path in values["channel_input_dirs"].items()},
        "SM_FRAMEWORK_PARAMS": _text(values["additional_framework_parameters"]),
        "SM_HPS": _text(user),
        **{f"SM_HP_{key.upper()}": _text(value) for key, value in user.items()},
        "SM_USER_ARGS": _text(arguments(user)),
        "SM_TRAINING_ENV": _text(values),
        "CURRENT_HOST": HOST,
        "SAGEMAKER_BASE_DIR": str(tree.base),
        "SAGEMAKER_JOB_NAME": str(every.get("sagemaker_job_name", "")),
        "SAGEMAKER_REGION": str(every.get("sagemaker_region", region)),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": request["TrainingJobArn"],
        "PYTHONPATH": str(tree.code),
        # The hook looks below /opt/ml unless told otherwise; without the file a script runs without a hook.
        "SMDEBUG_CONFIG_FILE_PATH": str(tree.config / "debughookconfig.json"),
    }


def _decode(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _argument(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _gpus() -> int:
    return sum(1 for path in Path("/dev").iterdir() if re.fullmatch(r"nvidia\d+", path.name))
