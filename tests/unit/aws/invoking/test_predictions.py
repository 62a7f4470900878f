from __future__ import annotations

import io
import json
from typing import Any

import numpy
import pytest

from sm_raw.aws.invoking.predictions import Answer, Prediction
from sm_raw.errors import InvocationFailed

LABELS = ["cat", "dog", "fox"]
DOG = Prediction("dog", 0.7, ("dog", "cat", "fox"), (0.7, 0.2, 0.1))
CAT = Prediction("cat", 1.0, ("cat", "dog", "fox"), (1.0, 0.0, 0.0))
JSON, LINES, CSV, NPY = "application/json", "application/jsonlines", "text/csv", "application/x-npy"


def npy(value: Any) -> bytes:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array(value))
    return buffer.getvalue()


def answer(body: bytes, content_type: str = JSON) -> Answer:
    return Answer(endpoint="pets", body=body, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        # AWS's built-in image classification, and its batches of lines.
        (b'{"prediction": [0.2, 0.7, 0.1]}', JSON, [DOG]),
        (b'{"prediction": [0.2, 0.7, 0.1]}\n{"prediction": [1, 0, 0]}\n\n', LINES, [DOG, CAT]),
        (b"[0.2, 0.7, 0.1]", "application/json; charset=utf-8", [DOG]),
        (b"[[0.2, 0.7, 0.1], [1, 0, 0]]", JSON, [DOG, CAT]),
        (b'{"predictions": [[0.2, 0.7, 0.1]]}', "application/vnd.maker+json", [DOG]),
        (b'[{"prediction": [0.2, 0.7, 0.1]}]', JSON, [DOG]),
        (b"0.2,0.7,0.1\n1,0,0\n", CSV, [DOG, CAT]),
        (npy([0.2, 0.7, 0.1]), NPY, [DOG]),
        (npy([[0.2, 0.7, 0.1], [1, 0, 0]]), NPY, [DOG, CAT]),
        # Containers that name no type, or not the right one.
        (b"[0.2, 0.7, 0.1]", "", [DOG]),
        (b"[0.2, 0.7, 0.1]", "application/octet-stream", [DOG]),
        (b"[0.2, 0.7, 0.1]", "text/html", [DOG]),
        # Names of its own count for more than those given.
        (b'{"predictions": [{"labels": [1, "seven"], "scores": [0.2, 0.8]}]}', JSON, None),
    ],
)
def test_probabilities_get_the_names_of_their_classes(
    body: bytes, content_type: str, expected: list[Prediction] | None
) -> None:
    found = answer(body, content_type).predictions(LABELS)
    assert found == (expected or [Prediction("seven", 0.8, ("seven", "1"), (0.8, 0.2))])


def test_equal_scores_keep_the_order_of_the_classes() -> None:
    assert answer(b"[0.5, 0.5, 0]").prediction(LABELS).labels == ("cat", "dog", "fox")


@pytest.mark.parametrize(
    ("body", "labels", "hint"),
    [
        (b"[0.2, 0.8]", LABELS, r"a probability for each of 3 labels \(3 labels for 2 scores\)"),
        (b"[]", LABELS, 'expected {"predictions"'),
        (b'[["a", "b", "c"]]', LABELS, "could not convert string to float"),
        (b'{"answer": 42}', LABELS, "expected"),
        (b"42", LABELS, "expected"),
        (b"null", LABELS, "expected"),
        (b"[0.2, 0.8]", [], r"give labels=\[...\] if these are the probabilities"),
        (b"<html>", [], "expected"),
        (b"[[], []]", LABELS, "3 labels for 0 scores"),
    ],
)
def test_what_is_no_prediction_is_shown_with_what_was_expected(body: bytes, labels: list[str], hint: str) -> None:
    with pytest.raises(InvocationFailed, match=hint) as caught:
        answer(body).predictions(labels)
    assert repr(body) in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b'{"a": [1]}', JSON, {"a": [1]}),
        (b'{"a": [1]}', "Application/Problem+JSON", {"a": [1]}),
        (b'{"a": 1}\n\n[2]', LINES, [{"a": 1}, [2]]),
        (b'1,2.5\n\n"x, y",3\n', CSV, [[1.0, 2.5], ["x, y", 3.0]]),
        ("grüß".encode(), "text/plain; charset=utf-8", "grüß"),
        (b"\x00\x01", "application/octet-stream", b"\x00\x01"),
        (b"\x00\x01", "", b"\x00\x01"),
    ],
)
def test_an_answer_is_decoded_by_its_type(body: bytes, content_type: str, value: Any) -> None:
    assert answer(body, content_type).value == value


def test_an_array_is_loaded() -> None:
    value = answer(npy([[1, 2]]), NPY).value
    assert value.tolist() == [[1, 2]]


def test_an_array_of_objects_is_not_loaded_because_it_could_run_code() -> None:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InvocationFailed, match="allow_pickle"):
        answer(buffer.getvalue(), NPY).value  # noqa: B018


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"{", JSON), (b"", JSON), (b"", NPY), (b"\xff", CSV), (b"\xff", "text/plain")]
)
def test_an_answer_that_is_not_of_its_type_is_shown(body: bytes, content_type: str) -> None:
    with pytest.raises(InvocationFailed, match=f"expected {content_type}, which that is not"):
        answer(body, content_type).value  # noqa: B018


def test_many_classes_are_ranked() -> None:
    scores = numpy.random.default_rng(0).permutation(1000) / 1000
    found = answer(json.dumps(scores.tolist()).encode()).prediction([f"class {i}" for i in range(1000)])
    assert found.label == f"class {scores.argmax()}"
    assert found.scores == tuple(sorted(scores, reverse=True))
