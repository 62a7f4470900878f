"""E27x: how a framework image is told to start a script on several processes and instances."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.hyperparameters import decode_hyperparameter
from sm_raw.specs.instance_types import has_gpu, has_neuron
from sm_raw.specs.registry_paths import RegistryPath
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, names, records, text
from sm_raw.validation.rules.images import aws_image, instance_types
from sm_raw.validation.rules.script_mode import hyperparameters_field
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import did_you_mean, listed, shown

TOOLKIT_PAGE = "https://github.com/aws/sagemaker-training-toolkit"
SDK_PAGE = "https://github.com/aws/sagemaker-python-sdk/tree/v2.257.7 (sagemaker/fw_utils.py)"
DATA_PARALLEL_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-data-parallel-support.html"

TORCH = "sagemaker_torch_distributed_enabled"
DATA_PARALLEL = "sagemaker_distributed_dataparallel_enabled"
MPI = "sagemaker_mpi_enabled"
OLD_DATA_PARALLEL = "sagemaker_pytorch_ddp_enabled"
LAUNCHERS = (
    TORCH,
    DATA_PARALLEL,
    MPI,
    OLD_DATA_PARALLEL,
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
)
MPI_SETTINGS = ("sagemaker_mpi_num_of_processes_per_host", "sagemaker_mpi_custom_mpi_options")
INSTANCE_TYPE = "sagemaker_instance_type"
GROUPS = "sagemaker_distribution_instance_groups"

PYTORCH = {"pytorch-training", "huggingface-pytorch-training"}
TENSORFLOW = {"tensorflow-training", "huggingface-tensorflow-training"}
FIRST_TORCHRUN = (1, 13, 1)
DATA_PARALLEL_TYPES = ("ml.p3.16xlarge", "ml.p3dn.24xlarge", "ml.p4d.24xlarge", "ml.p4de.24xlarge")
# (first, first without) version with the library; there is no end for PyTorch that AWS tells for sure.
DATA_PARALLEL_PYTORCH = (1, 6)
DATA_PARALLEL_TENSORFLOW = ((2, 3), (2, 12))


def setting(training: Request, name: str) -> object:
    """A hyperparameter of the toolkit as it reads it: ``true`` is True; None without one that is known."""
    given = text(at(training, hyperparameters_field(training), name))
    try:
        return decode_hyperparameter(given) if given is not None else None
    except RecursionError:  # brackets, nested deeper than any setting's
        return None


def launchers(training: Request) -> list[str]:
    """The ways of starting the script that are switched on."""
    return [name for name in LAUNCHERS if setting(training, name) is True]


def version(image: RegistryPath) -> tuple[int, ...]:
    """(1, 13, 1) of tag 1.13.1-gpu-py39; empty where it names none."""
    return tuple(int(number[:9]) for number in image.version.split(".") if number)


class LauncherRule(TrainingRule):
    """A rule about the settings of AWS's training toolkit."""

    source = TOOLKIT_PAGE

    def told(self, training: Request, name: str, message: str) -> Finding:
        return self.finding(join_path(hyperparameters_field(training), name), message)


class TorchrunIsInTheImage(LauncherRule):
    """On GPUs, torch_distributed needs the image of PyTorch 1.13.1 or newer."""

    id = "W270"
    source = SDK_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        if setting(training, TORCH) is not True:
            return
        image = aws_image(at(training, "AlgorithmSpecification", "TrainingImage"))
        given = version(image) if image is not None and image.repository in PYTORCH else ()
        # 1.13 stands for 1.13.1.
        is_old = bool(given) and given < FIRST_TORCHRUN[: len(given)]
        if is_old and any(map(has_gpu, instance_types(training))):
            old = ".".join(map(str, given))
            message = f"the image of PyTorch {old} does not start torchrun on GPUs; give that of 1.13.1 or newer"
            yield self.told(training, TORCH, message)


class TorchrunHasGpus(LauncherRule):
    """AWS offers torch_distributed for instances with GPUs or Trainium."""

    id = "W271"
    source = SDK_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        types = instance_types(training)
        if setting(training, TORCH) is True and types and not any(has_gpu(each) or has_neuron(each) for each in types):
            message = f"there is no GPU on {listed(types, 'or')}, so each runs one process; give a type g, p or trn"
            yield self.told(training, TORCH, message)


class DataParallelHasItsInstances(LauncherRule):
    """smdistributed data parallel runs on ml.p3.16xlarge, p3dn.24xlarge, p4d.24xlarge and p4de.24xlarge."""

    id = "W272"
    source = DATA_PARALLEL_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        types = instance_types(training)
        if launchers(training) == [DATA_PARALLEL] and types and not set(types) & set(DATA_PARALLEL_TYPES):
            message = f"the library is not made for {listed(types, 'and')}; give {listed(DATA_PARALLEL_TYPES)}"
            yield self.told(training, DATA_PARALLEL, message)


class DataParallelIsInTheImage(LauncherRule):
    """smdistributed data parallel is in the images of PyTorch from 1.6 on, and of TensorFlow 2.3 to 2.11."""

    id = "E273"
    source = SDK_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = aws_image(at(training, "AlgorithmSpecification", "TrainingImage"))
        if setting(training, DATA_PARALLEL) is not True or image is None:
            return
        given, (first, end) = version(image)[:2], DATA_PARALLEL_TENSORFLOW
        if image.repository in PYTORCH and len(given) == 2 and given < DATA_PARALLEL_PYTORCH:
            yield self.told(
                training, DATA_PARALLEL, f"PyTorch {image.version} is without the library; give 1.6 or newer"
            )
        if image.repository in TENSORFLOW and len(given) == 2 and not first <= given < end:
            yield self.told(
                training, DATA_PARALLEL, f"TensorFlow {image.version} is without the library; give 2.3 to 2.11"
            )


class OneLauncher(LauncherRule):
    """One way of starting the script is switched on; torch_distributed alone goes with smdistributed."""

    id = "W274"

    def check_training(self, training: Request) -> Iterator[Finding]:
        given = launchers(training)
        if len(given) > 1 and set(given) != {TORCH, DATA_PARALLEL}:
            message = f"{given[0]} is switched on as well, and one of them starts the script; keep one"
            yield self.told(training, given[1], message)


class InstanceTypeIsTold(LauncherRule):
    """sagemaker_instance_type is one that the job has."""

    id = "W275"

    def check_training(self, training: Request) -> Iterator[Finding]:
        given, types = setting(training, INSTANCE_TYPE), instance_types(training)
        if isinstance(given, str) and types and given not in types and not given.startswith("local"):
            message = f"{shown(given)} is not what the job runs on; give {listed(dict.fromkeys(types))}"
            yield self.told(training, INSTANCE_TYPE, message)


class PytorchDdpHasANewName(LauncherRule):
    """pytorchddp is an older name: AWS's SDK now asks for smdistributed data parallel instead."""

    id = "W276"
    source = "https://github.com/aws/sagemaker-python-sdk/tree/v2.257.7 (sagemaker/pytorch/estimator.py)"

    def check_training(self, training: Request) -> Iterator[Finding]:
        if setting(training, OLD_DATA_PARALLEL) is True:
            message = f"AWS's SDK sends it no longer; give {TORCH} for torchrun, or {DATA_PARALLEL}"
            yield self.told(training, OLD_DATA_PARALLEL, message)


class GroupsAreTheJobs(LauncherRule):
    """sagemaker_distribution_instance_groups names groups of the job's instances."""

    id = "E277"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/train-heterogeneous-cluster-configure-distributed.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        given = setting(training, GROUPS)
        groups = [
            each.get("InstanceGroupName") for _, each in records(at(training, "ResourceConfig", "InstanceGroups"))
        ]
        known = [name for name in map(text, groups) if name is not None]
        if not isinstance(given, list) or len(known) < len(groups):
            return
        for name in given:
            if isinstance(name, str) and name not in known:
                hint = did_you_mean(name, known) or "describe it in ResourceConfig.InstanceGroups"
                yield self.told(training, GROUPS, f"the job has no instance group {name!r}; {hint}")


class MpiSettingsHaveMpi(LauncherRule):
    """Settings of MPI come with sagemaker_mpi_enabled."""

    id = "W278"

    def check_training(self, training: Request) -> Iterator[Finding]:
        given = names(training.get(hyperparameters_field(training)))
        if MPI not in given and not launchers(training):
            for name in MPI_SETTINGS:
                if name in given:
                    yield self.told(
                        training, name, f"MPI is not switched on; add {MPI} with value true, or remove this"
                    )
