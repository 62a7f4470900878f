"""One file after another to S3, in the threads of a crew: compared, and sent if need be."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from sm_raw.aws.calls import ride_out
from sm_raw.aws.transfers.checksums import PART_BYTES, sha256_text
from sm_raw.aws.transfers.comparing import is_same
from sm_raw.aws.transfers.crew import Crew, News
from sm_raw.aws.transfers.multipart import ALGORITHM, PartsUpload, refuse_change
from sm_raw.aws.transfers.remembered import Remembered
from sm_raw.aws.transfers.s3_calls import Listed, S3Options, check_options, fitting, in_words
from sm_raw.aws.transfers.s3_uris import S3Uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Sender:
    """Sends what is added; at the end of the block nothing is on its way, and no upload in parts is left open."""

    def __init__(self, s3: S3Client, options: S3Options, memory: Remembered, threads: int) -> None:
        check_options(s3, options)
        self.crew = Crew(threads, "upload")
        self._s3, self._options, self._memory = s3, options, memory
        self._put_fields = fitting(s3, "PutObject", options)
        self._begun: list[PartsUpload] = []

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
        if listed is not None and self._memory.is_untouched(target, listed.etag, stat):
            self.crew.tell(News(stat.st_size, stat.st_size, moved=False))
        else:
            self.crew.add(functools.partial(self._bring, path, target, listed))

    def _bring(self, path: Path, target: S3Uri, listed: Listed | None) -> News | None:
        size = path.stat().st_size
        if listed is not None and is_same(self._s3, path, target, listed, self._options, self._memory):
            return News(size, size, moved=False)
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
        with in_words(target, "sent"):
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
