"""What ``try-model`` tries: archive, code, request and pictures, all read before anything is run."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sm_raw.aws.invoking.payloads import ANY_PICTURE, JPEG, payload
from sm_raw.aws.transfers.download import download
from sm_raw.aws.transfers.folders import files_of
from sm_raw.aws.transfers.packing import unpack
from sm_raw.cli.jobs import clients_of
from sm_raw.errors import SmRawError
from sm_raw.runs.story import Story
from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation import read_document
from sm_raw.validation.artifacts import Artifact, Serving, read_artifact, serving_of
from sm_raw.validation.reading import at, text

PROGRAM, SUBMIT_DIRECTORY = "SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"
S3 = "s3://"
MADE_PICTURE = "a made JPEG"


@dataclass(frozen=True)
class Given:
    """What is tried: the archive on this disk, its code, what the request says, and what is sent."""

    archive: Path
    artifact: Artifact
    serving: Serving
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    code: Path | None = None
    payloads: Sequence[tuple[str, bytes, str]] = ()


def read_given(options: argparse.Namespace, folder: Path, story: Story) -> Given:
    """Everything read, and fetched where it lies in S3, before anything is run."""
    image, environment = _container(options.request)
    if options.entry_point is not None:
        environment[PROGRAM] = options.entry_point
    payloads = () if options.layout_only else list(_payloads(options))
    archive = _fetched(options, options.model, folder / "model.tar.gz", story)
    artifact = read_artifact(archive)
    code = options.code or _code_of_its_own(options, environment, folder, story)
    path = registry_path(image) if image else None
    serving = serving_of(environment, path.repository if path else "", has_own_code=code is None)
    if code is not None:
        artifact = artifact.with_code(serving.code_folder, files_of(code))
    if not options.layout_only:
        _refuse_functions_of_others(artifact, serving)
    return Given(archive, artifact, serving, image, environment, code, payloads)


def _refuse_functions_of_others(artifact: Artifact, serving: Serving) -> None:
    if not serving.is_pytorch and serving.expected not in artifact.names:
        raise SmRawError(
            f"without {serving.expected}, {serving.repository} serves by functions of its own, and those are not here; "
            "give --code DIR or --entry-point NAME to try a handler, or --layout-only"
        )


def _container(file: str | None) -> tuple[str, dict[str, str]]:
    """Image and environment of a CreateModel request, as far as they are known: a recipe's have ${placeholders}."""
    if file is None:
        return "", {}
    request = read_document(file, "CreateModel").request
    containers = [request.get("PrimaryContainer"), *(request.get("Containers") or ())]
    container = next((each for each in containers if isinstance(each, Mapping)), {})
    given = at(container, "Environment")
    environment = given if isinstance(given, Mapping) else {}
    known = {name: value for name in environment if (value := text(environment[name])) is not None}
    return text(at(container, "Image")) or "", known


def _payloads(options: argparse.Namespace) -> Iterator[tuple[str, bytes, str]]:
    """(name, body, content type) of each request; raises InvalidPayload for what an endpoint would not take."""
    for file in options.pictures:
        yield file, *payload(file, content_type=options.content_type)
    if options.pictures:
        return
    if options.content_type not in (None, JPEG, ANY_PICTURE):
        raise SmRawError(f"nothing can be made up to send as {options.content_type}: give --picture FILE")
    yield MADE_PICTURE, _jpeg(), options.content_type or JPEG


def _jpeg() -> bytes:
    """A real JPEG: 256 x 256 pixels, a different colour at each place."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise SmRawError("to make a picture, Pillow is needed: pip install pillow, or give --picture FILE") from None
    ramp = Image.linear_gradient("L")
    buffer = io.BytesIO()
    Image.merge("RGB", (ramp, ramp.rotate(90), Image.radial_gradient("L"))).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _fetched(options: argparse.Namespace, place: str, target: Path, story: Story) -> Path:
    if not place.startswith(S3):
        return Path(place)
    story.progress(f"fetching {place}")
    download(clients_of(options).s3, place, target)
    return target


def _code_of_its_own(
    options: argparse.Namespace, environment: Mapping[str, str], folder: Path, story: Story
) -> Path | None:
    """The unpacked code of a model whose code is not in its archive."""
    place = environment.get(SUBMIT_DIRECTORY, "")
    if not place.startswith(S3):
        return None
    unpack(_fetched(options, place, folder / "sourcedir.tar.gz", story), folder / "sourcedir")
    return folder / "sourcedir"
