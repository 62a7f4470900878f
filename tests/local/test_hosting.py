"""Models, endpoint configurations and endpoints: real model servers behind the engine."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.local import artifacts

pytestmark = pytest.mark.local
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
# Loads when it is told to.
SLOW = """
import pathlib, time
def model_fn(folder):
    while not pathlib.Path(folder, "go").exists():
        time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def served(host: Any) -> Iterator[str]:
    """The name of an endpoint of two variants, of which only the first is given traffic; it has two instances."""
    plain = host.variant(host.model(environment={"COLOUR": "green"}), name="plain", instance_count=2)
    other = host.variant(host.model(text="other weights"), name="other", weight=0.0)
    name = host.endpoint(plain, other)["EndpointName"]
    yield name
    host.delete(name)


def test_an_endpoint_is_described_as_it_was_configured(host: Any, served: str) -> None:
    described = host.sm.describe_endpoint(EndpointName=served)
    variants = described["ProductionVariants"]
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{served}"
    assert [
        (item["VariantName"], item["CurrentWeight"], item["CurrentInstanceCount"], item["DesiredInstanceCount"])
        for item in variants
    ] == [("plain", 1.0, 2, 2), ("other", 0.0, 1, 1)]
    assert [image["SpecifiedImage"] for item in variants for image in item["DeployedImages"]] == [IMAGE, IMAGE]


def test_an_invocation_goes_through_the_script_of_the_model(host: Any, served: str) -> None:
    response = host.invoke(served, CustomAttributes="trace=1")
    body = host.answer(response)
    assert {**body, "process": 0} == {
        "model": "weights",
        "given": ["text/plain", "hello"],
        "process": 0,
        "colour": "green",
    }
    assert response["ContentType"] == "application/json"
    assert response["InvokedProductionVariant"] == "plain"
    assert response["CustomAttributes"] == "trace=1-back"


def test_invocations_take_turns_among_the_instances(host: Any, served: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _: host.answer(host.invoke(served)), range(12)))
    processes = [body["process"] for body in bodies]
    assert sorted(processes.count(process) for process in set(processes)) == [6, 6]
    assert {body["model"] for body in bodies} == {"weights"}


def test_a_variant_can_be_named(host: Any, served: str) -> None:
    response = host.invoke(served, TargetVariant="other")
    assert (host.answer(response)["model"], response["InvokedProductionVariant"]) == ("other weights", "other")
    assert host.refusal(lambda: host.invoke(served, TargetVariant="third"))[0] == "ValidationError"


def test_what_the_model_raises_is_a_model_error(host: Any, served: str) -> None:
    with pytest.raises(host.lab.clients.runtime.exceptions.ModelError) as raised:
        host.invoke(served, b"fail")
    response = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (response["OriginalStatusCode"], response["Error"]["Code"]) == (500, "ModelError")
    assert response["OriginalMessage"].startswith("cannot predict that\nTraceback (most recent call last):")
    assert response["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{served}")
    assert response["Error"]["Message"].startswith(
        'Received server error (500) from primary with message "cannot predict that\n'
    )
    host.lab.until(lambda: "ValueError: cannot predict that" in host.lab.log("", f"/aws/sagemaker/Endpoints/{served}"))


def test_a_payload_over_the_limit_of_the_service_is_refused(host: Any, served: str) -> None:
    limit = host.lab.clients.runtime.meta.service_model.shape_for("BodyBlob").metadata["max"]
    code, message = host.refusal(lambda: host.invoke(served, b"x" * (limit + 1)))
    assert (code, message) == ("ValidationError", f"Request body of {limit + 1} bytes is larger than {limit}.")


def test_the_runtime_knows_only_endpoints_in_service(host: Any) -> None:
    assert host.refusal(lambda: host.invoke("nobody")) == (
        "ValidationError",
        "Endpoint nobody of account 123456789012 not found.",
    )
    runtime = host.lab.clients.runtime
    assert host.refusal(lambda: runtime.invoke_endpoint_async(EndpointName="nobody", InputLocation="s3://lab/x")) == (
        "ValidationError",
        "Endpoint nobody of account 123456789012 not found.",
    )


def test_a_bucket_may_be_called_endpoints(lab: Any) -> None:
    lab.s3.create_bucket(Bucket="endpoints")
    lab.s3.put_object(Bucket="endpoints", Key="a/invocations", Body=b"an object")
    assert lab.get("s3://endpoints/a/invocations") == b"an object"


@pytest.mark.parametrize(
    ("inference", "line"),
    [
        ("def model_fn(folder): raise RuntimeError('wrong weights')", "RuntimeError: wrong weights"),
        ("def model_fn(folder:", "SyntaxError"),
    ],
)
def test_a_model_that_cannot_be_loaded_fails_the_endpoint_and_its_log_says_why(
    host: Any, inference: str, line: str
) -> None:
    endpoint = host.endpoint(host.variant(host.model(inference)))
    assert (endpoint["EndpointStatus"], endpoint["FailureReason"]) == (
        "Failed",
        "The primary container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint.",
    )
    log = "\n".join(host.lab.log("", f"/aws/sagemaker/Endpoints/{endpoint['EndpointName']}"))
    assert "Traceback" in log or "File" in log
    assert line in log
    host.delete(endpoint["EndpointName"])


def test_a_model_server_that_dies_is_told_as_a_model_error(host: Any) -> None:
    name = host.endpoint()["EndpointName"]
    with pytest.raises(host.lab.clients.runtime.exceptions.ModelError) as raised:
        host.invoke(name, b"die")
    assert raised.value.response["OriginalStatusCode"] == 0
    host.delete(name)


def test_an_artefact_that_went_away_or_is_broken_fails_the_endpoint(host: Any) -> None:
    gone, broken = host.model(), host.model()
    config = host.config(host.variant(gone)), host.config(host.variant(broken))
    host.lab.s3.delete_object(Bucket=host.lab.bucket, Key=f"models/{gone}.tar.gz")
    host.lab.put(f"models/{broken}.tar.gz", b"no archive")
    reasons = [host.lab.ended("CreateEndpoint", host.create(each))["FailureReason"] for each in config]
    assert reasons[0].startswith(f"could not read s3://{host.lab.bucket}/models/{gone}.tar.gz: ")
    assert reasons[1].startswith("model.tar.gz cannot be unpacked: ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "ClientError: no space left on the disk that holds /"),
        (RuntimeError("a bug of ours"), "InternalServerError: the local engine met an error of its own"),
    ],
)
def test_no_error_leaves_an_endpoint_creating_for_ever(
    host: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(artifacts, "unpack", fail)
    endpoint = host.endpoint()
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith(reason)


def test_an_endpoint_that_is_being_created_cannot_be_deleted_yet(host: Any) -> None:
    name = host.create(host.config(host.variant(host.model(SLOW))))
    arn = host.sm.describe_endpoint(EndpointName=name)["EndpointArn"]
    assert host.refusal(lambda: host.sm.delete_endpoint(EndpointName=name)) == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{arn}".',
    )
    update = specs.update_endpoint(name, config_name=host.sm.describe_endpoint(EndpointName=name)["EndpointConfigName"])
    assert host.refusal(lambda: host.sm.update_endpoint(**update)) == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{arn}".',
    )
    assert host.refusal(lambda: host.invoke(name))[0] == "ValidationError"
    model = host.lab.root / "endpoints" / "us-east-1" / name / "AllTraffic" / "0" / "model"
    host.lab.until(model.exists)
    (model / "go").touch()
    assert host.lab.ended("CreateEndpoint", name)["EndpointStatus"] == "InService"
    host.delete(name)


def test_only_one_of_many_deletes_is_taken_and_the_name_is_free_again(host: Any) -> None:
    endpoint = host.endpoint()
    name = endpoint["EndpointName"]

    def delete(_: int) -> str:
        try:
            host.sm.delete_endpoint(EndpointName=name)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(delete, range(6)))
    assert sorted(outcomes) == ["ValidationException"] * 5 + ["taken"]
    host.lab.until(lambda: not host.exists(name))
    host.sm.create_endpoint(**specs.endpoint(name, config_name=endpoint["EndpointConfigName"]))
    assert host.lab.ended("CreateEndpoint", name)["EndpointStatus"] == "InService"
    host.delete(name)


def test_deleting_an_endpoint_deregisters_its_scaling(host: Any) -> None:
    name, scaling = host.endpoint()["EndpointName"], host.lab.clients.autoscaling
    resource = specs.variant_resource_id(name)
    scaling.register_scalable_target(**specs.scalable_target(resource, min_capacity=1, max_capacity=3))
    scaling.put_scaling_policy(**specs.scaling_policy("steady", resource_id=resource, target_value=30.0))

    def found() -> tuple[int, int]:
        targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)
        return len(targets["ScalableTargets"]), len(policies["ScalingPolicies"])

    assert found() == (1, 1)
    host.delete(name)
    assert found() == (0, 0)


def test_scaling_is_refused_for_what_is_not_there_and_for_crossed_bounds(host: Any, served: str) -> None:
    def register(resource: str, low: int = 1, high: int = 2) -> tuple[str, str]:
        request = specs.scalable_target(resource, min_capacity=low, max_capacity=high)
        return host.refusal(lambda: host.lab.clients.autoscaling.register_scalable_target(**request))

    assert register(specs.variant_resource_id("nobody"))[0] == "ValidationException"
    assert register(specs.variant_resource_id(served, "third"))[0] == "ValidationException"
    assert register(specs.variant_resource_id(served, "plain"), 3, 2)[0] == "ValidationException"
    target = "AnyScaleFrontendService.RegisterScalableTarget"
    assert host.lab.post(target, b"{")[1]["__type"] == "SerializationException"


def test_what_moto_lacks_is_refused_and_not_a_page_of_html(host: Any) -> None:
    scaling = host.lab.clients.autoscaling
    forecast = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/a/b",
        "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyName": "p",
        "StartTime": 0,
        "EndTime": 1,
    }
    assert host.refusal(lambda: scaling.get_predictive_scaling_forecast(**forecast))[0] == "UnknownOperationException"


def test_models_and_configurations_are_echoed_listed_and_deleted(host: Any) -> None:
    model = host.model(tags={"team": "vision"}, vpc=specs.vpc_config(subnets=["subnet-1"], security_group_ids=["sg-1"]))
    described = host.sm.describe_model(ModelName=model)
    assert described["PrimaryContainer"]["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert described["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert host.sm.list_tags(ResourceArn=described["ModelArn"])["Tags"] == [{"Key": "team", "Value": "vision"}]
    config = host.config(host.variant(model, weight=0.5))
    (variant,) = host.sm.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert variant == host.variant(model, weight=0.5)
    assert [item["ModelName"] for item in host.sm.list_models(NameContains=model)["Models"]] == [model]
    assert host.sm.list_endpoint_configs(NameContains=config)["EndpointConfigs"][0]["EndpointConfigName"] == config
    host.sm.delete_endpoint_config(EndpointConfigName=config)
    host.sm.delete_model(ModelName=model)
    assert host.refusal(lambda: host.sm.describe_model(ModelName=model))[1].startswith('Could not find model "arn:aws:')
    assert host.refusal(lambda: host.sm.delete_model(ModelName=model))[0] == "ValidationException"
    assert host.refusal(lambda: host.sm.delete_endpoint_config(EndpointConfigName=config))[0] == "ValidationException"


def test_endpoints_are_listed_newest_first(host: Any, served: str) -> None:
    (found,) = host.sm.list_endpoints(NameContains=served, StatusEquals="InService")["Endpoints"]
    assert found["EndpointName"] == served
    models = [host.model(), host.model()]
    listed = [item["ModelName"] for item in host.sm.list_models(MaxResults=2)["Models"]]
    assert listed == models[::-1]


def test_what_cannot_be_hosted_is_refused(host: Any, served: str) -> None:
    sm, model = host.sm, host.model()

    def create_model(**changes: Any) -> tuple[str, str]:
        return host.refusal(lambda: host.model(**changes))

    assert create_model(model_data_uri="s3://lab/nowhere.tar.gz")[1] == (
        "Could not find model data at s3://lab/nowhere.tar.gz."
    )
    assert create_model(model_data_uri="s3://lab")[1] == "Could not find model data at s3://lab."
    assert create_model(model_data_uri=None)[1].endswith("give PrimaryContainer.ModelDataUrl.")
    assert host.refusal(lambda: host.config(host.variant("nobody")))[1].startswith('Could not find model "arn:aws:')
    assert host.refusal(lambda: host.config(host.variant(model), host.variant(model)))[0] == "ValidationException"
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 1, "DestinationS3Uri": "s3://lab/x"}
    capture["CaptureOptions"] = [{"CaptureMode": "Input"}]
    assert host.refusal(lambda: host.config(host.variant(model), extra={"DataCaptureConfig": capture}))[1].startswith(
        "This local engine does not capture data"
    )
    assert host.refusal(lambda: host.create("nobody"))[1].startswith('Could not find endpoint configuration "arn:aws:')
    config = sm.describe_endpoint(EndpointName=served)["EndpointConfigName"]
    again = specs.endpoint(served, config_name=config)
    assert host.refusal(lambda: sm.create_endpoint(**again))[1].startswith("Cannot create already existing endpoint")
    assert host.refusal(lambda: sm.describe_endpoint(EndpointName="nobody"))[0] == "ValidationException"
    assert host.refusal(lambda: sm.delete_endpoint(EndpointName="nobody"))[0] == "ValidationException"


def test_the_region_of_the_signature_separates_endpoints(host: Any, served: str) -> None:
    elsewhere = local_clients(host.lab.url, "eu-central-1")
    assert elsewhere.sagemaker.list_endpoints()["Endpoints"] == []
    assert (
        host.refusal(lambda: elsewhere.runtime.invoke_endpoint(EndpointName=served, Body=b""))[0] == "ValidationError"
    )
