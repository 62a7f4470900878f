"""What an account may have at one time, from Service Quotas.

The account's own values come first. For some quotas there are only AWS's defaults, which the listing of applied values
leaves out (https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html); a default
says nothing of an increase that was granted, so it is told as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sm_raw.aws.account.asking import in_one_line, pages
from sm_raw.aws.calls import is_transient

if TYPE_CHECKING:
    from botocore.client import BaseClient

PAGE = 100
LISTINGS = {"ListServiceQuotas": True, "ListAWSDefaultServiceQuotas": False}


class Quota(NamedTuple):
    """A quota of a service; ``applied`` if it is the account's own value, else it is AWS's default."""

    name: str
    value: float
    code: str
    applied: bool


@dataclass
class QuotasRead:
    """The quotas that were found, by name, and what could not be asked: one line for each, with the reason."""

    quotas: dict[str, Quota] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, float]:
        """The values by name."""
        return {name: quota.value for name, quota in self.quotas.items()}


def read_quotas(
    client: BaseClient,
    names: Iterable[tuple[str, str]],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> QuotasRead:
    """The quotas with these (service code, quota name); what cannot be read is told, and nothing is raised for it.

    SageMaker has thousands of quotas, a hundred on a page: reading ends with the last one that is asked for.
    """
    found = QuotasRead()
    wanted: dict[str, set[str]] = {}
    for service, name in names:
        wanted.setdefault(service, set()).add(name)
    for service, missing in sorted(wanted.items()):
        for listing in LISTINGS:
            if missing and not _read(client, listing, service, missing, found, sleep):
                return found
    return found


def _read(
    client: BaseClient,
    listing: str,
    service: str,
    missing: set[str],
    found: QuotasRead,
    sleep: Callable[[float], None],
) -> bool:
    """Move what a listing knows from ``missing`` to ``found``; whether there is any use in asking on."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        for page in pages(client, listing, {"ServiceCode": service, "MaxResults": PAGE}, sleep=sleep):
            for quota in page["Quotas"]:
                # A value that cannot be read at present carries an ErrorReason instead.
                if quota.get("QuotaName") in missing and "Value" in quota:
                    name = quota["QuotaName"]
                    missing.discard(name)
                    found.quotas[name] = Quota(name, quota["Value"], quota["QuotaCode"], LISTINGS[listing])
            if not missing:
                break
    except (BotoCoreError, ClientError) as error:
        found.problems.append(f"{listing} of {service}: {in_one_line(error)}")
        return not is_transient(error)  # Who is refused one listing may be allowed the other.
    return True
