"""One instance of an endpoint: a process that serves one model on loopback, and its log."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from sm_raw.local import artifacts
from sm_raw.local.engine import Engine
from sm_raw.local.job_logs import LogStream
from sm_raw.local.serving_process import INVOCATION_SECONDS, STOP_GRACE_SECONDS, ServingProcess
from sm_raw.local.store import Record

MODEL_DIR = "/opt/ml/model"


class Unhealthy(Exception):
    """A model server did not pass its health check, or found no instance; the text is a FailureReason."""


class ModelServer:
    """Server ``number`` of a variant of the endpoint ``record``. No two servers of a variant share a number."""

    def __init__(self, engine: Engine, record: Record, variant: str, number: int) -> None:
        self._engine, self._region, self.variant = engine, record.region, variant
        self.busy = 0  # invocations under way; the deployment counts them, under its lock
        self._folder = endpoint_folder(engine, record) / variant / str(number)
        self._log = LogStream(
            engine.client("logs", record.region),
            f"/aws/sagemaker/Endpoints/{record.name}",
            f"{variant}/i-{number:017x}",
        )
        self._process = ServingProcess(self._folder, self._log.write)

    def start(self, container: Mapping[str, Any]) -> None:
        """Fetch the model of ``container`` and start the process. Raises DataFailure or OSError."""
        environment = container.get("Environment", {})
        model, code = self._unpack(container["ModelDataUrl"], environment)
        self._log.open()
        self._process.start(
            model,
            code,
            {
                "AWS_ENDPOINT_URL": self._engine.url,
                "AWS_DEFAULT_REGION": self._region,
                "AWS_REGION": self._region,
                "OMP_NUM_THREADS": str(self._engine.job_cpus),
                **environment,
            },
        )

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until it answers its health check. Raises Unhealthy when it ends before that, or takes too long."""
        if not self._process.is_healthy(timeout_seconds, is_over=self._engine.closing.is_set):
            raise Unhealthy(ping_failure(self.variant))

    def invoke(
        self, body: bytes, headers: Mapping[str, str], timeout_seconds: float = INVOCATION_SECONDS
    ) -> urllib3.BaseHTTPResponse:
        """Its answer to one invocation. Raises what urllib3 raises."""
        return self._process.invoke(body, headers, timeout_seconds)

    def end(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop the process and close the log. May be called again, and for one that was never started."""
        self._process.end(grace_seconds)
        self._log.close()

    def clear(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _unpack(self, url: str, environment: Mapping[str, str]) -> tuple[Path, Path]:
        """The folders of the model and of its code."""
        s3, model = self._engine.client("s3", self._region), self._folder / "model"
        artifacts.unpack(artifacts.fetch_file(s3, url, self._folder / "model.tar.gz"), model)
        code = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", f"{MODEL_DIR}/code")
        if not code.startswith("s3://"):
            return model, model / code.removeprefix(MODEL_DIR).strip("/")
        artifacts.unpack(artifacts.fetch_file(s3, code, self._folder / "sourcedir.tar.gz"), self._folder / "code")
        return model, self._folder / "code"


def endpoint_folder(engine: Engine, record: Record) -> Path:
    """Where the files of an endpoint lie."""
    return engine.root / "endpoints" / record.region / record.name


def ping_failure(variant: str) -> str:
    """FailureReason for a container that never answered its health check."""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
