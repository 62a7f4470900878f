"""What a document of faults may say: its schema, the errors that each service knows, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sm_raw.local.protocol import service_model
from sm_raw.validation.findings import path_of
from sm_raw.validation.wording import did_you_mean, listed, shown

Document = Mapping[str, Any]
LONGEST_SECONDS = 3600


class Refusal(NamedTuple):
    """An error as a service words it. The message may hold ``{action}`` ("s3:PutObject")."""

    code: str
    status: int
    message: str


RATE = "Rate exceeded"
EXPIRED = "The security token included in the request is expired"
FAILED = "The request processing has failed because of an unknown error, exception or failure."
DOWN = "The request has failed due to a temporary failure of the server."
DENIED = (
    "User: arn:aws:iam::123456789012:user/local is not authorized to perform: {action} because no identity-based "
    "policy allows the {action} action"
)
QUOTA = (
    "The account-level service limit 'ml.m5.large for {use} usage' is 0 Instances, with current utilization of 0 "
    "Instances and a request delta of 1 Instances. Please contact AWS support to request an increase for this limit."
)
# By service, or else by protocol. Codes and statuses are those of the services' own models where they have such an
# error, else of the "Common Errors" pages of their API references; those of S3 and EC2:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# What the JSON protocol and IAM answer to expired credentials was taken from users' reports, for instance
# https://github.com/cfn-sphere/cfn-sphere/issues/55
ERRORS: dict[str, dict[str, Refusal]] = {
    "throttling": {
        "json": Refusal("ThrottlingException", 400, RATE),
        "rest-json": Refusal("ThrottlingException", 400, RATE),
        "query": Refusal("Throttling", 400, RATE),
        "lambda": Refusal("TooManyRequestsException", 429, "Rate Exceeded."),
        "s3": Refusal("SlowDown", 503, "Please reduce your request rate."),
        "ec2": Refusal("RequestLimitExceeded", 503, "Request limit exceeded."),
    },
    "internal": {
        "json": Refusal("InternalFailure", 500, FAILED),
        "rest-json": Refusal("InternalFailure", 500, FAILED),
        "query": Refusal("InternalFailure", 500, FAILED),
        "application-autoscaling": Refusal("InternalServiceException", 500, FAILED),
        "iam": Refusal("ServiceFailure", 500, FAILED),
        "lambda": Refusal("ServiceException", 500, FAILED),
        "s3": Refusal("InternalError", 500, "We encountered an internal error. Please try again."),
        "ec2": Refusal("InternalError", 500, "An internal error has occurred"),
    },
    "unavailable": {
        "json": Refusal("ServiceUnavailable", 503, DOWN),
        "rest-json": Refusal("ServiceUnavailable", 503, DOWN),
        "query": Refusal("ServiceUnavailable", 503, DOWN),
        "logs": Refusal("ServiceUnavailableException", 503, DOWN),
        "s3": Refusal("ServiceUnavailable", 503, "Service is unable to handle request."),
        "ec2": Refusal("Unavailable", 503, "The service is unavailable. Please try again shortly."),
    },
    "expired_token": {
        "json": Refusal("ExpiredTokenException", 400, EXPIRED),
        "rest-json": Refusal("ExpiredTokenException", 403, EXPIRED),
        "query": Refusal("ExpiredToken", 403, EXPIRED),
        "s3": Refusal("ExpiredToken", 400, "The provided token has expired."),
        "ec2": Refusal("RequestExpired", 400, "Request has expired."),
    },
    "access_denied": {
        "json": Refusal("AccessDeniedException", 400, DENIED),
        "rest-json": Refusal("AccessDeniedException", 403, DENIED),
        "query": Refusal("AccessDenied", 403, DENIED),
        "s3": Refusal("AccessDenied", 403, "Access Denied"),
        "ec2": Refusal("UnauthorizedOperation", 403, "You are not authorized to perform this operation."),
    },
    "resource_limit": {
        # https://github.com/aws/amazon-sagemaker-examples/issues/307 shows the message.
        "sagemaker": Refusal("ResourceLimitExceeded", 400, QUOTA),
        "application-autoscaling": Refusal("LimitExceededException", 400, "A per-account resource limit is exceeded."),
        "cloudwatch": Refusal("LimitExceeded", 400, "The maximum number of resources has been reached."),
        "ec2": Refusal("InstanceLimitExceeded", 400, "You have reached the limit on the number of instances."),
        "iam": Refusal("LimitExceeded", 409, "Cannot exceed quota."),
        "logs": Refusal("LimitExceededException", 400, "Resource limit exceeded."),
        "s3": Refusal("TooManyBuckets", 400, "You have attempted to create more buckets than allowed."),
    },
    "capacity": {"ec2": Refusal("InsufficientInstanceCapacity", 500, "Insufficient capacity.")},
}
# What a limit of SageMaker is a limit of; any other operation is told of training jobs.
QUOTA_USES = {"CreateEndpoint": "endpoint", "CreateProcessingJob": "processing job"}
# Errors of calls that are no answer of the service.
WITHOUT_ANSWER = ("reset", "slow")
JOB_ERRORS = ("capacity", "internal", "script")
ENDPOINT_ERRORS = ("capacity", "ping")
# Where an operation is looked for when the service is a pattern.
USUAL_SERVICES = (
    *("sagemaker", "sagemaker-runtime", "s3", "logs", "application-autoscaling"),
    *("cloudwatch", "iam", "lambda", "sts", "ec2"),
)

TEXT = {"type": "string", "minLength": 1}
SECONDS = {"type": "number", "minimum": 0, "maximum": LONGEST_SECONDS}
CHANCE = {
    "rate": {"type": "number", "minimum": 0, "maximum": 1},
    "skip": {"type": "integer", "minimum": 0},
    "times": {"type": "integer", "minimum": 1},
}


def _rules(errors: Sequence[str], **fields: Any) -> dict[str, Any]:
    properties = {"error": {"enum": list(errors)}, "seconds": SECONDS, **fields, **CHANCE}
    rule = {"type": "object", "properties": properties, "required": ["error"], "additionalProperties": False}
    return {"type": "array", "items": rule}


SCHEMA = {
    "type": "object",
    "properties": {
        "seed": {"type": "integer"},
        "calls": _rules(
            [*ERRORS, *WITHOUT_ANSWER],
            service=TEXT,
            operation=TEXT,
            when={"enum": ["before", "after"]},
            message=TEXT,
        ),
        "jobs": _rules(JOB_ERRORS, name=TEXT, reason=TEXT, exit_code={"type": "integer", "minimum": 1, "maximum": 255}),
        "endpoints": _rules(ENDPOINT_ERRORS, name=TEXT, reason=TEXT),
    },
    "additionalProperties": False,
}


def refusal(error: str, service: str, protocol: str, operation: str) -> Refusal | None:
    """What a service answers; None where it has no such error."""
    known = ERRORS[error]
    found = known.get(service) or known.get(protocol)
    if found is None:
        return None
    action = f"{service.removesuffix('-runtime')}:{operation}"
    use = QUOTA_USES.get(operation, "training job")
    return found._replace(message=found.message.format(action=action, use=use))


def complaints(document: object) -> list[str]:
    """What is wrong with a document of faults, each with its place; empty for one that can be used."""
    wrong = list(_schema_complaints(document))
    if wrong or not isinstance(document, Mapping):
        return wrong
    for index, rule in enumerate(document.get("calls", [])):
        wrong += (f"calls[{index}].{text}" for text in _call_complaints(rule))
    for index, rule in enumerate(document.get("jobs", [])):
        if "exit_code" in rule and rule["error"] != "script":
            wrong.append(f"jobs[{index}].exit_code: only a script has one; leave it out, or give error 'script'")
    return wrong


def _schema_complaints(document: object) -> Iterator[str]:
    from jsonschema import Draft202012Validator

    for failure in sorted(Draft202012Validator(SCHEMA).iter_errors(document), key=lambda item: list(item.path)):
        place, given = path_of(failure.absolute_path), failure.instance
        if failure.validator == "additionalProperties":
            known = list(failure.schema["properties"])
            for name in given.keys() - known:
                yield f"{_inside(place, name)}: {_unknown(name, known)}"
        elif failure.validator == "enum":
            yield f"{place}: {_unknown(given, failure.validator_value)}"
        elif failure.validator == "required":
            yield f"{_inside(place, 'error')}: missing"
        else:
            yield f"{place or 'the document'}: {failure.message}"


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _unknown(given: object, known: Sequence[str]) -> str:
    if given == "spot_interruption":
        return (
            "this engine keeps no checkpoints, from which an interrupted job would go on; give 'script' or 'capacity'"
        )
    hint = did_you_mean(given, known) if isinstance(given, str) else ""
    return f"{shown(given)} is not known; {hint or f'give {listed(known)}'}"


def _call_complaints(rule: Document) -> Iterator[str]:
    error, service = rule["error"], rule.get("service", "*")
    if (error == "slow") != ("seconds" in rule):
        yield "seconds: give it for error 'slow', and for no other"
    if "message" in rule and error in WITHOUT_ANSWER:
        yield f"message: error {error!r} answers nothing of its own; leave it out"
    services = [service] if not _is_pattern(service) else list(USUAL_SERVICES)
    if not _is_pattern(service) and service not in _services():
        yield f"service: no service {service!r}; {did_you_mean(service, _services()) or 'give its name in boto3'}"
        return
    if error in ERRORS and not any(_knows(each, error) for each in services):
        others = listed(sorted(ERRORS[error]))
        where = '; training jobs and endpoints lack it under "jobs" and "endpoints"' if error == "capacity" else ""
        yield f"error: {service} answers no {error!r}, but {others}{where}"
    operation = rule.get("operation", "*")
    names = [name for each in services for name in service_model(each).operation_names]
    if not _is_pattern(operation) and operation not in names:
        yield f"operation: {service} has no {operation!r}; {did_you_mean(operation, names) or 'see its API reference'}"


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _knows(service: str, error: str) -> bool:
    # Errors of a protocol are errors of every service.
    return "json" in ERRORS[error] or service in ERRORS[error]


@cache
def _services() -> tuple[str, ...]:
    from botocore.loaders import Loader

    return tuple(Loader().list_available_services("service-2"))
