"""What goes wrong with what runs: programs, memory, limits in time, tuning, Debugger, endpoints, exports.

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
TRAINING_JOB = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html"

INSIDE: tuple[Cause, ...] = (
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
        "weights-misfit",
        (r"Error\(s\) in loading state_dict for",),
        "The saved weights are not those of the model that the code builds: other layers or classes, or one wrapped.",
        "Build the same model (architecture, number of classes) as in training, and save the state_dict of the bare "
        "model, not of DataParallel around it.",
        f"{SDK}/395",
    ),
    Cause(
        "shared-memory",
        (r"insufficient shared memory \(shm\)", r"workers are out of shared memory"),
        "The data loader's workers had too little shared memory, which no request can enlarge.",
        "Take fewer workers (num_workers 0 needs none), smaller batches, an instance with more memory, or "
        "torch.multiprocessing.set_sharing_strategy('file_system').",
        f"{SDK}/5592",
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
