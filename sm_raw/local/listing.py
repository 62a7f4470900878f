"""The list operations: filters, order and pages, the same for every kind of resource."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.local.protocol import Request, validation_error

Description = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """How one list operation reads descriptions.

    ``result`` is the answer's list; ``name`` and ``status`` are the fields that filters and SortBy mean;
    the defaults are those that the API reference names for the operation.
    """

    result: str
    name: str
    status: str = ""
    sort_by: str = "CreationTime"
    descending: bool = False
    page: int = 10


def answer(listing: Listing, descriptions: Sequence[Description], request: Request) -> dict[str, Any]:
    """The answer to a list request over ``descriptions``: filtered, sorted, one page of it."""
    found = [item for item in descriptions if all(keep(item) for keep in _filters(listing, request))]
    key = _sort_key(listing, request.get("SortBy", listing.sort_by))
    order = request.get("SortOrder")
    found.sort(key=key, reverse=listing.descending if order is None else order == "Descending")
    start = _offset(request.get("NextToken"))
    end = start + request.get("MaxResults", listing.page)
    page: dict[str, Any] = {listing.result: found[start:end]}
    if end < len(found):
        page["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return page


def _filters(listing: Listing, request: Request) -> list[Callable[[Description], bool]]:
    filters: list[Callable[[Description], bool]] = []
    if "NameContains" in request:
        # The service ignores case here.
        part = request["NameContains"].lower()
        filters.append(lambda item: part in item[listing.name].lower())
    if "StatusEquals" in request:
        filters.append(lambda item: item[listing.status] == request["StatusEquals"])
    for field in ("CreationTime", "LastModifiedTime"):
        if (after := request.get(f"{field}After")) is not None:
            filters.append(lambda item, field=field, after=after: item[field] > after)  # type: ignore[misc]
        if (before := request.get(f"{field}Before")) is not None:
            filters.append(lambda item, field=field, before=before: item[field] < before)  # type: ignore[misc]
    return filters


def _sort_key(listing: Listing, sort_by: str) -> Callable[[Description], Any]:
    field = {"Name": listing.name, "Status": listing.status}.get(sort_by, sort_by)
    if sort_by == "FinalObjectiveMetricValue":
        return lambda item: item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    return lambda item: item[field]


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        offset = -1
    if offset < 0:
        raise validation_error("Invalid NextToken.")
    return offset
