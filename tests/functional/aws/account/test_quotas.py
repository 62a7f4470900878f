from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.stub import Stubber

from sm_raw.aws.account.quotas import Quota, read_quotas
from sm_raw.aws.clients import Clients

Stub = Callable[[str], Stubber]
SAGEMAKER = {"ServiceCode": "sagemaker", "MaxResults": 100}
TRAINING, HOSTING = "ml.m5.xlarge for training job usage", "ml.m5.large for endpoint usage"
DENIED = "User: arn:aws:iam::123456789012:user/me is not authorized\n to perform: it"


def quota(name: str, value: float | None, code: str = "L-1") -> dict[str, Any]:
    found = {"ServiceCode": "sagemaker", "QuotaName": name, "QuotaCode": code}
    return found if value is None else {**found, "Value": value}


def test_the_accounts_own_values_come_first_and_reading_ends_with_the_last_one(clients: Clients, stub: Stub) -> None:
    quotas = stub("service-quotas")
    pages = [[quota("other", 9.0), quota(HOSTING, 2.0, "L-A")], [quota(TRAINING, 4.0, "L-B")]]
    quotas.add_response("list_service_quotas", {"Quotas": pages[0], "NextToken": "2"}, SAGEMAKER)
    # There is a third page, and nobody asks for it.
    quotas.add_response("list_service_quotas", {"Quotas": pages[1], "NextToken": "3"}, {**SAGEMAKER, "NextToken": "2"})
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING), ("sagemaker", HOSTING)])
    assert read.quotas == {
        HOSTING: Quota(HOSTING, 2.0, "L-A", applied=True),
        TRAINING: Quota(TRAINING, 4.0, "L-B", applied=True),
    }
    assert (read.values, read.problems) == ({HOSTING: 2.0, TRAINING: 4.0}, [])


def test_what_has_no_value_of_the_accounts_has_awss_default(clients: Clients, stub: Stub) -> None:
    quotas = stub("service-quotas")
    quotas.add_response("list_service_quotas", {"Quotas": [quota(TRAINING, None)]}, SAGEMAKER)
    quotas.add_response("list_aws_default_service_quotas", {"Quotas": [quota(TRAINING, 0.0)]}, SAGEMAKER)
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING)])
    assert read.quotas == {TRAINING: Quota(TRAINING, 0.0, "L-1", applied=False)}


def test_each_service_is_asked_for_its_own(clients: Clients, stub: Stub) -> None:
    quotas = stub("service-quotas")
    concurrency = quota("Concurrent executions", 1000.0)
    quotas.add_response("list_service_quotas", {"Quotas": [concurrency]}, {**SAGEMAKER, "ServiceCode": "lambda"})
    quotas.add_response("list_service_quotas", {"Quotas": [quota(TRAINING, 4.0)]}, SAGEMAKER)
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING), ("lambda", "Concurrent executions")])
    assert read.values == {"Concurrent executions": 1000.0, TRAINING: 4.0}


def test_who_may_not_ask_is_told_in_one_line_and_defaults_are_tried(clients: Clients, stub: Stub) -> None:
    quotas = stub("service-quotas")
    quotas.add_client_error("list_service_quotas", "AccessDeniedException", DENIED, 400)
    quotas.add_response("list_aws_default_service_quotas", {"Quotas": [quota(TRAINING, 1.0)]}, SAGEMAKER)
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING)])
    assert read.values == {TRAINING: 1.0}
    assert read.problems == [
        "ListServiceQuotas of sagemaker: AccessDeniedException: User: arn:aws:iam::123456789012:user/me is not "
        "authorized to perform: it"
    ]


def test_throttling_is_ridden_out(clients: Clients, stub: Stub) -> None:
    quotas = stub("service-quotas")
    quotas.add_client_error("list_service_quotas", "TooManyRequestsException", "", 429)
    quotas.add_response("list_service_quotas", {"Quotas": [quota(TRAINING, 4.0)]}, SAGEMAKER)
    pauses: list[float] = []
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING)], sleep=pauses.append)
    assert (read.values, len(pauses)) == ({TRAINING: 4.0}, 1)


def test_a_service_that_is_not_there_is_left_alone_soon(clients: Clients, stub: Stub) -> None:
    for _ in range(3):
        stub("service-quotas").add_client_error("list_service_quotas", "500", "<!doctype html>\n<html lang=en>", 500)
    read = read_quotas(clients.service_quotas, [("sagemaker", TRAINING), ("vpc", "x")], sleep=lambda seconds: None)
    assert read.quotas == {}
    assert read.problems == ["ListServiceQuotas of sagemaker: 500: an answer that is none"]


def test_nothing_is_asked_where_nothing_is_wanted(clients: Clients, stub: Stub) -> None:
    stub("service-quotas")
    assert read_quotas(clients.service_quotas, []).quotas == {}
