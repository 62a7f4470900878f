from __future__ import annotations

from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader

from sm_raw.errors import UnknownOperation
from sm_raw.validation import operations
from sm_raw.validation.operations import SERVICES, operation_of_file, service_model, service_of


@pytest.mark.parametrize(
    ("operation", "service"),
    [
        ("CreateTrainingJob", "sagemaker"),
        ("InvokeEndpoint", "sagemaker-runtime"),
        ("PutScalingPolicy", "application-autoscaling"),
        ("FilterLogEvents", "logs"),
        ("GetMetricData", "cloudwatch"),
        ("PutProvisionedConcurrencyConfig", "lambda"),
        ("SimulatePrincipalPolicy", "iam"),
        ("PutObject", "s3"),
        ("GetCallerIdentity", "sts"),
        ("TagResource", "application-autoscaling"),
        ("ListTags", "sagemaker"),
        ("ListAliases", "sagemaker"),
        ("lambda:ListAliases", "lambda"),
        ("PutResourcePolicy", "logs"),
        ("GetPolicy", "lambda"),
        ("iam:GetPolicy", "iam"),
    ],
)
def test_operation_belongs_to_the_first_service_that_has_it(operation: str, service: str) -> None:
    assert service_of(operation) == service


@pytest.mark.parametrize(
    ("operation", "nearest"),
    [
        ("CreateTraningJob", "CreateTrainingJob"),
        ("create_training_job", "CreateTrainingJob"),
        ("s3:PutObjekt", "PutObject"),
    ],
)
def test_unknown_operation_names_the_nearest(operation: str, nearest: str) -> None:
    with pytest.raises(UnknownOperation, match=f"no operation '{operation}'; the nearest: {nearest}") as caught:
        service_of(operation)
    assert caught.value.nearest[0] == nearest


def test_unknown_operation_without_neighbours_names_the_services() -> None:
    with pytest.raises(UnknownOperation, match="the services known: sagemaker, "):
        service_of("zzz")


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("create_training_job.json", "CreateTrainingJob"),
        (Path("job_specs/digits/create_hyper_parameter_tuning_job.json"), "CreateHyperParameterTuningJob"),
        ("create-endpoint-config.json", "CreateEndpointConfig"),
        ("CreateModel.json", "CreateModel"),
        ("register_scalable_target.rendered.json", "RegisterScalableTarget"),
    ],
)
def test_document_is_named_after_its_operation(path: str | Path, operation: str) -> None:
    assert operation_of_file(path) == operation


def test_every_operation_is_found_by_the_name_of_its_python_method() -> None:
    known = {operation for service in SERVICES for operation in service_model(service)["operations"]}
    assert {
        operation for operation in known if operation_of_file(f"{xform_name(operation)}.json") != operation
    } == set()


def test_file_of_no_operation_names_the_nearest() -> None:
    with pytest.raises(UnknownOperation, match="no operation 'create_modle'; the nearest: CreateModel"):
        operation_of_file("specs/create_modle.json")


@pytest.mark.parametrize("service", SERVICES)
def test_model_is_the_one_that_botocore_loads(service: str) -> None:
    assert service_model(service) == Loader().load_service_model(service, "service-2")


def test_models_of_the_user_win_over_the_bundled_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "sts" / "2011-06-15" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text('{"metadata": {}, "operations": {"OwnOperation": {}}, "shapes": {}}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    operations.service_model.cache_clear()
    try:
        assert list(service_model("sts")["operations"]) == ["OwnOperation"]
    finally:
        operations.service_model.cache_clear()
