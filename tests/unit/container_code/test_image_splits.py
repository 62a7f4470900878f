from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def image_splits(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("image_splits")


def folders(data: Path) -> dict[str, str]:
    return {split: str(data / split) for split in ("train", "valid", "test")}


@pytest.mark.parametrize("memory_mb", [0, 64])
def test_batches_hold_every_picture_once_with_its_label_in_memory_or_not(
    image_splits: ModuleType, image_folder: Callable[..., Path], memory_mb: int
) -> None:
    splits = image_splits.load_splits(folders(image_folder(each=3)), 16, memory_mb)
    assert (splits["train"].pixels is None) == (memory_mb == 0)
    batches = list(splits["train"].batches(4, shuffle=True, workers=0))
    assert [tuple(pixels.shape) for pixels, _ in batches] == [(4, 3, 16, 16), (2, 3, 16, 16)]
    seen = sorted(
        (int(pixel[0, 0, 0]), int(label))
        for pixels, labels in batches
        for pixel, label in zip(pixels, labels, strict=True)
    )
    assert seen == [(85, 0), (86, 0), (87, 0), (170, 1), (171, 1), (172, 1)]


def test_without_shuffling_the_order_is_that_of_the_files(
    image_splits: ModuleType, image_folder: Callable[..., Path]
) -> None:
    split = image_splits.load_splits(folders(image_folder()), 16, 64)["valid"]
    [(pixels, labels)] = split.batches(8, shuffle=False, workers=0)
    assert (pixels[:, 0, 0, 0].tolist(), labels.tolist()) == ([85, 86, 170, 171], [0, 0, 1, 1])


def test_a_single_picture_left_over_is_dropped_when_training_alone(
    image_splits: ModuleType, image_folder: Callable[..., Path]
) -> None:
    split = image_splits.load_splits(folders(image_folder(each=5)), 16, 64)["train"]
    sizes = {
        shuffle: [len(labels) for _, labels in split.batches(3, shuffle=shuffle, workers=0)]
        for shuffle in (True, False)
    }
    assert sizes == {True: [3, 3, 3], False: [3, 3, 3, 1]}


@pytest.mark.parametrize(
    ("pictures", "batch_size", "processes", "sizes"),
    [
        (12, 4, 2, [[2, 2, 2], [2, 2, 2]]),
        (12, 5, 2, [[3, 3], [2, 2]]),
        (14, 5, 2, [[3, 3, 2], [2, 2, 2]]),
        (10, 8, 2, [[4], [4]]),
        (6, 32, 3, [[2], [2], [2]]),
        (4, 32, 3, [[2], [1], [1]]),
    ],
)
def test_processes_take_their_shares_of_the_same_batches_in_as_many_steps(
    image_splits: ModuleType,
    image_folder: Callable[..., Path],
    pictures: int,
    batch_size: int,
    processes: int,
    sizes: list[list[int]],
) -> None:
    split = image_splits.load_splits(folders(image_folder(each=pictures // 2)), 8, 64)["train"]
    order = list(reversed(range(pictures)))
    shares = [
        list(image_splits.ShuffledShares(split, batch_size, process_of(processes, rank, order)))
        for rank in range(processes)
    ]
    assert [[len(part) for part in share] for share in shares] == sizes
    assert len(image_splits.ShuffledShares(split, batch_size, process_of(processes, 0, order))) == len(sizes[0])
    for step, parts in enumerate(zip(*shares, strict=True)):
        batch = order[step * batch_size : (step + 1) * batch_size]
        assert sorted(position for part in parts for position in part) == sorted(batch)


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_processes_judge_every_picture_once(
    image_splits: ModuleType, image_folder: Callable[..., Path], processes: int
) -> None:
    split = image_splits.load_splits(folders(image_folder()), 16, 64)["valid"]
    seen = [
        int(pixel[0, 0, 0])
        for rank in range(processes)
        for pixels, _ in split.batches(3, shuffle=False, workers=0, processes=process_of(processes, rank, []))
        for pixel in pixels
    ]
    assert sorted(seen) == [85, 86, 170, 171]


def test_more_processes_than_pictures_cannot_train(image_splits: ModuleType, image_folder: Callable[..., Path]) -> None:
    split = image_splits.load_splits(folders(image_folder()), 16, 64)["train"]
    with pytest.raises(image_splits.DataError, match="the train split: 4 pictures are too few for 5 processes"):
        split.batches(10, shuffle=True, workers=0, processes=process_of(5, 0, []))


def process_of(size: int, rank: int, order: list[int]) -> SimpleNamespace:
    """One of several processes, the first of which has drawn this order."""
    return SimpleNamespace(size=size, rank=rank, of_first=lambda _: order)


def test_classes_that_differ_are_named(image_splits: ModuleType, image_folder: Callable[..., Path]) -> None:
    data = image_folder(classes=("ant", "bee"))
    (data / "valid" / "bee").rename(data / "valid" / "cat")
    with pytest.raises(image_splits.DataError, match="the classes of train and valid differ: bee, cat are in one of"):
        image_splits.load_splits(folders(data), 16, 64)


def missing(data: Path) -> None:
    (data / "test").rename(data / "elsewhere")


def empty(data: Path) -> None:
    for place in (data / "test").iterdir():
        for picture in place.iterdir():
            picture.unlink()
        place.rmdir()


def empty_class(data: Path) -> None:
    for picture in (data / "test" / "light").iterdir():
        picture.unlink()


def corrupt(data: Path) -> None:
    (data / "test" / "light" / "0.png").write_bytes(b"no picture")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (missing, "the test split: .*/test is no folder"),
        (empty, "the test split: .*any class folder in .*/test"),
        (empty_class, "the test split: .*no valid file for the classes light"),
        (corrupt, "the test split: .*/test/light/0.png cannot be read as a picture: cannot identify"),
    ],
)
def test_a_split_that_cannot_be_used_is_named_with_the_reason(
    image_splits: ModuleType, image_folder: Callable[..., Path], damage: Callable[[Path], None], said: str
) -> None:
    data = image_folder()
    damage(data)
    with pytest.raises(image_splits.DataError, match=said):
        image_splits.load_splits(folders(data), 16, 64)


def test_augmentations_are_what_they_are_called(image_splits: ModuleType) -> None:
    import torch

    torch.manual_seed(0)
    images = torch.rand(16, 3, 8, 8)
    varied = {kind: image_splits.augment(images, kind) for kind in image_splits.AUGMENTATIONS}
    assert all(result.shape == images.shape for result in varied.values())
    assert torch.equal(varied["none"], images)
    same = [torch.allclose(new, old, atol=1e-5) for new, old in zip(varied["flip"], images, strict=True)]
    mirrored = [torch.allclose(new, old.flip(-1), atol=1e-5) for new, old in zip(varied["flip"], images, strict=True)]
    assert [a != b for a, b in zip(same, mirrored, strict=True)] == [True] * 16
    assert 0 < sum(mirrored) < 16
    assert not torch.allclose(varied["crop"], images, atol=0.1)


def test_a_shifted_digit_is_moved_and_never_mirrored(image_splits: ModuleType) -> None:
    import torch

    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, 20).expand(8, 3, 20, 20)
    shifted = image_splits.augment(ramp, "shift")
    steps = shifted[:, 0, 10, 1:] - shifted[:, 0, 10, :-1]
    assert (steps > -1e-5).all()
    moved = (shifted - ramp).abs().amax(dim=(1, 2, 3))
    assert (moved <= 0.11).all()
    assert (moved > 0.001).any()
