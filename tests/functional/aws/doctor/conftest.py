"""A subject whose questions are answered from a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.aws.doctor import Line, Subject, examine
from sm_raw.aws.doctor.examination import CHECKS

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
DATE = "Sat, 28 Nov 2026 12:00:00 GMT"
NOON = 1795867200.0


@dataclass(frozen=True)
class Refusal:
    """An error in place of an answer."""

    code: str
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


Answer = tuple[str, str, dict[str, Any] | None, "dict[str, Any] | Refusal"]
"""(service, operation, the parameters that are expected or None for any, answer)"""


def caller(arn: str = USER, account: str = ACCOUNT) -> Answer:
    """STS says who asks."""
    metadata = {"HTTPHeaders": {"date": DATE}, "HTTPStatusCode": 200}
    return "sts", "get_caller_identity", {}, {"Arn": arn, "Account": account, "ResponseMetadata": metadata}


Lines = Callable[..., list[Line]]


@pytest.fixture
def looked_at(clients: Clients) -> Iterator[Lines]:
    """``looked_at(check, answers, **subject)``: the lines of one check; every answer must have been asked for."""
    stubbers: dict[str, Stubber] = {}

    usual = clients

    def look(check: str, answers: Sequence[Answer], *, clients: Clients = usual, **subject: Any) -> list[Line]:
        for service, operation, expected, answer in answers:
            if service not in stubbers:
                stubbers[service] = Stubber(clients.client(service))
                stubbers[service].activate()
            if isinstance(answer, Refusal):
                stubbers[service].add_client_error(
                    operation,
                    answer.code,
                    "no",
                    answer.status,
                    response_meta={"HTTPHeaders": answer.headers},
                    expected_params=expected,
                )
            else:
                stubbers[service].add_response(operation, answer, expected)
        asked = Subject(clients, **{"clock": lambda: NOON, "sleep": lambda _: None, **subject})
        return list(examine(asked, {check: CHECKS[check]}))

    yield look
    for stubber in stubbers.values():
        stubber.deactivate()
        stubber.assert_no_pending_responses()
