"""Endpoints that change while they answer: weights, capacities, other configurations."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sm_raw import specs
from sm_raw.local.fleet import Fleet
from sm_raw.local.server import serving

pytestmark = pytest.mark.local
# Loads once its gate is open.
GATED = """
import fcntl, json, os
def model_fn(folder):
    with open(os.environ["GATE"]) as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return {"process": os.getpid()}
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
# Answers once its gate is open; what waits for that has left a file beside it. Says where it ran.
WAITING = """
import fcntl, json, os, pathlib, uuid
def model_fn(folder):
    return "model"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    pathlib.Path(os.environ["GATE"]).with_name(f"waits-{uuid.uuid4()}").touch()
    with open(os.environ["GATE"]) as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
    return {"process": os.getpid()}
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
# Before it loads, it tells which process it is.
TELLING = """
import os, pathlib
pathlib.Path(os.environ["GATE"]).with_name("process").write_text(str(os.getpid()))
"""
BROKEN = "def model_fn(folder): raise RuntimeError('wrong weights')"


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


class Changing:
    """An endpoint, and short ways to change it."""

    def __init__(self, host: Any, name: str) -> None:
        self.host, self.name, self.sm = host, name, host.sm

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sm.describe_endpoint(EndpointName=self.name)
        return found

    def counts(self, variant: int = 0) -> tuple[int, int]:
        """Current and desired instance count."""
        summary = self.described()["ProductionVariants"][variant]
        return summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]

    def change(self, *changes: Any) -> None:
        self.sm.update_endpoint_weights_and_capacities(
            EndpointName=self.name,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", **each} for each in changes],
        )

    def update(self, config: str, **changes: Any) -> None:
        self.sm.update_endpoint(**specs.update_endpoint(self.name, config_name=config, **changes))

    def settled(self) -> dict[str, Any]:
        """Its description when nothing happens to it any more."""
        found: dict[str, Any] = self.host.lab.ended("CreateEndpoint", self.name)
        return found

    def process(self, body: bytes = b"hello", **changes: Any) -> int:
        """The process that answers."""
        answer = self.host.answer(self.host.invoke(self.name, body, **changes))
        found: int = answer["process"]
        return found

    def model(self, **changes: Any) -> str:
        """The text of the model that answers."""
        found: str = self.host.answer(self.host.invoke(self.name, **changes))["model"]
        return found

    def processes(self, invocations: int = 4) -> set[int]:
        return {self.process() for _ in range(invocations)}

    def refusal(self, call: Callable[[], object]) -> tuple[str, str]:
        code, message = self.host.refusal(call)
        return code, message


@pytest.fixture(scope="module")
def shared(host: Any) -> Iterator[Changing]:
    name = host.endpoint()["EndpointName"]
    yield Changing(host, name)
    host.delete(name)


@pytest.fixture
def changing(shared: Changing) -> Iterator[Changing]:
    """An endpoint of one instance of AllTraffic, whatever its model is by now."""
    yield shared
    (summary,) = shared.settled()["ProductionVariants"]
    if (summary["DesiredInstanceCount"], summary["DesiredWeight"]) != (1, 1.0):
        shared.change({"DesiredInstanceCount": 1, "DesiredWeight": 1})
        shared.settled()


def gated(host: Any, gate: Any) -> Any:
    return host.variant(host.model(GATED, environment=gate.environment))


def test_weights_move_the_traffic_from_one_variant_to_another(host: Any) -> None:
    model = host.model()
    name = host.endpoint(*(host.variant(model, name=each, weight=weight) for each, weight in (("old", 1), ("new", 0))))[
        "EndpointName"
    ]
    endpoint = Changing(host, name)
    assert host.invoke(name)["InvokedProductionVariant"] == "old"
    endpoint.change({"VariantName": "old", "DesiredWeight": 0}, {"VariantName": "new", "DesiredWeight": 2.5})
    described = endpoint.settled()
    assert described["EndpointStatus"] == "InService"
    assert [(item["CurrentWeight"], item["DesiredWeight"]) for item in described["ProductionVariants"]] == [
        (0.0, 0.0),
        (2.5, 2.5),
    ]
    assert {host.invoke(name)["InvokedProductionVariant"] for _ in range(6)} == {"new"}
    host.delete(name)


def test_an_endpoint_grows_and_shrinks_while_it_answers_and_tells_how_far_it_is(host: Any, gate: Any) -> None:
    gate.open()
    endpoint = Changing(host, host.endpoint(gated(host, gate))["EndpointName"])
    gate.close()
    endpoint.change({"DesiredInstanceCount": 3})
    assert endpoint.described()["EndpointStatus"] == "Updating"
    assert endpoint.counts() == (1, 3)
    arn = endpoint.described()["EndpointArn"]
    in_progress = ("ValidationException", f'Cannot update in-progress endpoint "{arn}".')
    assert endpoint.refusal(lambda: endpoint.change({"DesiredInstanceCount": 2})) == in_progress
    assert endpoint.refusal(lambda: endpoint.sm.delete_endpoint(EndpointName=endpoint.name)) == in_progress
    config = endpoint.described()["EndpointConfigName"]
    assert endpoint.refusal(lambda: endpoint.update(config)) == in_progress

    before = endpoint.processes()
    assert len(before) == 1
    gate.open()
    endpoint.sm.get_waiter("endpoint_in_service").wait(
        EndpointName=endpoint.name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600}
    )
    assert endpoint.counts() == (3, 3)
    grown = endpoint.processes()
    assert len(grown) == 3
    assert before < grown
    endpoint.change({"DesiredInstanceCount": 1})
    assert endpoint.settled()["EndpointStatus"] == "InService"
    assert endpoint.counts() == (1, 1)
    assert endpoint.processes() == before
    assert [process for process in grown if runs(process)] == [*before]
    host.delete(endpoint.name)


def waiting(gate: Any) -> int:
    """How many invocations wait at the gate, or did."""
    return len(list(gate.path.parent.glob("waits-*")))


def test_a_server_that_is_taken_out_finishes_what_it_works_on(host: Any, gate: Any) -> None:
    variant = host.variant(host.model(WAITING, environment=gate.environment), instance_count=2)
    endpoint = Changing(host, host.endpoint(variant)["EndpointName"])
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(endpoint.process) for _ in range(2)]
        host.lab.until(lambda: waiting(gate) == 2)
        endpoint.change({"DesiredInstanceCount": 1})
        host.lab.until(lambda: endpoint.counts() == (1, 1))
        assert endpoint.described()["EndpointStatus"] == "Updating"
        gate.open()
        processes = {answer.result() for answer in answers}
    assert len(processes) == 2
    assert endpoint.settled()["EndpointStatus"] == "InService"
    assert [runs(process) for process in processes].count(True) == 1
    host.delete(endpoint.name)


def test_instances_that_cannot_be_had_leave_the_endpoint_as_it_was(
    changing: Changing, faults: Callable[..., None]
) -> None:
    faults({"name": changing.name, "error": "capacity", "times": 1})
    changing.change({"DesiredInstanceCount": 2, "DesiredWeight": 5})
    described = changing.settled()
    assert described["EndpointStatus"] == "InService"
    assert "InsufficientInstanceCapacity" in described["FailureReason"]
    assert changing.counts() == (1, 1)
    assert described["ProductionVariants"][0]["CurrentWeight"] == 1
    assert len(changing.processes()) == 1
    changing.change({"DesiredInstanceCount": 2})
    assert "FailureReason" not in changing.settled()
    assert changing.counts() == (2, 2)


def test_what_variants_cannot_be_is_refused(changing: Changing) -> None:
    def code_and_message(*changes: Any) -> tuple[str, str]:
        return changing.refusal(lambda: changing.change(*changes))

    config = changing.described()["EndpointConfigName"]
    assert code_and_message({"VariantName": "third", "DesiredWeight": 1}) == (
        "ValidationException",
        f'The variant name(s) "third" is/are not present within endpoint configuration "{config}".',
    )
    assert code_and_message({"DesiredInstanceCount": 0})[0] == "ValidationException"
    assert code_and_message({"ServerlessUpdateConfig": {"MaxConcurrency": 2}})[0] == "ValidationException"
    nobody = Changing(changing.host, "nobody")
    assert nobody.refusal(lambda: nobody.change({"DesiredWeight": 1}))[1].startswith('Could not find endpoint "arn:')
    assert changing.described()["EndpointStatus"] == "InService"


def test_a_serverless_variant_takes_so_many_invocations_at_once_and_no_more(host: Any, gate: Any) -> None:
    model = host.model(WAITING, environment=gate.environment)
    described = host.endpoint(specs.serverless_variant(model, memory_mb=1024, max_concurrency=1))
    (summary,) = described["ProductionVariants"]
    assert summary["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    assert "CurrentInstanceCount" not in summary
    endpoint = Changing(host, described["EndpointName"])
    assert endpoint.refusal(lambda: endpoint.change({"DesiredInstanceCount": 2}))[0] == "ValidationException"
    assert endpoint.refusal(lambda: host.invoke(endpoint.name, b"x" * (4 * 1024 * 1024 + 1))) == (
        "ValidationError",
        "Request body of 4194305 bytes is larger than 4194304.",
    )
    once = boto3.client(
        "sagemaker-runtime",
        endpoint_url=host.lab.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def outcome() -> str:
        try:
            once.invoke_endpoint(EndpointName=endpoint.name, Body=b"hello")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(outcome)
        host.lab.until(lambda: waiting(gate) == 1)
        assert outcome() == "ThrottlingException"
        endpoint.change({"ServerlessUpdateConfig": {"MaxConcurrency": 2}})
        (summary,) = endpoint.settled()["ProductionVariants"]
        assert summary["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 2}
        more = [pool.submit(outcome) for _ in range(2)]
        done, _ = wait(more, timeout=30, return_when=FIRST_COMPLETED)
        gate.open()
        assert [each.result() for each in done] == ["ThrottlingException"]
        assert sorted(each.result() for each in (first, *more)) == ["ThrottlingException", "answered", "answered"]
    once.close()
    host.delete(endpoint.name)


def test_no_invocation_fails_while_an_endpoint_takes_another_configuration(changing: Changing) -> None:
    host, old, before, after = changing.host, changing.process(), changing.model(), changing.host.lab.name("weights")
    config = host.config(host.variant(host.model(text=after), instance_count=2))
    over = threading.Event()

    def invoke_until_over(_: int) -> list[str]:
        seen = []
        while not over.is_set():
            seen.append(changing.model())
        return seen

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(invoke_until_over, number) for number in range(2)]
        try:
            changing.update(config)
            described = changing.settled()
        finally:
            over.set()
        models = [each.result() for each in answers]
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == config
    assert "PendingDeploymentSummary" not in described
    assert changing.counts() == (2, 2)
    assert {model for seen in models for model in seen} == {before, after}
    assert changing.model() == after
    assert not runs(old)


def test_an_update_is_told_while_it_goes_on_and_the_configuration_changes_at_its_end(
    changing: Changing, gate: Any
) -> None:
    host, before, process = changing.host, changing.described(), changing.process()
    config = host.config(gated(host, gate))
    changing.update(config)
    during = changing.described()
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", before["EndpointConfigName"])
    pending = during["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == config
    (coming,) = pending["ProductionVariants"]
    assert (coming["DesiredInstanceCount"], coming["CurrentInstanceCount"]) == (1, 0)
    assert coming["InstanceType"] == "ml.m5.large"
    (listed,) = host.sm.list_endpoints(NameContains=changing.name)["Endpoints"]
    assert listed["EndpointStatus"] == "Updating"
    assert changing.process() == process
    arn = before["EndpointArn"]
    assert changing.refusal(lambda: changing.sm.delete_endpoint(EndpointName=changing.name)) == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{arn}".',
    )
    gate.open()
    after = changing.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", config)
    assert after["LastModifiedTime"] > before["LastModifiedTime"]


@pytest.mark.parametrize("cause", ["model", "fault"])
def test_an_update_that_fails_leaves_the_old_servers_and_says_why(
    changing: Changing, faults: Callable[..., None], cause: str
) -> None:
    host, before, process = changing.host, changing.described(), changing.process()
    if cause == "fault":
        faults({"name": changing.name, "error": "ping", "times": 1})
    changing.update(host.config(host.variant(host.model(BROKEN) if cause == "model" else host.model())))
    after = changing.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert "did not pass the ping health check" in after["FailureReason"]
    assert "PendingDeploymentSummary" not in after
    assert changing.counts() == (1, 1)
    assert changing.processes() == {process}
    config = host.config(host.variant(host.model()))
    changing.update(config)
    after = changing.settled()
    assert (after["EndpointConfigName"], "FailureReason" in after) == (config, False)


def test_an_update_keeps_of_variants_and_deployments_what_it_is_told_to(changing: Changing) -> None:
    changing.change({"DesiredInstanceCount": 2, "DesiredWeight": 3})
    config = changing.settled()["EndpointConfigName"]
    deployment = specs.all_at_once_deployment(wait_seconds=0, termination_wait_seconds=0)
    changing.update(config, retain_variants=True, except_for=["DesiredWeight"], deployment=deployment)
    described = changing.settled()
    assert described["LastDeploymentConfig"] == deployment
    (summary,) = described["ProductionVariants"]
    assert (changing.counts(), summary["CurrentWeight"], summary["DesiredWeight"]) == ((2, 2), 1.0, 1.0)
    changing.update(config, retain_deployment=True)
    assert (changing.settled()["LastDeploymentConfig"], changing.counts()) == (deployment, (1, 1))
    changing.update(config)
    assert "LastDeploymentConfig" not in changing.settled()


def test_a_canary_takes_its_share_until_an_alarm_takes_it_back(changing: Changing) -> None:
    host, before, old, new = changing.host, changing.described(), changing.model(), changing.host.lab.name("weights")
    alarm, cloudwatch = host.lab.name("alarm"), host.lab.clients.cloudwatch
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        MetricName="ModelLatency",
        Namespace="AWS/SageMaker",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    deployment = specs.canary_deployment(specs.capacity_percent(50), wait_seconds=3600, alarms=[alarm])
    config = host.config(host.variant(host.model(text=new), name="other"))
    changing.update(config, deployment=deployment)
    seen = set()

    def both_answer() -> bool:
        seen.add(changing.model())
        return len(seen) == 2

    host.lab.until(both_answer)
    assert changing.model(TargetVariant="other") == new
    assert changing.model(TargetVariant="AllTraffic") == old
    assert changing.described()["EndpointStatus"] == "Updating"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    after = changing.settled()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before["EndpointConfigName"])
    assert after["FailureReason"].endswith(f"these CloudWatch alarms went off: {alarm}.")
    assert {changing.model() for _ in range(8)} == {old}
    cloudwatch.delete_alarms(AlarmNames=[alarm])


def test_a_variant_that_scales_stays_and_keeps_its_instance_type(host: Any) -> None:
    changing, scaling = Changing(host, host.endpoint()["EndpointName"]), host.lab.clients.autoscaling
    resource = specs.variant_resource_id(changing.name)
    model = host.model()
    scaling.register_scalable_target(**specs.scalable_target(resource, min_capacity=1, max_capacity=2))
    refused = (
        "ValidationException",
        'The variant(s) "AllTraffic" must be deregistered as scalable target with AWS Auto Scaling before they can be '
        "removed or have their instance type updated.",
    )
    renamed = host.config(host.variant(model, name="other"))
    larger = host.config(specs.production_variant(model, instance_type="ml.m5.xlarge"))
    assert changing.refusal(lambda: changing.update(renamed)) == refused
    assert changing.refusal(lambda: changing.update(larger)) == refused
    same = host.config(host.variant(model))
    changing.update(same, retain_variants=True)
    assert changing.settled()["EndpointConfigName"] == same
    scaling.deregister_scalable_target(
        ServiceNamespace="sagemaker", ResourceId=resource, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
    )
    changing.update(renamed)
    assert changing.settled()["EndpointConfigName"] == renamed
    host.delete(changing.name)


def test_an_update_of_what_is_not_there_or_has_failed_is_refused(host: Any, changing: Changing) -> None:
    assert changing.refusal(lambda: changing.update("nobody"))[1].startswith('Could not find endpoint configuration "')
    config = changing.described()["EndpointConfigName"]
    nobody = Changing(host, "nobody")
    assert nobody.refusal(lambda: nobody.update(config))[1].startswith('Could not find endpoint "arn:')
    failed = Changing(host, host.endpoint(host.variant(host.model(BROKEN)))["EndpointName"])
    arn = failed.described()["EndpointArn"]
    assert failed.refusal(lambda: failed.update(config)) == (
        "ValidationException",
        f'Cannot update failed endpoint "{arn}".',
    )
    assert failed.refusal(lambda: failed.change({"DesiredWeight": 1}))[0] == "ValidationException"
    host.delete(failed.name)


def test_an_endpoint_goes_on_and_grows_without_its_configuration_and_model(host: Any) -> None:
    model = host.model()
    config = host.config(host.variant(model))
    endpoint = Changing(host, host.create(config))
    endpoint.settled()
    host.sm.delete_endpoint_config(EndpointConfigName=config)
    host.sm.delete_model(ModelName=model)
    endpoint.change({"DesiredInstanceCount": 2})
    described = endpoint.settled()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", config)
    assert len(endpoint.processes()) == 2
    host.delete(endpoint.name)


def test_an_update_that_cannot_even_be_taken_back_says_so_and_the_endpoint_answers_on(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Changing(host, host.endpoint()["EndpointName"])

    def retire(_: object) -> None:
        raise RuntimeError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(Fleet, "retire", retire)
        endpoint.update(host.config(host.variant(host.model(BROKEN))))
        host.lab.until(lambda: endpoint.described()["EndpointStatus"] != "Updating")
    described = endpoint.described()
    assert described["EndpointStatus"] == "UpdateRollbackFailed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert len(endpoint.processes()) == 1
    host.delete(endpoint.name)


def test_an_engine_that_closes_in_the_middle_of_an_update_leaves_no_process(
    lab_of: Any, host_of: Any, gate: Any, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    with serving(root) as url:
        host = host_of(lab_of(url, root, "closing"))
        endpoint = Changing(host, host.endpoint()["EndpointName"])
        processes = [endpoint.process()]
        model = host.model(TELLING + GATED, environment=gate.environment)
        endpoint.update(host.config(host.variant(model)))
        started = tmp_path / "process"
        host.lab.until(lambda: started.exists() and started.read_text())
        processes.append(int(started.read_text()))
        assert all(map(runs, processes))
    assert [process for process in processes if runs(process)] == []
