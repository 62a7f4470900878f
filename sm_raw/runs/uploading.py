"""Data and code to S3, with what the ledger has to know of it: what is new there, and what was not finished."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sm_raw.aws.clients import Clients
from sm_raw.aws.remove import find
from sm_raw.aws.resources import Resource
from sm_raw.aws.transfers.upload import upload_file, upload_folder
from sm_raw.runs.ledger import Ledger
from sm_raw.runs.plan import Plan

MEMORY = "uploads.json"  # what is known of uploaded files, so that a second run need not read them

Progress = Callable[[str, int, int], None]
"""Told of a part of the data, how many of its files are there, and how many there are."""


def upload_data(plan: Plan, clients: Clients, ledger: Ledger, out: Path, on_progress: Progress) -> tuple[int, int]:
    """Bring the data of a plan to S3: how many files were sent, and how many were there already."""
    sent = skipped = 0
    with _uploading(clients, ledger, plan.data_uri, Resource("objects", f"{plan.data_uri}/")):
        for name, folder in plan.uploads():

            def tell(done: int, total: int, name: str = name) -> None:
                on_progress(name, done, total)

            result = upload_folder(clients.s3, folder, f"{plan.data_uri}/{name}", on_progress=tell, memory=out / MEMORY)
            sent, skipped = sent + result.sent_files, skipped + result.skipped_files
    return sent, skipped


def upload_code(plan: Plan, clients: Clients, ledger: Ledger) -> bool:
    """Bring the archives of a plan to S3; whether any had to be sent."""
    sent = False
    for archive, uri in plan.archives():
        with _uploading(clients, ledger, uri, Resource("objects", uri)):
            sent = upload_file(clients.s3, archive, uri) or sent
    return sent


@contextlib.contextmanager
def _uploading(clients: Clients, ledger: Ledger, uri: str, objects: Resource) -> Iterator[None]:
    """Within it, files go up to ``uri``. What was there before is not this run's, and stays whatever is asked."""
    if find(clients, objects) is None:
        ledger.leaves(objects)
    ledger.uploading(uri)
    yield
    ledger.uploaded(uri)
