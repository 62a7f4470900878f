"""Reading a script's argparse without running it: its statements are followed in the order in which they would run.

Followed are imports of the folder's own modules, calls of its functions, loops over literals and conditions that can
be decided. Wherever the text does not tell, the parser is marked as open or opaque: nothing is guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from sm_raw.validation.code.calls import CallReader
from sm_raw.validation.code.expressions import TooLong
from sm_raw.validation.code.folder import CodeFolder, Python, Source
from sm_raw.validation.code.parsers import Parser
from sm_raw.validation.code.values import UNKNOWN, External, Function, Scope, is_known

LONGEST_LOOP = 100
ARGPARSE_NAMES = ("ArgumentParser", "BooleanOptionalAction", "ONE_OR_MORE", "OPTIONAL", "REMAINDER", "ZERO_OR_MORE")
# What ends a script that argparse refuses, when it is caught.
ENDINGS = {"SystemExit", "BaseException"}


@lru_cache(maxsize=16)
def read_parser(code: CodeFolder, file: Path, python: Python | None) -> Parser | None:
    """The one parser by which the script reads its command line; None where none, or several, can be seen."""
    source = code.source(file, python)
    if source.tree is None:
        return None
    reader = Reader(code, file.parent, python)
    # A parser that has read the command line before the end of following is known well enough.
    with suppress(TooLong, RecursionError):
        reader.run(source, "__main__")
    return reader.the_parser()


class Reader(CallReader):
    """Follows statements; CallReader follows what they call."""

    def __init__(self, code: CodeFolder, beside: Path, python: Python | None) -> None:
        super().__init__()
        self._code, self._beside, self._python = code, beside, python
        self._modules: dict[Path, Scope] = {}

    def run(self, source: Source, name: str) -> Scope:
        """Follow a module from its first statement to its last."""
        scope = Scope(source, {"__name__": name})
        self._modules[source.path] = scope
        if source.tree is not None:
            with self.inside(scope):
                self.block(source.tree.body)
        return scope

    def the_parser(self) -> Parser | None:
        used = [parser for parser in self.parsers if parser.parses]
        if len(used) != 1 or used[0].is_opaque or self.command_line_changes:
            return None
        used[0].is_open |= self.parses_the_rest and not used[0].is_strict
        missed = (node for scope in self._modules.values() for node in _additions(scope))
        if any(node not in self.added for node in missed):
            used[0].is_open = True
        return used[0]

    # Names

    def visit_import(self, node: ast.Import) -> None:
        for alias in node.names:
            first, *rest = alias.name.split(".")
            module = top = self._imported(first)
            for depth, name in enumerate(rest, start=2):
                child = self._imported(".".join(alias.name.split(".")[:depth]))
                if isinstance(module, Scope):
                    module.names.setdefault(name, child)
                module = child
            self.scope.bind(alias.asname or first, module if alias.asname else top)

    def visit_importfrom(self, node: ast.ImportFrom) -> None:
        module = self._relative(node.level, node.module) if node.level else self._imported(node.module or "")
        for alias in node.names:
            if alias.name != "*":
                self.scope.bind(alias.asname or alias.name, self._member(module, node, alias.name))
            elif isinstance(module, Scope):
                public = {name: value for name, value in module.names.items() if not name.startswith("_")}
                self.scope.names.update(public)
            elif module == External("argparse"):
                self.scope.names.update({name: External(f"argparse.{name}") for name in ARGPARSE_NAMES})

    def _member(self, module: Any, node: ast.ImportFrom, name: str) -> Any:
        if isinstance(module, External):
            return External(f"{module.name}.{name}")
        if isinstance(module, Scope) and name in module.names:
            return module.names[name]
        if node.level or not node.module:
            return self._relative(node.level, f"{node.module}.{name}" if node.module else name)
        child = self._imported(f"{node.module}.{name}")
        return child if isinstance(child, Scope) else UNKNOWN

    def _imported(self, dotted: str) -> Any:
        found = self._code.module(dotted, self._beside)
        return self._module(found, dotted) if found else External(dotted)

    def _relative(self, level: int, dotted: str | None) -> Any:
        folder = self.scope.source.path.parents[level - 1] if level <= len(self.scope.source.path.parents) else None
        if folder is None or not folder.is_relative_to(self._code.path):
            return UNKNOWN
        inside = folder.relative_to(self._code.path).parts
        whole = ".".join([*inside, *(dotted.split(".") if dotted else [])])
        found = self._code.module(whole, self._code.path) if whole else None
        return self._module(found, whole) if found else UNKNOWN

    def _module(self, found: Path, dotted: str) -> Scope:
        if found not in self._modules:
            if found.suffix != ".py":
                return Scope(Source(dotted, found, None))
            self.run(self._code.source(found, self._python), dotted)
        return self._modules[found]

    def visit_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.scope.bind(node.name, Function(node, self.scope))

    visit_asyncfunctiondef = visit_functiondef

    def visit_classdef(self, node: ast.ClassDef) -> None:
        self.scope.bind(node.name, UNKNOWN)

    def visit_lambda(self, node: ast.Lambda) -> Any:
        return UNKNOWN

    def visit_global(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    # Assignments

    def visit_assign(self, node: ast.Assign) -> None:
        value = self.visit(node.value)
        for target in node.targets:
            self._assign(target, value)

    def visit_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, self.visit(node.value))

    def visit_namedexpr(self, node: ast.NamedExpr) -> Any:
        value = self.visit(node.value)
        self._assign(node.target, value)
        return value

    def visit_augassign(self, node: ast.AugAssign) -> None:
        self.escape(self.visit(node.value))
        self._assign(node.target, UNKNOWN)

    def visit_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._assign(target, UNKNOWN)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.scope.bind(target.id, value)
        elif isinstance(target, ast.Tuple | ast.List):
            whole = isinstance(value, tuple) and len(value) == len(target.elts)
            if not whole:
                self.escape(value)
            for index, each in enumerate(target.elts):
                self._assign(each, value[index] if whole else UNKNOWN)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, UNKNOWN)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self._assign_part(target, value)

    def _assign_part(self, target: ast.Attribute | ast.Subscript, value: Any) -> None:
        self.escape(value)
        owner = self.visit(target.value)
        attribute = f".{target.attr}" if isinstance(target, ast.Attribute) else ""
        whole = External(f"{owner.name}{attribute}") if isinstance(owner, External) else owner
        if whole == External("sys.argv"):
            self.command_line_changes = True
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self.escape(owner)
            self.scope.forget(target.value.id)

    # Order of statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)
            if isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue):
                return

    def visit_expr(self, node: ast.Expr) -> None:
        self.visit(node.value)

    def visit_return(self, node: ast.Return) -> None:
        self.returned.append(self.visit(node.value) if node.value else None)

    def visit_if(self, node: ast.If) -> None:
        test = self.visit(node.test)
        if is_known(test):
            self.block(node.body if test else node.orelse)
        else:
            self._branches([node.body, node.orelse])

    def visit_match(self, node: ast.Match) -> None:
        self.escape(self.visit(node.subject))
        self._branches([[], *(case.body for case in node.cases)])

    def visit_for(self, node: ast.For | ast.AsyncFor) -> None:
        items = self.visit(node.iter)
        items = tuple(items) if isinstance(items, dict) else items
        if isinstance(items, tuple) and len(items) <= LONGEST_LOOP:
            for item in items:
                self._assign(node.target, item)
                self.block(node.body)
        else:
            self.escape(items)
            self._assign(node.target, UNKNOWN)
            self._branches([[], node.body])
        self.block(node.orelse)

    visit_asyncfor = visit_for

    def visit_while(self, node: ast.While) -> None:
        self.escape(self.visit(node.test))
        self._branches([[], node.body])
        self.block(node.orelse)

    def visit_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.escape(self.visit(item.context_expr))
            if item.optional_vars is not None:
                self._assign(item.optional_vars, UNKNOWN)
        self.block(node.body)

    visit_asyncwith = visit_with

    def visit_try(self, node: ast.Try) -> None:
        catches = any(handler.type is None or ENDINGS & set(_names(handler.type)) for handler in node.handlers)
        self.caught += catches
        self.block(node.body)
        self.caught -= catches
        self._branches([[], *(handler.body for handler in node.handlers)])
        self.block(node.orelse)
        self.block(node.finalbody)

    visit_trystar = visit_try

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        """Follow each as one that may run; names that end differently are unknown from here on."""
        certain, before, ends = self.certain, dict(self.scope.names), []
        for body in bodies:
            self.certain, self.scope.names = False, dict(before)
            self.block(body)
            if not (body and isinstance(body[-1], ast.Return | ast.Raise)):
                ends.append(self.scope.names)
        ends = ends or [before]
        names = {name for end in ends for name in end}
        self.scope.names = {name: _common([end.get(name, UNKNOWN) for end in ends]) for name in names}
        # Behind a branch that returned, nothing is sure to run.
        self.certain = certain and not any(body and isinstance(body[-1], ast.Return) for body in bodies)


def _common(values: Sequence[Any]) -> Any:
    first = values[0]
    same = all(value is first or (type(value) is type(first) and value == first) for value in values)
    return first if same else UNKNOWN


def _names(expression: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))


def _additions(scope: Scope) -> Iterator[ast.AST]:
    """Calls of add_argument in a module, but for those in functions and classes that make a parser of their own."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(scope.source.tree)) if scope.source.tree else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and _makes_a_parser(node):
            continue
        if isinstance(node, ast.If) and scope.names["__name__"] != "__main__" and "__name__" in _names(node.test):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            yield node
        waiting += ast.iter_child_nodes(node)


def _makes_a_parser(node: ast.AST) -> bool:
    called = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return any("ArgumentParser" in (getattr(func, "attr", ""), getattr(func, "id", "")) for func in called)
