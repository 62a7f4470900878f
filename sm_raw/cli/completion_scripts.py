"""Completion scripts for bash, zsh and fish, written from the tree of commands. Nobody is asked when they run.

A library would be one more dependency of the core: shtab does not complete ``python -m``, and argcomplete starts the
program at each press of the key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from sm_raw.cli.command_tree import Argument, Command

PROGRAM = "sm-raw"
PYTHONS = ("python", "python3")
MODULE = "sm_raw"

BASH = """\
# Completion of sm-raw for bash: eval "$(sm-raw completion bash)", best in ~/.bashrc.
_sm_raw_offer() {  # KIND WORDS: what begins like the current word
    local IFS=$' \\t\\n' kind=$1 words=$2
    [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
    IFS=$'\\n'
    case $kind in
        file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$current")) ;;
        folder) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$current")) ;;
    esac
}
_sm_raw_from() {  # INDEX of the first word after the program
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word
    # --option=value comes as three words.
    [[ $previous == "=" ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    [[ $current == "=" ]] && current=
    for word in "${COMP_WORDS[@]:$1:COMP_CWORD - $1}"; do
        [[ $word != -* ]] && { command=$word; break; }
    done
    COMPREPLY=()
    case "$command $previous" in
%(values)s
    esac
    case "$command $current" in
%(options)s
    esac
    case "$command" in
%(positionals)s
    esac
}
_sm_raw() { _sm_raw_from 1; }
complete -F _sm_raw %(program)s
"""

BASH_PYTHON = """\
_sm_raw_python() {
    if [[ ${COMP_WORDS[1]} == -m && ${COMP_WORDS[2]} == %(module)s && COMP_CWORD -gt 2 ]]; then
        _sm_raw_from 3
    fi
}
complete -o bashdefault -o default -F _sm_raw_python %(pythons)s
"""

ZSH = """\
#compdef %(program)s
# Completion of sm-raw for zsh: eval "$(sm-raw completion zsh)" after compinit, best in ~/.zshrc.
_sm_raw() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
%(commands)s
    )
    _arguments -C %(options)s ':command:->command' '*::argument:->arguments' && return
    case $state in
        command) _describe command commands ;;
        arguments)
            case $words[1] in
%(cases)s
            esac ;;
    esac
}
compdef _sm_raw %(program)s
"""

ZSH_PYTHON = """\
_sm_raw_python() {
    if [[ $words[2] == -m && $words[3] == %(module)s && CURRENT -gt 3 ]]; then
        shift 2 words
        (( CURRENT -= 2 ))
        _sm_raw
    else
        _python "$@"
    fi
}
compdef _sm_raw_python %(pythons)s
"""

FISH = """\
# Completion of sm-raw for fish: sm-raw completion fish > ~/.config/fish/completions/sm-raw.fish
function __sm_raw_command  # the command of this line, or nothing
    set -l words (commandline -opc)
    set -e words[1]
    if test (count $words) -ge 2 -a "$words[1]" = -m
        set -e words[1..2]
    end
    for word in $words
        string match -q -- '-*' $word; or begin; echo $word; return; end
    end
end
function __sm_raw_in  # COMMAND: whether this is its line
    set -l found (__sm_raw_command)
    test "$found" = "$argv[1]"
end
"""

FISH_PYTHON = """\
function __sm_raw_python
    set -l words (commandline -opc)
    test (count $words) -ge 3 -a "$words[2]" = -m -a "$words[3]" = %(module)s
end
"""

SHELL_FILES = {"file": "_files", "folder": "_files -/", "text": " "}


def bash(commands: Sequence[Command], *, python: bool) -> str:
    """For bash 3.2, which macOS has, and later."""
    script = BASH % {
        "values": "\n".join(_bash_values(commands)),
        "options": "\n".join(_bash_options(commands)),
        "positionals": "\n".join(_bash_positionals(commands)),
        "program": PROGRAM,
    }
    return script + (BASH_PYTHON % {"module": MODULE, "pythons": " ".join(PYTHONS)} if python else "")


def _bash_values(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        nothing: list[str] = []
        for option in command.options:
            patterns = [f'"{command.name} {flag}"' for flag in option.flags]
            if option.kind == "text" and not option.words:
                nothing += patterns
            elif option.kind != "flag":
                yield f"        {'|'.join(patterns)}) {_bash_offer(option)}; return ;;"
        if nothing:
            yield f"        {'|'.join(nothing)}) return ;;"


def _bash_options(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        yield f'        "{command.name} -"*) _sm_raw_offer text "{" ".join(_flags(command))}"; return ;;'


def _bash_positionals(commands: Sequence[Command]) -> Iterator[str]:
    names = " ".join(command.name for command in commands if command.name)
    yield f'        "") _sm_raw_offer text "{names}" ;;'
    for command in commands:
        if command.name and command.positionals:
            # Of several in a row the last kind counts: which of them is meant cannot be told from values of options.
            yield f"        {command.name}) {_bash_offer(command.positionals[-1])} ;;"


def _bash_offer(argument: Argument) -> str:
    return f'_sm_raw_offer {argument.kind} "{" ".join(argument.words)}"'


def _flags(command: Command) -> list[str]:
    return [flag for option in command.options for flag in option.flags]


def zsh(commands: Sequence[Command], *, python: bool) -> str:
    """For zsh's own completion system, compinit."""
    program, *others = commands
    script = ZSH % {
        "program": PROGRAM,
        "commands": "\n".join(f"        {_quoted(f'{_colon(each.name)}:{each.summary}')}" for each in others),
        "options": " ".join(_zsh_specs(program)),
        "cases": "\n".join(
            f"                {each.name}) _arguments {' '.join(_zsh_specs(each))} ;;" for each in others
        ),
    }
    return script + (ZSH_PYTHON % {"module": MODULE, "pythons": " ".join(PYTHONS)} if python else "")


def _zsh_specs(command: Command) -> Iterator[str]:
    for option in command.options:
        told = _colon(_bracket(option.summary))
        for flag in option.flags:
            # Repeatable options are not told apart: all may be.
            takes = "" if option.kind == "flag" else f":{_colon(option.metavar)}:{_zsh_values(option)}"
            equals = "=" if takes and flag.startswith("--") else ""
            yield _quoted(f"*{flag}{equals}[{told}]{takes}")
    for number, argument in enumerate(command.positionals, 1):
        where = "*" if argument.repeats else str(number)
        yield _quoted(f"{where}:{_colon(argument.metavar)}:{_zsh_values(argument)}")


def _zsh_values(argument: Argument) -> str:
    words = f"({' '.join(argument.words)})" if argument.words else ""
    files = SHELL_FILES[argument.kind]
    if words and files != " ":
        # In braces, or _arguments would hand its own options to it.
        return f'{{_alternative "words\\:word\\:{words}" "files\\:file\\:{files}"}}'
    return words or files


def fish(commands: Sequence[Command], *, python: bool) -> str:
    """For fish 3; ``python`` is completed so beside what fish knows of it."""
    lines = [*_fish_lines(commands, PROGRAM, "")]
    if python:
        lines += [line for program in PYTHONS for line in _fish_lines(commands, program, "__sm_raw_python; and ")]
    return "\n".join([FISH + (FISH_PYTHON % {"module": MODULE} if python else ""), *lines, ""])


def _fish_lines(commands: Sequence[Command], program: str, condition: str) -> Iterator[str]:
    """``condition`` stands in front of each line's own: which command the line is of."""
    start, nowhere = f"complete -c {program}", _quoted(f'{condition}__sm_raw_in ""')
    yield f"{start} -f -n {_quoted(f'{condition}true')}"
    for command in commands:
        here = _quoted(f'{condition}__sm_raw_in "{command.name}"')
        if command.name:
            yield f"{start} -n {nowhere} -a {command.name} -d {_quoted(command.summary)}"
        for argument in command.arguments:
            yield " ".join([start, "-n", here, *_fish_parts(argument), "-d", _quoted(argument.summary)])


def _fish_parts(argument: Argument) -> Iterator[str]:
    for flag in argument.flags:
        yield f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
    yield from _fish_values(argument)


def _fish_values(argument: Argument) -> Iterator[str]:
    if argument.kind == "flag":
        return
    if argument.flags:
        yield "-r" if argument.kind == "file" else "-x"
    elif argument.kind == "file":
        yield "-F"
    words = " ".join(argument.words)
    folders = "(__fish_complete_directories)" if argument.kind == "folder" else ""
    if offered := " ".join(filter(None, (words, folders))):
        yield f"-a {_quoted(offered)}"


def _quoted(text: str) -> str:
    """For each of the three shells: one word, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def _bracket(text: str) -> str:
    return re.sub(r"([\[\]])", r"\\\1", text)


def _colon(text: str) -> str:
    return text.replace(":", "\\:")


SHELLS: Mapping[str, Callable[..., str]] = {"bash": bash, "zsh": zsh, "fish": fish}
