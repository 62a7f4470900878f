"""What Lambda answers when it refuses: its codes, with the HTTP status of each."""

from __future__ import annotations

from sm_raw.local.protocol import ServiceError


def invalid(message: str) -> ServiceError:
    """A value that is not taken."""
    return ServiceError("InvalidParameterValueException", message)


def conflict(message: str) -> ServiceError:
    """A name that is taken, or something that another thing needs."""
    return ServiceError("ResourceConflictException", message, status=409)


def out_of_constraint(given: object, field: str, constraint: str) -> ServiceError:
    """A value that the API's own model does not allow; ``constraint`` is what the member must do."""
    shown = "null" if given is None else f"'{given}'"
    failed = f"Value {shown} at '{field}' failed to satisfy constraint: Member must {constraint}"
    return ServiceError("ValidationException", f"1 validation error detected: {failed}")


def throttled(reason: str) -> ServiceError:
    """Too many at a time."""
    fields = {"Reason": reason, "Type": "User"}
    return ServiceError("TooManyRequestsException", "Rate Exceeded.", status=429, fields=fields)


def too_large(limit: int, operation: str) -> ServiceError:
    """A request of too many bytes."""
    message = f"Request must be smaller than {limit} bytes for the {operation} operation"
    return ServiceError("RequestEntityTooLargeException", message, status=413)
