"""AddTags, ListTags and DeleteTags, for any resource that has an ARN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.protocol import validation_error
from sm_raw.local.store import Record


def keep_tags(engine: Engine, record: Record, tags: Sequence[Mapping[str, str]]) -> None:
    """Keep the Tags of a create request; they are listed, not described."""
    _merge(engine, record.arn, tags)


def add(call: Call) -> dict[str, Any]:
    """AddTags: the answer is every tag that the resource then has."""
    refuse_rule_errors("AddTags", call.request)
    arn = _known_arn(call)
    _merge(call.engine, arn, call.request["Tags"])
    return {"Tags": _as_list(call.engine, arn)}


def list_tags(call: Call) -> dict[str, Any]:
    """ListTags."""
    return {"Tags": _as_list(call.engine, _known_arn(call))}


def delete(call: Call) -> dict[str, Any]:
    """DeleteTags; keys that are not there are no error."""
    arn = _known_arn(call)
    with call.engine.store.lock:
        tags = call.engine.store.tags(arn)
        for key in call.request["TagKeys"]:
            tags.pop(key, None)
    return {}


def _known_arn(call: Call) -> str:
    arn: str = call.request["ResourceArn"]
    if call.engine.store.by_arn(arn) is None:
        raise validation_error(f"Could not find resource {arn!r}.")
    return arn


def _merge(engine: Engine, arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    with engine.store.lock:
        engine.store.tags(arn).update({tag["Key"]: tag["Value"] for tag in tags})


def _as_list(engine: Engine, arn: str) -> list[dict[str, str]]:
    with engine.store.lock:
        return [{"Key": key, "Value": value} for key, value in engine.store.tags(arn).items()]


HANDLERS: dict[str, Handler] = {"AddTags": add, "ListTags": list_tags, "DeleteTags": delete}
