"""What an endpoint answers: bytes of a content type, decoded, or read as predictions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sm_raw.aws.invoking.payloads import CSV, JSON, JSONLINES, NPY, media_type
from sm_raw.errors import InvocationFailed

OWN_FORM = '{"predictions": [{"labels": [...], "scores": [...]}]}'
SHOWN_BYTES = 200


@dataclass(frozen=True)
class Prediction:
    """The endpoint's answer for one picture: classes and their scores, the likeliest first."""

    label: str
    score: float
    labels: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered, and to what.

    ``sent_as`` and ``sent_bytes``: content type and size of the request. ``variant``: the production variant that
    answered. ``milliseconds`` is what the caller waited, the network and all ``retries`` with their pauses
    included. The response does not tell the container's share of it: that is CloudWatch's metric ModelLatency.
    """

    endpoint: str
    body: bytes
    content_type: str
    sent_as: str = ""
    sent_bytes: int = 0
    variant: str | None = None
    custom_attributes: str | None = None
    milliseconds: float = 0.0
    retries: int = 0

    @property
    def value(self) -> Any:
        """The body by its content type: JSON, a list for JSON lines or CSV, an array for .npy, else text or bytes."""
        try:
            return decode(self.body, self.content_type)
        except (ValueError, EOFError) as error:
            raise self._unknown(f"{self.content_type}, which that is not ({error})") from error

    def prediction(self, labels: Sequence[str] = ()) -> Prediction:
        """The prediction for the first picture; see ``predictions``."""
        return self.predictions(labels)[0]

    def predictions(self, labels: Sequence[str] = ()) -> list[Prediction]:
        """One prediction for each picture of the request.

        Read are the form of this package's inference.py, which names its classes, and, with ``labels`` for the
        names, probabilities in the order of the classes: a list, a list for each picture, or either below
        "prediction" or "predictions", in JSON, JSON lines, CSV or .npy. AWS's built-in image classification
        answers so: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html.
        """
        try:
            found = list(_predictions(self._document(), labels))
        except (ValueError, KeyError, TypeError, EOFError) as error:
            raise self._unknown(_expected(labels, error)) from error
        if not found:
            raise self._unknown(OWN_FORM)
        return found

    def _document(self) -> Any:
        value = decode(self.body, self.content_type)
        # Some containers name no type, or a wrong one.
        return json.loads(value) if isinstance(value, str | bytes) else value

    def _unknown(self, expected: str) -> InvocationFailed:
        return InvocationFailed(self.endpoint, None, f"{self.body[:SHOWN_BYTES]!r}; expected {expected}")


def decode(body: bytes, content_type: str) -> Any:
    """A body by its content type; text and unknown types as str and bytes. Raises ValueError, or EOFError for .npy."""
    kind = media_type(content_type)
    if kind in DECODERS:
        return DECODERS[kind](body)
    if kind.endswith("+json"):
        return json.loads(body)
    return body.decode() if kind.startswith("text/") else body


def _jsonlines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines() if line.strip()]


def _csv(body: bytes) -> list[list[Any]]:
    return [[_number(cell) for cell in row] for row in csv.reader(io.StringIO(body.decode())) if row]


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def _npy(body: bytes) -> Any:
    import numpy

    return numpy.load(io.BytesIO(body), allow_pickle=False)


DECODERS: Mapping[str, Callable[[bytes], Any]] = {
    JSON: json.loads,
    JSONLINES: _jsonlines,
    "application/x-jsonlines": _jsonlines,
    CSV: _csv,
    NPY: _npy,
}


def _predictions(document: Any, labels: Sequence[str]) -> Iterator[Prediction]:
    for entry in _entries(document):
        if isinstance(entry, Mapping) and "labels" in entry:
            yield _ranked(entry["labels"], entry["scores"])
        else:
            yield _ranked(labels, _row(entry))


def _entries(document: Any) -> Sequence[Any]:
    """What stands for one picture each: a row of numbers, or an object that holds one."""
    if hasattr(document, "tolist"):
        document = document.tolist()
    if isinstance(document, Mapping):
        name = "predictions" if "predictions" in document else "prediction"
        document = document[name]
    if document and not isinstance(document[0], Mapping | Sequence):
        return [document]
    return list(document)


def _row(entry: Any) -> Any:
    return entry["prediction"] if isinstance(entry, Mapping) else entry


def _ranked(labels: Sequence[Any], scores: Sequence[Any]) -> Prediction:
    if len(labels) != len(scores) or not len(scores):
        raise ValueError(f"{len(labels)} labels for {len(scores)} scores")
    pairs = sorted(((float(s), str(label)) for label, s in zip(labels, scores, strict=True)), key=lambda p: -p[0])
    ranked_scores, ranked_labels = zip(*pairs, strict=True)
    return Prediction(ranked_labels[0], ranked_scores[0], ranked_labels, ranked_scores)


def _expected(labels: Sequence[str], error: Exception) -> str:
    if labels:
        return f"{OWN_FORM} or a probability for each of {len(labels)} labels ({error})"
    return f"{OWN_FORM}; give labels=[...] if these are the probabilities of classes without their names"
