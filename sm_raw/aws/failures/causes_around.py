"""What goes wrong around a program: quotas, instances, permissions, images, data, networks.

A new cause is a new row here, and a real message in its test; see ``cause``.
"""

from __future__ import annotations

from sm_raw.aws.failures.cause import Cause

SDK = "https://github.com/aws/sagemaker-python-sdk/issues"
EXAMPLES = "https://github.com/aws/amazon-sagemaker-examples/issues"
RETRIES = (
    "https://github.com/DIAGNijmegen/rse-grand-challenge/blob/main/"
    "app/grandchallenge/components/backends/amazon_sagemaker_training.py"
)

AROUND: tuple[Cause, ...] = (
    # Before anything runs: quotas, capacity, instances.
    Cause(
        "quota",
        (r"account-level service limit",),
        "The account's quota for these instances is used up, or zero as in a new account.",
        "Ask Service Quotas for more (SageMaker, the name in quotation marks), or take fewer or other instances; "
        "each Debugger rule counts as a processing instance.",
        "https://github.com/data-science-on-aws/data-science-on-aws/issues/200",
    ),
    Cause(
        "instance-not-in-region",
        (r"requested resource \S+ is not available in this region",),
        "The region does not offer this instance type for this purpose.",
        "Take another instance type, or another region with bucket, image and role there.",
        f"{EXAMPLES}/1001",
    ),
    Cause(
        "capacity",
        (r"CapacityError", r"InsufficientInstanceCapacity", r"InsufficientCapacity", r"Unable to provision requested"),
        "AWS has no free instance of this type in the region at the moment.",
        "Try again later, or take another instance type or region; the request itself is right.",
        "https://github.com/DIAGNijmegen/rse-grand-challenge/issues/2631",
    ),
    Cause(
        "internal-error",
        (r"InternalServerError: We encountered an internal error",),
        "The service itself failed; large checkpoints that it restores or uploads are a known reason.",
        "Try again once; if it comes back, look whether the log ends early, and keep fewer checkpoints in S3.",
        RETRIES,
        is_symptom=True,
    ),
    # Identities and permissions.
    Cause(
        "pass-role",
        (r"not authorized to perform:? iam:PassRole",),
        "Who sent the request may not hand this role to SageMaker.",
        "Allow the caller iam:PassRole on the role's ARN, with iam:PassedToService sagemaker.amazonaws.com.",
        "https://github.com/aws/amazon-sagemaker-feedback/issues/61",
    ),
    Cause(
        "assume-role",
        (r"unable to assume the role", r"could not assume role", r"not authorized to perform:? sts:AssumeRole"),
        "SageMaker cannot take on the role: its ARN is wrong, or its trust policy does not name the service.",
        "Compare the ARN, its path (service-role/) included, and let the role's trust policy allow "
        "sagemaker.amazonaws.com sts:AssumeRole.",
        f"{SDK}/43",
    ),
    Cause(
        "kms-access",
        (r"kms:(?:Decrypt|Encrypt|GenerateDataKey|CreateGrant)", r"refers to a customer master key"),
        "The role may not use the KMS key with which the data, the volume or the output is encrypted.",
        "Allow the role kms:Decrypt and kms:GenerateDataKey (and kms:CreateGrant for volumes), in its policy and "
        "in the key's.",
        "https://github.com/aws/aws-encryption-sdk-javascript/issues/1005",
    ),
    Cause(
        "access-denied",
        (r"not authorized to perform:? (?!iam:PassRole|sts:AssumeRole|kms:|ecr:|s3:)\w[\w-]*:\w+",),
        "An identity lacks a permission; the message names both, and whether a policy denies it expressly.",
        "Add the action on the resource named to the policy of that identity; an explicit deny has to be removed "
        "where it stands.",
        "https://github.com/aws-samples/aws-modern-application-workshop/issues/253",
    ),
    Cause(
        "credentials-expired",
        (r"ExpiredToken", r"security token included in the request is expired"),
        "The caller's temporary credentials have ended; a job under way goes on without them.",
        "Renew them (aws sso login, or whatever made them) and go on waiting; submit nothing again.",
        "https://github.com/autogluon/autogluon-cloud/issues/133",
    ),
    Cause(
        "throttled",
        (r"ThrottlingException", r"\bRate exceeded\b", r"TooManyRequestsException"),
        "Too many calls of this kind were sent by the account at once.",
        "Send fewer at a time, poll less often, and let retries back off.",
        f"{SDK}/645",
    ),
    # Images.
    Cause(
        "image-missing",
        (r"manifest unknown", r"requested image not found", r"cannot find the requested image"),
        "There is no image of this name and tag in the registry.",
        "Compare the account, region, repository and tag of the image URI with what ECR lists.",
        "https://github.com/aws-samples/amazon-sagemaker-tensorflow-object-detection-api/issues/14",
    ),
    Cause(
        "image-access",
        (
            r"cannot pull algorithm container",
            r"(?:not authorized to perform:?|does not grant) ecr:",
            r"access denied for repository",
            r"make sure all images included in the model",
        ),
        "The image cannot be pulled: it is not in this account and region, or the role may not read it.",
        "Take the image URI of your region, and allow the role (and, across accounts, the repository's policy) "
        "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer.",
        f"{SDK}/1968",
    ),
    Cause(
        "entry-point-missing",
        (
            r"can't open file '[^']*'?.*No such file",
            r"exec train failed: No such file",
            r"No module named \S*/",
            r"\"?train\"?: executable file not found",
        ),
        "The container does not find the program that it is to run.",
        "Give sagemaker_program as it lies at the top of the source archive, or an image that has a train program.",
        f"{SDK}/966",
    ),
    # Data.
    Cause(
        "s3-empty",
        (r"No S3 objects found under S3 URL", r"NoSuchKey", r"NoSuchBucket", r"\(404\) when calling the HeadObject"),
        "Nothing lies at an S3 address of the request, or the role may not list it.",
        "List the prefix (aws s3 ls), compare the region, and allow the role s3:ListBucket on the bucket.",
        "https://github.com/hashicorp/terraform-provider-aws/pull/47138",
    ),
    Cause(
        "s3-access",
        (
            r"\(AccessDenied: Access Denied\)",
            r"\(403\) when calling the HeadObject",
            r"not authorized to perform:? s3:",
            r"\(AccessDenied\) when calling the (?:ListObjects|GetObject|PutObject|HeadObject)",
        ),
        "The role may not read or write an S3 address of the request.",
        "Allow the role s3:GetObject, s3:PutObject and s3:ListBucket there; look also at the bucket's policy.",
        f"{EXAMPLES}/4384",
    ),
    Cause(
        "s3-region",
        (
            r"BucketRegionError",
            r"PermanentRedirect",
            r"must be in the same region as the job",
            r"must be addressed using the specified endpoint",
        ),
        "The bucket is in another region than the job.",
        "Copy the data to a bucket in the job's region, or run the job where the bucket is.",
        f"{EXAMPLES}/3881",
    ),
    Cause(
        "model-data",
        (r"could not (?:access|find) model data",),
        "The model archive is not at the address given, or the role may not read it.",
        "Give ModelDataUrl with the whole key (.../output/model.tar.gz), and allow the role s3:GetObject on it.",
        "https://github.com/philschmid/llm-sagemaker-sample/issues/2",
    ),
    # Networks.
    Cause(
        "vpc-no-s3",
        (r"route table has a route to an S3 VPC endpoint", r"unable to execute request to S3"),
        "The job's subnets have no way to S3.",
        "Add an S3 gateway endpoint to their route tables, and let security groups and network ACLs pass it.",
        "https://github.com/aws/amazon-sagemaker-operator-for-k8s/pull/22",
    ),
    Cause(
        "vpc-subnet",
        (
            r"not enough free addresses in subnet",
            r"InsufficientFreeAddressesInSubnet",
            r"subnet ID '?[\w-]*'? ?does not exist",
            r"InvalidSubnetID",
            r"expected DHCP options to include keys",
        ),
        "A subnet of VpcConfig cannot take the instances: it is full, gone, or its DHCP options are incomplete.",
        "Give subnets of this account and region with free addresses, and DHCP options with a domain name and servers.",
        "https://github.com/PrairieLearn/PrairieLearn/issues/3271",
    ),
    Cause(
        "pip-install",
        (
            r"Install(?:Module|Requirements)Error",
            r"No matching distribution found",
            r"Could not find a version that satisfies the requirement",
            r"exceeded with url: /simple/",
        ),
        "The container could not install the packages of requirements.txt.",
        "Try the same versions with the image's Python; in a VPC without NAT, or with network isolation, bring "
        "wheels along or build them into the image.",
        "https://github.com/aws/sagemaker-training-toolkit/issues/19",
    ),
)
