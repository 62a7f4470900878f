"""What holds for any request: the model's own pass, each single break of the model is found, and nothing raises."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_raw import cli
from sm_raw.errors import UnreadableDocument
from sm_raw.validation.checking import check
from sm_raw.validation.documents import lines_of, parse_request
from sm_raw.validation.reading import is_placeholder
from sm_raw.validation.schema_findings import schema_findings
from sm_raw.validation.schemas import request_schema

OPERATIONS = [
    "CreateTrainingJob",
    "CreateHyperParameterTuningJob",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "UpdateEndpoint",
    "RegisterScalableTarget",
    "PutScalingPolicy",
    "PutScheduledAction",
    "CreateFunction",
    "PutProvisionedConcurrencyConfig",
    "CreateRole",
    "PutRolePolicy",
    "CreateExportTask",
    "RunInstances",
]
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
PLAIN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@functools.cache
def requests(operation: str) -> st.SearchStrategy[Any]:
    """Requests that the model allows, small ones: optional fields come and go, nesting ends early."""
    return Shapes(request_schema(operation)["$defs"]).values(request_schema(operation), depth=3)


class Shapes:
    """Strategies for the shapes of one request, each made once."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[tuple[str, int], st.SearchStrategy[Any]] = {}

    def values(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        """Values of a schema; below ``depth`` objects have their required fields alone."""
        if "$ref" in schema:
            return self._shape(schema["$ref"].rpartition("/")[2], max(depth, 0))
        if "not" in schema:  # bytes and times
            return st.just("2026-01-01T00:00:00Z")
        if schema.get("type") == "object":
            return self._map(schema, depth) if "properties" not in schema else self._structure(schema, depth)
        if schema.get("type") == "array":
            least = schema.get("minItems", 0)
            most = max(least, min(schema.get("maxItems", 2), 2))
            return st.lists(self.values(schema["items"], depth - 1), min_size=least, max_size=most)
        return SCALARS[schema["type"]](schema) if "type" in schema else JSON

    def _shape(self, name: str, depth: int) -> st.SearchStrategy[Any]:
        if (name, depth) not in self._made:
            # Deferred first: a shape may hold itself.
            self._made[name, depth] = st.deferred(lambda: self._made[name, depth])
            self._made[name, depth] = self.values(self._definitions[name], depth)
        return self._made[name, depth]

    def _map(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        least = schema.get("minProperties", 0)
        most = max(least, min(schema.get("maxProperties", 2), 2))
        keys, values = (self.values(schema[each], depth - 1) for each in ("propertyNames", "additionalProperties"))
        return st.dictionaries(keys, values, min_size=least, max_size=most)

    def _structure(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        fields = {name: self.values(each, depth - 1) for name, each in schema["properties"].items()}
        if "maxProperties" in schema:  # a union
            return st.sampled_from(sorted(fields)).flatmap(lambda name: st.fixed_dictionaries({name: fields[name]}))
        required = {name: fields.pop(name) for name in schema.get("required", ())}
        if depth <= 0 or not fields:
            return st.fixed_dictionaries(required)
        chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
        return chosen.flatmap(lambda names: st.fixed_dictionaries(required | {name: fields[name] for name in names}))


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" not in schema:
        return st.text(PLAIN, min_size=least, max_size=min(most, least + 20)).filter(lambda text: "${" not in text)
    return _matches(schema["pattern"]).filter(lambda text: least <= len(text) <= most and not is_placeholder(text))


@functools.cache
def _matches(pattern: str) -> st.SearchStrategy[str]:
    """Text that matches, as a strategy that is made once."""
    if "\U0010ffff" in pattern:  # all of Unicode: seconds of work to enumerate, and any text does
        return st.text(PLAIN, max_size=20).filter(lambda text: re.search(pattern, text) is not None)
    return st.from_regex(pattern, fullmatch=True)


SCALARS: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "string": _texts,
    "integer": lambda schema: st.integers(schema.get("minimum", -10), schema.get("maximum", 10**6)),
    "number": lambda schema: st.floats(schema.get("minimum", -1e6), schema.get("maximum", 1e6)),
    "boolean": lambda schema: st.booleans(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@given(data=st.data())
@QUICK
def test_any_request_of_the_model_passes_its_schema_and_trips_no_rule(operation: str, data: st.DataObject) -> None:
    request = data.draw(requests(operation))
    # An instance type of the model is known by definition, and so is every field.
    assert list(schema_findings(operation, request)) == []
    check(operation, request, region="us-east-1")


REMOVE = object()
Break = tuple[str, list[Any], Any]
WRONG = {"object": [1], "array": {"a": 1}, "string": 7, "integer": "7", "number": "7.5", "boolean": "yes"}


def breaks(steps: list[Any], value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Break]:
    """(kind, steps, value) of single changes, each of which the model forbids; REMOVE as the value removes."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind in BREAKS:
        yield from BREAKS[kind](steps, value, schema, definitions)
    if "minimum" in schema:
        yield "too small", steps, schema["minimum"] - 1
    if "maximum" in schema:
        yield "too large", steps, schema["maximum"] + 1
    if kind in WRONG:
        yield "wrong type", steps, WRONG[kind]
        yield "null", steps, None


def _object_breaks(
    steps: list[Any], value: Any, schema: dict[str, Any], definitions: dict[str, Any]
) -> Iterator[Break]:
    if "properties" not in schema:
        for name, item in value.items():
            yield from breaks([*steps, name], item, schema["additionalProperties"], definitions)
        return
    yield "unknown field", [*steps, "NoSuchField"], 1
    for name in value:
        yield from breaks([*steps, name], value[name], schema["properties"][name], definitions)
        yield "field in another case", [*steps, name.swapcase()], value[name]
    for name in schema.get("required", ()):
        yield "missing", [*steps, name], REMOVE
    if schema.get("maxProperties") == 1:
        yield "no member of a union", steps, {}


def _list_breaks(steps: list[Any], value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Break]:
    for index, item in enumerate(value):
        yield from breaks([*steps, index], item, schema["items"], definitions)
    if value and schema.get("maxItems", 100) <= 50:
        yield "too many items", steps, [value[0]] * (schema["maxItems"] + 1)
    if schema.get("minItems"):
        yield "too few items", steps, []


def _text_breaks(steps: list[Any], value: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Break]:
    if "enum" in schema:
        yield "not in the list", steps, f"No{schema['enum'][0]}"
    if schema.get("maxLength", 10**6) <= 5000:
        yield "too long", steps, "x" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "too short", steps, ""
    if "pattern" in schema:
        for broken in (f"{value}\n", f" {value}\x00", "\x07"):
            if not re.search(schema["pattern"], broken):
                yield "no match", steps, broken


BREAKS = {"object": _object_breaks, "array": _list_breaks, "string": _text_breaks}


def all_breaks(operation: str, request: Any) -> list[Break]:
    """Every break of a request."""
    schema = request_schema(operation)
    return list(breaks([], request, schema, schema["$defs"]))


def changed(request: Any, steps: list[Any], value: Any) -> Any:
    """A copy of the request with one value changed, added or removed."""
    if not steps:
        return value
    copied = copy.deepcopy(request)
    place = copied
    for step in steps[:-1]:
        place = place[step]
    if value is REMOVE:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return copied


@pytest.mark.parametrize("operation", OPERATIONS)
@given(data=st.data())
@QUICK
def test_any_single_break_of_the_model_is_found(operation: str, data: st.DataObject) -> None:
    request = data.draw(requests(operation))
    kind, steps, value = data.draw(st.sampled_from(all_breaks(operation, request)))
    broken = changed(request, steps, value)
    assert list(schema_findings(operation, broken)), f"{kind} at {steps}: {value!r}"
    check(operation, broken, region="eu-west-1")


@pytest.mark.parametrize("operation", OPERATIONS)
@given(document=JSON)
@QUICK
def test_no_json_value_ends_in_a_traceback(operation: str, document: Any) -> None:
    for finding in check(operation, document):
        assert str(finding).startswith(finding.id)


@given(data=st.data(), junk=JSON)
@settings(QUICK, max_examples=150)
def test_junk_anywhere_in_a_request_trips_no_rule(data: st.DataObject, junk: Any) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    request = data.draw(requests(operation))
    places = [steps for _, steps, value in all_breaks(operation, request) if value is not REMOVE]
    check(operation, changed(request, data.draw(st.sampled_from(places)), junk), region="us-west-2")


@pytest.mark.parametrize(
    "document",
    [
        {"Tags": (deep := [])},
        {1: 2, None: {"x": 1}, (1, 2): 3},
        {"TrainingJobName": "x" * 10_000_000},
        {"HyperParameters": {f"p{number}": "1" for number in range(20_000)}},
        {"TrainingJobName": object(), "Tags": {1, 2}, "RoleArn": b"bytes"},
        {"\ud800": "\udfff", "TrainingJobName": "\ud800"},
    ],
    ids=["cyclic", "keys of any type", "huge text", "many entries", "no JSON values", "lone surrogates"],
)
def test_no_python_value_ends_in_a_traceback(document: Any) -> None:
    deep.append(deep)
    for operation in OPERATIONS:
        assert [finding.id for finding in check(operation, document)]


@pytest.mark.parametrize("depth", [99, 150, 900])
def test_deep_nesting_is_a_finding(depth: int) -> None:
    document = json.loads('{"a":' * depth + "1" + "}" * depth)
    expected = "E010" if depth > 100 else "E001"
    assert expected in {finding.id for finding in check("CreateModel", document)}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | JSON.map(json.dumps).map(str.encode))
@settings(QUICK, max_examples=200, suppress_health_check=list(HealthCheck))
def test_no_file_ends_in_a_traceback(tmp_path: Any, content: bytes) -> None:
    file = tmp_path / "create_model.json"
    file.write_bytes(content)
    for form in ("text", "json", "github", "sarif"):
        assert cli.main(["check", "--format", form, str(file)]) in {1, 2}


@given(JSON)
@settings(QUICK, max_examples=100)
def test_lines_are_known_for_whatever_can_be_read(document: Any) -> None:
    text = json.dumps({"top": document}, indent=2)
    try:
        parse_request(text)
    except UnreadableDocument:
        return
    assert lines_of(text)["top"] == 2
