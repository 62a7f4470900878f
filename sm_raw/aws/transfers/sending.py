"""One file after another to S3, in the threads of a crew: compared, and sent if need be."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sm_raw.aws.calls import ride_out
from sm_raw.aws.transfers.at_once import at_once, register
from sm_raw.aws.transfers.checksums import PART_BYTES, sha256_text
from sm_raw.aws.transfers.comparing import is_same_by_checksum, is_same_by_listing
from sm_raw.aws.transfers.crew import Crew, News
from sm_raw.aws.transfers.multipart import ALGORITHM, PartsUpload, refuse_change
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_calls import Listed, S3Options, check_options, fitting, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

COMPARED_BYTES, COMPARED_FILES = 4 << 20, 64
"""So much is read and hashed by one job: less, and handing over the jobs takes as long as what they do."""

Alike = tuple[Path, S3Uri, Listed, os.stat_result]
"""A file, and an object of its size; the state of the file before it is read."""


class Sender:
    """Sends what is added; at the end of the block nothing is on its way, and no upload in parts is left open."""

    def __init__(self, s3: S3Client, options: S3Options, memory: Remembered, threads: int) -> None:
        check_options(s3, options)
        register(s3)
        self.crew = Crew(threads, "upload")
        self._s3, self._options, self._memory = s3, options, memory
        self._put_fields = fitting(s3, "PutObject", options)
        self._begun: list[PartsUpload] = []
        self._alike: list[Alike] = []
        self._alike_bytes = 0

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *reason: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        self.crew.close()
        for upload in self._begun:
            # What cannot be aborted now is taken up, or aborted, by the next upload of this file.
            with contextlib.suppress(BotoCoreError, ClientError):
                upload.abort()

    def add(self, path: Path, target: S3Uri, listed: Listed | None) -> None:
        """Have a file brought to ``target``, where ``listed`` is."""
        stat = path.stat()
        if listed is None or listed.size != stat.st_size:
            self.crew.add(functools.partial(self._send, path, target))
        elif self._memory.is_untouched(target, listed.etag, stat):
            self.crew.tell(News(stat.st_size, stat.st_size, moved=False))
        else:
            self._alike.append((path, target, listed, stat))
            self._alike_bytes += stat.st_size
            if self._alike_bytes >= COMPARED_BYTES or len(self._alike) >= COMPARED_FILES:
                self._compare_alike()

    def news(self) -> Iterator[News]:
        """What became of all that was added; the first failure is raised."""
        self._compare_alike()
        return self.crew.news()

    def _compare_alike(self) -> None:
        if self._alike:
            self.crew.add(functools.partial(self._compare, self._alike))
        self._alike, self._alike_bytes = [], 0

    def _compare(self, alike: Sequence[Alike]) -> list[News]:
        """News of those that are the same; the others become jobs of their own, for they take S3's time."""
        same = []
        for path, target, listed, stat in alike:
            told = is_same_by_listing(path, target, listed, self._memory, stat)
            if told:
                same.append(News(listed.size, listed.size, moved=False))
            else:
                bring = self._send if told is False else functools.partial(self._bring, listed=listed)
                self.crew.add(functools.partial(bring, path, target))
        return same

    def _bring(self, path: Path, target: S3Uri, listed: Listed) -> News | None:
        if is_same_by_checksum(self._s3, path, target, listed, self._options, self._memory):
            return News(listed.size, listed.size, moved=False)
        return self._send(path, target)

    def _send(self, path: Path, target: S3Uri) -> News | None:
        size = path.stat().st_size
        if size <= PART_BYTES:
            self._put(path, target)
            return News(size, size)
        upload = PartsUpload(self._s3, path, target, self._options, sleep=self.crew.pause)
        self._begun.append(upload)
        upload.begin()
        for number in upload.numbers:
            self.crew.add(functools.partial(self._send_part, upload, number))
        return None

    def _put(self, path: Path, target: S3Uri) -> None:
        stat = path.stat()
        content = path.read_bytes()
        refuse_change(path, target, stat)
        sha256 = sha256_text(content)
        request = {"Bucket": target.bucket, "Key": target.key, "Body": content, **self._put_fields}
        with in_words(target, "sent"), at_once(len(content)):
            answer = ride_out(
                lambda: self._s3.put_object(**request, ChecksumAlgorithm=ALGORITHM, ChecksumSHA256=sha256),
                sleep=self.crew.pause,
            )
        self._memory.note(target, answer["ETag"].strip('"'), sha256, stat)

    def _send_part(self, upload: PartsUpload, number: int) -> News:
        sent, is_last = upload.send(number)
        if not is_last:
            return News(sent)
        etag, sha256 = upload.complete()
        self._begun.remove(upload)
        self._memory.note(upload.target, etag, sha256, upload.stat)
        return News(sent, upload.size)
