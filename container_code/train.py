"""Train an image classifier: as a SageMaker training job, or alone on any machine.

    python train.py --train DIR --valid DIR --test DIR --model-dir DIR --architecture resnet18 --pretrained none

Each DIR holds one folder of pictures for each class. Any classification network of torchvision can be trained, from
pretrained weights (all of it, or its last layer alone) or from scratch. Flags win over the hyperparameters in SM_HPS,
and those over the defaults; folders default to SageMaker's SM_ variables.

The model is that of the epoch with the lowest validation loss, and the test figures are of that model. It is saved as
model.pt (state dict), model.json (architecture, classes, preprocessing) and code/inference.py, which serves it.

Several processes, on one machine or more, train it together when torchrun starts them, as SageMaker's torch_distributed
does. Each takes its share of every batch, so that the steps are those of one process; the first one prints and saves.

    torchrun --nproc_per_node 2 train.py --train DIR ...

Log lines, for metric definitions such as ``valid:loss=([0-9.eE+-]+);``

    epoch 3/8; train:loss=0.1234; train:accuracy=0.9567; valid:loss=0.2345; valid:accuracy=0.9321; seconds=4.2;
    test:loss=0.2100; test:accuracy=0.9611;
"""

from __future__ import annotations

import argparse
import difflib
import json
import math
import os
import platform
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Callable, Mapping, Sequence

import torch
import torchvision
from debugger import Debugger
from epochs import OPTIMIZERS, SCHEDULES, Training, TrainingError, line, named
from image_splits import AUGMENTATIONS, DataError, Split, load_splits
from inference import MEAN, STD, build_network, head_name
from pretrained import SOURCES, WeightsError, load_pretrained
from processes import Processes, ProcessFailed, joined
from torch import nn

NEEDED = {
    "train": "SM_CHANNEL_TRAIN",
    "valid": "SM_CHANNEL_VALID",
    "test": "SM_CHANNEL_TEST",
    "model_dir": "SM_MODEL_DIR",
}


def make_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The flags, with the folders and processors of SageMaker's environment as defaults."""
    given = environment.get
    parser = argparse.ArgumentParser(
        description="Train an image classifier on folders of pictures.",
        epilog="example: python train.py --train data/train --valid data/valid --test data/test --model-dir model",
        allow_abbrev=False,
    )
    folders = parser.add_argument_group("folders")
    folders.add_argument("--train", default=given("SM_CHANNEL_TRAIN"), help="one folder of pictures for each class")
    folders.add_argument("--valid", default=given("SM_CHANNEL_VALID"), help="the same, to choose the best epoch by")
    folders.add_argument("--test", default=given("SM_CHANNEL_TEST"), help="the same, for the figures at the end")
    folders.add_argument(
        "--pretrained-dir", default=given("SM_CHANNEL_PRETRAINED"), help="one .pt or .pth file with a state dict"
    )
    folders.add_argument("--model-dir", default=given("SM_MODEL_DIR"), help="where the model goes")
    folders.add_argument(
        "--output-data-dir", default=given("SM_OUTPUT_DATA_DIR"), help="where metrics.json goes, if given"
    )

    network = parser.add_argument_group("network")
    network.add_argument(
        "--architecture", type=architecture, default="resnet50", help="torchvision's name (%(default)s)"
    )
    network.add_argument(
        "--pretrained", choices=SOURCES, help="weights to start from (channel, if it is there, or hub)"
    )
    network.add_argument(
        "--fine-tune", choices=("head", "all"), help="what is trained (head, if there are pretrained weights, or all)"
    )

    training = parser.add_argument_group("training")
    training.add_argument("--image-size", type=whole(8), default=224, help="pixels a side (%(default)s)")
    training.add_argument(
        "--augment", choices=tuple(AUGMENTATIONS), default="none", help="how pictures are varied (%(default)s)"
    )
    training.add_argument(
        "--batch-size", type=whole(2), default=32, help="pictures in a step, of all processes together (%(default)s)"
    )
    training.add_argument(
        "--epochs", type=whole(1), default=5, help="rounds through the training pictures (%(default)s)"
    )
    training.add_argument("--optimizer", choices=tuple(OPTIMIZERS), default="adamw", help="(%(default)s)")
    training.add_argument("--lr", type=number(above=0), default=0.001, help="the highest learning rate (%(default)s)")
    training.add_argument(
        "--schedule", choices=SCHEDULES, default="one-cycle", help="of the learning rate (%(default)s)"
    )
    training.add_argument("--momentum", type=number(below=1), default=0.9, help="of sgd (%(default)s)")
    training.add_argument("--weight-decay", type=number(), default=0.0001, help="(%(default)s)")
    training.add_argument("--seed", type=whole(0), default=0, help="of weights, order and variation (%(default)s)")

    machine = parser.add_argument_group("machine")
    machine.add_argument(
        "--memory-mb", type=whole(0), default=4096, help="pictures are kept in memory up to here (%(default)s)"
    )
    machine.add_argument(
        "--workers", type=whole(0), default=given("SM_NUM_CPUS", str(os.cpu_count() or 1)), help="that decode the rest"
    )
    # The service adds this name to the hyperparameters of a tuning job's trainings.
    parser.add_argument("--_tuning_objective_metric", help=argparse.SUPPRESS)
    return parser


def parse_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """Flags over SM_HPS over defaults. What is wrong ends the process with status 2 and a line on stderr."""
    parser = make_parser(environment)
    hyperparameters = json.loads(environment.get("SM_HPS", "{}"))
    known = [text for name, value in hyperparameters.items() for text in (f"--{name}", str(value))]
    settings = parser.parse_args([*known, *arguments])
    for name, variable in NEEDED.items():
        if not getattr(settings, name):
            parser.error(f"--{name.replace('_', '-')} is missing: give a folder, or set {variable}")
    settings.pretrained = settings.pretrained or ("channel" if settings.pretrained_dir else "hub")
    settings.fine_tune = settings.fine_tune or ("all" if settings.pretrained == "none" else "head")
    if settings.pretrained == "channel" and not settings.pretrained_dir:
        parser.error("--pretrained channel: there is no such channel; give --pretrained-dir")
    if settings.pretrained == "none" and settings.fine_tune == "head":
        parser.error("--pretrained none needs --fine-tune all: with head, all but the last layer would stay random")
    processes = int(environment.get("WORLD_SIZE", 1))
    if settings.batch_size < 2 * processes:
        parser.error(
            f"--batch-size {settings.batch_size} is too small for {processes} processes, which take 2 pictures or more "
            f"each: give {2 * processes} or more"
        )
    return settings


def architecture(name: str) -> str:
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        near = difflib.get_close_matches(name, known) or ["resnet18", "resnet50"]
        raise argparse.ArgumentTypeError(f"torchvision has no classifier {name!r}; near it: {', '.join(near)}")
    return name


def whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} up")
        return int(text)

    return parse


def number(*, above: float = -math.inf, below: float = math.inf) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (value >= 0 and above < value < below):
            limits = f" above {above:g}" if above >= 0 else f" from 0 to below {below:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is no number{limits}")
        return value

    return parse


def save_model(folder: Path, state: dict[str, torch.Tensor], classes: list[str], settings: argparse.Namespace) -> None:
    """Everything that serving needs, laid out so that a model.tar.gz of the folder can be deployed as it is."""
    facts = {
        "architecture": settings.architecture,
        "classes": classes,
        "image_size": settings.image_size,
        "mean": MEAN,
        "std": STD,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
    }
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "model.pt")
    (folder / "model.json").write_text(json.dumps(facts, indent=2) + "\n")
    shutil.copyfile(Path(__file__).with_name("inference.py"), code / "inference.py")


def make_network(settings: argparse.Namespace, class_count: int, *, source: str) -> nn.Module:
    """The network with its weights from ``source``, on the GPU if there is one, with what is not trained frozen."""
    network = build_network(settings.architecture, class_count, settings.image_size)
    used = load_pretrained(network, source, settings.architecture, settings.pretrained_dir)
    print(f"weights: {used}; trained: {settings.fine_tune}")
    if settings.fine_tune == "head":
        network.requires_grad_(False)
        network.get_submodule(head_name(network)).requires_grad_(True)
    return network.to("cuda" if torch.cuda.is_available() else "cpu")


def load_data(settings: argparse.Namespace, processes: Processes) -> dict[str, Split]:
    folders = {name: getattr(settings, name) for name in ("train", "valid", "test")}
    with processes.together():
        splits = load_splits(folders, settings.image_size, processes.part_of(settings.memory_mb))
    with processes.together():
        counts = [len(split) for split in splits.values()]
        if counts != processes.of_first(counts):
            raise DataError("the pictures are not those of the first process; make each channel FullyReplicated")
    return splits


def train(settings: argparse.Namespace, stop: threading.Event, processes: Processes) -> None:
    # Weights and order are those of the first process; no two shall vary their pictures in the same way.
    torch.manual_seed(settings.seed + processes.rank)
    splits = load_data(settings, processes)
    classes = splits["train"].classes
    counts = ", ".join(f"{name} {len(split)}" for name, split in splits.items())
    print(f"data: {counts} pictures of {len(classes)} classes, {settings.image_size} pixels a side")
    with processes.together():
        # One process reads or downloads weights for all.
        network = make_network(settings, len(classes), source=settings.pretrained if processes.is_first else "none")
        debugger = Debugger.from_environment() if processes.is_first else Debugger()
    try:
        training = Training(network, splits, debugger, settings, stop, processes)
        result = training.run()
        with processes.together():
            if processes.is_first:
                save_model(Path(settings.model_dir), result.state, classes, settings)
        if training.stopped():
            print(f"stopped: the model of {f'epoch {result.epoch}' if result.epoch else 'no whole epoch'} is saved")
            return
        network.load_state_dict(result.state)
        test = training.evaluate("test")
    finally:
        debugger.close()
    print(f"the model is that of epoch {result.epoch}\n{line('test', test)}")
    if settings.output_data_dir and processes.is_first:
        report = {"best_epoch": result.epoch, "epochs": result.history, **named("test", test)}
        Path(settings.output_data_dir).mkdir(parents=True, exist_ok=True)
        Path(settings.output_data_dir, "metrics.json").write_text(json.dumps(report, indent=2) + "\n")


def run(arguments: Sequence[str], processes: Processes) -> int:
    stop = threading.Event()
    # The service stops a job with SIGTERM and gives it 120 seconds to save what it has.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = parse_settings(arguments, os.environ)
    if "OMP_NUM_THREADS" not in os.environ and "SM_NUM_CPUS" in os.environ:
        torch.set_num_threads(processes.part_of(int(os.environ["SM_NUM_CPUS"])))
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, threads: {torch.get_num_threads()}"
    print(f"device: {device}; torch {torch.__version__}, torchvision {torchvision.__version__}")
    if int(os.environ.get("SM_NUM_GPUS", 0)) and not torch.cuda.is_available():
        print("warning: the machine has a GPU, but this torch cannot use it: training runs on the CPU")
    if processes.size > 1:
        print(f"processes: {processes.size}, each with its share of the {settings.batch_size} pictures of a step")
    try:
        train(settings, stop, processes)
    except (DataError, WeightsError, TrainingError, ProcessFailed) as error:
        return failed(error)
    return 0


def failed(error: Exception) -> int:
    # What a worker process raises comes with its traceback, the sentence last.
    print(f"error: {str(error).splitlines()[-1]}", file=sys.stderr)
    return 1


def main(arguments: Sequence[str]) -> int:
    """The exit status; when it is not 0 the last line on stderr says why."""
    try:
        with joined(os.environ) as processes:
            return run(arguments, processes)
    except ProcessFailed as error:  # of joining: as long as they are apart, each process speaks for itself
        return failed(error)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
