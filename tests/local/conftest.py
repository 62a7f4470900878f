"""An engine in this process for the whole session, and short ways to ask it for things."""

from __future__ import annotations

import fcntl
import io
import itertools
import json
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from sm_raw import specs
from sm_raw.aws.clients import Clients, local_clients
from sm_raw.aws.waiting.wait import wait
from sm_raw.errors import JobFailed
from sm_raw.local.server import serving
from sm_raw.runs.recipe import RECIPES

TIMEOUT_SECONDS = 60
ROLE = "arn:aws:iam::123456789012:role/Trainer"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-cpu-py311"
SERVING_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3-cpu-py311"
METRIC = "valid:loss"

# Programs of one source archive; the hyperparameter sagemaker_program picks one.
PROGRAMS = {
    # A parabola stands for a loss: its minimum is at x = 0.3.
    "train.py": """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("-x", type=float, default=0.3)
parser.add_argument("--plus", type=float, default=0.0)
x = parser.parse_args()
print("epoch 1/2; valid:loss=9.5;")
print(f"epoch 2/2; valid:loss={(x.x - 0.3) ** 2 + x.plus};")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(str(x.x))
""",
    # Leaves what it was given as its model.
    "look.py": """
import json, os, pathlib, sys
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
channels = {path.name: path for path in (base / "input/data").iterdir()} if (base / "input/data").exists() else {}
seen = {
    "argv": sys.argv,
    "cwd": os.path.relpath(os.getcwd(), base),
    "environment": dict(os.environ),
    "files": {
        name: sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        for name, folder in channels.items()
    },
}
pathlib.Path(os.environ["SM_MODEL_DIR"], "seen.json").write_text(json.dumps(seen))
""",
    # Runs until it is told to stop, and saves then.
    "stoppable.py": """
import os, pathlib, signal, sys
def save(*_):
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("saved")
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("valid:loss=0.5;")
print("waiting", flush=True)
while True:
    signal.pause()
""",
    "shell.sh": '#!/bin/sh\nprintf "%s\\n" "$@" > "$SM_MODEL_DIR/arguments.txt"\n',
}

# A model that says what it was given.
INFERENCE = """
import json, os, pathlib
def model_fn(folder):
    print("loading", flush=True)
    return pathlib.Path(folder, "model.txt").read_text()
def input_fn(body, content_type):
    return [content_type, body if isinstance(body, str) else bytes(body).decode()]
def predict_fn(data, model):
    if data[1] == "fail":
        raise ValueError("cannot predict that")
    if data[1] == "die":
        os._exit(7)
    return {"model": model, "given": data, "process": os.getpid(), "colour": os.environ.get("COLOUR")}
def output_fn(prediction, accept, context):
    attributes = context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
    if attributes:
        context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", attributes + "-back")
    return json.dumps(prediction)
"""

# A story of seconds: nothing is learnt by it, but everything is made. Shades are told by their mean.
LIGHT_CODE = {
    "train.py": """
import argparse, os, pathlib, shutil
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
options, _ = parser.parse_known_args()
print(f"valid:loss={abs(options.lr - 0.02)};")
print("test:accuracy=1.0;")
code = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
code.mkdir()
shutil.copy(pathlib.Path(__file__).with_name("inference.py"), code)
""",
    "inference.py": """
import io, json
from PIL import Image
def model_fn(model_dir):
    return ("dark", "light")
def input_fn(body, content_type):
    return Image.open(io.BytesIO(body)).convert("L")
def predict_fn(picture, classes):
    light = sum(picture.getdata()) / (255 * picture.width * picture.height) > 0.5
    return [classes[light], classes[not light]]
def output_fn(labels, accept):
    return json.dumps({"predictions": [{"labels": labels, "scores": [0.9, 0.1]}]}), "application/json"
""",
}
# What the light script saves no tensors for.
WATCHING = ("DebugHookConfig", "DebugRuleConfigurations", "ProfilerConfig", "ProfilerRuleConfigurations")


class Gate:
    """A file at which programs of a test wait, blocked, while it is closed, as it is first: its lock is held.

    A program finds it as GATE in its environment, and passes by a lock that it shares (fcntl.LOCK_SH).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = path.open("w")
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """By which a program finds it."""
        return {"GATE": str(self.path)}

    def open(self) -> None:
        """Let all pass who wait, and all who come."""
        fcntl.flock(self._held, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let nobody pass."""
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def end(self) -> None:
        """Open it for good."""
        self._held.close()


def pause() -> None:
    """Between two looks: what is waited for takes milliseconds here."""
    threading.Event().wait(0.03)


class Lab:
    """The engine at ``url``, whose files are below ``root``, and one bucket in it."""

    # Of all engines of this process, for they share moto's logs and buckets.
    numbers = itertools.count(1)

    def __init__(self, url: str, root: Path, bucket: str = "lab") -> None:
        self.url, self.root, self.bucket = url, root, bucket
        self.clients: Clients = local_clients(url)
        self.sm: Any = self.clients.sagemaker
        self.s3: Any = self.clients.s3
        self.s3.create_bucket(Bucket=bucket)
        self.source = self.put("code/sourcedir.tar.gz", self.archive(PROGRAMS))
        self.put("data/train/a/1.txt", b"one")
        self.put("data/train/2.txt", b"two")

    def name(self, prefix: str = "job") -> str:
        """A name that no other test uses."""
        return f"{prefix}-{next(self.numbers)}"

    def put(self, key: str, body: bytes) -> str:
        """Store an object; returns its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    @staticmethod
    def archive(files: Mapping[str, str]) -> bytes:
        """A tar.gz of small files."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    def members(self, uri: str) -> dict[str, str]:
        """The files of a stored tar.gz, with their texts."""
        with tarfile.open(fileobj=io.BytesIO(self.get(uri))) as tar:
            return {item.name: tar.extractfile(item).read().decode() for item in tar if item.isfile()}  # type: ignore[union-attr]

    def common(self, program: str = "train.py", **changes: Any) -> dict[str, Any]:
        """What a training job and the definition in a tuning job have in common."""
        hyperparameters = changes.pop("hyperparameters", {})
        source = changes.pop("source", self.source)
        return {
            "image_uri": IMAGE,
            "role_arn": ROLE,
            "output_uri": f"s3://{self.bucket}/out",
            "resources": specs.resources("ml.m5.large"),
            "metrics": {METRIC: f"{METRIC}=([0-9.eE+-]+|nan|inf);"},
            "hyperparameters": specs.script_mode(program, submit_directory=source, hyperparameters=hyperparameters),
            **changes,
        }

    def training(self, program: str = "train.py", *, name: str = "", **changes: Any) -> dict[str, Any]:
        """A CreateTrainingJob request."""
        return dict(specs.training_job(name or self.name(), **self.common(program, **changes)))

    def train(self, program: str = "train.py", **changes: Any) -> dict[str, Any]:
        """Run a training job to its end, whatever that is; the last describe response."""
        request = self.training(program, **changes)
        self.sm.create_training_job(**request)
        return self.ended("CreateTrainingJob", request["TrainingJobName"])

    def start(self, program: str = "stoppable.py", **changes: Any) -> str:
        """Start a training job and return its name when its script waits."""
        request = self.training(program, **changes)
        self.sm.create_training_job(**request)
        name: str = request["TrainingJobName"]
        self.until(lambda: "waiting" in self.log(name))
        return name

    def ended(self, kind: str, name: str) -> dict[str, Any]:
        """The last describe response of a job or endpoint that has settled, however it ended."""
        try:
            return wait(
                self.sm, kind, name, timeout_seconds=TIMEOUT_SECONDS, accept_stopped=True, sleep=lambda _: pause()
            )
        except JobFailed as failure:
            return failure.last_response

    def streams(self, group: str, prefix: str = "") -> list[str]:
        more = {"logStreamNamePrefix": prefix} if prefix else {}
        try:
            found = self.clients.logs.describe_log_streams(logGroupName=group, **more)["logStreams"]  # type: ignore[arg-type]
        except self.clients.logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in found]

    def log(self, job: str, group: str = "/aws/sagemaker/TrainingJobs") -> list[str]:
        """The lines of a training job's log, or of every stream of another group."""
        prefix = f"{job}/" if job else ""
        return [
            event["message"]
            for stream in self.streams(group, prefix)
            for event in self.clients.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)[
                "events"
            ]
        ]

    @staticmethod
    def rest(seconds: float) -> None:
        """The pauses of a long wait, where everything takes a moment."""
        threading.Event().wait(min(seconds, 0.02))

    @staticmethod
    def until(condition: Callable[[], object], timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Wait for what no describe operation tells."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            assert time.monotonic() < deadline, "it never happened"
            pause()

    def post(self, target: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> tuple[int, dict[str, Any]]:
        """One raw request of the JSON protocol, as no client library would send it: status and document."""
        request = urllib.request.Request(self.url, data=body, method="POST")
        request.add_header("X-Amz-Target", target)
        request.add_header("Content-Type", "application/x-amz-json-1.1")
        for header, value in headers:
            request.add_header(header, value)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


class Host:
    """Short ways to make what an endpoint is made of, and to ask it."""

    def __init__(self, lab: Any) -> None:
        self.lab, self.sm = lab, lab.sm

    def model(self, inference: str = INFERENCE, *, text: str = "weights", **changes: Any) -> str:
        name: str = self.lab.name("model")
        uri = self.lab.put(
            f"models/{name}.tar.gz", self.lab.archive({"model.txt": text, "code/inference.py": inference})
        )
        environment = {**specs.serving_script(), **changes.pop("environment", {})}
        fields = {"model_data_uri": uri, "environment": environment, **changes}
        self.sm.create_model(**specs.model(name, image_uri=SERVING_IMAGE, role_arn=ROLE, **fields))
        return name

    def config(self, *variants: Any, **changes: Any) -> str:
        name: str = self.lab.name("config")
        self.sm.create_endpoint_config(**specs.endpoint_config(name, variants=variants, **changes))
        return name

    def variant(self, model: str, **changes: Any) -> Any:
        return specs.production_variant(model, instance_type="ml.m5.large", **changes)

    def create(self, config: str) -> str:
        name: str = self.lab.name("endpoint")
        self.sm.create_endpoint(**specs.endpoint(name, config_name=config))
        return name

    def endpoint(self, *variants: Any) -> dict[str, Any]:
        """An endpoint that has settled, as it is described."""
        name = self.create(self.config(*(variants or (self.variant(self.model()),))))
        described: dict[str, Any] = self.lab.ended("CreateEndpoint", name)
        return described

    def delete(self, name: str) -> None:
        self.sm.delete_endpoint(EndpointName=name)
        self.lab.until(lambda: not self.exists(name))

    def exists(self, name: str) -> bool:
        try:
            self.sm.describe_endpoint(EndpointName=name)
        except ClientError:
            return False
        return True

    def invoke(self, name: str, body: bytes = b"hello", **changes: Any) -> Any:
        return self.lab.clients.runtime.invoke_endpoint(
            EndpointName=name, Body=body, **{"ContentType": "text/plain", **changes}
        )

    @staticmethod
    def answer(response: Any) -> dict[str, Any]:
        """What the model said."""
        document: dict[str, Any] = json.loads(response["Body"].read())
        return document

    @staticmethod
    def refusal(call: Callable[[], object]) -> tuple[str, str]:
        """Code and message of the error that a call ends with."""
        with pytest.raises(ClientError) as raised:
            call()
        error = raised.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """One that is closed."""
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.end()


@pytest.fixture(scope="session")
def lab_of() -> type[Lab]:
    """For tests that start an engine of their own."""
    return Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("engine")
    with serving(root) as url:
        yield Lab(url, root)


@pytest.fixture(scope="session")
def host_of() -> type[Host]:
    """For tests that start an engine of their own."""
    return Host


@pytest.fixture(scope="session")
def host(lab: Lab) -> Host:
    return Host(lab)


@pytest.fixture(scope="session")
def two_shades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of plain pictures, dark and light: one epoch is enough to tell them apart."""
    folder = tmp_path_factory.mktemp("two_shades")
    for split, count in (("train", 24), ("valid", 4), ("test", 4)):
        for name, shade in (("dark", 30), ("light", 220)):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (16, 16), (shade, shade, shade + number)).save(place / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def light_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits recipe, every request of it, with scripts that take no time."""
    folder = tmp_path_factory.mktemp("recipes") / "light"
    (folder / "code").mkdir(parents=True)
    for name, text in LIGHT_CODE.items():
        (folder / "code" / name).write_text(text)
    content = json.loads((RECIPES / "digits" / "recipe.json").read_text())
    handler = (RECIPES / "digits" / content["code"] / content["function"]).read_text()
    (folder / "code" / content["function"]).write_text(handler)
    content |= {"code": "code", "variables": content["variables"] | {"max_jobs": 2, "prefix": "light"}}
    (folder / "recipe.json").write_text(json.dumps(content))
    for step in content["steps"]:
        if "request" in step:
            document = json.loads((RECIPES / "digits" / step["request"]).read_text())
            (folder / step["request"]).write_text(
                json.dumps({name: value for name, value in document.items() if name not in WATCHING})
            )
    return folder


@pytest.fixture
def faults(host: Any) -> Iterator[Callable[..., None]]:
    """Switches faults of endpoints on, which end with the test."""

    def switch(*endpoints: dict[str, Any]) -> None:
        body = json.dumps({"endpoints": endpoints}).encode()
        request = urllib.request.Request(f"{host.lab.url}/_sm_raw/faults", data=body, method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()

    yield switch
    switch()
