"""Faults of a real engine, as boto3 meets them: its exceptions, its retries, and what was created all the same."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from sm_raw import specs
from sm_raw.aws.clients import local_clients
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
INFERENCE = """
def model_fn(folder): return "model"
def input_fn(body, content_type): return body
def predict_fn(data, model): return "fine"
"""


class Faulty:
    """An engine whose faults are switched on and off, and impatient clients of it."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab

    @functools.cache  # noqa: B019  (one instance for all tests)
    def client(self, service: str, *, attempts: int = 1, region: str = "us-east-1") -> Any:
        session = boto3.Session("local", "local", region_name=region)
        retries = {"mode": "standard", "total_max_attempts": attempts}
        config = Config(retries=retries, proxies={}, s3={"addressing_style": "path"})  # type: ignore[typeddict-item]
        return session.client(service, endpoint_url=self.lab.url, config=config)  # type: ignore[call-overload]

    def ask(self, method: str, what: str, document: Any = None) -> Any:
        """A control path's answer, or (status, answer) where it refuses."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.lab.url}/_sm_raw/{what}", data=body, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def switch(self, **document: Any) -> Any:
        return self.ask("PUT", "faults", document)

    def resources(self, kind: str, region: str = "us-east-1") -> tuple[dict[str, int], dict[str, str | None]]:
        """What was created of a kind, and what is there."""
        found = self.ask("GET", "resources")[region].get(kind, {"created": {}, "there": {}})
        return found["created"], found["there"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, lab_of: Any) -> Iterator[Faulty]:
    root = tmp_path_factory.mktemp("faulty")
    with serving(root) as url:
        yield Faulty(lab_of(url, root, bucket="faulty"))


@pytest.fixture
def faulty(engine: Faulty) -> Iterator[Faulty]:
    yield engine
    engine.ask("DELETE", "faults")


CALLS: dict[str, Callable[[Any], object]] = {
    "sagemaker": lambda client: client.list_training_jobs(),
    "sagemaker-runtime": lambda client: client.invoke_endpoint(EndpointName="e", Body=b"x"),
    "s3": lambda client: client.get_object(Bucket="faulty", Key="data/train/2.txt"),
    "application-autoscaling": lambda client: client.describe_scalable_targets(ServiceNamespace="sagemaker"),
    "logs": lambda client: client.describe_log_groups(),
    "cloudwatch": lambda client: client.list_metrics(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.list_roles(),
    "lambda": lambda client: client.list_functions(),
    "ec2": lambda client: client.describe_instances(),
}
# Code and status as boto3 tells them, by service.
EXPECTED: dict[str, dict[str, tuple[str, int]]] = {
    "throttling": {
        "sagemaker": ("ThrottlingException", 400),
        "sagemaker-runtime": ("ThrottlingException", 400),
        "s3": ("SlowDown", 503),
        "application-autoscaling": ("ThrottlingException", 400),
        "logs": ("ThrottlingException", 400),
        "cloudwatch": ("ThrottlingException", 400),
        "sts": ("Throttling", 400),
        "iam": ("Throttling", 400),
        "lambda": ("TooManyRequestsException", 429),
        "ec2": ("RequestLimitExceeded", 503),
    },
    "internal": {
        "sagemaker": ("InternalFailure", 500),
        "sagemaker-runtime": ("InternalFailure", 500),
        "s3": ("InternalError", 500),
        "application-autoscaling": ("InternalServiceException", 500),
        "logs": ("InternalFailure", 500),
        "cloudwatch": ("InternalFailure", 500),
        "sts": ("InternalFailure", 500),
        "iam": ("ServiceFailure", 500),
        "lambda": ("ServiceException", 500),
        "ec2": ("InternalError", 500),
    },
    "unavailable": {
        "sagemaker": ("ServiceUnavailable", 503),
        "sagemaker-runtime": ("ServiceUnavailable", 503),
        "s3": ("ServiceUnavailable", 503),
        "application-autoscaling": ("ServiceUnavailable", 503),
        "logs": ("ServiceUnavailableException", 503),
        "cloudwatch": ("ServiceUnavailable", 503),
        "sts": ("ServiceUnavailable", 503),
        "iam": ("ServiceUnavailable", 503),
        "lambda": ("ServiceUnavailable", 503),
        "ec2": ("Unavailable", 503),
    },
    "expired_token": {
        "sagemaker": ("ExpiredTokenException", 400),
        "sagemaker-runtime": ("ExpiredTokenException", 403),
        "s3": ("ExpiredToken", 400),
        "application-autoscaling": ("ExpiredTokenException", 400),
        "logs": ("ExpiredTokenException", 400),
        "cloudwatch": ("ExpiredTokenException", 400),
        "sts": ("ExpiredToken", 403),
        "iam": ("ExpiredToken", 403),
        "lambda": ("ExpiredTokenException", 403),
        "ec2": ("RequestExpired", 400),
    },
    "access_denied": {
        "sagemaker": ("AccessDeniedException", 400),
        "sagemaker-runtime": ("AccessDeniedException", 403),
        "s3": ("AccessDenied", 403),
        "application-autoscaling": ("AccessDeniedException", 400),
        "logs": ("AccessDeniedException", 400),
        "cloudwatch": ("AccessDeniedException", 400),
        "sts": ("AccessDenied", 403),
        "iam": ("AccessDenied", 403),
        "lambda": ("AccessDeniedException", 403),
        "ec2": ("UnauthorizedOperation", 403),
    },
    "resource_limit": {
        "sagemaker": ("ResourceLimitExceeded", 400),
        "s3": ("TooManyBuckets", 400),
        "application-autoscaling": ("LimitExceededException", 400),
        "logs": ("LimitExceededException", 400),
        "cloudwatch": ("LimitExceeded", 400),
        "iam": ("LimitExceeded", 409),
        "ec2": ("InstanceLimitExceeded", 400),
    },
    "capacity": {"ec2": ("InsufficientInstanceCapacity", 500)},
}


def outcome(call: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(ClientError) as raised:
        call()
    response = raised.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_boto3_raises_each_service_s_own_codes(faulty: Faulty) -> None:
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for error, services in EXPECTED.items():
        faulty.switch(calls=[{"error": error}])
        found[error] = {
            service: outcome(lambda service=service: CALLS[service](faulty.client(service)))  # type: ignore[misc]
            for service in services
        }
    assert found == EXPECTED


@pytest.mark.parametrize("service", sorted(set(CALLS) - {"sagemaker-runtime"}))
def test_a_reset_is_a_lost_connection_to_every_client_and_over_when_switched_off(faulty: Faulty, service: str) -> None:
    faulty.switch(calls=[{"error": "reset", "service": service}])
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        CALLS[service](faulty.client(service))
    faulty.ask("DELETE", "faults")
    CALLS[service](faulty.client(service))


def test_a_head_request_gets_the_status_alone(faulty: Faulty) -> None:
    faulty.switch(calls=[{"error": "throttling", "operation": "HeadObject"}])
    found = outcome(lambda: faulty.client("s3").head_object(Bucket="faulty", Key="data/train/2.txt"))
    assert found == ("503", 503)


def test_a_denial_names_the_action_and_a_limit_what_is_limited(faulty: Faulty) -> None:
    faulty.switch(calls=[{"error": "access_denied", "service": "iam"}, {"error": "resource_limit", "service": "sage*"}])
    with pytest.raises(ClientError, match="is not authorized to perform: iam:ListRoles because"):
        faulty.client("iam").list_roles()
    with pytest.raises(ClientError, match=r"service limit 'ml\.m5\.large for training job usage' is 0 Instances"):
        faulty.client("sagemaker").create_training_job(**faulty.lab.training())


def test_with_half_of_all_calls_throttled_patient_clients_get_through(faulty: Faulty) -> None:
    faulty.switch(seed=1, calls=[{"error": "throttling", "rate": 0.5}])
    client = faulty.client("sagemaker", attempts=5)
    name = faulty.lab.name()
    client.create_model(
        ModelName=name,
        ExecutionRoleArn="arn:aws:iam::123456789012:role/R",
        PrimaryContainer={"Image": "i", "ModelDataUrl": faulty.lab.source},
    )
    (rule,) = faulty.ask("GET", "faults")["calls"]
    assert (rule["met"], rule["struck"]) == (3, 2)
    assert faulty.resources("model")[0][name] == 1


def test_the_same_seed_strikes_the_same_calls_in_turn_however_many_threads_ask(faulty: Faulty) -> None:
    client = faulty.client("sts")

    def struck(_: int) -> bool:
        try:
            client.get_caller_identity()
        except ClientError:
            return True
        return False

    rules = {"seed": 3, "calls": [{"error": "throttling", "service": "sts", "rate": 0.4}]}
    faulty.switch(**rules)
    in_turn = [struck(number) for number in range(40)]
    faulty.switch(**rules)
    assert [struck(number) for number in range(40)] == in_turn
    faulty.switch(**rules)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(struck, range(40))) == sum(in_turn)
    (rule,) = faulty.ask("GET", "faults")["calls"]
    assert (rule["met"], rule["struck"]) == (40, sum(in_turn))


@pytest.mark.parametrize(
    ("error", "lost"),
    [("reset", (ConnectionClosedError, EndpointConnectionError)), ("unavailable", ClientError)],
)
def test_an_answer_that_is_lost_leaves_the_resource_and_one_that_never_was_leaves_none(
    faulty: Faulty, error: str, lost: Any
) -> None:
    for when, created in (("after", 1), ("before", 0)):
        faulty.switch(calls=[{"error": error, "operation": "Create*", "when": when}])
        job, group = faulty.lab.training(), faulty.lab.name("group")
        bucket = faulty.lab.name("bucket")
        for call in (
            lambda job=job: faulty.client("sagemaker").create_training_job(**job),
            lambda group=group: faulty.client("logs").create_log_group(logGroupName=group),
            lambda bucket=bucket: faulty.client("s3").create_bucket(Bucket=bucket),
        ):
            with pytest.raises(lost):
                call()
        faulty.ask("DELETE", "faults")
        found = faulty.ask("GET", "resources")["us-east-1"]
        for kind, name in (("training-job", job["TrainingJobName"]), ("log-group", group), ("bucket", bucket)):
            assert found[kind]["created"].get(name, 0) == created
            assert (name in found[kind]["there"]) == bool(created)


def test_the_engine_s_own_calls_for_its_jobs_are_never_struck(faulty: Faulty) -> None:
    faulty.switch(calls=[{"error": "unavailable", "service": "s3"}, {"error": "reset", "service": "logs"}])
    job = faulty.lab.train(channels=[specs.channel("train", "s3://faulty/data/train")])
    faulty.ask("DELETE", "faults")
    assert job["TrainingJobStatus"] == "Completed"
    assert faulty.lab.log(job["TrainingJobName"]) == ["epoch 1/2; valid:loss=9.5;", "epoch 2/2; valid:loss=0.0;"]
    faulty.switch(calls=[{"error": "reset"}])
    assert faulty.ask("GET", "resources")["us-east-1"]["training-job"]["there"][job["TrainingJobName"]] == "Completed"


# Jobs


def test_a_job_without_capacity_fails_as_the_service_words_it_and_the_next_one_runs(faulty: Faulty) -> None:
    faulty.switch(jobs=[{"error": "capacity", "times": 1}])
    failed, completed = faulty.lab.train(), faulty.lab.train()
    assert (failed["TrainingJobStatus"], failed["SecondaryStatus"]) == ("Failed", "Failed")
    assert failed["FailureReason"] == (
        "CapacityError: Unable to provision requested ML compute capacity. "
        "Please retry using a different ML instance type."
    )
    assert [item["Status"] for item in failed["SecondaryStatusTransitions"]] == ["Starting", "Failed"]
    assert "BillableTimeInSeconds" not in failed
    assert faulty.lab.log(failed["TrainingJobName"]) == []
    assert completed["TrainingJobStatus"] == "Completed"


def test_a_script_that_fails_without_being_run_leaves_its_last_words_and_its_exit_code(faulty: Faulty) -> None:
    reason = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'smdebug'"
    faulty.switch(jobs=[{"name": "doomed-*", "error": "script", "reason": reason, "exit_code": 3}])
    failed = faulty.lab.train(name=faulty.lab.name("doomed"))
    assert failed["TrainingJobStatus"] == "Failed"
    assert failed["FailureReason"] == (
        f'AlgorithmError: ExecuteUserScriptError:\nExitCode 3\nErrorMessage "{reason}"\n'
        'Command "python train.py", exit code: 3'
    )
    assert faulty.lab.log(failed["TrainingJobName"]) == reason.splitlines()
    assert faulty.lab.train()["TrainingJobStatus"] == "Completed"


def test_a_job_that_will_fail_can_be_stopped_before(faulty: Faulty) -> None:
    for error in ("capacity", "script", "internal"):
        faulty.switch(jobs=[{"error": error, "seconds": 600}])
        request = faulty.lab.training()
        name = request["TrainingJobName"]
        faulty.lab.sm.create_training_job(**request)
        faulty.lab.until(lambda: faulty.ask("GET", "faults")["jobs"][0]["struck"])
        faulty.lab.sm.stop_training_job(TrainingJobName=name)
        assert faulty.lab.ended("CreateTrainingJob", name)["TrainingJobStatus"] == "Stopped"


def test_trials_of_a_tuning_job_fail_alike_and_the_rest_decides(faulty: Faulty) -> None:
    faulty.switch(jobs=[{"name": "tuned-*", "error": "internal", "reason": "InternalServerError: later", "times": 1}])
    request = specs.tuning_job(
        "tuned",
        training=specs.training_definition(**faulty.lab.common()),
        ranges=[specs.continuous_range("x", 0, 1)],
        objective_metric="valid:loss",
        objective_type="Minimize",
        max_jobs=2,
        max_parallel_jobs=1,
    )
    faulty.lab.sm.create_hyper_parameter_tuning_job(**request)
    ended = faulty.lab.ended("CreateHyperParameterTuningJob", "tuned")
    assert ended["HyperParameterTuningJobStatus"] == "Completed"
    counters = ended["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["NonRetryableError"]) == (1, 1)
    created, there = faulty.resources("hyper-parameter-tuning-job")
    assert (created["tuned"], there["tuned"]) == (1, "Completed")
    assert sum(name.startswith("tuned-") for name in faulty.resources("training-job")[0]) == 2


# Endpoints


def deploy(faulty: Faulty) -> str:
    """Create a model, a configuration and an endpoint of one name."""
    name: str = faulty.lab.name("served")
    uri = faulty.lab.put(f"models/{name}.tar.gz", faulty.lab.archive({"code/inference.py": INFERENCE}))
    role = "arn:aws:iam::123456789012:role/R"
    script = specs.serving_script()
    sm = faulty.lab.sm
    sm.create_model(**specs.model(name, image_uri="i", role_arn=role, model_data_uri=uri, environment=script))
    variants = [specs.production_variant(name, instance_type="ml.m5.large")]
    sm.create_endpoint_config(**specs.endpoint_config(name, variants=variants))
    sm.create_endpoint(**specs.endpoint(name, config_name=name))
    return name


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (
            {"error": "capacity"},
            "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
            "Please retry using a different ML instance type.",
        ),
        (
            {"error": "ping", "seconds": 0.2},
            "The primary container for production variant AllTraffic did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint.",
        ),
        ({"error": "ping", "reason": "the image cannot be pulled"}, "the image cannot be pulled"),
    ],
)
def test_an_endpoint_fails_as_the_service_words_it_and_can_be_taken_away(
    faulty: Faulty, rule: dict[str, Any], reason: str
) -> None:
    faulty.switch(endpoints=[{"name": "served-*", **rule}])
    name = deploy(faulty)
    ended = faulty.lab.ended("CreateEndpoint", name)
    assert (ended["EndpointStatus"], ended["FailureReason"]) == ("Failed", reason)
    sm = faulty.lab.sm
    sm.delete_endpoint(EndpointName=name)
    faulty.lab.until(lambda: name not in faulty.resources("endpoint")[1])
    sm.delete_endpoint_config(EndpointConfigName=name)
    sm.delete_model(ModelName=name)
    for kind in ("endpoint", "endpoint-config", "model"):
        created, there = faulty.resources(kind)
        assert (created[name], name in there) == (1, False)


def test_a_slow_endpoint_answers_late_and_calls_of_other_services_do_not(faulty: Faulty) -> None:
    name = deploy(faulty)
    assert faulty.lab.ended("CreateEndpoint", name)["EndpointStatus"] == "InService"
    faulty.switch(calls=[{"service": "sagemaker-runtime", "error": "slow", "seconds": 0.5, "times": 1}])
    invoke = faulty.client("sagemaker-runtime").invoke_endpoint
    started = time.monotonic()
    assert invoke(EndpointName=name, Body=b"x")["Body"].read() == b'"fine"'
    assert time.monotonic() - started >= 0.5
    faulty.lab.sm.delete_endpoint(EndpointName=name)


# The control paths


def test_what_was_called_is_counted_by_region_operation_and_status(faulty: Faulty) -> None:
    logs = faulty.client("logs", region="ap-south-1")
    faulty.switch(calls=[{"error": "throttling", "service": "logs", "times": 1}])
    for _ in range(2):
        outcome(lambda: logs.delete_log_group(logGroupName="never-there"))
    logs.create_log_group(logGroupName="there")
    logs.create_log_group(logGroupName="gone")
    logs.delete_log_group(logGroupName="gone")
    assert faulty.ask("GET", "calls")["ap-south-1"] == {
        "logs": {"CreateLogGroup": {"200": 2}, "DeleteLogGroup": {"200": 1, "400": 1}}
    }
    assert faulty.ask("GET", "resources")["ap-south-1"] == {
        "log-group": {"created": {"gone": 1, "there": 1}, "there": {"there": None}}
    }


def test_roles_functions_and_scaling_are_counted_too(faulty: Faulty) -> None:
    region = "eu-north-1"
    faulty.client("iam", region=region).create_role(**specs.service_role("counted", services=["lambda"]))
    name = "function:f:1"
    target = {
        "ServiceNamespace": "lambda",
        "ResourceId": name,
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    scaling = faulty.client("application-autoscaling", region=region)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    faulty.client("cloudwatch", region=region).put_metric_alarm(
        AlarmName="counted",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="m",
        Namespace="n",
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    found = faulty.ask("GET", "resources")[region]
    assert (found["role"]["created"], "counted" in found["role"]["there"]) == ({"counted": 1}, True)
    assert found["scalable-target"] == {"created": {name: 1}, "there": {name: None}}
    assert found["alarm"] == {"created": {"counted": 1}, "there": {"counted": None}}


def test_a_wrong_document_changes_nothing_and_is_answered_in_words(faulty: Faulty) -> None:
    before = faulty.switch(calls=[{"error": "reset", "service": "sts"}])
    status, answer = faulty.switch(calls=[{"error": "reset", "rate": 7}])
    assert (status, answer["complaints"]) == (400, ["calls[0].rate: 7 is greater than the maximum of 1"])
    assert faulty.ask("GET", "faults") == before
    status, answer = faulty.ask("POST", "faults", {})
    assert (status, answer["message"].startswith("no POST /_sm_raw/faults here, but GET /_sm_raw/faults, ")) == (
        404,
        True,
    )


def test_nobody_but_this_machine_reaches_the_control_paths(faulty: Faulty) -> None:
    for header in (("Host", "sagemaker.example.com"), ("Origin", "http://127.0.0.1:8000")):
        request = urllib.request.Request(f"{faulty.lab.url}/_sm_raw/faults", headers=dict([header]))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with pytest.raises(urllib.error.HTTPError) as refused:
            opener.open(request, timeout=60)
        refused.value.close()
        assert refused.value.code == 403


def test_an_engine_starts_with_the_faults_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('{"calls": [{"error": "expired_token", "service": "sagemaker"}]}')
    command = [sys.executable, "-m", "sm_raw", "local", "--faults", str(file)]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip().removeprefix("ready ")
            clients = local_clients(url)
            assert outcome(clients.sagemaker.list_training_jobs) == ("ExpiredTokenException", 400)
            assert clients.sts.get_caller_identity()["Account"] == "123456789012"
        finally:
            process.terminate()
