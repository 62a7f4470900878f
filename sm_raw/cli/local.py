"""``local``: the engine, in this process."""

from __future__ import annotations

import argparse
from typing import Any

from sm_raw.cli.telling import ERRORS, command, tell

EXAMPLES = """\
examples:
  python -m sm_raw local --port 5001 --root ./engine
  aws --endpoint-url http://127.0.0.1:5001 sagemaker list-training-jobs

  # an endpoint scales after 3 seconds of load, and back after 15 of rest
  python -m sm_raw local --port 5001 --time-scale 60

  # half of all calls are throttled, and the first job finds no instance
  echo '{"seed": 7, "calls": [{"error": "throttling", "rate": 0.5}],
         "jobs": [{"error": "capacity", "times": 1}]}' > faults.json
  python -m sm_raw local --port 5001 --faults faults.json
  curl -X DELETE http://127.0.0.1:5001/_sm_raw/faults

exit codes: 0 after SIGTERM or Ctrl-C, 1 it cannot start
"""


def add_commands(commands: Any) -> None:
    """Add ``local`` to the command line."""
    local = command(commands, "local", "serve SageMaker on this machine", EXAMPLES)
    local.add_argument("--port", type=int, default=0, metavar="N", help="on 127.0.0.1; 0, the default, is a free one")
    local.add_argument("--root", metavar="DIR", help="where files of jobs go (a temporary folder)")
    local.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        metavar="X",
        help="minutes of metrics, alarms, cooldowns and rate(...) pass X times as fast (1); at(...) and cron(...) keep"
        " to the clock, and a target of 70 invocations per minute is one of 70 in 60/X seconds",
    )
    local.add_argument("--faults", metavar="FILE", help="faults on purpose, as JSON (none)")
    local.set_defaults(run=run_local)


def run_local(options: argparse.Namespace) -> int:
    """Start the engine. It prints its address itself, once it serves."""
    try:
        from sm_raw.local import server

        return server.main(port=options.port, root=options.root, time_scale=options.time_scale, faults=options.faults)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] == "sm_raw":
            raise
        tell(f"sm_raw: the local engine needs {error.name}; install it with: pip install 'sm_raw[local]'")
        return ERRORS
