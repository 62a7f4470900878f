from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import sm_raw
from sm_raw.specs.virtual_machines import deep_learning_image, training_instance, training_user_data

IMAGE = deep_learning_image("oss-nvidia-driver-gpu-pytorch-2.10-amazon-linux-2023")


def script(**changes):
    settings = {
        "code_uri": "s3://bucket/code/sourcedir.tar.gz",
        "channels": {"train": "s3://bucket/data/train/", "my-data": "s3://bucket/it's/"},
        "output_uri": "s3://bucket/out/",
        "region": "us-east-1",
        "hyperparameters": {"epochs": 3, "note": "it's; $HOME"},
        "environment": {"TORCH_HOME": "/tmp/a b"},
        "max_runtime_seconds": 3590,
    }
    return training_user_data("train.py", **{**settings, **changes})


def test_the_script_bounds_itself_fetches_trains_uploads_and_shuts_down():
    assert script().splitlines() == [
        "#!/bin/bash",
        "set -euo pipefail",
        "# Whatever happens below, the instance goes down, and with it the bill.",
        "shutdown -h +60",
        "exec >/var/log/training.log 2>&1",
        "output=s3://bucket/out",
        "finish() {",
        "  status=$?",
        "  set +e",
        '  echo "ended with status $status after $SECONDS s"',
        '  aws s3 cp --only-show-errors /var/log/training.log "$output/training.log"',
        "  shutdown -h now",
        "}",
        "trap finish EXIT",
        "export HOME=/root",
        "export SM_MODEL_DIR=/opt/ml/model",
        "export SM_OUTPUT_DATA_DIR=/opt/ml/output/data",
        "export AWS_DEFAULT_REGION=us-east-1",
        "export TORCH_HOME='/tmp/a b'",
        'mkdir -p /opt/ml/code "$SM_MODEL_DIR" "$SM_OUTPUT_DATA_DIR"',
        "aws s3 cp --only-show-errors s3://bucket/code/sourcedir.tar.gz - | tar -xz -C /opt/ml/code",
        "aws s3 cp --only-show-errors --recursive s3://bucket/data/train/ /opt/ml/input/data/train",
        "aws s3 cp --only-show-errors --recursive 's3://bucket/it'\"'\"'s/' /opt/ml/input/data/my-data",
        "cd /opt/ml/code",
        "if [ -f requirements.txt ]; then /opt/pytorch/bin/python -m pip install -r requirements.txt; fi",
        "env SM_CHANNEL_TRAIN=/opt/ml/input/data/train SM_CHANNEL_MY-DATA=/opt/ml/input/data/my-data"
        ' timeout --kill-after=30 "$((3470 - SECONDS))"'
        " /opt/pytorch/bin/python train.py --epochs 3 --note 'it'\"'\"'s; $HOME'",
        'tar -C "$SM_MODEL_DIR" -czf /opt/ml/model.tar.gz .',
        'aws s3 cp --only-show-errors /opt/ml/model.tar.gz "$output/model.tar.gz"',
        'aws s3 cp --only-show-errors --recursive "$SM_OUTPUT_DATA_DIR" "$output/data"',
    ]


def run(text: str, folder: Path, *, failing: str = "") -> tuple[int, list[list[str]]]:
    """The script with every path below a folder and every command a stub that notes its words."""
    commands, notes = folder / "bin", folder / "notes"
    commands.mkdir()
    for name in ("shutdown", "aws", "tar", "train"):
        ending = "exit 7" if name == failing else "exit 0"
        # tar reads what the download pipes into it, as the real one does.
        stub = f'#!/bin/bash\n[ {name} = tar ] && cat >/dev/null\necho "{name} $*" >>{notes}\n{ending}\n'
        (commands / name).write_text(stub)
        (commands / name).chmod(0o755)
    for place in ("/opt/ml", "/var/log", "/root"):
        text = text.replace(place, f"{folder}{place}")
        (folder / place[1:]).mkdir(parents=True)
    done = subprocess.run(
        ["bash", "-c", text], env={"PATH": f"{commands}:/usr/bin:/bin"}, stdin=subprocess.DEVNULL, timeout=30
    )
    return done.returncode, [line.split() for line in notes.read_text().splitlines()]


def test_a_real_shell_runs_it_to_the_end(tmp_path: Path) -> None:
    status, words = run(script(python="train"), tmp_path)
    assert (status, words[0], words[-1]) == (0, ["shutdown", "-h", "+60"], ["shutdown", "-h", "now"])
    assert [each[-1] for each in words if each[0] == "aws"][-3:] == [
        "s3://bucket/out/model.tar.gz",
        "s3://bucket/out/data",
        "s3://bucket/out/training.log",
    ]


@pytest.mark.parametrize("failing", ["train", "aws", "tar"])
def test_it_shuts_down_and_uploads_its_log_whatever_fails(tmp_path: Path, failing: str) -> None:
    status, words = run(script(python="train"), tmp_path, failing=failing)
    assert (status != 0, words[-1]) == (True, ["shutdown", "-h", "now"])
    assert words[-2][-1] == "s3://bucket/out/training.log"
    assert "s3://bucket/out/model.tar.gz" not in [each[-1] for each in words]


def test_no_shell_variable_looks_like_a_placeholder_of_a_recipe():
    assert "${" not in script()


def test_an_instance_that_is_gone_once_it_shuts_down():
    request = training_instance(
        IMAGE,
        instance_type="g5.xlarge",
        instance_profile="training",
        user_data=script(),
        volume_gb=200,
        subnet_id="subnet-0a",
        security_group_ids=["sg-01"],
        client_token="dogs-1",
        tags={"project": "dogs"},
        extra={"InstanceMarketOptions": {"MarketType": "spot"}},
    )
    tags = [{"Key": "project", "Value": "dogs"}]
    assert request == {
        "ImageId": "resolve:ssm:/aws/service/deeplearning/ami/x86_64/"
        "oss-nvidia-driver-gpu-pytorch-2.10-amazon-linux-2023/latest/ami-id",
        "InstanceType": "g5.xlarge",
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": "training"},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required"},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 200, "VolumeType": "gp3", "DeleteOnTermination": True}}
        ],
        "SubnetId": "subnet-0a",
        "SecurityGroupIds": ["sg-01"],
        "UserData": script(),
        "ClientToken": "dogs-1",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}, {"ResourceType": "volume", "Tags": tags}],
        "InstanceMarketOptions": {"MarketType": "spot"},
    }
    assert sm_raw.check("RunInstances", request) == []
