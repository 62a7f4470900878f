"""The only place that makes boto3 clients, and the only one that knows of AWS and of the local engine.

Everything else in this package takes clients as arguments: the local engine is the same clients with
another endpoint.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from sm_raw.errors import NotConfigured

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.credentials import Credentials
    from botocore.session import Session
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_pricing import PricingClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from types_boto3_service_quotas import ServiceQuotasClient
    from types_boto3_sts import STSClient

POOL_CONNECTIONS = 32
"""botocore's 10 would make the threads of an upload wait for one another."""

READ_TIMEOUT_SECONDS = 75
"""A model may take 60 s to answer, and AWS asks for a longer socket timeout than that.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

REGION_OF = {"pricing": "us-east-1"}
"""The Price List API tells the prices of every region, and is itself in three.

https://docs.aws.amazon.com/general/latest/gr/billing.html
"""

LOCAL_CONNECT_TIMEOUT_SECONDS = 3
LOCAL_ATTEMPTS = 3
LOCAL_KEY = "local"


class Clients:
    """boto3 clients by service name, made when first asked for, and kept; safe to share among threads.

    ``region`` and ``credentials`` are theirs; ``endpoint_url`` is None for AWS itself.
    """

    def __init__(
        self,
        make: Callable[[str], BaseClient],
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        anew: Callable[[], Clients] | None = None,
    ) -> None:
        self.region = region
        self.endpoint_url = endpoint_url
        self.credentials = credentials
        self._make, self._anew = make, anew
        self._made: dict[str, BaseClient] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The client of a service by boto3's name for it ("sagemaker-runtime")."""
        from botocore.exceptions import BotoCoreError

        # Making two clients from one session at the same time is not safe in botocore.
        with self._lock:
            if service not in self._made:
                try:
                    self._made[service] = self._make(service)
                except (BotoCoreError, ValueError) as error:
                    raise NotConfigured(f"no {service} client can be made for {self.region}: {error}") from error
            return self._made[service]

    def renew(self) -> None:
        """Read the configuration again, where it can have changed: clients from now on have its credentials.

        Clients that were handed out before keep theirs. Raises NotConfigured if there are none any more.
        """
        if self._anew is None:
            return
        fresh = self._anew()
        with self._lock:
            self._make, self._made, self.credentials = fresh._make, {}, fresh.credentials

    @property
    def sagemaker(self) -> SageMakerClient:
        return cast("SageMakerClient", self.client("sagemaker"))

    @property
    def runtime(self) -> SageMakerRuntimeClient:
        return cast("SageMakerRuntimeClient", self.client("sagemaker-runtime"))

    @property
    def s3(self) -> S3Client:
        return cast("S3Client", self.client("s3"))

    @property
    def logs(self) -> CloudWatchLogsClient:
        return cast("CloudWatchLogsClient", self.client("logs"))

    @property
    def autoscaling(self) -> ApplicationAutoScalingClient:
        return cast("ApplicationAutoScalingClient", self.client("application-autoscaling"))

    @property
    def cloudwatch(self) -> CloudWatchClient:
        return cast("CloudWatchClient", self.client("cloudwatch"))

    @property
    def ec2(self) -> EC2Client:
        return cast("EC2Client", self.client("ec2"))

    @property
    def ecr(self) -> ECRClient:
        return cast("ECRClient", self.client("ecr"))

    @property
    def iam(self) -> IAMClient:
        return cast("IAMClient", self.client("iam"))

    @property
    def awslambda(self) -> LambdaClient:
        return cast("LambdaClient", self.client("lambda"))

    @property
    def pricing(self) -> PricingClient:
        return cast("PricingClient", self.client("pricing"))

    @property
    def service_quotas(self) -> ServiceQuotasClient:
        return cast("ServiceQuotasClient", self.client("service-quotas"))

    @property
    def sts(self) -> STSClient:
        return cast("STSClient", self.client("sts"))


def aws_clients(region: str | None = None, profile: str | None = None) -> Clients:
    """Clients from the usual AWS configuration: environment, ~/.aws, container or instance role.

    Raises NotConfigured if that gives no region or no credentials, or cannot be read. Nothing is sent to AWS.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(region_name=region, profile_name=profile)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise NotConfigured(f"the AWS configuration cannot be used: {error}") from error
    if not session.region_name:
        raise NotConfigured(
            "no AWS region is configured; give one (--region us-east-1), set AWS_DEFAULT_REGION, or run `aws configure`"
        )
    if credentials is None:
        raise NotConfigured(
            "no AWS credentials were found in the environment, in ~/.aws or from a role; run `aws configure` "
            "or `aws sso login`, name a profile (--profile), or rehearse without an account: --target local"
        )
    config = Config(max_pool_connections=POOL_CONNECTIONS, read_timeout=READ_TIMEOUT_SECONDS)

    def make(service: str) -> BaseClient:
        # boto3's stubs know a literal for every service; here the name is a value.
        region = REGION_OF.get(service, session.region_name)
        return cast("BaseClient", cast(Any, session).client(service, region_name=region, config=config))

    return Clients(make, region=session.region_name, credentials=credentials, anew=lambda: aws_clients(region, profile))


def local_clients(endpoint_url: str, region: str = "us-east-1") -> Clients:
    """Clients of a local engine (or moto server) at a loopback URL, which cannot reach anything else.

    Nothing of the user's AWS configuration is read: no profile, no file below ~/.aws, no key, no endpoint,
    no proxy; the credentials are made up. Raises NotConfigured for a URL that is not plain HTTP on this
    machine.
    """
    import boto3
    from botocore.config import Config

    _require_loopback(endpoint_url)
    session: Any = boto3.Session(
        aws_access_key_id=LOCAL_KEY,
        aws_secret_access_key=LOCAL_KEY,
        region_name=region,
        botocore_session=_isolated_session(),
    )
    config = Config(
        connect_timeout=LOCAL_CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": LOCAL_ATTEMPTS},
        max_pool_connections=POOL_CONNECTIONS,
        proxies={},  # Not None, which would mean those of the environment.
        s3={"addressing_style": "path"},
    )

    def make(service: str) -> BaseClient:
        # verify=False reads no CA bundle; there is no TLS on this way.
        client = session.client(service, endpoint_url=endpoint_url, config=config, verify=False)
        return cast("BaseClient", client)

    return Clients(make, region=region, endpoint_url=endpoint_url, credentials=session.get_credentials())


def _require_loopback(endpoint_url: str) -> None:
    try:
        parts = urlsplit(endpoint_url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotConfigured(f"{endpoint_url!r} is no URL: {error}") from error
    if parts.scheme != "http" or port is None or not _is_loopback(host):
        raise NotConfigured(
            f"{endpoint_url!r} is no endpoint on this machine; give http://127.0.0.1:PORT, "
            "as `python -m sm_raw local` prints it"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _isolated_session() -> Session:
    """A botocore session for which the environment and ~/.aws do not exist."""
    from botocore.configprovider import ConstantProvider
    from botocore.loaders import Loader
    from botocore.session import Session

    # Each is (name in the file, name in the environment, default, conversion): only the last two are kept.
    variables = {name: (None, None, *rest) for name, (_, _, *rest) in cast(Any, Session).SESSION_VARIABLES.items()}
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, os.devnull, None)
    session = Session(session_vars=variables)
    # Sections have names in the file and the environment of their own.
    for section in ("s3", "proxies_config"):
        session.get_component("config_store").set_config_provider(section, ConstantProvider({}))
    # The usual loader prefers service models in ~/.aws/models.
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session
