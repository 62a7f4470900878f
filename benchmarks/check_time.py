"""Wall time of ``python -m sm_raw check`` on a CreateTrainingJob document, the interpreter's start included.

Beside it, in the same run: what AWS's own client takes to look at the same document (boto3 imported, a client made, its
parameter check called), which finds only the missing role.

    python benchmarks/check_time.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
REQUEST = {
    "TrainingJobName": "bad name",
    "AlgorithmSpecification": {
        "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0-cpu-py310",
        "TrainingInputMode": "File",
    },
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output/"},
    "ResourceConfig": {"InstanceType": "ml.nope.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "EnableManagedSpotTraining": True,
}
CLIENT = """
import json, sys, boto3
from botocore.exceptions import ParamValidationError
keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
client = boto3.client("sagemaker", region_name="us-east-1", endpoint_url="http://127.0.0.1:9", **keys)
try:
    client.create_training_job(**json.load(open(sys.argv[1])))
except ParamValidationError as error:
    print(error)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "create_training_job.json"
        document.write_text(json.dumps(REQUEST))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "sm_raw check (4 errors found)": [sys.executable, "-m", "sm_raw", "check", str(document)],
            "boto3 client (1 error found)": [sys.executable, "-c", CLIENT, str(document)],
        }
        for label, command in commands.items():
            seconds = [timed(command) for _ in range(ROUNDS)]
            print(f"{label:32} median {statistics.median(seconds):.3f} s, best {min(seconds):.3f} s")


def timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
