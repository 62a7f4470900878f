"""Verbs over boto3 clients: upload, submit, wait, read logs and results, invoke, remove.

Clients come in as arguments; ``clients`` alone makes them, for AWS or for the local engine, and nothing else
here can tell the two apart. Importing this package imports neither boto3 nor NumPy.
"""

from __future__ import annotations

from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.aws.failures.causes import Cause, match_causes
from sm_raw.aws.failures.explaining import Explanation, explain_failure, explained
from sm_raw.aws.hosting.changing import EndpointChange, change_endpoint
from sm_raw.aws.hosting.deploying import Deployment, deploy
from sm_raw.aws.hosting.function_calls import FunctionAnswer, invoke_function
from sm_raw.aws.hosting.function_in_front import FunctionInFront, function_in_front
from sm_raw.aws.hosting.lifetimes import Lifetime, expired_endpoints, forget_lifetime, lifetime_of, set_lifetime
from sm_raw.aws.hosting.scaling import describe_scaling
from sm_raw.aws.hosting.scaling_snapshots import ScalingSnapshot, read_snapshot, restore_scaling, take_snapshot
from sm_raw.aws.hosting.traffic import TrafficShift, TrafficStep, no_server_errors, shift_traffic
from sm_raw.aws.invoking.async_invoke import invoke_endpoint_async
from sm_raw.aws.invoking.batch import BatchResult, invoke_batch
from sm_raw.aws.invoking.by_function import ask_function
from sm_raw.aws.invoking.invoke import ask_endpoint, invoke_endpoint
from sm_raw.aws.invoking.predictions import Answer, Prediction
from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, PROCESSING, TRAINING, TRANSFORM, TUNING, JobKind, job_kind
from sm_raw.aws.logs.export import LogExport, export_logs
from sm_raw.aws.logs.filters import LogFilter
from sm_raw.aws.logs.following import LogPosition
from sm_raw.aws.logs.reading import LogEvent, iter_log_events, job_logs, tail
from sm_raw.aws.remove import left_behind, remove, stop_job
from sm_raw.aws.resources import Resource
from sm_raw.aws.results.artefacts import Artefact, fetch_artefacts
from sm_raw.aws.results.frames import metrics_frame, trials_frame
from sm_raw.aws.results.metrics import MetricValue, metric_series, metrics_over_time
from sm_raw.aws.results.retraining import best_model_request, best_training_request, repeated_training_request
from sm_raw.aws.results.rules import RuleStatus, rule_statuses
from sm_raw.aws.results.training import TrainingResult, training_result
from sm_raw.aws.results.trials import Trial, best_trial, trial_records, trials
from sm_raw.aws.submit import submit
from sm_raw.aws.transfers.crew import TransferState
from sm_raw.aws.transfers.download import DownloadResult, download, download_folder
from sm_raw.aws.transfers.folders import folder_digest
from sm_raw.aws.transfers.multipart import abort_uploads
from sm_raw.aws.transfers.packing import pack, unpack
from sm_raw.aws.transfers.repacking import RepackedModel, repack_model
from sm_raw.aws.transfers.s3_uris import S3Uri, parse_s3_uri
from sm_raw.aws.transfers.upload import UploadResult, upload_file, upload_folder
from sm_raw.aws.waiting.attach import attach, find_job
from sm_raw.aws.waiting.line import CallBudget
from sm_raw.aws.waiting.polling import Change
from sm_raw.aws.waiting.wait import Outcome, wait, wait_for_all, watch

__all__ = [
    "ENDPOINT",
    "JOB_KINDS",
    "PROCESSING",
    "TRAINING",
    "TRANSFORM",
    "TUNING",
    "Answer",
    "Artefact",
    "BatchResult",
    "CallBudget",
    "Cause",
    "Change",
    "Clients",
    "Deployment",
    "DownloadResult",
    "EndpointChange",
    "Explanation",
    "FunctionAnswer",
    "FunctionInFront",
    "JobKind",
    "Lifetime",
    "LogEvent",
    "LogExport",
    "LogFilter",
    "LogPosition",
    "MetricValue",
    "Outcome",
    "Prediction",
    "RepackedModel",
    "Resource",
    "RuleStatus",
    "S3Uri",
    "ScalingSnapshot",
    "TrafficShift",
    "TrafficStep",
    "TrainingResult",
    "TransferState",
    "Trial",
    "UploadResult",
    "abort_uploads",
    "ask_endpoint",
    "ask_function",
    "attach",
    "aws_clients",
    "best_model_request",
    "best_training_request",
    "best_trial",
    "change_endpoint",
    "deploy",
    "describe_scaling",
    "download",
    "download_folder",
    "expired_endpoints",
    "explain_failure",
    "explained",
    "export_logs",
    "fetch_artefacts",
    "find_job",
    "folder_digest",
    "forget_lifetime",
    "function_in_front",
    "invoke_batch",
    "invoke_endpoint",
    "invoke_endpoint_async",
    "invoke_function",
    "iter_log_events",
    "job_kind",
    "job_logs",
    "left_behind",
    "lifetime_of",
    "local_clients",
    "match_causes",
    "metric_series",
    "metrics_frame",
    "metrics_over_time",
    "no_server_errors",
    "pack",
    "parse_s3_uri",
    "read_snapshot",
    "remove",
    "repack_model",
    "repeated_training_request",
    "restore_scaling",
    "rule_statuses",
    "set_lifetime",
    "shift_traffic",
    "stop_job",
    "submit",
    "tail",
    "take_snapshot",
    "training_result",
    "trial_records",
    "trials",
    "trials_frame",
    "unpack",
    "upload_file",
    "upload_folder",
    "wait",
    "wait_for_all",
    "watch",
]
