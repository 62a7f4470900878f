"""What a plan finds at its target, with the answers of the services scripted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from sm_raw.aws.clients import Clients
from sm_raw.runs.plan import DataSummary, Plan, Surroundings, make_plan
from sm_raw.runs.recipe import load_recipe
from sm_raw.runs.standing import Standing, differences, standings

Stub = Callable[[str], Stubber]
ENDPOINT = ("train", "model", "endpoint_config", "endpoint")
ABSENT = {
    "train": ("sagemaker", "describe_training_job", "ValidationException"),
    "model": ("sagemaker", "describe_model", "ValidationException"),
    "endpoint_config": ("sagemaker", "describe_endpoint_config", "ValidationException"),
    "endpoint": ("sagemaker", "describe_endpoint", "ValidationException"),
    "function_role": ("iam", "get_role", "NoSuchEntity"),
    "function": ("lambda", "get_function_configuration", "ResourceNotFoundException"),
    "function_alias": ("lambda", "get_alias", "ResourceNotFoundException"),
}
"""What the services say of what is not there."""
NOW = "2026-01-01T00:00:00Z"
ROLE = "arn:aws:iam::123456789012:role/SageMaker"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/a"
IAM = {"Path": "/", "RoleName": "r", "RoleId": "AROA12345678901234", "Arn": ROLE, "CreateDate": NOW}


def plan_of(*names: str) -> Plan:
    """The plan of a few steps of a recipe; what they refer to is planned with them and not asked about."""
    recipe = load_recipe("dog_breeds_in_production")
    steps = [step for step in recipe.steps if step.name in names]
    data = DataSummary(None, "d" * 64, 2, {"train": 8, "valid": 3, "test": 4})
    return make_plan(
        replace(recipe, steps=steps),
        Surroundings("us-east-1", "my-bucket", ROLE),
        data=data,
        archive=Path("sourcedir.tar.gz"),
        code_digest="c" * 64,
    )


def alone(
    stub: Stub, plan: Plan, name: str, clients: Clients, service: str, method: str, answer: dict[str, Any]
) -> Standing:
    """What becomes of the step of this name, where nothing else of the plan is there."""
    for step in plan.recipe.steps:
        if step.name == name:
            stub(service).add_response(method, answer)
        else:
            other, describe, code = ABSENT[step.name]
            stub(other).add_client_error(describe, code, "not there")
    return next(each for each in standings(plan, clients) if each.step.name == name)


def planned(plan: Plan, name: str) -> Standing:
    return next(each for each in standings(plan, None) if each.step.name == name)


def one(plan: Plan, clients: Clients | None) -> Standing:
    (standing,) = standings(plan, clients)
    return standing


def described(status: str) -> dict[str, Any]:
    """A training job as it is described, cut down to what the model requires."""
    return {
        "TrainingJobName": "a",
        "TrainingJobArn": ARN,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://my-bucket/a"},
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"VolumeSizeInGB": 1},
        "StoppingCondition": {},
        "CreationTime": NOW,
    }


def test_without_a_target_nobody_is_asked_and_all_is_to_be_created() -> None:
    found = standings(plan_of("train", "model"), None)
    assert [(each.step.name, each.effect, each.noun) for each in found] == [
        ("train", "create", "training job"),
        ("model", "create", "model"),
    ]
    assert found[0].name == found[0].request["TrainingJobName"]


def test_what_is_not_there_is_to_be_created(clients: Clients, stub: Stub) -> None:
    stub("sagemaker").add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    standing = one(plan_of("train"), clients)
    assert (standing.effect, standing.passed) == ("create", ())


@pytest.mark.parametrize("status", ["Completed", "InProgress"])
def test_what_serves_or_will_is_reused(status: str, clients: Clients, stub: Stub) -> None:
    plan = plan_of("train")
    named = {"TrainingJobName": one(plan, None).name}
    stub("sagemaker").add_response("describe_training_job", described(status), named)
    assert one(plan, clients).effect == "reuse"


def test_what_failed_keeps_its_name_and_another_is_taken(clients: Clients, stub: Stub) -> None:
    plan = plan_of("train")
    first = one(plan, None).name
    stub("sagemaker").add_response("describe_training_job", described("Failed"), {"TrainingJobName": first})
    stub("sagemaker").add_response("describe_training_job", described("Stopped"), {"TrainingJobName": f"{first}-2"})
    stub("sagemaker").add_client_error(
        "describe_training_job", "ValidationException", expected_params={"TrainingJobName": f"{first}-3"}
    )
    standing = one(plan, clients)
    assert (standing.name, standing.effect, standing.passed) == (f"{first}-3", "create", (first, f"{first}-2"))


def test_who_may_not_look_learns_why_and_the_rest_is_looked_at(clients: Clients, stub: Stub) -> None:
    stub("iam").add_client_error("get_role", "AccessDenied", "not you", 403)
    stub("iam").add_response("get_role", {"Role": IAM | {"AssumeRolePolicyDocument": "{}"}})
    ec2, function = standings(plan_of("ec2_role", "function_role"), clients)
    assert (ec2.effect, ec2.why) == ("not known", "AccessDenied: not you")
    assert function.effect == "reuse"


def target(**changes: Any) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 3,
        "RoleARN": ROLE,
        "CreationTime": NOW,
        **changes,
    }


@pytest.mark.parametrize(
    ("capacity", "effect", "changes"),
    [
        (None, "create", {}),
        ({}, "unchanged", {}),
        ({"MaxCapacity": 2, "MinCapacity": 2}, "change", {"MinCapacity": (2, 1), "MaxCapacity": (2, 3)}),
    ],
)
def test_what_overwrites_is_compared(capacity: Any, effect: str, changes: Any, clients: Clients, stub: Stub) -> None:
    plan = plan_of(*ENDPOINT, "scalable_target")
    resource_id = planned(plan, "scalable_target").name
    targets = [] if capacity is None else [target(ResourceId=resource_id, **capacity)]
    answer = "application-autoscaling", "describe_scalable_targets", {"ScalableTargets": targets}
    standing = alone(stub, plan, "scalable_target", clients, *answer)
    assert (standing.effect, dict(standing.changes)) == (effect, changes)


@pytest.mark.parametrize(
    ("request_", "existing", "changes"),
    [
        ({}, {"MaxCapacity": 1}, {}),
        ({"MaxCapacity": 1}, {"MaxCapacity": 1, "CreationTime": NOW}, {}),
        ({"MaxCapacity": 1}, {}, {"MaxCapacity": (None, 1)}),
        ({"A": {"B": 1, "C": 2}}, {"A": {"B": 1, "C": 3}}, {"A.C": (3, 2)}),
        ({"A": [1]}, {"A": [1, 2]}, {"A": ([1, 2], [1])}),
    ],
)
def test_only_what_the_request_says_can_differ(request_: Any, existing: Any, changes: Any) -> None:
    assert dict(differences(request_, existing)) == changes


@pytest.mark.parametrize(("ready", "effect"), [(2, "unchanged"), (1, "change")])
def test_provisioned_concurrency_is_compared_with_what_was_asked_for(
    ready: int, effect: str, clients: Clients, stub: Stub
) -> None:
    plan = plan_of(*ENDPOINT, "function_role", "function", "function_alias", "warm_function")
    told = {"RequestedProvisionedConcurrentExecutions": ready, "Status": "READY"}
    answer = "lambda", "get_provisioned_concurrency_config", told
    assert alone(stub, plan, "warm_function", clients, *answer).effect == effect


@pytest.mark.parametrize(("action", "effect"), [("sagemaker:InvokeEndpoint", "unchanged"), ("s3:*", "change")])
def test_a_policy_is_compared_as_a_document(action: str, effect: str, clients: Clients, stub: Stub) -> None:
    plan = plan_of(*ENDPOINT, "function_role", "function", "function_rights")
    request = planned(plan, "function_rights").request
    document = request["PolicyDocument"].replace("sagemaker:InvokeEndpoint", action)
    told = {"RoleName": request["RoleName"], "PolicyName": request["PolicyName"], "PolicyDocument": document}
    assert alone(stub, plan, "function_rights", clients, "iam", "get_role_policy", told).effect == effect
