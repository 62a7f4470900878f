"""The profiler: system monitoring, framework profiling, and the rules that look at what they measure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_raw.specs.assembly import EMPTY, assembled, optional
from sm_raw.specs.debugger_rules import PERCENT
from sm_raw.specs.smdebug_texts import literal_text, parameter_texts

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import ProfilerConfigTypeDef, ProfilerRuleConfigurationTypeDef


class BuiltInProfilerRule(NamedTuple):
    """A rule of the service.

    ``reads_framework``, ``reads_gpus``: without framework profiling, or without GPUs, it has nothing to look at.
    ``ranges``: what some parameters can be at all.
    """

    parameters: Mapping[str, object]
    reads_framework: bool = False
    reads_gpus: bool = False
    ranges: Mapping[str, tuple[float, float]] = EMPTY


SCAN: Mapping[str, object] = {"scan_interval_us": 60_000_000}


def _percentages(*names: str) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(names, PERCENT)


# Parameters and defaults of AWS's package smdebug-rulesconfig 1.0.1, which the reports of real jobs confirm;
# the developer guide's differ. LoadBalancing: the container's own default, where that package sends 0.5.
PROFILER_RULES: Mapping[str, BuiltInProfilerRule] = MappingProxyType(
    {
        "BatchSize": BuiltInProfilerRule(
            {
                "cpu_threshold_p95": 70,
                "gpu_threshold_p95": 70,
                "gpu_memory_threshold_p95": 70,
                "patience": 1000,
                "window": 500,
                **SCAN,
            },
            ranges=_percentages("cpu_threshold_p95", "gpu_threshold_p95", "gpu_memory_threshold_p95"),
        ),
        "CPUBottleneck": BuiltInProfilerRule(
            {"threshold": 50, "gpu_threshold": 10, "cpu_threshold": 90, "patience": 1000, **SCAN},
            ranges=_percentages("threshold", "gpu_threshold", "cpu_threshold"),
        ),
        "IOBottleneck": BuiltInProfilerRule(
            {"threshold": 50, "gpu_threshold": 10, "io_threshold": 50, "patience": 1000, **SCAN},
            ranges=_percentages("threshold", "gpu_threshold", "io_threshold"),
        ),
        "GPUMemoryIncrease": BuiltInProfilerRule(
            {"increase": 5, "patience": 1000, "window": 10, **SCAN}, reads_gpus=True, ranges=_percentages("increase")
        ),
        "LoadBalancing": BuiltInProfilerRule({"threshold": 0.2, "patience": 1000, **SCAN}, reads_gpus=True),
        "LowGPUUtilization": BuiltInProfilerRule(
            {"threshold_p95": 70, "threshold_p5": 10, "window": 500, "patience": 1000, **SCAN},
            reads_gpus=True,
            ranges=_percentages("threshold_p95", "threshold_p5"),
        ),
        "OverallSystemUsage": BuiltInProfilerRule(SCAN),
        "MaxInitializationTime": BuiltInProfilerRule({"threshold": 20, **SCAN}, reads_framework=True),
        "StepOutlier": BuiltInProfilerRule({"stddev": 3, "mode": None, "n_outliers": 10, **SCAN}, reads_framework=True),
        "OverallFrameworkMetrics": BuiltInProfilerRule(SCAN, reads_framework=True),
        "Dataloader": BuiltInProfilerRule({"min_threshold": 70, "max_threshold": 200, **SCAN}, reads_framework=True),
        # Beside these it takes the parameters of all others, as <Rule>_<parameter>.
        "ProfilerReport": BuiltInProfilerRule({"opt_out_telemetry": False}),
    }
)


def profiler_config(
    output_uri: str,
    *,
    interval_milliseconds: int | None = None,
    parameters: Mapping[str, str] = EMPTY,
    disabled: bool | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProfilerConfigTypeDef:
    """System monitoring, every 100, 200, 500 (where not given), 1000, 5000 or 60000 milliseconds.

    ``parameters``: what ``framework_profile`` returns, to look into the framework as well. ``disabled``: False
    says aloud what holds anyway, as AWS's SDK does.
    """
    config: ProfilerConfigTypeDef = {
        "S3OutputPath": output_uri,
        "ProfilingIntervalInMilliseconds": optional(interval_milliseconds),
        "ProfilingParameters": optional(parameters),
        "DisableProfiler": optional(disabled),
    }
    return assembled(config, extra)


def profiler_off() -> ProfilerConfigTypeDef:
    """Neither monitoring nor profiling. It has to be said: without a configuration the service decides."""
    return {"DisableProfiler": True}


def step_range(*, start: int = 0, count: int = 1) -> dict[str, object]:
    """Profile ``count`` steps from step ``start`` on."""
    return {"StartStep": start, "NumSteps": count}


def time_range(*, start_epoch_seconds: float | None = None, seconds: float | None = None) -> dict[str, object]:
    """Profile for some seconds, from a time on or from the first step; without ``seconds``, for one step."""
    fields: dict[str, object] = {
        "StartTimeInSecSinceEpoch": optional(start_epoch_seconds),
        "DurationInSeconds": optional(seconds),
    }
    return assembled(fields)


def dataloader_profiling(profiling_range: Mapping[str, object], *, metrics_regex: str = ".*") -> dict[str, object]:
    """The events of data loaders whose names match; smdebug compares in lower case."""
    return {**profiling_range, "MetricsRegex": metrics_regex}


def python_profiling(
    profiling_range: Mapping[str, object], *, profiler: str = "cprofile", timer: str = "total_time"
) -> dict[str, object]:
    """Python's own time by ``cprofile``, with timer total_time, cpu_time or off_cpu_time, or by ``pyinstrument``."""
    timed = {"cProfileTimer": timer} if profiler == "cprofile" else {}
    return {**profiling_range, "ProfilerName": profiler, **timed}


def framework_profile(
    profiling_range: Mapping[str, object] | None = None,
    *,
    detailed: Mapping[str, object] | None = None,
    dataloader: Mapping[str, object] | None = None,
    python: Mapping[str, object] | None = None,
    horovod: Mapping[str, object] | None = None,
    smdataparallel: Mapping[str, object] | None = None,
    local_path: str = "/opt/ml/output/profiler",
    max_file_bytes: int = 10_485_760,
    file_close_seconds: int = 60,
    file_open_failures: int = 50,
) -> dict[str, str]:
    """The ProfilingParameters of a framework profile, for PyTorch below 2.0 and TensorFlow below 2.11.

    ``profiling_range`` (from ``step_range`` or ``time_range``) profiles everything then. Otherwise only what is
    given is profiled: a range, or what ``dataloader_profiling`` and ``python_profiling`` return. With nothing at
    all, everything is profiled for a step or three, as by AWS's ``FrameworkProfile()``. smdebug reads the
    configuration in lower case, ``local_path`` included.
    """
    given = {
        "DetailedProfilingConfig": detailed,
        "DataloaderProfilingConfig": dataloader,
        "PythonProfilingConfig": python,
        "HorovodProfilingConfig": horovod,
        "SMDataParallelProfilingConfig": smdataparallel,
    }
    chosen = {name: fields for name, fields in given.items() if fields is not None}
    if profiling_range is not None:
        chosen = {**_everything(profiling_range), **chosen}
    return {
        "LocalPath": local_path,
        "RotateMaxFileSizeInBytes": str(max_file_bytes),
        "RotateFileCloseIntervalInSeconds": str(file_close_seconds),
        "FileOpenFailThreshold": str(file_open_failures),
        **{name: literal_text(fields) for name, fields in (chosen or FEW_STEPS).items()},
    }


def _everything(profiling_range: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return {
        "DetailedProfilingConfig": profiling_range,
        "DataloaderProfilingConfig": dataloader_profiling(profiling_range),
        "PythonProfilingConfig": python_profiling(profiling_range),
        "HorovodProfilingConfig": profiling_range,
        "SMDataParallelProfilingConfig": profiling_range,
    }


# What AWS's SDK sends for a FrameworkProfile() without arguments.
FEW_STEPS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "DetailedProfilingConfig": step_range(start=5),
        "DataloaderProfilingConfig": dataloader_profiling(step_range(start=7)),
        "PythonProfilingConfig": python_profiling(step_range(start=9, count=3), timer="default"),
        "HorovodProfilingConfig": step_range(start=13),
        "SMDataParallelProfilingConfig": step_range(start=15),
    }
)


def profiler_rule(
    rule: str,
    *,
    image_uri: str,
    parameters: Mapping[str, object] = EMPTY,
    name: str | None = None,
    extra: Mapping[str, Any] = EMPTY,
) -> ProfilerRuleConfigurationTypeDef:
    """A built-in rule over the profiler's data; ``PROFILER_RULES`` lists them, the image is as for debug rules."""
    configuration: ProfilerRuleConfigurationTypeDef = {
        "RuleConfigurationName": rule if name is None else name,
        "RuleEvaluatorImage": image_uri,
        "RuleParameters": {"rule_to_invoke": rule, **parameter_texts(parameters)},
    }
    return assembled(configuration, extra)


def profiler_report(
    *, image_uri: str, parameters: Mapping[str, object] = EMPTY, name: str = "ProfilerReport"
) -> ProfilerRuleConfigurationTypeDef:
    """The rule that runs all profiler rules and writes profiler-report.html.

    A parameter of one of them is given as ``<Rule>_<parameter>``, e.g. ``CPUBottleneck_threshold``.
    """
    return profiler_rule("ProfilerReport", image_uri=image_uri, parameters=parameters, name=name)
