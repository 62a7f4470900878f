"""Request documents: files read whole or refused in words, and the line on which each path of a document lies."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sm_raw.errors import UnreadableDocument
from sm_raw.validation.findings import join_path, parent_of
from sm_raw.validation.operations import operation_of_file, service_of

STANDARD_INPUT = "-"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A request as it lies in a file. ``text`` is the file's, for the places of findings."""

    file: str
    operation: str
    request: dict[str, Any]
    text: str = ""

    def line(self, path: str) -> int:
        """The line of what is at ``path``; for what is missing, that of what would hold it. Lines count from 1."""
        while path and path not in self._lines:
            path = parent_of(path)
        return self._lines.get(path, 1)

    @cached_property
    def _lines(self) -> dict[str, int]:
        return lines_of(self.text)


def read_document(file: str, operation: str | None = None) -> Document:
    """The request in a file, or on standard input for ``-``; its operation is in the file's name if not given.

    Raises:
        UnknownOperation: no service of this package has the operation.
        UnreadableDocument: there is no file, or no request in it.
    """
    if operation is None and file == STANDARD_INPUT:
        raise UnreadableDocument("standard input has no name to take the operation from; give --operation")
    if operation is not None:
        service_of(operation)
    known = operation or operation_of_file(file)
    text = _decoded(_content(file))
    return Document(file, known, parse_request(text), text)


def parse_request(text: str) -> dict[str, Any]:
    """The request that a JSON text holds, without the ``$schema`` that is there for editors.

    Raises UnreadableDocument for anything that is no JSON object, and for one that gives a field twice: only one of
    the two would be sent.
    """
    try:
        request = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise UnreadableDocument("not a request: nested too deeply") from None
    except ValueError as error:  # a number of more digits than Python converts
        raise UnreadableDocument(f"not a request: {error}") from None
    if not isinstance(request, dict):
        raise UnreadableDocument(f"not a request: the document is a {type(request).__name__}, not an object")
    request.pop("$schema", None)
    return request


def lines_of(text: str) -> dict[str, int]:
    """{path: number of the line} of every field and list item of a JSON text."""
    lines: dict[str, int] = {"": 1}
    # Of each object and list that is open: its path, and the key or index that is being read.
    paths: list[str] = []
    steps: list[str | int] = []
    line, read, pending = 1, 0, ""
    for token in TOKEN.finditer(text):
        spelt = token.group()
        line += text.count("\n", read, token.start())
        read = token.start()
        if spelt == ":":
            steps[-1:] = [json.loads(pending)]
            lines[join_path(paths[-1], steps[-1])] = line
        elif spelt in "}]":
            paths.pop()
            steps.pop()
        elif spelt == ",":
            if isinstance(steps[-1], int):
                steps[-1] += 1
        else:
            path = join_path(paths[-1], steps[-1]) if paths else ""
            if paths and isinstance(steps[-1], int):
                lines[path] = line
            if spelt in "{[":
                paths.append(path)
                steps.append("" if spelt == "{" else 0)
        pending = spelt
    return lines


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise UnreadableDocument(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a null character in the name
        raise UnreadableDocument("cannot be read: no file can have that name") from None


def _decoded(content: bytes) -> str:
    """JSON is UTF-8; what Windows calls Unicode, UTF-16, is as easily told."""
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise UnreadableDocument(f"not {name} text: {error.reason} at byte {error.start}") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableDocument(f"not a request: {twice!r} is given twice in one object; keep one")
    return fields


def _no_constant(name: str) -> None:
    raise UnreadableDocument(f"not JSON: {name} is no number of JSON's")
