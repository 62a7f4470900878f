"""The process that serves one model on loopback, whoever wants it: started, asked, ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import urllib3

from sm_raw.local.process import ChildProcess, OnLine, clean_environment

# Containers must "respond to the /ping with HTTP 200 within 8 minutes" unless the variant says otherwise
# (developer guide, "Use Your Own Inference Code with Hosting Services").
STARTUP_SECONDS = 480
STOP_GRACE_SECONDS = 2
# "A customer's model containers must respond to requests within 60 seconds" (API reference, InvokeEndpoint).
INVOCATION_SECONDS = 60
POLL_SECONDS = 0.05
DEFAULT_PROGRAM = "inference.py"


class ServingProcess:
    """A model server. Its own files (home, temporary ones, its port) lie in ``folder``, its log goes to ``on_line``."""

    def __init__(self, folder: Path, on_line: OnLine) -> None:
        self._folder, self._on_line = folder, on_line
        self._url = ""
        self._process: ChildProcess | None = None
        self._http = urllib3.PoolManager(maxsize=32, retries=False)

    def start(self, model: Path, code: Path, environment: Mapping[str, str]) -> None:
        """Serve the model of this folder with this code; ``environment`` as in the container. Raises OSError."""
        for folder in ("home", "tmp"):
            (self._folder / folder).mkdir(parents=True)
        self._process = ChildProcess(
            [
                *(sys.executable, "-m", "sm_raw.local.serving"),
                *("--model-dir", str(model)),
                *("--code-dir", str(code)),
                *("--program", environment.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)),
                *("--port-file", str(self._folder / "port")),
            ],
            env=clean_environment(
                {
                    "HOME": str(self._folder / "home"),
                    "TMPDIR": str(self._folder / "tmp"),
                    "PYTHONUNBUFFERED": "1",
                    **environment,
                }
            ),
            cwd=self._folder,
            on_line=self._on_line,
        )
        self._process.start()

    def exit_code(self, timeout_seconds: float = 0) -> int | None:
        """How it ended (-N by signal N), or None if it still runs after the timeout; then its log is whole, too."""
        return self._process.wait(timeout_seconds) if self._process is not None else None

    def is_healthy(self, timeout_seconds: float, *, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Wait until it answers its health check: False when it ends before that, takes too long or ``is_over()``."""
        port_file = self._folder / "port"
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and not is_over():
            if self._process is None or self._process.wait(POLL_SECONDS) is not None:
                return False
            if not self._url and port_file.exists():
                self._url = f"http://127.0.0.1:{port_file.read_text().strip()}"
            if self._url and self._ping():
                return True
        return False

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
        """Stop the process. May be called again, and for one that was never started."""
        if self._process is not None:
            self._process.stop(grace_seconds)
        self._http.clear()

    def _ping(self) -> bool:
        try:
            return self._http.request("GET", f"{self._url}/ping", timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False
