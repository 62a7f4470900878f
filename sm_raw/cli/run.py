"""``run`` and ``resume``: the whole story of a recipe, and the rest of it.

Writes OUT/run.json and OUT/report.html, each request as it was sent to OUT/requests/, and OUT/ledger.jsonl, by which a
run that was killed goes on. The exit status is 0 only if every step succeeded and nothing is left behind; 130 after
Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sm_raw.aws.clients import Clients
from sm_raw.cli.costing import require_budget
from sm_raw.cli.explaining import explain
from sm_raw.cli.run_options import parse
from sm_raw.cli.targets import aws_target, local_target, offline_surroundings
from sm_raw.cli.telling import ERRORS, INTERRUPTED, SUCCESS, tell
from sm_raw.errors import SmRawError
from sm_raw.runs.bounds import Bound
from sm_raw.runs.execution import Choices, Execution
from sm_raw.runs.ledger import FILE, Ledger, open_ledger
from sm_raw.runs.plan import Plan, Surroundings
from sm_raw.runs.preparation import prepare
from sm_raw.runs.record import Record
from sm_raw.runs.story import Story


def main(argv: list[str] | None = None) -> int:
    """Run the story from scripts/run_all.py; returns the exit status."""
    return run_from_options(parse(argv))


def run_from_options(options: argparse.Namespace) -> int:
    """What the options of ``run`` ask for; returns the exit status."""
    return told(lambda story: _run_or_show(options, story))


def _run_or_show(options: argparse.Namespace, story: Story) -> int:
    if options.target == "aws" and options.endpoint_url:
        raise SmRawError("--endpoint-url belongs to the local target; for AWS, the usual AWS configuration decides")
    return dry_run(options) if options.dry_run else run(options, story)


def told(act: Callable[[Story], int]) -> int:
    """The exit status of ``act``, with what goes wrong told in one message; Ctrl-C and SIGTERM end it in order."""
    # SIGINT too: a shell that starts a command in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    story = Story()
    try:
        return act(story)
    except KeyboardInterrupt:
        story.line("stopped")
        return INTERRUPTED
    except Exception as error:
        reason = explain(error)
        if reason is None:
            raise
        story.line(f"error: {reason}")
        return ERRORS


def dry_run(options: argparse.Namespace) -> int:
    """Print every request as it is known beforehand. What only a run can tell stays a ${placeholder}."""
    with tempfile.TemporaryDirectory(prefix="sm-raw-") as work:
        plan = make_plan(options, offline_surroundings(options), Path(work))
        if plan.data.folder is None:
            counts = ", ".join(f"{count} {split}" for split, count in plan.data.picture_counts.items())
            print(f"no --data given: shown for {plan.data.class_count} classes and {counts} pictures", file=sys.stderr)
        for number, (step, request) in enumerate(plan.preview(), 1):
            print(f"# {number}. {step.name}: {step.operation}")
            print(json.dumps(request, indent=2))
        require_budget(options, plan, None)
    return SUCCESS


def run(options: argparse.Namespace, story: Story, *, resumed: bool = False) -> int:
    """Run the plan on its target and write the report, however it ends.

    What is wrong with recipe, data or settings is said before anything is started, made or written.
    """
    if options.target == "local" and not options.endpoint_url and (options.keep or options.lifetime):
        story.line("this run's engine ends with it, and so does what is kept: for one that stays, give --endpoint-url")
    with contextlib.ExitStack() as stack:
        clients, plan, bound = _target_and_plan(options, story, stack)
        ledger = stack.enter_context(open_ledger(options.out))
        if resumed:
            _require_same(plan, ledger)
        ledger.write("run", options=_recorded(options), plan=plan.digest)
        record = Record(options.out, recipe=plan.recipe.name, target=options.target)
        if bound is not None:
            record.content["cost_bound"] = bound.as_json()
            story.line(str(bound))
        execution = Execution(plan, clients, record, story, _choices(options), ledger)
        try:
            execution.execute()
        except KeyboardInterrupt:
            finish(record, story, "interrupted", "stopped by Ctrl-C; what had been finished is kept")
            raise
        except Exception as error:
            finish(record, story, "failed", explain(error) or repr(error))
            story.line(f"to go on once that is put right: python -m sm_raw resume {options.out}")
            raise
        left = record.content["left_behind"]
        finish(record, story, "failed" if left else "succeeded", f"left behind: {'; '.join(left)}" if left else None)
        if not left:
            ledger.write("finished")
    return ERRORS if left else SUCCESS


def _choices(options: argparse.Namespace) -> Choices:
    return Choices(
        options.if_exists,
        keep=options.keep or options.lifetime is not None,
        lifetime_seconds=options.lifetime,
        lifetime_role=options.lifetime_role,
    )


def _target_and_plan(
    options: argparse.Namespace, story: Story, stack: contextlib.ExitStack
) -> tuple[Clients, Plan, Bound | None]:
    if options.target == "aws":
        clients, surroundings = aws_target(options)
        plan = make_plan(options, surroundings, options.out)
        return clients, plan, require_budget(options, plan, clients)
    plan = make_plan(options, offline_surroundings(options), options.out)
    # What it would cost on AWS: so a refusal can be rehearsed, too.
    bound = require_budget(options, plan, None)
    return stack.enter_context(local_target(options, plan.bucket, story)), plan, bound


def resume(options: argparse.Namespace) -> int:
    """Go on with the last run in a folder: what it has made is its own, and nothing is made twice."""
    earlier = options_of_last_run(options.out)
    if Ledger(options.out / FILE).has_finished:
        tell(f"sm_raw: the last run in {options.out} succeeded; there is nothing to resume")
        return SUCCESS
    return told(lambda story: run(earlier, story, resumed=True))


def options_of_last_run(out: Path) -> argparse.Namespace:
    """What the command line of the last run in a folder asked for. Raises SmRawError if there was none."""
    last = Ledger(out / FILE).last_run()
    if last is None:
        raise SmRawError(f"{out} holds no run: there is no {FILE} with one in it")
    recorded = dict(last["options"])
    # The budget was kept when the run began; what is left of it costs no more.
    given = {"out": out, "data": recorded["data"] and Path(recorded["data"]), "budget": None, "prices": None}
    return argparse.Namespace(**recorded | given)


def _recorded(options: argparse.Namespace) -> dict[str, Any]:
    """The options in a form that the ledger can hold; a path is made absolute, for a resume from elsewhere."""
    return {
        name: str(value.resolve()) if isinstance(value, Path) else value
        for name, value in vars(options).items()
        if not callable(value)
    }


def _require_same(plan: Plan, ledger: Ledger) -> None:
    last = ledger.last_run()
    if last is not None and last["plan"] != plan.digest:
        raise SmRawError(
            "data, code, recipe or software have changed since that run: its steps would be others now. "
            f"Take it down (python -m sm_raw down {ledger.path.parent}) and run anew"
        )


def finish(record: Record, story: Story, status: str, error: str | None) -> None:
    """Close the record and write the report from it."""
    from sm_raw.report import write_report

    story.settle()
    record.finish(status, error)
    report = record.out / "report.html"
    write_report(record.path, report)
    story.line(f"{status}: see {report} and {record.path}")


def make_plan(options: argparse.Namespace, surroundings: Surroundings, work: Path) -> Plan:
    """The plan that the command line asks for."""
    return prepare(
        options.recipe,
        surroundings,
        work=work,
        data=options.data,
        settings=dict(setting.split("=", 1) for setting in options.set),
        suppose_data=options.dry_run,
        skip=options.skip,
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
