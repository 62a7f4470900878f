"""One instance of an endpoint: a process that serves one model on loopback, and its log."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
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
    """A model server did not pass its health check, or found no instance; the text is a FailureReason."""


class ModelServer:
    """Server ``number`` of a variant of the endpoint ``record``. No two servers of a variant share a number."""

    def __init__(self, engine: Engine, record: Record, variant: str, number: int) -> None:
        self._engine, self._region, self.variant = engine, record.region, variant
        self.busy = 0  # invocations under way; the deployment counts them, under its lock
        self._folder = endpoint_folder(engine, record) / variant / str(number)
        self._url = ""
        self._log = LogStream(
            engine.client("logs", record.region),
            f"/aws/sagemaker/Endpoints/{record.name}",
            f"{variant}/i-{number:017x}",
        )
        self._process: ChildProcess | None = None
        self._http = urllib3.PoolManager(maxsize=32, retries=False)

    def start(self, container: Mapping[str, Any]) -> None:
        """Fetch the model of ``container`` and start the process. Raises DataFailure or OSError."""
        environment = container.get("Environment", {})
        model, code = self._unpack(container["ModelDataUrl"], environment)
        for folder in ("home", "tmp"):
            (self._folder / folder).mkdir()
        self._process = ChildProcess(
            [
                *(sys.executable, "-m", "sm_raw.local.serving"),
                *("--model-dir", str(model)),
                *("--code-dir", str(code)),
                *("--program", environment.get("SAGEMAKER_PROGRAM", "inference.py")),
                *("--port-file", str(self._folder / "port")),
            ],
            env=self._environment(environment),
            cwd=self._folder,
            on_line=self._log.write,
        )
        self._log.open()
        self._process.start()

    def wait_until_healthy(self, timeout_seconds: float) -> None:
        """Wait until it answers its health check. Raises Unhealthy when it ends before that, or takes too long."""
        port_file = self._folder / "port"
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and not self._engine.closing.is_set():
            if self._process is None or self._process.wait(POLL_SECONDS) is not None:
                break
            if not self._url and port_file.exists():
                self._url = f"http://127.0.0.1:{port_file.read_text().strip()}"
            if self._url and self._ping():
                return
        raise Unhealthy(ping_failure(self.variant))

    def invoke(
        self, body: bytes, headers: Mapping[str, str], timeout_seconds: float = INVOCATION_SECONDS
    ) -> urllib3.BaseHTTPResponse:
        """Its answer to one invocation. Raises what urllib3 raises."""
        return self._http.request(
            "POST",
            f"{self._url}/invocations",
            body=body,
            headers=dict(headers),
            timeout=urllib3.Timeout(connect=5, read=timeout_seconds),
        )

    def end(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop the process and close the log. May be called again, and for one that was never started."""
        if self._process is not None:
            self._process.stop(grace_seconds)
        self._log.close()
        self._http.clear()

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

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        return clean_environment(
            {
                "AWS_ENDPOINT_URL": self._engine.url,
                "AWS_DEFAULT_REGION": self._region,
                "AWS_REGION": self._region,
                "HOME": str(self._folder / "home"),
                "TMPDIR": str(self._folder / "tmp"),
                "OMP_NUM_THREADS": str(self._engine.job_cpus),
                "PYTHONUNBUFFERED": "1",
                **environment,
            }
        )

    def _ping(self) -> bool:
        try:
            return self._http.request("GET", f"{self._url}/ping", timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def endpoint_folder(engine: Engine, record: Record) -> Path:
    """Where the files of an endpoint lie."""
    return engine.root / "endpoints" / record.region / record.name


def ping_failure(variant: str) -> str:
    """FailureReason for a container that never answered its health check."""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
