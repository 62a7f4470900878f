"""train.py as a process of its own, in the environment of a training job."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.local

SCRIPT = Path(__file__).resolve().parents[2] / "container_code" / "train.py"
CLASSES = ("dark", "light")
LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pictures of two classes that a network tells apart in no time."""
    folder = tmp_path_factory.mktemp("data")
    for split, each in {"train": 12, "valid": 4, "test": 4}.items():
        for name, level in zip(CLASSES, (60, 200), strict=True):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(each):
                Image.effect_noise((48, 32), 20).point(lambda value, level=level: value - 128 + level).save(
                    place / f"{number}.jpg"
                )
    return folder


def job_environment(data: Path, base: Path, **hyperparameters: object) -> dict[str, str]:
    """What the container contract gives, without the environment of the tests."""
    values = {
        "architecture": "resnet18",
        "pretrained": "none",
        "image-size": 32,
        "epochs": 1,
        "batch-size": 8,
        **{name.replace("_", "-"): value for name, value in hyperparameters.items()},
    }
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(base),
        "TORCH_HOME": str(base / "torch"),
        "OMP_NUM_THREADS": "1",
        "SM_HPS": json.dumps(values),
        "SM_MODEL_DIR": str(base / "model"),
        "SM_OUTPUT_DATA_DIR": str(base / "output"),
        "SM_NUM_GPUS": "0",
        "SM_NUM_CPUS": "1",
        **{f"SM_CHANNEL_{split.upper()}": str(data / split) for split in ("train", "valid", "test")},
    }


def start(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_with_torchrun(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Two processes, as SageMaker's torch_distributed starts them on an instance."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    return subprocess.Popen(
        [*launcher, str(SCRIPT)],
        env={**environment, **LOOPBACK},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hook_config(base: Path) -> Path:
    config = base / "debughookconfig.json"
    config.write_text(
        json.dumps(
            {
                "S3OutputPath": "s3://bucket/tensors",
                "LocalPath": str(base / "tensors"),
                "HookParameters": {"save_interval": "1"},
                "CollectionConfigurations": [
                    {"CollectionName": "losses"},
                    {"CollectionName": "relu_input", "CollectionParameters": {"include_regex": ".*relu_input"}},
                ],
            }
        )
    )
    return config


def test_a_job_prints_metrics_saves_a_model_that_serves_and_tensors_for_the_rules(data: Path, tmp_path: Path) -> None:
    environment = job_environment(data, tmp_path, lr=0.01)
    environment["SMDEBUG_CONFIG_FILE_PATH"] = str(hook_config(tmp_path))
    out, err = start(environment).communicate(timeout=240)

    number = r"\d+\.\d{4}"
    epoch_line = (
        f"epoch 1/1; train:loss={number}; train:accuracy={number}; valid:loss={number}; valid:accuracy={number}; "
    )
    assert re.search(rf"^{epoch_line}seconds=\d+\.\d;$", out, re.MULTILINE), err
    assert re.search(rf"^test:loss={number}; test:accuracy={number};$", out, re.MULTILINE)

    model = tmp_path / "model"
    files = sorted(str(path.relative_to(model)) for path in model.rglob("*") if path.is_file())
    assert files == ["code/inference.py", "model.json", "model.pt"]
    check_serving(model, data / "test" / "light" / "0.jpg")
    if importlib.util.find_spec("smdebug"):
        check_tensors(tmp_path / "tensors")


def check_serving(model: Path, picture: Path) -> None:
    """inference.py answers alone, in a process that sees neither train.py nor smdebug."""
    program = (
        "import sys, inference as i\n"
        "body = open(sys.argv[2], 'rb').read()\n"
        "model = i.model_fn(sys.argv[1])\n"
        "print(i.output_fn(i.predict_fn(i.input_fn(body, 'image/jpeg'), model), None)[0])\n"
        "assert not {'smdebug', 'train', 'epochs'} & set(sys.modules)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(model), str(picture)],
        cwd=model / "code",
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    [prediction] = json.loads(answer)["predictions"]
    assert sorted(prediction["labels"]) == ["dark", "light"]
    assert prediction["scores"] == sorted(prediction["scores"], reverse=True)


def check_tensors(folder: Path) -> None:
    assert (folder / "training_job_end.ts").exists()
    [index, *_] = (folder / "collections").rglob("*.json")
    collections = json.loads(index.read_text())["collections"]
    assert {"losses", "relu_input"} <= set(collections)
    written = "".join(path.read_text() for path in (folder / "index").rglob("*.json"))
    assert {"TRAIN", "EVAL", "PREDICT"} == set(re.findall(r'"mode": "(\w+)"', written))
    assert "layer1.0.relu_input_0" in written
    assert "CrossEntropyLoss_output_0" in written


def test_two_processes_train_the_model_that_one_trains(two_shades: Path, tmp_path: Path) -> None:
    import torch
    import torchvision

    weights = tmp_path / "weights" / "resnet18.pt"
    weights.parent.mkdir()
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18().state_dict(), weights)
    reports, states = [], []
    for name, launch in {"one": start, "two": start_with_torchrun}.items():
        # The body stays as it is, batch normalisation too, so that nothing but rounding can differ.
        environment = job_environment(two_shades, tmp_path / name, pretrained="channel", fine_tune="head", lr=0.01)
        out, err = launch({**environment, "SM_CHANNEL_PRETRAINED": str(weights.parent)}).communicate(timeout=240)
        assert "data: train 48, valid 8, test 8 pictures of 2 classes, 32 pixels a side" in out, err
        assert [len(re.findall(f"{metric}:loss=", out)) for metric in ("train", "valid", "test")] == [1, 1, 1], out
        assert ("processes: 2, each with its share of the 8 pictures of a step" in out) == (name == "two")
        report = json.loads((tmp_path / name / "output" / "metrics.json").read_text())
        [epoch] = report.pop("epochs")
        reports.append({**report, **{key: value for key, value in epoch.items() if key != "seconds"}})
        states.append(torch.load(tmp_path / name / "model" / "model.pt", weights_only=True))
    assert reports[0]["test:accuracy"] == 1
    assert reports[1] == pytest.approx(reports[0], rel=1e-3)
    assert list(states[0]) == list(states[1])
    assert all(torch.allclose(value, states[1][name], atol=1e-4) for name, value in states[0].items())


def test_a_mistake_of_all_processes_is_told_once(data: Path, tmp_path: Path) -> None:
    environment = job_environment(data, tmp_path)
    process = start_with_torchrun({**environment, "SM_CHANNEL_TEST": str(tmp_path / "absent")})
    _, err = process.communicate(timeout=240)
    assert process.returncode != 0
    assert re.findall("^error: .*$", err, re.MULTILINE) == [
        f"error: the test split: {tmp_path / 'absent'} is no folder"
    ]


def test_a_signal_to_one_process_stops_both_at_the_same_step(data: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    environment = {**job_environment(data, tmp_path, epochs=1000), **LOOPBACK, **address}
    first, second = (start({**environment, "RANK": str(rank)}) for rank in range(2))
    assert first.stdout is not None
    said = ""
    while "epoch 1/" not in said:
        said = first.stdout.readline()
        assert said, first.communicate()
    second.send_signal(signal.SIGTERM)
    out, err = first.communicate(timeout=120)
    assert (first.returncode, err) == (0, "")
    assert re.search(r"^stopped: the model of epoch \d+ is saved$", out, re.MULTILINE)
    assert (*second.communicate(timeout=120), second.returncode) == ("", "", 0)
    assert (tmp_path / "model" / "model.pt").exists()


def test_a_failed_download_ends_with_its_reason_in_the_last_line(data: Path, tmp_path: Path) -> None:
    environment = job_environment(data, tmp_path, pretrained="hub")
    nowhere = "http://127.0.0.1:9"
    process = start({**environment, "https_proxy": nowhere, "http_proxy": nowhere})
    _, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert re.match(
        r"error: ResNet18_Weights\S* could not be had from https://.*, or --pretrained none$", err.splitlines()[-1]
    )
    assert not (tmp_path / "model").exists()


def test_sigterm_saves_the_model_so_far_and_ends_cleanly(data: Path, tmp_path: Path) -> None:
    process = start(job_environment(data, tmp_path, epochs=1000))
    assert process.stdout is not None
    said = ""
    while "epoch 1/" not in said:
        said = process.stdout.readline()
        assert said, process.communicate()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"^stopped: the model of epoch \d+ is saved$", out, re.MULTILINE)
    assert "test:loss" not in out
    assert (tmp_path / "model" / "model.pt").exists()
