"""Archives of code and models: packed the same every time, unpacked without harm."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from sm_raw.aws.transfers.folders import file_digest, files_of
from sm_raw.errors import SmRawError, UnsafeArchive

NO_FILES: Mapping[str, Path] = MappingProxyType({})
PLAIN_MODE, EXECUTABLE_MODE = 0o644, 0o755


def pack(
    folder: str | Path,
    target: str | Path,
    *,
    entry_point: str | None = None,
    extra_files: Mapping[str, Path] = NO_FILES,
    compression_level: int = 6,
) -> str:
    """Write a folder's files, at the root of the archive, to the tar.gz ``target``; return their digest.

    The same files give the same bytes: sorted names, no times, no owners, modes 755 or 644. The digest
    (SHA-256, hex) covers names, modes and contents alone, so that it holds across versions of the
    compressor, too. ``extra_files`` (name in the archive -> path) are added to the folder's, or take their
    place. Dot-files and Python caches are left out. Raises SmRawError if there is nothing to pack, or
    ``entry_point`` is not among the files.
    """
    target = Path(target)
    members = _members(Path(folder), target, entry_point, extra_files)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        _write(unfinished, members, compression_level)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return digest_of(members)


def pack_function(file: str | Path, target: str | Path) -> str:
    """Write one file to the .zip ``target``, as Lambda takes its code; return the file's digest (SHA-256, hex).

    The same file gives the same bytes: no time, mode 644, which Lambda must be able to read.
    """
    file, target = Path(file), Path(target)
    member = zipfile.ZipInfo(file.name)  # Its time is 1980, the first that a .zip can tell.
    member.external_attr = (stat.S_IFREG | PLAIN_MODE) << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, file.read_bytes())
    return file_digest(file)


def _members(folder: Path, target: Path, entry_point: str | None, extra_files: Mapping[str, Path]) -> dict[str, Path]:
    # A target inside the folder would otherwise be packed into its own successor.
    found = {name: path for name, path in files_of(folder).items() if path.resolve() != target.resolve()}
    members = dict(sorted({**found, **extra_files}.items()))
    if not members:
        raise SmRawError(f"{folder} holds no files to pack (dot-files and Python caches do not count)")
    if entry_point is not None and entry_point not in members:
        raise SmRawError(f"{folder} has no entry point {entry_point!r}; it has {_some(list(members))}")
    return members


def _some(names: list[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _write(path: Path, members: Mapping[str, Path], compression_level: int) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compression_level, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, source in members.items():
            add_file(archive, name, source)


def add_file(archive: tarfile.TarFile, name: str, source: Path) -> None:
    """Add a file without what differs from machine to machine: its times and owners."""
    member = tarfile.TarInfo(name)
    member.mode = _mode(source)
    with source.open("rb") as content:
        member.size = os.fstat(content.fileno()).st_size
        archive.addfile(member, content)


def _mode(path: Path) -> int:
    return plain_mode(path.stat().st_mode)


def plain_mode(mode: int) -> int:
    return EXECUTABLE_MODE if mode & stat.S_IXUSR else PLAIN_MODE


def digest_of(members: Mapping[str, Path]) -> str:
    """The digest that ``pack`` tells, of these names in the archive and their files."""
    return digest_of_lines(digest_line(name, _mode(path), file_digest(path)) for name, path in members.items())


def digest_line(name: str, mode: int, content_digest: str) -> str:
    return f"{name}\0{mode:o}\0{content_digest}\n"


def digest_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack a tar, tar.gz or other compressed tar into ``folder``, which is made if need be.

    Raises UnsafeArchive, before anything is written, if a member has an absolute name, leads out of the
    folder by ".." or a link, or is a device or pipe; SmRawError if the archive is damaged or is none.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        with tarfile.open(archive) as opened:
            for member in opened.getmembers():
                refuse_unsafe(archive, member, folder)
            folder.mkdir(parents=True, exist_ok=True)
            # The filter looks once more while links that came before are in place.
            opened.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise UnsafeArchive(f"{archive}: {error}; nothing of it can be trusted") from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise SmRawError(f"{archive} cannot be unpacked: {error}") from error


def refuse_unsafe(archive: Path, member: tarfile.TarInfo, folder: Path) -> None:
    """Raises UnsafeArchive, or tarfile's FilterError, for a member that must not be unpacked into ``folder``."""
    # The data filter would take the leading slash off an absolute name; here such an archive is refused.
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise UnsafeArchive(f"{archive}: member {member.name!r} leads out of the folder; nothing was unpacked")
    tarfile.data_filter(member, str(folder))
