"""What the caller of a run has to be allowed: least privilege, derived from the very requests that will be sent.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_sagemaker.html and its neighbours for
actions and resources, https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html for
scaling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

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
    service_principal,
)
from sm_raw.specs.run_resources import (
    Request,
    Requests,
    identity_paths,
    key_grants,
    log_groups,
    operation_of,
    passed_roles,
    s3_locations,
)

# {field at the top of a request: type of the resource that it names}; the first that is present is the request's own.
SAGEMAKER_NAMES = {
    "TrainingJobName": "training-job",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    "ProcessingJobName": "processing-job",
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
}
# {operation: what following it up and taking it down again needs, on the same resource}
COMPANIONS = {
    "CreateTrainingJob": "DescribeTrainingJob StopTrainingJob",
    "CreateHyperParameterTuningJob": "DescribeHyperParameterTuningJob StopHyperParameterTuningJob "
    "ListTrainingJobsForHyperParameterTuningJob",
    "CreateProcessingJob": "DescribeProcessingJob StopProcessingJob",
    "CreateTransformJob": "DescribeTransformJob StopTransformJob",
    "CreateModel": "DescribeModel DeleteModel",
    "CreateEndpointConfig": "DescribeEndpointConfig DeleteEndpointConfig",
    "CreateEndpoint": "DescribeEndpoint DeleteEndpoint InvokeEndpoint",
    "UpdateEndpoint": "DescribeEndpoint",
    "CreateFunction": "GetFunction GetFunctionConfiguration InvokeFunction DeleteFunction",
    "CreateAlias": "GetAlias DeleteAlias",
    "PutProvisionedConcurrencyConfig": "GetProvisionedConcurrencyConfig DeleteProvisionedConcurrencyConfig",
    "CreateFunctionUrlConfig": "GetFunctionUrlConfig DeleteFunctionUrlConfig",
    "AddPermission": "RemovePermission",
    "PublishVersion": "",
    "RegisterScalableTarget": "DeregisterScalableTarget",
    "PutScalingPolicy": "DeleteScalingPolicy",
    "PutScheduledAction": "DeleteScheduledAction",
    "DeregisterScalableTarget": "",
    "DeleteScalingPolicy": "",
    "DeleteScheduledAction": "",
    "PutMetricAlarm": "DeleteAlarms",
    "CreateRole": "GetRole DeleteRole",
    "PutRolePolicy": "GetRolePolicy DeleteRolePolicy",
    "AttachRolePolicy": "DetachRolePolicy",
    "CreateInstanceProfile": "GetInstanceProfile DeleteInstanceProfile",
    "AddRoleToInstanceProfile": "RemoveRoleFromInstanceProfile",
    "PutBucketPolicy": "GetBucketPolicy DeleteBucketPolicy",
}
# Uploading compares with what is there, and takes back what it could not finish.
UPLOAD_ACTIONS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
TAGGING = {"sagemaker": "AddTags", "lambda": "TagResource"}
# {service namespace: the role by which Application Auto Scaling acts, made when first needed}
SCALING_ROLES = {
    "sagemaker": "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
    "lambda": "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
}

Grants: TypeAlias = Iterator[Grant]


def caller_policy(requests: Requests, *, region: str, account: str, partition: str | None = None) -> PolicyDocument:
    """What sending the requests needs, with waiting, logs, results and removal of what they made.

    ``requests``: (operation, request) of all that will be sent. The partition follows from the region unless given.
    Uploads go to what the jobs read, downloads come from what they write.
    """
    place = place_of(region, account, partition)
    grants: list[Grant] = []
    for operation, request in requests:
        grants += [*_request_grants(operation_of(operation), request, place), *key_grants(request, place)]
    grants += _identities(requests, place)
    grants += _passing(requests, place)
    grants += _logs(requests, place)
    grants += _s3(requests, place)
    return policy(grants)


def _request_grants(operation: str, request: Request, place: Place) -> Grants:
    makers = {
        "FunctionName": _function,
        "ScalableDimension": _scaling,
        "AlarmName": _alarm,
        "logGroupName": _log_export,
        "Policy": _bucket_policy,
        "MinCount": _instance,
    }
    maker = next((make for field, make in makers.items() if field in request), _sagemaker)
    yield from maker(operation, request, place)


def _actions(service: str, operation: str, request: Request) -> tuple[str, ...]:
    names = [operation, *COMPANIONS.get(operation, "").split()]
    if request.get("Tags") and service in TAGGING:
        names.append(TAGGING[service])
    return tuple(f"{service}:{name}" for name in names)


def _sagemaker(operation: str, request: Request, place: Place) -> Grants:
    named = [(kind, request[field]) for field, kind in SAGEMAKER_NAMES.items() if isinstance(request.get(field), str)]
    if not named:
        return
    yield Grant(_actions("sagemaker", operation, request), place.sagemaker_arns(*named[0]))
    for other in named[1:]:
        yield Grant((f"sagemaker:{operation}",), place.sagemaker_arns(*other))
    if operation == "CreateHyperParameterTuningJob":
        # The training jobs are named after the tuning job, with a number and a few letters.
        children = place.sagemaker_arns("training-job", f"{named[0][1]}-*")
        yield Grant(("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"), children)


def _function(operation: str, request: Request, place: Place) -> Grants:
    name = str(request["FunctionName"])
    arn = name if name.startswith("arn:") else place.arn("lambda", f"function:{name}")
    yield Grant(_actions("lambda", operation, request), (arn, f"{arn}:*"))
    code = request.get("Code")
    if isinstance(code, Mapping) and "S3Bucket" in code:
        # It goes up by the caller, and Lambda fetches it in the caller's name.
        uri = f"s3://{code['S3Bucket']}/{code.get('S3Key')}"
        yield from object_grants(locations_of([uri]), UPLOAD_ACTIONS, place)
        yield from listing_grants(locations_of([uri]), place)
    if request.get("VpcConfig"):
        seen = ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
        yield Grant(seen, ("*",))


def _scaling(operation: str, request: Request, place: Place) -> Grants:
    namespace, resource = str(request.get("ServiceNamespace")), str(request.get("ResourceId"))
    condition = {"StringEquals": {"application-autoscaling:service-namespace": namespace}}
    targets = (place.arn("application-autoscaling", "scalable-target/*"),)
    yield Grant(_actions("application-autoscaling", operation, request), targets, condition)
    described = ("ScalableTargets", "ScalingActivities", "ScalingPolicies", "ScheduledActions")
    yield Grant(tuple(f"application-autoscaling:Describe{each}" for each in described), ("*",))
    if operation == "PutScalingPolicy":
        # Target tracking makes and removes its alarms in the caller's name.
        alarms = (place.arn("cloudwatch", f"alarm:TargetTracking-{resource}-*"),)
        yield Grant(("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"), alarms)
        yield Grant(("cloudwatch:DescribeAlarms",), ("*",))
    if resource.startswith("endpoint/"):
        changed = ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities")
        yield Grant(changed, place.sagemaker_arns("endpoint", resource.split("/")[1]))
    if operation == "RegisterScalableTarget" and namespace in SCALING_ROLES:
        service = f"{namespace}.application-autoscaling.amazonaws.com"
        role = place.arn("iam", f"role/aws-service-role/{service}/{SCALING_ROLES[namespace]}")
        yield Grant(("iam:CreateServiceLinkedRole",), (role,), {"StringEquals": {"iam:AWSServiceName": service}})


def _alarm(operation: str, request: Request, place: Place) -> Grants:
    yield Grant(_actions("cloudwatch", operation, request), (place.arn("cloudwatch", f"alarm:{request['AlarmName']}"),))
    yield Grant(("cloudwatch:DescribeAlarms",), ("*",))


def _identities(requests: Requests, place: Place) -> Grants:
    paths = identity_paths(requests)
    for operation, request in requests:
        # A role that goes into a profile changes the profile.
        kind = "instance-profile" if "InstanceProfileName" in request else "role" if "RoleName" in request else None
        if kind is not None:
            name = request["InstanceProfileName" if kind == "instance-profile" else "RoleName"]
            actions = _actions("iam", operation_of(operation), request)
            tagging = {"role": "iam:TagRole", "instance-profile": "iam:TagInstanceProfile"}
            allowed = (*actions, tagging[kind]) if request.get("Tags") else actions
            yield Grant(allowed, (place.arn("iam", f"{kind}{paths.get((kind, name), '/')}{name}"),))


def _log_export(operation: str, request: Request, place: Place) -> Grants:
    yield Grant((f"logs:{operation}",), place.log_group_arns(str(request["logGroupName"])))
    yield Grant(("logs:CancelExportTask", "logs:DescribeExportTasks"), ("*",))
    # The caller needs leave to write to the bucket, too, says API_CreateExportTask.
    bucket, prefix = request.get("destination"), request.get("destinationPrefix", "exportedlogs")
    exported = locations_of([f"s3://{bucket}/{prefix}"], are_folders=True)
    yield from object_grants(exported, ("s3:GetObject", "s3:PutObject"), place)
    yield from listing_grants(exported, place)


def _bucket_policy(operation: str, request: Request, place: Place) -> Grants:
    yield Grant(_actions("s3", operation, request), (place.arn("s3", str(request.get("Bucket"))),))


def _instance(operation: str, request: Request, place: Place) -> Grants:
    image = str(request.get("ImageId", "*"))
    named = [f"subnet/{request.get('SubnetId', '*')}", "instance/*", "network-interface/*", "volume/*"]
    named += [f"security-group/{each}" for each in request.get("SecurityGroupIds") or ["*"]]
    named += [f"key-pair/{request['KeyName']}"] if "KeyName" in request else []
    shared = f"arn:{place.partition}:ec2:{place.region}::image/{image if image.startswith('ami-') else '*'}"
    yield Grant(("ec2:RunInstances",), (shared, *(place.arn("ec2", each) for each in named)))
    if image.startswith("resolve:ssm:"):
        parameter = image.removeprefix("resolve:ssm:").lstrip("/")
        owner = "" if parameter.startswith("aws/") else place.account
        arn = f"arn:{place.partition}:ssm:{place.region}:{owner}:parameter/{parameter}"
        yield Grant(("ssm:GetParameters",), (arn,))
    yield Grant(("ec2:DescribeInstances",), ("*",))
    yield from _instance_tags(request, place)


def _instance_tags(request: Request, place: Place) -> Grants:
    """Tags of an instance are given while it starts, and tell which one may be terminated."""
    instances = (place.arn("ec2", "instance/*"),)
    specified = request.get("TagSpecifications") or []
    if specified:
        kinds = tuple(place.arn("ec2", f"{each.get('ResourceType')}/*") for each in specified)
        yield Grant(("ec2:CreateTags",), kinds, {"StringEquals": {"ec2:CreateAction": "RunInstances"}})
    tags = [tag for each in specified if each.get("ResourceType") == "instance" for tag in each.get("Tags", [])]
    own = {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags}
    yield Grant(("ec2:TerminateInstances",), instances, {"StringEquals": own} if own else {})


def _passing(requests: Requests, place: Place) -> Grants:
    for role, service in passed_roles(requests, place):
        condition = {"StringEquals": {"iam:PassedToService": service_principal(service, place.region)}}
        yield Grant(("iam:PassRole",), (role,), condition)


def _logs(requests: Requests, place: Place) -> Grants:
    for group in log_groups(requests):
        reading = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
        yield Grant(reading, place.log_group_arns(group))


def _s3(requests: Requests, place: Place) -> Grants:
    found = [each for _, request in requests for each in s3_locations(request)]
    uploads = [location for access, location in found if access == "read"]
    downloads = [location for access, location in found if access != "read"]
    yield from object_grants(uploads, UPLOAD_ACTIONS, place)
    yield from object_grants(downloads, ("s3:GetObject",), place)
    yield from listing_grants([*uploads, *_folders_around(uploads), *downloads], place)


def _folders_around(uploads: Iterable[S3Location]) -> Iterator[S3Location]:
    """An upload of several channels looks at once for what is there: below the folder that they have in common."""
    for location in uploads:
        parent = location.key.rstrip("/").rpartition("/")[0]
        if location.is_prefix and parent:
            yield S3Location(location.bucket, f"{parent}/", is_prefix=False)
