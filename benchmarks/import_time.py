"""How long ``import sm_raw`` takes, against ``import boto3``: each in a fresh interpreter, in turn.

    python benchmarks/import_time.py [--rounds 15]

Prints the ratio pair by pair as minimum, median and maximum. The interpreter's own start is measured as well and
taken off both.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def seconds(code: str) -> float:
    """Wall time of an interpreter that runs ``code``."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seconds("import boto3, sm_raw")  # files come into the page cache
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        start = seconds("pass")
        theirs.append(seconds("import boto3") - start)
        ours.append(seconds("import sm_raw") - start)
        ratios.append(ours[-1] / theirs[-1])
    print(f"import boto3   {statistics.median(theirs) * 1000:6.0f} ms (median of {rounds})")
    print(f"import sm_raw  {statistics.median(ours) * 1000:6.0f} ms (median of {rounds})")
    print(
        f"ratio sm_raw / boto3: {statistics.median(ratios):.2f} "
        f"(minimum {min(ratios):.2f}, maximum {max(ratios):.2f}); promised: at most 1.3"
    )


if __name__ == "__main__":
    main()
