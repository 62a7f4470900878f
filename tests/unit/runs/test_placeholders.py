from __future__ import annotations

from typing import Any

import pytest

from sm_raw.errors import UnresolvedPlaceholder
from sm_raw.runs.placeholders import lookup, placeholders, render, resolver

VALUES: dict[str, Any] = {
    "epochs": 8,
    "rate": 0.5,
    "name": "digits",
    "train": {"ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/model.tar.gz"}},
    "tuned": {"batch-size": "64"},
}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("plain", "plain"),
        ("${epochs}", 8),
        ("${rate}", 0.5),
        ("${epochs} epochs", "8 epochs"),
        ("${name}-${epochs}", "digits-8"),
        ("${train.ModelArtifacts.S3ModelArtifacts}", "s3://bucket/model.tar.gz"),
        ("${tuned.batch-size}", "64"),
        ("$epochs ${not a name} ${}", "$epochs ${not a name} ${}"),
        ({"${name}": ["${epochs}", {"a": "${rate}"}]}, {"digits": [8, {"a": 0.5}]}),
        ([1, None, True], [1, None, True]),
    ],
)
def test_render(document: Any, expected: Any) -> None:
    assert render(document, resolver(VALUES)) == expected


def test_rendering_leaves_the_document_as_it_was() -> None:
    document = {"a": ["${epochs}"]}
    render(document, resolver(VALUES))
    assert document == {"a": ["${epochs}"]}


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("epoch", ("epochs", "rate", "name", "train", "tuned"), "did you mean ${epochs}?"),
        ("train.ModelArtefacts.X", ("train.ModelArtifacts",), "known: train.ModelArtifacts"),
        ("epochs.deep", (), "${epochs.deep} is not known"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name: str, known: tuple[str, ...], text: str) -> None:
    with pytest.raises(UnresolvedPlaceholder) as caught:
        lookup(VALUES, name, where="create_model.json")
    assert caught.value.name == name
    assert caught.value.known == known
    assert str(caught.value).startswith("create_model.json: ")
    assert text in str(caught.value)


def test_placeholders_are_found_everywhere_in_order() -> None:
    document = {"${a}": "x ${b.c} ${d}", "list": [{"k": "${e}"}], "number": 3}
    assert list(placeholders(document)) == ["a", "b.c", "d", "e"]
