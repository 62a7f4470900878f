"""Start the model server.

SIGTERM ends it at once, since nothing handles it. A failing model_fn ends it with status 1 and a traceback.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
import threading
from pathlib import Path

from sm_raw.local.serving.handler import InferenceHandler
from sm_raw.local.serving.program import import_program
from sm_raw.local.serving.server import ModelServer, ModelWorker


def main() -> None:
    arguments = _parser().parse_args()
    _prepare_output()
    worker = ModelWorker()
    server = ModelServer(worker)
    server.write_port(arguments.port_file)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    module = import_program(arguments.program, arguments.code_dir.resolve())
    model_dir = arguments.model_dir.resolve()
    os.chdir(model_dir)  # Where the container's workers run.
    accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
    worker.run(InferenceHandler(module, model_dir=str(model_dir), default_accept=accept))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sm_raw.local.serving", description=__doc__)
    parser.add_argument("--model-dir", type=Path, required=True, help="the unpacked model.tar.gz: model_fn's argument")
    parser.add_argument("--program", default="inference.py", help="the script with the functions (%(default)s)")
    parser.add_argument("--code-dir", type=Path, required=True, help="the folder that the script is in")
    parser.add_argument("--port-file", type=Path, required=True, help="where the port is written once it is bound")
    return parser


def _prepare_output() -> None:
    """Lines leave when they are complete, and ``logging.info`` of user code is seen, as in a TorchServe worker."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)


if __name__ == "__main__":
    main()
