"""Provisioned concurrency: so many environments of a version, or of the version of an alias, that are kept warm.

https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html. What is refused, and in which words, was
taken from the API reference and from answers of the service that users and other emulators have written down.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sm_raw.local.engine import Engine
from sm_raw.local.functions.described import (
    LATEST,
    Function,
    find_function,
    function_arn,
    is_alias,
    moto_refuses,
)
from sm_raw.local.functions.environment import Environment
from sm_raw.local.functions.pool import Pool
from sm_raw.local.functions.refusals import conflict, invalid
from sm_raw.local.protocol import ServiceError
from sm_raw.local.store import Record

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

KIND = "provisioned-concurrency"
UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
NEITHER = "The function resource provided must be an alias or a published version."
NONE_FOUND = "No Provisioned Concurrency Config found for this function"
ABOVE_RESERVED = (
    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
)
ALIAS_CONFLICT = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
VERSION_CONFLICT = "Version is pointed by a Provisioned Concurrency alias"
INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
REQUESTED = "RequestedProvisionedConcurrentExecutions"
SHOWN = ("Status", "StatusReason", "LastModified", REQUESTED)


class Provisioning:
    """The provisioned concurrency of all functions: a record of the store for each, and what fills it."""

    def __init__(self, engine: Engine, pool: Pool) -> None:
        self._engine, self._pool = engine, pool
        pool.on_loss = self._refill

    def put(self, region: str, name: str, qualifier: str, executions: int) -> dict[str, Any]:
        """PutProvisionedConcurrencyConfig: IN_PROGRESS, and READY when so many processes have imported the handler."""
        if qualifier == LATEST:
            raise invalid(UNPUBLISHED)
        function = self._version_of(region, name, qualifier)
        self._refuse_conflicts(function, qualifier)
        self._refuse_too_many(function, qualifier, executions)
        record = self._record(region, name, qualifier)
        fields = {REQUESTED: executions, "Status": "IN_PROGRESS", "StatusReason": None, "LastModified": _now()}
        self._engine.store.update(record, **fields)
        answer = self._describe(record)
        self._start(record)
        return answer

    def get(self, region: str, name: str, qualifier: str) -> dict[str, Any]:
        """GetProvisionedConcurrencyConfig."""
        self._refuse_unknown(region, name, qualifier)
        record = self._find(region, name, qualifier)
        if record is None:
            raise ServiceError("ProvisionedConcurrencyConfigNotFoundException", NONE_FOUND, status=404)
        return self._describe(record)

    def all_of(self, region: str, name: str) -> list[dict[str, Any]]:
        """ListProvisionedConcurrencyConfigs: all of a function, oldest first."""
        with moto_refuses():
            self._client(region).get_function(FunctionName=name)
        return [{"FunctionArn": record.arn, **self._describe(record)} for record in self._of(region, name)]

    def delete(self, region: str, name: str, qualifier: str) -> None:
        """DeleteProvisionedConcurrencyConfig; one that is not there is no error."""
        self._refuse_unknown(region, name, qualifier)
        self.forget(region, name, qualifier)

    def forget(self, region: str, name: str, qualifier: str | None = None) -> None:
        """What was provisioned is gone: a function, with all of its versions and aliases, or one of these."""
        for record in self._of(region, name):
            if qualifier in (None, _qualifier(record)):
                self._engine.store.remove(record)
                self._pool.retire_all(lambda one, owner=record.arn: one.owner == owner)  # type: ignore[misc]

    def follow(self, region: str, name: str, alias: str) -> None:
        """An alias points elsewhere: its environments are now to be of that version."""
        record = self._find(region, name, alias)
        if record is not None:
            self._engine.store.update(record, Status="IN_PROGRESS", StatusReason=None)
            self._start(record)

    def total(self, region: str, name: str, *, apart_from: str = "") -> int:
        """How many are provisioned for a function."""
        others = [record for record in self._of(region, name) if _qualifier(record) != apart_from]
        return sum(record.description[REQUESTED] for record in others)

    def _start(self, record: Record) -> None:
        self._engine.start(f"provisioned concurrency {record.name}", lambda: self._fill(record))

    def _refill(self, lost: Environment) -> None:
        records = self._engine.store.all(lost.function.region, KIND)
        record = next((one for one in records if one.arn == lost.owner), None)
        if record is not None and not self._engine.closing.is_set():
            self._start(record)

    def _fill(self, record: Record) -> None:
        """Start or end environments until there are as many as requested. One thread at a time."""
        with record.live:
            name, qualifier = record.name.split(":")
            try:
                function = self._version_of(record.region, name, qualifier)
                whole = self._bring_to(record, function)
            except ServiceError as error:  # The function is gone meanwhile, or all room is taken.
                self._engine.store.update(record, Status="FAILED", StatusReason=error.message)
                return
            outcome = {"Status": "READY"} if whole else {"Status": "FAILED", "StatusReason": INIT_FAILURE}
            self._engine.store.update(record, **outcome)

    def _bring_to(self, record: Record, function: Function) -> bool:
        """Whether all environments were initialised."""
        self._pool.retire_all(lambda one: one.owner == record.arn and one.function != function)
        while self._is_current(record):
            there, wanted = self._pool.owned(record.arn), record.description[REQUESTED]
            if len(there) > wanted:
                surplus = there[wanted:]
                self._pool.retire_all(lambda one, surplus=surplus: one in surplus)  # type: ignore[misc]
            if len(there) >= wanted:
                return True
            if not self._add(function, record.arn, wanted - len(there)):
                return False
        # Deleted meanwhile: what was started after that belongs to nobody.
        self._pool.retire_all(lambda one: one.owner == record.arn)
        return True

    def _add(self, function: Function, owner: str, number: int) -> bool:
        """Start environments, which import side by side; whether all of them could."""
        with contextlib.ExitStack() as started:
            environments = []
            for _ in range(number):
                environment = self._pool.add(function, owner)
                started.callback(self._settle, environment)
                environments.append(environment)
            wrong = [environment for environment in environments if environment.initialise()]
        return not wrong

    def _settle(self, environment: Environment) -> None:
        give_back = self._pool.release if environment.ready else self._pool.discard
        give_back(environment)

    def _is_current(self, record: Record) -> bool:
        return self._engine.store.get(record.region, KIND, record.name) is record and not self._engine.closing.is_set()

    def _describe(self, record: Record) -> dict[str, Any]:
        described = self._engine.store.describe(record)
        ready = sum(environment.ready for environment in self._pool.owned(record.arn))
        return {
            **{field: described[field] for field in SHOWN if described.get(field) is not None},
            "AllocatedProvisionedConcurrentExecutions": ready,
            "AvailableProvisionedConcurrentExecutions": ready,
        }

    def _version_of(self, region: str, name: str, qualifier: str) -> Function:
        """The published version that is provisioned; an alias may point to $LATEST, which cannot be."""
        self._refuse_unknown(region, name, qualifier)
        function = find_function(self._client(region), region, name, qualifier, draw=lambda: 1.0)
        if function.version == LATEST:
            raise invalid(UNPUBLISHED)
        return function

    def _refuse_unknown(self, region: str, name: str, qualifier: str) -> None:
        if qualifier == LATEST:
            raise invalid(NEITHER)
        client = self._client(region)
        with moto_refuses():
            client.get_function(FunctionName=name)
            if is_alias(qualifier):
                client.get_alias(FunctionName=name, Name=qualifier)
            else:
                client.get_function(FunctionName=name, Qualifier=qualifier)

    def _refuse_conflicts(self, function: Function, qualifier: str) -> None:
        """A version is provisioned once: as itself, or through an alias."""
        if is_alias(qualifier):
            if self._find(function.region, function.name, function.version):
                raise conflict(ALIAS_CONFLICT)
            return
        with moto_refuses():
            aliases = self._client(function.region).list_aliases(FunctionName=function.name)["Aliases"]
        pointing = [alias["Name"] for alias in aliases if alias["FunctionVersion"] == function.version]
        if any(self._find(function.region, function.name, alias) for alias in pointing):
            raise conflict(VERSION_CONFLICT)

    def _refuse_too_many(self, function: Function, qualifier: str, executions: int) -> None:
        total = executions + self.total(function.region, function.name, apart_from=qualifier)
        reserved = reserved_concurrency(self._client(function.region), function.name)
        if reserved is not None and total > reserved:
            raise invalid(ABOVE_RESERVED)
        if executions > self._pool.limit:
            raise invalid(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                f"[{self._pool.limit}]."
            )

    def _record(self, region: str, name: str, qualifier: str) -> Record:
        arn = function_arn(region, name, qualifier)
        record = Record(region, KIND, f"{name}:{qualifier}", arn, {REQUESTED: 0}, live=threading.Lock())
        with contextlib.suppress(KeyError):
            return self._engine.store.add(record)
        found = self._find(region, name, qualifier)
        return found or self._record(region, name, qualifier)

    def _find(self, region: str, name: str, qualifier: str) -> Record | None:
        return self._engine.store.get(region, KIND, f"{name}:{qualifier}")

    def _of(self, region: str, name: str) -> list[Record]:
        return [one for one in self._engine.store.all(region, KIND) if one.name.split(":")[0] == name]

    def _client(self, region: str) -> LambdaClient:
        client: LambdaClient = self._engine.client("lambda", region)
        return client


def reserved_concurrency(client: LambdaClient, name: str) -> int | None:
    """What is reserved for a function, and at the same time its limit; None if there is none."""
    with moto_refuses():
        found: Mapping[str, Any] = client.get_function_concurrency(FunctionName=name)
    return found.get("ReservedConcurrentExecutions")


def _qualifier(record: Record) -> str:
    return record.name.split(":")[1]


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")
