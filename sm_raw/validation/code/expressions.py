"""Following expressions: what a script's text says of values."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from sm_raw.validation.code.parsers import Parser
from sm_raw.validation.code.values import (
    UNKNOWN,
    CommandLine,
    External,
    Method,
    Scope,
    is_known,
)

LONGEST_WALK = 60_000  # visited nodes
BUILTINS = {"bool", "dict", "float", "frozenset", "getattr", "int", "list", "range", "set", "sorted", "str", "tuple"}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: bool(left == right),
    ast.NotEq: lambda left, right: bool(left != right),
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
}


class TooLong(Exception):
    """The script is not followed to its end."""


class ExpressionReader(ABC):
    """Visiting an expression gives its value, or UNKNOWN. ``certain``: it is evaluated whenever the script runs."""

    scope: Scope

    def __init__(self) -> None:
        self.certain = True
        self._steps = 0

    @abstractmethod
    def escape(self, value: Any) -> None:
        """The value goes where it cannot be followed."""

    def visit(self, node: ast.AST) -> Any:
        self._steps += 1
        if self._steps > LONGEST_WALK:
            raise TooLong
        return getattr(self, f"visit_{type(node).__name__.lower()}", self._visit_other)(node)

    def _visit_other(self, node: ast.AST) -> Any:
        for child in ast.iter_child_nodes(node):
            self.escape(self.visit(child))
        return UNKNOWN

    def visit_constant(self, node: ast.Constant) -> Any:
        return node.value

    def visit_name(self, node: ast.Name) -> Any:
        found = self.scope.find(node.id)
        return External(f"builtins.{node.id}") if found is UNKNOWN and node.id in BUILTINS else found

    def visit_attribute(self, node: ast.Attribute) -> Any:
        owner = self.visit(node.value)
        if isinstance(owner, External):
            return External(f"{owner.name}.{node.attr}")
        if isinstance(owner, Scope):
            return owner.names.get(node.attr, UNKNOWN)
        if isinstance(owner, Parser) and node.attr.startswith("_"):
            owner.is_opaque = True
        return Method(owner, node.attr)

    def visit_subscript(self, node: ast.Subscript) -> Any:
        owner, index = self.visit(node.value), self.visit(node.slice)
        if owner == External("sys.argv") and isinstance(node.slice, ast.Slice):
            whole = isinstance(node.slice.lower, ast.Constant) and node.slice.lower.value == 1
            return CommandLine() if whole and node.slice.upper is None and node.slice.step is None else UNKNOWN
        try:
            if isinstance(owner, tuple | dict | str) and is_known(index):
                return owner[index]
        except (LookupError, TypeError):
            return UNKNOWN
        self.escape(owner)
        return UNKNOWN

    def visit_tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Any:
        items: list[Any] = []
        holds_command_line, is_whole = False, True
        for each in node.elts:
            value = self.visit(each.value if isinstance(each, ast.Starred) else each)
            if not isinstance(each, ast.Starred):
                items.append(value)
            elif isinstance(value, CommandLine):
                holds_command_line = True
            elif isinstance(value, tuple):
                items += value
            else:
                is_whole = False
                self.escape(value)
        if holds_command_line:
            return CommandLine(is_extended=len(node.elts) > 1)
        return tuple(items) if is_whole else UNKNOWN

    visit_list = visit_set = visit_tuple

    def visit_dict(self, node: ast.Dict) -> Any:
        keys = [self.visit(key) if key else UNKNOWN for key in node.keys]
        values = [self.visit(value) for value in node.values]
        if all(isinstance(key, str | int | float | None) for key in keys):
            return dict(zip(keys, values, strict=True))
        self.escape(tuple(values))
        return UNKNOWN

    def visit_joinedstr(self, node: ast.JoinedStr) -> Any:
        parts = [self.visit(part) for part in node.values]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else UNKNOWN

    def visit_formattedvalue(self, node: ast.FormattedValue) -> Any:
        value = self.visit(node.value)
        plain = isinstance(value, str | int) and node.format_spec is None and node.conversion == -1
        return str(value) if plain else UNKNOWN

    def visit_binop(self, node: ast.BinOp) -> Any:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add):
            if CommandLine in (type(left), type(right)):
                return CommandLine(is_extended=True)
            if (isinstance(left, str) and isinstance(right, str)) or (
                isinstance(left, tuple) and isinstance(right, tuple)
            ):
                return left + right  # type: ignore[operator]
        self.escape((left, right))
        return UNKNOWN

    def visit_unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.Not) and is_known(value):
            return not value
        return -value if isinstance(node.op, ast.USub) and isinstance(value, int | float) else UNKNOWN

    def visit_compare(self, node: ast.Compare) -> Any:
        left, *others = [self.visit(each) for each in (node.left, *node.comparators)]
        compare = COMPARISONS.get(type(node.ops[0]))
        if compare is None or len(others) != 1 or not (is_known(left) and is_known(others[0])):
            return UNKNOWN
        return compare(left, others[0])

    def visit_boolop(self, node: ast.BoolOp) -> Any:
        ends = isinstance(node.op, ast.Or)
        value: Any = UNKNOWN
        for each in node.values:
            value = self.visit(each)
            if isinstance(value, CommandLine):
                return value
            if not is_known(value):
                break
            if bool(value) is ends:
                return value
        if each is not node.values[-1]:
            self.escape(value)
            for rest in node.values[node.values.index(each) + 1 :]:
                self.escape(self.visit(rest))
            return UNKNOWN
        return value

    def visit_ifexp(self, node: ast.IfExp) -> Any:
        test = self.visit(node.test)
        if is_known(test):
            return self.visit(node.body if test else node.orelse)
        self.escape((self.visit(node.body), self.visit(node.orelse)))
        return UNKNOWN

    def visit_listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Any:
        certain, names = self.certain, self.scope.names
        self.certain, self.scope.names = False, dict(names)
        for generator in node.generators:
            self.escape(self.visit(generator.iter))
            for name in (each for each in ast.walk(generator.target) if isinstance(each, ast.Name)):
                self.scope.names[name.id] = UNKNOWN
            for test in generator.ifs:
                self.escape(self.visit(test))
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.escape(self.visit(part))
        self.certain, self.scope.names = certain, names
        return UNKNOWN

    visit_setcomp = visit_generatorexp = visit_dictcomp = visit_listcomp
