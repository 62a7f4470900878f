"""How many bad requests are caught before anything is sent: by sm_raw, by botocore, by sagemaker-core; and how fast.

    python benchmarks/checks.py [--seed 3] [--count 1000] [--peer-python PYTHON] [--list-missed] [--rounds 200]

The requests are good ones with a fault put in (``check_cases``): a value that breaks botocore's model, a mistake
across fields, or two faults. A single value counts as caught when a finding names its place, a pair when both faults
are found; the peers only have to refuse the request for any reason. PYTHON is one whose environment has
sagemaker-core; requests that it has no class for, or refuses even when they are good, are not counted there.
Exit code 1 when anything was missed or a good request has findings.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from check_cases.edits import edited
from check_cases.faults import BadRequest
from check_cases.generation import bad_requests
from check_cases.good import Documents, good_requests
from check_cases.judges import Ours, Peer, Verdict, botocore_refuses
from check_cases.mutations import NULL
from jsonschema import Draft202012Validator

from sm_raw.validation import check, request_schema

TIMED = "full_training"
TIMED_FAULTS = {"RoleArn": None, "StoppingCondition.MaxWaitTimeInSeconds": 60, "InputDataConfig[1].InputMode": "file"}
COLD_RUNS = 9


class Judged(NamedTuple):
    """A bad request with what each judge makes of it."""

    bad: BadRequest
    ours: Verdict
    botocore: bool
    peer: bool | None


def main() -> int:
    options = parsed()
    good = good_requests()
    ours = Ours(good)
    judged = judgements(good, ours, options)
    alarms = [f"{name}: {finding}" for name, found in ours.alarms.items() for _, finding in found]
    print_table(judged, with_peer=options.peer_python is not None)
    print(f"\n{len(good)} good requests: {len(alarms)} findings")
    for each in alarms:
        print(f"  {each}")
    missed = [each.bad for each in judged if each.ours == "missed"]
    if options.list_missed:
        print("", *map(described, missed), sep="\n")
    print_times(good[TIMED], options.rounds)
    return 1 if missed or alarms else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--count", type=int, default=1000, help="of bad requests (1000)")
    parser.add_argument("--peer-python", metavar="PYTHON", help="a Python that has sagemaker-core (not asked)")
    parser.add_argument("--list-missed", action="store_true", help="show the edits of what was not caught")
    parser.add_argument("--rounds", type=int, default=200, help="of each warm check (200)")
    return parser.parse_args()


def judgements(good: dict[str, Documents], ours: Ours, options: argparse.Namespace) -> list[Judged]:
    bad = bad_requests(good, seed=options.seed, count=options.count)
    documents = [each.documents(good[each.request]) for each in bad]
    answers: Sequence[bool | None] = [None] * len(bad)
    if options.peer_python is not None:
        known = dict(zip(good, Peer.asked(options.peer_python, list(good.values())).answers, strict=True))
        refused = [name for name, answer in known.items() if answer]
        print(f"good requests that sagemaker-core refuses: {', '.join(refused) or 'none'}\n")
        said = Peer.asked(options.peer_python, documents).answers
        answers = [answer if counts(each, refused) else None for each, answer in zip(bad, said, strict=True)]
    return [
        Judged(each, ours.verdict(each), botocore_refuses(its), answer)
        for each, its, answer in zip(bad, documents, answers, strict=True)
    ]


def counts(bad: BadRequest, refused: Sequence[str]) -> bool:
    """Whether sagemaker-core can be held to a request: there, None stands for a field that is not given."""
    return bad.request not in refused and all(fault.kind != NULL for fault in bad.faults)


def print_table(judged: Sequence[Judged], *, with_peer: bool) -> None:
    kinds = list(dict.fromkeys(each.bad.kind for each in judged))
    print(f"{'':32}{'':>10}{'sm_raw':>10}{'':>20}")
    print(f"{'':32}{'requests':>10}{'refused':>10}{'told':>10}{'missed':>10}{'botocore':>10}{'sagemaker-core':>18}")
    for kind in kinds:
        print_row(kind, [each for each in judged if each.bad.kind == kind], with_peer=with_peer)
    print_row("all", judged, with_peer=with_peer)


def print_row(label: str, judged: Sequence[Judged], *, with_peer: bool) -> None:
    counts = [sum(each.ours == verdict for each in judged) for verdict in ("refused", "told", "missed")]
    asked = [each.peer for each in judged if each.peer is not None]
    peer = f"{sum(asked)} of {len(asked)}" if with_peer else "not asked"
    numbers = [len(judged), *counts, sum(each.botocore for each in judged)]
    print(f"{label:32}{''.join(f'{number:10}' for number in numbers)}{peer:>18}")


def described(bad: BadRequest) -> str:
    """A missed request: what is wrong, and the edits that make it so."""
    faults = [f"{fault.what}\n    {cut(json.dumps(fault.edits, default=lambda null: None))}" for fault in bad.faults]
    return f"missed: {bad.request} ({bad.kind})\n  " + "\n  ".join(faults)


def cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]} ..."


def print_times(documents: Documents, rounds: int) -> None:
    """A full training job: the whole check beside jsonschema's part of it alone, then the command from cold."""
    ((operation, request),) = documents
    print(f"\n{operation}, {TIMED}: median (and the middle 80 of 100)")
    for label, given in (("good", request), ("with 3 faults", edited(request, TIMED_FAULTS))):
        print_warm(operation, given, label, rounds)
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "create_training_job.json"
        document.write_text(json.dumps(request))
        command = partial(subprocess.run, [sys.executable, "-m", "sm_raw", "check", document], capture_output=True)
        cold = [seconds(command) for _ in range(COLD_RUNS)]
    print(f"  python -m sm_raw check FILE, cold, {COLD_RUNS} runs    {spread(cold)} s")


def print_warm(operation: str, request: Mapping[str, Any], label: str, rounds: int) -> None:
    plain = Draft202012Validator(request_schema(operation))
    pairs = in_turn(partial(check, operation, request), lambda: list(plain.iter_errors(request)), rounds)
    ours, theirs = zip(*pairs, strict=True)
    print(f"  {label}, warm, {rounds} rounds in turn")
    print(f"    sm_raw, schema and rules      {spread(ours, 1000)} ms")
    print(f"    jsonschema, the schema alone  {spread(theirs, 1000)} ms")
    print(f"    ratio, round by round         {spread([our / their for our, their in pairs])}")


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    """Seconds of each, measured one after the other, so that what else the machine does meets both."""
    ours(), theirs()
    return [(seconds(ours), seconds(theirs)) for _ in range(rounds)]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(values: Sequence[float], scale: float = 1) -> str:
    """``2.10 (1.95 to 2.60)``: the median, and the first and last tenth cut off."""
    tenths = statistics.quantiles(values, n=10)
    low, middle, high = (value * scale for value in (tenths[0], statistics.median(values), tenths[-1]))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
