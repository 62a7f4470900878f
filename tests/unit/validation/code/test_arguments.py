from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Write, Requests, Finds = Callable[..., Path], Callable[..., dict[str, Any]], Callable[..., Any]

PARTLY = "parser.parse_known_args()"


def script(*lines: str, end: str = "parser.parse_args()") -> str:
    return "\n".join(["import argparse", "parser = argparse.ArgumentParser()", *lines, end])


GROUP = "g = parser.add_mutually_exclusive_group("
LR = "parser.add_argument('--lr', type=float, default=0.1)"
SIZE = "parser.add_argument('--batch-size', '-b', type=int)"


@pytest.mark.parametrize(
    ("rule", "text", "hyperparameters", "findings"),
    [
        ("E710", script(LR, SIZE), {"lr": "1", "batch-size": "3", "b": "4", "batch": "5"}, []),
        ("E710", script(LR, SIZE, end=PARTLY), {"batchsize": "3"}, []),
        (
            "E710",
            script(LR, SIZE),
            {"batch_size": "3"},
            [("batch_size", "it arrives as --batch_size, which the parser of train.py does not take; "
              "did you mean 'batch-size'?")],
        ),
        (
            "E710",
            script("parser.add_argument('--k')"),
            {"k": "3"},
            [("k", "it arrives as -k, which the parser of train.py does not take; "
              "a name of one letter gets one dash: declare -k, too")],
        ),
        (
            "E710",
            script(SIZE, "parser.add_argument('--batches')"),
            {"batch": "3"},
            [("batch", "--batch may stand for --batch-size (train.py:3) or --batches (train.py:4); write it out")],
        ),
        ("E711", script("parser.add_argument('--data', required=True)"), {"data": "x"}, []),
        ("E711", script("parser.add_argument('--data', required=True)"), {"da": "x"}, []),
        ("E711", script("parser.add_argument('--data', required=True)"), {"${name}": "x"}, []),
        ("E711", script("parser.add_argument('data', nargs='?')"), {}, []),
        ("E711", script("import os", "if os.environ:", "  parser.add_argument('--data', required=True)"), {}, []),
        (
            "E711",
            script("parser.add_argument('--data', required=True)"),
            {},
            [("", "the script needs --data (train.py:3), which is required; give 'data'")],
        ),
        (
            "E711",
            script("parser.add_argument('data')", end=PARTLY),
            {},
            [("", "the script needs the positional data (train.py:3), but all that arrives are options; "
              "write add_argument('--data')")],
        ),
        (
            "E711",
            script(f"{GROUP}required=True)", "g.add_argument('--a')", "g.add_argument('--c')"),
            {},
            [("", "the script needs one of --a (train.py:4) or --c (train.py:5); give one")],
        ),
        ("E712", script(LR, SIZE), {"lr": "1e-5", "batch-size": "64"}, []),
        ("E712", script(LR, SIZE), {"lr": "${lr}", "batch-size": "${b}"}, []),
        ("E712", script("parser.add_argument('--xs', type=lambda text: 1 / 0)"), {"xs": "1"}, []),
        ("E712", script(LR), {"lr": "-1e-5"}, []),
        ("E712", script("parser.add_argument('--xs', type=int, nargs='+')"), {"xs": "1"}, []),
        ("E712", script("parser.add_argument('--xs', **{'type': int})"), {"xs": "a"}, []),
        (
            "E712",
            script(LR, SIZE),
            {"lr": "fast", "batch-size": "0.5"},
            [
                ("lr", "'fast' is refused by type=float of --lr (train.py:3); give a number"),
                ("batch-size", "'0.5' is refused by type=int of --batch-size (train.py:4); give a whole number"),
            ],
        ),
        (
            "E712",
            script("import json", "parser.add_argument('--xs', type=json.loads)"),
            {"xs": "a"},
            [("xs", "'a' is refused by type=loads of --xs (train.py:4); give JSON")],
        ),
        (
            "E712",
            script("parser.add_argument('--size', nargs=2)", "parser.add_argument('--text')"),
            {"size": "1 2", "text": "-x"},
            [
                ("size", "--size (train.py:3) takes 2 values, and a hyperparameter is one; give it nargs='+'"),
                ("text", "'-x' begins with a dash, so argparse takes it for an option and "
                 "--text (train.py:4) gets no value"),
            ],
        ),
        ("E713", script("parser.add_argument('--opt', choices=['sgd', 'adam'])"), {"opt": '"adam"'}, []),
        ("E713", script("parser.add_argument('--num', type=int, choices=range(1, 5))"), {"num": "4"}, []),
        ("E713", script("import os", "parser.add_argument('--num', choices=os.listdir())"), {"num": "4"}, []),
        (
            "E713",
            script("parser.add_argument('--opt', choices=['sgd', 'adam'])"),
            {"opt": '"\\"adam\\""'},
            [("opt", "'\"adam\"' is not among the choices of --opt (train.py:3); did you mean 'adam'?")],
        ),
        (
            "E713",
            script("parser.add_argument('--size', choices=[32, 64])"),
            {"size": "32"},
            [("size", "'32' is not among the choices of --size (train.py:3): they are no text, but the argument is; "
              "give it type=int")],
        ),
        ("E714", script("parser.add_argument('--amp', action='store_true')", end=PARTLY), {"amp": "1"}, []),
        ("E714", script("parser.add_argument('--amp', action=Mine)"), {"amp": "1"}, []),
        (
            "E714",
            script("parser.add_argument('--amp', action='store_true')"),
            {"amp": "true"},
            [("amp", "--amp (train.py:3) is a flag, but it arrives with the value 'True', which argparse refuses; "
              "let the argument take a text, as with type=lambda text: text == 'True'")],
        ),
        ("W715", script("parser.add_argument('--amp', type=bool)"), {"amp": "true"}, []),
        (
            "W715",
            script("parser.add_argument('--amp', type=bool)"),
            {"amp": "false"},
            [("amp", "'False' becomes True by type=bool of --amp (train.py:3), as every text does; "
              "compare with the text, as with type=lambda text: text == 'True'")],
        ),
        (
            "W715",
            script("parser.add_argument('--amp', action='store_true')", end=PARTLY),
            {"amp": "false"},
            [("amp", "the flag --amp (train.py:3) is set by its name alone, whatever its value 'False'; "
              "compare with the text, as with type=lambda text: text == 'True'")],
        ),
        (
            "E716",
            script(f"{GROUP})", "g.add_argument('--aa')", "g.add_argument('--cc')"),
            {"aa": "1", "cc": "2"},
            [("cc", "--cc (train.py:5) excludes 'aa', which is given, too; keep one")],
        ),
        ("W717", script(SIZE, end=PARTLY), {"batch-size": "1", "other": "2"}, []),
        (
            "W717",
            script(SIZE, end=PARTLY),
            {"batchSize": "1"},
            [("batchSize", "train.py passes over --batchSize by parse_known_args; did you mean 'batch-size'?")],
        ),
    ],
)  # fmt: skip
def test_command_line_is_held_against_argparse(
    rule: str,
    text: str,
    hyperparameters: Mapping[str, str],
    findings: list[tuple[str, str]],
    write: Write,
    training: Requests,
    found: Finds,
) -> None:
    place = "HyperParameters"
    expected = [(rule, f"{place}.{path}" if path else place, message) for path, message in findings]
    assert found(write({"train.py": text}), "CreateTrainingJob", training(hyperparameters), rule) == expected


def test_ranges_of_a_tuning_job_are_held_against_argparse(write: Write, found: Finds) -> None:
    ranges = {
        "ContinuousParameterRanges": [{"Name": "batch-size", "MinValue": "16", "MaxValue": "64"}],
        "CategoricalParameterRanges": [{"Name": "opt", "Values": ["sgd", "rmsprop"]}],
        "IntegerParameterRanges": [{"Name": "depth", "MinValue": "18", "MaxValue": "50"}],
    }
    request = {
        "HyperParameterTuningJobConfig": {"ParameterRanges": ranges},
        "TrainingJobDefinition": {"StaticHyperParameters": {"sagemaker_program": "train.py", "epochs": "1"}},
    }
    text = script(
        SIZE,
        "parser.add_argument('--opt', choices=('sgd', 'adam'))",
        "parser.add_argument('--depth', type=int, choices=(18, 34, 50))",
        "parser.add_argument('--data', required=True)",
    )
    place = "HyperParameterTuningJobConfig.ParameterRanges"
    static = "TrainingJobDefinition.StaticHyperParameters"
    findings = found(write({"train.py": text}), "CreateHyperParameterTuningJob", request)
    assert [(each[0], each[1]) for each in findings] == [
        ("E710", f"{static}.epochs"),
        ("E711", static),
        ("E712", f"{place}.ContinuousParameterRanges[0]"),
        ("E713", f"{place}.IntegerParameterRanges[0]"),
        ("E713", f"{place}.CategoricalParameterRanges[0].Values[1]"),
    ]


def test_file_of_arguments_is_not_judged(write: Write, training: Requests, found: Finds) -> None:
    text = script("parser.add_argument('--num', type=int)").replace("Parser()", "Parser(fromfile_prefix_chars='@')")
    assert found(write({"train.py": text}), "CreateTrainingJob", training({"num": "@file"})) == []
