from __future__ import annotations

import re
from collections import Counter

import pytest

from sm_raw.validation.artifacts import LAYOUT_CHECKS, Artifact, Member, Serving, check_layout, serving_of

HANDLER = "def model_fn(model_dir):\n    return None\n"
GOOD = {"model.pth": "", "code/inference.py": HANDLER, "code/requirements.txt": ""}


def artifact(files: dict[str, str], **changes: bool) -> Artifact:
    return Artifact(tuple(Member(name, len(text), text) for name, text in sorted(files.items())), **changes)


PLAIN = Serving()


def found(files: dict[str, str], serving: Serving = PLAIN) -> list[tuple[str, str]]:
    """(id, member) of each finding."""
    return [(finding.id, finding.member) for finding in check_layout(artifact(files), serving)]


def test_a_good_archive_has_no_findings() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, [("empty", "")]),
        ({"model.pth": "", "inference.py": HANDLER}, [("code-misplaced", "inference.py")]),
        ({"model.pth": "", "code/src/inference.py": HANDLER}, [("code-misplaced", "code/src/inference.py")]),
        ({"m/model.pth": "", "m/code/inference.py": HANDLER}, [("one-folder", "m")]),
        ({"m/model.pth": ""}, [("one-folder", "m"), ("no-program", ""), ("model-files", "")]),
        ({"model.pth": "", "code/serve.py": HANDLER}, [("program-not-set", "code/serve.py")]),
        ({"model.pt": ""}, [("no-program", "")]),
        ({"model.pt": "", "a.pth": ""}, [("no-program", "")]),  # model.pt is the one that is loaded
        ({"a.pt": "", "b.pth": ""}, [("no-program", ""), ("model-files", "")]),
        ({"code/inference.py": HANDLER}, [("no-model", "")]),
        ({**GOOD, "._model.pth": "", "__MACOSX/._code": ""}, [("mac-files", "._model.pth")]),
        (
            {"model.pth": "", "code/inference.py": HANDLER, "requirements.txt": ""},
            [("requirements-misplaced", "requirements.txt")],
        ),
        ({**GOOD, "code/lib/requirements.txt": ""}, []),  # that of a library beside the one that is installed
        ({"model.pth": "", "code/inference.py": "from handlers import *\n", "code/handlers.py": HANDLER}, []),
        ({"a.pth": "", "b.pth": "", "code/inference.py": "def predict_fn(a, b): ..."}, [("model-files", "")]),
    ],
)
def test_what_lies_in_the_wrong_place_is_found(files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert found(files) == expected


@pytest.mark.parametrize(
    ("serving", "files", "expected"),
    [
        (Serving("serve.py", is_named=True), {"model.pth": "", "code/serve.py": HANDLER}, []),
        (Serving("serve.py", is_named=True), GOOD, ["program-missing"]),
        (Serving("serve.py", is_named=True), {**GOOD, "serve.py": HANDLER}, ["code-misplaced"]),
        (
            serving_of({"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model"}),
            {"m.pth": "", "inference.py": HANDLER},
            ["submit-directory"],
        ),
        (
            serving_of({"SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/code.tar.gz"}, has_own_code=False),
            GOOD,
            ["submit-directory"],
        ),
        (
            Serving(repository="sagemaker-scikit-learn"),
            {"model.joblib": "", "code/inference.py": HANDLER},
            ["program-not-set"],
        ),
        (Serving(repository="sagemaker-xgboost"), {"xgboost-model": ""}, ["no-program"]),
        (Serving(repository="tensorflow-inference"), {"1/saved_model.pb": ""}, ["no-program"]),
        (Serving(repository="huggingface-pytorch-inference"), {"config.json": ""}, ["no-program"]),
    ],
)
def test_what_the_request_says_counts(serving: Serving, files: dict[str, str], expected: list[str]) -> None:
    assert [finding[0] for finding in found(files, serving)] == expected


def test_what_must_not_be_unpacked_and_what_is_no_gzip_are_errors() -> None:
    members = (Member("../x", fault="its name leads out of the folder"), *artifact(GOOD).members)
    findings = check_layout(Artifact(members, is_gzip=False), Serving())
    assert [(finding.id, finding.severity, finding.member) for finding in findings] == [
        ("unsafe-member", "error", "../x"),
        ("not-gzip", "error", ""),
    ]


def test_remedies_name_the_place_and_nothing_is_left_to_fill_in() -> None:
    (finding,) = check_layout(artifact({"m/model.pth": "", "m/code/inference.py": HANDLER}), Serving())
    assert finding.remedy == "pack what is in it, not the folder: tar -C m -czf model.tar.gz ."
    (finding,) = check_layout(artifact({"model.pth": "", "inference.py": HANDLER}), Serving())
    assert finding.remedy == "move it to code/inference.py, or give --code"
    for check in LAYOUT_CHECKS:
        assert set(re.findall(r"{(\w+)}", check.remedy)) <= {"expected", "program", "folder"}


def test_a_name_that_would_steer_a_terminal_is_shown_as_text() -> None:
    (finding,) = check_layout(artifact({"model.pth": "", "\x1b[2J/inference.py": HANDLER}), Serving())
    assert finding.member == r"'\x1b[2J/inference.py'"


def test_every_check_has_an_id_of_its_own_and_a_source() -> None:
    assert [name for name, times in Counter(check.id for check in LAYOUT_CHECKS).items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", check.id) for check in LAYOUT_CHECKS)
    assert all(check.source.startswith("https://") for check in LAYOUT_CHECKS)
