"""Sends a plan, step by step: data and code go up, requests are submitted and waited for, results come back.

Whatever happens, what was made is removed at the end and the record is true: a failure, Ctrl-C and a service that is
gone all pass through ``execute``, which tears down before it lets them go.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import is_transient, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.failures.explaining import explained
from sm_raw.aws.hosting.lifetimes import schedule_name, set_lifetime
from sm_raw.aws.invoking.by_function import ask_function
from sm_raw.aws.invoking.invoke import invoke_endpoint
from sm_raw.aws.job_kinds import JobKind
from sm_raw.aws.propagation import until_known
from sm_raw.aws.readiness import wait_until_ready
from sm_raw.aws.resources import Resource
from sm_raw.aws.waiting.wait import wait
from sm_raw.errors import InvalidRequest, JobFailed, NameClash, SmRawError
from sm_raw.runs import outcomes
from sm_raw.runs.effects import EFFECTS, Effect, noun_of, resource_of
from sm_raw.runs.existing import find_existing, is_usable
from sm_raw.runs.leavings import leavings_of
from sm_raw.runs.ledger import Ledger
from sm_raw.runs.plan import Plan, StepResult
from sm_raw.runs.predictions import Asking, predict
from sm_raw.runs.recipe import RecipeStep
from sm_raw.runs.record import Record
from sm_raw.runs.story import Story
from sm_raw.runs.submission import submit_step
from sm_raw.runs.taking_down import remove_made, stop_running
from sm_raw.runs.uploading import upload_code, upload_data

if TYPE_CHECKING:
    from botocore.client import BaseClient

ATTEMPTS = 100  # names that are tried before giving up


@dataclass(frozen=True)
class Choices:
    """What the user decides about a run. ``if_exists`` is reuse, increment or fail.

    An endpoint that is kept may have a lifetime, and a role with which AWS itself ends it: see ``lifetimes``.
    """

    if_exists: str = "reuse"
    keep: bool = False
    wait_seconds: float = 24 * 3600
    lifetime_seconds: float | None = None
    lifetime_role: str | None = None


class Execution:
    """One run of a plan."""

    def __init__(
        self, plan: Plan, clients: Clients, record: Record, story: Story, choices: Choices, ledger: Ledger
    ) -> None:
        self._plan, self._clients = plan, clients
        self._record, self._story, self._choices = record, story, choices
        self._ledger = ledger
        self._results: dict[str, StepResult] = {}

    def execute(self) -> None:
        """Run every step, then take down what was made. The first failure is raised once all that is done.

        What an earlier run of the ledger has made and left, because it was killed, counts as made by this one.
        """
        try:
            if not self._ledger.has_done_all_steps:
                self._take_steps()
        finally:
            self._tear_down()

    def _take_steps(self) -> None:
        self._upload_data()
        self._upload_code()
        for step in self._plan.recipe.steps:
            self._predict(step) if step.pictures else self._send(step)
        self._ledger.write("done")

    @contextlib.contextmanager
    def _step(self, name: str, operation: str | None, what: str) -> Iterator[dict[str, Any]]:
        """A step in record and story; the block sets ``detail``, and ``status`` where it is not "succeeded"."""
        step = self._record.begin(name, operation)
        self._story.begin(name, what)
        try:
            yield step
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            self._close(step, "interrupted" if interrupted else "failed")
            raise
        self._close(step, "succeeded" if step["status"] == "running" else step["status"])

    def _close(self, step: dict[str, Any], status: str) -> None:
        self._record.end(step, status)
        self._story.end(step["name"], status, step["detail"], step["seconds"])

    def _upload_data(self) -> None:
        with self._step("data", None, f"uploading {self._plan.data_folder}") as step:
            sent, skipped = upload_data(self._plan, self._clients, self._ledger, self._record.out, self._tell_upload)
            step["resource"] = self._plan.data_uri
            step["detail"] = f"{sent} files sent, {skipped} there already"

    def _tell_upload(self, part: str, done: int, total: int) -> None:
        # Plain lines stay, so they are few; on a terminal the line moves.
        if done == total or done % (25 if self._story.live else 1000) == 0:
            self._story.progress(f"{'data':<16} {part}: {done} of {total} files")

    def _upload_code(self) -> None:
        with self._step("code", None, f"packing {self._plan.recipe.code.name}") as step:
            sent = upload_code(self._plan, self._clients, self._ledger)
            step["resource"] = self._plan.code_uri
            step["detail"] = "sent" if sent else "there already"

    def _send(self, recipe_step: RecipeStep) -> None:
        """Submit one document, wait for what it starts, and keep what the service tells of it."""
        operation = recipe_step.operation
        effect = EFFECTS[operation]
        with self._step(recipe_step.name, operation, operation) as step:
            request, existing = self.choose_name(recipe_step)
            name = request[effect.name]
            step["resource"] = name
            step["request"] = self._record.write_request(recipe_step.file, request)
            if existing is None:
                response = self._create(operation, effect, request)
            else:
                response = existing
                step["status"] = "reused"
            response = self._ready(operation, effect, request, response)
            self._results[recipe_step.name] = StepResult(name, {**request, **response}, done=True)
            facts = outcomes.read(operation, self._clients, name, request, response, self._record.out)
            self._record.content.update(facts.fields)
            step["detail"] = facts.detail
        if facts.table:
            self._story.table(facts.table)

    def choose_name(self, step: RecipeStep) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The request under a name that can be used, and what exists under it if that is to be reused.

        Raises NameClash where the user wants no reuse and no other name.
        """
        effect = EFFECTS[step.operation]
        for attempt in range(1, ATTEMPTS):
            request = self._plan.request(step, self._results, attempt)
            existing = self._find(step.operation, effect, request)
            if existing is None:
                return request, None
            own = self._ledger.is_own(step.operation, request[effect.name])
            if self._choices.if_exists == "fail" and not own:
                raise NameClash(noun_of(step.operation), request[effect.name])
            if is_usable(step.operation, existing) and (own or self._choices.if_exists == "reuse"):
                return request, existing
        raise NameClash(noun_of(step.operation), request[effect.name])

    def _find(self, operation: str, effect: Effect, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """What exists under the request's name. Of what overwrites, nobody but the ledger knows whose it is."""
        if effect.overwrites and not self._ledger.is_made(operation, request[effect.name]):
            return None
        return find_existing(self._clients, operation, request)

    def _create(self, operation: str, effect: Effect, request: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        name, resource = request[effect.name], resource_of(operation, request)
        for left in leavings_of(operation, request):
            self._ledger.leaves(left)
        self._ledger.creating(operation, name, resource)
        try:
            response = until_known(operation, lambda: ride_out(lambda: self._send_once(operation, effect, request)))
        except (InvalidRequest, ClientError) as error:
            # What overwrites cannot be looked for: only a clear refusal says that nothing was made.
            if not effect.overwrites or not is_transient(error):
                self._ledger.refused(operation, name, resource)
            raise
        self._ledger.created(operation, name)
        return response

    def _send_once(self, operation: str, effect: Effect, request: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a request; where the answer is an error or gets lost, what is there all the same counts as made.

        Nothing of this name was there before: so a refusal because it exists tells of an answer that was lost.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return submit_step(self._clients, operation, request)
        except (BotoCoreError, ClientError):
            existing = self._find(operation, effect, request)
            if existing is None:
                raise
            return existing

    def _ready(
        self, operation: str, effect: Effect, request: Mapping[str, Any], response: dict[str, Any]
    ) -> dict[str, Any]:
        """What the service tells of it once it has ended, serves or can be used; told while it is waited for."""
        name, resource = request[effect.name], resource_of(operation, request)
        if effect.kind is not None:
            mine = self._ledger.is_own(operation, name)
            return self._follow(operation, effect.kind, name, mine=mine)
        if resource is None:
            return response
        found = wait_until_ready(
            self._clients,
            resource,
            timeout_seconds=self._choices.wait_seconds,
            on_change=lambda status: self._story.progress(f"{name}: {status}"),
        )
        return {**response, **found}

    def _follow(self, operation: str, kind: JobKind, name: str, *, mine: bool) -> dict[str, Any]:
        """Wait for a job or endpoint, telling what it does."""
        with (
            explained(self._clients),
            outcomes.following_log(kind, name, self._clients, self._story if mine else None),
            self._until_ended(operation, name),
        ):
            response = wait(
                self._clients.sagemaker,
                kind,
                name,
                timeout_seconds=self._choices.wait_seconds,
                on_change=lambda response: self._story.progress(f"{name}: {outcomes.progress(kind, response)}"),
                logs=self._clients.logs,
                refresh=self._renewed,
                on_notice=self._story.line,
            )
        return outcomes.settled(kind, response, self._clients, self._story, self._choices.wait_seconds)

    def _renewed(self) -> BaseClient:
        """A client with the credentials that the configuration has by now: those of before have expired."""
        self._clients.renew()
        client: BaseClient = self._clients.client("sagemaker")
        return client

    @contextlib.contextmanager
    def _until_ended(self, operation: str, name: str) -> Iterator[None]:
        """A job that has ended, one way or the other, needs no stopping; one that the block leaves running does."""
        try:
            yield
        except JobFailed:
            self._ledger.ended(operation, name)
            raise
        self._ledger.ended(operation, name)

    def _predict(self, recipe_step: RecipeStep) -> None:
        way = recipe_step.through
        ways = {"endpoint": ("InvokeEndpoint", self._endpoint), "function": ("Invoke", self._function)}
        operation, target = ways[way]
        with self._step(recipe_step.name, operation, f"{recipe_step.pictures} test pictures") as step:
            step["resource"], ask = target()
            earlier = self._record.content["predictions"]
            found = predict(
                ask, self._plan.data_folder, recipe_step.pictures, self._record.out, first_number=len(earlier)
            )
            self._record.content["predictions"] = [*earlier, *({**each, "through": way} for each in found)]
            right = sum(item["label"] == item["expected"] for item in found)
            step["detail"] = f"{right} of {len(found)} right"
        head = ["picture", "label", "score", "expected"]
        self._story.table([head, *outcomes.prediction_rows(found)])

    def _endpoint(self) -> tuple[str, Asking]:
        name = self._made("CreateEndpoint").name
        return name, lambda path: invoke_endpoint(self._clients.runtime, name, path, idempotent=True)

    def _function(self) -> tuple[str, Asking]:
        """The function by its alias, which is what is kept warm."""
        alias = self._made("CreateAlias")
        function = str(alias.values["FunctionName"])
        return function, lambda path: ask_function(
            self._clients.awslambda, function, path, qualifier=alias.name, idempotent=True
        ).prediction()

    def _made(self, operation: str) -> StepResult:
        for step in self._plan.recipe.steps:
            if step.operation == operation and step.name in self._results:
                return self._results[step.name]
        raise SmRawError(f"the recipe makes predictions before its {operation}: put that step before them")

    def _tear_down(self) -> None:
        """Stop what still runs and remove what was made; list it again as the proof."""
        left = self._record.content["left_behind"]
        left += stop_running(self._clients, self._ledger, self._stopping)
        made = self._ledger.resources()
        if not made:
            return
        if self._choices.keep:
            self._keep(made)
            return
        with self._step("down", None, f"removing {len(made)} resources") as step:
            found = remove_made(self._clients, self._ledger, self._story.progress)
            left += found
            step["status"] = "failed" if found else "succeeded"
            step["detail"] = f"left behind: {'; '.join(found)}" if found else f"{len(made)} removed, nothing left"

    def _keep(self, made: Sequence[Resource]) -> None:
        self._record.content["kept"] = [str(resource) for resource in made]
        self._story.line("kept: " + ", ".join(self._record.content["kept"]))
        if self._choices.lifetime_seconds is None:
            return
        until = datetime.now(timezone.utc) + timedelta(seconds=self._choices.lifetime_seconds)
        for resource in made:
            if resource.kind == "endpoint":
                self._limit_lifetime(resource, until)
                self._story.line(f"{resource} may go after {until:%Y-%m-%d %H:%M} UTC")

    def _limit_lifetime(self, endpoint: Resource, until: datetime) -> None:
        role = self._choices.lifetime_role
        if role is None:
            set_lifetime(self._clients, endpoint.name, until=until)
            return
        name = schedule_name(endpoint.name)
        self._ledger.creating("CreateSchedule", name, Resource("schedule", name))
        set_lifetime(self._clients, endpoint.name, until=until, scheduler_role_arn=role)
        self._ledger.created("CreateSchedule", name)

    @contextlib.contextmanager
    def _stopping(self, kind: JobKind, name: str) -> Iterator[None]:
        with self._step(f"stop {name}", kind.stop, f"stopping {kind.label} {name}") as step:
            yield
            step["detail"] = "stopped"
