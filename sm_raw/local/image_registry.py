"""The registries of AWS's own images, which moto lacks: whether they hold an image, as this package's data says.

Nothing can be pulled: the engine runs no containers. Repositories of the account itself are moto's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from sm_raw.local.engine import region_of
from sm_raw.local.wire import JSON, body_of, request_id
from sm_raw.specs.images import Image, images_in, registry_accounts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

TARGET = "AmazonEC2ContainerRegistry_V20150921.BatchGetImage"


def answer(environ: WSGIEnvironment) -> Response | None:
    """The answer to BatchGetImage for a registry of AWS's; None for everything else."""
    if environ.get("HTTP_X_AMZ_TARGET") != TARGET:
        return None
    try:
        request = json.loads(body_of(environ))
        account, repository, wanted = request["registryId"], request["repositoryName"], request["imageIds"]
        tags = [each["imageTag"] for each in wanted]
    except (ValueError, KeyError, TypeError):
        return None  # Of another registry, by digest, or nothing that could be understood: moto says so.
    if account not in registry_accounts():
        return None
    region = region_of(environ.get("HTTP_AUTHORIZATION", ""))
    kept = [image for image in images_in(repository) if image.accounts.get(region) == account]
    found = {tag: any(_is_tag_of(image, tag) for image in kept) for tag in tags}
    body = {
        "images": [_image(account, repository, tag) for tag, exists in found.items() if exists],
        "failures": [_failure(tag) for tag, exists in found.items() if not exists],
    }
    return Response(json.dumps(body), content_type=JSON, headers=request_id())


def _is_tag_of(image: Image, tag: str) -> bool:
    parts = tag.split("-")
    has_name = any(f"{tag}-".startswith(f"{name}-") for name in image.names)
    return has_name and all(
        not choices or any(choice in parts for choice in choices) for choices in (image.processors, image.pythons)
    )


def _image(account: str, repository: str, tag: str) -> dict[str, Any]:
    return {"registryId": account, "repositoryName": repository, "imageId": {"imageTag": tag}}


def _failure(tag: str) -> dict[str, Any]:
    return {
        "imageId": {"imageTag": tag},
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    }
