"""The programs that a request starts: entry point, image and, for training, what arrives on the command line.

AWS's training toolkit reads each hyperparameter as JSON, keeps as text what is none, and starts the script with
``--key value`` for each but its own (https://github.com/aws/sagemaker-training-toolkit, mapping.to_cmd_args).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.code.folder import Python
from sm_raw.validation.findings import Request, join_path
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_placeholder, names, records, text, written_integer, written_number
from sm_raw.validation.rules.training import training_definitions

# Kept from the script by the toolkit, as is all that begins with sagemaker_.
TOOLKIT_HYPERPARAMETERS = {"_tuning_objective_metric", "default_user_module_name"}
DEFAULT_SERVING_PROGRAM = "inference.py"
INSIDE_A_RANGE = 0.37  # any place between the bounds that is no round number


@dataclass(frozen=True)
class Hyperparameter:
    """One that reaches the script. ``values``: (path, text of the command line) of each value that is known."""

    name: str
    path: str
    values: tuple[tuple[str, str], ...] = ()

    @property
    def option(self) -> str:
        """As the toolkit spells it: one dash before one letter, two before more."""
        return f"-{self.name}" if len(self.name) == 1 else f"--{self.name}"


@dataclass(frozen=True)
class Program:
    """What one container of a request runs.

    ``path`` is the request's place that names ``file``, ``arguments_path`` where its hyperparameters are given;
    ``is_complete`` says that all of their names are known. ``isolation_path`` is empty where the network is open.
    """

    operation: str
    kind: Literal["training", "serving"]
    file: str
    path: str
    image: RegistryPath | None
    is_named: bool = True
    arguments_path: str = ""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    is_complete: bool = True
    isolation_path: str = ""

    @property
    def python(self) -> Python | None:
        """(3, 9) for the image tag ``1.13.1-gpu-py39``; None where the tag does not tell."""
        digits = self.image.python.removeprefix("py") if self.image else ""
        return (3, int(digits[1:])) if len(digits) > 1 and digits.startswith("3") else None

    @property
    def repository(self) -> str:
        """The image's repository in Amazon ECR; empty where the image is not known."""
        return self.image.repository if self.image else ""


def programs(operation: str, request: Request) -> list[Program]:
    """Each program of the request whose entry point is known; of what is no script there are none."""
    if not isinstance(request, Mapping):
        return []
    name = operation_name(operation)
    if name == "CreateModel":
        return list(_served(operation, request))
    if name in ("CreateTrainingJob", "CreateHyperParameterTuningJob"):
        return list(_trained(operation, name, request))
    return []


def toolkit_value(given: str) -> object:
    """The value that the toolkit reads from a hyperparameter's string: quotes are taken off once."""
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def command_line_text(given: str) -> str:
    """A hyperparameter's string as the script's command line gets it: ``True`` for ``true``, nothing for ``null``."""
    value = toolkit_value(given)
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def _trained(operation: str, name: str, request: Request) -> Iterator[Program]:
    field = "HyperParameters" if name == "CreateTrainingJob" else "StaticHyperParameters"
    for where, training in training_definitions(name, request):
        if at(training, "AlgorithmSpecification", "ContainerEntrypoint"):
            continue  # the container then starts that, and not the toolkit
        given = training.get(field)
        place = join_path(where, field) if where else field
        file, path = _program(given, "sagemaker_program", place)
        if not file:
            environment = join_path(where, "Environment") if where else "Environment"
            file, path = _program(training.get("Environment"), "SAGEMAKER_PROGRAM", environment)
        if not file:
            continue
        hyperparameters = {each.name: each for each in _static(given, place)}
        image = _image(at(training, "AlgorithmSpecification", "TrainingImage"))
        if name == "CreateHyperParameterTuningJob":
            hyperparameters |= {each.name: each for each in _tuned(where, training, request)}
            if image is not None and image.repository.endswith("tensorflow-training"):
                # Its container adds a model_dir of each job's own when it is tuned.
                hyperparameters.setdefault("model_dir", Hyperparameter("model_dir", place))
        yield Program(
            operation,
            "training",
            file,
            path,
            image,
            arguments_path=place,
            hyperparameters=tuple(hyperparameters.values()),
            is_complete=not any(is_placeholder(each) for each in hyperparameters),
            isolation_path=_isolation(training, where),
        )


def _served(operation: str, request: Request) -> Iterator[Program]:
    containers = [("PrimaryContainer", request.get("PrimaryContainer"))]
    containers += [(f"Containers[{index}]", each) for index, each in records(request.get("Containers"))]
    for where, container in containers:
        image = _image(at(container, "Image"))
        environment = at(container, "Environment")
        file, path = _program(environment, "SAGEMAKER_PROGRAM", f"{where}.Environment")
        is_named = bool(file)
        if not is_named and image is not None and image.repository.startswith("pytorch-inference"):
            unset = "SAGEMAKER_PROGRAM" not in names(environment)
            file, path = (DEFAULT_SERVING_PROGRAM, f"{where}.Image") if unset else ("", "")
        if file:
            isolation = _isolation(request, "")
            yield Program(operation, "serving", file, path, image, is_named=is_named, isolation_path=isolation)


def _program(settings: object, key: str, place: str) -> tuple[str, str]:
    given = text(at(settings, key))
    value = toolkit_value(given) if given else None
    return (value, join_path(place, key)) if isinstance(value, str) else ("", "")


def _image(given: object) -> RegistryPath | None:
    uri = text(given)
    return registry_path(uri) if uri else None


def _isolation(settings: Request, where: str) -> str:
    field = "EnableNetworkIsolation"
    if settings.get(field) is not True:
        return ""
    return f"{where}.{field}" if where else field


def _static(given: object, place: str) -> Iterator[Hyperparameter]:
    for name in names(given):
        if name not in TOOLKIT_HYPERPARAMETERS and not name.startswith("sagemaker_"):
            path, value = join_path(place, name), text(at(given, name))
            yield Hyperparameter(name, path, () if value is None else ((path, command_line_text(value)),))


def _tuned(where: str, training: Request, request: Request) -> Iterator[Hyperparameter]:
    shared = "HyperParameterTuningJobConfig"
    for place, ranges in (
        (f"{shared}.ParameterRanges", at(request, shared, "ParameterRanges")),
        (f"{where}.HyperParameterRanges", training.get("HyperParameterRanges")),
    ):
        for kind in ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"):
            for index, each in records(at(ranges, kind)):
                path = f"{place}.{kind}[{index}]"
                if isinstance(name := each.get("Name"), str):
                    yield Hyperparameter(name, f"{path}.Name", tuple(_possible(kind, path, each)))
        for index, each in records(at(ranges, "AutoParameters")):
            if isinstance(name := each.get("Name"), str):
                yield Hyperparameter(name, f"{place}.AutoParameters[{index}].Name")


def _possible(kind: str, path: str, given: Request) -> Iterator[tuple[str, str]]:
    """Values that the range can give: all of its categories, or a few numbers."""
    low, high = given.get("MinValue"), given.get("MaxValue")
    if kind == "CategoricalParameterRanges":
        values = given.get("Values")
        for index, value in enumerate(values if isinstance(values, list | tuple) else ()):
            if (known := text(value)) is not None:
                yield f"{path}.Values[{index}]", command_line_text(known)
    elif kind == "IntegerParameterRanges":
        first, last = written_integer(low), written_integer(high)
        if first is not None and last is not None:
            yield from ((path, str(value)) for value in sorted({first, min(first + 1, last), last}))
    else:
        least, most = written_number(low), written_number(high)
        if least is not None and most is not None:
            yield path, repr(float(f"{least + (most - least) * INSIDE_A_RANGE:.4g}"))
