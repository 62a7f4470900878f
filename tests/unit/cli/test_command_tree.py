from __future__ import annotations

import argparse

from sm_raw.cli import make_parser
from sm_raw.cli.command_tree import Argument, Command, command_tree


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument("--version", action="store_true", help="show it")
    commands = made.add_subparsers(metavar="COMMAND")
    try_it = commands.add_parser("try", help="try something", add_help=False)
    try_it.add_argument("files", nargs="+", metavar="FILE", help="what to try")
    try_it.add_argument("-f", "--format", choices=("text", "json"), help="of the report")
    try_it.add_argument("--out", metavar="DIR")
    try_it.add_argument("--recipe", metavar="NAME|DIR", help="which")
    try_it.add_argument("--secret", help=argparse.SUPPRESS)
    try_it.add_argument("--region", help="where")
    return made


def test_everything_that_the_parser_takes_is_in_the_tree() -> None:
    assert command_tree(parser(), {"NAME|DIR": ["digits"]}) == [
        Command("", "", (Argument(("--version",), "show it"),)),
        Command(
            "try",
            "try something",
            (
                Argument((), "what to try", "FILE", "file", repeats=True),
                Argument(("-f", "--format"), "of the report", "FORMAT", "text", ("text", "json")),
                Argument(("--out",), "", "DIR", "folder"),
                Argument(("--recipe",), "which", "NAME|DIR", "folder", ("digits",)),
                Argument(("--region",), "where", "REGION", "text"),
            ),
        ),
    ]


def test_the_command_line_has_a_summary_for_all_it_takes() -> None:
    tree = command_tree(make_parser(), {})
    assert {"run", "check", "try-model", "completion", "local"} <= {command.name for command in tree}
    assert [command.name for command in tree[1:] if not command.summary] == []
    silent = [(command.name, each) for command in tree for each in command.arguments if not each.summary]
    assert silent == []
