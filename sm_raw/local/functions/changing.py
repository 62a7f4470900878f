"""The operations that change a function: refused as Lambda does, done by moto, and followed by its processes."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

from werkzeug.wrappers import Response

from sm_raw.local.functions import requests
from sm_raw.local.functions.call import Call
from sm_raw.local.functions.code import archive_of
from sm_raw.local.functions.described import LATEST, function_arn, is_alias, moto_refuses
from sm_raw.local.functions.refusals import conflict, invalid, too_large

# Parts of a request that say what the code is: moto gets the archive itself in their place.
CODE_FIELDS = ("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 50 MB, in base64.
MAX_REQUEST_BYTES = 69_905_067


def create_function(call: Call) -> Response:
    """CreateFunction: the code is fetched now, as Lambda does, so that it outlives the object in S3."""
    _refuse_large(call)
    request = call.document()
    requests.refuse_function(request, call.client("iam"))
    request["Code"] = _with_archive(call, request.get("Code") or {})
    return call.to_moto(request)


def update_code(call: Call) -> Response:
    """UpdateFunctionCode: environments of the old code end."""
    _refuse_large(call)
    request = call.document()
    _existing(call)
    response = call.to_moto(_with_archive(call, request))
    return _retired(call, response)


def update_configuration(call: Call) -> Response:
    """UpdateFunctionConfiguration: environments of the old configuration end."""
    request = call.document()
    requests.refuse_configuration(request)
    if request.get("Role"):
        requests.refuse_role(request["Role"], call.client("iam"))
    return _retired(call, call.to_moto())


def publish_version(call: Call) -> Response:
    """PublishVersion: not of other code than the caller means."""
    name, _ = call.named()
    wanted = call.document().get("CodeSha256")
    if wanted:
        with moto_refuses():
            current = call.client("lambda").get_function(FunctionName=name)["Configuration"]["CodeSha256"]
        if wanted != current:
            raise invalid(
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({current}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
    return call.to_moto()


def put_concurrency(call: Call) -> Response:
    """PutFunctionConcurrency: no less than is provisioned."""
    name, _ = call.named()
    reserved = call.document().get("ReservedConcurrentExecutions")
    provisioned = call.functions.provisioning.total(call.region, name)
    if isinstance(reserved, int) and reserved < provisioned:
        raise invalid(
            f"ReservedConcurrentExecutions {reserved} should not be lower than function's total provisioned "
            f"concurrency [{provisioned}]."
        )
    return call.to_moto()


def delete_function(call: Call) -> Response:
    """DeleteFunction, or of one version that no alias points to; its processes end."""
    name, version = call.named()
    if version is not None:
        _refuse_used(call, name, version)
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.forget(call.region, name, version)
        call.functions.urls.forget(call.region, name, version)
        call.functions.pool.retire(call.region, name, version)
    return response


def create_alias(call: Call) -> Response:
    """CreateAlias: a name that is taken is a ResourceConflictException, which moto calls otherwise."""
    name, _ = call.named()
    alias = str(call.document().get("Name"))
    client = call.client("lambda")
    with moto_refuses():
        taken = [
            item["AliasArn"] for item in client.list_aliases(FunctionName=name)["Aliases"] if item["Name"] == alias
        ]
    if taken:
        raise conflict(f"Alias already exists: {taken[0]}")
    return call.to_moto()


def add_permission(call: Call) -> Response:
    """AddPermission: a statement's id is given once for a function, a version or an alias."""
    name, qualifier = call.named()
    statement = str(call.document().get("StatementId"))
    client = call.client("lambda")
    place = function_arn(call.region, name, qualifier)
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
        if (statement, place) in [(item.get("Sid"), item.get("Resource")) for item in policy["Statement"]]:
            raise conflict(
                f"The statement id ({statement}) provided already exists. Please provide a new statement id, "
                "or remove the existing statement."
            )
    return call.to_moto()


def update_alias(call: Call) -> Response:
    """UpdateAlias: what is provisioned for it moves to the version that it points to now."""
    name, _ = call.named()
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.follow(call.region, name, call.last_step())
    return response


def delete_alias(call: Call) -> Response:
    """DeleteAlias: what is provisioned for it ends."""
    name, _ = call.named()
    response = call.to_moto()
    if response.status_code < 300:
        call.functions.provisioning.forget(call.region, name, call.last_step())
        call.functions.urls.forget(call.region, name, call.last_step())
    return response


def _refuse_large(call: Call) -> None:
    if (call.http.content_length or 0) > MAX_REQUEST_BYTES:
        raise too_large(MAX_REQUEST_BYTES, call.operation)


def _with_archive(call: Call, code: dict[str, Any]) -> dict[str, Any]:
    """The request with the archive in place of where it is."""
    archive = archive_of(code, call.client("s3"))
    call.functions.code.keep(archive)
    others = {field: value for field, value in code.items() if field not in CODE_FIELDS}
    return {**others, "ZipFile": base64.b64encode(archive).decode()}


def _existing(call: Call) -> None:
    name, _ = call.named()
    with moto_refuses():
        call.client("lambda").get_function(FunctionName=name)


def _retired(call: Call, response: Response) -> Response:
    if response.status_code < 300:
        name, _ = call.named()
        call.functions.pool.retire(call.region, name, LATEST)
    return response


def _refuse_used(call: Call, name: str, version: str) -> None:
    """A version that an alias points to, and $LATEST, stay."""
    if version == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if is_alias(version):
        raise invalid("Deletion of aliases is not currently supported.")
    with moto_refuses():
        aliases = call.client("lambda").list_aliases(FunctionName=name)["Aliases"]
    using = [alias["Name"] for alias in aliases if alias["FunctionVersion"] == version]
    if using:
        raise conflict(f"Unable to delete version because the following aliases reference it: [{', '.join(using)}]")
