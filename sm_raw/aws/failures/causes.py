"""Why jobs and endpoints fail, by their messages: what was found in public threads, its cause and what to do.

A new cause is a new row here, and a real message in its test. Patterns are searched for in any case; ``source``
is where such a message was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

SDK = "https://github.com/aws/sagemaker-python-sdk/issues"
EXAMPLES = "https://github.com/aws/amazon-sagemaker-examples/issues"
RETRIES = (
    "https://github.com/DIAGNijmegen/rse-grand-challenge/blob/main/"
    "app/grandchallenge/components/backends/amazon_sagemaker_training.py"
)
TRAINING_JOB = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html"


@dataclass(frozen=True)
class Cause:
    """One known cause. A ``symptom`` says what went wrong, not why: a log may tell more, and then comes first."""

    id: str
    patterns: tuple[str, ...]
    cause: str
    remedy: str
    source: str
    is_symptom: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns), re.IGNORECASE)

    def found_in(self, text: str) -> int | None:
        """Where the text tells of it first."""
        found = self._pattern.search(text)
        return found.start() if found else None


CAUSES: tuple[Cause, ...] = (
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
    # The user's program.
    Cause(
        "hyperparameters-refused",
        (
            r"error: unrecognized arguments",
            r"error: argument \S+: (?:invalid|expected)",
            r"error: the following arguments are required",
            r"not used by the HfArgumentParser",
        ),
        "The script's argument parser refused the hyperparameters: argparse ends with exit code 2.",
        "Add the arguments to the script, or take them out of HyperParameters; each is passed as --NAME VALUE.",
        f"{SDK}/1720",
    ),
    Cause(
        "smdebug-missing",
        (r"No module named '?smdebug",),
        "The code imports smdebug, which this image does not have; inference images never do.",
        "Import it only where it is there (try ... except ImportError), or take an image that carries it.",
        f"{EXAMPLES}/1112",
    ),
    Cause(
        "module-missing",
        (r"No module named '?(?!smdebug)[\w.]+'?(?![\w./])",),
        "The code imports a package that the container does not have.",
        "Add it to requirements.txt next to the entry point (for inference in code/ of model.tar.gz), or import it "
        "only where it is used.",
        f"{EXAMPLES}/1657",
    ),
    Cause(
        "model-fn-missing",
        (r"provide a model_fn implementation",),
        "The container found no inference code that says how to load the model.",
        "Put inference.py with model_fn into code/ of model.tar.gz, and name it in SAGEMAKER_PROGRAM.",
        "https://github.com/localstack-samples/localstack-pro-samples/issues/254",
    ),
    Cause(
        "gpu-memory",
        (r"CUDA out of memory", r"CUDA error: out of memory", r"cuda\.OutOfMemoryError"),
        "The GPU's memory was not enough.",
        "Take a smaller batch (with gradient accumulation), mixed precision, or an instance with larger GPUs.",
        f"{EXAMPLES}/3046",
    ),
    Cause(
        "host-memory",
        (
            r"exit (?:code|status):? ?'?(?:137|-9)\b",
            r"ExitCode:? ?(?:137|-9)\b",
            r"use an instance type with more memory",
            r"Out of Memory\. Please use a larger instance",
            r"Signals\.SIGKILL",
            r"Cannot allocate memory",
            r"^MemoryError\b",
        ),
        "The instance's memory was not enough: the system killed the process (exit code 137).",
        "Take an instance with more memory, fewer data loader workers, or read the data in parts.",
        RETRIES,
    ),
    Cause(
        "crash",
        (r"exit (?:code|status):? ?'?(?:139|132|-11|-4)\b", r"Segmentation fault", r"Illegal instruction"),
        "Native code crashed (139: segmentation fault, 132: an instruction that the CPU does not have).",
        "Compare the versions of compiled packages with the image's, and try another instance family.",
        f"{SDK}/134",
    ),
    Cause(
        "disk-full",
        (r"No space left on device", r"Insufficient disk space"),
        "The instance's disk was full.",
        "Raise VolumeSizeInGB, write to /opt/ml or /tmp rather than to the root, or stream the data (FastFile).",
        f"{SDK}/128",
    ),
    # Limits in time.
    Cause(
        "runtime-limit",
        (r"MaxRuntimeExceeded", r"longer than StoppingCondition\.MaxRuntimeInSeconds"),
        "The job ran longer than MaxRuntimeInSeconds, so the service stopped it.",
        "Raise MaxRuntimeInSeconds, take faster instances, or save checkpoints and go on from them.",
        TRAINING_JOB,
    ),
    Cause(
        "wait-limit",
        (r"MaxWaitTimeExceeded", r"longer than StoppingCondition\.MaxWaitTimeInSeconds"),
        "Waiting for spot instances and running took longer than MaxWaitTimeInSeconds.",
        "Raise MaxWaitTimeInSeconds, take another instance type, or run without spot.",
        TRAINING_JOB,
    ),
    Cause(
        "spot-interrupted",
        (r"spot (?:training )?instances? (?:were|was) interrupted", r"SecondaryStatus: Interrupted"),
        "The spot instance was taken back while the job ran.",
        "Save checkpoints to /opt/ml/checkpoints with CheckpointConfig and start from the last one; the service "
        "then restarts the job by itself.",
        TRAINING_JOB,
    ),
    # Tuning and Debugger.
    Cause(
        "no-objective-metric",
        (r"No objective metrics found", r"A metric is required for this hyperparameter tuning job objective"),
        "The tuning job did not find its objective metric in the logs of its training jobs.",
        "Print the metric on a line of its own, and try the regex of MetricDefinitions on such a line; its name has "
        "to be the objective's.",
        f"{SDK}/3932",
    ),
    Cause(
        "children-failed",
        (r"No training job succeeded after", r"All training jobs failed"),
        "The training jobs of the tuning job failed.",
        "Look at why they failed; it is mostly the same for all.",
        f"{EXAMPLES}/2437",
        is_symptom=True,
    ),
    Cause(
        "debugger-no-data",
        (r"No debugging data was saved",),
        "A Debugger rule found no tensors: the hook was not set up, or saved no collection that the rule reads.",
        "Take an image and framework version with smdebug, and give DebugHookConfig with the rule's collections.",
        f"{SDK}/1907",
    ),
    # Endpoints and what calls them.
    Cause(
        "ping",
        (r"did not pass the ping health check", r"container failed to respond to ping"),
        "The model's container did not answer GET /ping with 200 in time.",
        "Look at its log for the import or load error, try the model locally, or raise "
        "ContainerStartupHealthCheckTimeoutInSeconds for a large model.",
        f"{EXAMPLES}/210",
        is_symptom=True,
    ),
    Cause(
        "payload-size",
        (
            r"content length exceeded \d+ bytes",
            r"(?:occurred|error) \(413\)",
            r"Request Entity Too Large",
            r"has oversize body",
            r"length limit exceeded",
        ),
        "The request's body is larger than the endpoint takes.",
        "Resize or compress it, send the S3 address instead, or use an asynchronous endpoint.",
        f"{EXAMPLES}/245",
    ),
    Cause(
        "content-type",
        (
            r"Unsupported Media Type",
            r"Unsupported content-type",
            r"content-type \S+ not supported",
            r"is not an accepted ContentType",
            r"(?:occurred|error) \(415\)",
        ),
        "The container does not take this content type.",
        "Send a type that input_fn knows (image/jpeg, application/x-npy, application/json), or teach it this one.",
        "https://github.com/aws/sagemaker-tensorflow-serving-container/issues/162",
    ),
    Cause(
        "model-timeout",
        (r"invocation timed out while waiting for a response from container",),
        "The model did not answer within 60 seconds.",
        "Send less at a time, take a faster instance, or use an asynchronous endpoint.",
        f"{SDK}/1119",
    ),
    Cause(
        "model-error",
        (r"Received (?:server error \(5\d\d\)|client error \(4(?!13|15)\d\d\)) from",),
        "The model's own code raised an error while it answered.",
        "Look at the endpoint's log for the traceback, and try the same input locally.",
        "https://github.com/awslabs/realtime-fraud-detection-with-gnn-on-dgl/issues/1331",
        is_symptom=True,
    ),
    Cause(
        "lambda-timeout",
        (r"Task timed out after [\d.]+ seconds",),
        "The Lambda function reached its own time limit, 3 seconds unless set.",
        "Give it a longer Timeout than the endpoint may take (60 s), and in a VPC a way to the SageMaker runtime.",
        "https://github.com/awslabs/realtime-fraud-detection-with-gnn-on-dgl/issues/57",
    ),
    # Log export.
    Cause(
        "export-limit",
        (r"\(LimitExceededException\) when calling the CreateExportTask", r"Resource limit exceeded"),
        "Another export task is active; an account has one at a time.",
        "Wait for its end (describe-export-tasks) or cancel it.",
        "https://github.com/awslabs/fhir-works-on-aws-deployment/issues/423",
    ),
    Cause(
        "export-bucket-policy",
        (r"GetBucketAcl call on the given bucket failed", r"CreateExportTask caller has been granted s3:PutObject"),
        "The bucket's policy does not let CloudWatch Logs write to it.",
        "Let export_logs set it, or add the statements of export_bucket_policy for this region and account.",
        "https://github.com/aws/amazon-ecs-agent/pull/5116",
    ),
)

BY_EXIT_CODE = {2: "hyperparameters-refused", 137: "host-memory", -9: "host-memory", 139: "crash", 132: "crash"}
"""What an exit code alone suggests, where nothing tells more."""


def match_causes(text: str) -> list[Cause]:
    """The known causes that a text tells of, in the order in which it does, but symptoms last."""
    found = [(cause, where) for cause in CAUSES if (where := cause.found_in(text)) is not None]
    return [cause for cause, _ in sorted(found, key=lambda pair: (pair[0].is_symptom, pair[1]))]


def cause_of_exit_code(exit_code: int | None) -> list[Cause]:
    return [cause for cause in CAUSES if exit_code is not None and cause.id == BY_EXIT_CODE.get(exit_code)]


def merged(*causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Each cause once, the first lists first, symptoms last."""
    every = dict.fromkeys(cause for some in causes for cause in some)
    return tuple(sorted(every, key=lambda cause: cause.is_symptom))
