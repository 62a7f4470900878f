"""The options of the commands about jobs and endpoints, whoever started them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sm_raw.aws.results.artefacts import ALL_PARTS, DEFAULT_PARTS
from sm_raw.cli.cost_options import add_prices
from sm_raw.cli.kinds import KINDS
from sm_raw.cli.telling import command, later

ATTACH_EXAMPLES = """\
examples:
  python -m sm_raw attach my-training-job
  python -m sm_raw attach my-tuning-job --endpoint-url http://127.0.0.1:5001
  python -m sm_raw attach my-endpoint --format json

exit codes: 0 it succeeded (an endpoint: it serves); 1 it failed or was stopped,
and why; 130 after Ctrl-C, and it goes on
"""

EXPLAIN_EXAMPLES = """\
examples:
  python -m sm_raw explain my-training-job
  python -m sm_raw explain my-endpoint --format json
  python -m sm_raw explain my-function --kind function

exit codes: 0 what is known was printed, well or not; 1 nothing has the name
"""

RESULTS_EXAMPLES = """\
examples:
  python -m sm_raw results my-tuning-job      (best first, * is the best job)
  python -m sm_raw results my-tuning-job --format csv > trials.csv
  python -m sm_raw results my-training-job    (bill, metrics, verdicts of rules)
  python -m sm_raw results my-training-job --download results
  python -m sm_raw results my-training-job --download results \\
      --include output --include checkpoints
  python -m sm_raw results my-tuning-job --requests again
  python -m sm_raw check again/*.json

--requests writes create_training_job.json, which trains the best job of a
tuning job (or this training job) again with its hyperparameters, and
create_model.json, which serves the model that it has left. Nothing is sent.

exit codes: 0 found, 1 there is no such job, or not what was asked of it
"""

INVOKE_EXAMPLES = """\
examples:
  python -m sm_raw invoke my-endpoint dog.jpg
  python -m sm_raw invoke my-endpoint --parallel 4 --format json test/*/*.jpg

exit codes: 0 every request was answered, 1 not so
"""

LS_EXAMPLES = """\
examples:
  python -m sm_raw ls --region us-east-1
  python -m sm_raw ls --region us-east-1 --costs     (asks AWS for prices)
  python -m sm_raw ls --endpoint-url http://127.0.0.1:5001 --format json

exit codes: 0 whatever runs, 1 it cannot be asked
"""

KIND_HELP = f"{', '.join(KINDS)} (default: what has the name)"


def add_commands(commands: Any) -> None:
    """Add ``attach``, ``explain``, ``results``, ``ls`` and ``invoke`` to the command line."""
    attach = command(commands, "attach", "follow a job or endpoint that was started elsewhere", ATTACH_EXAMPLES)
    attach.add_argument("name", metavar="NAME", help="of a training, tuning, processing or transform job, or endpoint")
    attach.add_argument("--timeout", type=float, default=24 * 3600.0, metavar="SECONDS", help="stop following (86400)")
    attach.add_argument("--format", choices=("text", "json"), default="text", help="of how it ended (text: the status)")
    explain = command(commands, "explain", "tell why a job, endpoint or Lambda function has failed", EXPLAIN_EXAMPLES)
    add_name(explain, "of a training, tuning, processing or transform job, endpoint or function")
    explain.add_argument("--lines", type=int, default=20, metavar="N", help="of the end of its log (20)")
    explain.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (text)")
    results = command(commands, "results", "print what a tuning or training job has found out", RESULTS_EXAMPLES)
    results.add_argument("name", metavar="NAME", help="of a tuning or training job")
    results.add_argument(
        "--format", choices=("text", "json", "csv"), default="text", help="csv: trials, or metric values"
    )
    results.add_argument("--download", type=Path, metavar="DIR", help="fetch what the job, or the best trial, has left")
    results.add_argument(
        "--include",
        action="append",
        choices=ALL_PARTS,
        metavar="PART",
        help=f"fetch {', '.join(ALL_PARTS)}; repeatable ({' and '.join(DEFAULT_PARTS)})",
    )
    results.add_argument("--requests", type=Path, metavar="DIR", help="write the requests that train again and serve")
    results.add_argument(
        "--inference-image", default="", metavar="URI", help="default: the one that goes with training"
    )
    results.add_argument("--instance-type", metavar="TYPE", help="on which the model is to be served (default: a CPU)")
    ls = command(commands, "ls", "list what runs and costs: jobs, endpoints, warm pools, functions", LS_EXAMPLES)
    add_prices(ls, "without one nothing is said of costs")
    ls.add_argument("--costs", action="store_true", help="ask the Price List API what it costs in an hour")
    ls.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (text)")
    invoke = command(commands, "invoke", "ask an endpoint about pictures or other files", INVOKE_EXAMPLES)
    invoke.add_argument("endpoint", metavar="ENDPOINT", help="the endpoint's name")
    invoke.add_argument("files", nargs="+", metavar="FILE", help="a JPEG, PNG, .npy, .json or .csv file")
    invoke.add_argument("--parallel", type=int, default=8, metavar="N", help="requests at a time (8)")
    invoke.add_argument("--labels", metavar="A,B,C", help="the classes, for a model that answers with numbers alone")
    invoke.add_argument("--accept", metavar="TYPE", default="application/json", help="of the answer (application/json)")
    invoke.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (text)")
    actions = {
        attach: "jobs.attach",
        explain: "jobs.explain",
        results: "results.results",
        ls: "ls.ls",
        invoke: "invoke.invoke",
    }
    for parser, action in actions.items():
        add_clients(parser)
        parser.set_defaults(run=later(action))


def add_name(parser: argparse.ArgumentParser, whose: str) -> None:
    """NAME, and ``--kind`` for a name that is not the only one."""
    parser.add_argument("name", metavar="NAME", help=whose)
    parser.add_argument("--kind", choices=tuple(KINDS), metavar="KIND", help=KIND_HELP)


def add_clients(parser: argparse._ActionsContainer) -> None:
    """Whom to ask: a local engine, or AWS."""
    parser.add_argument("--endpoint-url", metavar="URL", help="a local engine; without it, AWS is asked")
    parser.add_argument("--region", help="default: the usual AWS configuration")
    parser.add_argument("--profile", help="a profile of the usual AWS configuration")
