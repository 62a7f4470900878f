from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDERS = ["--train", "a", "--valid", "b", "--test", "c", "--model-dir", "d"]


@pytest.fixture(scope="module")
def train(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("train")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No environment of a training job, and the signal handlers put back."""
    names = ("SM_HPS", "SM_NUM_GPUS", "SM_CHANNEL_PRETRAINED", "SM_OUTPUT_DATA_DIR", "SMDEBUG_CONFIG_FILE_PATH")
    for name in (*names, "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def flags(data: Path, model: Path, **changes: object) -> list[str]:
    values: dict[str, object] = {
        "train": data / "train",
        "valid": data / "valid",
        "test": data / "test",
        "model-dir": model,
        "architecture": "squeezenet1_1",
        "pretrained": "none",
        "image-size": 32,
        "epochs": 1,
        "batch-size": 4,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return [text for name, value in values.items() for text in (f"--{name}", str(value))]


@pytest.mark.parametrize(
    ("arguments", "environment", "name", "value"),
    [
        ([], {}, "lr", 0.001),
        ([], {"SM_HPS": '{"lr": 0.02, "batch-size": "64"}'}, "lr", 0.02),
        ([], {"SM_HPS": '{"lr": 0.02, "batch-size": "64"}'}, "batch_size", 64),
        (["--lr", "0.5"], {"SM_HPS": '{"lr": 0.02}'}, "lr", 0.5),
        ([], {"SM_CHANNEL_TRAIN": "/t"}, "train", "a"),
        ([], {"SM_OUTPUT_DATA_DIR": "/o"}, "output_data_dir", "/o"),
        ([], {"SM_NUM_CPUS": "3"}, "workers", 3),
        ([], {}, "architecture", "resnet50"),
        ([], {}, "pretrained", "hub"),
        ([], {}, "fine_tune", "head"),
        ([], {"SM_CHANNEL_PRETRAINED": "/p"}, "pretrained", "channel"),
        (["--pretrained", "none"], {"SM_CHANNEL_PRETRAINED": "/p"}, "fine_tune", "all"),
        (["--_tuning_objective_metric", "valid:loss"], {}, "epochs", 5),
    ],
)
def test_flags_win_over_hyperparameters_and_those_over_defaults(
    train: ModuleType, arguments: list[str], environment: dict[str, str], name: str, value: Any
) -> None:
    assert getattr(train.parse_settings([*FOLDERS, *arguments], environment), name) == value


def test_folders_come_from_the_channels(train: ModuleType) -> None:
    environment = {
        f"SM_{name}": name.lower() for name in ("CHANNEL_TRAIN", "CHANNEL_VALID", "CHANNEL_TEST", "MODEL_DIR")
    }
    settings = train.parse_settings([], environment)
    found = (settings.train, settings.valid, settings.test, settings.model_dir)
    assert found == ("channel_train", "channel_valid", "channel_test", "model_dir")


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (FOLDERS[2:], {}, "--train is missing: give a folder, or set SM_CHANNEL_TRAIN"),
        (FOLDERS[:-2], {}, "--model-dir is missing: give a folder, or set SM_MODEL_DIR"),
        ([*FOLDERS, "--architecture", "resnet81"], {}, "no classifier 'resnet81'; near it: resnet18"),
        ([*FOLDERS, "--architecture", "fcn_resnet50"], {}, "no classifier 'fcn_resnet50'"),
        ([*FOLDERS, "--lr", "0"], {}, "argument --lr: '0' is no number above 0"),
        ([*FOLDERS, "--lr", "nan"], {}, "argument --lr: 'nan' is no number above 0"),
        ([*FOLDERS, "--lr", "fast"], {}, "argument --lr: 'fast' is no number above 0"),
        ([*FOLDERS, "--momentum", "1"], {}, "argument --momentum: '1' is no number from 0 to below 1"),
        ([*FOLDERS, "--batch-size", "1"], {}, "argument --batch-size: '1' is no whole number from 2 up"),
        ([*FOLDERS, "--epochs", "2.5"], {}, "argument --epochs: '2.5' is no whole number from 1 up"),
        (FOLDERS, {"SM_HPS": '{"learning-rate": 1}'}, "unrecognized arguments: --learning-rate 1"),
        ([*FOLDERS, "--augment", "turn"], {}, "invalid choice: 'turn'"),
        ([*FOLDERS, "--pretrained", "channel"], {}, "there is no such channel; give --pretrained-dir"),
        ([*FOLDERS, "--pretrained", "none", "--fine-tune", "head"], {}, "--pretrained none needs --fine-tune all"),
        (
            [*FOLDERS, "--batch-size", "7"],
            {"WORLD_SIZE": "4"},
            "--batch-size 7 is too small for 4 processes, which take 2 pictures or more each: give 8 or more",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_the_last_line(
    train: ModuleType,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    environment: dict[str, str],
    said: str,
) -> None:
    with pytest.raises(SystemExit) as caught:
        train.parse_settings(arguments, environment)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("bare")
def test_a_training_prints_metrics_and_saves_what_inference_loads(
    train: ModuleType,
    script: Callable[[str], ModuleType],
    image_folder: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    assert train.main(flags(image_folder(), model, output_data_dir=out, epochs=2)) == 0

    text = capsys.readouterr().out
    number = r"([0-9.eE+-]+);"
    for name, count in {"train": 2, "valid": 2, "test": 1}.items():
        for metric in ("loss", "accuracy"):
            assert len(re.findall(f"{name}:{metric}={number}", text)) == count
    assert "weights: none, a random start; trained: all" in text
    assert "data: train 4, valid 4, test 4 pictures of 2 classes, 32 pixels a side" in text
    report = json.loads((out / "metrics.json").read_text())
    assert [entry["epoch"] for entry in report["epochs"]] == [1, 2]

    files = sorted(str(path.relative_to(model)) for path in model.rglob("*") if path.is_file())
    assert files == ["code/inference.py", "model.json", "model.pt"]
    classifier = script("inference").model_fn(str(model))
    assert (classifier.classes, classifier.image_size) == (["dark", "light"], 32)


@pytest.mark.usefixtures("bare")
def test_pictures_that_do_not_fit_in_memory_make_the_same_model(
    train: ModuleType, image_folder: Callable[..., Path], tmp_path: Path
) -> None:
    import torch

    data = image_folder()
    for name, memory_mb in {"kept": 64, "decoded": 0}.items():
        assert train.main(flags(data, tmp_path / name, memory_mb=memory_mb, workers=0)) == 0
    kept, decoded = (torch.load(tmp_path / name / "model.pt", weights_only=True) for name in ("kept", "decoded"))
    assert all(torch.equal(value, decoded[name]) for name, value in kept.items())


def damaged_picture(data: Path, tmp_path: Path) -> dict[str, object]:
    (data / "valid" / "dark" / "1.png").write_bytes(b"no picture")
    return {}


def class_missing(data: Path, tmp_path: Path) -> dict[str, object]:
    (data / "test" / "dark").rename(tmp_path / "dark")
    return {}


def no_weights(data: Path, tmp_path: Path) -> dict[str, object]:
    (tmp_path / "weights").mkdir()
    return {"pretrained": "channel", "pretrained-dir": tmp_path / "weights"}


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damaged_picture, "error: the valid split: .*/valid/dark/1.png cannot be read as a picture: "),
        (class_missing, "error: the classes of train and test differ: dark is in one of them only$"),
        (no_weights, "error: the pretrained channel .*/weights must hold one .pt or .pth file; it holds none$"),
    ],
)
def test_a_failure_is_one_sentence_and_saves_no_model(
    train: ModuleType,
    image_folder: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path, Path], dict[str, object]],
    said: str,
) -> None:
    data = image_folder()
    changes = damage(data, tmp_path)
    assert train.main(flags(data, tmp_path / "model", **changes)) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert re.match(said, line)
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("bare")
def test_of_a_failure_in_a_worker_process_only_the_sentence_is_told(
    train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise train.DataError("Caught DataError in DataLoader worker process 0.\nTraceback:\nDataError: no picture")

    monkeypatch.setattr(train, "train", fail)
    assert train.main(FOLDERS) == 1
    assert capsys.readouterr().err == "error: DataError: no picture\n"


@pytest.mark.usefixtures("bare")
def test_a_gpu_that_torch_cannot_use_is_told(
    train: ModuleType,
    image_folder: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SM_NUM_GPUS", "1")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert train.main(flags(image_folder(), tmp_path / "model")) == 0
    assert "this torch cannot use it: training runs on the CPU" in capsys.readouterr().out
