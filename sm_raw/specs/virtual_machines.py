"""Training on an EC2 instance that fetches code and data from S3, trains, uploads the model and shuts itself down."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.fragments import tag_list

# Where AWS's Deep Learning AMIs with PyTorch have their Python (``python_location`` in the release notes), e.g.
# https://docs.aws.amazon.com/dlami/latest/devguide/aws-deep-learning-ami-gpupt210oss-al2023-2026-09-21.html
DEEP_LEARNING_PYTHON = "/opt/pytorch/bin/python"
AMAZON_LINUX_ROOT = "/dev/xvda"  # /dev/sda1 on Ubuntu
UPLOAD_SECONDS = 120

# Shell variables stand without braces: ${...} is a placeholder of a recipe.
PROLOGUE = """\
#!/bin/bash
set -euo pipefail
# Whatever happens below, the instance goes down, and with it the bill.
shutdown -h +{minutes}
exec >{log} 2>&1
output={output}
finish() {{
  status=$?
  set +e
  echo "ended with status $status after $SECONDS s"
  aws s3 cp --only-show-errors {log} "$output/training.log"
  shutdown -h now
}}
trap finish EXIT
"""
EPILOGUE = """\
tar -C "$SM_MODEL_DIR" -czf /opt/ml/model.tar.gz .
aws s3 cp --only-show-errors /opt/ml/model.tar.gz "$output/model.tar.gz"
aws s3 cp --only-show-errors --recursive "$SM_OUTPUT_DATA_DIR" "$output/data"
"""
LOG = "/var/log/training.log"


def deep_learning_image(ami_type: str, *, architecture: str = "x86_64") -> str:
    """The newest AWS Deep Learning AMI of a type, for ``image_id``: EC2 looks it up when the instance starts.

    ``ami_type`` is the AMI's name without the words deep, learning and ami, such as
    ``oss-nvidia-driver-gpu-pytorch-2.10-amazon-linux-2023``. Source:
    https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
    """
    return f"resolve:ssm:/aws/service/deeplearning/ami/{architecture}/{ami_type}/latest/ami-id"


def training_user_data(
    program: str,
    *,
    code_uri: str,
    channels: Mapping[str, str],
    output_uri: str,
    region: str,
    hyperparameters: Mapping[str, object] = EMPTY,
    environment: Mapping[str, str] = EMPTY,
    python: str = DEEP_LEARNING_PYTHON,
    max_runtime_seconds: int = 3600,
) -> str:
    """The shell script that an instance runs when it first starts, as root.

    The folders and SM_ variables are those of a training job, so the same ``program`` of sourcedir.tar.gz
    (``code_uri``) runs. ``channels``: names with S3 prefixes. ``output_uri`` gets model.tar.gz, data/ and, after
    failures too, training.log. From its start on the instance has ``max_runtime_seconds``, rounded up to minutes;
    training is ended two minutes earlier.
    """
    prologue = PROLOGUE.format(
        minutes=-(-max_runtime_seconds // 60), log=LOG, output=shlex.quote(output_uri.rstrip("/"))
    )
    return prologue + "\n".join(
        [
            *_exports({"AWS_DEFAULT_REGION": region, **environment}),
            *_downloads(code_uri, channels, python),
            f"{_limits(channels, max_runtime_seconds)} {_command(program, hyperparameters, python)}",
            EPILOGUE,
        ]
    )


def _exports(environment: Mapping[str, str]) -> list[str]:
    folders = {"HOME": "/root", "SM_MODEL_DIR": "/opt/ml/model", "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data"}
    return [f"export {name}={shlex.quote(value)}" for name, value in {**folders, **environment}.items()]


def _downloads(code_uri: str, channels: Mapping[str, str], python: str) -> list[str]:
    fetched = [(shlex.quote(uri), shlex.quote(_channel_folder(name))) for name, uri in channels.items()]
    return [
        'mkdir -p /opt/ml/code "$SM_MODEL_DIR" "$SM_OUTPUT_DATA_DIR"',
        f"aws s3 cp --only-show-errors {shlex.quote(code_uri)} - | tar -xz -C /opt/ml/code",
        *(f"aws s3 cp --only-show-errors --recursive {uri} {folder}" for uri, folder in fetched),
        "cd /opt/ml/code",
        f"if [ -f requirements.txt ]; then {shlex.quote(python)} -m pip install -r requirements.txt; fi",
    ]


def _limits(channels: Mapping[str, str], max_runtime_seconds: int) -> str:
    # By env, not export: the name of a channel may hold a hyphen, which the shell takes in no variable.
    variables = [f"SM_CHANNEL_{name.upper()}={_channel_folder(name)}" for name in channels]
    seconds = f'"$(({max_runtime_seconds - UPLOAD_SECONDS} - SECONDS))"'
    return f"{shlex.join(['env', *variables])} timeout --kill-after=30 {seconds}"


def _command(program: str, hyperparameters: Mapping[str, object], python: str) -> str:
    arguments = [part for name, value in hyperparameters.items() for part in (f"--{name}", str(value))]
    return shlex.join([python, program, *arguments])


def _channel_folder(name: str) -> str:
    return f"/opt/ml/input/data/{name}"


def training_instance(
    image_id: str,
    *,
    instance_type: str,
    instance_profile: str,
    user_data: str,
    volume_gb: int = 100,
    root_device: str = AMAZON_LINUX_ROOT,
    subnet_id: str | None = None,
    security_group_ids: Sequence[str] = (),
    client_token: str | None = None,
    tags: Mapping[str, str] = EMPTY,
    extra: Mapping[str, Any] = EMPTY,
) -> dict[str, Any]:
    """The RunInstances request for one instance that is gone, its volume too, once it shuts itself down.

    ``image_id`` is an AMI, or what ``deep_learning_image`` returns. ``user_data`` is plain text: boto3 and awscli
    encode it themselves, and encoding it before would run nothing. ``instance_profile`` is the name of the one that
    holds the role. The same ``client_token`` never starts two. ``extra`` patches the request (see ``assembly``).
    """
    tagged = [{"ResourceType": kind, "Tags": tag_list(tags)} for kind in ("instance", "volume")]
    request = {
        "ImageId": image_id,
        "InstanceType": instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": instance_profile},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required"},
        "BlockDeviceMappings": [
            {
                "DeviceName": root_device,
                "Ebs": {"VolumeSize": volume_gb, "VolumeType": "gp3", "DeleteOnTermination": True},
            }
        ],
        "SubnetId": optional(subnet_id),
        "SecurityGroupIds": optional(security_group_ids),
        "UserData": user_data,
        "ClientToken": optional(client_token),
        "TagSpecifications": optional(tagged if tags else None),
    }
    return assembled(request, extra)
