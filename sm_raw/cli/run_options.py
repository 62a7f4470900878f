"""The options of the commands about runs: ``run``, ``resume``, ``down``, ``plan`` and ``policy``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sm_raw.cli.cost_options import PRICES_FORM, add_cost_options
from sm_raw.cli.job_options import add_clients
from sm_raw.cli.telling import command, later

OUT = Path("runs")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

RUN_EXAMPLES = """\
examples:
  python -m sm_raw run               (handwritten digits, on this machine)
  python -m sm_raw run --data ~/photos --set epochs=12
      (pictures of your own: a folder with train, valid and test)
  python -m sm_raw run --dry-run     (every request, and nothing is sent)
  python -m sm_raw run --target aws --role ARN --recipe dog_breeds \\
      --data ~/dogImages --budget 20

exit codes: 0 everything succeeded and nothing is left behind, 1 not so,
130 after Ctrl-C
"""

RESUME_EXAMPLES = """\
examples:
  python -m sm_raw resume            (the run in ./runs, from where it ended)
  python -m sm_raw resume results

exit codes: 0 everything has succeeded and nothing is left behind, 1 not so,
130 after Ctrl-C
"""

DOWN_EXAMPLES = """\
examples:
  python -m sm_raw down              (what the runs in ./runs made and kept)
  python -m sm_raw down results
  python -m sm_raw down --objects --logs
      (also what stays otherwise: data, code and models in S3, and logs)
  python -m sm_raw down --expired --region us-east-1

exit codes: 0 nothing is left, 1 not so; it can be repeated
"""

PLAN_EXAMPLES = (
    """\
examples:
  python -m sm_raw plan --recipe dog_breeds            (nobody is asked)
  python -m sm_raw plan --recipe dog_breeds --prices prices.json --budget 20
  python -m sm_raw plan --target aws     (what is there, quotas, AWS's prices)
  python -m sm_raw plan --target aws --write-prices prices.json
  python -m sm_raw plan --endpoint-url http://127.0.0.1:5001 --format json

exit codes: 0 the plan is printed, 1 there is none, or its budget is exceeded

"""
    + PRICES_FORM
)

POLICY_EXAMPLES = """\
examples:
  python -m sm_raw policy --recipe dog_breeds --target aws \\
      --region us-east-1 --bucket my-bucket \\
      --role arn:aws:iam::111122223333:role/SageMaker

exit codes: 0 printed, 1 the recipe cannot be planned
"""


def add_commands(commands: Any) -> None:
    """Add ``run``, ``resume``, ``down``, ``plan`` and ``policy`` to the command line."""
    run = command(commands, "run", "run a recipe from data to predictions", RUN_EXAMPLES)
    add_recipe_options(run)
    _add_run_options(run)
    run.set_defaults(run=later("run.run_from_options"))
    resume = command(commands, "resume", "go on with a run that did not end well", RESUME_EXAMPLES)
    resume.add_argument("out", nargs="?", type=Path, default=OUT, metavar="DIR", help="its --out (runs)")
    resume.set_defaults(run=later("run.resume"))
    down = command(commands, "down", "remove what runs have made", DOWN_EXAMPLES)
    down.add_argument("out", nargs="?", type=Path, default=OUT, metavar="DIR", help="their --out (runs)")
    down.add_argument("--objects", action="store_true", help="also what the runs uploaded and their jobs wrote to S3")
    down.add_argument("--logs", action="store_true", help="also the logs of their jobs, endpoints and functions")
    expired = down.add_argument_group("endpoints of any origin")
    expired.add_argument("--expired", action="store_true", help="remove those past their lifetime, and nothing else")
    add_clients(expired)
    down.set_defaults(run=later("down.down"))
    plan = command(commands, "plan", "show what a run would do, need and cost", PLAN_EXAMPLES)
    policy = command(commands, "policy", "print the IAM policies that a run needs, and no more", POLICY_EXAMPLES)
    for parser, action in ((plan, "plan.plan"), (policy, "plan.policy")):
        add_recipe_options(parser)
        parser.set_defaults(run=later(action), dry_run=True)
    _add_plan_options(plan)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options of a run alone, as scripts/run_all.py takes them."""
    parser = argparse.ArgumentParser(
        description="Run a recipe from data to predictions.",
        epilog=RUN_EXAMPLES.replace("python -m sm_raw run", "python scripts/run_all.py"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_recipe_options(parser)
    _add_run_options(parser)
    return parser.parse_args(argv)


def add_recipe_options(
    parser: argparse.ArgumentParser, *, target: str = "local", recipe: str | None = "digits"
) -> None:
    """What a plan is made of; ``target`` and ``recipe`` are the defaults."""
    parser.add_argument("--target", choices=["local", "aws"], default=target, help=f"where to run (default: {target})")
    parser.add_argument("--recipe", default=recipe, metavar="NAME|DIR", help="a folder of job_specs/, or any folder")
    parser.add_argument("--data", type=Path, metavar="DIR", help="pictures as DIR/{train,valid,test}/CLASS/PICTURE")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=setting,
        metavar="NAME=VALUE",
        help="change a variable of the recipe; repeatable",
    )
    parser.add_argument(
        "--skip", action="append", default=[], metavar="STEP", help="leave out a step of the recipe; repeatable"
    )
    aws = parser.add_argument_group("aws target")
    aws.add_argument("--region", help="default: the usual AWS configuration")
    aws.add_argument("--profile", help="a profile of the usual AWS configuration")
    aws.add_argument("--role", metavar="ARN", help="the role that SageMaker assumes; default: the caller's own role")
    aws.add_argument("--bucket", help="an existing bucket; default: sagemaker-REGION-ACCOUNT")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where results go (default: runs)")
    parser.add_argument("--dry-run", action="store_true", help="print every request in order; no client is made")
    parser.add_argument("--keep", action="store_true", help="leave endpoint, scaling and model in place")
    parser.add_argument(
        "--lifetime",
        type=seconds,
        metavar="2h",
        help="keep them, with a tag by which `down --expired` removes the endpoint after that time",
    )
    parser.add_argument(
        "--lifetime-role", metavar="ARN", help="a role with which EventBridge Scheduler deletes it by itself"
    )
    parser.add_argument(
        "--if-exists",
        choices=["reuse", "increment", "fail"],
        default="reuse",
        help="when the very same request was made before: use its result, make another, or stop (default: reuse)",
    )
    add_cost_options(parser)
    local = parser.add_argument_group("local target")
    local.add_argument("--endpoint-url", metavar="URL", help="use the engine that serves there, not one of its own")


def _add_plan_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint-url", metavar="URL", help="ask the local engine that serves there")
    parser.add_argument("--offline", action="store_true", help="ask nobody, whatever the target")
    parser.add_argument("--requests", action="store_true", help="print every request, too")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed (text)")
    parser.add_argument("--write-prices", type=Path, metavar="FILE", help="keep the prices as a price list")
    add_cost_options(parser)


def seconds(text: str) -> float:
    """90m, 2h, 1d or 3600s as seconds. Raises ArgumentTypeError."""
    number, unit = text[:-1], UNITS.get(text[-1:])
    if unit is None or not number.isdecimal() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text}: give a time such as 3600s, 90m, 2h or 1d")
    return float(int(number) * unit)


def setting(text: str) -> str:
    """NAME=VALUE as it was given. Raises ArgumentTypeError."""
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"{text}: give NAME=VALUE")
    return text
