"""The pictures of train, valid and test as batches of tensors.

Splits that fit in memory are decoded once, at the start, and their batches are then cut out of one tensor; of larger
ones each batch is decoded when its turn comes, by worker processes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import torch
from inference import fit, read_picture
from processes import ALONE, Processes
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler
from torchvision.datasets import ImageFolder

# How a training picture may be varied: the smallest part of its side that is shown, how far it is moved (in parts of
# its side), and whether it is mirrored. Digits and letters must not be mirrored.
AUGMENTATIONS = {
    "none": {"smallest": 1.0, "shift": 0.0, "mirror": False},
    "shift": {"smallest": 1.0, "shift": 0.1, "mirror": False},
    "flip": {"smallest": 1.0, "shift": 0.0, "mirror": True},
    "crop": {"smallest": 0.75, "shift": 0.0, "mirror": True},
}


class DataError(Exception):
    """The pictures cannot be used; the text is one sentence that says where and why."""


class Split(Dataset):
    """A folder of class folders. An item is a whole batch: a list of positions gives (uint8 (N, 3, S, S), labels)."""

    def __init__(self, name: str, folder: str, image_size: int) -> None:
        if not Path(folder).is_dir():
            raise DataError(f"the {name} split: {folder} is no folder")
        try:
            listing = ImageFolder(folder)
        except FileNotFoundError as error:
            raise DataError(f"the {name} split: {error}") from error
        self.name, self.classes, self.image_size = name, listing.classes, image_size
        self.paths = [path for path, _ in listing.samples]
        self.labels = torch.tensor(listing.targets)
        self.pixels: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, positions: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        if self.pixels is not None:
            return self.pixels[positions], self.labels[positions]
        return torch.stack([self._decode(position) for position in positions]), self.labels[positions]

    @property
    def size_bytes(self) -> int:
        return len(self) * 3 * self.image_size**2

    def keep_in_memory(self, threads: int) -> None:
        pixels = torch.empty(len(self), 3, self.image_size, self.image_size, dtype=torch.uint8)
        with ThreadPoolExecutor(threads) as pool:
            for position, picture in enumerate(pool.map(self._decode, range(len(self)))):
                pixels[position] = picture
        self.pixels = pixels

    def batches(self, batch_size: int, *, shuffle: bool, workers: int, processes: Processes = ALONE) -> DataLoader:
        """This process's part of the pictures; ``batch_size`` counts what all processes take in one step."""
        if shuffle:
            sampler = ShuffledShares(self, batch_size, processes)
        else:
            share = range(processes.rank, len(self), processes.size)
            sampler = BatchSampler(share, -(-batch_size // processes.size), drop_last=False)
        if self.pixels is not None:
            workers = 0
        return DataLoader(self, sampler=sampler, batch_size=None, num_workers=workers, persistent_workers=workers > 0)

    def _decode(self, position: int) -> torch.Tensor:
        path = self.paths[position]
        try:
            pixels = fit(read_picture(path), self.image_size)
        except OSError as error:
            raise DataError(f"the {self.name} split: {path} cannot be read as a picture: {error}") from error
        return torch.from_numpy(pixels).permute(2, 0, 1)


class ShuffledShares:
    """All pictures in a new order each time, which is that of the first process, in batches: of each our share."""

    def __init__(self, split: Split, batch_size: int, processes: Processes) -> None:
        if len(split) < processes.size:
            raise DataError(f"the {split.name} split: {len(split)} pictures are too few for {processes.size} processes")
        self._split, self._batch_size, self._processes = split, batch_size, processes

    def __iter__(self) -> Iterator[list[int]]:
        order = self._processes.of_first(list(RandomSampler(self._split)))
        for batch in self._batches(order):
            yield batch[self._processes.rank :: self._processes.size]

    def __len__(self) -> int:
        return len(self._batches(range(len(self._split))))

    def _batches(self, order: Sequence[int]) -> BatchSampler:
        # Batch normalisation cannot learn from a single picture: what is left over is dropped if one would get no more.
        left_over = len(order) % self._batch_size
        lonely = left_over < 2 * self._processes.size and left_over < len(order)
        return BatchSampler(order, self._batch_size, drop_last=lonely)


def load_splits(folders: Mapping[str, str], image_size: int, memory_mb: int) -> dict[str, Split]:
    """One Split for each named folder, in memory if all of them fit. Raises DataError if their classes differ."""
    splits = {name: Split(name, folder, image_size) for name, folder in folders.items()}
    first, *others = splits.values()
    for other in others:
        if other.classes != first.classes:
            differing = sorted(set(first.classes) ^ set(other.classes))
            raise DataError(
                f"the classes of {first.name} and {other.name} differ: {', '.join(differing)} "
                f"{'is' if len(differing) == 1 else 'are'} in one of them only"
            )
    if sum(split.size_bytes for split in splits.values()) <= memory_mb * 2**20:
        for split in splits.values():
            split.keep_in_memory(torch.get_num_threads())
    return splits


def augment(images: torch.Tensor, kind: str) -> torch.Tensor:
    """Each of the float images (N, 3, H, W) seen through a window of its own, as AUGMENTATIONS has it."""
    if kind == "none":
        return images
    options = AUGMENTATIONS[kind]
    count = len(images)
    zoom = torch.empty(count).uniform_(options["smallest"], 1)
    side = torch.where(torch.rand(count) < 0.5, -1.0, 1.0) if options["mirror"] else torch.ones(count)
    window = torch.zeros(count, 2, 3)
    window[:, 0, 0], window[:, 1, 1] = zoom * side, zoom
    # In the window's units a picture is 2 wide.
    window[:, :, 2] = (torch.rand(count, 2) * 2 - 1) * (1 - zoom[:, None] + 2 * options["shift"])
    grid = torch.nn.functional.affine_grid(window.to(images.device), list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
