"""Which files of a folder count, in one order everywhere: for archives, uploads and digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from sm_raw.errors import SmRawError

CACHE_NAMES = frozenset({"__pycache__"})
CACHE_SUFFIXES = (".pyc", ".pyo")
BLOCK_BYTES = 1 << 20


def files_of(folder: str | Path) -> dict[str, Path]:
    """Relative name with "/" -> path of every regular file, sorted by name; links are followed.

    Names that begin with a dot and Python's caches are left out: nobody means them, and they differ from
    machine to machine. Raises SmRawError for a folder that is not there, a link to nothing, or one that
    leads back to its parent.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SmRawError(f"{folder} is {'a file' if folder.exists() else 'not there'}; a folder is needed")
    return dict(sorted(_walk(folder, "", (folder.resolve(),))))


def _walk(folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_ignored(entry.name):
                continue
            name, path = prefix + entry.name, Path(entry.path)
            if entry.is_dir():
                real = path.resolve()
                if real in above:
                    raise SmRawError(f"{path} is a link back to {real}, which holds it; remove the link")
                yield from _walk(path, f"{name}/", (*above, real))
            elif entry.is_file():
                yield name, path
            elif entry.is_symlink():
                raise SmRawError(f"{path} is a link to {path.readlink()}, which is not there; remove or mend it")


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in CACHE_NAMES or name.endswith(CACHE_SUFFIXES)


def folder_digest(folder: str | Path) -> str:
    """SHA-256, in hex, of the names and contents of a folder's files: equal for equal data, anywhere."""
    digest = hashlib.sha256()
    for name, path in files_of(folder).items():
        digest.update(f"{name}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hex, read block by block."""
    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()


def blocks_of(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The content of a file in blocks of ``size`` bytes, the last one shorter."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block
