"""E24x: the collections that the Debugger's hook saves, and the parameters of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.memory import remembered
from sm_raw.validation.patterns import UNREADABLE
from sm_raw.validation.reading import at, is_placeholder, names, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.images import aws_image
from sm_raw.validation.rules.rule_parameters import BOOLEANS
from sm_raw.validation.wording import did_you_mean, listed, nearest, shown

SMDEBUG_API = "https://github.com/awslabs/sagemaker-debugger/blob/master/docs/api.md"

# Collections that smdebug makes by itself for one framework or another.
KNOWN_COLLECTIONS = (
    *("all", "default", "weights", "biases", "gradients", "losses", "metrics", "inputs", "outputs", "layers"),
    *("sm_metrics", "optimizer_variables", "tensorflow_summaries"),
    *("hyperparameters", "predictions", "labels", "feature_importance", "average_shap", "full_shap", "trees"),
)

# Those that smdebug makes for PyTorch, of which AWS's images tell that it is theirs.
PYTORCH_COLLECTIONS = ("all", "default", "weights", "biases", "gradients", "losses")
PYTORCH_IMAGES = ("pytorch-training", "huggingface-pytorch-training")

MODES = ("", "train.", "eval.", "predict.", "global.")
WINDOW = ("save_interval", "save_steps", "start_step", "end_step")
SAVING = [f"{mode}{name}" for mode in MODES for name in WINDOW]
TENSOR_PARAMETERS = ["include_regex", "reductions", "save_raw_tensor", "save_shape", "save_histogram"]
COLLECTION_PARAMETERS = [*SAVING, *TENSOR_PARAMETERS]
HOOK_PARAMETERS = [
    *COLLECTION_PARAMETERS,
    *("save_all", "include_workers", "dry_run", "export_tensorboard", "tensorboard_dir"),
]
REDUCTIONS = ["min", "max", "mean", "std", "variance", "sum", "prod", "l1_norm", "l2_norm"]
ALL_REDUCTIONS = [*REDUCTIONS, *(f"abs_{each}" for each in REDUCTIONS)]


class HookRule(Rule):
    """A rule about jobs that Debugger looks at."""

    operations = ("CreateTrainingJob",)
    source = SMDEBUG_API


def collections(request: Request) -> Iterator[tuple[str, Request]]:
    """(path, collection configuration) of each collection that the hook is told to save."""
    place = "DebugHookConfig.CollectionConfigurations"
    for index, each in records(at(request, *place.split("."))):
        yield f"{place}[{index}]", each


@remembered
def parameter_maps(request: Request) -> list[tuple[str, Request, list[str]]]:
    """(path, parameters, the names that smdebug takes there) of the hook and of each collection."""
    own = [("DebugHookConfig.HookParameters", at(request, "DebugHookConfig", "HookParameters"), HOOK_PARAMETERS)]
    own += [
        (f"{path}.CollectionParameters", each.get("CollectionParameters"), COLLECTION_PARAMETERS)
        for path, each in collections(request)
    ]
    return [(path, given, accepted) for path, given, accepted in own if isinstance(given, Mapping)]


class NewCollectionHasRegex(HookRule):
    """A collection that smdebug does not know says by include_regex which tensors it holds."""

    id = "W241"
    source = "https://github.com/awslabs/sagemaker-debugger/blob/master/smdebug/core/collection.py"

    def check(self, request: Request) -> Iterator[Finding]:
        known = _known_collections(request)
        for path, each in collections(request):
            name, given = text(each.get("CollectionName")), each.get("CollectionParameters")
            if name is None or name in known or is_placeholder(given) or "include_regex" in names(given):
                continue
            near = nearest(name, known)
            hint = f"did you mean {listed(map(repr, near))}?" if near else ""
            message = f"missing; smdebug knows no collection {name!r}: say which tensors it holds"
            yield self.finding(
                f"{path}.CollectionParameters.include_regex", f"{message}, or {hint}" if hint else message
            )


def _known_collections(request: Request) -> tuple[str, ...]:
    """The collections that smdebug makes by itself in the training image."""
    image = aws_image(at(request, "AlgorithmSpecification", "TrainingImage"))
    of_pytorch = image is not None and image.repository in PYTORCH_IMAGES
    return PYTORCH_COLLECTIONS if of_pytorch else KNOWN_COLLECTIONS


class DistinctCollections(HookRule):
    """A collection is configured once: of two configurations smdebug lets parts of the later one win."""

    id = "W242"

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, str] = {}
        for path, each in collections(request):
            name = text(each.get("CollectionName"))
            if name is not None and first.setdefault(name, path) != path:
                message = f"{name!r} is already configured by {first[name]}; put the parameters together"
                yield self.finding(f"{path}.CollectionName", message)


class HookParameterValues(HookRule):
    """Parameters of hook and collections are spelt as smdebug reads them: else the script cannot make its hook."""

    id = "E243"

    def check(self, request: Request) -> Iterator[Finding]:
        for path, given, _ in parameter_maps(request):
            for name in names(given):
                value = text(given[name])
                fault = _fault(name, value, given) if value is not None else None
                if fault is not None:
                    yield self.finding(join_path(path, name), fault)


def _fault(name: str, value: str, neighbours: Request) -> str | None:
    """What is wrong with the value of one parameter; None when nothing is."""
    plain = name.rpartition(".")[2]
    if plain == "save_steps" and not all(map(_is_whole, value.split(","))):
        return f"{shown(value)} is no list of steps; give whole numbers with commas, as in 0,10,20"
    if plain in ("save_interval", "start_step", "end_step") and not _is_whole(value):
        return f"{shown(value)} spells no whole number"
    if plain == "save_interval" and int(value) < 1:
        return f"{shown(value)} is no interval; give 1 to save every step"
    if name in ("save_all", "save_histogram", "export_tensorboard") and value not in BOOLEANS:
        return f"{shown(value)} spells no boolean; give True or False"
    if name in ("save_raw_tensor", "save_shape") and "reductions" in neighbours:
        return f"{shown(value)} fails beside reductions, for smdebug takes no text here; remove one of them"
    return {"reductions": _reductions_fault, "include_regex": _regex_fault}.get(name, lambda _: None)(value)


def _reductions_fault(value: str) -> str | None:
    for each in (part.strip() for part in value.split(",")):
        if each and each not in ALL_REDUCTIONS:
            hint = did_you_mean(each, ALL_REDUCTIONS) or f"give {listed(REDUCTIONS)}, or one with abs_ before it"
            return f"{shown(each)} is no reduction; {hint}"
    return None


def _regex_fault(value: str) -> str | None:
    for each in (part.strip() for part in value.split(",")):
        try:
            re.compile(each)
        except UNREADABLE as error:
            return f"{shown(each)} is no regular expression: {error}; a comma begins another one"
    return None


def _is_whole(value: str) -> bool:
    try:
        int(value)
    except ValueError:
        return False
    return True


class KnownHookParameters(HookRule):
    """Hook and collections are given parameters that smdebug knows: it passes over others in silence."""

    id = "W244"

    def check(self, request: Request) -> Iterator[Finding]:
        for path, given, accepted in parameter_maps(request):
            for name in names(given):
                if name not in accepted and not is_placeholder(name):
                    owner = "the hook" if accepted is HOOK_PARAMETERS else "a collection"
                    hint = did_you_mean(name, accepted) or "remove it"
                    hint = "move it to HookParameters" if name in HOOK_PARAMETERS else hint
                    yield self.finding(join_path(path, name), f"{shown(name)} is no parameter of {owner}; {hint}")


class SavingWindow(HookRule):
    """Saving begins before it ends: start_step is below end_step."""

    id = "W245"

    def check(self, request: Request) -> Iterator[Finding]:
        for path, given, _ in parameter_maps(request):
            if not any(name.endswith(("start_step", "end_step")) for name in names(given)):
                continue
            for mode in MODES:
                start, end = (_step(given, mode, name) for name in ("start_step", "end_step"))
                own = [f"{mode}{name}" for name in ("start_step", "end_step") if f"{mode}{name}" in given]
                # An end at step 0 is the way to save nothing on purpose.
                if own and start is not None and end is not None and start >= end > 0:
                    message = f"saves nothing: it starts at step {start} and ends before step {end}"
                    yield self.finding(join_path(path, own[-1]), message)


def _step(given: Request, mode: str, name: str) -> int | None:
    value = text(given.get(f"{mode}{name}", given.get(name)))
    return int(value) if value is not None and _is_whole(value) else None
