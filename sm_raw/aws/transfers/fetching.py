"""One object after another from S3, in the threads of a crew: compared, fetched if need be, and put in place whole."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.transfers.checksums import PART_BYTES, part_count
from sm_raw.aws.transfers.comparing import is_same
from sm_raw.aws.transfers.crew import Crew, News
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_calls import Listed, S3Options, check_options, fitting, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri
from sm_raw.errors import TransferFailed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Fetcher:
    """Fetches what is added; at the end of the block nothing is on its way."""

    def __init__(self, s3: S3Client, options: S3Options, threads: int) -> None:
        check_options(s3, options)
        self.crew = Crew(threads, "download")
        self._s3, self._options = s3, options
        self._get_fields = fitting(s3, "GetObject", options)
        self._memory = Remembered()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *reason: object) -> None:
        self.crew.close()

    def add(self, source: S3Uri, listed: Listed, path: Path) -> None:
        """Have an object brought to the file ``path``."""
        self.crew.add(functools.partial(self._bring, source, listed, path))

    def _bring(self, source: S3Uri, listed: Listed, path: Path) -> News | None:
        if path.is_file() and is_same(self._s3, path, source, listed, self._options, self._memory):
            return News(listed.size, listed.size, moved=False)
        with in_words(source, "fetched"):
            path.parent.mkdir(parents=True, exist_ok=True)
        if listed.size <= PART_BYTES:
            return self._bring_whole(source, path)
        pieces = Pieces(self._get, source, listed, path)
        with in_words(source, "fetched"):
            pieces.begin()
        for number in pieces.numbers:
            self.crew.add(functools.partial(self._bring_piece, pieces, number))
        return None

    def _bring_whole(self, source: S3Uri, path: Path) -> News:
        with in_words(source, "fetched"):
            content = self._get(source)
            unfinished = unfinished_path(path, f"whole {os.getpid()}")
            try:
                unfinished.write_bytes(content)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        return News(len(content), len(content))

    def _bring_piece(self, pieces: Pieces, number: int) -> News:
        with in_words(pieces.source, "fetched"):
            size, is_last = pieces.fetch(number)
            if is_last:
                pieces.complete()
        return News(size, pieces.size if is_last else None)

    def _get(self, source: S3Uri, **fields: Any) -> bytes:
        request = {"Bucket": source.bucket, "Key": source.key, **self._get_fields, **fields}
        # Read within, for a connection may break after the answer has begun.
        return ride_out(lambda: self._s3.get_object(**request)["Body"].read(), sleep=self.crew.pause)


class Pieces:
    """A large object on its way into a file beside its place; which pieces are there is written down beside that."""

    def __init__(self, get: Callable[..., bytes], source: S3Uri, listed: Listed, path: Path) -> None:
        self.source, self.size = source, listed.size
        self._get, self._etag, self._path = get, listed.etag, path
        self._part = unfinished_path(path, listed.etag)
        self._done_file = self._part.with_suffix(".done")
        self._here: frozenset[int] = frozenset()
        self._arrived = 0
        self._lock = threading.Lock()

    @property
    def numbers(self) -> Sequence[int]:
        return range(part_count(self.size, PART_BYTES))

    def begin(self) -> None:
        """Take up what an earlier call has fetched of this very object; remove what there is of others."""
        for other in self._path.parent.glob(unfinished_path(self._path, "*").name):
            if other != self._part:
                other.unlink(missing_ok=True)
                other.with_suffix(".done").unlink(missing_ok=True)
        if self._part.is_file() and self._part.stat().st_size == self.size and self._done_file.is_file():
            # What a killed process wrote last may be cut.
            lines = self._done_file.read_text().split("\n")[:-1]
            self._here = frozenset(int(line) for line in lines if line.isdecimal())
            return
        self._done_file.unlink(missing_ok=True)
        with self._part.open("wb") as file:
            file.truncate(self.size)

    def fetch(self, number: int) -> tuple[int, bool]:
        """Fetch one piece, unless it is there; returns its bytes, and whether it was the last to arrive."""
        start = number * PART_BYTES
        end = min(start + PART_BYTES, self.size)
        if number not in self._here:
            content = self._get(self.source, Range=f"bytes={start}-{end - 1}", IfMatch=f'"{self._etag}"')
            with self._part.open("r+b") as file:
                file.seek(start)
                file.write(content)
        with self._lock:
            if number not in self._here:
                with self._done_file.open("a") as record:
                    record.write(f"{number}\n")
            self._arrived += 1
            return end - start, self._arrived == len(self.numbers)

    def complete(self) -> None:
        self._part.replace(self._path)
        self._done_file.unlink(missing_ok=True)


def unfinished_path(path: Path, what: str) -> Path:
    """Where what will be ``path`` grows: beside it, hidden, under a name that cannot be too long."""
    name, kind = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (path.name, what))
    return path.with_name(f".{name}.{'*' if what == '*' else kind}.part")


def refuse_full_disk(folder: Path, work: Sequence[tuple[S3Uri, Listed, Path]]) -> None:
    """Raises TransferFailed if what is to be fetched will not fit on the disk of ``folder``, which exists."""
    needed = sum(listed.size - _bytes_here(path, listed) for _, listed, path in work)
    free = shutil.disk_usage(folder).free
    if needed > free:
        uri = work[0][0]
        more = f" and {len(work) - 1} more" if len(work) > 1 else ""
        raise TransferFailed(
            uri, f"{uri}{more} will not fit: {needed:,} bytes are to be fetched, and {folder} has {free:,} left"
        )


def _bytes_here(path: Path, listed: Listed) -> int:
    """What of an object will take no more room: all of it if a file of its size is there, or what came earlier."""
    with contextlib.suppress(OSError):
        if path.stat().st_size == listed.size:
            return listed.size
    with contextlib.suppress(OSError):
        return min(listed.size, unfinished_path(path, listed.etag).stat().st_blocks * 512)
    return 0
