from __future__ import annotations

import ast

import pytest

from sm_raw.specs import pytorch_image, resources, script_mode, training_job
from sm_raw.specs.profiler import (
    PROFILER_RULES,
    dataloader_profiling,
    framework_profile,
    profiler_config,
    profiler_off,
    profiler_report,
    profiler_rule,
    python_profiling,
    step_range,
    time_range,
)
from sm_raw.validation import check

IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
FILES = {
    "LocalPath": "/opt/ml/output/profiler",
    "RotateMaxFileSizeInBytes": "10485760",
    "RotateFileCloseIntervalInSeconds": "60",
    "FileOpenFailThreshold": "50",
}


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (profiler_config("s3://bucket/out"), {"S3OutputPath": "s3://bucket/out"}),
        (
            profiler_config("s3://bucket/out", disabled=False),
            {"S3OutputPath": "s3://bucket/out", "DisableProfiler": False},
        ),
        (
            profiler_config(
                "s3://bucket/out",
                interval_milliseconds=500,
                parameters={"LocalPath": "/opt/ml/output/profiler/"},
                extra={"DisableProfiler": False},
            ),
            {
                "S3OutputPath": "s3://bucket/out",
                "ProfilingIntervalInMilliseconds": 500,
                "ProfilingParameters": {"LocalPath": "/opt/ml/output/profiler/"},
                "DisableProfiler": False,
            },
        ),
        (profiler_off(), {"DisableProfiler": True}),
        (
            profiler_report(image_uri=IMAGE, parameters={"CPUBottleneck_threshold": 60}, name="ProfilerReport-1"),
            {
                "RuleConfigurationName": "ProfilerReport-1",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "ProfilerReport", "CPUBottleneck_threshold": "60"},
            },
        ),
        (
            profiler_rule("StepOutlier", image_uri=IMAGE, name="slow-steps", parameters={"mode": None}),
            {
                "RuleConfigurationName": "slow-steps",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "StepOutlier", "mode": "None"},
            },
        ),
    ],
)
def test_profiler_fragment_is_exactly(built, expected):
    assert built == expected


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (
            framework_profile(step_range(start=5, count=10)),
            {
                **FILES,
                "DetailedProfilingConfig": '{"StartStep": 5, "NumSteps": 10, }',
                "DataloaderProfilingConfig": '{"StartStep": 5, "NumSteps": 10, "MetricsRegex": ".*", }',
                "PythonProfilingConfig": (
                    '{"StartStep": 5, "NumSteps": 10, "ProfilerName": "cprofile", "cProfileTimer": "total_time", }'
                ),
                "HorovodProfilingConfig": '{"StartStep": 5, "NumSteps": 10, }',
                "SMDataParallelProfilingConfig": '{"StartStep": 5, "NumSteps": 10, }',
            },
        ),
        (
            framework_profile(),
            {
                **FILES,
                "DetailedProfilingConfig": '{"StartStep": 5, "NumSteps": 1, }',
                "DataloaderProfilingConfig": '{"StartStep": 7, "NumSteps": 1, "MetricsRegex": ".*", }',
                "PythonProfilingConfig": (
                    '{"StartStep": 9, "NumSteps": 3, "ProfilerName": "cprofile", "cProfileTimer": "default", }'
                ),
                "HorovodProfilingConfig": '{"StartStep": 13, "NumSteps": 1, }',
                "SMDataParallelProfilingConfig": '{"StartStep": 15, "NumSteps": 1, }',
            },
        ),
        (
            framework_profile(
                detailed=time_range(seconds=30),
                dataloader=dataloader_profiling(step_range(), metrics_regex="next"),
                python=python_profiling(time_range(start_epoch_seconds=1700000000), profiler="pyinstrument"),
                local_path="/opt/ml/output/profiler/",
                max_file_bytes=1048576,
                file_close_seconds=30,
                file_open_failures=5,
            ),
            {
                "LocalPath": "/opt/ml/output/profiler/",
                "RotateMaxFileSizeInBytes": "1048576",
                "RotateFileCloseIntervalInSeconds": "30",
                "FileOpenFailThreshold": "5",
                "DetailedProfilingConfig": '{"DurationInSeconds": 30, }',
                "DataloaderProfilingConfig": '{"StartStep": 0, "NumSteps": 1, "MetricsRegex": "next", }',
                "PythonProfilingConfig": '{"StartTimeInSecSinceEpoch": 1700000000, "ProfilerName": "pyinstrument", }',
            },
        ),
        (
            framework_profile(horovod=step_range(start=1), smdataparallel=step_range(start=2)),
            {
                **FILES,
                "HorovodProfilingConfig": '{"StartStep": 1, "NumSteps": 1, }',
                "SMDataParallelProfilingConfig": '{"StartStep": 2, "NumSteps": 1, }',
            },
        ),
    ],
)
def test_framework_profile_is_exactly_the_text_that_the_container_evaluates(built, expected):
    assert built == expected
    assert all(ast.literal_eval(text) for name, text in built.items() if name.endswith("ProfilingConfig"))


def test_a_range_for_everything_gives_way_to_one_that_is_given_by_itself():
    built = framework_profile(step_range(count=2), detailed=step_range(start=9))
    assert built["DetailedProfilingConfig"] == '{"StartStep": 9, "NumSteps": 1, }'
    assert built["HorovodProfilingConfig"] == '{"StartStep": 0, "NumSteps": 2, }'


def test_a_job_with_every_part_of_the_profiler_has_no_findings():
    request = training_job(
        "dogs",
        image_uri=pytorch_image("us-east-1", version="1.13.1", python="py39", instance_type="ml.g4dn.xlarge"),
        role_arn="arn:aws:iam::123456789012:role/SageMakerRole",
        output_uri="s3://bucket/out",
        resources=resources("ml.g4dn.xlarge"),
        hyperparameters=script_mode("train.py", submit_directory="s3://bucket/code.tar.gz"),
        profiler=profiler_config("s3://bucket/out", interval_milliseconds=100, parameters=framework_profile()),
        profiler_rules=[
            profiler_rule(name, image_uri=IMAGE, parameters=rule.parameters) for name, rule in PROFILER_RULES.items()
        ],
    )
    assert check("CreateTrainingJob", request, region="us-east-1") == []
