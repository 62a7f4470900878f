"""What a training job has left in S3, fetched: model and output, reports of rules, and more on demand.

Where things land: https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-profiling-report.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import ride_out
from sm_raw.aws.transfers.download import download_folder
from sm_raw.aws.transfers.object_listing import iter_pages
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.errors import SmRawError

if TYPE_CHECKING:
    from sm_raw.aws.clients import Clients

PARTS: Mapping[str, tuple[str, str]] = {
    "output": ("OutputDataConfig", "output"),
    "rules": ("OutputDataConfig", "rule-output"),
    "tensors": ("DebugHookConfig", "debug-output"),
    "profile": ("ProfilerConfig", "profiler-output"),
}
"""Part -> the member of the job whose S3OutputPath it lies below, and its folder, below the job's name."""

CHECKPOINTS = "checkpoints"
ALL_PARTS = (*PARTS, CHECKPOINTS)
DEFAULT_PARTS = ("output", "rules")


@dataclass(frozen=True)
class Artefact:
    """One file that was fetched, or was there already with the same content."""

    part: str
    s3_uri: str
    path: Path
    bytes: int


def fetch_artefacts(
    clients: Clients, training_job: str, folder: str | Path, *, parts: Sequence[str] = DEFAULT_PARTS
) -> list[Artefact]:
    """Fetch parts of what a training job has left to sub-folders of ``folder`` of the same names.

    ``output``: model.tar.gz and output.tar.gz, or the files themselves of a job that does not compress them;
    ``rules``: reports of Debugger and profiler rules; ``checkpoints``, ``tensors`` and ``profile`` can be large.
    A part that the job has not left, or was not to leave, is skipped. Raises SmRawError for an unknown part.
    """
    if unknown := sorted(set(parts) - set(ALL_PARTS)):
        raise SmRawError(f"{unknown[0]!r} is no part of what a training job leaves; give {', '.join(ALL_PARTS)}")
    job = ride_out(lambda: clients.sagemaker.describe_training_job(TrainingJobName=training_job))
    return [
        artefact
        for part in parts
        for source in _sources(job, part)
        for artefact in _fetch(clients, part, source, Path(folder) / part)
    ]


def _sources(job: Mapping[str, Any], part: str) -> Iterator[S3Uri]:
    """Where a part lies; rules may each have a place of their own."""
    if part == CHECKPOINTS:
        uris = [job.get("CheckpointConfig", {}).get("S3Uri")]
    else:
        member, name = PARTS[part]
        rules = (*job.get("DebugRuleConfigurations", ()), *job.get("ProfilerRuleConfigurations", ()))
        holders = (job.get(member, {}), *(rules if part == "rules" else ()))
        bases = [holder["S3OutputPath"] for holder in holders if holder.get("S3OutputPath")]
        uris = [f"{base.rstrip('/')}/{job['TrainingJobName']}/{name}" for base in bases]
    yield from (parse_s3_uri(uri) for uri in dict.fromkeys(uris) if uri)


def _fetch(clients: Clients, part: str, source: S3Uri, folder: Path) -> list[Artefact]:
    listed = {
        key: one.size for page in iter_pages(clients.s3, source) for key, one in page.items() if not key.endswith("/")
    }
    if not listed:
        return []
    download_folder(clients.s3, source, folder)
    return [
        Artefact(part, str(S3Uri(source.bucket, key)), folder / key.removeprefix(source.prefix), size)
        for key, size in listed.items()
    ]
