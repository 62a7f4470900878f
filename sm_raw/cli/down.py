"""``down``: what runs have made is removed, or endpoints whose lifetime is over, and listed as the proof."""

from __future__ import annotations

import argparse

from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.hosting.lifetimes import delete_schedule, expired_endpoints
from sm_raw.aws.remove import left_behind, remove
from sm_raw.aws.resources import Resource
from sm_raw.cli.jobs import clients_of
from sm_raw.cli.run import options_of_last_run, told
from sm_raw.cli.targets import LOCAL_REGION, aws_target
from sm_raw.cli.telling import ERRORS, SUCCESS
from sm_raw.runs.leavings import LOGS, OBJECTS
from sm_raw.runs.ledger import Ledger, open_ledger
from sm_raw.runs.story import Story
from sm_raw.runs.taking_down import is_there_anything, take_down


def down(options: argparse.Namespace) -> int:
    """Stop and remove what runs in a folder have made, or the expired endpoints of a region."""
    if options.expired:
        return told(lambda story: _take_expired(clients_of(options), story))
    earlier = options_of_last_run(options.out)
    also = (OBJECTS if options.objects else frozenset()) | (LOGS if options.logs else frozenset())
    return told(lambda story: _take_run(earlier, story, also))


def _take_run(options: argparse.Namespace, story: Story, also: frozenset[str]) -> int:
    with open_ledger(options.out) as ledger:
        if not is_there_anything(ledger, also):
            story.line("nothing is left")
            return SUCCESS
        if options.target == "local" and options.endpoint_url is None:
            return _gone_with_its_engine(ledger, story)
        left = take_down(_clients_of_run(options), ledger, story, also)
    rest = "nothing is left" if also else "nothing is left but data in S3 and logs: --objects, --logs remove them, too"
    return _told(left, story, rest)


def _gone_with_its_engine(ledger: Ledger, story: Story) -> int:
    for resource in [*ledger.resources(), *ledger.remains()]:
        ledger.removed(resource)
    story.line("nothing is left: the engine of that run is gone, with all that it held")
    return SUCCESS


def _clients_of_run(options: argparse.Namespace) -> Clients:
    if options.target == "aws":
        return aws_target(options)[0]
    return local_clients(options.endpoint_url, options.region or LOCAL_REGION)


def _take_expired(clients: Clients, story: Story) -> int:
    """Endpoints whose tag says that they may go. Their scaling goes with them; models cost nothing, and stay."""
    expired = expired_endpoints(clients, on_notice=story.line)
    for lifetime in expired:
        delete_schedule(clients, lifetime.endpoint)
    endpoints = [Resource("endpoint", lifetime.endpoint) for lifetime in expired]
    left = remove(clients, endpoints, lambda resource, outcome: story.line(f"{resource}: {outcome}"))
    left = left or left_behind(clients, endpoints)
    return _told(left, story, f"{len(expired)} expired endpoints removed" if expired else "no endpoint has expired")


def _told(left: list[str], story: Story, all_well: str) -> int:
    story.settle()
    for line in [f"left behind: {each}" for each in left] or [all_well]:
        story.line(line)
    return ERRORS if left else SUCCESS
