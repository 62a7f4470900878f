"""Verbs over boto3 clients: upload, submit, wait, read logs and results, invoke, remove.

Clients come in as arguments; ``clients`` alone makes them, for AWS or for the local engine, and nothing else
here can tell the two apart. Importing this package imports neither boto3 nor NumPy.
"""

from __future__ import annotations

from sm_raw.aws.clients import Clients, aws_clients, local_clients
from sm_raw.aws.folders import folder_digest
from sm_raw.aws.invoke import Prediction, invoke_endpoint
from sm_raw.aws.job_kinds import ENDPOINT, JOB_KINDS, TRAINING, TUNING, JobKind, job_kind
from sm_raw.aws.logs import LogEvent, iter_log_events, tail
from sm_raw.aws.packing import pack, unpack
from sm_raw.aws.remove import Resource, left_behind, remove, stop_job
from sm_raw.aws.results import RuleStatus, Trial, best_trial, metric_series, rule_statuses, trials
from sm_raw.aws.s3_uris import S3Uri, parse_s3_uri
from sm_raw.aws.scaling import describe_scaling
from sm_raw.aws.submit import submit
from sm_raw.aws.upload import UploadResult, download, upload_file, upload_folder
from sm_raw.aws.wait import wait

__all__ = [
    "ENDPOINT",
    "JOB_KINDS",
    "TRAINING",
    "TUNING",
    "Clients",
    "JobKind",
    "LogEvent",
    "Prediction",
    "Resource",
    "RuleStatus",
    "S3Uri",
    "Trial",
    "UploadResult",
    "aws_clients",
    "best_trial",
    "describe_scaling",
    "download",
    "folder_digest",
    "invoke_endpoint",
    "iter_log_events",
    "job_kind",
    "left_behind",
    "local_clients",
    "metric_series",
    "pack",
    "parse_s3_uri",
    "remove",
    "rule_statuses",
    "stop_job",
    "submit",
    "tail",
    "trials",
    "unpack",
    "upload_file",
    "upload_folder",
    "wait",
]
