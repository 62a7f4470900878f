from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CODE = Path(__file__).resolve().parents[3] / "container_code"


@pytest.fixture(scope="module")
def processes(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("processes")


def test_a_process_alone_has_what_it_asks_the_others_for(processes: ModuleType) -> None:
    import torch
    from torch import nn

    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([1.0, 2.0])
    with processes.joined({"WORLD_SIZE": "1"}) as alone:
        assert (alone.is_first, alone.size, alone.part_of(5)) == (True, 1, 5)
        assert (alone.sums([1.5, 2]), alone.any(True), alone.any(False)) == ([1.5, 2], True, False)
        assert alone.of_first([3, 1]) == [3, 1]
        alone.average_gradients([parameter], 7)
        assert parameter.grad.tolist() == [1, 2]
        with pytest.raises(KeyError), alone.together():
            raise KeyError


def test_processes_of_one_machine_divide_what_it_has(processes: ModuleType) -> None:
    one = processes.Processes(1, 8, on_machine=4)
    assert [one.part_of(count) for count in (0, 1, 4, 5, 48)] == [0, 1, 1, 2, 12]


def test_a_process_that_is_not_told_where_the_others_are_says_so(
    processes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with (
        pytest.raises(processes.ProcessFailed, match=r"^the process of rank 1 cannot join the 2: .*MASTER_ADDR"),
        processes.joined(os.environ),
    ):
        pass


def test_more_processes_than_gpus_are_refused(processes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with (
        pytest.raises(processes.ProcessFailed, match="2 processes cannot share GPUs: this machine has 1"),
        processes.joined({"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}),
    ):
        pass


EXCHANGES = """
import json, os, sys
from pathlib import Path
import torch
from torch import nn
from processes import ProcessFailed, joined

told = {}
with joined(os.environ) as ours:
    print("from the first one alone")
    rank = ours.rank
    told["sums"] = ours.sums([1, rank, 0.5])
    told["any"] = [ours.any(rank == 1), ours.any(False)]
    told["of_first"] = ours.of_first([rank + 10, rank + 20])

    # Three pictures here, two there: the gradients shall be those of the mean over five.
    torch.manual_seed(0)
    images, labels = torch.randn(5, 4), torch.tensor([0, 1, 1, 0, 1])
    frozen, head = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 2)
    network = nn.Sequential(frozen, head)
    nn.functional.cross_entropy(network(images), labels).backward()
    wanted = [parameter.grad.clone() for parameter in head.parameters()]
    network.zero_grad()
    nn.functional.cross_entropy(network(images[rank::2]), labels[rank::2]).backward()
    ours.average_gradients(network.parameters(), len(labels[rank::2]))
    told["gradients"] = all(torch.allclose(p.grad, w, atol=1e-6) for p, w in zip(head.parameters(), wanted))

    torch.manual_seed(rank)
    other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ours.copy_from_first(other.state_dict().values())
    torch.manual_seed(0)
    told["weights"] = torch.equal(other[0].weight, nn.Linear(2, 2).weight)

    with ours.together():
        told["together"] = "nothing failed"
    try:
        with ours.together():
            if rank == 1:
                raise KeyError("gone")
    except (KeyError, ProcessFailed) as error:
        told["failed"] = f"{type(error).__name__}: {error}"
    Path(sys.argv[1], f"{rank}.json").write_text(json.dumps(told))
    if rank == 1:
        os._exit(0)
    try:
        ours.any(False)
    except ProcessFailed as error:
        print(error)
"""


def run_two(program: str, *arguments: str) -> list[subprocess.CompletedProcess[str]]:
    """The program as two processes that find each other on loopback, without a launcher."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CODE),
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            env={**common, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in started]
    return [
        subprocess.CompletedProcess(process.args, process.returncode, *output)
        for process, output in zip(started, outputs, strict=True)
    ]


@pytest.mark.local
def test_two_processes_exchange_sums_numbers_weights_gradients_and_failures(tmp_path: Path) -> None:
    first, second = run_two(EXCHANGES, str(tmp_path))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    common: dict[str, Any] = {
        "sums": [2, 1, 1],
        "any": [True, False],
        "of_first": [10, 20],
        "gradients": True,
        "weights": True,
        "together": "nothing failed",
    }
    told = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert told == [
        {**common, "failed": "ProcessFailed: the process of rank 1 failed: KeyError: 'gone'"},
        {**common, "failed": "KeyError: 'gone'"},
    ]
    said, left = first.stdout.splitlines()
    assert said == "from the first one alone"
    assert left.startswith("another process has ended or does not answer: ")
    assert second.stdout == ""


TRAINING = """
import json, sys, threading
from pathlib import Path
from types import SimpleNamespace
import os
import torch
from torch import nn
from debugger import Debugger
from epochs import Training
from image_splits import load_splits
from processes import ALONE, joined

data, out = sys.argv[1:]
settings = SimpleNamespace(
    batch_size=5, workers=0, epochs=2, optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=0.01, schedule="one-cycle",
    augment="none", fine_tune="all",
)

def trained(processes):
    torch.manual_seed(processes.rank)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    splits = load_splits({name: f"{data}/{name}" for name in ("train", "valid", "test")}, 8, 64)
    training = Training(network, splits, Debugger(), settings, threading.Event(), processes)
    result = training.run()
    numbers = [value for entry in result.history for name, value in entry.items() if name != "seconds"]
    weights = torch.cat([value.reshape(-1) for value in result.state.values()])
    return result.epoch, numbers + list(training.evaluate("test")) + weights.tolist()

with joined(os.environ) as ours:
    told = [trained(ours)]
    if ours.is_first:
        told.append(trained(ALONE))
    Path(out, f"{ours.rank}.json").write_text(json.dumps(told))
"""


@pytest.mark.local
def test_two_processes_take_the_same_steps_as_one(image_folder: Callable[..., Path], tmp_path: Path) -> None:
    # 14 pictures in steps of 5: shares of 3 and 2, and 2 each of the 4 that are left over.
    first, second = run_two(TRAINING, str(image_folder(each=7, size=8)), str(tmp_path))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    (together, alone), [as_second] = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert as_second == together
    assert together[0] == alone[0]
    assert together[1] == pytest.approx(alone[1], rel=1e-4, abs=1e-5)
