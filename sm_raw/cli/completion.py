"""``completion``: a script by which a shell completes this command line."""

from __future__ import annotations

import argparse
from typing import Any

from sm_raw.cli.command_tree import Words, command_tree
from sm_raw.cli.telling import SUCCESS, command

EXAMPLES = """\
examples:
  eval "$(sm-raw completion bash)"                  (in ~/.bashrc; zsh alike)
  sm-raw completion fish > ~/.config/fish/completions/sm-raw.fish
  eval "$(python -m sm_raw completion bash --python)"
      (also for python -m sm_raw; bash then completes python by file names)

exit codes: 0 always
"""


def add_commands(commands: Any) -> None:
    """Add ``completion`` to the command line."""
    from sm_raw.cli.completion_scripts import SHELLS

    completion = command(commands, "completion", "print a script by which a shell completes sm-raw", EXAMPLES)
    completion.add_argument("shell", choices=tuple(SHELLS), metavar="SHELL", help=", ".join(SHELLS))
    completion.add_argument("--python", action="store_true", help="complete python -m sm_raw, too")
    completion.set_defaults(run=run_completion)


def run_completion(options: argparse.Namespace) -> int:
    """Print the script. It holds names of this version: recipes, operations, rules; none of anybody's resources."""
    from sm_raw.cli import make_parser
    from sm_raw.cli.completion_scripts import SHELLS

    print(SHELLS[options.shell](command_tree(make_parser(), known_words()), python=options.python), end="")
    return SUCCESS


def known_words() -> Words:
    """What can be given for a metavar, as far as it is known offline."""
    from sm_raw.runs.recipe import recipe_names
    from sm_raw.validation import rule_table

    table = rule_table()
    return {
        "NAME|DIR": recipe_names(),
        "OPERATION": sorted({operation for rule in table for operation in rule.operations}),
        "ID": [rule.id for rule in table],
    }
