"""One endpoint: a model server process for each instance of each variant, and the way of an invocation to one."""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from sm_raw.local import artifacts
from sm_raw.local.engine import Engine
from sm_raw.local.job_logs import LogStream
from sm_raw.local.process import ChildProcess, clean_environment
from sm_raw.local.store import Record

MODEL_DIR = "/opt/ml/model"
# Containers must "respond to the /ping with HTTP 200 within 8 minutes" unless the variant says otherwise
# (developer guide, "Use Your Own Inference Code with Hosting Services").
STARTUP_SECONDS = 480
STOP_GRACE_SECONDS = 2
# "A customer's model containers must respond to requests within 60 seconds" (API reference, InvokeEndpoint).
INVOCATION_SECONDS = 60
POLL_SECONDS = 0.05


class Unhealthy(Exception):
    """A model server did not pass its health check, or found no instance."""


@dataclass
class Instance:
    """One model server: its process, its log and, once it serves, its address."""

    name: str
    process: ChildProcess
    log: LogStream
    url: str = ""

    def end(self, grace_seconds: float) -> None:
        """Stop the process and close the log."""
        self.process.stop(grace_seconds)
        self.log.close()


class Deployment:
    """Runs the endpoint behind ``record``; ``variants`` are the ProductionVariants of its configuration."""

    def __init__(self, engine: Engine, record: Record, variants: Sequence[Mapping[str, Any]]) -> None:
        self._engine, self._record, self._variants = engine, record, variants
        self._folder = engine.root / "endpoints" / record.region / record.name
        self._instances: dict[str, list[Instance]] = {variant["VariantName"]: [] for variant in variants}
        self._turns: dict[str, Iterator[int]] = {name: itertools.count() for name in self._instances}
        self._http = urllib3.PoolManager(maxsize=32, retries=False)

    def create(self) -> None:
        """Start every server and wait until all are healthy; then the endpoint is InService."""
        self._engine.register(self, self.kill)
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            if fault := self._engine.faults.of_endpoint(self._record.name):
                self._engine.closing.wait(fault.seconds)
                raise Unhealthy(fault.reason or ping_failure(self._variants[0]["VariantName"]))
            for variant in self._variants:
                self._deploy(variant)
        except (Unhealthy, artifacts.DataFailure) as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(artifacts.disk_failure(error, self._engine.root))
        except Exception:
            self._fail("InternalServerError: the local engine met an error of its own")
            raise
        else:
            self._engine.store.update(self._record, EndpointStatus="InService")

    def delete(self) -> None:
        """End every server; then the endpoint is no more."""
        try:
            self._end_instances(STOP_GRACE_SECONDS)
            self._deregister_scaling()
        finally:
            self._engine.forget(self)
            self._http.clear()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._engine.store.remove(self._record)

    def kill(self) -> None:
        """End every server at once; the engine is closing."""
        self._end_instances(0)
        self._http.clear()

    def _fail(self, reason: str) -> None:
        self._end_instances(STOP_GRACE_SECONDS)
        self._engine.store.update(self._record, EndpointStatus="Failed", FailureReason=reason[:1024])

    def pick(self, variant: str | None) -> tuple[str, Instance]:
        """Variant and instance of one invocation: by weight, then in turn. Raises KeyError for an unknown variant."""
        if variant is None:
            summaries = self._record.description["ProductionVariants"]
            weights = [item["CurrentWeight"] for item in summaries]
            chosen = random.choices(summaries, weights if any(weights) else None)[0]
            variant = str(chosen["VariantName"])
        instances = self._instances[variant]
        return variant, instances[next(self._turns[variant]) % len(instances)]

    def invoke(self, instance: Instance, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The model server's answer to one invocation."""
        return self._http.request(
            "POST",
            f"{instance.url}/invocations",
            body=body,
            headers=dict(headers),
            timeout=urllib3.Timeout(connect=5, read=INVOCATION_SECONDS),
        )

    def _deploy(self, variant: Mapping[str, Any]) -> None:
        name = variant["VariantName"]
        model = self._engine.store.get(self._record.region, "model", variant["ModelName"])
        if model is None:
            raise Unhealthy(f"The model {variant['ModelName']!r} of variant {name!r} was deleted.")
        container = model.description.get("PrimaryContainer") or model.description["Containers"][0]
        for number in range(variant.get("InitialInstanceCount", 1)):
            base = self._folder / name / str(number)
            self._start(name, number, base, container)
        timeout = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS)
        for instance in self._instances[name]:
            self._wait_until_healthy(instance, name, timeout)
            self._count(name)

    def _start(self, variant: str, number: int, base: Path, container: Mapping[str, Any]) -> None:
        region = self._record.region
        s3 = self._engine.client("s3", region)
        model = base / "model"
        artifacts.unpack(artifacts.fetch_file(s3, container["ModelDataUrl"], base / "model.tar.gz"), model)
        environment = container.get("Environment", {})
        code = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", f"{MODEL_DIR}/code")
        if code.startswith("s3://"):
            artifacts.unpack(artifacts.fetch_file(s3, code, base / "sourcedir.tar.gz"), base / "code")
            code_folder = base / "code"
        else:
            code_folder = model / code.removeprefix(MODEL_DIR).strip("/")
        log = LogStream(
            self._engine.client("logs", region),
            f"/aws/sagemaker/Endpoints/{self._record.name}",
            f"{variant}/i-{number:017x}",
        )
        for folder in ("home", "tmp"):
            (base / folder).mkdir()
        process = ChildProcess(
            [
                *(sys.executable, "-m", "sm_raw.local.serving"),
                *("--model-dir", str(model)),
                *("--code-dir", str(code_folder)),
                *("--program", environment.get("SAGEMAKER_PROGRAM", "inference.py")),
                *("--port-file", str(base / "port")),
            ],
            env=clean_environment(
                {
                    "AWS_ENDPOINT_URL": self._engine.url,
                    "AWS_DEFAULT_REGION": region,
                    "AWS_REGION": region,
                    "HOME": str(base / "home"),
                    "TMPDIR": str(base / "tmp"),
                    "OMP_NUM_THREADS": str(self._engine.job_cpus),
                    "PYTHONUNBUFFERED": "1",
                    **environment,
                }
            ),
            cwd=base,
            on_line=log.write,
        )
        self._instances[variant].append(Instance(f"{variant}/{number}", process, log))
        log.open()
        process.start()

    def _wait_until_healthy(self, instance: Instance, variant: str, timeout: float) -> None:
        port_file = self._folder / instance.name / "port"
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self._engine.closing.is_set():
            if instance.process.wait(POLL_SECONDS) is not None:
                break
            if not instance.url and port_file.exists():
                instance.url = f"http://127.0.0.1:{port_file.read_text().strip()}"
            if instance.url and self._ping(instance):
                return
        raise Unhealthy(ping_failure(variant))

    def _ping(self, instance: Instance) -> bool:
        try:
            return self._http.request("GET", f"{instance.url}/ping", timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _count(self, variant: str) -> None:
        with self._engine.store.lock:
            for summary in self._record.description["ProductionVariants"]:
                if summary["VariantName"] == variant and "CurrentInstanceCount" in summary:
                    summary["CurrentInstanceCount"] += 1

    def _all_instances(self) -> list[Instance]:
        return [instance for instances in self._instances.values() for instance in instances]

    def _end_instances(self, grace_seconds: float) -> None:
        for instance in self._all_instances():
            instance.end(grace_seconds)

    def _deregister_scaling(self) -> None:
        # The service deregisters the scalable targets of an endpoint that is deleted, and their policies with them.
        autoscaling = self._engine.client("application-autoscaling", self._record.region)
        for variant in self._variants:
            target = {
                "ServiceNamespace": "sagemaker",
                "ResourceId": f"endpoint/{self._record.name}/variant/{variant['VariantName']}",
            }
            for policy in autoscaling.describe_scaling_policies(**target)["ScalingPolicies"]:
                autoscaling.delete_scaling_policy(
                    **target, ScalableDimension=policy["ScalableDimension"], PolicyName=policy["PolicyName"]
                )
            found = autoscaling.describe_scalable_targets(
                ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]]
            )
            for item in found["ScalableTargets"]:
                with contextlib.suppress(autoscaling.exceptions.ObjectNotFoundException):
                    autoscaling.deregister_scalable_target(**target, ScalableDimension=item["ScalableDimension"])


def ping_failure(variant: str) -> str:
    """FailureReason for a container that never answered its health check."""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
