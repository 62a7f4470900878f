from __future__ import annotations

import json
from pathlib import Path

import pytest

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.documents import Document, lines_of, parse_request, read_document

REQUEST = {"EndpointName": "digits", "EndpointConfigName": "digits"}
TEXT = """{
  "Name": "x: {[",
  "List": [
    {"Key": 1}, {
      "Key": "two"
    }
  ],
  "Map": {"a.b": null, "empty": {}, "quote\\"d": []},
  "Last": -1.5e3
}"""


def test_every_path_has_the_line_on_which_it_begins() -> None:
    assert lines_of(TEXT) == {
        "": 1,
        "Name": 2,
        "List": 3,
        "List[0]": 4,
        "List[0].Key": 4,
        "List[1]": 4,
        "List[1].Key": 5,
        "Map": 8,
        'Map["a.b"]': 8,
        "Map.empty": 8,
        'Map["quote\\"d"]': 8,
        "Last": 9,
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [("List[1].Key", 5), ("List[1].Missing.Deeper", 4), ("Gone", 1), ("", 1), ('Map["no such"].x', 8)],
)
def test_what_is_missing_has_the_line_of_what_would_hold_it(path: str, line: int) -> None:
    assert Document("x.json", "CreateEndpoint", json.loads(TEXT), TEXT).line(path) == line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "create_endpoint.json"
    file.write_bytes(json.dumps(REQUEST).encode(encoding))
    document = read_document(str(file))
    assert (document.operation, document.request) == ("CreateEndpoint", REQUEST)


def test_the_schema_that_a_document_names_is_for_editors_alone() -> None:
    assert parse_request('{"$schema": "../schemas/CreateEndpoint.json", "EndpointName": "e"}') == {"EndpointName": "e"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"A": 1, "A": 2}', "not a request: 'A' is given twice in one object; keep one"),
        ('{"B": [{"A": 1, "A": 1}]}', "not a request: 'A' is given twice in one object; keep one"),
        ('{"A": NaN}', "not JSON: NaN is no number of JSON's"),
        ('{"A": -Infinity}', "not JSON: -Infinity is no number of JSON's"),
        ('"text"', "not a request: the document is a str, not an object"),
        ('{"A": ' + "9" * 5000 + "}", "not a request: Exceeds the limit (4300 digits) for integer string conversion"),
        ('{"A":' * 100_000, "not a request: nested too deeply"),
        ("", "not JSON: Expecting value at line 1, column 1"),
    ],
)
def test_what_is_no_request_is_told_in_words(text: str, message: str) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        parse_request(text)
    assert str(raised.value).startswith(message)


def test_a_name_that_no_file_can_have_is_told_in_words() -> None:
    with pytest.raises(UnreadableDocument, match="no file can have that name"):
        read_document("create_endpoint\0.json", "CreateEndpoint")
