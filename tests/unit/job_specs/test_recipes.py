"""Every recipe document is what the builders produce, and what boto3, the engine's protocol and awscli take."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from scripts import write_recipes
from sm_raw.local import protocol
from sm_raw.runs.plan import Plan, Surroundings
from sm_raw.runs.preparation import prepare
from sm_raw.runs.recipe import RECIPES, load_recipe
from sm_raw.validation.checking import check_together
from sm_raw.validation.operations import service_of

FILES = write_recipes.files()
RECIPE_NAMES = sorted(write_recipes.RECIPE_DOCUMENTS)
SURROUNDINGS = Surroundings("us-east-1", "my-bucket", "arn:aws:iam::123456789012:role/SageMaker")
COMMANDS = {"s3": "s3api"}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """The plan of every recipe, for the data that it is made for."""
    work = tmp_path_factory.mktemp("plans")
    return {name: prepare(name, SURROUNDINGS, work=work / name, suppose_data=True) for name in RECIPE_NAMES}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_is_what_the_builders_produce(name: str) -> None:
    assert (RECIPES / name).read_text(encoding="utf-8") == FILES[name], "run: python scripts/write_recipes.py"


def test_job_specs_holds_nothing_else() -> None:
    written_by_hand = {f"{recipe}/recipe.json" for recipe in RECIPE_NAMES}
    found = {path.relative_to(RECIPES).as_posix() for path in RECIPES.rglob("*") if path.is_file()}
    assert found == set(FILES) | written_by_hand


@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_steps_of_a_recipe_are_its_documents_in_order(recipe: str) -> None:
    loaded = load_recipe(recipe)
    assert [step.file for step in loaded.steps if step.file] == list(write_recipes.RECIPE_DOCUMENTS[recipe]())
    assert Path(loaded.code, loaded.entry_point).is_file()


@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_every_request_passes_all_checks(recipe: str, plans: dict[str, Plan]) -> None:
    requests = [(step.operation, request) for step, request in plans[recipe].preview()]
    found = [finding for each in check_together(requests, region="us-east-1") for finding in each]
    assert [str(finding) for finding in found if finding.severity == "error"] == []


@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_every_request_passes_the_validation_of_boto3(recipe: str, plans: dict[str, Plan]) -> None:
    for step, request in plans[recipe].preview():
        service = service_of(step.operation)
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        report = ParamValidator().validate(request, model.operation_model(step.operation).input_shape)
        assert report.generate_report() == "", f"{recipe}: {step.name}"


@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_every_request_to_sagemaker_passes_the_protocol_of_the_engine(recipe: str, plans: dict[str, Plan]) -> None:
    for step, request in plans[recipe].preview():
        if service_of(step.operation) == "sagemaker":
            assert protocol.parse(step.operation, json.dumps(answered(request)).encode()) == answered(request)


def answered(request: Any) -> Any:
    """The request with something in place of what only earlier steps of a run can tell."""
    text = json.dumps(request)
    return json.loads(text.replace("${train.ModelArtifacts.S3ModelArtifacts}", "s3://my-bucket/model.tar.gz"))


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes any request for success: awscli checks its parameters before it sends them."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append((self.path, body))  # type: ignore[attr-defined]
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        answer = b"<Response><%sResult/></Response>" % action[1] if action else b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    server.received = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("recipe", RECIPE_NAMES)
def test_awscli_takes_every_rendered_document(
    recipe: str,
    plans: dict[str, Plan],
    listener: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from awscli.clidriver import create_clidriver

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    driver = create_clidriver()
    for step, request in plans[recipe].preview():
        document = tmp_path / step.file
        document.write_text(json.dumps(request))
        service = service_of(step.operation)
        url = f"http://127.0.0.1:{listener.server_port}"
        command = [COMMANDS.get(service, service), xform_name(step.operation, "-")]
        listener.received.clear()
        status = driver.main(["--endpoint-url", url, *command, "--cli-input-json", document.as_uri()])
        assert (status, len(listener.received)) == (0, 1), f"{step.name}: {capfd.readouterr().err}"
