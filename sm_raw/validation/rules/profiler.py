"""E25x: the profiler's configuration, and whether its rules have something to look at."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from sm_raw.specs.instance_types import family
from sm_raw.specs.profiler import PROFILER_RULES
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.patterns import UNREADABLE
from sm_raw.validation.reading import at, is_absent, is_placeholder, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.debugger import BUILT_IN, PROFILER_LIST, configurations
from sm_raw.validation.rules.debugger_hook import framework_version
from sm_raw.validation.rules.rule_parameters import spells_number
from sm_raw.validation.wording import did_you_mean, listed, shown

CONFIG_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProfilerConfig.html"
FRAMEWORK_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-configure-framework-profiling.html"
SMDEBUG_CONFIG = "https://github.com/awslabs/sagemaker-debugger/blob/master/smdebug/profiler/profiler_config.py"
SDK = "https://github.com/aws/sagemaker-python-sdk/blob/v2.217.0/src/sagemaker"

INTERVALS_MILLISECONDS = (100, 200, 500, 1000, 5000, 60000)
LONGEST = 256  # characters; longer texts are a finding of the schema
PARAMETERS = "ProfilerConfig.ProfilingParameters"
NUMBERS = ("RotateMaxFileSizeInBytes", "RotateFileCloseIntervalInSeconds", "FileOpenFailThreshold")
STEPS, TIMES = ("StartStep", "NumSteps"), ("StartTimeInSecSinceEpoch", "DurationInSeconds")
# {configuration: the fields that it has beside those of its range}
EXAMPLE = '{"StartStep": 5, "NumSteps": 10}'
RANGES: Mapping[str, tuple[str, ...]] = {
    "DetailedProfilingConfig": (),
    "DataloaderProfilingConfig": ("MetricsRegex",),
    "PythonProfilingConfig": ("ProfilerName", "cProfileTimer"),
    "HorovodProfilingConfig": (),
    "SMDataParallelProfilingConfig": (),
}
LOWER_RANGES = {name.lower(): fields for name, fields in RANGES.items()}
CHOICES = {
    "profilername": ("cprofile", "pyinstrument"),
    "cprofiletimer": ("total_time", "cpu_time", "off_cpu_time", "default"),
}
# {repository: the first version without framework profiling}
FRAMEWORK_PROFILING_ENDS = {"pytorch-training": (2, 0), "tensorflow-training": (2, 11)}


class ProfilerRule(Rule):
    """A rule about the profiler."""

    operations: ClassVar[tuple[str, ...]] = ("CreateTrainingJob", "UpdateTrainingJob")
    source = CONFIG_PAGE


class ProfilingInterval(ProfilerRule):
    """ProfilingIntervalInMilliseconds is 100, 200, 500, 1000, 5000 or 60000."""

    id = "E251"

    def check(self, request: Request) -> Iterator[Finding]:
        interval = number(at(request, "ProfilerConfig", "ProfilingIntervalInMilliseconds"))
        if interval is not None and interval not in INTERVALS_MILLISECONDS:
            message = f"{interval} is no interval of the profiler; give {listed(INTERVALS_MILLISECONDS)}"
            yield self.finding("ProfilerConfig.ProfilingIntervalInMilliseconds", message)


def parameters(request: Request) -> Mapping[str, Any]:
    found = at(request, *PARAMETERS.split("."))
    return found if isinstance(found, Mapping) else {}


def ranges(request: Request) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(path, fields, text) of each configuration of a framework profile."""
    for name, given in parameters(request).items():
        written = text(given)
        if written is not None and str(name).lower() in LOWER_RANGES:
            yield join_path(PARAMETERS, name), (*STEPS, *TIMES, *LOWER_RANGES[str(name).lower()]), written


class ProfilingConfigIsLiteral(ProfilerRule):
    """Each configuration of a framework profile is a dict as Python writes it: smdebug evaluates it."""

    id = "E252"
    source = SMDEBUG_CONFIG

    def check(self, request: Request) -> Iterator[Finding]:
        for path, _, written in ranges(request):
            if _literal(written) is None:
                message = f"{shown(written)} is no dict as Python writes it; give one, as {EXAMPLE}"
                yield self.finding(path, message)


@lru_cache(maxsize=64)
def _literal(written: str) -> Mapping[Any, Any] | None:
    """The dict that the text spells, read in lower case as smdebug does; None when it spells none."""
    if len(written) > LONGEST:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in a regex
            value = ast.literal_eval(written.lower().strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class ProfilingConfigWorks(ProfilerRule):
    """A framework profile holds what smdebug knows: it skips other names, and a configuration with a wrong value."""

    id = "W253"
    source = SMDEBUG_CONFIG

    def check(self, request: Request) -> Iterator[Finding]:
        known = ["LocalPath", *NUMBERS, *RANGES]
        lower = {name.lower() for name in known}
        for name, given in parameters(request).items():
            path, value = join_path(PARAMETERS, str(name)), text(given)
            if str(name).lower() not in lower and not is_placeholder(name):
                hint = did_you_mean(str(name), known) or "remove it"
                yield self.finding(path, f"{shown(name)} is no parameter of the profiler; {hint}")
            elif name in NUMBERS and value is not None and not spells_number(value):
                yield self.finding(path, f"{shown(value)} spells no number; smdebug takes its defaults then")
        for path, fields, written in ranges(request):
            yield from (self.finding(path, fault) for fault in _range_faults(_literal(written) or {}, fields))


def _range_faults(given: Mapping[Any, Any], fields: tuple[str, ...]) -> Iterator[str]:
    """What keeps a configuration from being used; its names are in lower case."""
    lower = {field.lower(): field for field in fields}
    for name in given:
        if name not in lower:
            yield f"{shown(name)} is no field of this configuration; {did_you_mean(str(name), fields) or 'remove it'}"
    by_step, by_time = (any(given.get(field.lower()) for field in side) for side in (STEPS, TIMES))
    if by_step and by_time:
        yield "gives a range by step and one by time, and is skipped; keep one"
    for field in (*STEPS, *TIMES):
        value = given.get(field.lower())
        if value is not None and not spells_number(str(value)):
            yield f"{field} {shown(value)} is no number"
    for name, accepted in CHOICES.items():
        if name in lower and given.get(name, accepted[0]) not in accepted:
            yield f"{lower[name]} {shown(given[name])} is not known; {did_you_mean(str(given[name]), accepted)}"
    if "metricsregex" in lower and (error := _regex_error(given.get("metricsregex"))):
        yield f"MetricsRegex is no regular expression: {error}"


def _regex_error(pattern: object) -> str | None:
    try:
        re.compile(pattern) if isinstance(pattern, str) else None
    except UNREADABLE as error:
        return str(error)
    return None


class DisabledProfilerHasNoRules(ProfilerRule):
    """DisableProfiler goes without profiler rules and without anything to profile."""

    id = "E254"
    source = f"{SDK}/estimator.py"

    def check(self, request: Request) -> Iterator[Finding]:
        if at(request, "ProfilerConfig", "DisableProfiler") is not True:
            return
        for place in (PROFILER_LIST, PARAMETERS):
            if at(request, *place.split(".")):
                yield self.finding(place, "given although DisableProfiler is true; remove it, or set that to false")


class FrameworkProfilingEnded(ProfilerRule):
    """Framework profiling, and the rules that look at it, go with PyTorch below 2.0 or TensorFlow below 2.11."""

    id = "W255"
    source = FRAMEWORK_PAGE

    def check(self, request: Request) -> Iterator[Finding]:
        image = self._image_without(request)
        if image is None:
            return
        if any(True for _ in ranges(request)):
            yield self.finding(PARAMETERS, f"{image} has no framework profiling any more; remove it")
        for configuration in configurations(request, PROFILER_LIST):
            rule = PROFILER_RULES.get(configuration.invoked or "")
            if configuration.repository == BUILT_IN and rule is not None and rule.reads_framework:
                message = f"{configuration.invoked} reads what framework profiling measures, which {image} has no more"
                yield self.finding(configuration.path, f"{message}; remove it")

    def _image_without(self, request: Request) -> str | None:
        for repository, end in FRAMEWORK_PROFILING_ENDS.items():
            version = framework_version(request, repository)
            if version >= end:
                return f"{repository} {'.'.join(map(str, version))}"
        return None


class ProfilerRulesNeedData(ProfilerRule):
    """Profiler rules of a new job come with a ProfilerConfig that says where the measurements go."""

    id = "W256"
    operations = ("CreateTrainingJob",)

    def check(self, request: Request) -> Iterator[Finding]:
        config = at(request, "ProfilerConfig")
        if not any(True for _ in records(at(request, PROFILER_LIST))) or at(config, "DisableProfiler") is True:
            return
        if is_absent(request, "ProfilerConfig") or is_absent(config, "S3OutputPath"):
            message = "missing; the profiler's rules read what it writes there"
            yield self.finding("ProfilerConfig.S3OutputPath", message)


class ProfilerNotOnTrainium(ProfilerRule):
    """The profiler is off on Trainium instances, which it does not know."""

    id = "W257"
    operations = ("CreateTrainingJob",)
    source = f"{SDK}/fw_utils.py"

    def check(self, request: Request) -> Iterator[Finding]:
        instance_type = text(at(request, "ResourceConfig", "InstanceType")) or ""
        if not family(instance_type).startswith("trn"):
            return
        config = at(request, "ProfilerConfig")
        wanted = isinstance(config, Mapping) and not is_absent(request, "ProfilerConfig")
        if (
            wanted
            and at(config, "DisableProfiler") not in (True,)
            and not is_placeholder(at(config, "DisableProfiler"))
        ):
            message = f"the profiler does not know {instance_type}; set it to true"
            yield self.finding("ProfilerConfig.DisableProfiler", message)
