from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sm_raw.errors import EngineFailed
from sm_raw.local.server import main, serving


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_time_goes_on(scale: float) -> None:
    with pytest.raises(EngineFailed, match=f"^--time-scale {scale:g}: give a number above 0; 60 makes a second of"):
        main(port=0, root=None, time_scale=scale, faults=None)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_no_port_is_named(tmp_path: Path, port: int) -> None:
    with pytest.raises(EngineFailed, match=f"--port {port}: give a number from 0"), serving(tmp_path, port):
        pass


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        message = f"^port {port} of 127.0.0.1 is taken by another program; give another with --port, or leave it out"
        with pytest.raises(EngineFailed, match=message), serving(tmp_path, port):
            pass


def test_a_port_is_free_again_after_the_engine(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        port = int(url.rpartition(":")[2])
    with serving(tmp_path, port) as again:
        assert again == url
