from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where run.json would be, with a tiny picture and a larger one beside it."""
    (tmp_path / "pictures").mkdir()
    Image.new("L", (8, 8), 200).save(tmp_path / "pictures" / "seven.png")
    Image.new("RGB", (96, 64), (200, 30, 30)).save(tmp_path / "pictures" / "photo.jpg")
    return tmp_path


@pytest.fixture
def run() -> dict[str, Any]:
    """A whole run in which everything happened: a diverged and a failed trial, a rule that fired, a miss."""
    return {
        "recipe": "digits",
        "target": "local",
        "status": "succeeded",
        "error": None,
        "started": "2026-11-21T14:03:11Z",
        "finished": "2026-11-21T14:05:25Z",
        "steps": [
            _step("pack", None, 0.5, detail="3 files"),
            _step("tune", "CreateHyperParameterTuningJob", 1.5, request="requests/tune.json"),
        ],
        "objective": {"metric": "valid:loss", "type": "Minimize"},
        "trials": [
            _trial("t-1", 0.26, lr=0.002, batch_size=64),
            _trial("t-2", 0.14, lr=0.08, batch_size=32),
            _trial("t-3", float("nan"), lr=0.5, batch_size=32),
            _trial("t-4", None, status="Failed", lr=0.03, batch_size=128),
        ],
        "best_training_job": "t-2",
        "training_job": "digits-train",
        "hyperparameters": {"lr": 0.08, "batch_size": 32, "epochs": 2, "arch": "resnet18"},
        "metrics": {
            "train:loss": [[1, 0.9], [2, 0.5]],
            "valid:loss": [[1, 1.0], [2, 0.6]],
            "test:loss": [[1, 0.55]],
            "train:accuracy": [[1, 0.7], [2, 0.9]],
        },
        "test_accuracy": 0.9722,
        "rules": [
            {"name": "VanishingGradient", "status": "NoIssuesFound", "details": None},
            {"name": "Overfit", "status": "IssuesFound", "details": "RuleEvaluationConditionMet at step 340"},
        ],
        "scaling": {
            "target": {
                "ResourceId": "endpoint/e/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "MinCapacity": 1,
                "MaxCapacity": 3,
            },
            "policy": {
                "PolicyName": "p",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 10.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                    "ScaleOutCooldown": 30,
                    "ScaleInCooldown": 120,
                },
            },
        },
        "predictions": [
            _prediction("7", "7", 0.98, "pictures/seven.png"),
            _prediction("8", "3", 0.54, "pictures/photo.jpg"),
        ],
        "left_behind": [],
    }


def _step(name: str, operation: str | None, seconds: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "operation": operation,
        "status": "succeeded",
        "seconds": seconds,
        "resource": None,
        "detail": "",
        "request": None,
    } | more


def _trial(name: str, objective: float | None, status: str = "Completed", **tuned: Any) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "objective": objective,
        "hyperparameters": {**tuned, "epochs": 2},
        "seconds": 12.0,
    }


def _prediction(label: str, expected: str, score: float, picture: str) -> dict[str, Any]:
    return {
        "input": f"data/test/{expected}/one.png",
        "label": label,
        "score": score,
        "expected": expected,
        "picture": picture,
        "top": [[label, score], ["1", 0.01], ["3", 0.004], ["4", 0.001]],
        "milliseconds": 12.4,
    }
