"""Objects from S3 to files: in parallel, only what is not here yet, and never outside the folder."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sm_raw.aws.transfers.crew import News, TransferState, Watch
from sm_raw.aws.transfers.fetching import Fetcher, refuse_full_disk
from sm_raw.aws.transfers.folders import files_of
from sm_raw.aws.transfers.object_listing import iter_pages
from sm_raw.aws.transfers.s3_calls import NO_OPTIONS, THREADS, Listed, S3Options, check_options, head, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.errors import TransferFailed

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class DownloadResult:
    """What a download did: files and bytes that were fetched, files and bytes that were here already.

    ``extra``: the names in the folder that S3 does not have; ``removed_files``: how many of them were removed, on
    demand. ``case_clashes``: keys that differ only in case or in the form of an accent, so that a disk of macOS or
    Windows cannot hold both.
    """

    fetched_files: int = 0
    fetched_bytes: int = 0
    skipped_files: int = 0
    skipped_bytes: int = 0
    extra: tuple[str, ...] = ()
    removed_files: int = 0
    case_clashes: tuple[tuple[str, str], ...] = ()

    @property
    def files(self) -> int:
        return self.fetched_files + self.skipped_files

    @property
    def bytes(self) -> int:
        return self.fetched_bytes + self.skipped_bytes

    def after(self, news: News) -> DownloadResult:
        """The same and one file more, if the news is of a file's end."""
        if news.file_bytes is None:
            return self
        if news.moved:
            fetched = self.fetched_bytes + news.file_bytes
            return replace(self, fetched_files=self.fetched_files + 1, fetched_bytes=fetched)
        skipped = self.skipped_bytes + news.file_bytes
        return replace(self, skipped_files=self.skipped_files + 1, skipped_bytes=skipped)


def download(
    s3: S3Client,
    s3_uri: str | S3Uri,
    path: str | Path,
    *,
    threads: int = THREADS,
    on_transfer: Watch | None = None,
    options: S3Options = NO_OPTIONS,
) -> Path:
    """Fetch one object to ``path``, whose folder is made if need be; it appears there only when complete.

    A file that is there with the same content stays. A large object comes in ranges, several at a time; when
    that is broken off, the next call fetches the rest, unless the object was replaced.
    """
    source, path = parse_s3_uri(s3_uri), Path(path)
    check_options(s3, options)
    with in_words(source, "fetched"):
        listed = head(s3, source, options)
    path.parent.mkdir(parents=True, exist_ok=True)
    _follow(s3, [(source, listed, path)], path.parent, threads, on_transfer, options)
    return path


def download_folder(
    s3: S3Client,
    s3_uri: str | S3Uri,
    folder: str | Path,
    *,
    threads: int = THREADS,
    on_transfer: Watch | None = None,
    options: S3Options = NO_OPTIONS,
    prune: bool = False,
) -> DownloadResult:
    """Bring every object below ``s3_uri`` to the same relative name in ``folder``, and tell what is there besides.

    A file of the same size and content stays, as in ``download``. Raises TransferFailed, before anything is fetched,
    if a key would lead out of the folder, or the disk has too little room. With ``prune``, files of the folder
    that S3 does not have are removed at the end; dot-files and Python caches stay.
    """
    source, folder = parse_s3_uri(s3_uri), Path(folder)
    check_options(s3, options)
    listed = {key: one for page in iter_pages(s3, source, options) for key, one in page.items()}
    names = {key: key.removeprefix(source.prefix) for key in listed if not key.endswith("/")}
    if not names:
        raise TransferFailed(source, f"there are no objects below {source}; `aws s3 ls {source}` shows what there is")
    paths = {key: _path_below(folder, name, S3Uri(source.bucket, key)) for key, name in names.items()}
    _refuse_files_as_folders(source, names.values())
    clashes = _case_clashes(names.values())
    folder.mkdir(parents=True, exist_ok=True)
    if clashes and _is_blind_to_case(folder):
        one, other = clashes[0]
        raise TransferFailed(
            source, f"{folder} cannot hold both {one!r} and {other!r} of {source}: its disk takes them for one name"
        )
    work = [(S3Uri(source.bucket, key), listed[key], paths[key]) for key in names]
    result = _follow(s3, work, folder, threads, on_transfer, options)
    there = set(names.values())
    extra = tuple(name for name in files_of(folder) if name not in there)
    result = replace(result, extra=extra, case_clashes=clashes)
    return _prune(folder, result) if prune else result


def _follow(
    s3: S3Client,
    work: Sequence[tuple[S3Uri, Listed, Path]],
    folder: Path,
    threads: int,
    on_transfer: Watch | None,
    options: S3Options,
) -> DownloadResult:
    refuse_full_disk(folder, work)
    state = TransferState(files=len(work), bytes=sum(listed.size for _, listed, _ in work))
    result = DownloadResult()
    with Fetcher(s3, options, threads) as fetcher:
        for source, listed, path in work:
            fetcher.add(source, listed, path)
        for news in fetcher.crew.news():
            result = result.after(news)
            state = replace(state, files_done=result.files, bytes_done=state.bytes_done + news.bytes)
            if on_transfer:
                on_transfer(state)
    return result


def _path_below(folder: Path, name: str, uri: S3Uri) -> Path:
    """The file for a key's name; raises TransferFailed where that, or a link on the way, leads out of the folder."""
    if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise TransferFailed(uri, f"{uri} has no name that a file in {folder} can have: {name!r}; nothing was fetched")
    path = folder / name
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise TransferFailed(uri, f"{path.parent} is a link that leads out of {folder}; {uri} is not fetched there")
    return path


def _refuse_files_as_folders(source: S3Uri, names: Collection[str]) -> None:
    known = set(names)
    for name in names:
        for parent in PurePosixPath(name).parents:
            if str(parent) in known:
                raise TransferFailed(
                    source, f"{source / name} cannot be fetched: {source / str(parent)} is an object, too"
                )


def _case_clashes(names: Collection[str]) -> tuple[tuple[str, str], ...]:
    seen: dict[str, str] = {}
    clashes = []
    for name in names:
        first = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if first != name:
            clashes.append((first, name))
    return tuple(clashes)


def _is_blind_to_case(folder: Path) -> bool:
    with tempfile.NamedTemporaryFile(prefix=".sm_raw-", dir=folder) as probe:
        return Path(probe.name).with_name(Path(probe.name).name.upper()).exists()


def _prune(folder: Path, result: DownloadResult) -> DownloadResult:
    for name in result.extra:
        (folder / name).unlink()
    return replace(result, removed_files=len(result.extra))
