"""The catalogue against real messages, as they stand in the threads that its rows name, and against near misses."""

from __future__ import annotations

import re

import pytest

from sm_raw.aws.failures.causes import CAUSES, cause_of_exit_code, match_causes, merged

ARN = "arn:aws:iam::111122223333:role/Trainer"

MESSAGES = [
    (
        "An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The account-level "
        "service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances "
        "and a request delta of 1 Instances. Please contact AWS support to request an increase for this limit.",
        ["quota"],
    ),
    ("The account-level service limit 'Number of instances across all processing jobs' is 4 Instances", ["quota"]),
    ("The requested resource training-job/ml.p2.xlarge is not available in this region", ["instance-not-in-region"]),
    (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML "
        "instance type.",
        ["capacity"],
    ),
    ("An error occurred (InsufficientInstanceCapacity) when calling the RunInstances operation", ["capacity"]),
    ("EC2InsufficientCapacityError: Instance type 'ml.g5.48xlarge' is temporarily unavailable", ["capacity"]),
    ("InternalServerError: We encountered an internal error. Please try again.", ["internal-error"]),
    (
        "User: arn:aws:sts::111122223333:assumed-role/R/SageMaker is not authorized to perform: iam:PassRole on "
        f"resource: {ARN} because no identity-based policy allows the iam:PassRole action",
        ["pass-role"],
    ),
    (f"ClientError: SageMaker was unable to assume the role '{ARN}'", ["assume-role"]),
    ("ValidationException: Could not assume role", ["assume-role"]),
    (
        "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in "
        "this region, or you are not allowed to access.",
        ["kms-access"],
    ),
    (f"User {ARN} is not authorized to perform: kms:GenerateDataKey on this resource", ["kms-access"]),
    (
        "(AccessDeniedException) when calling the CreateTrainingJob operation: User: arn:aws:sts::111122223333:"
        "assumed-role/R/SageMaker is not authorized to perform: sagemaker:CreateTrainingJob on resource: "
        "arn:aws:sagemaker:us-east-1:111122223333:training-job/knn with an explicit deny",
        ["access-denied"],
    ),
    ("ClientError: ... The security token included in the request is expired.", ["credentials-expired"]),
    ("An error occurred (ExpiredTokenException) when calling the DescribeTrainingJob", ["credentials-expired"]),
    (
        "An error occurred (ThrottlingException) when calling the CreateTrainingJob operation (reached max retries: "
        "4): Rate exceeded",
        ["throttled"],
    ),
    (
        "ClientError: API error (404): manifest for 111122223333.dkr.ecr.us-west-2.amazonaws.com/x:1 not found: "
        "manifest unknown: Requested image not found",
        ["image-missing"],
    ),
    ("when calling the CreateTrainingJob operation: Cannot find the requested image:", ["image-missing"]),
    (
        "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are "
        "incorrect.",
        ["image-access"],
    ),
    ("Access denied for repository: sagemaker-spark-processing in registry ID: 314815235551.", ["image-access"]),
    (
        "The repository of your image X does not grant ecr:GetDownloadUrlForLayer, ecr:BatchGetImage, "
        "ecr:BatchCheckLayerAvailability permission to sagemaker.amazonaws.com service principal.",
        ["image-access"],
    ),
    (f"{ARN} is not authorized to perform: ecr:BatchGetImage on resource: R", ["image-access"]),
    (
        "Please make sure all images included in the model for the production variant variant-1 exist, and that the "
        "execution role used to create the model has permissions to access them.",
        ["image-access"],
    ),
    ("[FATAL tini (7)] exec train failed: No such file or directory", ["entry-point-missing"]),
    ("/usr/bin/python: No module named src/train", ["entry-point-missing"]),
    ("python: can't open file '/opt/ml/code/train.py': [Errno 2] No such file or directory", ["entry-point-missing"]),
    (
        '(ValidationException) when calling the CreateTrainingJob operation: No S3 objects found under S3 URL "s3://x" '
        "given in input data source. Please ensure that the bucket exists in the selected region (us-east-1)",
        ["s3-empty"],
    ),
    (
        "ClientError: Data download failed:Unable to download object s3://bucket/key (AccessDenied: Access Denied)",
        ["s3-access"],
    ),
    ("An error occurred (403) when calling the HeadObject operation: Forbidden", ["s3-access"]),
    (
        "ClientError: Artifact upload failed:Unable to upload file to s3://b/k (BucketRegionError: bucket must be in "
        "the same region as the job)",
        ["s3-region"],
    ),
    (
        "PermanentRedirect\nThe bucket you are attempting to access must be addressed using the specified endpoint.",
        ["s3-region"],
    ),
    (
        "(ValidationException) when calling the CreateModel operation: Could not access model data at s3://b/model/. "
        'Please ensure that the role "X" exists',
        ["model-data"],
    ),
    (
        "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a route to an S3 VPC "
        "endpoint or a NAT device",
        ["vpc-no-s3"],
    ),
    ("There are not enough free addresses in subnet 'subnet-66d3dd2c' to satisfy the requested number", ["vpc-subnet"]),
    ("ClientError: expected DHCP options to include keys domain-name-servers and domain-name", ["vpc-subnet"]),
    ('InstallModuleError:\nCommand "/usr/bin/python -m pip install -U . -r requirements.txt"', ["pip-install"]),
    ("ERROR: No matching distribution found for sjdhjaskldhjaskl==1.2.0", ["pip-install"]),
    ("train.py: error: unrecognized arguments: --model_dir s3://bucket/model", ["hyperparameters-refused"]),
    ("train.py: error: argument --epochs: invalid int value: '1.5'", ["hyperparameters-refused"]),
    (
        "ValueError: Some specified arguments are not used by the HfArgumentParser: ['--epochs', '1']",
        ["hyperparameters-refused"],
    ),
    ("ModuleNotFoundError: No module named 'smdebug'", ["smdebug-missing"]),
    (
        "(ModelError) when calling the InvokeEndpoint operation: Received server error (500) "
        "from model with message \"No module named 'sagemaker'\".",
        ["module-missing", "model-error"],
    ),
    ("ModuleNotFoundError: No module named 'sklearn.ensemble'", ["module-missing"]),
    ("NotImplementedError: \nPlease provide a model_fn implementation.", ["model-fn-missing"]),
    (
        "RuntimeError: CUDA out of memory. Tried to allocate 288.00 MiB (GPU 0; 15.78 GiB total capacity)",
        ["gpu-memory"],
    ),
    ("torch.cuda.OutOfMemoryError: CUDA out of memory.", ["gpu-memory"]),
    ("RuntimeError: Error(s) in loading state_dict for LinkNet152:", ["weights-misfit"]),
    (
        "RuntimeError: DataLoader worker (pid 256) is killed by signal: Bus error. It is possible that dataloader's "
        "workers are out of shared memory. Please try to raise your shared memory limit.",
        ["shared-memory"],
    ),
    (
        "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).",
        ["shared-memory"],
    ),
    ("AlgorithmError: , exit code: 137", ["host-memory"]),
    (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
        "instance.",
        ["host-memory"],
    ),
    ("AlgorithmError: Exit Code: 139", ["crash"]),
    ("Training failed error, exit code '132'", ["crash"]),
    ("ClientError: Data download failed:Insufficient disk space", ["disk-full"]),
    ("OSError: [Errno 28] No space left on device", ["disk-full"]),
    ("SecondaryStatus: MaxRuntimeExceeded", ["runtime-limit"]),
    ("SecondaryStatus: MaxWaitTimeExceeded", ["wait-limit"]),
    ("SecondaryStatus: Interrupted", ["spot-interrupted"]),
    ("The job stopped because the managed spot training instances were interrupted.", ["spot-interrupted"]),
    (
        "(ValidationException) when calling the CreateHyperParameterTuningJob operation: A metric is required for this "
        "hyperparameter tuning job objective. Provide a metric in the metric definitions.",
        ["no-objective-metric"],
    ),
    ("No objective metrics found after running 5 training jobs.", ["no-objective-metric"]),
    (
        "No training job succeeded after 5 attempts. Please take a look at the training job failures to get more "
        "details.",
        ["children-failed"],
    ),
    (
        "ClientError: No debugging data was saved by the training job. Check that the debugger hook was configured "
        "correctly before starting the training job.",
        ["debugger-no-data"],
    ),
    (
        "The primary container for production variant AllTraffic did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint.",
        ["ping"],
    ),
    (
        "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
        "responds with an HTTP 200 status code",
        ["ping"],
    ),
    (
        "An error occurred (413) when calling the InvokeEndpoint operation: HTTP content length exceeded 5246976 "
        "bytes.",
        ["payload-size"],
    ),
    ("(ValidationError) when calling the InvokeEndpoint operation: Request X has oversize body.", ["payload-size"]),
    ('(413) from primary with message "Failed to buffer the request body: length limit exceeded"', ["payload-size"]),
    ('{"error": "Unsupported Media Type: application/x-image"}', ["content-type"]),
    (
        "An error occurred (ModelError) when calling the InvokeEndpoint operation: Received client error (415) from "
        'primary with message "application/json is not an accepted ContentType: csv, libsvm, parquet"',
        ["content-type"],
    ),
    (
        '(ModelError) when calling the InvokeEndpoint operation: Received client error (415) "Customer Error: '
        "Content-Type header value 'application/octet-stream' not supported\"",
        ["content-type"],
    ),
    ('"content-type application/octet-stream not supported". See https://us-east-2.console', ["content-type"]),
    (
        'Received server error (0) from primary with message "Your invocation timed out while waiting for a response '
        'from container primary. Review the latency metrics for each container in Amazon CloudWatch"',
        ["model-timeout"],
    ),
    ("Received server error (500) from primary and could not load the entire response body.", ["model-error"]),
    ('Received client error (400) from primary with message "{ "code": 400 }"', ["model-error"]),
    ("2021-04-12T00:00:00Z 0b6f Task timed out after 120.10 seconds", ["lambda-timeout"]),
    (
        "An error occurred (LimitExceededException) when calling the CreateExportTask operation: Resource limit "
        "exceeded.",
        ["export-limit"],
    ),
    (
        "(InvalidParameterException) when calling the CreateExportTask operation: GetBucketAcl call on the given "
        "bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.",
        ["export-bucket-policy"],
    ),
]

NEAR_MISSES = [
    "",
    "AlgorithmError: ExecuteUserScriptError: exit code: 1",
    "epoch 137: loss=0.413; accuracy=0.415",
    "step 413 (415 left), 139 images, status 137",
    "exit code: 0",
    "exit code: 1370",
    "read 500 rows from part (404)",
    "GPU memory: 12.3 GiB of 16 GiB, none left over",
    "the module sklearn was loaded; no modules are missing",
    "saved to s3://bucket/AccessDeniedExamples/",
    "MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=7200",
    "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
    "INFO throttle=0.5 rate=10/s",
    "ping 200 OK",
    '10.32.0.2 - - [08/Jun/2020:07:15:51 +0000] "GET /ping HTTP/1.1" 200 3 "-" "AHC/2.0"',
    "debugging data was saved to /opt/ml/output/tensors",
    "error: could not parse line 3 of train.csv",
    "spot price 0.31, instances 2",
    "SecondaryStatus: Failed",
    "content length 5246976 bytes, below the limit",
    "the content-type of every file is known",
    "AttributeError: 'NoneType' object has no attribute 'shape'",
]


@pytest.mark.parametrize(("message", "ids"), MESSAGES, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_a_real_message_has_its_cause_and_no_other(message: str, ids: list[str]) -> None:
    assert [cause.id for cause in match_causes(message)] == ids


@pytest.mark.parametrize("message", NEAR_MISSES)
def test_a_near_miss_has_none(message: str) -> None:
    assert match_causes(message) == []


def test_every_cause_is_tried_by_a_message_and_is_complete() -> None:
    assert {cause_id for _, ids in MESSAGES for cause_id in ids} == {cause.id for cause in CAUSES}
    assert len({cause.id for cause in CAUSES}) == len(CAUSES) >= 25
    for cause in CAUSES:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cause.id)
        assert cause.source.startswith("https://"), cause.id
        assert cause.cause.endswith("."), cause.id
        assert cause.remedy.endswith("."), cause.id
        assert all(re.compile(pattern) for pattern in cause.patterns)


def test_causes_come_in_the_order_of_the_text_but_symptoms_last() -> None:
    ping = "did not pass the ping health check"
    text = f"{ping}\nNo space left on device\nNo module named 'timm'"
    assert [cause.id for cause in match_causes(text)] == ["disk-full", "module-missing", "ping"]
    first, second = match_causes(ping), match_causes("No space left on device, No module named 'timm'")
    assert [cause.id for cause in merged(first, second, second)] == ["disk-full", "module-missing", "ping"]


@pytest.mark.parametrize(
    ("code", "ids"), [(2, ["hyperparameters-refused"]), (-9, ["host-memory"]), (1, []), (None, [])]
)
def test_an_exit_code_alone_suggests_something(code: int | None, ids: list[str]) -> None:
    assert [cause.id for cause in cause_of_exit_code(code)] == ids
