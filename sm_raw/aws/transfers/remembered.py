"""What an object and a file were when they were last seen the same: a small file that saves calls and reading."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from sm_raw.aws.transfers.checksums import file_sha256, is_sha256
from sm_raw.aws.transfers.s3_uris import S3Uri

SETTLED_SECONDS = 2.0
"""A file that was written just now might be written once more without its times telling: clocks of disks are coarse."""


@dataclass(frozen=True)
class Memory:
    """The ETag of an object, its SHA-256, and the state of the file; the last two empty where not known."""

    etag: str
    sha256: str = ""
    state: str = ""


class Remembered:
    """Memories by URI, kept in ``path`` at the end of the block; without one, only until then.

    An object that still has its ETag still has its content: in a bucket that encrypts with a KMS key, where an ETag is
    no MD5, nothing else can tell this from a listing alone. A file that still has its size, times and inode
    still has its content, too, and need not be read. What is lost with the memory is found out again.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = Path(path) if path is not None else None
        self._known: dict[str, Memory] = {}
        self._is_saved = True
        if self._path is not None:
            # A file that is absent, cut or something else is no memory, and no harm.
            with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
                known = json.loads(self._path.read_text(encoding="utf-8"))
                self._known = {uri: Memory(*map(str, fields)) for uri, fields in known.items()}

    def __enter__(self) -> Remembered:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()

    def is_untouched(self, uri: S3Uri, etag: str, stat: os.stat_result) -> bool:
        """Whether neither the object nor the file has changed since both were the same."""
        known = self._known.get(str(uri))
        return known is not None and known.etag == etag and known.state == _state(stat)

    def is_content(self, uri: S3Uri, etag: str, path: Path, size: int) -> bool | None:
        """Whether the object with this ETag has the content of the file; None if that is not remembered."""
        known = self._known.get(str(uri))
        if known is None or known.etag != etag or not known.sha256:
            return None
        return is_sha256(known.sha256, file_sha256(path, size))

    def note(self, uri: S3Uri, etag: str, sha256: str, stat: os.stat_result) -> None:
        """Object and file are the same; ``stat`` is of before the file was read. Without SHA-256 the old one stays."""
        if self._path is None:
            return
        known = self._known.get(str(uri))
        if not sha256 and known is not None and known.etag == etag:
            sha256 = known.sha256
        self._is_saved = False
        has_settled = time.time() - max(stat.st_mtime, stat.st_ctime) > SETTLED_SECONDS
        self._known[str(uri)] = Memory(etag, sha256, _state(stat) if has_settled else "")

    def save(self) -> None:
        if self._path is None or self._is_saved:
            return
        known = {uri: [one.etag, one.sha256, one.state] for uri, one in sorted(self._known.items())}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        unfinished.write_text(json.dumps(known, indent=0), encoding="utf-8")
        unfinished.replace(self._path)
        self._is_saved = True


def _state(stat: os.stat_result) -> str:
    # The last is of the inode: copying old times onto a file does not hide that it was written.
    return f"{stat.st_size} {stat.st_ino} {stat.st_mtime_ns} {stat.st_ctime_ns}"
