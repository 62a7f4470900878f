"""E/W720-729: the functions of an inference script, as AWS's serving toolkit calls them."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sm_raw.validation.code.base import SERVING, CodeRule
from sm_raw.validation.code.folder import CodeFolder, Python, Source
from sm_raw.validation.code.programs import Program
from sm_raw.validation.findings import Finding
from sm_raw.validation.wording import listed

# What each function is called with; the context may follow as one more.
HANDLERS: Mapping[str, tuple[str, ...]] = {
    "model_fn": ("model_dir",),
    "input_fn": ("request_body", "content_type"),
    "predict_fn": ("data", "model"),
    "output_fn": ("prediction", "accept"),
    "transform_fn": ("model", "data", "content_type", "accept"),
}
STEPS = ("input_fn", "predict_fn", "output_fn")
# Images whose toolkit knows the context. Where the image is not known, the functions' names tell.
TOOLKIT_IMAGES = ("pytorch-inference", "mxnet-inference", "huggingface-pytorch-inference")
# They hand the function's own parameters on.
TRANSPARENT_DECORATORS = {"no_grad", "inference_mode", "lru_cache", "cache", "wraps"}
TORCHSCRIPT = ("torch.jit", "jit.script", "jit.trace", "jit.load", "ScriptModule")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Definitions:
    """What a module's text says of its names. ``is_whole``: no name can come from where it cannot be seen.

    A function is None where its parameters are not known, or where it may not be the only one of its name.
    """

    functions: dict[str, tuple[Source, FunctionNode] | None] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    is_whole: bool = True

    def add(self, name: str, found: tuple[Source, FunctionNode] | None, *, is_certain: bool) -> None:
        self.functions[name] = None if name in self.functions else found
        if is_certain:
            self.certain.add(name)


class HandlerRule(CodeRule):
    """A rule about the functions that the serving container takes from the script."""

    operations: ClassVar[tuple[str, ...]] = SERVING
    source: ClassVar[str] = (
        "https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/transformer.py"
    )

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        file = code.file(program.file) if program.file.endswith(".py") else None
        known = program.image is None or program.repository.startswith(TOOLKIT_IMAGES)
        if file is None or program.kind != "serving" or not known:
            return
        source = code.source(file, program.python)
        if source.tree is not None:
            found = Definitions()
            _collect(code, source, program.python, found, {file})
            yield from self.check_handlers(program, source, found)

    @abstractmethod
    def check_handlers(self, program: Program, source: Source, found: Definitions) -> Iterator[Finding]:
        """The findings."""


class HandlersDoNotExclude(HandlerRule):
    """transform_fn stands alone: it takes the place of input_fn, predict_fn and output_fn."""

    id = "E720"

    def check_handlers(self, program: Program, source: Source, found: Definitions) -> Iterator[Finding]:
        steps = [name for name in STEPS if name in found.certain]
        if "transform_fn" in found.certain and steps:
            what = f"transform_fn and also {listed(steps, 'and')}, which it replaces"
            yield self.finding(program, program.path, f"{source.name} has {what}; keep the one or the others")


class SignatureRule(HandlerRule):
    """A rule about the parameters of each function."""

    def check_handlers(self, program: Program, source: Source, found: Definitions) -> Iterator[Finding]:
        for name, given in HANDLERS.items():
            definition = found.functions.get(name)
            if definition is not None and (message := self.fault(name, definition[1].args, given)):
                yield self.finding(program, program.path, f"{definition[0].place(definition[1])} {message}")

    @abstractmethod
    def fault(self, name: str, parameters: ast.arguments, given: Sequence[str]) -> str | None:
        """What is wrong with the parameters; None when nothing is."""


class HandlersAreCallable(SignatureRule):
    """The inference functions can be called with what the container gives them."""

    id = "E721"

    def fault(self, name: str, parameters: ast.arguments, given: Sequence[str]) -> str | None:
        if any(_is_callable_with(parameters, count) for count in (len(given), len(given) + 1)):
            return None
        written = f"def {name}({ast.unparse(parameters)})"
        return f"{written} cannot be called with {_called(given)}; write def {name}({', '.join(given)})"


class HandlersHaveTheirParameters(SignatureRule):
    """The inference functions have as many parameters as they are given: the container counts optional ones, too."""

    id = "W722"

    def fault(self, name: str, parameters: ast.arguments, given: Sequence[str]) -> str | None:
        count = len(_positional(parameters)) + len(parameters.kwonlyargs)
        count += (parameters.vararg is not None) + (parameters.kwarg is not None)
        callable_ = any(_is_callable_with(parameters, each) for each in (len(given), len(given) + 1))
        if not callable_ or count in (len(given), len(given) + 1):
            return None
        what = f"{name} has {count} parameters, optional ones counted, as the container does before it calls"
        return f"{what}; leave those of {_called(given)}"


class ModelIsLoaded(HandlerRule):
    """The script has a model_fn; without one PyTorch's image reads TorchScript files alone."""

    id = "W723"
    source = (
        "https://github.com/aws/sagemaker-pytorch-inference-toolkit/blob/master/src/"
        "sagemaker_pytorch_serving_container/default_pytorch_inference_handler.py"
    )

    def check(self, program: Program, code: CodeFolder) -> Iterator[Finding]:
        scripts = [path for file in code.files if file.endswith(".py") and (path := code.file(file))]
        if program.repository.startswith("pytorch-inference") and not any(_uses_torchscript(each) for each in scripts):
            yield from super().check(program, code)

    def check_handlers(self, program: Program, source: Source, found: Definitions) -> Iterator[Finding]:
        if found.is_whole and "model_fn" not in found.functions:
            what = "the image then loads model.pt by torch.jit.load, and no state dict"
            message = f"{source.name} has no model_fn: {what}; write def model_fn(model_dir)"
            yield self.finding(program, program.path, message)


def _called(given: Sequence[str]) -> str:
    return f"({', '.join(given)}) or ({', '.join((*given, 'context'))})"


def _positional(parameters: ast.arguments) -> list[ast.arg]:
    return [*parameters.posonlyargs, *parameters.args]


def _is_callable_with(parameters: ast.arguments, count: int) -> bool:
    most = len(_positional(parameters))
    least = most - len(parameters.defaults)
    needs_names = any(default is None for default in parameters.kw_defaults)
    return least <= count and (count <= most or parameters.vararg is not None) and not needs_names


def _collect(
    code: CodeFolder, source: Source, python: Python | None, found: Definitions, seen: set[Path], *, only: str = ""
) -> None:
    """Add the names that the module defines on top; of another module's only the one that is asked for."""
    for node, is_certain in _statements(source.tree.body if source.tree else [], is_certain=True):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not only or node.name == only:
                plain = all(_decorator(each) in TRANSPARENT_DECORATORS for each in node.decorator_list)
                found.add(node.name, (source, node) if plain else None, is_certain=is_certain)
        elif isinstance(node, ast.ImportFrom):
            _collect_imported(code, source, python, found, seen, node, is_certain=is_certain, only=only)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.ClassDef | ast.Import):
            is_nothing = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for name in _bound(node):
                if not only or name == only:
                    found.add(name, None, is_certain=is_certain and not is_nothing)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # globals().update(...), setattr(module, ...): names may come from there.
            found.is_whole &= "globals" not in ast.unparse(node.value.func) and "setattr" not in ast.unparse(node.value)


def _collect_imported(
    code: CodeFolder,
    source: Source,
    python: Python | None,
    found: Definitions,
    seen: set[Path],
    node: ast.ImportFrom,
    *,
    is_certain: bool,
    only: str,
) -> None:
    base = source.path.parents[node.level - 1] if 0 < node.level <= len(source.path.parents) else code.path
    path = code.module(node.module or "__init__", base)
    other = code.source(path, python) if path and path.suffix == ".py" and path.is_relative_to(code.path) else None
    for alias in node.names:
        name = alias.asname or alias.name
        if alias.name == "*":
            found.is_whole &= other is not None
            if other is not None and path not in seen:
                _collect(code, other, python, found, {*seen, other.path}, only=only)
        elif not only or name == only:
            inner = Definitions()
            if other is not None and path not in seen:
                _collect(code, other, python, inner, {*seen, other.path}, only=alias.name)
            found.add(name, inner.functions.get(alias.name), is_certain=is_certain)


def _statements(body: Sequence[ast.stmt], *, is_certain: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Each statement that may run as the module is imported, and whether it does for certain."""
    for node in body:
        yield node, is_certain
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            children = getattr(node, name, ())
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or not children:
                continue
            inner = [*children] if name not in ("handlers", "cases") else [s for each in children for s in each.body]
            yield from _statements(inner, is_certain=is_certain and isinstance(node, ast.With))


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import):
        yield from (alias.asname or alias.name for alias in node.names)
    else:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def _decorator(node: ast.expr) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def _uses_torchscript(path: Path) -> bool:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return False
    return any(sign in text for sign in TORCHSCRIPT)
