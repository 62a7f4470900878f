from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sm_raw.local.process import ChildProcess, clean_environment

pytestmark = pytest.mark.local
TIMEOUT_SECONDS = 30
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class Served:
    """A model server process over a model folder with the given inference.py."""

    def __init__(self, folder: Path, source: str, **variables: str) -> None:
        self.model_dir, self.code_dir, self.start_dir = folder / "model", folder / "code", folder / "start"
        for made in (self.model_dir, self.code_dir, self.start_dir):
            made.mkdir()
        if source:
            (self.code_dir / "inference.py").write_text(textwrap.dedent(source))
        self.port_file = folder / "port"
        self.lines: list[str] = []
        self.process = ChildProcess(
            [
                *(sys.executable, "-m", "sm_raw.local.serving", "--program", "inference.py"),
                *("--model-dir", str(self.model_dir), "--code-dir", str(self.code_dir)),
                *("--port-file", str(self.port_file)),
            ],
            env=clean_environment({"HOME": str(folder), "TMPDIR": str(folder), **variables}),
            cwd=self.start_dir,
            on_line=self.lines.append,
        )

    def start(self) -> Served:
        self.process.start()
        wait_until(lambda: self.port_file.exists() or not self.process.running)
        return self

    def ready(self) -> Served:
        self.start()
        wait_until(lambda: self.request("GET", "/ping")[0] == 200)
        return self

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", int(self.port_file.read_text()), timeout=TIMEOUT_SECONDS)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
        connection = self.connect()
        try:
            return exchange(connection, method, path, body, **headers)
        finally:
            connection.close()


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str, bytes]:
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type", ""), response.read()


def wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        pause.wait(0.01)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[object]:
    made: list[Served] = []

    def make(source: str, **variables: str) -> Served:
        made.append(Served(tmp_path, source, **variables))
        return made[-1]

    yield make
    for server in made:
        server.process.kill()


def test_ping_is_healthy_only_when_the_model_is_loaded(served, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    server = served(
        f"""
        def model_fn(model_dir):
            return open({str(gate)!r}).read()
        def transform_fn(model, data, content_type, accept):
            return model
        """
    ).start()
    loading = {"code": 503, "type": "ServiceUnavailableException", "message": "the model is being loaded"}
    for method, path in [("GET", "/ping"), ("POST", "/invocations")]:
        status, content_type, body = server.request(method, path, b"")
        assert (status, content_type, json.loads(body)) == (503, "application/json", loading)
    gate.write_text("opened")
    wait_until(lambda: server.request("GET", "/ping")[0] == 200)
    assert json.loads(server.request("GET", "/ping")[2]) == {"status": "Healthy"}
    assert server.request("POST", "/invocations", b"") == (200, "application/json", b"opened")


@pytest.mark.parametrize(
    ("source", "last_line"),
    [
        ("def model_fn(model_dir): raise FileNotFoundError('no weights')", "FileNotFoundError: no weights"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def model_fn(", "SyntaxError: '(' was never closed"),
    ],
)
def test_a_model_that_cannot_be_loaded_ends_the_process_with_its_traceback(served, source: str, last_line: str) -> None:
    server = served(source).start()
    assert server.process.wait(TIMEOUT_SECONDS) == 1
    assert any(line.startswith("Traceback") for line in server.lines)
    assert server.lines[-1] == last_line


def test_without_the_program_the_defaults_serve_and_say_so(served) -> None:
    server = served("").start()
    assert server.process.wait(TIMEOUT_SECONDS) == 1
    assert server.lines[0].startswith(f"inference.py is not in {server.code_dir}")
    assert server.lines[-1].startswith("ValueError: there is no model_fn")


def test_one_connection_serves_many_requests_with_headers_both_ways(served) -> None:
    server = served(
        f"""
        def model_fn(model_dir):
            return None
        def transform_fn(model, data, content_type, accept, context):
            if data == b"fail":
                raise ValueError("\u0434\u0430\\n" + "x" * 100_000)
            attributes = context.get_request_header(0, {CUSTOM_ATTRIBUTES!r})
            context.set_response_header(0, {CUSTOM_ATTRIBUTES!r}, f"seen\\n{{attributes}}\u2713")
            return bytes(reversed(data)), "application/x-reversed"
        """
    ).ready()
    connection = server.connect()
    connection.connect()
    socket = connection.sock
    for payload in (b"abc", b"\x00" * 3_000_000, b"fail", b"abc"):
        connection.request("POST", "/invocations", payload, {CUSTOM_ATTRIBUTES: "k=v"})
        response = connection.getresponse()
        body = response.read()
        if payload == b"fail":
            assert (response.status, response.reason[:4], body[:3]) == (500, "?? x", "\u0434\u0430\n".encode()[:3])
        else:
            assert (response.status, body) == (200, payload[::-1])
            assert response.getheader("Content-Type") == "application/x-reversed"
            assert response.getheader(CUSTOM_ATTRIBUTES) == "seen k=v?"
    assert connection.sock is socket
    connection.close()


def test_requests_run_one_at_a_time_on_the_thread_that_loaded_the_model(served) -> None:
    server = served(
        """
        import threading
        running = []
        def model_fn(model_dir):
            return threading.get_ident()
        def transform_fn(model, data, content_type, accept):
            running.append(data)
            threading.Event().wait(0.01)
            assert len(running) == 1, "two at once"
            running.pop()
            on_main_thread = threading.current_thread() is threading.main_thread()
            return str(on_main_thread and threading.get_ident() == model)
        """
    ).ready()
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: server.request("POST", "/invocations", b"x"), range(16))
        assert set(answers) == {(200, "application/json", b"True")}


def test_the_module_finds_itself_at_home(served) -> None:
    server = served(
        """
        import json, logging, os, pickle, subprocess, sys
        import beside
        class Model:
            pass
        print("printed at import")
        logging.info("logged at import")
        def model_fn(model_dir):
            print("to stderr", file=sys.stderr)
            return pickle.loads(pickle.dumps(Model()))
        def transform_fn(model, data, content_type, accept):
            child = subprocess.run([sys.executable, "-c", "import beside; print(beside.NAME)"], capture_output=True)
            try:
                import stray
            except ImportError:
                stray = None
            return json.dumps([__name__, type(model).__module__, beside.NAME, child.stdout.decode().strip(),
                               os.getcwd(), bool(stray)]), accept
        """,
        SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/x-mine",
    )
    (server.code_dir / "beside.py").write_text("NAME = 'beside'")
    (server.start_dir / "stray.py").touch()
    server.ready()
    status, content_type, body = server.request("POST", "/invocations", b"", Accept="*/*")
    expected = ["inference", "inference", "beside", "beside", str(server.model_dir.resolve()), False]
    assert (status, content_type, json.loads(body)) == (200, "application/x-mine", expected)
    wait_until(lambda: len(server.lines) == 3)
    assert server.lines == ["printed at import", "logged at import", "to stderr"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/invocations", {}, 404),
        ("POST", "/ping", {"Content-Length": "0"}, 404),
        ("POST", "/invocations", {"Transfer-Encoding": "chunked"}, 411),
        ("POST", "/invocations", {"Content-Length": "-1"}, 411),
        ("DELETE", "/invocations", {}, 501),
    ],
)
def test_other_requests_are_refused(served, method: str, path: str, headers: dict[str, str], status: int) -> None:
    connection = served("def model_fn(model_dir): return 1").ready().connect()
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def test_sigterm_ends_the_server_at_once_even_in_the_middle_of_a_request(served) -> None:
    server = served(
        """
        import signal
        def model_fn(model_dir):
            return 1
        def transform_fn(model, data, content_type, accept):
            open("begun", "w").close()
            signal.pause()
        """
    ).ready()
    waiting = server.connect()
    waiting.request("POST", "/invocations", b"")
    wait_until((server.model_dir / "begun").exists)
    server.process.stop(TIMEOUT_SECONDS)
    assert server.process.returncode == -signal.SIGTERM
    with pytest.raises(ConnectionError):
        waiting.getresponse()
    waiting.close()
