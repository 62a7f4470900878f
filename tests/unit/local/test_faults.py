from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, create_environ

from sm_raw.errors import EngineFailed
from sm_raw.local import faults as documented
from sm_raw.local.engine import Engine
from sm_raw.local.fault_rules import ERRORS, complaints
from sm_raw.local.faults import Faults, FaultsRefused
from sm_raw.local.gateway import Gateway
from sm_raw.local.server import main
from sm_raw.local.wire import Target, body_of, parameter, target_of

FORM = "application/x-www-form-urlencoded"
LIST_JOBS = Target("sagemaker", "ListTrainingJobs", "json")
PUT_OBJECT = Target("s3", "PutObject", "rest-xml")


def switched(**document: Any) -> Faults:
    faults = Faults()
    faults.switch(document)
    return faults


def decisions(faults: Faults, target: Target = LIST_JOBS, count: int = 60) -> list[str | None]:
    found = (faults.of_call(target) for _ in range(count))
    return [fault and fault.error for fault in found]


# What a document may say


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"seed": 7, "calls": [], "jobs": [], "endpoints": []},
        {"calls": [{"error": "throttling"}, {"error": "slow", "seconds": 0.5, "service": "sagemaker-*"}]},
        {"calls": [{"service": "sagemaker", "operation": "Create*", "error": "reset", "when": "after", "times": 1}]},
        {"calls": [{"service": "sts", "operation": "GetCallerIdentity", "error": "expired_token", "rate": 0.5}]},
        {"calls": [{"operation": "RunInstances", "error": "capacity"}]},
        {"calls": [{"service": "sqs", "error": "unavailable", "message": "later", "skip": 3}]},
        {"jobs": [{"name": "a-*", "error": "script", "exit_code": 3, "reason": "why", "seconds": 1}]},
        {"endpoints": [{"error": "capacity"}, {"error": "ping", "reason": "none"}]},
    ],
)
def test_a_right_document_has_nothing_against_it(document: Any) -> None:
    assert complaints(document) == []


def test_the_documented_example_is_right() -> None:
    text = documented.__doc__ or ""
    assert complaints(json.loads(text[text.index("    {\n") : text.index("\n\nEvery rule")])) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], ["the document: [] is not of type 'object'"]),
        ({"sede": 7}, ["sede: 'sede' is not known; did you mean 'seed'?"]),
        ({"seed": 0.5}, ["seed: 0.5 is not of type 'integer'"]),
        ({"calls": [{}]}, ["calls[0].error: missing"]),
        ({"calls": [{"error": "throtling"}]}, ["calls[0].error: 'throtling' is not known; did you mean 'throttling'?"]),
        ({"calls": [{"error": "reset", "rate": 2}]}, ["calls[0].rate: 2 is greater than the maximum of 1"]),
        ({"calls": [{"error": "reset", "times": 0}]}, ["calls[0].times: 0 is less than the minimum of 1"]),
        (
            {"calls": [{"error": "reset", "when": "during"}]},
            ["calls[0].when: 'during' is not known; give before or after"],
        ),
        ({"calls": [{"error": "slow"}]}, ["calls[0].seconds: give it for error 'slow', and for no other"]),
        (
            {"calls": [{"error": "reset", "seconds": 1}]},
            ["calls[0].seconds: give it for error 'slow', and for no other"],
        ),
        (
            {"calls": [{"error": "reset", "message": "x"}]},
            ["calls[0].message: error 'reset' answers nothing of its own; leave it out"],
        ),
        (
            {"calls": [{"error": "reset", "service": "zzz"}]},
            ["calls[0].service: no service 'zzz'; give its name in boto3"],
        ),
        (
            {"calls": [{"error": "reset", "service": "s3", "operation": "zzz"}]},
            ["calls[0].operation: s3 has no 'zzz'; see its API reference"],
        ),
        (
            {"calls": [{"error": "resource_limit", "service": "sts"}]},
            [
                "calls[0].error: sts answers no 'resource_limit', but application-autoscaling, cloudwatch, ec2, iam, "
                "logs, s3 or sagemaker"
            ],
        ),
        (
            {"calls": [{"error": "capacity", "service": "sagemaker"}]},
            [
                "calls[0].error: sagemaker answers no 'capacity', but ec2; training jobs and endpoints lack it under "
                '"jobs" and "endpoints"'
            ],
        ),
        (
            {"jobs": [{"error": "capacity", "exit_code": 3}]},
            ["jobs[0].exit_code: only a script has one; leave it out, or give error 'script'"],
        ),
        (
            {"jobs": [{"error": "spot_interruption"}]},
            [
                "jobs[0].error: this engine keeps no checkpoints, from which an interrupted job would go on; give "
                "'script' or 'capacity'"
            ],
        ),
        (
            {"jobs": [{"error": "script", "spot_interruption": {"after_seconds": 2}}]},
            [
                "jobs[0].spot_interruption: this engine keeps no checkpoints, from which an interrupted job would go "
                "on; give 'script' or 'capacity'"
            ],
        ),
        (
            {"endpoints": [{"error": "script"}, {"error": "ping", "seconds": 1e300}]},
            [
                "endpoints[0].error: 'script' is not known; give capacity or ping",
                "endpoints[1].seconds: 1e+300 is greater than the maximum of 3600",
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_the_way_out(document: Any, expected: list[str]) -> None:
    assert complaints(document) == expected
    with pytest.raises(FaultsRefused) as refused:
        Faults().switch(document)
    assert refused.value.complaints == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "--faults {file}: No such file or directory"),
        ("{", "--faults {file} is no JSON: Expecting property name"),
        ('{"jobs": [{}], "x": 1}', "--faults {file} cannot be used:\n  x: 'x' is not known; give "),
    ],
)
def test_a_file_that_cannot_be_used_keeps_the_engine_from_starting(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    file = tmp_path / "faults.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EngineFailed) as failed:
        main(port=0, root=None, time_scale=1, faults=str(file))
    assert str(failed.value).startswith(expected.format(file=file))


# When a rule strikes


def test_the_seed_decides_and_nothing_else() -> None:
    rules = [{"error": "throttling", "rate": 0.5}]
    first = decisions(switched(seed=7, calls=rules))
    assert first == decisions(switched(seed=7, calls=rules))
    assert first != decisions(switched(seed=8, calls=rules))
    assert 15 < first.count("throttling") < 45


def test_each_rule_has_a_sequence_of_its_own_whoever_else_calls() -> None:
    rules = [{"service": "s3", "error": "throttling", "rate": 0.5}, {"service": "sagemaker", "error": "internal"}]
    faults = switched(seed=7, calls=rules)
    mixed = [decisions(faults, target, 1) for _ in range(20) for target in (PUT_OBJECT, LIST_JOBS)]
    alone = decisions(switched(seed=7, calls=rules[:1]), PUT_OBJECT, 20)
    assert [decision[0] for decision in mixed[::2]] == alone
    assert [decision[0] for decision in mixed[1::2]] == ["internal"] * 20


def test_skip_and_times_bound_a_rule_and_the_first_that_strikes_wins() -> None:
    faults = switched(calls=[{"error": "reset", "skip": 2, "times": 1}, {"error": "internal", "times": 3}])
    assert decisions(faults, count=6) == ["internal", "internal", "reset", "internal", None, None]
    assert faults.report() == {
        "seed": 0,
        "calls": [
            {"error": "reset", "skip": 2, "times": 1, "met": 6, "struck": 1},
            {"error": "internal", "times": 3, "met": 5, "struck": 3},
        ],
        "jobs": [],
        "endpoints": [],
    }


def test_a_rate_of_nothing_never_strikes_and_new_rules_begin_anew() -> None:
    faults = switched(calls=[{"error": "reset", "rate": 0}])
    assert decisions(faults) == [None] * 60
    faults.switch({"calls": [{"error": "reset", "times": 1}]})
    assert decisions(faults, count=2) == ["reset", None]
    faults.switch({})
    assert decisions(faults) == [None] * 60


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"service": "s3"}, [PUT_OBJECT]),
        ({"operation": "List*"}, [LIST_JOBS]),
        ({"service": "s*", "operation": "*[Oo]b*"}, [LIST_JOBS, PUT_OBJECT]),
        ({"service": "S3"}, []),
    ],
)
def test_a_rule_meets_what_its_patterns_name(rule: dict[str, str], struck: list[Target]) -> None:
    faults = Faults()
    if not struck:
        with pytest.raises(FaultsRefused, match="no service 'S3'"):
            faults.switch({"calls": [{"error": "reset", **rule}]})
        return
    faults.switch({"calls": [{"error": "reset", **rule}]})
    assert [target for target in (LIST_JOBS, PUT_OBJECT) if faults.of_call(target)] == struck


def test_an_error_that_a_service_does_not_know_passes_it_by() -> None:
    faults = switched(calls=[{"error": "resource_limit"}, {"error": "capacity"}])
    assert decisions(faults, Target("sts", "GetCallerIdentity", "query"), 1) == [None]
    assert decisions(faults, Target("ec2", "RunInstances", "ec2"), 1) == ["resource_limit"]
    assert faults.report()["calls"][1]["met"] == 0


def test_every_error_of_a_service_is_worded() -> None:
    target = Target("sagemaker", "CreateEndpoint", "json")
    for error in set(ERRORS) - {"capacity"}:
        fault = switched(calls=[{"error": error}]).of_call(target)
        assert fault
        assert fault.answer
        assert "{" not in fault.answer.message
    fault = switched(calls=[{"error": "resource_limit"}]).of_call(target)
    assert fault
    assert fault.answer
    assert "'ml.m5.large for endpoint usage' is 0 Instances" in fault.answer.message
    own = switched(calls=[{"error": "resource_limit", "message": "my {own}"}]).of_call(target)
    assert own
    assert own.answer
    assert own.answer.message == "my {own}"


def test_jobs_and_endpoints_fail_by_name() -> None:
    faults = switched(
        jobs=[
            {"name": "dogs-*", "error": "script", "reason": "no such file", "exit_code": 3, "seconds": 2, "times": 1}
        ],
        endpoints=[{"error": "capacity"}],
    )
    assert faults.of_job("cats-1") is None
    failing = faults.of_job("dogs-1")
    assert failing
    assert (failing.error, failing.seconds, failing.reason, failing.exit_code) == ("script", 2, "no such file", 3)
    assert faults.of_job("dogs-2") is None
    endpoint = faults.of_endpoint("e")
    assert endpoint
    assert "InsufficientInstanceCapacity" in endpoint.reason


# What a request on the wire asks for


def scope(service: str, region: str = "eu-west-1") -> str:
    return f"AWS4-HMAC-SHA256 Credential=local/20260101/{region}/{service}/aws4_request, SignedHeaders=host"


@pytest.mark.parametrize(
    ("service", "method", "url", "headers", "expected"),
    [
        ("s3", "GET", "/", {}, "ListBuckets"),
        ("s3", "PUT", "/b", {}, "CreateBucket"),
        ("s3", "PUT", "/b/", {}, "CreateBucket"),
        ("s3", "PUT", "/b/a/b.txt", {}, "PutObject"),
        ("s3", "PUT", "/b/k", {"x-amz-copy-source": "b/o"}, "CopyObject"),
        ("s3", "PUT", "/b/k?partNumber=1&uploadId=u", {}, "UploadPart"),
        ("s3", "POST", "/b/k?uploads", {}, "CreateMultipartUpload"),
        ("s3", "POST", "/b/k?uploadId=u", {}, "CompleteMultipartUpload"),
        ("s3", "DELETE", "/b/k?uploadId=u", {}, "AbortMultipartUpload"),
        ("s3", "GET", "/b?list-type=2&prefix=x", {}, "ListObjectsV2"),
        ("s3", "GET", "/b?prefix=x", {}, "ListObjects"),
        ("s3", "GET", "/b/k", {}, "GetObject"),
        ("s3", "HEAD", "/b/k", {}, "HeadObject"),
        ("s3", "POST", "/b?delete", {}, "DeleteObjects"),
        ("s3", "PUT", "/b?policy", {}, "PutBucketPolicy"),
        ("s3", "PATCH", "/b", {}, ""),
        ("lambda", "POST", "/2015-03-31/functions", {}, "CreateFunction"),
        ("lambda", "POST", "/2015-03-31/functions/f/invocations", {}, "Invoke"),
        ("lambda", "DELETE", "/2015-03-31/functions/f", {}, "DeleteFunction"),
    ],
)
def test_an_operation_of_a_rest_service_is_known_by_method_path_query_and_headers(
    service: str, method: str, url: str, headers: dict[str, str], expected: str
) -> None:
    environ = create_environ(url, method=method, headers={"Authorization": scope(service), **headers})
    protocol = "rest-xml" if service == "s3" else "rest-json"
    assert target_of(environ) == Target(service, expected, protocol, "eu-west-1")


@pytest.mark.parametrize(
    ("signed", "headers", "body", "expected"),
    [
        ("sagemaker", {"X-Amz-Target": "SageMaker.ListModels"}, "{}", ("sagemaker", "ListModels", "json")),
        ("", {"X-Amz-Target": "SageMaker.ListModels"}, "{}", ("sagemaker", "ListModels", "json")),
        ("logs", {"X-Amz-Target": "Logs_20140328.PutLogEvents"}, "{}", ("logs", "PutLogEvents", "json")),
        (
            "monitoring",
            {"X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"},
            "{}",
            ("cloudwatch", "PutMetricData", "json"),
        ),
        (
            "monitoring",
            {"Content-Type": FORM},
            "Action=PutMetricData&Version=1",
            ("cloudwatch", "PutMetricData", "query"),
        ),
        ("sts", {"Content-Type": FORM}, "Action=GetCallerIdentity", ("sts", "GetCallerIdentity", "query")),
        ("ec2", {"Content-Type": FORM}, "Action=RunInstances", ("ec2", "RunInstances", "ec2")),
        ("", {"Content-Type": FORM}, "Action=AssumeRoleWithWebIdentity", ("", "AssumeRoleWithWebIdentity", "query")),
    ],
)
def test_the_other_protocols_name_their_operation(
    signed: str, headers: dict[str, str], body: str, expected: tuple[str, str, str]
) -> None:
    all_headers = {**headers, **({"Authorization": scope(signed)} if signed else {})}
    environ = create_environ("/", method="POST", headers=all_headers, data=body)
    target = target_of(environ)
    assert (target.service, target.operation, target.protocol) == expected
    assert body_of(environ).decode() == body == body_of(environ).decode()


def test_the_runtime_signs_as_sagemaker_and_a_presigned_url_in_its_query() -> None:
    environ = create_environ("/endpoints/e/invocations", method="POST", headers={"Authorization": scope("sagemaker")})
    assert target_of(environ) == Target("sagemaker-runtime", "InvokeEndpoint", "rest-json", "eu-west-1")
    presigned = create_environ("/b/k?X-Amz-Credential=local%2F20260101%2Feu-west-1%2Fs3%2Faws4_request")
    assert target_of(presigned) == Target("s3", "GetObject", "rest-xml", "eu-west-1")
    assert target_of(create_environ("/b/k")) == Target("s3", "GetObject", "rest-xml", "us-east-1")
    assert parameter(create_environ("/?Action=ListRoles"), "Action") == "ListRoles"


# At the gateway


class Moto:
    """Stands for moto: keeps the bodies that came through."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return io.BytesIO(b"done")


@pytest.fixture
def moto() -> Moto:
    return Moto()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "http://127.0.0.1:1")


@pytest.fixture
def client(engine: Engine, moto: Moto) -> Client:
    return Client(Gateway(engine, moto))


def put(client: Client, body: str = "x") -> tuple[int, str]:
    response = client.put("/b/k", data=body, headers={"Authorization": scope("s3")})
    return response.status_code, response.get_data(as_text=True)


def test_a_fault_before_the_call_keeps_it_from_the_service_and_one_after_only_the_answer(
    client: Client, engine: Engine, moto: Moto
) -> None:
    for when, reached in (("before", []), ("after", [b"x"])):
        engine.faults.switch({"calls": [{"error": "throttling", "when": when, "times": 1}]})
        moto.bodies.clear()
        status, body = put(client)
        assert (status, "<Code>SlowDown</Code>" in body, moto.bodies) == (503, True, reached)
        assert put(client) == (200, "done")
    calls = engine.census.calls()
    assert calls == {"eu-west-1": {"s3": {"PutObject": {"200": 3}}}}


def test_a_reset_says_nothing_at_all(client: Client, engine: Engine, moto: Moto) -> None:
    engine.faults.switch({"calls": [{"error": "reset", "when": "after"}]})
    with pytest.raises(ConnectionAbortedError, match="a fault on purpose"):
        put(client)
    assert moto.bodies == [b"x"]


def test_a_slow_call_takes_its_time_and_is_answered(
    client: Client, engine: Engine, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(engine.closing, "wait", waited.append)
    for when in ("before", "after"):
        engine.faults.switch({"calls": [{"error": "slow", "seconds": 1.5, "when": when}]})
        assert put(client) == (200, "done")
    assert (waited, moto.bodies) == ([1.5, 1.5], [b"x", b"x"])
