"""The options of ``try-model``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sm_raw.cli.telling import command, later

EXAMPLES = """\
examples:
  python -m sm_raw try-model model.tar.gz --picture dog.jpg
  python -m sm_raw try-model model.tar.gz --code container_code
      (as if that folder were packed as its code/)
  python -m sm_raw try-model s3://bucket/job/output/model.tar.gz \\
      --request create_model.json --format json
  python -m sm_raw try-model --layout-only stranger.tar.gz

The model's code is run on this machine, with your rights, unless --layout-only
is given; it gets no credentials. Its requirements.txt is not installed.

exit codes: 0 it works, 1 it does not, 2 it cannot be tried: the archive, the
request or a picture cannot be read, or the image is not PyTorch's and has no
handler; 130 after Ctrl-C
"""


def add_commands(commands: Any) -> None:
    """Add ``try-model`` to the command line."""
    trial = command(commands, "try-model", "try a model.tar.gz and its handler before it is deployed", EXAMPLES)
    trial.add_argument("model", metavar="MODEL", help="a model.tar.gz, here or in S3 (s3://bucket/key)")
    trial.add_argument("--code", type=Path, metavar="DIR", help="try this folder as its code/, and no other code")
    trial.add_argument("--request", metavar="FILE", help="a CreateModel request: its image and environment count")
    trial.add_argument("--entry-point", metavar="NAME", help="as SAGEMAKER_PROGRAM would name it (inference.py)")
    trial.add_argument(
        "--picture",
        dest="pictures",
        action="append",
        default=[],
        metavar="FILE",
        help="send this: JPEG, PNG, .npy, .json or .csv; repeatable (a JPEG that is made here)",
    )
    trial.add_argument("--content-type", metavar="TYPE", help="of what is sent (by each file's content)")
    trial.add_argument("--accept", metavar="TYPE", default="application/json", help="of the answer (application/json)")
    trial.add_argument("--labels", metavar="A,B,C", help="the classes, for a model that answers with numbers alone")
    trial.add_argument(
        "--timeout", type=float, default=480.0, metavar="SECONDS", help="for the model to load (480, as AWS gives)"
    )
    trial.add_argument("--layout-only", action="store_true", help="look at the archive and the code, and run nothing")
    trial.add_argument("--format", choices=("text", "json"), default="text", help="of the report (text)")
    trial.add_argument("--endpoint-url", metavar="URL", help="a local engine, for what is in S3; else AWS is asked")
    trial.add_argument("--region", help="default: the usual AWS configuration")
    trial.add_argument("--profile", help="a profile of the usual AWS configuration")
    trial.set_defaults(run=later("try_model.try_model"))
