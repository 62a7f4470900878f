"""Whether a model.tar.gz has everything where AWS's serving containers look for it: one table of checks.

The archive is unpacked to /opt/ml/model. The code is expected in code/, where PyTorch's container puts it on the path
of imports and installs its requirements.txt: https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/
using_pytorch.html#model-directory-structure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from sm_raw.validation.artifacts.members import Artifact, Member, printable
from sm_raw.validation.findings import Severity
from sm_raw.validation.wording import cut, listed

MODEL_DIR, CODE = "/opt/ml/model", "code"
DEFAULT_PROGRAM = "inference.py"
STRUCTURE = "https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html#model-directory-structure"
ENVIRONMENT = "https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/environment.py"
TORCHSERVE = (
    "https://github.com/aws/sagemaker-pytorch-inference-toolkit/blob/master/src/"
    "sagemaker_pytorch_serving_container/torchserve.py"
)
DEFAULT_HANDLER = (
    "https://github.com/aws/sagemaker-pytorch-inference-toolkit/blob/master/src/"
    "sagemaker_pytorch_serving_container/default_pytorch_inference_handler.py"
)
SKLEARN = (
    "https://github.com/aws/sagemaker-scikit-learn-container/blob/master/src/sagemaker_sklearn_container/serving.py"
)

# Images whose container has no program of its own to fall back on.
NEEDS_PROGRAM = ("sagemaker-scikit-learn", "sagemaker-xgboost")
# Images whose models lie in folders by their own rules: 1/saved_model.pb.
FOLDERS_OF_THEIR_OWN = ("tensorflow-inference", "tensorflow-inference-eia")
HANDLER = re.compile(r"^\s*(?:async\s+)?def\s+(?:model|input|predict|output|transform)_fn\b", re.MULTILINE)
MODEL_FN = re.compile(r"\bmodel_fn\b")
MODEL_FILES = (".pt", ".pth")
REPACK = "tar -C MODEL_DIR -czf model.tar.gz ."


@dataclass(frozen=True)
class Serving:
    """What a CreateModel request says of the code: SAGEMAKER_PROGRAM, the folder inside the archive, the image."""

    program: str = DEFAULT_PROGRAM
    is_named: bool = False
    code_folder: str = CODE
    repository: str = ""
    submit_directory: str = f"{MODEL_DIR}/{CODE}"

    @property
    def expected(self) -> str:
        """Where in the archive the program has to lie."""
        return f"{self.code_folder}/{self.program}" if self.code_folder else self.program

    @property
    def is_pytorch(self) -> bool:
        """Also where the image is not known: this is what sm_raw deploys."""
        return not self.repository or self.repository.startswith("pytorch-inference")


def serving_of(environment: Mapping[str, str], repository: str = "", *, has_own_code: bool = True) -> Serving:
    """What a model's Environment says. Code from elsewhere (``has_own_code`` False) is tried as code/."""
    program = environment.get("SAGEMAKER_PROGRAM")
    place = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", Serving.submit_directory)
    folder = place.removeprefix(MODEL_DIR).strip("/") if has_own_code else CODE
    return Serving(program or DEFAULT_PROGRAM, program is not None, folder, repository, place)


@dataclass(frozen=True)
class LayoutFinding:
    """One thing that is wrong, or odd, in an archive. ``member``: which file, or empty."""

    id: str
    severity: Severity
    member: str
    message: str
    remedy: str


Found = Iterator[tuple[str, str]]
"""(member, message)"""


@dataclass(frozen=True)
class LayoutCheck:
    """``find`` tells what is wrong; ``remedy`` may name {expected}, {program} and {folder}."""

    id: str
    severity: Severity
    find: Callable[[Artifact, Serving], Found]
    remedy: str
    source: str


def check_layout(artifact: Artifact, serving: Serving) -> list[LayoutFinding]:
    """Every finding of the table, in its order."""
    known = {"expected": serving.expected, "program": serving.program, "folder": _only_folder(artifact) or "DIR"}
    return [
        LayoutFinding(check.id, check.severity, printable(member), message, check.remedy.format(**known))
        for check in LAYOUT_CHECKS
        for member, message in check.find(artifact, serving)
    ]


def _unsafe(artifact: Artifact, serving: Serving) -> Found:
    for member in artifact.members:
        if member.fault:
            yield member.name, f"must not be unpacked: {cut(member.fault)}"


def _not_gzip(artifact: Artifact, serving: Serving) -> Found:
    if not artifact.is_gzip:
        yield "", "the archive is not compressed with gzip, and the service unpacks nothing else"


def _empty(artifact: Artifact, serving: Serving) -> Found:
    if not artifact.members:
        yield "", "the archive holds no files"


def _nested(artifact: Artifact, serving: Serving) -> Found:
    folder = _only_folder(artifact)
    if folder and not serving.repository.startswith(FOLDERS_OF_THEIR_OWN):
        inside = [name for name in artifact.names if PurePosixPath(name).name == serving.program]
        if inside or not _has_model_fn(artifact, serving):
            yield folder, f"everything lies in {folder}/, so that the container finds it one folder too deep"


def _misplaced(artifact: Artifact, serving: Serving) -> Found:
    if serving.expected not in artifact.names and not _only_folder(artifact):
        for place in _places(artifact, serving.program):
            yield place, f"the container looks for it at {serving.expected}, and serves without it"


def _program_not_set(artifact: Artifact, serving: Serving) -> Found:
    if serving.is_named:
        return
    handlers = [member.name for member in _code(artifact, serving) if HANDLER.search(member.text)]
    if serving.repository.startswith(NEEDS_PROGRAM):
        for name in handlers:
            yield name, f"it is ignored: {serving.repository} looks for no code unless SAGEMAKER_PROGRAM names it"
    elif not _places(artifact, serving.program):
        for name in handlers:
            what = "it has the functions of a handler and is ignored"
            yield name, f"{what}: without SAGEMAKER_PROGRAM, {serving.program} is looked for"


def _program_missing(artifact: Artifact, serving: Serving) -> Found:
    if artifact.members and serving.is_named and not _places(artifact, serving.program):
        yield "", f"there is no {serving.expected}, which SAGEMAKER_PROGRAM names"


def _no_program(artifact: Artifact, serving: Serving) -> Found:
    has_handler = any(HANDLER.search(member.text) for member in artifact.members)
    if artifact.members and not serving.is_named and not _places(artifact, serving.program) and not has_handler:
        yield "", f"there is no {serving.expected}: the container serves by its own functions, and takes no picture"


def _submit_directory(artifact: Artifact, serving: Serving) -> Found:
    place = serving.submit_directory
    if serving.is_pytorch and place != Serving.submit_directory:
        yield "", f"SAGEMAKER_SUBMIT_DIRECTORY is {printable(place)}, which PyTorch's container does not read"


def _model_files(artifact: Artifact, serving: Serving) -> Found:
    """Without a model_fn PyTorch's container loads model.pt, or the only file of these suffixes."""
    # Code that has one, but lies where it is not found, is told of by another check.
    if not serving.is_pytorch or not artifact.members or any(MODEL_FN.search(each.text) for each in artifact.members):
        return
    files = [name for name in artifact.names if "/" not in name and name.endswith(MODEL_FILES)]
    if "model.pt" not in files and len(files) != 1:
        many = f"not {listed(files[:4], 'and')}" if files else "and there is none"
        yield "", f"there is no model_fn, and without one exactly one .pt or .pth file is needed on top, {many}"


def _no_model(artifact: Artifact, serving: Serving) -> Found:
    code = f"{serving.code_folder}/"
    outside = [name for name in artifact.names if not name.startswith(code) and not _is_of_a_mac(name)]
    if artifact.members and serving.code_folder and not outside:
        yield "", f"there is nothing but {code}: no model"


def _requirements(artifact: Artifact, serving: Serving) -> Found:
    file = "requirements.txt"
    if f"{CODE}/{file}" not in artifact.names:
        for place in _places(artifact, file):
            yield place, f"it is not installed: the container looks for {CODE}/{file}"


def _mac_files(artifact: Artifact, serving: Serving) -> Found:
    found = [name for name in artifact.names if _is_of_a_mac(name)]
    if found:
        models = [name for name in found if name.endswith(MODEL_FILES)]
        worse = f"; {models[0]} looks like a model" if models else ""
        yield found[0], f"{len(found)} of the files are macOS's own (._*, .DS_Store, __MACOSX){worse}"


LAYOUT_CHECKS: tuple[LayoutCheck, ...] = (
    LayoutCheck(
        "unsafe-member",
        "error",
        _unsafe,
        f"pack it anew, with names inside the folder and without links out of it: {REPACK}",
        "https://docs.python.org/3/library/tarfile.html#tarfile.data_filter",
    ),
    LayoutCheck(
        "not-gzip",
        "error",
        _not_gzip,
        f"compress it: {REPACK}",
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
    ),
    LayoutCheck("empty", "error", _empty, f"pack the model: {REPACK}", STRUCTURE),
    LayoutCheck(
        "one-folder",
        "error",
        _nested,
        "pack what is in it, not the folder: tar -C {folder} -czf model.tar.gz .",
        STRUCTURE,
    ),
    LayoutCheck("code-misplaced", "error", _misplaced, "move it to {expected}, or give --code", STRUCTURE),
    LayoutCheck(
        "program-not-set",
        "error",
        _program_not_set,
        "name the file in SAGEMAKER_PROGRAM of the model's Environment (here: --entry-point)",
        SKLEARN,
    ),
    LayoutCheck(
        "program-missing", "error", _program_missing, "pack {program} as {expected}, or give --code", ENVIRONMENT
    ),
    LayoutCheck("no-program", "warning", _no_program, "pack a handler as {expected}, or give --code", ENVIRONMENT),
    LayoutCheck(
        "submit-directory",
        "warning",
        _submit_directory,
        "set SAGEMAKER_SUBMIT_DIRECTORY to /opt/ml/model/code, and pack the code there",
        TORCHSERVE,
    ),
    LayoutCheck(
        "model-files",
        "error",
        _model_files,
        "write a model_fn(model_dir) that loads the model, or leave one file: TorchScript, best called model.pt",
        DEFAULT_HANDLER,
    ),
    LayoutCheck("no-model", "warning", _no_model, f"pack the model on top, beside the code: {REPACK}", STRUCTURE),
    LayoutCheck("requirements-misplaced", "warning", _requirements, "move it to code/requirements.txt", TORCHSERVE),
    LayoutCheck(
        "mac-files",
        "warning",
        _mac_files,
        "pack without them: COPYFILE_DISABLE=1 tar --exclude .DS_Store -C MODEL_DIR -czf model.tar.gz .",
        "https://github.com/onnx/models/issues/101",
    ),
)


def _only_folder(artifact: Artifact) -> str:
    """The folder that all files lie in, if it is not the code's; what a Mac adds does not count."""
    paths = [PurePosixPath(name) for name in artifact.names if not _is_of_a_mac(name)]
    tops = {path.parts[0] for path in paths if path.parts}
    only = next(iter(tops)) if len(tops) == 1 else ""
    return only if only != CODE and all(len(path.parts) > 1 for path in paths) else ""


def _places(artifact: Artifact, name: str) -> list[str]:
    return [each for each in artifact.names if PurePosixPath(each).name == PurePosixPath(name).name]


def _code(artifact: Artifact, serving: Serving) -> list[Member]:
    folder = f"{serving.code_folder}/" if serving.code_folder else ""
    return [member for member in artifact.members if member.name.startswith(folder) and member.text]


def _has_model_fn(artifact: Artifact, serving: Serving) -> bool:
    """Whether code that the container finds names one: defined, imported or assigned."""
    return serving.expected in artifact.names and any(
        MODEL_FN.search(member.text) for member in _code(artifact, serving)
    )


def _is_of_a_mac(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith("._") or path.name == ".DS_Store" or "__MACOSX" in path.parts
