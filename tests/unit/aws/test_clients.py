from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.loaders import Loader

from sm_raw.aws.clients import aws_clients, local_clients
from sm_raw.errors import SmRawError

REAL_KEY = "AKIAREALREALREALREAL"
CONFIG = """
[default]
region = eu-north-1
endpoint_url = http://198.51.100.1:1/default
s3 =
    addressing_style = virtual
    use_accelerate_endpoint = true
[profile work]
region = eu-south-1
endpoint_url = http://198.51.100.1:1/work
services = elsewhere
ca_bundle = /nowhere.pem
[services elsewhere]
sagemaker =
    endpoint_url = http://198.51.100.1:1/sagemaker
"""


class Recorder(ThreadingHTTPServer):
    """Answers every request with an empty JSON object or bucket list, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.requests: list[tuple[str, str, str]] = []


class Answer(BaseHTTPRequestHandler):
    server: Recorder

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(b"{}", "application/json")

    def do_GET(self) -> None:
        self.reply(b"<ListBucketResult></ListBucketResult>", "application/xml")

    def reply(self, body: bytes, content_type: str) -> None:
        asked = (self.headers["Host"], self.path, self.headers["Authorization"])
        self.server.requests.append(asked)
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as recorder:
        thread = threading.Thread(target=recorder.serve_forever, args=(0.01,))
        thread.start()
        yield recorder
        recorder.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment without any setting of AWS."""
    for name in ("PROFILE", "DEFAULT_PROFILE", "DEFAULT_REGION", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / ".aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / ".aws" / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / ".aws").mkdir()
    return tmp_path


@pytest.fixture
def hostile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in the surroundings that would lead a boto3 client astray."""
    (home / ".aws" / "config").write_text(CONFIG)
    (home / ".aws" / "credentials").write_text(f"[default]\naws_access_key_id={REAL_KEY}\n")
    settings = {
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_REGION": "ap-east-1",
        "AWS_ACCESS_KEY_ID": REAL_KEY,
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "http://198.51.100.1:1/global",
        "AWS_ENDPOINT_URL_S3": "http://198.51.100.1:1/s3",
        "AWS_CA_BUNDLE": "/nowhere.pem",
        "AWS_DATA_PATH": str(home / ".aws" / "models"),
        "AWS_DEFAULTS_MODE": "no-such-mode",
        "AWS_MAX_ATTEMPTS": "no-number",
        "AWS_S3_USE_ARN_REGION": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "REQUESTS_CA_BUNDLE": "/nowhere.pem",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "no_proxy": "",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("hostile")
def test_local_clients_read_nothing_of_the_users_configuration(server: Recorder) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    clients = local_clients(url, region="us-west-2")
    clients.sagemaker.list_endpoints()
    clients.s3.list_objects_v2(Bucket="some.bucket")
    clients.logs.describe_log_groups()

    host = f"127.0.0.1:{server.server_port}"
    assert [(where, path) for where, path, _ in server.requests] == [
        (host, "/"),
        (host, "/some.bucket?list-type=2&encoding-type=url"),
        (host, "/"),
    ]
    for _, _, authorization in server.requests:
        assert "Credential=local/" in authorization
        assert "/us-west-2/" in authorization
    config = clients.s3.meta.config
    assert config.s3 == {"addressing_style": "path"}
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3, 75, 32)


@pytest.mark.usefixtures("hostile")
def test_local_clients_take_no_service_model_from_the_users_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = home / ".aws" / "models" / "sagemaker" / "2017-07-24"
    planted.mkdir(parents=True)
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(home / ".aws" / "models"))
    (planted / "service-2.json").write_text(json.dumps({"planted": True}))
    client = local_clients("http://127.0.0.1:9").sagemaker
    assert "CreateTrainingJob" in client.meta.service_model.operation_names


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "http://127.1.2.3:5000/"]
)
def test_loopback_urls_are_taken(url: str) -> None:
    assert local_clients(url).endpoint_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://sagemaker.us-east-1.amazonaws.com",
        "http://10.0.0.1:5000",
        "http://0.0.0.0:5000",
        "http://localhost.example.com:5000",
        "http://127.0.0.1:5000@example.com:80",
        "https://127.0.0.1:5000",
        "http://127.0.0.1",
        "127.0.0.1:5000",
        "http://127.0.0.1:many",
        "http://[::1",
        "",
    ],
)
def test_any_other_endpoint_is_refused(url: str) -> None:
    with pytest.raises(SmRawError, match=r"no endpoint on this machine|no URL"):
        local_clients(url)


def test_a_client_is_made_once(home: Path) -> None:
    clients = local_clients("http://127.0.0.1:9")
    assert clients.client("sts") is clients.sts


def test_an_unknown_service_is_an_error_of_ours() -> None:
    with pytest.raises(SmRawError, match="no sagemakr client can be made for us-east-1"):
        local_clients("http://127.0.0.1:9").client("sagemakr")


@pytest.mark.usefixtures("home")
def test_a_missing_region_is_told_with_the_ways_to_give_one() -> None:
    with pytest.raises(SmRawError, match=r"no AWS region.*--region us-east-1.*AWS_DEFAULT_REGION"):
        aws_clients()


@pytest.mark.usefixtures("home")
def test_missing_credentials_are_told_with_the_ways_to_get_some() -> None:
    with pytest.raises(SmRawError, match=r"no AWS credentials.*aws configure.*--target local"):
        aws_clients("us-east-1")


@pytest.mark.usefixtures("home")
def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(SmRawError, match=r"cannot be used.*\(work\)"):
        aws_clients("us-east-1", profile="work")


def test_aws_clients_come_from_the_usual_configuration(home: Path) -> None:
    (home / ".aws" / "config").write_text("[profile work]\nregion = eu-south-1\n")
    (home / ".aws" / "credentials").write_text(f"[work]\naws_access_key_id={REAL_KEY}\naws_secret_access_key=s\n")
    clients = aws_clients(profile="work")
    assert (clients.region, clients.endpoint_url) == ("eu-south-1", None)
    assert clients.sts.meta.endpoint_url == "https://sts.eu-south-1.amazonaws.com"
    assert clients.sts.meta.config.read_timeout == 75


def test_the_price_list_is_asked_where_it_is_and_all_else_in_the_region(home: Path) -> None:
    (home / ".aws" / "credentials").write_text(f"[default]\naws_access_key_id={REAL_KEY}\naws_secret_access_key=s\n")
    clients = aws_clients("eu-north-1")
    regions = {name: clients.client(name).meta.region_name for name in ("pricing", "service-quotas", "sagemaker")}
    assert regions == {"pricing": "us-east-1", "service-quotas": "eu-north-1", "sagemaker": "eu-north-1"}


def test_clients_that_are_renewed_have_the_credentials_that_there_are_by_now(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    clients = aws_clients()
    before = clients.client("sagemaker")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
    assert clients.client("sagemaker") is before
    clients.renew()
    assert clients.client("sagemaker") is not before
    assert clients.credentials is not None
    assert clients.credentials.access_key == "second"


def test_local_clients_have_nothing_to_renew() -> None:
    clients = local_clients("http://127.0.0.1:1")
    before = clients.client("sagemaker")
    clients.renew()
    assert clients.client("sagemaker") is before
