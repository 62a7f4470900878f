"""Keep botocore from repeating a call that may have been carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sm_raw.aws.calls import is_transient

if TYPE_CHECKING:
    from botocore.client import BaseClient

_repeatable: ContextVar[bool] = ContextVar("repeatable", default=True)


@contextmanager
def only_safe_repeats(client: BaseClient, operation: str, *, repeatable: bool) -> Iterator[None]:
    """Within this, botocore's own retries of ``operation`` in this thread are none but safe ones.

    Without it botocore sends an InvokeEndpoint again, up to four times, when the answer is late: the model then works
    on all of them. Calls from elsewhere through the same client are left as they were. ``repeatable`` lifts it.
    """
    service = client.meta.service_model.service_id.hyphenize()
    # Registered once for each client, however often it is called.
    name = f"sm-raw-safe-repeats-{operation}"
    events: Any = client.meta.events  # Its stubs know no handler that answers.
    events.register_first(f"needs-retry.{service}.{operation}", _veto, unique_id=name)
    token = _repeatable.set(repeatable)
    try:
        yield
    finally:
        _repeatable.reset(token)


def _veto(
    response: tuple[Any, Mapping[str, Any]] | None = None, caught_exception: Exception | None = None, **_: Any
) -> bool | None:
    """False ends botocore's retries; None leaves the decision to its own handler, which comes after this."""
    if _repeatable.get():
        return None
    error = caught_exception or _client_error(response)
    return None if error is None or is_transient(error, repeatable=False) else False


def _client_error(response: tuple[Any, Mapping[str, Any]] | None) -> Exception | None:
    from botocore.exceptions import ClientError

    if response is None or response[0].status_code < 300:
        return None
    return ClientError(dict(response[1]), "call")  # type: ignore[arg-type]
