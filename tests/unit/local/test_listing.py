from __future__ import annotations

from typing import Any

import pytest

from sm_raw.local.listing import Listing, answer
from sm_raw.local.protocol import ServiceError

LISTING = Listing("Jobs", "JobName", "JobStatus", page=3)
JOBS: list[dict[str, Any]] = [
    {"JobName": "b", "JobStatus": "Completed", "CreationTime": 1.0, "LastModifiedTime": 9.0},
    {"JobName": "A", "JobStatus": "Failed", "CreationTime": 2.0, "LastModifiedTime": 8.0},
    {"JobName": "c", "JobStatus": "Completed", "CreationTime": 3.0, "LastModifiedTime": 7.0},
    {"JobName": "d", "JobStatus": "InProgress", "CreationTime": 4.0, "LastModifiedTime": 6.0},
]


def names(listing: Listing = LISTING, **request: Any) -> str:
    return "".join(job["JobName"] for job in answer(listing, JOBS, request)["Jobs"])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, "bAc"),
        ({"MaxResults": 10}, "bAcd"),
        ({"MaxResults": 10, "SortOrder": "Descending"}, "dcAb"),
        ({"MaxResults": 10, "SortBy": "Name"}, "Abcd"),
        ({"MaxResults": 10, "SortBy": "Status"}, "bcAd"),
        ({"NameContains": "a"}, "A"),
        ({"StatusEquals": "Completed"}, "bc"),
        ({"StatusEquals": "Completed", "NameContains": "C"}, "c"),
        ({"CreationTimeAfter": 2.0}, "cd"),
        ({"CreationTimeBefore": 2.0}, "b"),
        ({"CreationTimeAfter": 1.0, "CreationTimeBefore": 4.0}, "Ac"),
        ({"LastModifiedTimeAfter": 7.5}, "bA"),
        ({"LastModifiedTimeBefore": 0}, ""),
    ],
)
def test_filters_and_orders(request_: dict[str, Any], expected: str) -> None:
    assert names(**request_) == expected


def test_an_operation_has_an_order_and_a_page_of_its_own() -> None:
    newest_first = Listing("Jobs", "JobName", descending=True, page=2)
    assert names(newest_first) == "dc"
    assert names(newest_first, SortOrder="Ascending") == "bA"


def test_pages_lead_from_one_to_the_next_and_keep_the_filters() -> None:
    request: dict[str, Any] = {"MaxResults": 2, "SortBy": "Name"}
    pages = []
    while True:
        page = answer(LISTING, JOBS, request)
        pages.append([job["JobName"] for job in page["Jobs"]])
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert pages == [["A", "b"], ["c", "d"]]


def test_objectives_sort_by_their_value() -> None:
    jobs = [
        {"JobName": str(value), "FinalHyperParameterTuningJobObjectiveMetric": {"Value": value}} for value in (2, 1)
    ]
    page = answer(LISTING, jobs, {"SortBy": "FinalObjectiveMetricValue"})
    assert [job["JobName"] for job in page["Jobs"]] == ["1", "2"]


@pytest.mark.parametrize("token", ["nonsense", "LTE=", "\u00e9"])
def test_a_token_that_is_none_of_ours_is_refused(token: str) -> None:
    with pytest.raises(ServiceError, match=r"ValidationException: Invalid NextToken\."):
        answer(LISTING, JOBS, {"NextToken": token})
