"""A process that is killed while it sends a large file, and the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sm_raw.aws.transfers.checksums import PART_BYTES
from sm_raw.aws.transfers.upload import upload_folder

pytestmark = pytest.mark.local

KILLED = """
import sys, threading
from sm_raw.aws.clients import local_clients
from sm_raw.aws.transfers.upload import upload_folder
s3 = local_clients(sys.argv[1]).s3
send, sent = s3.upload_part, []
def send_two(**fields):
    if len(sent) == 2:
        print("two are there", flush=True)
        threading.Event().wait()
    sent.append(send(**fields))
    return sent[-1]
s3.upload_part = send_two
upload_folder(s3, sys.argv[2], sys.argv[3], threads=1)
"""


def test_after_sigkill_only_what_is_missing_is_sent_and_no_part_stays_behind(lab: Any, tmp_path: Path) -> None:
    folder, uri = tmp_path / "data", f"s3://{lab.bucket}/killed"
    folder.mkdir()
    (folder / "a").write_bytes(b"small")
    (folder / "model").write_bytes(bytes(range(256)) * (4 * PART_BYTES // 256 - 1))
    command = [sys.executable, "-c", KILLED, lab.url, str(folder), uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "two are there\n"
        process.kill()
    left = lab.s3.list_multipart_uploads(Bucket=lab.bucket, Prefix="killed/")["Uploads"]
    assert [upload["Key"] for upload in left] == ["killed/model"]

    parts: list[int] = []
    send = lab.s3.upload_part
    try:
        lab.s3.upload_part = lambda **fields: (parts.append(fields["PartNumber"]), send(**fields))[1]
        result = upload_folder(lab.s3, folder, uri)
    finally:
        del lab.s3.upload_part
    assert (result.sent_files, result.skipped_files, sorted(parts)) == (1, 1, [3, 4])
    assert lab.get(f"{uri}/model") == (folder / "model").read_bytes()
    assert "Uploads" not in lab.s3.list_multipart_uploads(Bucket=lab.bucket, Prefix="killed/")
