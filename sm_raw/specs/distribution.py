"""How a framework image starts a script on several processes or instances: hyperparameters of its toolkit.

Each function returns values to merge into the script's own: ``script_mode(..., hyperparameters={"lr": 0.1, **mpi()})``.
The names are those that AWS's SDK sends (sagemaker 2.257.7). In a heterogeneous cluster, ``instance_groups`` names the
groups that take part.
"""

from __future__ import annotations

from collections.abc import Sequence


def torch_distributed(instance_type: str, *, instance_groups: Sequence[str] = ()) -> dict[str, object]:
    """Torchrun on every instance: DistributedDataParallel, one process per GPU."""
    return {
        "sagemaker_torch_distributed_enabled": True,
        "sagemaker_instance_type": instance_type,
        **_groups(instance_groups),
    }


def smdistributed_data_parallel(
    instance_type: str, *, custom_mpi_options: str = "", instance_groups: Sequence[str] = ()
) -> dict[str, object]:
    """AWS's own data parallel library; ``custom_mpi_options`` are sent even when empty, as AWS's SDK does."""
    return {
        "sagemaker_distributed_dataparallel_enabled": True,
        "sagemaker_distributed_dataparallel_custom_mpi_options": custom_mpi_options,
        "sagemaker_instance_type": instance_type,
        **_groups(instance_groups),
    }


def mpi(
    *, processes_per_host: int | None = None, custom_mpi_options: str = "", instance_groups: Sequence[str] = ()
) -> dict[str, object]:
    """Mpirun across the instances, for Horovod and others; the toolkit's default is one process per host."""
    processes = {} if processes_per_host is None else {"sagemaker_mpi_num_of_processes_per_host": processes_per_host}
    return {
        "sagemaker_mpi_enabled": True,
        **processes,
        "sagemaker_mpi_custom_mpi_options": custom_mpi_options,
        **_groups(instance_groups),
    }


def _groups(names: Sequence[str]) -> dict[str, object]:
    return {"sagemaker_distribution_instance_groups": list(names)} if names else {}
