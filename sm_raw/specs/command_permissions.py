"""What the caller has to be allowed beside a run: to look before it, to keep its endpoint for a time, to clean up.

Each is a document of its own, so that nobody has to have the rights of all. A ``*`` stands where AWS knows no resource
for an action (listings, prices, quotas), or where the name is not known before; the reason is beside it.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.policy_documents import (
    Grant,
    Place,
    PolicyDocument,
    S3Location,
    locations_of,
    object_grants,
    place_of,
    policy,
)
from sm_raw.specs.run_resources import Requests, images_in, log_groups, operation_of, s3_locations

# Quotas, prices and listings are of the account or of everybody: no resource can be named.
QUOTA_GRANT = Grant(("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"), ("*",))
PRICE_GRANT = Grant(("pricing:GetProducts",), ("*",))
LISTED_KINDS = ("Endpoints", "HyperParameterTuningJobs", "ProcessingJobs", "TrainingJobs", "TransformJobs")
LIST_GRANT = Grant(tuple(f"sagemaker:List{kind}" for kind in LISTED_KINDS), ("*",))


def plan_policy() -> PolicyDocument:
    """What ``plan`` and ``run --budget`` read of quotas and prices."""
    return policy([QUOTA_GRANT, PRICE_GRANT])


def doctor_policy(
    requests: Requests,
    *,
    region: str,
    account: str,
    bucket: str,
    role_arn: str,
    partition: str | None = None,
) -> PolicyDocument:
    """What ``doctor`` asks about a run; GetCallerIdentity needs no right."""
    place = place_of(region, account, partition)
    looks = ("GetBucketPolicy", "GetBucketPublicAccessBlock", "GetEncryptionConfiguration", "ListBucket")
    # Who calls is not known before; the simulation shows his policies and the role's.
    callers = (place.arn("iam", "role/*"), place.arn("iam", "user/*"))
    return policy(
        [
            Grant(tuple(f"s3:{each}" for each in looks), (place.arn("s3", bucket),)),
            Grant(("iam:GetRole",), (place.arn("iam", "role/*"),)),
            Grant(("iam:SimulatePrincipalPolicy",), (*callers, role_arn)),
            Grant(("sagemaker:ListTrainingJobs",), ("*",)),
            QUOTA_GRANT,
            *_image_grants(requests, place),
        ]
    )


def _image_grants(requests: Requests, place: Place) -> Iterator[Grant]:
    for image in dict.fromkeys(image for _, request in requests for image in images_in(request)):
        arn = f"arn:{place.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
        yield Grant(("ecr:BatchGetImage",), (arn,))


def lifetime_policy(requests: Requests, *, region: str, account: str, partition: str | None = None) -> PolicyDocument:
    """What ``run --lifetime`` and ``down --expired`` do to endpoints, but for passing the schedule's role."""
    place = place_of(region, account, partition)
    names = [str(request.get("EndpointName")) for name, request in requests if operation_of(name) == "CreateEndpoint"]
    grants = [Grant(("sagemaker:ListEndpoints",), ("*",))] if names else []
    for name in names:
        tagging = ("sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags")
        grants.append(Grant(tagging, place.sagemaker_arns("endpoint", name)))
        # The schedule's name is the endpoint's, cut short, and a hash.
        schedules = (place.arn("scheduler", "schedule/default/delete-*"),)
        changes = ("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
        grants.append(Grant(tuple(f"scheduler:{change}" for change in changes), schedules))
    return policy(grants)


def cleaning_policy(requests: Requests, *, region: str, account: str, partition: str | None = None) -> PolicyDocument:
    """What ``down --objects --logs`` removes that would otherwise stay: data, results and logs of the run."""
    place = place_of(region, account, partition)
    locations = [location for _, request in requests for _, location in s3_locations(request)]
    grants = [*object_grants([*locations, *_function_codes(requests)], ("s3:DeleteObject",), place)]
    removal = ("logs:DeleteLogGroup", "logs:DeleteLogStream")
    grants += [Grant(removal, place.log_group_arns(group)) for group in log_groups(requests)]
    # Finding out that a group is there goes by a prefix of names, and so over all groups.
    return policy([*grants, Grant(("logs:DescribeLogGroups",), (place.arn("logs", "log-group:*"),))])


def _function_codes(requests: Requests) -> list[S3Location]:
    codes = [request.get("Code", {}) for name, request in requests if operation_of(name) == "CreateFunction"]
    return locations_of(f"s3://{code['S3Bucket']}/{code['S3Key']}" for code in codes if "S3Bucket" in code)


def listing_policy(*, region: str, account: str, partition: str | None = None) -> PolicyDocument:
    """What ``ls`` looks through: all that runs in the account and region, whoever started it."""
    place = place_of(region, account, partition)
    described = {
        "DescribeEndpoint": "endpoint",
        "DescribeEndpointConfig": "endpoint-config",
        "DescribeProcessingJob": "processing-job",
        "DescribeTrainingJob": "training-job",
        "DescribeTransformJob": "transform-job",
        "ListTags": "endpoint",
    }
    return policy(
        [
            *(Grant((f"sagemaker:{name}",), place.sagemaker_arns(kind, "*")) for name, kind in described.items()),
            LIST_GRANT,
            Grant(("application-autoscaling:DescribeScalableTargets", "lambda:ListFunctions"), ("*",)),
            Grant(("lambda:ListProvisionedConcurrencyConfigs",), (place.arn("lambda", "function:*"),)),
            PRICE_GRANT,
        ]
    )
