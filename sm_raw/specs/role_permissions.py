"""What the roles of a run have to be allowed, derived from the very requests that will be sent.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html for jobs and models,
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html for functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sm_raw.specs.assembly import EMPTY
from sm_raw.specs.policy_documents import (
    Grant,
    Place,
    PolicyDocument,
    S3Location,
    listing_grants,
    locations_of,
    object_grants,
    place_of,
    policy,
    texts,
)
from sm_raw.specs.run_resources import (
    RULE_FIELDS,
    Request,
    Requests,
    images_in,
    key_grants,
    log_groups,
    operation_of,
    roles_in,
    s3_locations,
)

LOG_ACTIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
IMAGE_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
READ_ACTIONS = ("s3:GetObject",)
WRITE_ACTIONS = ("s3:AbortMultipartUpload", "s3:PutObject")
# What hosting tells of a model whose role is asked for, though it names no role itself.
HOSTING_OPERATIONS = {"CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"}
# The topic of smdebug's e-mails and text messages (smdebug/rules/action/message_action.py).
MESSAGES_TOPIC = "SMDebugRules"
STOPPED_PREFIX = re.compile(r"training_job_prefix\W+([A-Za-z0-9][A-Za-z0-9-]*)")

Grants: TypeAlias = Iterator[Grant]


def execution_role_policy(
    requests: Requests,
    *,
    region: str,
    account: str,
    role_arn: str | None = None,
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    partition: str | None = None,
) -> PolicyDocument:
    """What SageMaker does in the role's name: fetch data, code, model and image, write results, logs and metrics.

    With ``role_arn`` the requests that hand on this role are meant, and the endpoints of its models; without, all.
    ``reads`` and ``writes`` are S3 URIs that no request names: the objects of a manifest, what the script takes or
    callers of an asynchronous endpoint send. EFS and FSx need no policy here: the network decides.
    """
    place = place_of(region, account, partition)
    own = _of_role(requests, role_arn)
    found = [each for _, request in own for each in s3_locations(request)]
    read = [*locations_of(reads), *(location for access, location in found if access != "write")]
    written = [*locations_of(writes, are_folders=True), *(each for access, each in found if access != "read")]
    grants = [*_s3(read, written, place), *_logs_and_metrics(own, place)]
    for operation, request in own:
        grants += [*_images(request, place), *key_grants(request, place), *_network(request, place)]
        grants += _rule_actions(request, place) if operation_of(operation) == "CreateTrainingJob" else ()
    return policy(grants)


def lambda_role_policy(
    function: Mapping[str, Any],
    *,
    region: str,
    account: str,
    endpoint_name: str | None = None,
    reads: Sequence[str] = (),
    partition: str | None = None,
) -> PolicyDocument:
    """What a function does, by its CreateFunction request: ask its endpoint, write its log, read ``reads`` in S3.

    The endpoint is the one in its ENDPOINT_NAME unless given.
    """
    place = place_of(region, account, partition)
    named = endpoint_name or function.get("Environment", EMPTY).get("Variables", EMPTY).get("ENDPOINT_NAME")
    grants = [Grant(LOG_ACTIONS, place.log_group_arns(f"/aws/lambda/{function.get('FunctionName')}"))]
    if named:
        grants.append(Grant(("sagemaker:InvokeEndpoint",), place.sagemaker_arns("endpoint", str(named))))
    grants += _s3(locations_of(reads), [], place)
    if function.get("VpcConfig"):
        # AWSLambdaVPCAccessExecutionRole asks for the same: Lambda's interfaces are shared and cannot be named.
        interfaces = (
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "DescribeNetworkInterfaces",
            "DescribeSubnets",
        )
        grants.append(Grant(tuple(f"ec2:{action}" for action in interfaces), ("*",)))
    return policy(grants)


def instance_role_policy(
    *, region: str, reads: Sequence[str] = (), writes: Sequence[str] = (), partition: str | None = None
) -> PolicyDocument:
    """What an EC2 instance that trains does: fetch ``reads`` from S3 and put its results below ``writes``."""
    place = place_of(region, "", partition)
    return policy(_s3(locations_of(reads), locations_of(writes, are_folders=True), place))


def _of_role(requests: Requests, role_arn: str | None) -> Requests:
    if role_arn is None:
        return [each for each in requests if roles_in(each[1]) or operation_of(each[0]) in HOSTING_OPERATIONS]
    own = [each for each in requests if role_arn in roles_in(each[1])]
    hosts = any(operation_of(operation) == "CreateModel" for operation, _ in own)
    return [*own, *(each for each in requests if hosts and operation_of(each[0]) in HOSTING_OPERATIONS)]


def _s3(read: Iterable[S3Location], written: Iterable[S3Location], place: Place) -> Grants:
    read = list(read)
    yield from object_grants(read, READ_ACTIONS, place)
    yield from object_grants(written, WRITE_ACTIONS, place)
    yield from listing_grants(read, place)


def _logs_and_metrics(requests: Requests, place: Place) -> Grants:
    operations = {operation_of(operation) for operation, _ in requests}
    groups = log_groups(requests)
    if "CreateModel" in operations and not operations & HOSTING_OPERATIONS:
        groups.append("/aws/sagemaker/Endpoints/*")
    for group in groups:
        yield Grant(LOG_ACTIONS, place.log_group_arns(group))
    if requests:
        namespaces = {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}}
        yield Grant(("cloudwatch:PutMetricData",), ("*",), namespaces)


def _images(request: Request, place: Place) -> Grants:
    for image in images_in(request):
        arn = f"arn:{place.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
        yield Grant(IMAGE_ACTIONS, (arn,))
        yield Grant(("ecr:GetAuthorizationToken",), ("*",))


def _network(request: Request, place: Place) -> Grants:
    configs = {(path[:-2], path[-2], value) for path, value in texts(request) if "VpcConfig" in path}
    if not configs:
        return
    named = {"Subnets": "subnet", "SecurityGroupIds": "security-group"}
    used = sorted(place.arn("ec2", f"{named[str(field)]}/{value}") for _, field, value in configs if field in named)
    interfaces = place.arn("ec2", "network-interface/*")
    yield Grant(("ec2:CreateNetworkInterface",), (interfaces, *used))
    changed = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
    yield Grant(tuple(f"ec2:{action}" for action in changed), (interfaces,))
    seen = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    yield Grant(tuple(f"ec2:Describe{each}" for each in seen), ("*",))


def _rule_actions(request: Request, place: Place) -> Grants:
    """What the built-in actions of Debugger rules do: stop the training job, send messages."""
    rules = [request.get(field) for field in RULE_FIELDS]
    actions = " ".join(value for path, value in texts(rules) if path[-1] == "action_json")
    if "stoptraining" in actions:
        jobs = STOPPED_PREFIX.findall(actions) or [str(request.get("TrainingJobName"))]
        arns = [arn for job in jobs for arn in place.sagemaker_arns("training-job", f"{job}*")]
        yield Grant(("sagemaker:StopTrainingJob",), tuple(arns))
        yield Grant(("sagemaker:ListTrainingJobs",), ("*",))
    if "email" in actions or "sms" in actions:
        topic = place.arn("sns", MESSAGES_TOPIC)
        yield Grant(("sns:CreateTopic", "sns:Publish", "sns:Subscribe"), (topic,))
        yield Grant(("sns:ListSubscriptions",), ("*",))
