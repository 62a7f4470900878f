"""E609 to W614: versions of Lambda functions, their aliases and provisioned concurrency."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_absent, number, text
from sm_raw.validation.rules.base import Rule, TogetherRule
from sm_raw.validation.rules.deployments import Documents, documents, missing_name

CONCURRENCY_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"
ALIASES_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html"
VERSIONS_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"

LATEST = "$LATEST"
NUMBER = re.compile(r"\d+")
# {operation: the field that names a version, or an alias}
NAMES_VERSION = {"CreateAlias": "FunctionVersion", "PutProvisionedConcurrencyConfig": "Qualifier"}


class ProvisionedForAVersion(Rule):
    """Provisioned concurrency is for a version or an alias, not for $LATEST."""

    id = "E609"
    operations = ("PutProvisionedConcurrencyConfig",)
    source = CONCURRENCY_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        if request.get("Qualifier") == LATEST:
            message = f"{LATEST!r} cannot be provisioned; publish a version and give its number or an alias of it"
            yield self.finding("Qualifier", message)


class ProvisionedAliasHasAVersion(TogetherRule):
    """An alias with provisioned concurrency points to a version, not to $LATEST."""

    id = "E610"
    operations = ("CreateAlias",)
    source = CONCURRENCY_PAGE

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        provisioned = {
            (str(at(request, "FunctionName")), str(at(request, "Qualifier")))
            for operation, request in requests
            if operation_name(operation) == "PutProvisionedConcurrencyConfig"
        }
        for index, (operation, request) in enumerate(requests):
            alias = str(at(request, "FunctionName")), str(at(request, "Name"))
            is_latest = operation_name(operation) == "CreateAlias" and at(request, "FunctionVersion") == LATEST
            if is_latest and alias in provisioned:
                message = f"{LATEST!r} cannot be provisioned, as this alias is; give the number of a version"
                yield index, ProvisionedAliasHasAVersion(operation).finding("FunctionVersion", message)


class ProvisionedWithinReserved(TogetherRule):
    """Provisioned concurrency does not exceed what is reserved for the function."""

    id = "E611"
    operations = ("PutProvisionedConcurrencyConfig",)
    source = CONCURRENCY_PAGE

    def check_together(self, requests: Sequence[tuple[str, Any]]) -> Iterator[tuple[int, Finding]]:
        reserved = {
            text(at(request, "FunctionName")): number(at(request, "ReservedConcurrentExecutions"))
            for operation, request in requests
            if operation_name(operation) == "PutFunctionConcurrency"
        }
        for index, (operation, request) in enumerate(requests):
            most = reserved.get(text(at(request, "FunctionName")))
            asked = number(at(request, "ProvisionedConcurrentExecutions"))
            if operation_name(operation) not in self.operations or most is None or asked is None or asked <= most:
                continue
            message = f"{asked} is more than the {most} that PutFunctionConcurrency reserves; give {most} or less"
            yield index, ProvisionedWithinReserved(operation).finding("ProvisionedConcurrentExecutions", message)


class FunctionIsDefined(TogetherRule):
    """An alias is of a function that the documents given together make, if they make any."""

    id = "W612"
    operations = tuple(NAMES_VERSION)
    source = ALIASES_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        made = [function_name(each) for _, _, each in documents(requests, "CreateFunction")]
        for index, operation, request in documents(requests, *self.operations):
            message = missing_name(function_name(request) or None, made, "CreateFunction")
            if message is not None:
                yield index, type(self)(operation).finding("FunctionName", message)


class AliasIsDefined(TogetherRule):
    """Provisioned concurrency is for an alias that the documents given together make, if they make the function any."""

    id = "W613"
    operations = ("PutProvisionedConcurrencyConfig",)
    source = CONCURRENCY_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        aliases: dict[str, list[str]] = {}
        for _, _, alias in documents(requests, "CreateAlias"):
            aliases.setdefault(function_name(alias), []).append(str(alias.get("Name")))
        for index, operation, request in documents(requests, *self.operations):
            qualifier = text(request.get("Qualifier"))
            if qualifier is None or qualifier == LATEST or NUMBER.fullmatch(qualifier):
                continue
            message = missing_name(qualifier, aliases.get(function_name(request), []), "CreateAlias")
            if message is not None:
                yield index, type(self)(operation).finding("Qualifier", message)


class VersionIsPublished(TogetherRule):
    """A version that is named, of a function made in the same story, is published there."""

    id = "W614"
    operations = tuple(NAMES_VERSION)
    source = VERSIONS_PAGE

    def check_together(self, requests: Documents) -> Iterator[tuple[int, Finding]]:
        unpublished = {function_name(each) for _, _, each in documents(requests, "CreateFunction") if _is_draft(each)}
        if any(True for _ in documents(requests, "PublishVersion", "UpdateFunctionCode")):
            return
        for index, operation, request in documents(requests, *self.operations):
            name, field = function_name(request), NAMES_VERSION[operation]
            version = text(request.get(field))
            if name in unpublished and version is not None and NUMBER.fullmatch(version):
                message = f"{version!r} of {name!r} is never published; set Publish to true in its CreateFunction"
                yield index, type(self)(operation).finding(field, message)


def function_name(request: Request) -> str:
    """The name of a request's function, also out of its ARN; a placeholder as it is, and empty without one."""
    given = request.get("FunctionName")
    parts = given.split(":") if isinstance(given, str) else [""]
    return parts[parts.index("function", 0, -1) + 1] if "function" in parts[:-1] else parts[0]


def _is_draft(request: Request) -> bool:
    return is_absent(request, "Publish") or request["Publish"] is False
