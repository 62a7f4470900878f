"""Several processes train one network: each works on its part of every batch, and all hold the same weights.

torchrun starts them (SageMaker's torch_distributed runs it on every instance) and tells each its place by environment
variables: RANK of WORLD_SIZE in all, LOCAL_RANK of LOCAL_WORLD_SIZE on its machine. There is one process for each GPU,
or one for a machine without. A process alone exchanges nothing: whatever it asks the others for is what it has itself.
"""

from __future__ import annotations

import contextlib
import io
from datetime import timedelta
from typing import Iterable, Iterator, Mapping, Sequence

import torch
from torch import distributed, nn

# How long the others are waited for. They come at the same time to every exchange but the first ones: there the first
# process may still download weights, or a machine may have slower access to the pictures.
TIMEOUT = timedelta(minutes=10)


class ProcessFailed(Exception):
    """Another process failed, or cannot be reached; the text is one sentence that says which, or why."""


class Processes:
    """What one process knows of all: that it is number ``rank`` of ``size``, and one of ``on_machine`` on its machine.

    Every method but ``part_of`` is an exchange: each process has to call it, at the same point of its work.
    """

    def __init__(self, rank: int = 0, size: int = 1, *, on_machine: int = 1, device: str = "cpu") -> None:
        self.rank, self.size, self._on_machine, self._device = rank, size, on_machine, device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def part_of(self, count: int) -> int:
        """This process's part of what its machine has ``count`` of; 0 only of 0."""
        return -(-count // self._on_machine)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value added up over the processes; equal to the last bit in all of them."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self._device)
        with _exchange():
            distributed.all_reduce(total)
        return total.tolist()

    def any(self, flag: bool) -> bool:
        return self.sums([flag])[0] > 0

    def of_first(self, numbers: list[int]) -> list[int]:
        """The first process's numbers. Each process has to come with as many."""
        if self.size == 1:
            return numbers
        shared = torch.tensor(numbers, device=self._device)
        self.copy_from_first([shared])
        return shared.tolist()

    def copy_from_first(self, tensors: Iterable[torch.Tensor]) -> None:
        """Overwrite the tensors, which lie where the network does, with those of the first process."""
        if self.size == 1:
            return
        with _exchange():
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def average_gradients(self, parameters: Iterable[nn.Parameter], pictures: int) -> None:
        """Make the gradients those of the mean loss of all processes' pictures; here were ``pictures`` of them."""
        # DistributedDataParallel would send gradients while later ones are still computed. But it wraps the network,
        # which changes the names in the state dict and in the Debugger's tensors, and it takes the mean over processes:
        # where one has a picture less than another that is not the mean over pictures.
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        parts = [gradient.reshape(-1) for gradient in gradients]
        flat = torch.cat([*parts, parts[0].new_ones(1)]) * pictures
        with _exchange():
            distributed.all_reduce(flat)
        means = (flat[:-1] / flat[-1]).split([len(part) for part in parts])
        for gradient, mean in zip(gradients, means):
            gradient.copy_(mean.view_as(gradient))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What fails here in one process ends all: with its own error there, with ProcessFailed in the others."""
        if self.size == 1:
            yield
            return
        failure = None
        try:
            yield
        except ProcessFailed:  # of an exchange inside: another one would fail, too
            raise
        except Exception as error:
            failure = error
        if not self.any(failure is not None):
            return
        told: list[str | None] = [None] * self.size
        with _exchange():
            # What a worker process raises comes with its traceback, the sentence last.
            text = failure and f"{type(failure).__name__}: {failure}".splitlines()[-1]
            distributed.all_gather_object(told, text)
        if failure is not None:
            raise failure
        rank, text = next((rank, text) for rank, text in enumerate(told) if text)
        raise ProcessFailed(f"the process of rank {rank} failed: {text}")


ALONE = Processes()


@contextlib.contextmanager
def joined(environment: Mapping[str, str]) -> Iterator[Processes]:
    """The processes that ``environment`` tells of. Raises ProcessFailed if they do not find together.

    The first one speaks for all: what the others print, on stdout and stderr, is not shown.
    """
    size = int(environment.get("WORLD_SIZE", 1))
    if size == 1:
        yield ALONE
        return
    rank, on_machine = int(environment.get("RANK", 0)), int(environment.get("LOCAL_WORLD_SIZE", 1))
    device = _device(int(environment.get("LOCAL_RANK", 0)), on_machine)
    try:
        distributed.init_process_group("nccl" if device == "cuda" else "gloo", timeout=TIMEOUT)
    except (RuntimeError, ValueError) as error:  # nobody answers; a variable is missing
        raise ProcessFailed(f"the process of rank {rank} cannot join the {size}: {_first_line(error)}") from error
    try:
        with contextlib.ExitStack() as silence:
            if rank > 0:
                silence.enter_context(contextlib.redirect_stdout(io.StringIO()))
                silence.enter_context(contextlib.redirect_stderr(io.StringIO()))
            yield Processes(rank, size, on_machine=on_machine, device=device)
    finally:
        distributed.destroy_process_group()


def _device(local_rank: int, on_machine: int) -> str:
    """The processor; from here on "cuda" is this process's own GPU."""
    if not torch.cuda.is_available():
        return "cpu"
    if on_machine > torch.cuda.device_count():
        raise ProcessFailed(f"{on_machine} processes cannot share GPUs: this machine has {torch.cuda.device_count()}")
    torch.cuda.set_device(local_rank)
    return "cuda"


@contextlib.contextmanager
def _exchange() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProcessFailed(f"another process has ended or does not answer: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
