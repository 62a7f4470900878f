from __future__ import annotations

import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import sm_raw.validation
from sm_raw.validation import check, check_together, rule_table
from sm_raw.validation.findings import in_document_order
from sm_raw.validation.rules import all_rules
from sm_raw.validation.rules.base import TogetherRule

ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0-cpu-py310"
SERVING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.0-cpu-py310"
HOOK_RULE = {
    "RuleConfigurationName": "Overfit",
    "RuleEvaluatorImage": "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest",
    "RuleParameters": {"rule_to_invoke": "Overfit", "patience": "3"},
}
PROFILER_RULE = {
    "RuleConfigurationName": "ProfilerReport",
    "RuleEvaluatorImage": "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest",
    "RuleParameters": {"rule_to_invoke": "ProfilerReport"},
}
ALGORITHM = {
    "TrainingImage": IMAGE,
    "TrainingInputMode": "File",
    "MetricDefinitions": [{"Name": "valid:loss", "Regex": "valid:loss=([0-9.eE+-]+);"}],
}
CHANNEL = {
    "ChannelName": "train",
    "DataSource": {
        "S3DataSource": {
            "S3DataType": "S3Prefix",
            "S3Uri": "s3://bucket/train",
            "S3DataDistributionType": "FullyReplicated",
        }
    },
}
TRAINING = {
    "TrainingJobName": "digits-0417",
    "AlgorithmSpecification": ALGORITHM,
    "RoleArn": ROLE,
    "InputDataConfig": [CHANNEL, {**CHANNEL, "ChannelName": "valid"}],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output/"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"},
    "HyperParameters": {"lr": "0.01", "batch-size": "64", "name": "Größe"},
    "Environment": {"LOG_LEVEL": "20"},
    "DebugHookConfig": {"S3OutputPath": "s3://bucket/debug", "CollectionConfigurations": []},
    "DebugRuleConfigurations": [HOOK_RULE],
    "ProfilerConfig": {"S3OutputPath": "s3://bucket/profile", "ProfilingIntervalInMilliseconds": 500},
    "ProfilerRuleConfigurations": [PROFILER_RULE],
    "Tags": [{"Key": "project", "Value": "digits"}],
}
DEFINITION = {
    "AlgorithmSpecification": ALGORITHM,
    "RoleArn": ROLE,
    "InputDataConfig": [CHANNEL],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output/"},
    "HyperParameterTuningResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "StaticHyperParameters": {"epochs": "3"},
}
RANGES = {
    "ContinuousParameterRanges": [
        {"Name": "lr", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"},
    ],
    "CategoricalParameterRanges": [{"Name": "batch-size", "Values": ["32", "64"]}],
    "IntegerParameterRanges": [{"Name": "layers", "MinValue": "1", "MaxValue": "3"}],
}
OBJECTIVE = {"MetricName": "valid:loss", "Type": "Minimize"}
TUNING = {
    "HyperParameterTuningJobName": "digits-tune",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": OBJECTIVE,
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": RANGES,
    },
    "TrainingJobDefinition": DEFINITION,
}
SEVERAL = {
    "HyperParameterTuningJobName": "digits-tune",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
    },
    "TrainingJobDefinitions": [
        {**DEFINITION, "DefinitionName": "a", "TuningObjective": OBJECTIVE, "HyperParameterRanges": RANGES}
    ],
}
MODEL = {
    "ModelName": "digits",
    "ExecutionRoleArn": ROLE,
    "PrimaryContainer": {
        "Image": SERVING_IMAGE,
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    },
}
CONFIG = {
    "EndpointConfigName": "digits",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "digits",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1,
        }
    ],
}
ENDPOINT = {"EndpointName": "digits", "EndpointConfigName": "digits", "Tags": []}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/digits/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "MinCapacity": 1,
    "MaxCapacity": 3,
}
POLICY = {
    "PolicyName": "digits-invocations",
    **{name: TARGET[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")},
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 300,
    },
}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("CreateTrainingJob", TRAINING),
    ("CreateHyperParameterTuningJob", TUNING),
    ("CreateHyperParameterTuningJob", SEVERAL),
    ("CreateModel", MODEL),
    ("CreateEndpointConfig", CONFIG),
    ("CreateEndpoint", ENDPOINT),
    ("RegisterScalableTarget", TARGET),
    ("PutScalingPolicy", POLICY),
]


@pytest.mark.parametrize(("operation", "request_"), GOOD)
def test_right_request_has_no_findings(operation: str, request_: dict[str, Any]) -> None:
    assert check(operation, request_) == []


def test_wrong_instance_type_bad_name_missing_role_and_spot_without_wait_are_reported_at_once() -> None:
    request = copy.deepcopy(TRAINING)
    request["TrainingJobName"] = "digits 0417"
    request["ResourceConfig"]["InstanceType"] = "ml.m5.huge"
    del request["RoleArn"], request["StoppingCondition"]["MaxWaitTimeInSeconds"]
    assert [(finding.id, finding.severity, finding.path) for finding in check("CreateTrainingJob", request)] == [
        ("E004", "error", "TrainingJobName"),
        ("E003", "error", "ResourceConfig.InstanceType"),
        ("E210", "error", "StoppingCondition.MaxWaitTimeInSeconds"),
        ("E001", "error", "RoleArn"),
    ]


def test_operation_may_be_written_with_its_service() -> None:
    assert [str(finding) for finding in check("sagemaker:CreateModel", {**MODEL, "Containers": []})] == [
        "E403 sagemaker:CreateModel Containers:"
        " given beside PrimaryContainer; keep PrimaryContainer for a single container"
    ]


def test_requests_checked_together_are_held_against_each_other() -> None:
    wrong = {**TARGET, "ResourceId": "endpoint/digits/variant/Blue", "MinCapacity": 5}
    requests = [*GOOD[:7], ("PutScalingPolicy", POLICY), ("RegisterScalableTarget", wrong)]
    found = check_together(requests)
    assert found[:-1] == [[]] * 8
    assert [(finding.id, finding.path) for finding in found[-1]] == [("E510", "ResourceId"), ("E501", "MinCapacity")]


def test_request_of_any_other_type_is_one_finding() -> None:
    odd: Any = ["not a request"]
    assert [(finding.id, finding.path) for finding in check("CreateModel", odd)] == [("E002", "")]


def test_ids_are_unique_and_well_formed() -> None:
    ids = [row.id for row in rule_table()]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if not re.fullmatch(r"[EW]\d{3}", each)] == []


def test_rules_are_described_and_sourced() -> None:
    rows = rule_table()
    assert [row.id for row in rows if not row.summary.endswith(".") or "\n" in row.summary] == []
    assert [row.id for row in rows if not row.source.startswith("https://")] == []
    assert [rule.id for rule in all_rules() if not rule.operations] == []


def test_table_lists_schema_and_rules_by_number() -> None:
    ids = [row.id for row in rule_table()]
    assert ids[:4] == ["E001", "E002", "E003", "W003"]
    assert ids == sorted(ids, key=lambda each: (each[1:], each))


ODD_VALUES: list[Any] = [None, 3, 0.5, True, "x", "${x}", "", [], [None], [[]], {}, {"a": {}}, {1: 2}, float("nan")]


def mutations(value: Any) -> Iterator[Any]:
    """The value with each place in it replaced by each odd value, and with each place missing."""
    yield from ODD_VALUES
    if isinstance(value, dict):
        for key, child in value.items():
            yield {name: each for name, each in value.items() if name != key}
            yield from ({**value, key: mutated} for mutated in mutations(child))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from ([*value[:index], mutated, *value[index + 1 :]] for mutated in mutations(child))


@pytest.mark.parametrize(("operation", "request_"), GOOD)
def test_no_rule_raises_on_a_malformed_request(operation: str, request_: dict[str, Any]) -> None:
    rules = [rule for rule in all_rules() if operation in rule.operations]
    for mutated in mutations(request_):
        # The top of a request is always an object: check() leaves others to the schema.
        request = mutated if isinstance(mutated, dict) else {"Tags": mutated}
        findings = [finding for rule in rules for finding in rule(operation).check(request)]
        in_document_order(request, findings)
        for rule in rules:
            if issubclass(rule, TogetherRule):
                list(rule("").check_together([(operation, mutated), *GOOD]))


@pytest.mark.parametrize(("operation", "request_"), GOOD)
def test_check_never_raises_on_a_malformed_request(operation: str, request_: dict[str, Any]) -> None:
    for name in request_:
        for odd in ODD_VALUES:
            check(operation, {**request_, name: odd})


def test_public_names_are_all_there() -> None:
    assert sm_raw.validation.__all__ == sorted(sm_raw.validation.__all__)
    assert [name for name in sm_raw.validation.__all__ if not hasattr(sm_raw.validation, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sm_raw.validation.nothing


def test_import_is_light() -> None:
    heavy = "{'jsonschema', 'botocore', 'referencing'}"
    code = f"import sys, sm_raw.validation; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
