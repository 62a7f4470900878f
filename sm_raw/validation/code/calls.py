"""Following calls: of the folder's functions, of what Python brings, and of argparse."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sm_raw.validation.code.building_parsers import add_argument, new_parser
from sm_raw.validation.code.expressions import ExpressionReader
from sm_raw.validation.code.parsers import Group, Parse, Parser
from sm_raw.validation.code.values import UNKNOWN, CommandLine, External, Function, Method, Scope, parsers_in

DEEPEST_CALL = 30
LONGEST_RANGE = 1000

COPIES = {f"builtins.{name}" for name in ("frozenset", "list", "set", "sorted", "tuple")}
READING_METHODS = {"copy", "count", "endswith", "format", "get", "index", "items", "join", "keys", "lower", "split"}
READING_METHODS |= {"startswith", "strip", "upper", "values"}
# Methods of a parser that neither add arguments nor read the command line.
QUIET_METHODS = {"error", "exit", "format_help", "format_usage", "get_default", "print_help", "print_usage"}
QUIET_METHODS |= {"convert_arg_line_to_args", "set_defaults"}
PARSING_METHODS = {"parse_args", "parse_intermixed_args", "parse_known_args", "parse_known_intermixed_args"}

Named = Mapping[str | None, Any]


class CallReader(ExpressionReader):
    """Follows what expressions call."""

    def __init__(self) -> None:
        super().__init__()
        self.parsers: list[Parser] = []
        self.added: set[ast.AST] = set()
        self.returned: list[Any] = []
        self.caught = 0
        self.parses_the_rest = False
        self.command_line_changes = False
        self._active: list[ast.AST] = []

    @abstractmethod
    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Follow statements one after the other."""

    @contextmanager
    def inside(self, scope: Scope) -> Iterator[None]:
        """Follow statements in another scope, which run for certain if these do."""
        kept = getattr(self, "scope", scope), self.certain, self.returned
        self.scope, self.returned = scope, []
        yield
        self.scope, self.certain, self.returned = kept

    def visit_call(self, node: ast.Call) -> Any:
        func = self.visit(node.func)
        if isinstance(func, Method) and isinstance(func.owner, Parser | Group):
            return self._parser_method(func, node)
        given = [self.visit(each) for each in node.args]
        named = {each.arg: self.visit(each.value) for each in node.keywords}
        if isinstance(func, Function):
            starred = None in named or any(isinstance(each, ast.Starred) for each in node.args)
            return self._enter_somehow(func, (*given, *named.values())) if starred else self.enter(func, given, named)
        if isinstance(func, Method):
            return self._plain_method(func, node, given, named)
        if isinstance(func, External):
            return self._external(func.name, given, named)
        return self._elsewhere(given, named)

    def escape(self, value: Any) -> None:
        """The value goes where it cannot be followed: what it can add to is open, a function may be called."""
        for parser in parsers_in(value):
            parser.is_open = True
        if isinstance(value, Function):
            certain, self.certain = self.certain, False
            self._enter_somehow(value, ())
            self.certain = certain

    def visit_starred(self, node: ast.Starred) -> Any:
        self.escape(self.visit(node.value))
        return UNKNOWN

    def _elsewhere(self, given: Sequence[Any], named: Named) -> Any:
        """A call that cannot be followed; it may add to the parser that it is given, and often gives it back."""
        values = (*given, *named.values())
        for value in values:
            self.escape(value)
        found = parsers_in(values)
        return found[0] if len(found) == 1 else UNKNOWN

    def _external(self, name: str, given: Sequence[Any], named: Named) -> Any:
        if name == "argparse.ArgumentParser":
            self.parsers.append(parser := new_parser(named))
            return parser
        first = given[0] if len(given) == 1 and not named else UNKNOWN
        if name in COPIES and isinstance(first, tuple | dict | CommandLine):
            return first if isinstance(first, CommandLine) else tuple(first)
        if name == "builtins.dict" and not given and None not in named:
            return dict(named)
        if name == "builtins.range" and all(isinstance(each, int) for each in given) and 0 < len(given) <= 3:
            return self._range(given)
        if name.startswith("sys.argv."):
            self.command_line_changes = True
        return self._elsewhere(given, named)

    def _range(self, given: Sequence[int]) -> Any:
        try:
            numbers = range(*given)
        except ValueError:
            return UNKNOWN
        return tuple(numbers) if len(numbers) <= LONGEST_RANGE else UNKNOWN

    def _plain_method(self, func: Method, node: ast.Call, given: Sequence[Any], named: Named) -> Any:
        owner = func.owner
        if isinstance(owner, dict) and func.name in ("keys", "values", "items") and not given:
            return tuple(tuple(each) if isinstance(each, tuple) else each for each in getattr(owner, func.name)())
        if isinstance(owner, str) and func.name in ("split", "lower", "upper", "strip") and not given:
            value = getattr(owner, func.name)()
            return tuple(value) if isinstance(value, list) else value
        if isinstance(owner, tuple | dict) and func.name not in READING_METHODS:
            # A list or dict that changes: what it holds is not known from here on.
            self.escape(owner)
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                self.scope.forget(node.func.value.id)
        return self._elsewhere(given, named)

    def _enter_somehow(self, function: Function, given: Sequence[Any]) -> Any:
        """Follow a call of which it is not known what each parameter gets."""
        for value in given:
            self.escape(value)
        wanted = function.node.args
        names = [each.arg for each in (*wanted.posonlyargs, *wanted.args, *wanted.kwonlyargs)]
        return self.enter(function, [], dict.fromkeys(names, UNKNOWN))

    def enter(self, function: Function, given: Sequence[Any], named: Named) -> Any:
        """Follow a call of the folder's own function, and give what it returns."""
        if function.node in self._active or len(self._active) >= DEEPEST_CALL or function.is_generator:
            return self._elsewhere(given, named)
        scope = Scope(function.scope.source, self._bound(function, given, named), function.scope)
        self._active.append(function.node)
        with self.inside(scope):
            self.block(function.node.body)
            returned = self.returned
        self._active.pop()
        if returned and all(each is returned[0] for each in returned):
            return returned[0]
        self.escape(tuple(returned))
        return UNKNOWN

    def _bound(self, function: Function, given: Sequence[Any], named: Named) -> dict[str, Any]:
        """The parameters' values: what is given, or else the defaults."""
        wanted = function.node.args
        positional = [each.arg for each in (*wanted.posonlyargs, *wanted.args)]
        optional = dict(zip(positional[::-1], wanted.defaults[::-1], strict=False))
        optional |= {
            each.arg: default for each, default in zip(wanted.kwonlyargs, wanted.kw_defaults, strict=True) if default
        }
        bound: dict[str, Any] = dict.fromkeys([*positional, *(each.arg for each in wanted.kwonlyargs)], UNKNOWN)
        with self.inside(function.scope):
            bound |= {name: self.visit(default) for name, default in optional.items()}
        values = dict(zip(positional, given, strict=False)) | {name: value for name, value in named.items() if name}
        self.escape((*given[len(positional) :], *(value for name, value in values.items() if name not in bound)))
        for rest in (wanted.vararg, wanted.kwarg):
            bound |= {rest.arg: UNKNOWN} if rest else {}
        return bound | {name: value for name, value in values.items() if name in bound}

    def _parser_method(self, func: Method, node: ast.Call) -> Any:
        owner = func.owner
        parser = owner.parser if isinstance(owner, Group) else owner
        given = [self.visit(each) for each in node.args]
        named = {each.arg: self.visit(each.value) for each in node.keywords}
        if func.name == "add_argument":
            self.added.add(node)
            group = owner if isinstance(owner, Group) else None
            add_argument(parser, given, named, self.scope.source.place(node), group=group, is_certain=self.certain)
            return UNKNOWN
        if func.name == "add_argument_group":
            return Group(parser)
        if func.name == "add_mutually_exclusive_group":
            is_required = named.get("required", False) is True and self.certain
            group = Group(parser, is_exclusive=True, is_required=is_required)
            parser.groups.append(group)
            return group
        if func.name in PARSING_METHODS:
            self._parse(parser, func.name, given[0] if given else named.get("args"))
        elif func.name not in QUIET_METHODS:
            parser.is_opaque = True
        return UNKNOWN

    def _parse(self, parser: Parser, name: str, given: Any) -> None:
        if given is None or isinstance(given, CommandLine):
            parser.is_opaque |= self.caught > 0 or not self.certain
            parser.parses.append(Parse("known" in name, isinstance(given, CommandLine) and given.is_extended))
        elif not isinstance(given, tuple):
            self.parses_the_rest = True
