from __future__ import annotations

import pytest

from sm_raw.specs.distribution import mpi, smdistributed_data_parallel, torch_distributed
from sm_raw.specs.hyperparameters import script_mode


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (
            torch_distributed("ml.p4d.24xlarge"),
            {"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.p4d.24xlarge"},
        ),
        (
            torch_distributed("ml.p4d.24xlarge", instance_groups=("gpu",)),
            {
                "sagemaker_torch_distributed_enabled": True,
                "sagemaker_instance_type": "ml.p4d.24xlarge",
                "sagemaker_distribution_instance_groups": ["gpu"],
            },
        ),
        (
            smdistributed_data_parallel("ml.p3.16xlarge", custom_mpi_options="-verbose"),
            {
                "sagemaker_distributed_dataparallel_enabled": True,
                "sagemaker_distributed_dataparallel_custom_mpi_options": "-verbose",
                "sagemaker_instance_type": "ml.p3.16xlarge",
            },
        ),
        (mpi(), {"sagemaker_mpi_enabled": True, "sagemaker_mpi_custom_mpi_options": ""}),
        (
            mpi(processes_per_host=8, custom_mpi_options="-x NCCL_DEBUG=INFO", instance_groups=["gpu"]),
            {
                "sagemaker_mpi_enabled": True,
                "sagemaker_mpi_num_of_processes_per_host": 8,
                "sagemaker_mpi_custom_mpi_options": "-x NCCL_DEBUG=INFO",
                "sagemaker_distribution_instance_groups": ["gpu"],
            },
        ),
    ],
)
def test_distribution_is_exactly(built, expected):
    assert built == expected


def test_distribution_merges_into_the_hyperparameters_of_a_script():
    merged = script_mode(
        "train.py",
        submit_directory="s3://bucket/code.tar.gz",
        hyperparameters={"lr": 0.1, **mpi(processes_per_host=2, instance_groups=["gpu"])},
        log_level=None,
    )
    assert merged == {
        "lr": "0.1",
        "sagemaker_mpi_enabled": "true",
        "sagemaker_mpi_num_of_processes_per_host": "2",
        "sagemaker_mpi_custom_mpi_options": "",
        "sagemaker_distribution_instance_groups": '["gpu"]',
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/code.tar.gz",
    }
