"""Starts and ends the engine: one port on loopback, a ready line, a clean end on SIGTERM and Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import math
import resource
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sm_raw.errors import EngineFailed

HOST = "127.0.0.1"


def main(*, port: int, root: str | None, time_scale: float, faults: str | None) -> int:
    """Serve until SIGTERM or Ctrl-C. Raises EngineFailed when it cannot start.

    ``port`` 0 takes a free one. ``root`` is where the files of jobs go; without it, a temporary folder that is removed
    at the end. ``faults`` is a file of faults, see ``sm_raw.local.faults``; ``time_scale`` is that of ``serving``.
    """
    if not 0 < time_scale < math.inf:
        raise EngineFailed(f"--time-scale {time_scale:g}: give a number above 0; 60 makes a second of a minute")
    document = None if faults is None else read_faults(Path(faults))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with _root_folder(root) as folder, serving(folder, port, faults=document, time_scale=time_scale) as url:
        print(f"ready {url}", flush=True)
        ended.wait()
    return 0


@contextlib.contextmanager
def serving(root: Path, port: int = 0, *, faults: object = None, time_scale: float = 1.0) -> Iterator[str]:
    """Serve in threads of this process as long as the block runs; gives the endpoint's URL.

    ``faults`` is a document of faults, see ``sm_raw.local.faults``. A minute of alarms, cooldowns and metrics lasts
    60 / ``time_scale`` seconds.
    """
    # moto and its web stack take a second to import: only where they are used.
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from sm_raw.local.engine import Engine
    from sm_raw.local.gateway import Gateway
    from sm_raw.local.scaling.autoscaler import Autoscaler

    class Handler(MotoRequestHandler):
        """moto's handler keeps the spelling of S3 metadata; a line on every request would be noise."""

        disable_nagle_algorithm = True

        def log_request(self, *args: Any, **kwargs: Any) -> None:
            pass

        def connection_dropped(self, *args: Any, **kwargs: Any) -> None:
            # By the client, or on purpose (faults.struck): without this, the next request would be waited for.
            self.close_connection = True

    class Dispatcher(DomainDispatcherApplication):
        """moto finds the backend of a host by listing its own folder, twice for each request: a third of its time."""

        @functools.cache  # noqa: B019  (one dispatcher for each engine, and few hosts)
        def get_backend_for_host(self, host: str | None) -> Any:
            return super().get_backend_for_host(host)

    _allow_many_files()
    with _listen(port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        engine = Engine(root, url, time_scale)
        if faults is not None:
            engine.faults.switch(faults)
        gateway = Gateway(engine, Dispatcher(create_backend_app))
        # The socket is bound here since make_server ends the whole process when the port is taken.
        server = make_server(HOST, 0, gateway, threaded=True, request_handler=Handler, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
        thread.start()
        Autoscaler(engine).start()
        try:
            yield url
        finally:
            engine.close()
            server.shutdown()
            server.server_close()
            thread.join()


def read_faults(path: Path) -> object:
    """The document of faults in a file. Raises EngineFailed for one that cannot be used."""
    from sm_raw.local.fault_rules import complaints

    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise EngineFailed(f"--faults {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise EngineFailed(f"--faults {path} is no JSON: {error}") from None
    if wrong := complaints(document):
        raise EngineFailed("\n  ".join([f"--faults {path} cannot be used:", *wrong]))
    return document


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise EngineFailed(f"--port {port}: give a number from 0, for a free one, to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port whose last connections still linger from an earlier engine is free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
        raise EngineFailed(
            f"port {port} of {HOST} {reason}; give another with --port, or leave it out for a free one"
        ) from None
    return listener


@contextlib.contextmanager
def _root_folder(root: str | None) -> Iterator[Path]:
    try:
        folder = Path(root or tempfile.mkdtemp(prefix="sm-raw-")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        where = f"--root {root}" if root else "the temporary folder"
        raise EngineFailed(f"{where}: {error.strerror}; give a folder that can be written with --root") from None
    try:
        yield folder
    finally:
        if root is None:
            shutil.rmtree(folder, ignore_errors=True)


def _allow_many_files() -> None:
    # moto keeps a descriptor open for each large S3 object.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
