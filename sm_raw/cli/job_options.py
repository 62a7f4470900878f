"""The options of the commands about jobs and endpoints, whoever started them."""

from __future__ import annotations

from typing import Any

from sm_raw.cli.telling import command, later

ATTACH_EXAMPLES = """\
examples:
  python -m sm_raw attach my-training-job
  python -m sm_raw attach my-tuning-job --endpoint-url http://127.0.0.1:5001      (a local engine)

exit codes: 0 it succeeded (an endpoint: it serves), 1 it failed or was stopped, 130 after Ctrl-C (it goes on)
"""

RESULTS_EXAMPLES = """\
examples:
  python -m sm_raw results my-tuning-job              (its trials, best first)
  python -m sm_raw results --format json my-tuning-job
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
  python -m sm_raw ls --endpoint-url http://127.0.0.1:5001
"""


def add_commands(commands: Any) -> None:
    """Add ``attach``, ``results``, ``ls`` and ``invoke`` to the command line."""
    attach = command(commands, "attach", "follow a job or endpoint that was started elsewhere", ATTACH_EXAMPLES)
    attach.add_argument("name", metavar="NAME", help="of a training, tuning, processing or transform job, or endpoint")
    attach.add_argument("--timeout", type=float, default=24 * 3600.0, metavar="SECONDS", help="stop following (86400)")
    results = command(commands, "results", "print the trials of a tuning job", RESULTS_EXAMPLES)
    results.add_argument("name", metavar="NAME", help="of a tuning job")
    results.add_argument("--format", choices=("text", "json"), default="text", help="of the table (text)")
    ls = command(commands, "ls", "list what runs: jobs under way and endpoints", LS_EXAMPLES)
    invoke = command(commands, "invoke", "ask an endpoint about pictures or other files", INVOKE_EXAMPLES)
    invoke.add_argument("endpoint", metavar="ENDPOINT", help="the endpoint's name")
    invoke.add_argument("files", nargs="+", metavar="FILE", help="a JPEG, PNG, .npy, .json or .csv file")
    invoke.add_argument("--parallel", type=int, default=8, metavar="N", help="requests at a time (8)")
    invoke.add_argument("--labels", metavar="A,B,C", help="the classes, for a model that answers with numbers alone")
    invoke.add_argument("--accept", metavar="TYPE", default="application/json", help="of the answer (application/json)")
    invoke.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (text)")
    actions = {attach: "jobs.attach", results: "jobs.results", ls: "jobs.ls", invoke: "invoke.invoke"}
    for parser, action in actions.items():
        parser.add_argument("--endpoint-url", metavar="URL", help="a local engine; without it, AWS is asked")
        parser.add_argument("--region", help="default: the usual AWS configuration")
        parser.add_argument("--profile", help="a profile of the usual AWS configuration")
        parser.set_defaults(run=later(action))
