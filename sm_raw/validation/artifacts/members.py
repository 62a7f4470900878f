"""What lies in an archive, read without unpacking anything."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.code.folder import LARGEST_BYTES
from sm_raw.validation.wording import shown

GZIP_START = b"\x1f\x8b"
MOST_SHOWN = 12
"""Files of one folder that are shown one by one."""


@dataclass(frozen=True)
class Member:
    """A file of the archive, by its path inside; ``text`` of Python code alone.

    ``fault`` says why a member must not be unpacked; such a one need not be a file.
    """

    name: str
    size: int = 0
    text: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Artifact:
    """An archive as it would lie in /opt/ml/model."""

    members: tuple[Member, ...]
    is_gzip: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members)

    @property
    def bytes(self) -> int:
        return sum(member.size for member in self.members)

    def with_code(self, folder: str, files: Mapping[str, Path]) -> Artifact:
        """The same with these files as its ``folder``, and nothing else in there: what repacking makes of it."""
        kept = [member for member in self.members if not member.name.startswith(f"{folder}/")]
        added = [
            Member(
                f"{folder}/{name}", path.stat().st_size, path.read_text("utf-8", "replace") if _is_code(name) else ""
            )
            for name, path in files.items()
        ]
        return replace(self, members=tuple(sorted([*kept, *added], key=lambda member: member.name)))


def read_artifact(path: Path) -> Artifact:
    """The files of a tar archive, sorted by name; of two of one name the later, as unpacking leaves it.

    Raises UnreadableDocument for what is not there, is damaged or is no tar archive.
    """
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == GZIP_START
        with tarfile.open(path) as archive:
            members = {member.name: member for member in _members(archive, path.parent)}
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise UnreadableDocument(f"{path} is no tar archive that can be read: {reason}") from None
    except OSError as error:
        raise UnreadableDocument(f"{path} cannot be read: {error.strerror or error}") from None
    return Artifact(tuple(sorted(members.values(), key=lambda member: member.name)), is_gzip)


def _members(archive: tarfile.TarFile, folder: Path) -> Iterator[Member]:
    for info in archive:
        name = str(PurePosixPath(info.name))  # "./code" is "code".
        fault = _fault(info, folder)
        if fault or info.isfile():
            yield Member(name, info.size, "" if fault else _text(archive, info), fault)
        elif info.issym() or info.islnk():
            yield Member(name)


def _fault(info: tarfile.TarInfo, folder: Path) -> str:
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts:
        return "its name leads out of the folder"
    try:
        tarfile.data_filter(info, str(folder))
    except tarfile.FilterError as error:
        return str(error)
    return ""


def _text(archive: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    content = archive.extractfile(info) if _is_code(info.name) and info.size <= LARGEST_BYTES else None
    return content.read().decode("utf-8", "replace") if content else ""


def _is_code(name: str) -> bool:
    return name.endswith(".py")


def tree(artifact: Artifact) -> list[str]:
    """The files as lines, folders indented, with their sizes; of large folders the first few."""
    return list(_lines([(PurePosixPath(member.name).parts, member) for member in artifact.members], 0))


def _lines(entries: Sequence[tuple[tuple[str, ...], Member]], depth: int) -> Iterator[str]:
    indent = "  " * depth
    folders: dict[str, list[tuple[tuple[str, ...], Member]]] = {}
    files = []
    for parts, member in entries:
        if len(parts) > 1:
            folders.setdefault(parts[0], []).append((parts[1:], member))
        else:
            files.append((parts[0] if parts else member.name, member))
    for name, inside in folders.items():
        yield f"{indent}{printable(name).rstrip('/')}/"
        yield from _lines(inside, depth + 1)
    for name, member in files[:MOST_SHOWN]:
        yield f"{indent}{printable(name):<{max(1, 44 - len(indent))}} {member.size:>14,}"
    if rest := files[MOST_SHOWN:]:
        more = f"... {len(rest)} more"
        yield f"{indent}{more:<{max(1, 44 - len(indent))}} {sum(member.size for _, member in rest):>14,}"


def printable(name: str) -> str:
    """A name from a stranger's archive, with nothing in it that a terminal would obey."""
    return name if name.isprintable() else shown(name)
