"""GET /ping and POST /invocations, and the one thread that runs the model.

On Python's own HTTP server: it keeps connections alive, which werkzeug's does not (it answers every request
with ``Connection: close``), and it keeps the spelling of header names, which WSGI loses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import SimpleQueue
from socketserver import ThreadingTCPServer
from typing import NoReturn

from sm_raw.local.serving.handler import InferenceHandler, Response

MAX_PHRASE_CHARACTERS = 500


class ModelWorker:
    """Runs requests from any thread on the one thread that calls ``run``."""

    def __init__(self) -> None:
        self.loaded = False
        self._requests: SimpleQueue[tuple[bytes, Mapping[str, str], Future[Response]]] = SimpleQueue()

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Response:
        answer: Future[Response] = Future()
        self._requests.put((body, headers, answer))
        return answer.result()

    def run(self, handler: InferenceHandler) -> NoReturn:
        """Load the model and serve for ever; an exception while loading passes through."""
        handler.load()
        self.loaded = True
        while True:
            body, headers, answer = self._requests.get()
            answer.set_result(handler.invoke(body, headers))


class ModelServer(ThreadingTCPServer):
    """Listens on a free port of loopback; requests are answered once ``serve_forever`` runs.

    No HTTPServer: that one looks up the host's name when it binds, which can take seconds without a network.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, worker: ModelWorker) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        self.worker = worker

    def write_port(self, path: Path) -> None:
        """Write the port to a file that appears with its content in it."""
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.write_text(f"{self.server_address[1]}\n")
        unfinished.replace(path)


class _RequestHandler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"
    # One packet per response, sent at once: without these two a kept connection waits 40 ms for each.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != "/ping":
            self._answer(self._unknown())
        elif not self.server.worker.loaded:
            self._answer(_LOADING)
        else:
            self._answer(_HEALTHY)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True  # Where the next request begins is not known.
            self._answer(_problem(411, "a Content-Length is needed"))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # The client has gone.
            self.close_connection = True
        elif self.path != "/invocations":
            self._answer(self._unknown())
        elif not self.server.worker.loaded:
            self._answer(_LOADING)
        else:
            self._answer(self.server.worker.invoke(body, dict(self.headers.items())))

    def _unknown(self) -> Response:
        return _problem(404, f"there is no {self.command} {self.path} here, only GET /ping and POST /invocations")

    def _answer(self, response: Response) -> None:
        self.send_response(response.status, _header_text(response.phrase[:MAX_PHRASE_CHARACTERS]) or None)
        for name, value in response.headers.items():
            self.send_header(name, _header_text(value))
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what the process prints is the user's code's."""


def _header_text(text: str) -> str:
    """User code's text as HTTP can carry it: on one line, in Latin-1."""
    return " ".join(text.splitlines()).encode("latin-1", "replace").decode("latin-1")


def _problem(status: int, message: str) -> Response:
    """An error of the server itself, in the form of TorchServe's."""
    answer = {"code": status, "type": _PROBLEMS[status], "message": message}
    return Response(status, "", _JSON, json.dumps(answer, indent=2).encode())


_PROBLEMS = {404: "ResourceNotFoundException", 411: "BadRequestException", 503: "ServiceUnavailableException"}
_JSON = {"content-type": "application/json"}
_HEALTHY = Response(200, "", _JSON, b'{\n  "status": "Healthy"\n}\n')
_LOADING = _problem(503, "the model is being loaded")
