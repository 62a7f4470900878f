"""Debugger and profiler rules in plain words: what each watches for and what to try when it finds it.

Rule names and meanings: developer guide, "List of Debugger built-in rules".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sm_raw.report.reading import records, text


class Note(NamedTuple):
    sign: str
    remedy: str


NOTES = {
    "VanishingGradient": Note(
        "gradients so small that the early layers stop learning",
        "raise the learning rate, start from pretrained weights, or use ReLU and batch normalisation",
    ),
    "ExplodingTensor": Note(
        "tensors that are no longer finite (NaN or infinite)",
        "lower the learning rate or clip the gradients",
    ),
    "PoorWeightInitialization": Note(
        "layers that start with very uneven weights, or a loss that does not fall in the first steps",
        "use the default initialisation or pretrained weights; a new output layer alone may cause this",
    ),
    "SaturatedActivation": Note(
        "tanh or sigmoid units stuck at the flat ends of their range",
        "scale the inputs, initialise smaller weights, or use ReLU",
    ),
    "DeadRelu": Note(
        "ReLU units that are never active",
        "lower the learning rate, or use a leaky ReLU",
    ),
    "WeightUpdateRatio": Note(
        "weights that change far too much or hardly at all between steps",
        "lower the learning rate when the ratio is large, raise it when it is tiny",
    ),
    "AllZero": Note(
        "tensors that are all zero",
        "look for dead layers, a wrong mask, or inputs that are blank",
    ),
    "ClassImbalance": Note(
        "classes with very unequal numbers of samples, or a class that is mostly mistaken",
        "add samples of the rare classes, or weight them in the loss",
    ),
    "LossNotDecreasing": Note(
        "a loss that has stopped falling",
        "change the learning rate, train longer, or check that labels and pictures belong together",
    ),
    "Overfit": Note(
        "a validation loss well above the training loss: the model learns the training pictures by heart",
        "add data or augmentation, regularise more (weight decay, dropout), or stop earlier",
    ),
    "Overtraining": Note(
        "training that goes on although the loss no longer improves",
        "train for fewer epochs, or stop early on the validation loss",
    ),
    "SimilarAcrossRuns": Note(
        "tensors that differ from those of the run it is compared with",
        "fix the seeds and compare code, data and library versions of both runs",
    ),
    "StalledTrainingRule": Note(
        "training that saves nothing for a long time",
        "look at the last log lines for a hanging data loader or a deadlock",
    ),
    "TensorVariance": Note(
        "tensors whose variance leaves the allowed range",
        "check initialisation and normalisation of the layers named below",
    ),
    "UnchangedTensor": Note(
        "tensors that stay the same from step to step",
        "check that the layer is meant to be frozen and that the optimizer holds its parameters",
    ),
    "CheckInputImages": Note(
        "input pictures that are not centred around zero",
        "normalise with the mean and standard deviation that the model expects",
    ),
    "NLPSequenceRatio": Note(
        "sequences made of padding for the most part",
        "put sequences of like length into a batch, or pad less",
    ),
    "Confusion": Note(
        "classes that are mistaken for one another too often",
        "look at the samples of these classes and add more of them",
    ),
    "TreeDepth": Note(
        "trees that grow too deep",
        "lower max_depth",
    ),
    "FeatureImportanceOverweight": Note(
        "a few features that carry nearly all the weight",
        "check these features for leaks of the label",
    ),
    "BatchSize": Note(
        "batches too small to fill the accelerator",
        "raise the batch size, or use a smaller instance",
    ),
    "CPUBottleneck": Note(
        "an accelerator waiting for busy CPU cores",
        "load data with more workers, move the preprocessing, or take an instance with more cores",
    ),
    "IOBottleneck": Note(
        "an accelerator waiting for data to be read",
        "prefetch, use larger files, or another input mode",
    ),
    "GPUMemoryIncrease": Note(
        "accelerator memory that keeps growing",
        "look for tensors kept with their graph, such as losses summed up without item()",
    ),
    "LowGPUUtilization": Note(
        "an accelerator that is little used, or only now and then",
        "raise the batch size, load data faster, or use a smaller instance",
    ),
    "LoadBalancing": Note(
        "accelerators with unequal work",
        "split the batches evenly over all of them",
    ),
    "StepOutlier": Note(
        "training steps that take far longer than the rest",
        "look for checkpoints, validation or data loading in those steps",
    ),
    "MaxInitializationTime": Note(
        "a long time before the first training step",
        "shorten the set-up: fewer packages to install, less data to prepare",
    ),
    "OverallSystemUsage": Note("how much of the machine was used", "read the profiler report"),
    "OverallFrameworkMetrics": Note("where the framework spent its time", "read the profiler report"),
    "ProfilerReport": Note(
        "anything that one of the profiler rules finds",
        "open profiler-report.html in the job's rule output",
    ),
}

TONES = {"IssuesFound": "warn", "NoIssuesFound": "good", "Error": "bad"}


@dataclass(frozen=True)
class Rule:
    name: str
    status: str
    tone: str
    meaning: str
    details: str


def rules(run: Mapping[str, Any]) -> list[Rule]:
    """Every rule in the given order, but those that found something, or could not look, first."""
    told = [
        Rule(
            name=text(record, "name"),
            status=text(record, "status"),
            tone=TONES.get(text(record, "status"), ""),
            meaning=_meaning(text(record, "name"), text(record, "status")),
            details=text(record, "details").strip(),
        )
        for record in records(run, "rules")
    ]
    return sorted(told, key=lambda rule: rule.tone not in ("warn", "bad"))


def _meaning(name: str, status: str) -> str:
    if status == "Error":
        return "The rule itself could not be evaluated, so nothing is known about the training."
    note = _note(name)
    if note is None:
        return ""
    if status == "IssuesFound":
        return f"Found {note.sign}. What to do: {note.remedy}."
    return f"Watches for {note.sign}."


def _note(name: str) -> Note | None:
    """By the rule's name as the service and the SDK write it: ``Overfit``, ``vanishing_gradient``,
    ``ProfilerReport-1700000000``. The longest name that fits wins."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    fitting = [known for known in NOTES if plain.startswith(known.lower())]
    return NOTES[max(fitting, key=len)] if fitting else None
