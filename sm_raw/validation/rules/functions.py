"""E60x: Lambda functions; their versions are in ``function_versions``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, is_absent, is_placeholder, names, number, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import listed, shown

CREATE_PAGE = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"
CODE_PAGE = "https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html"
VARIABLES_PAGE = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"

LONGEST_TIMEOUT_SECONDS = 900
VARIABLES_BYTES = 4096

# Runtimes whose handlers are FILE.FUNCTION; others (Java, .NET, provided) have forms of their own.
DOTTED_RUNTIMES = ("python", "nodejs")
DOTTED_HANDLER = re.compile(r".+\.[^./]+")
NOT_FOR_IMAGES = ("Runtime", "Handler", "Layers")
_RESERVED = """
    _HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE
    AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR
    """
RESERVED_VARIABLES = frozenset(_RESERVED.split())


def is_image(request: Request) -> bool | None:
    """Whether the function is a container image; None when that is not known."""
    kind = request.get("PackageType")
    if is_placeholder(kind) or is_placeholder(request.get("Code")):
        return None
    return kind == "Image" or not is_absent(request, "Code", "ImageUri")


class FunctionRule(Rule):
    """A rule about the creation of functions."""

    operations: ClassVar[tuple[str, ...]] = ("CreateFunction",)
    source = CREATE_PAGE


class ArchiveHasRuntimeAndHandler(FunctionRule):
    """A function from a .zip archive has a Runtime and a Handler."""

    id = "E600"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_image(request) is False:
            for field, example in (("Runtime", "python3.13"), ("Handler", "lambda_handler.handler")):
                if is_absent(request, field):
                    yield self.finding(field, f"missing; a .zip archive needs it: give one such as {example!r}")


class ImageHasNoRuntime(FunctionRule):
    """A function from a container image has no Runtime, Handler or Layers: they are in the image."""

    id = "E601"

    def check(self, request: Request) -> Iterator[Finding]:
        if is_image(request):
            for field in NOT_FOR_IMAGES:
                if not is_absent(request, field):
                    yield self.finding(field, "given for a container image, which brings its own; remove it")


class HandlerNamesAFunction(FunctionRule):
    """A handler of Python or Node.js is FILE.FUNCTION."""

    id = "E602"
    source = "https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"

    def check(self, request: Request) -> Iterator[Finding]:
        runtime, handler = text(request.get("Runtime")), text(request.get("Handler"))
        if runtime is None or handler is None or not runtime.startswith(DOTTED_RUNTIMES):
            return
        if not DOTTED_HANDLER.fullmatch(handler):
            message = f"{handler!r} names no function; write FILE.FUNCTION, as in lambda_handler.handler"
            yield self.finding("Handler", message)


class OneSourceOfCode(FunctionRule):
    """Code is in S3 (bucket and key), in the request, or an image: one of them."""

    id = "E603"
    source = CODE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        code = request.get("Code")
        if not isinstance(code, dict):
            return
        in_s3 = [field for field in ("S3Bucket", "S3Key") if field in code]
        given = [field for field in (*in_s3[:1], "ZipFile", "ImageUri") if field in code]
        if len(given) > 1:
            yield self.finding("Code", f"has {listed(given, 'and')}; keep one of them")
        elif not given:
            yield self.finding("Code", "names no code; give S3Bucket and S3Key, ZipFile or ImageUri")
        elif len(in_s3) == 1:
            missing = "S3Key" if in_s3 == ["S3Bucket"] else "S3Bucket"
            yield self.finding(f"Code.{missing}", f"missing; {in_s3[0]} needs it")


class ArchiveIsZip(FunctionRule):
    """The object that holds the code is a .zip (or .jar) archive."""

    id = "W604"
    source = CODE_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        key = text(at(request, "Code", "S3Key"))
        if key is not None and key.lower().endswith((".tar.gz", ".tgz", ".tar", ".py", ".whl", "/")):
            yield self.finding(
                "Code.S3Key", f"{shown(key)} looks like no .zip archive, which Lambda takes alone; pack one"
            )


class NoReservedVariables(FunctionRule):
    """Environment variables have none of the names that Lambda sets itself."""

    id = "E605"
    source = VARIABLES_PAGE
    operations = ("CreateFunction", "UpdateFunctionConfiguration")

    def check(self, request: Request) -> Iterator[Finding]:
        for name in names(at(request, "Environment", "Variables")):
            if name in RESERVED_VARIABLES:
                path = join_path("Environment.Variables", name)
                yield self.finding(path, "is set by Lambda itself and refused here; remove or rename it")


class VariablesFit(FunctionRule):
    """Environment variables take 4 KB at most, all together."""

    id = "E606"
    source = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
    operations = ("CreateFunction", "UpdateFunctionConfiguration")

    def check(self, request: Request) -> Iterator[Finding]:
        variables = at(request, "Environment", "Variables")
        pairs = [(name, text(variables[name]) or "") for name in names(variables)]
        size = sum(len(part.encode(errors="replace")) for pair in pairs for part in pair)
        if size > VARIABLES_BYTES:
            message = f"take {size} bytes, more than {VARIABLES_BYTES}; put what is long into S3 or a parameter"
            yield self.finding("Environment.Variables", message)


class TimeoutWithinQuota(FunctionRule):
    """A function that runs on no instances of its own has 900 seconds at most."""

    id = "E607"

    def check(self, request: Request) -> Iterator[Finding]:
        timeout = number(request.get("Timeout"))
        if timeout is None or timeout <= LONGEST_TIMEOUT_SECONDS or not is_absent(request, "CapacityProviderConfig"):
            return
        message = f"{timeout} is more than {LONGEST_TIMEOUT_SECONDS}; give {LONGEST_TIMEOUT_SECONDS} or less"
        yield self.finding("Timeout", message)


class TimeoutLeavesTimeForTheModel(FunctionRule):
    """A function that asks an endpoint (ENDPOINT_NAME) has a Timeout of its own: the default is 3 seconds."""

    id = "W608"

    def check(self, request: Request) -> Iterator[Finding]:
        if at(request, "Environment", "Variables", "ENDPOINT_NAME") and is_absent(request, "Timeout"):
            yield self.finding("Timeout", "missing, so 3 seconds; a model may take 60 to answer: give 70")
