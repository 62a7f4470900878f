"""What the derived schema finds in a request, as findings E001 to E009 and W003.

Each failure is told in the words of the project: the value, what is accepted, the next step. Text with a placeholder
of a recipe is opaque: it can still become anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import botocore

from sm_raw.validation import patterns
from sm_raw.validation.findings import Finding, Request, is_deeper_than, join_path, severity_of
from sm_raw.validation.instance_types import are_instance_types, may_be_newer, nearest_types
from sm_raw.validation.newer_models import known_since
from sm_raw.validation.operations import service_of
from sm_raw.validation.reading import is_placeholder
from sm_raw.validation.schema_failures import Failure, failures
from sm_raw.validation.schemas import Schema, request_schema, root_shape
from sm_raw.validation.wording import FEW, cut, did_you_mean, listed, nearest, shown

SUMMARIES = {
    "E001": "A required field is there.",
    "E002": "A value has the type of its field.",
    "E003": "A value is one of those listed.",
    "W003": "A listed value is known to the installed botocore, and not only to a newer one.",
    "E004": "Text matches the service's pattern, as a whole.",
    "E005": "Text is neither too short nor too long.",
    "E006": "A number is neither too small nor too large.",
    "E007": "A list or map has neither too few nor too many entries.",
    "E008": "A field is known where it is given.",
    "W008": "A field is known to the installed botocore, and not only to a newer one.",
    "E009": "A union has exactly one of its members.",
    "E010": "A document is not nested deeper than any request can be.",
}
TOO_DEEP = "E010"
DEEPEST = 100  # levels, far more than any operation has fields for

Reported = tuple[str, str, str]  # id, path, message
KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
PYTHON_KINDS = {
    dict: "an object",
    list: "a list",
    tuple: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def schema_findings(operation: str, request: Request) -> Iterator[Finding]:
    """The findings of the schema, in no particular order."""
    if is_deeper_than(DEEPEST, request):
        yield Finding(
            TOO_DEEP, "error", operation, "", f"nested in more than {DEEPEST} levels; no request is that deep"
        )
        return
    for failure in failures(operation, request):
        if not is_placeholder(failure.given):
            for finding_id, path, message in REPORTS[failure.keyword](failure, operation):
                yield Finding(finding_id, severity_of(finding_id), operation, path, message)


def _path(failure: Failure) -> str:
    return join_path(failure.path, str(failure.given)) if failure.is_key else failure.path


def _value(failure: Failure) -> str:
    """The value as messages show it, unless the service calls it sensitive."""
    if failure.schema.get("writeOnly"):
        return "the value (sensitive, not shown)"
    return f"the key {shown(failure.given)}" if failure.is_key else shown(failure.given)


def _accepted(schema: Schema) -> str:
    """What a schema accepts, in a few words."""
    if options := schema.get("enum"):
        return f"one of {listed(options)}" if len(options) <= FEW else f"one of {len(options)} names"
    kind = schema.get("description") or KINDS.get(str(schema.get("type")), "a value")
    if required := schema.get("required"):
        return f"{kind} with {listed(required, 'and')}"
    if "pattern" in schema:
        return f"{kind} that matches {cut(patterns.unanchored(schema['pattern']))}"
    limits = _limits(schema, "minimum", "maximum")
    return f"{kind} from {limits}" if " to " in limits else f"{kind} of {limits}" if limits else kind


def _limits(schema: Schema, lowest: str, highest: str) -> str:
    low, high = schema.get(lowest), schema.get(highest)
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"{low} or more"
    return f"{high} or less" if high is not None else ""


def _resolved(operation: str, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    found: Schema = request_schema(operation)["$defs"][reference.rpartition("/")[2]] if reference else schema
    return found


def _missing(failure: Failure, operation: str) -> Iterator[Reported]:
    expected = _resolved(operation, failure.schema["properties"][failure.detail])
    yield "E001", join_path(_path(failure), failure.detail), f"missing; give {_accepted(expected)}"


def _wrong_type(failure: Failure, operation: str) -> Iterator[Reported]:
    kind = PYTHON_KINDS.get(type(failure.given), f"of type {type(failure.given).__name__}")
    what = kind if failure.given is None else f"{_value(failure)} is {kind}"
    yield "E002", _path(failure), f"{what}; give {_typed(failure)}"


def _typed(failure: Failure) -> str:
    """The accepted form; for a value that only wears the wrong quotes, that value."""
    value, wanted = failure.given, failure.schema.get("type")
    if wanted == "string" and isinstance(value, bool):
        return f'text, such as "{str(value).lower()}"'
    if wanted == "string" and isinstance(value, int | float):
        return f'text, such as "{value}"'
    spelt = value.strip().lower() if isinstance(value, str) else ""
    if wanted == "boolean" and spelt in ("true", "false"):
        return f"{spelt}, without quotes"
    if wanted in ("integer", "number") and spelt.lstrip("-").isdecimal():
        return f"{spelt}, without quotes"
    return _accepted(failure.schema)


def _not_listed(failure: Failure, operation: str) -> Iterator[Reported]:
    options: list[str] = failure.expected
    if not isinstance(failure.given, str):
        return  # E002 says it
    if since := _known_since(failure, operation, value=failure.given):
        newer = f"botocore {since} does, so it is only newer, and can be sent"
        yield "W003", _path(failure), f"{_value(failure)} is not {_known(options)}; {newer}"
        return
    if are_instance_types(options):
        yield _unknown_instance_type(failure, options)
        return
    among = listed(options) if len(options) <= FEW else _known(options)
    near = nearest(failure.given, options, count=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    yield "E003", _path(failure), f"{_value(failure)} is not {among}{hint}"


def _known(options: list[str]) -> str:
    return f"one of the {len(options)} that botocore {botocore.__version__} knows"


def _unknown_instance_type(failure: Failure, options: list[str]) -> Reported:
    near = nearest_types(failure.given, options)
    hint = f"; the nearest: {listed(near)}" if near else "; instance types look like ml.m5.xlarge"
    message = f"{_value(failure)} is not {_known(options)}"
    if may_be_newer(failure.given, options):
        return "W003", _path(failure), f"{message}, though it may be newer{hint}"
    return "E003", _path(failure), f"{message}{hint}"


def _no_match(failure: Failure, operation: str) -> Iterator[Reported]:
    if not _is_length_only(failure.given, failure.schema):
        name = _name_like(failure)
        hint = f"; {name!r} would" if name else ""
        pattern = cut(patterns.unanchored(failure.expected))
        yield "E004", _path(failure), f"{_value(failure)} does not match {pattern}{hint}"


def _is_length_only(value: str, schema: Schema) -> bool:
    """Whether the pattern fails for the same reason as the length does: then E005 says it."""
    longest, pattern = schema.get("maxLength"), patterns.compiled(schema["pattern"])
    if not value:
        return bool(schema.get("minLength"))
    too_long = longest is not None and len(value) > longest
    return too_long and pattern is not None and pattern.search(value[:longest]) is not None


def _name_like(failure: Failure) -> str:
    """The name that was probably meant, other characters made hyphens; empty when that does not match either."""
    value: str = failure.given
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in value)
    name = "-".join(part for part in kept.split("-") if part)[: failure.schema.get("maxLength", 63)].rstrip("-")
    matcher = patterns.compiled(failure.expected)
    fits = name and "/" not in value and matcher is not None and matcher.search(name)
    return name if fits and not failure.schema.get("writeOnly") else ""


def _wrong_length(failure: Failure, operation: str) -> Iterator[Reported]:
    limits = _limits(failure.schema, "minLength", "maxLength")
    count = len(failure.given)
    characters = "1 character" if count == 1 else f"{count} characters"
    yield "E005", _path(failure), f"{_value(failure)} has {characters}; give {limits}"


def _out_of_range(failure: Failure, operation: str) -> Iterator[Reported]:
    limits = _limits(failure.schema, "minimum", "maximum")
    side = "less than" if failure.keyword == "minimum" else "more than"
    yield "E006", _path(failure), f"{_value(failure)} is {side} {failure.expected}; give {limits}"


def _wrong_count(failure: Failure, operation: str) -> Iterator[Reported]:
    schema, count = failure.schema, len(failure.given)
    if "items" in schema:
        noun = "item" if count == 1 else "items"
        yield "E007", _path(failure), f"{count} {noun}; give {_limits(schema, 'minItems', 'maxItems')}"
    elif "propertyNames" in schema:
        noun = "entry" if count == 1 else "entries"
        yield "E007", _path(failure), f"{count} {noun}; give {_limits(schema, 'minProperties', 'maxProperties')}"
    else:
        held = f"{listed(failure.given, 'and')} are given" if count else "no member is given"
        yield "E009", _path(failure), f"{held}; give exactly one of {listed(schema['properties'])}"


def _unknown(failure: Failure, operation: str) -> Iterator[Reported]:
    properties = failure.schema["properties"]
    for name in failure.given:
        if name in properties or is_placeholder(name):
            continue
        path = join_path(_path(failure), name)
        if since := _known_since(failure, operation, member=str(name)):
            installed = f"botocore {botocore.__version__} does not know this field yet"
            yield "W008", path, f"{installed}; botocore {since} does: update boto3 to send it"
        else:
            yield "E008", path, _unknown_message(failure, operation, str(name))


def _known_since(failure: Failure, operation: str, **what: str) -> str | None:
    """The first botocore that is known to know a member or value that the installed one does not."""
    definitions = request_schema(operation)["$defs"]
    named = (name for name, schema in definitions.items() if schema is failure.schema)
    shape = next(named, None) or root_shape(operation)
    return known_since(service_of(operation), shape, **what)


def _unknown_message(failure: Failure, operation: str, name: str) -> str:
    properties = list(failure.schema["properties"])
    message = f"botocore {botocore.__version__} knows no such field of {_path(failure) or operation}"
    places = _places(operation, name)
    if near := nearest(name, properties, count=1):
        return f"{message}; did you mean {near[0]!r}?"
    if places:
        return f"{message}; it is known as {listed(places)}"
    hint = did_you_mean(name, properties)
    return f"{message}; {hint}" if hint else message


def _places(operation: str, name: str) -> list[str]:
    """Where, in an object at the top of the request, a field of this name is known."""
    schema = request_schema(operation)
    return [
        f"{field}.{name}"
        for field, reference in schema["properties"].items()
        if name in _resolved(operation, reference).get("properties", {})
    ][:3]


REPORTS: dict[str, Callable[[Failure, str], Iterator[Reported]]] = {
    "required": _missing,
    "type": _wrong_type,
    "not": _wrong_type,
    "enum": _not_listed,
    "pattern": _no_match,
    "minLength": _wrong_length,
    "maxLength": _wrong_length,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minItems": _wrong_count,
    "maxItems": _wrong_count,
    "minProperties": _wrong_count,
    "maxProperties": _wrong_count,
    "additionalProperties": _unknown,
}
