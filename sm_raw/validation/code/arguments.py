"""E/W710-719: what arrives on the script's command line, against its argparse."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from sm_raw.validation.code.argument_reader import read_parser
from sm_raw.validation.code.base import TRAINING, CodeRule
from sm_raw.validation.code.folder import CodeFolder
from sm_raw.validation.code.parsers import Argument, Parser
from sm_raw.validation.code.programs import Hyperparameter, Program
from sm_raw.validation.findings import Finding
from sm_raw.validation.wording import cut, did_you_mean, listed

FALSE_TEXTS = {"false", "no", "off", "0"}


class ArgumentRule(CodeRule):
    """A rule about scripts whose one argument parser can be read; of all others nothing is said."""

    operations = TRAINING
    source: ClassVar[str] = (
        "https://github.com/aws/sagemaker-training-toolkit/blob/master/src/sagemaker_training/mapping.py"
    )

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        file = code.file(program.file) if program.file.endswith(".py") else None
        parser = read_parser(code, file, program.python) if file and program.kind == "training" else None
        if parser is not None:
            yield from self.check_arguments(program, parser)

    @abstractmethod
    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        """The findings."""


class ValueRule(ArgumentRule):
    """A rule about each value of a hyperparameter that one argument takes."""

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        for given in program.hyperparameters:
            found = parser.matching(given.option)
            if len(found) == 1:
                yield from self._first(program, parser, found[0], given)

    def _first(self, program: Program, parser: Parser, argument: Argument, given: Hyperparameter) -> Iterator[Finding]:
        seen: set[str] = set()
        for path, value in given.values:
            from_file = parser.reads_files and value[:1] == "@"
            message = None if from_file else self.fault(program, parser, argument, value)
            if message is not None and path not in seen:
                seen.add(path)  # of the values of one range the first is enough
                yield self.finding(program, path, message)

    @abstractmethod
    def fault(self, program: Program, parser: Parser, argument: Argument, value: str) -> str | None:
        """What is wrong with the value; None when nothing is."""


class HyperparameterIsTaken(ArgumentRule):
    """The script's argparse takes every hyperparameter."""

    id = "E710"

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        if parser.is_open or not parser.is_strict:
            return
        known = parser.known_names()
        for given in program.hyperparameters:
            found = parser.matching(given.option)
            if not found:
                hint = _hint(given.name, known)
                message = f"it arrives as {given.option}, which the parser of {program.file} does not take; {hint}"
                yield self.finding(program, given.path, message)
            elif len(found) > 1 and not any(given.option in each.options for each in found):
                which = listed(each.label for each in found)
                yield self.finding(program, given.path, f"{given.option} may stand for {which}; write it out")


class ArgumentsAreGiven(ArgumentRule):
    """The script gets every argument that its argparse requires."""

    id = "E711"

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        if not program.is_complete or any(parse.is_extended for parse in parser.parses):
            return
        taken = {id(found) for given in program.hyperparameters for found in parser.matching(given.option)}
        for argument in parser.arguments:
            if argument.is_required and id(argument) not in taken:
                yield self.finding(program, program.arguments_path, self._message(argument))
        for group in parser.groups:
            members = [argument for argument in parser.arguments if argument.group is group]
            if group.is_required and members and not any(id(member) in taken for member in members):
                which = listed(member.label for member in members)
                yield self.finding(program, program.arguments_path, f"the script needs one of {which}; give one")

    def _message(self, argument: Argument) -> str:
        if argument.options:
            return f"the script needs {argument.label}, which is required; give {argument.name!r}"
        hint = f"write add_argument('--{argument.name}')"
        return f"the script needs the positional {argument.label}, but all that arrives are options; {hint}"


class ValueHasItsType(ValueRule):
    """The type of the script's argument reads the value."""

    id = "E712"

    def fault(self, program: Program, parser: Parser, argument: Argument, value: str) -> str | None:
        return argument.refusal(value, program.python)


class ValueIsAChoice(ValueRule):
    """The value is among the choices of the script's argument."""

    id = "E713"

    def fault(self, program: Program, parser: Parser, argument: Argument, value: str) -> str | None:
        converted = argument.converted(value)
        if argument.choices is None or converted is None or argument.is_flag or argument.refusal(value, program.python):
            return None
        if converted[0] in argument.choices:
            return None
        choices = [str(choice) for choice in argument.choices]
        where = f"{value!r} is not among the choices of {argument.label}"
        if value in choices:
            return f"{where}: they are no text, but the argument is; give it type={type(argument.choices[0]).__name__}"
        hint = did_you_mean(value, choices) or f"give one of {cut(listed(choices))}"
        return f"{where}; {hint}"


class FlagsGetNoValue(ValueRule):
    """No flag of the script, such as store_true, gets a value; every hyperparameter brings one."""

    id = "E714"

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        # The stray value would become a positional argument, or be left over.
        if parser.is_strict and not parser.is_open and not parser.positionals:
            yield from super().check_arguments(program, parser)

    def fault(self, program: Program, parser: Parser, argument: Argument, value: str) -> str | None:
        if not argument.is_flag:
            return None
        hint = "let the argument take a text, as with type=lambda text: text == 'True'"
        return f"{argument.label} is a flag, but it arrives with the value {value!r}, which argparse refuses; {hint}"


class FalseMeansFalse(ValueRule):
    """A hyperparameter that says false does not become true in the script."""

    id = "W715"
    source = "https://docs.python.org/3/library/argparse.html#type"

    def fault(self, program: Program, parser: Parser, argument: Argument, value: str) -> str | None:
        if value.lower() not in FALSE_TEXTS:
            return None
        hint = "compare with the text, as with type=lambda text: text == 'True'"
        if argument.type == "builtins.bool" and not argument.is_flag:
            return f"{value!r} becomes True by type=bool of {argument.label}, as every text does; {hint}"
        if argument.action == "store_true" and not parser.is_strict and not parser.is_open:
            return f"the flag {argument.label} is set by its name alone, whatever its value {value!r}; {hint}"
        return None


class OneOfAGroup(ArgumentRule):
    """Of arguments that exclude each other one is given."""

    id = "E716"

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        first: dict[int, str] = {}
        for given in program.hyperparameters:
            found = parser.matching(given.option)
            group = found[0].group if len(found) == 1 else None
            if group is not None and first.setdefault(id(group), given.name) != given.name:
                other = first[id(group)]
                yield self.finding(
                    program, given.path, f"{found[0].label} excludes {other!r}, which is given, too; keep one"
                )


class NothingIsOverlooked(ArgumentRule):
    """parse_known_args does not pass over a hyperparameter that differs from an argument in its dashes alone."""

    id = "W717"
    source = "https://docs.python.org/3/library/argparse.html#partial-parsing"

    def check_arguments(self, program: Program, parser: Parser) -> Iterator[Finding]:
        if parser.is_open or parser.is_strict:
            return
        known = {_plain(name): name for name in parser.known_names()}
        for given in program.hyperparameters:
            if not parser.matching(given.option) and _plain(given.name) in known:
                near = known[_plain(given.name)]
                message = f"{program.file} passes over {given.option} by parse_known_args; did you mean {near!r}?"
                yield self.finding(program, given.path, message)


def _hint(name: str, known: Sequence[str]) -> str:
    if len(name) == 1 and name in known:
        return f"a name of one letter gets one dash: declare -{name}, too"
    return did_you_mean(name, known) or "add it to the parser, or remove it here"


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
