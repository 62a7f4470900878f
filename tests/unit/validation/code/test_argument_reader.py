from __future__ import annotations

import contextlib
import io
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sm_raw.validation.code.argument_reader import read_parser
from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.parsers import Parser

IMAGE = "pytorch-training:1.13.1-gpu-py39"
Write = Callable[..., Path]

PLAIN = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("-b", "--batch-size", type=int, default=32)
parser.add_argument("--optimizer", choices=("sgd", "adam"))
args = parser.parse_args()
"""
ALIASES = """
from argparse import ArgumentParser as Parser
SIZES = [32, 64]
KINDS = {"sgd": object, "adam": object}
def main():
    parser = Parser(allow_abbrev=False)
    group = parser.add_argument_group("training")
    group.add_argument("--lr", type=float, required=True)
    group.add_argument("-b", "--batch-size", type=int, choices=SIZES)
    group.add_argument("--optimizer", choices=list(KINDS.keys()))
    return parser.parse_args()
if __name__ == "__main__":
    main()
"""
HELPERS = """
import argparse, sys
def add_common(parser, prefix="--"):
    parser.add_argument(prefix + "lr", type=float, required=True)
    add_more(parser)
    return parser
def add_more(target):
    for name, kind in (("--batch-size", int), ("--epochs", int)):
        target.add_argument(name, type=kind)
    target.add_argument("--optimizer", choices="sgd adam".split())
def run(argv=None):
    args, rest = add_common(argparse.ArgumentParser()).parse_known_args(argv)
if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
"""
PARENTS = """
import argparse
base = argparse.ArgumentParser(add_help=False)
base.add_argument("--lr", type=float, required=True)
parser = argparse.ArgumentParser(parents=[base])
one = parser.add_mutually_exclusive_group()
one.add_argument("--batch-size", type=int)
one.add_argument("--optimizer")
parser.add_argument("--fast", action=argparse.BooleanOptionalAction)
parser.set_defaults(lr=3)
parser.parse_args()
"""
SCRIPTS = {"plain": PLAIN, "aliases": ALIASES, "helpers": HELPERS, "parents": PARENTS}
COMMAND_LINES = [
    ["--lr", "0.1"],
    ["--lr", "x"],
    ["--lr", "1", "--batch-size", "64"],
    ["--lr", "1", "--batch-size", "0.5"],
    ["--lr", "1", "--batch-size", "33"],
    ["--lr", "1", "-b", "32"],
    ["--lr", "1", "--batch", "32"],
    ["--lr", "1", "--batch_size", "32"],
    ["--lr", "1", "--optimizer", "sgdd"],
    ["--lr", "1", "--optimizer", "sgd"],
    ["--lr", "-1e-5"],
    ["--lr", "-1"],
    ["--lr", "1", "--optimizer", "sgd", "--batch-size", "32"],
    ["--lr", "1", "--fast", "True"],
    ["--optimizer", "adam"],
    [],
]


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
@pytest.mark.parametrize("name", SCRIPTS)
def test_findings_are_those_of_argparse_itself(
    name: str,
    words: list[str],
    write: Write,
    found: Callable[..., Any],
    training: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The script is really run here, with the command line that its hyperparameters become."""
    # The finding about -1e-5 is for Python 3.9 to 3.12.
    if words == ["--lr", "-1e-5"] and sys.version_info >= (3, 13):
        pytest.skip("newer versions of argparse know such numbers")
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    script, accepted = textwrap.dedent(SCRIPTS[name]), True
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            exec(compile(script, "train.py", "exec"), {"__name__": "__main__"})
        except SystemExit as ended:
            accepted = not ended.code
    given = {word.lstrip("-"): value for word, value in zip(words[::2], words[1::2], strict=True)}
    findings = found(write({"train.py": script}), "CreateTrainingJob", training(given, image=IMAGE))
    assert (not [each for each in findings if each[0].startswith("E")]) == accepted


def parser_of(folder: Path, name: str = "train.py") -> Parser | None:
    return read_parser(CodeFolder(folder), folder / name, None)


def names_of(folder: Path) -> list[str] | None:
    parser = parser_of(folder)
    return None if parser is None or parser.is_open else list(parser.known_names())


BODY = {
    "added in an imported module": {
        "train.py": """
            import argparse
            from options.common import add_arguments
            parser = argparse.ArgumentParser()
            add_arguments(parser)
            parser.parse_args()
        """,
        "options/__init__.py": "",
        "options/common.py": """
            from .names import LR
            def add_arguments(parser):
                parser.add_argument(LR)
        """,
        "options/names.py": 'LR = "--lr"',
    },
    "parsed in an imported module": {
        "train.py": "import options\nargs = options.read()",
        "options.py": """
            import argparse as ap
            def build():
                made = ap.ArgumentParser()
                made.add_argument(f"--{'lr'}")
                return made
            def read(argv=None):
                return build().parse_args(argv)
            if __name__ == "__main__":
                other = ap.ArgumentParser()
                other.add_argument("--other")
                other.parse_args()
        """,
    },
    "in a function of several, and one that is not called": {
        "train.py": """
            import argparse
            def tool():
                parser = argparse.ArgumentParser()
                parser.add_argument("--tool")
                return parser
            def options(parser=None):
                parser = parser or argparse.ArgumentParser()
                if parser is not None:
                    parser.add_argument("--lr")
                return parser
            with open("x") as file:
                args = vars(options().parse_args())
        """,
    },
    "with a command line of its own in a notebook": {
        "train.py": """
            import argparse, sys
            def parse(argv):
                parser = argparse.ArgumentParser()
                parser.add_argument("--lr")
                return parser.parse_args(argv or sys.argv[1:])
            parse(None)
        """,
    },
}


@pytest.mark.parametrize("files", BODY.values(), ids=list(BODY))
def test_arguments_are_found_where_they_are_added(files: dict[str, str], write: Write) -> None:
    assert names_of(write(files)) == ["lr"]


TOP = "import argparse, os, sys\np = argparse.ArgumentParser()\n"
OPEN_ENDS = {
    "handed to a library": "p = deepspeed.add_config_arguments(p)",
    "names that are not known": "for name in os.listdir(): p.add_argument('--' + name)",
    "added by a class": "class A:\n  def f(self): p.add_argument('--lr')\nA().f()",
    "added through map": "def f(name): p.add_argument(name)\nlist(map(f, ['--lr']))",
    "kept in an object": "c.p = p\nc.p.add_argument('--lr')",
    "names added to a list": "names = ['--a']\nnames.append('--lr')\nfor name in names: p.add_argument(name)",
    "a list changed elsewhere": "n = ['--a']\ndef f(): n.append('--b')\nf()\nfor each in n: p.add_argument(each)",
    "parents from elsewhere": "p = argparse.ArgumentParser(parents=[lib.base()])",
    "the rest is parsed elsewhere": "known, rest = p.parse_known_args()\nq = lib.Parser()\np.parse_args(rest)",
    "arguments that are not known": "def f(a, *b): p.add_argument(a)\nf(*names)",
}


@pytest.mark.parametrize("script", OPEN_ENDS.values(), ids=list(OPEN_ENDS))
def test_parser_that_may_take_more_is_open(script: str, write: Write) -> None:
    parsed = "" if "parse_known_args" in script else "p.parse_args()"
    parser = parser_of(write({"train.py": f"{TOP}{script}\n{parsed}"}))
    assert parser is not None
    assert parser.is_open


SILENT = {
    "no parser": "print(1)",
    "another library": "import click\n@click.command()\ndef main(): pass\nmain()",
    "parser of transformers": "from transformers import HfArgumentParser\nHfArgumentParser(int).parse_args()",
    "parser in a class": "class O:\n  def __init__(self):\n    self.p = argparse.ArgumentParser()\n"
    "    self.p.parse_args()\nO()",
    "own command line": "p.parse_args([])",
    "changed command line": "sys.argv += ['--x', '1']\np.parse_args()",
    "extended command line": "sys.argv.append('1')\np.parse_args()",
    "cut command line": "sys.argv[1:] = []\np.parse_args()",
    "shorter command line": "del sys.argv[1]\np.parse_args()",
    "subcommands": "s = p.add_subparsers()\np.parse_args()",
    "other prefix": "p = argparse.ArgumentParser(prefix_chars='+')\np.parse_args()",
    "exit is caught": "try: p.parse_args()\nexcept SystemExit: pass",
    "perhaps": "if os.environ: p.parse_args()",
    "after a return, perhaps": "def f():\n  if os.environ: return\n  p.parse_args()\nf()",
    "two parsers": "p.parse_known_args()\nb = argparse.ArgumentParser()\nb.parse_args()",
    "remainder": "p.add_argument('--x', nargs=argparse.REMAINDER)\np.parse_args()",
    "its insides are used": "for a in p._actions: a.required = False\np.parse_args()",
    "syntax error": "x = (",
}


@pytest.mark.parametrize("script", SILENT.values(), ids=list(SILENT))
def test_nothing_is_said_where_the_text_does_not_tell(script: str, write: Write) -> None:
    assert parser_of(write({"train.py": TOP + script})) is None


CALLS = "".join(f"def f{number}():\n  f{number - 1}(); f{number - 1}()\n" for number in range(1, 25))
EVERYTHING_ELSE = """
async def f():
    async with a as b: await c
    async for x in y: yield x
lambda: 0
[x for x in y if z]
{x: 1 for x in y}
{**a}
x = y = 1
(x, *y) = 1, 2
x[0] = 1
x: int = 3
x: int
del x
if (y := 3) and not y or x: pass
global q
assert x
print(f"{x!r:>3}{y}")
x if y else z
try: pass
except (A, SystemExit): x = 1
else: pass
finally: pass
1 < 2 < 3
from . import a
from .. import b
from ........ import c
"""
ODD_ARGUMENTS = """
import argparse
p = argparse.ArgumentParser(*x, **y)
p.add_argument(*z, **w)
p.add_argument()
p.add_argument('--n', nargs=1.5, choices=range(10**12), type=[].x, action=3)
p.add_argument('--o', nargs=p, choices=[p, {}], required=p, type=p)
p.add_mutually_exclusive_group(*z).add_argument('-')
p.parse_args(**q)
f(*a, **b)
def f(x, /, y=1, *a, z=2, **k): return x
f(1, 2, 3, z=4, q=5)
f(*a)
'a'.split(1)
(1, 2)[5]
{}[1]
{}[{}]
-'a'
range(1, 2, 0)
"""
LONG = {
    "calls itself": "def f(): f()\nf()",
    "endless loops": "while True:\n  while True: pass",
    "many calls": f"def f0(): pass\n{CALLS}f24()",
    "imports itself": "import train\nfrom train import *",
    "deep expression": "x = " + "+".join(["1"] * 900),
    "odd arguments": ODD_ARGUMENTS,
    "everything else": EVERYTHING_ELSE,
}


@pytest.mark.parametrize("script", LONG.values(), ids=list(LONG))
def test_any_script_is_followed_to_an_end(script: str, write: Write) -> None:
    parser_of(write({"train.py": script}))
