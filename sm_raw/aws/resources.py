"""How something that was made is found and deleted; ``removals`` has a row of this for each kind.

What exists is asked of the service, never concluded from an error's wording.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sm_raw.aws.bucket_policies import find_statements, remove_statements
from sm_raw.aws.calls import call, error_code, pages, ride_out
from sm_raw.aws.clients import Clients
from sm_raw.aws.hosting.scaling import VARIANT_INSTANCES
from sm_raw.aws.transfers.s3_uris import parse_s3_uri

Sleep = Callable[[float], None]
Found = Mapping[str, Any]

NOT_THERE = frozenset(
    {
        "NoSuchEntity",
        "ProvisionedConcurrencyConfigNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""What describe operations answer for a name that is not there: IAM's, Lambda's two, and SageMaker's two."""

DELETED_AT_ONCE = 1000
"""Keys in one DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


@dataclass(frozen=True)
class Resource:
    """Something that was made. ``kind`` is a key of ``removals.KINDS``.

    ``owner`` is what it belongs to: a scaling policy to a resource id ("endpoint/NAME/variant/NAME", which is also a
    scalable target's name), an alias to a function, a policy to a role, log streams to a group; of statements in a
    bucket's policy it is what their Sids begin with. ``dimension`` is for scaling alone.
    """

    kind: str
    name: str
    owner: str = ""
    dimension: str = VARIANT_INSTANCES

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True)
class Asker:
    """Calls by service and operation, with throttling and outages ridden out."""

    clients: Clients
    sleep: Sleep

    def __call__(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return ride_out(lambda: call(self.clients.client(service), operation, request), sleep=self.sleep)


class Kind(Protocol):
    """How resources of one kind are found and deleted."""

    @property
    def slow(self) -> bool:
        """Whether it goes on existing for a while after it was deleted."""

    @property
    def for_now(self) -> frozenset[str]:
        """Codes by which the service refuses to delete it for the moment, as while it changes."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        """What the service tells of it; None if it is not there."""

    def is_left(self, found: Found) -> bool:
        """Whether what was found is still to be deleted: an instance that is terminated is told of for an hour."""

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        """Delete what was found."""


@dataclass(frozen=True)
class ApiKind:
    """A kind with a describe and a delete operation. ``key`` builds the members that name it, for both.

    With ``listing``, the describe operation lists under ``found`` and takes those members instead; without, it refuses
    a name that is not there. ``matches`` tells whether an answer is about this resource, ``alive`` whether it is still
    to be deleted. ``deletion`` builds the members of a delete operation that takes others.
    """

    service: str
    describe: str
    delete_operation: str
    key: Callable[[Resource], dict[str, Any]]
    listing: Callable[[Resource], dict[str, Any]] | None = None
    found: str = ""
    matches: Callable[[Resource, Found], bool] = lambda resource, found: True
    alive: Callable[[Found], bool] = lambda found: True
    deletion: Callable[[Resource, Found], dict[str, Any]] | None = None
    slow: bool = False
    for_now: frozenset[str] = frozenset()

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            response = ask(self.service, self.describe, (self.listing or self.key)(resource))
        except ClientError as error:
            if self.listing is None and error_code(error) in NOT_THERE:
                return None
            raise
        answers = [response] if self.listing is None else response[self.found]
        return next((dict(each) for each in answers if self.matches(resource, each)), None)

    def is_left(self, found: Found) -> bool:
        return self.alive(found)

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        members = self.deletion(resource, found) if self.deletion else self.key(resource)
        ask(self.service, self.delete_operation, members)


class AtOnce:
    """A kind whose resources are gone as soon as they are deleted."""

    slow = False
    for_now: frozenset[str] = frozenset()

    def is_left(self, found: Found) -> bool:
        return True


class PolicyStatements(AtOnce):
    """Statements in a bucket's policy, known by what their Sids begin with; the rest of it is left alone."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        found = find_statements(ask.clients.s3, resource.name, resource.owner, sleep=ask.sleep)
        return {"Bucket": resource.name, "Statement": found} if found else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        remove_statements(ask.clients.s3, resource.name, resource.owner, sleep=ask.sleep)


class Objects(AtOnce):
    """All objects whose URIs begin with the resource's name; in a versioned bucket older versions of them stay."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        page = next(self._pages(ask, resource, MaxKeys=1))
        return page if page.get("Contents") else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        from sm_raw.errors import TransferFailed

        for page in self._pages(ask, resource, MaxKeys=DELETED_AT_ONCE):
            keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]
            request = {"Bucket": parse_s3_uri(resource.name).bucket, "Delete": {"Objects": keys, "Quiet": True}}
            for error in ask("s3", "DeleteObjects", request).get("Errors", ()) if keys else ():
                code = str(error.get("Code", ""))
                raise TransferFailed(
                    resource.name,
                    f"{error.get('Key')} cannot be removed: {code}: {error.get('Message', '')}",
                    code=code,
                )

    def _pages(self, ask: Asker, resource: Resource, **options: Any) -> Iterator[dict[str, Any]]:
        uri = parse_s3_uri(resource.name)
        request = {"Bucket": uri.bucket, "Prefix": uri.key, **options}
        tokens = ("NextContinuationToken", "ContinuationToken")
        return pages(functools.partial(ask, "s3", "ListObjectsV2"), request, tokens=tokens)


class LogStreams(AtOnce):
    """The streams of a log group whose names begin with the resource's; the group holds those of other jobs, too."""

    def find(self, ask: Asker, resource: Resource) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        request = {"logGroupName": resource.owner, "logStreamNamePrefix": resource.name}
        try:
            listed = list(
                pages(functools.partial(ask, "logs", "DescribeLogStreams"), request, tokens=("nextToken", "nextToken"))
            )
        except ClientError as error:
            if error_code(error) in NOT_THERE:
                return None
            raise
        names = [stream["logStreamName"] for page in listed for stream in page["logStreams"]]
        return {"logStreamNames": names} if names else None

    def delete(self, ask: Asker, resource: Resource, found: Found) -> None:
        for name in found["logStreamNames"]:
            ask("logs", "DeleteLogStream", {"logGroupName": resource.owner, "logStreamName": name})
