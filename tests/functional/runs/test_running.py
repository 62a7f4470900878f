"""What runs, as the services tell it, with their answers scripted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.runs.running import Running, Use, running

Stub = Callable[[str], Stubber]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:{}/a"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
COMMON = {"CreationTime": NOW, "LastModifiedTime": NOW}


class Account:
    """Scripts the listings in the order in which they are asked for, each empty unless it is given."""

    def __init__(self, stub: Stub) -> None:
        self._stub, self._sagemaker = stub, stub("sagemaker")

    def lists(
        self,
        *,
        training: Any = (),
        processing: Any = (),
        endpoints: Any = (),
        warm: Any = (),
        functions: Any = (),
        targets: Any = None,
        configs: Any = (),
    ) -> None:
        """Each of jobs and endpoints is (summary, [(operation, answer or error's code) that are asked for it])."""
        self._list("list_training_jobs", "TrainingJobSummaries", training, StatusEquals="InProgress")
        self._list("list_training_jobs", "TrainingJobSummaries", (), StatusEquals="Stopping")
        for status in ("InProgress", "Stopping"):
            tuning = "list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries"
            self._list(*tuning, (), StatusEquals=status)
        self._list("list_processing_jobs", "ProcessingJobSummaries", processing, StatusEquals="InProgress")
        self._list("list_processing_jobs", "ProcessingJobSummaries", (), StatusEquals="Stopping")
        for status in ("InProgress", "Stopping"):
            self._list("list_transform_jobs", "TransformJobSummaries", (), StatusEquals=status)
        self._list("list_endpoints", "Endpoints", endpoints)
        self._list("list_training_jobs", "TrainingJobSummaries", warm, WarmPoolStatusEquals="Available")
        if targets is not None:
            self._stub("application-autoscaling").add_response(
                "describe_scalable_targets", {"ScalableTargets": list(targets)}, {"ServiceNamespace": "sagemaker"}
            )
        self._stub("lambda").add_response("list_functions", {"Functions": list(functions)}, {})
        if functions:
            self._stub("lambda").add_response(
                "list_provisioned_concurrency_configs",
                {"ProvisionedConcurrencyConfigs": list(configs)},
                {"FunctionName": functions[0]["FunctionName"]},
            )

    def _list(self, method: str, member: str, found: Any, **only: str) -> None:
        summaries = [summary for summary, _ in found]
        self._sagemaker.add_response(method, {member: summaries}, {"MaxResults": 100, **only})
        for _, asked in found:
            for operation, answer in asked:
                if isinstance(answer, str):
                    self._sagemaker.add_client_error(operation, answer, "not found")
                else:
                    self._sagemaker.add_response(operation, answer)


def training(**more: Any) -> Any:
    summary = {"TrainingJobName": "a", "TrainingJobArn": ARN.format("training-job"), "TrainingJobStatus": "InProgress"}
    described = {
        **summary,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://my-bucket/a"},
        "SecondaryStatus": "Training",
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1},
        "StoppingCondition": {},
        "CreationTime": NOW,
    }
    return {**summary, **COMMON, **more}, [("describe_training_job", described)]


def processing(image: str) -> Any:
    names = {"ProcessingJobName": "p", "ProcessingJobArn": ARN.format("processing-job")}
    cluster = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
    described = {
        **names,
        "ProcessingJobStatus": "InProgress",
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": image},
        "CreationTime": NOW,
    }
    return {**names, **COMMON, "ProcessingJobStatus": "InProgress"}, [("describe_processing_job", described)]


def endpoint(variant: Any, config: Any, *, tags: Any = (), asynchronous: bool = False) -> Any:
    arn = ARN.format("endpoint")
    summary = {"EndpointName": "e", "EndpointArn": arn, "EndpointStatus": "InService", **COMMON}
    described = {**summary, "EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v", **variant}]}
    settings: dict[str, Any] = {
        "EndpointConfigName": "c",
        "EndpointConfigArn": ARN.format("endpoint-config"),
        "ProductionVariants": [{"VariantName": "v", "ModelName": "m", **config}],
        "CreationTime": NOW,
    }
    if asynchronous:
        settings["AsyncInferenceConfig"] = {"OutputConfig": {"S3OutputPath": "s3://my-bucket/answers"}}
    asked = [
        ("describe_endpoint", described),
        ("describe_endpoint_config", settings),
        ("describe_endpoint", described),
        ("list_tags", {"Tags": [{"Key": key, "Value": value} for key, value in tags]}),
    ]
    return summary, asked


def found_by(clients: Clients, problems: list[str] | None = None) -> list[Running]:
    told: list[str] = [] if problems is None else problems
    found = running(clients, told.append, sleep=lambda seconds: None)
    assert problems is not None or told == []
    return found


def test_a_job_runs_on_what_it_asked_for(clients: Clients, stub: Stub) -> None:
    Account(stub).lists(training=[training()])
    use = Use("Train:ml.m5.xlarge", 2, "2 x ml.m5.xlarge")
    (job,) = found_by(clients)
    assert job == Running("training job", "a", "InProgress", NOW, (use,))
    assert job.cost_an_hour({"Train:ml.m5.xlarge": 1.5}) == 3.0
    assert job.cost_an_hour({}) is None


@pytest.mark.parametrize(
    ("image", "uses"),
    [
        ("1.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest", ()),
        (
            "1.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rule-evaluator:latest",
            (Use("Processing:ml.t3.medium", 1, "1 x ml.t3.medium"),),
        ),
    ],
)
def test_a_built_in_rule_costs_nothing(image: str, uses: Any, clients: Clients, stub: Stub) -> None:
    Account(stub).lists(processing=[processing(image)])
    assert [each.uses for each in found_by(clients)] == [uses]


def test_an_endpoint_tells_its_instances_its_limits_and_its_end(clients: Clients, stub: Stub) -> None:
    variant, config = {"CurrentInstanceCount": 2}, {"InstanceType": "ml.m5.large"}
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 3,
        "RoleARN": "arn:aws:iam::123456789012:role/r",
        "CreationTime": NOW,
    }
    tags = [("sm_raw:delete-after", "2026-01-02T00:00:00Z")]
    Account(stub).lists(endpoints=[endpoint(variant, config, tags=tags)], targets=[target])
    (each,) = found_by(clients)
    assert each.uses == (Use("Host:ml.m5.large", 2, "2 x ml.m5.large (1 to 3)"),)
    assert each.until == datetime(2026, 1, 2, tzinfo=timezone.utc)


def test_an_asynchronous_endpoint_is_priced_as_one(clients: Clients, stub: Stub) -> None:
    config = {"InstanceType": "ml.m5.large"}
    Account(stub).lists(endpoints=[endpoint({"CurrentInstanceCount": 1}, config, asynchronous=True)], targets=[])
    assert [use.usage_type for each in found_by(clients) for use in each.uses] == ["AsyncInf:ml.m5.large"]


def test_of_a_serverless_variant_only_what_is_kept_ready_costs_by_the_hour(clients: Clients, stub: Stub) -> None:
    now = {"MemorySizeInMB": 4096, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}
    Account(stub).lists(endpoints=[endpoint({"CurrentServerlessConfig": now}, {"ServerlessConfig": now})])
    (each,) = found_by(clients)
    assert each.uses == (Use("ProvisionedConcurrency:Mem-4GB", 7200, "2 x 4GB ready"),)


def test_a_lifetime_that_holds_no_time_is_told_and_the_endpoint_listed(clients: Clients, stub: Stub) -> None:
    tags = [("sm_raw:delete-after", "tomorrow")]
    variant, config = {"CurrentInstanceCount": 1}, {"InstanceType": "ml.m5.large"}
    Account(stub).lists(endpoints=[endpoint(variant, config, tags=tags)], targets=[])
    problems: list[str] = []
    (each,) = found_by(clients, problems)
    assert (each.name, each.until, len(each.uses)) == ("e", None, 1)
    assert "'tomorrow', which is no time" in problems[0]


def test_a_warm_pool_is_what_a_job_has_left_waiting(clients: Clients, stub: Stub) -> None:
    summary, asked = training(TrainingJobStatus="Completed", WarmPoolStatus={"Status": "Available"})
    other, _ = training(TrainingJobStatus="Completed", WarmPoolStatus={"Status": "Reused"})
    Account(stub).lists(warm=[(summary, asked), (other, [])])
    assert found_by(clients) == [
        Running("warm pool", "a", "Available", NOW, (Use("Train:ml.m5.xlarge", 2, "2 x ml.m5.xlarge"),))
    ]


@pytest.mark.parametrize(
    ("architecture", "usage_type"),
    [("x86_64", "Lambda-Provisioned-Concurrency"), ("arm64", "Lambda-Provisioned-Concurrency-ARM")],
)
def test_a_function_kept_ready_costs_its_memory_all_the_time(
    architecture: str, usage_type: str, clients: Clients, stub: Stub
) -> None:
    function = {"FunctionName": "f", "FunctionArn": FUNCTION_ARN, "MemorySize": 512, "Architectures": [architecture]}
    config = {
        "FunctionArn": f"{FUNCTION_ARN}:live",
        "RequestedProvisionedConcurrentExecutions": 4,
        "Status": "READY",
        "LastModified": "2026-01-01T00:00:00+0000",
    }
    Account(stub).lists(functions=[function], configs=[config])
    assert found_by(clients) == [
        Running("function", "f:live", "READY", NOW, (Use(usage_type, 4 * 0.5 * 3600, "4 x 512 MB ready"),))
    ]


def test_what_cannot_be_listed_is_told_once_and_the_rest_is(clients: Clients, stub: Stub) -> None:
    sagemaker = stub("sagemaker")
    for method in ("list_training_jobs", "list_hyper_parameter_tuning_jobs", "list_processing_jobs"):
        for _ in range(2):
            sagemaker.add_client_error(method, "AccessDeniedException", "not you")
    for _ in range(2):
        sagemaker.add_response("list_transform_jobs", {"TransformJobSummaries": []})
    sagemaker.add_response("list_endpoints", {"Endpoints": []})
    sagemaker.add_client_error("list_training_jobs", "AccessDeniedException", "not you")
    stub("lambda").add_response("list_functions", {"Functions": []})
    problems: list[str] = []
    assert found_by(clients, problems) == []
    denied = "cannot be listed: AccessDeniedException: not you"
    assert problems == [
        f"{what} {denied}" for what in ("training jobs", "tuning jobs", "processing jobs", "warm pools")
    ]


def test_what_has_gone_since_it_was_listed_is_told_and_listed_without_details(clients: Clients, stub: Stub) -> None:
    summary, _ = training()
    Account(stub).lists(training=[(summary, [("describe_training_job", "ValidationException")])])
    problems: list[str] = []
    assert found_by(clients, problems) == [Running("training job", "a", "InProgress", NOW)]
    assert problems == ["training job a: ValidationException: not found"]
