"""The bad requests of one seed: mistakes, single values spoilt, and pairs of such faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from random import Random

from check_cases.faults import BadRequest, Fault, apart
from check_cases.good import Documents
from check_cases.mistakes import mistakes
from check_cases.mutations import model_faults

MISTAKES, PAIRS = 0.4, 0.2  # shares of all; the rest are single values
# Fields that no rule needs to see another fault: beside a mistake, only these are spoilt, so that nothing hides it.
BYSTANDERS = ("Environment", "ExperimentConfig", "RetryStrategy", "Tags", "TensorBoardOutputConfig")


def bad_requests(good: Mapping[str, Documents], *, seed: int, count: int) -> list[BadRequest]:
    """``count`` bad requests; the same seed gives the same ones."""
    random = Random(seed)
    known = list(mistakes(good))
    spoilt = [fault for name, documents in good.items() for fault in model_faults(name, documents, random)]
    chosen = random.sample(known, min(len(known), round(count * MISTAKES)))
    pairs = _pairs(known, spoilt, round(count * PAIRS), random)
    singles = list(islice(_in_turn(spoilt, random), count - len(chosen) - len(pairs)))
    by_kind = [sorted(faults, key=lambda fault: fault.kind) for faults in (singles, chosen)]
    return [*(BadRequest((fault,)) for faults in by_kind for fault in faults), *pairs]


def _in_turn(faults: Sequence[Fault], random: Random) -> Iterator[Fault]:
    """All faults in a random order, one of each kind after the other: rare kinds come as often as there are any."""
    kinds: dict[str, list[Fault]] = {}
    for fault in random.sample(faults, len(faults)):
        kinds.setdefault(fault.kind, []).append(fault)
    for fault_of_each_kind in zip_longest(*kinds.values()):
        yield from filter(None, fault_of_each_kind)


def _pairs(known: Sequence[Fault], spoilt: Sequence[Fault], count: int, random: Random) -> list[BadRequest]:
    """Half of them two spoilt values, half a mistake with a spoilt bystander."""
    pairs: list[BadRequest] = []
    while len(pairs) < count:
        first = random.choice(known if len(pairs) % 2 else spoilt)
        others = [
            fault for fault in spoilt if apart(first, fault) and (first.path is not None or fault.field in BYSTANDERS)
        ]
        pairs += [BadRequest((first, random.choice(others)))] if others else []
    return pairs
