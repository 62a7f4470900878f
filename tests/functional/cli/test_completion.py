"""The completion scripts in the shells that they are for; bash is everywhere, the others where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sm_raw import cli
from sm_raw.validation import rule_table

PROBE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
case $1 in python*) _sm_raw_python ;; *) _sm_raw ;; esac
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH_PROBE = 'source $argv[1]; complete -C "$argv[2]"'


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a script for each shell, named after it."""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        with pytest.MonkeyPatch.context() as patch, (folder / shell).open("w") as file:
            patch.setattr("sys.stdout", file)
            assert cli.main(["completion", shell, "--python"]) == 0
    return folder


def offered(scripts: Path, folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    command = ["bash", "--norc", "--noprofile", "-c", PROBE, "probe", str(scripts / "bash"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, timeout=20)
    assert "not found" not in done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sm-raw", "try"], ["try-model"]),
        (["sm-raw", "--v"], ["--version"]),
        (["sm-raw", "run", "--targ"], ["--target"]),
        (["sm-raw", "run", "--target", ""], ["local", "aws"]),
        (["sm-raw", "run", "--target", "=", "a"], ["aws"]),
        (["sm-raw", "run", "--target", "="], ["local", "aws"]),
        (["sm-raw", "run", "--keep", "--recipe", "dig"], ["digits"]),
        (["sm-raw", "plan", "--recipe", "my"], ["my recipes"]),
        (["sm-raw", "check", "--format", "json", "create"], ["create model.json"]),
        (["sm-raw", "try-model", "cre"], ["create model.json"]),
        (["sm-raw", "rules", "E21"], [rule.id for rule in rule_table() if rule.id.startswith("E21")]),
        (["sm-raw", "schema", "CreateTra"], ["CreateTrainingJob", "CreateTransformJob"]),
        (["sm-raw", "completion", ""], ["bash", "zsh", "fish"]),
        (["sm-raw", "run", "--region", ""], []),  # AWS is not asked
        (["python", "-m", "sm_raw", "try"], ["try-model"]),
        (["python3", "-m", "sm_raw", "run", "--target", ""], ["local", "aws"]),
        (["python", "-m", "other", "try"], []),
    ],
)
def test_bash_completes_what_the_parser_knows(
    words: list[str], expected: list[str], scripts: Path, tmp_path: Path
) -> None:
    (tmp_path / "my recipes").mkdir()
    (tmp_path / "create model.json").touch()
    assert offered(scripts, tmp_path, *words) == expected


def test_bash_offers_every_command_with_its_options(scripts: Path, tmp_path: Path) -> None:
    commands = offered(scripts, tmp_path, "sm-raw", "")
    assert {"run", "resume", "down", "check", "local", "invoke"} <= set(commands)
    assert [name for name in commands if "--help" not in offered(scripts, tmp_path, "sm-raw", name, "--h")] == []


def test_python_is_left_alone_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert cli.main(["completion", shell]) == 0
        assert "python3" not in capsys.readouterr().out


@pytest.mark.parametrize(("shell", "option"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_script_is_code_of_its_shell(shell: str, option: str, scripts: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, option, str(scripts / shell)], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [("sm-raw run --targ", "--target"), ("sm-raw run --recipe dig", "digits"), ("python -m sm_raw try", "try-model")],
)
def test_fish_completes_the_same(line: str, expected: str, scripts: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    command = ["fish", "--no-config", "-c", FISH_PROBE, str(scripts / "fish"), line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert [each.split("\t")[0] for each in done.stdout.splitlines()] == [expected]
