from __future__ import annotations

import pytest

from sm_raw.aws.invoking.model_errors import REMEDIES, model_failed, remedy

XGBOOST = (
    "application/json is not an accepted ContentType: csv, libsvm, parquet, recordio-protobuf, text/csv, text/libsvm, "
    "text/x-libsvm, application/x-parquet, application/x-recordio-protobuf."
)
OWN = "content type 'application/json' is not supported; accepted are image/jpeg, image/png"
TOOLKIT = (
    "Content type application/json is not supported by this framework.\n\n  Please implement input_fn to deserialize"
)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (
            415,
            XGBOOST,
            "it takes other content types (its message names text/csv, text/libsvm, text/x-libsvm, "
            "application/x-parquet, application/x-recordio-protobuf): state content_type, or let input_fn of the "
            "model take application/json",
        ),
        (415, OWN, "it takes other content types (its message names image/jpeg, image/png): state content_type"),
        (415, TOOLKIT, "it takes other content types: state content_type, or let input_fn"),
        (415, '{"error": "Unsupported Media Type: application/json"}', "it takes other content types: state"),
        # An input_fn that raises an error of its own: the toolkit makes it a 500.
        (500, "Requested unsupported ContentType in Accept: application/json", "it takes other content types"),
        (500, 'ValueError: {"error": "unsupported content type application/json"}', "it takes other content types"),
        (500, "Content-Type application/json is not supported", "it takes other content types"),
        (
            400,
            "text/html is not an accepted content type",
            "it takes other content types (its message names text/html)",
        ),
        (
            406,
            "accept 'text/csv' is not supported; answers are application/x-npy",
            "it cannot answer as text/csv: state another accept (its message names application/x-npy)",
        ),
        (413, "Request Entity Too Large", "the container's own limit is lower than the service's: send less"),
        (0, "Your invocation timed out while waiting for a response from container primary.", "a model has 60 seconds"),
        (
            500,
            '{"code": 500, "type": "InternalServerException", "message": "Worker died."}',
            "the container ran out of",
        ),
        (500, "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "the container ran out of"),
        (507, "", "the instance has no memory for another model"),
        (503, "No worker is available to serve request", "its workers are busy or gone"),
        (0, "", "the container did not answer at all"),
        (400, "the body (7 bytes) cannot be read as a picture", "the model refuses this very request"),
        (500, "division by zero", "the log holds the traceback"),
        (500, "the content is of the wrong type; nothing was accepted", "the log holds the traceback"),
    ],
)
def test_each_error_of_a_model_has_a_remedy(status: int, message: str, expected: str) -> None:
    assert remedy(status, message, sent_as="application/json", accept="text/csv").startswith(expected)


def test_every_remedy_but_the_last_is_for_something() -> None:
    assert all(row.statuses or row.pattern for row in REMEDIES[:-1])
    assert not REMEDIES[-1].statuses
    assert not REMEDIES[-1].pattern


def test_the_error_holds_what_was_sent_what_was_said_and_what_to_do() -> None:
    response = {"Error": {"Message": "Received client error"}, "OriginalStatusCode": 415, "OriginalMessage": OWN}
    error = model_failed("pets", response, sent_as="application/json", sent_bytes=1234, accept="*/*")
    assert (error.endpoint, error.status, error.reason) == ("pets", 415, OWN)
    assert (error.sent_as, error.sent_bytes, error.log) == ("application/json", 1234, "/aws/sagemaker/Endpoints/pets")
    assert str(error) == (
        f"the model of endpoint 'pets' failed with status 415: {OWN}; sent were 1,234 bytes as application/json; "
        f"{error.remedy}; its log: /aws/sagemaker/Endpoints/pets"
    )


def test_a_response_without_the_containers_words_has_those_of_the_service() -> None:
    error = model_failed("pets", {"Error": {"Message": "told"}}, sent_as="a/b", sent_bytes=1, accept="*/*")
    assert (error.status, error.reason) == (0, "told")
