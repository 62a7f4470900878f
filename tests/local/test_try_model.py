"""try-model: a good model, and models that are broken in as many ways as they are in the wild."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sm_raw import cli

pytestmark = pytest.mark.local

HANDLER = """
import io, json
from PIL import Image
def model_fn(model_dir):
    return open(model_dir + "/model.txt").read().split(",")
def input_fn(body, content_type):
    if content_type not in ("image/jpeg", "image/png"):
        raise ValueError("Unsupported content type " + str(content_type))
    return Image.open(io.BytesIO(body)).convert("L").resize((1, 1)).getpixel((0, 0)) / 255
def predict_fn(shade, labels):
    return {"predictions": [{"labels": labels, "scores": [1 - shade, shade]}]}
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
"""
MODEL = {"model.txt": "dark,light"}
GOOD = {**MODEL, "./code/inference.py": HANDLER}


@pytest.fixture
def archive(tmp_path: Path, lab_of: Any) -> Any:
    """Writes files as a model.tar.gz; its path."""

    def write(files: Mapping[str, str]) -> str:
        path = tmp_path / "model.tar.gz"
        path.write_bytes(lab_of.archive(files))
        return str(path)

    return write


def tried(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = cli.main(["try-model", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def test_a_good_model_answers_real_pictures(archive: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (8, 8), "white").save(tmp_path / "white.png")
    Image.new("RGB", (8, 8), "black").save(tmp_path / "black.jpg")
    pictures = [item for name in ("white.png", "black.jpg") for item in ("--picture", str(tmp_path / name))]
    code, found = tried(capsys, archive({**GOOD, "code/requirements.txt": "pillow\n"}), *pictures)
    assert (code, found["works"], found["layout"], found["code"]) == (0, True, [], [])
    answers = found["served"]["invocations"]
    assert [(each["content_type"], each["status"], each["label"]) for each in answers] == [
        ("image/png", 200, "light"),
        ("image/jpeg", 200, "dark"),
    ]
    assert answers[0]["score"] == pytest.approx(1.0)
    assert found["notes"] == ["requirements.txt is not installed here: what it lists has to be in this Python already"]


def test_without_a_picture_a_jpeg_is_made_and_the_text_ends_in_the_verdict(
    archive: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["try-model", archive(GOOD)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1].startswith("works: healthy after ")
    assert any(line.split()[:5] == ["a", "made", "JPEG", "image/jpeg", "200"] for line in out)


def replaced(old: str, new: str) -> dict[str, str]:
    return {**GOOD, "./code/inference.py": HANDLER.replace(old, new)}


@pytest.mark.parametrize(
    ("files", "verdict", "cause"),
    [
        ({**MODEL, "inference.py": HANDLER}, "inference.py: the container looks for it at code/inference.py", None),
        ({f"m/{name}": text for name, text in GOOD.items()}, "m: everything lies in m/", None),
        (
            replaced("import io", "import io, no_such_module"),
            "the server ended as it loaded: ModuleNotFoundError",
            "module-missing",
        ),
        (replaced('"image/jpeg", ', ""), "a made JPEG: status 500 to image/jpeg: Unsupported content type", None),
        (
            replaced("def predict_fn(shade, labels):", "def predict_fn(shade):"),
            "inference.py:10 def predict_fn(shade) cannot be",
            None,
        ),
        (replaced("return {", "import os; os.kill(os.getpid(), 9); return {"), "a made JPEG: no answer", "host-memory"),
        ({"a.pth": "", "b.pth": ""}, "the archive: there is no model_fn, and without one exactly one", None),
    ],
)
def test_a_broken_model_is_told_with_its_cause(
    archive: Any, files: dict[str, str], verdict: str, cause: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = tried(capsys, archive(files))
    assert (code, found["works"]) == (1, False)
    assert found["verdict"].startswith(f"does not work: {verdict}")
    assert cause is None or [each["id"] for each in found["served"]["causes"]] == [cause]


def test_the_traceback_is_that_of_the_models_own_code(archive: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = tried(capsys, archive(replaced("return {", "raise KeyError('weights'); return {")))
    lines = found["served"]["traceback"].splitlines()
    assert (code, lines[1].split(",")[0], lines[-1]) == (
        1,
        '  File "/opt/ml/model/code/inference.py"',
        "KeyError: 'weights'",
    )


def test_nothing_of_an_unsafe_archive_is_unpacked_or_run(
    archive: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = tried(capsys, archive({**GOOD, "../outside.txt": "x"}))
    assert (code, found["served"]) == (1, None)
    assert found["verdict"].startswith("does not work: ../outside.txt: must not be unpacked")
    assert [path.name for path in tmp_path.iterdir()] == ["model.tar.gz"]


def test_layout_only_runs_nothing(archive: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mark = tmp_path / "it ran"
    code, found = tried(capsys, archive(replaced("import io", f"open({str(mark)!r}, 'w'); import io")), "--layout-only")
    assert (code, found["served"], mark.exists()) == (0, None, False)


def test_a_folder_is_tried_as_the_code_and_named_by_the_request(
    archive: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code_folder = tmp_path / "source"
    code_folder.mkdir()
    (code_folder / "serve.py").write_text(
        HANDLER.replace('"/model.txt"', '"/" + os.environ["LABELS"]').replace("import io", "import os, io")
    )
    request = tmp_path / "create_model.json"
    environment = {"SAGEMAKER_PROGRAM": "serve.py", "LABELS": "model.txt", "SAGEMAKER_REGION": "${region}"}
    request.write_text(json.dumps({"PrimaryContainer": {"Image": "${image}", "Environment": environment}}))
    given = [archive(GOOD), "--code", str(code_folder), "--request", str(request)]
    code, found = tried(capsys, *given)
    assert (code, found["works"]) == (0, True), found["verdict"]
    assert [each["name"] for each in found["files"]] == ["code/serve.py", "model.txt"]


def test_a_model_in_s3_is_fetched_and_its_code_too(
    lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = lab.put("models/model.tar.gz", lab.archive(MODEL))
    source = lab.put("models/sourcedir.tar.gz", lab.archive({"inference.py": HANDLER}))
    request = tmp_path / "create_model.json"
    request.write_text(json.dumps({"PrimaryContainer": {"Environment": {"SAGEMAKER_SUBMIT_DIRECTORY": source}}}))
    code, found = tried(capsys, model, "--request", str(request), "--endpoint-url", lab.url)
    assert (code, found["works"]) == (0, True), found["verdict"]
    assert [each["id"] for each in found["layout"]] == ["submit-directory"]  # a warning


def test_of_another_framework_only_a_handler_can_be_tried(
    archive: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = tmp_path / "create_model.json"
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:2.1-transformers4.37-cpu-py310"
    request.write_text(json.dumps({"PrimaryContainer": {"Image": image}}))
    code, found = tried(capsys, archive(GOOD), "--request", str(request))
    assert (code, found["works"], len(found["notes"])) == (0, True, 1)
    assert "not those of huggingface-pytorch-inference" in found["notes"][0]
    assert cli.main(["try-model", archive(MODEL), "--request", str(request)]) == 2
    assert "serves by functions of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "story"),
    [
        (["{folder}/none.tar.gz"], "none.tar.gz cannot be read: No such file or directory"),
        (["{folder}/text.tar.gz"], "text.tar.gz is no tar archive that can be read"),
        (["s3://no-such-bucket/model.tar.gz", "--endpoint-url", "{url}"], "cannot be fetched"),
        (["{good}", "--picture", "{folder}/none.jpg"], "none.jpg cannot be read"),
        (["{good}", "--content-type", "text/csv"], "give --picture FILE"),
        (["{good}", "--request", "{folder}/text.tar.gz"], "not JSON"),
        (["{good}", "--code", "{folder}/none"], "a folder is needed"),
    ],
)
def test_what_cannot_be_read_ends_with_2(
    arguments: list[str], story: str, archive: Any, lab: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.tar.gz").write_text("no archive")
    known = {"folder": tmp_path, "url": lab.url, "good": archive(GOOD)}
    assert cli.main(["try-model", *(each.format(**known) for each in arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert story in captured.err
