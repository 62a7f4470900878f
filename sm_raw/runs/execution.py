"""Sends a plan, step by step: data and code go up, requests are submitted and waited for, results come back.

Whatever happens, what was made is removed at the end and the record is true: a failure, Ctrl-C and a service that is
gone all pass through ``execute``, which tears down before it lets them go.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.calls import call, error_code
from sm_raw.aws.clients import Clients
from sm_raw.aws.job_kinds import JobKind
from sm_raw.aws.remove import NOT_THERE, Resource, left_behind, remove, stop_job
from sm_raw.aws.submit import submit
from sm_raw.aws.upload import upload_file, upload_folder
from sm_raw.aws.wait import wait
from sm_raw.errors import InvalidRequest, JobFailed, NameClash, SmRawError
from sm_raw.runs import outcomes
from sm_raw.runs.effects import EFFECTS, Effect, resource_of
from sm_raw.runs.plan import Plan, StepResult
from sm_raw.runs.predictions import predict
from sm_raw.runs.recipe import RecipeStep
from sm_raw.runs.record import Record
from sm_raw.runs.story import Story
from sm_raw.validation.operations import service_of

ATTEMPTS = 100  # names that are tried before giving up
STOPPED_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Choices:
    """What the user decides about a run. ``if_exists`` is reuse, increment or fail."""

    if_exists: str = "reuse"
    keep: bool = False
    wait_seconds: float = 24 * 3600


class Execution:
    """One run of a plan."""

    def __init__(self, plan: Plan, clients: Clients, record: Record, story: Story, choices: Choices) -> None:
        self._plan, self._clients = plan, clients
        self._record, self._story, self._choices = record, story, choices
        self._results: dict[str, StepResult] = {}
        self._made: list[Resource] = []
        self._running: list[tuple[JobKind, str]] = []

    def execute(self) -> None:
        """Run every step, then take down what was made. The first failure is raised once all that is done."""
        try:
            self._upload_data()
            self._upload_code()
            for step in self._plan.recipe.steps:
                self._predict(step) if step.pictures else self._send(step)
        finally:
            self._tear_down()

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
            sent = skipped = 0
            for name, folder in self._plan.uploads():
                result = upload_folder(
                    self._clients.s3,
                    folder,
                    f"{self._plan.data_uri}/{name}",
                    on_progress=self._upload_progress(name),
                )
                sent, skipped = sent + result.sent_files, skipped + result.skipped_files
            step["resource"] = self._plan.data_uri
            step["detail"] = f"{sent} files sent, {skipped} there already"

    def _upload_progress(self, split: str) -> Callable[[int, int], None]:
        # Plain lines stay, so they are few; on a terminal the line moves.
        every = 25 if self._story.live else 1000

        def tell(done: int, total: int) -> None:
            if done == total or done % every == 0:
                self._story.progress(f"{'data':<16} {split}: {done} of {total} files")

        return tell

    def _upload_code(self) -> None:
        with self._step("code", None, f"packing {self._plan.recipe.code.name}") as step:
            sent = upload_file(self._clients.s3, self._plan.archive, self._plan.code_uri)
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
            if effect.kind is not None:
                response = self._follow(effect.kind, name, mine=existing is None)
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
            existing = self._find(step.operation, effect, request[effect.name])
            if existing is None:
                return request, None
            if self._choices.if_exists == "fail":
                raise NameClash(effect.noun, request[effect.name])
            usable = effect.kind is None or existing[effect.kind.status] not in effect.kind.failed | effect.kind.stopped
            if usable and self._choices.if_exists == "reuse":
                return request, existing
        raise NameClash(effect.noun, request[effect.name])

    def _find(self, operation: str, effect: Effect, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        if not effect.describe:
            return None
        try:
            return call(self._clients.client(service_of(operation)), effect.describe, {effect.name: name})
        except ClientError as error:
            if error_code(error) in NOT_THERE:
                return None
            raise

    def _create(self, operation: str, effect: Effect, request: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        # Written down before it is made: a call that is cut off may have made it all the same.
        if resource := resource_of(operation, request):
            self._made.append(resource)
        if effect.kind is not None and not effect.resource:
            self._running.append((effect.kind, request[effect.name]))
        client = self._clients.client(service_of(operation))
        try:
            response = submit(client, operation, request)
        except (InvalidRequest, ClientError):
            # An answer that refuses: nothing was made.
            self._made = [made for made in self._made if made != resource]
            self._forget(effect.kind, request[effect.name])
            raise
        if effect.describe and effect.kind is None:
            response = call(client, effect.describe, {effect.name: request[effect.name]})
        return response

    def _follow(self, kind: JobKind, name: str, *, mine: bool) -> dict[str, Any]:
        """Wait for a job or endpoint, telling what it does."""
        with (
            outcomes.following_log(kind, name, self._clients, self._story if mine else None),
            self._until_ended(kind, name),
        ):
            response = wait(
                self._clients.sagemaker,
                kind,
                name,
                timeout_seconds=self._choices.wait_seconds,
                on_change=lambda response: self._story.progress(f"{name}: {outcomes.progress(kind, response)}"),
                logs=self._clients.logs,
            )
        return outcomes.settled(kind, response, self._clients, self._story, self._choices.wait_seconds)

    @contextlib.contextmanager
    def _until_ended(self, kind: JobKind, name: str) -> Iterator[None]:
        """A job that has ended, one way or the other, needs no stopping; one that the block leaves running does."""
        try:
            yield
        except JobFailed:
            self._forget(kind, name)
            raise
        self._forget(kind, name)

    def _forget(self, kind: JobKind | None, name: str) -> None:
        self._running = [job for job in self._running if job != (kind, name)]

    def _predict(self, recipe_step: RecipeStep) -> None:
        with self._step(recipe_step.name, "InvokeEndpoint", f"{recipe_step.pictures} test pictures") as step:
            endpoint = self._endpoint()
            step["resource"] = endpoint
            found = predict(
                self._clients.runtime, endpoint, self._plan.data_folder, recipe_step.pictures, self._record.out
            )
            self._record.content["predictions"] = found
            right = sum(item["label"] == item["expected"] for item in found)
            step["detail"] = f"{right} of {len(found)} right"
        head = ["picture", "label", "score", "expected"]
        self._story.table([head, *outcomes.prediction_rows(found)])

    def _endpoint(self) -> str:
        for result in self._results.values():
            if "EndpointStatus" in result.values:
                return result.name
        raise SmRawError("the recipe makes predictions before it has an endpoint")

    def _tear_down(self) -> None:
        """Stop what still runs and remove what was made; list it again as the proof."""
        for kind, name in self._running:
            try:
                self._stop(kind, name)
            except Exception as error:  # What ended the run is the news, and the rest must still be removed.
                self._record.content["left_behind"].append(f"{kind.label} {name!r}: {error}")
        if not self._made:
            return
        if self._choices.keep:
            self._record.content["kept"] = [str(resource) for resource in self._made]
            self._story.line("kept: " + ", ".join(self._record.content["kept"]))
            return
        with self._step("down", None, f"removing {len(self._made)} resources") as step:
            failures = remove(
                self._clients, self._made, lambda resource, outcome: self._story.progress(f"{resource}: {outcome}")
            )
            left = failures or left_behind(self._clients, self._made)
            self._record.content["left_behind"] += left
            step["status"] = "failed" if left else "succeeded"
            step["detail"] = f"left behind: {'; '.join(left)}" if left else f"{len(self._made)} removed, nothing left"

    def _stop(self, kind: JobKind, name: str) -> None:
        with self._step(f"stop {name}", kind.stop, f"stopping {kind.label} {name}") as step:
            if stop_job(self._clients.sagemaker, kind, name):
                with contextlib.suppress(JobFailed):
                    wait(
                        self._clients.sagemaker,
                        kind,
                        name,
                        timeout_seconds=STOPPED_TIMEOUT_SECONDS,
                        poll_seconds=5,
                        accept_stopped=True,
                    )
            step["detail"] = "stopped"
