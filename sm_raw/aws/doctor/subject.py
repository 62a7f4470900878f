"""What is examined: clients, and a run's region, bucket, role and requests. Each question is asked once."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sm_raw.aws.account.asking import in_one_line
from sm_raw.aws.calls import call, error_code, pages
from sm_raw.aws.clients import Clients
from sm_raw.specs.policy_documents import place_of
from sm_raw.specs.run_resources import Requests

DENIED_CODES = frozenset(
    {
        "403",  # An answer to HEAD has no body that could hold a code.
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
    }
)
# {boto3's name of a service: the one in the names of its actions}
ACTION_PREFIXES = {"service-quotas": "servicequotas"}
# Operations whose right has another name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/
# using-with-s3-policy-actions.html
ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
}


class Unanswered(Exception):
    """A question got no answer.

    ``action`` and ``resource`` are the right that it takes, ``code`` is the service's, "" if none answered.
    """

    def __init__(self, action: str, resource: str, error: Exception) -> None:
        self.action, self.resource, self.error, self.code = action, resource, error, error_code(error)
        super().__init__(f"{action}: {in_one_line(error)}")

    @property
    def is_denied(self) -> bool:
        """Whether the caller lacks the right to ask."""
        return self.code in DENIED_CODES

    @property
    def metadata(self) -> Mapping[str, Any]:
        """HTTP status and headers of the answer, as far as there was one."""
        response = getattr(self.error, "response", None) or {}
        found: Mapping[str, Any] = response.get("ResponseMetadata", {})
        return found


@dataclass(frozen=True)
class QuotaNeed:
    """So many of what the quota of this name counts, at one time."""

    service: str
    quota_name: str
    count: int


@dataclass
class Subject:
    """``requests`` and ``needs`` are a run's and may be empty; ``bucket`` and ``role_arn`` may not be known.

    ``clock`` gives seconds since 1970.
    """

    clients: Clients
    bucket: str | None = None
    role_arn: str | None = None
    requests: Requests = ()
    needs: Sequence[QuotaNeed] = ()
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _answers: dict[str, dict[str, Any] | Unanswered] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def with_defaults(self) -> Subject:
        """With bucket and role as a run takes them where none is given; they stay unknown with an unknown caller."""
        found = self
        with contextlib.suppress(Unanswered):
            found = replace(found, bucket=self.bucket or f"sagemaker-{self.region}-{self.account}")
            if self.role_arn is None and ":assumed-role/" in self.caller_arn:
                found = replace(found, role_arn=self.caller_principal)
        return found

    def ask(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """The answer to a question that changes nothing, remembered. Raises Unanswered, likewise remembered."""
        key = json.dumps([service, operation, request], sort_keys=True)
        with self._lock:
            if key not in self._answers:
                self._answers[key] = self._asked(service, operation, request)
            answer = self._answers[key]
        if isinstance(answer, Unanswered):
            raise answer
        return answer

    def _asked(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | Unanswered:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(self.clients.client(service), operation, request)
        except (BotoCoreError, ClientError) as error:
            action = f"{ACTION_PREFIXES.get(service, service)}:{operation}"
            return Unanswered(ACTIONS.get(action, action), self._resource(request), error)

    def _resource(self, request: Mapping[str, Any]) -> str:
        """What a question is about, as policies name it; the account may not be known yet."""
        place = place_of(self.region, "*")
        if "Bucket" in request:
            return place.arn("s3", request["Bucket"])
        if "RoleName" in request:
            return place.arn("iam", f"role/{request['RoleName']}")
        return str(request.get("PolicySourceArn", "*"))

    def pages(self, service: str, operation: str, token: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Each page of an answer; ``token`` is the field that leads from one to the next."""
        return pages(lambda members: self.ask(service, operation, **members), request, tokens=(token, token))

    @property
    def region(self) -> str:
        return self.clients.region

    @property
    def caller_arn(self) -> str:
        """Who asks, as STS has it. Raises Unanswered."""
        return str(self.ask("sts", "GetCallerIdentity")["Arn"])

    @property
    def account(self) -> str:
        """The caller's account. Raises Unanswered."""
        return str(self.ask("sts", "GetCallerIdentity")["Account"])

    @cached_property
    def caller_principal(self) -> str:
        """The user or role in IAM behind the caller. Raises Unanswered, as for a role that cannot be looked up.

        The ARN of an assumed role leaves out the path of the role itself, such as that of IAM Identity Center's roles.
        """
        arn = self.caller_arn
        kind, _, rest = arn.split(":", 5)[5].partition("/")
        if kind != "assumed-role":
            return arn
        return str(self.ask("iam", "GetRole", RoleName=rest.partition("/")[0])["Role"]["Arn"])
