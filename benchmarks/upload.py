"""A folder of files to S3: ours, ``aws s3 cp --recursive`` and AWS's SDK (S3Uploader), one after another to one server.

    python benchmarks/upload.py [--files 2000] [--size 100000] [--rounds 3] [--peer-python PATH]

The server is the local engine, in a process of its own. Each upload is a command of its own with a fresh prefix; they
take turns, and begin with another one each round. ``start`` is the same command with one file of one byte; what is
above it is the transfer. The SDK is measured with the Python given by --peer-python, which has ``sagemaker`` 2.x.
Ours is run twice more with nothing changed; the times told of that, the first upload's too, are of upload_folder alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BUCKET = "bench"

OURS = """
import json, sys, time
from sm_raw.aws.clients import local_clients
from sm_raw.aws.transfers.upload import upload_folder
url, memory, folder, uri = sys.argv[1:]
s3 = local_clients(url).s3
started = time.perf_counter()
result = upload_folder(s3, folder, uri, memory=memory or None)
print(json.dumps({"seconds": time.perf_counter() - started, "sent": result.sent_files, "there": result.skipped_files}))
"""

SDK = """
import sys
import boto3
from sagemaker.s3 import S3Uploader
from sagemaker.session import Session
bucket, folder, uri = sys.argv[1:]
S3Uploader.upload(folder, uri, sagemaker_session=Session(boto3.Session(), default_bucket=bucket))
"""

AGAIN = {"remembered": "by the listing and memory=FILE", "compared": "by the listing and reading all files"}
MAKE_BUCKET = "import sys, boto3; boto3.client('s3').create_bucket(Bucket=sys.argv[1])"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--size", type=int, default=100_000, metavar="BYTES")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-python", metavar="PATH", help="a Python that has sagemaker 2.x")
    options = parser.parse_args()
    rounds, load = [], machine()
    with tempfile.TemporaryDirectory() as scratch:
        many = write_files(Path(scratch, "many"), options.files, options.size)
        one = write_files(Path(scratch, "one"), 1, 1)
        for number in range(options.rounds):
            # A server of its own for each round: this one keeps all it gets in memory.
            with engine() as url:
                rounds.append(measure(url, many, one, options.peer_python, number))
    print(f"{options.files} files of {options.size} bytes, {options.rounds} rounds: median (minimum to maximum)")
    print(f"{os.cpu_count()} processors, load before {load}, after {machine()} (that of the benchmark included)")
    names = sorted(rounds[0])
    for name in names:
        whole, start = ([one[name][what] for one in rounds] for what in ("whole", "start"))
        print(f"{name:14} whole command {spread(whole)} s, of which start {spread(start)} s")
    for name in names:
        if name != "ours":
            told = ", ".join(
                f"{what} {spread([one[name][what] / one['ours'][what] for one in rounds])}"
                for what in ("whole", "transfer")
            )
            print(f"{name + ' / ours':14} {told}")
    if options.peer_python is None:
        print("sdk / ours     not asked (--peer-python)")
    firsts = [one["ours"]["first"] for one in rounds]
    for how, meaning in AGAIN.items():
        seconds = [one["ours"][how] for one in rounds]
        ratios = [first / second for first, second in zip(firsts, seconds, strict=True)]
        print(f"ours again     {spread(seconds)} s after {spread(firsts)} s: {spread(ratios)} times quicker, {meaning}")


def measure(url: str, many: Path, one: Path, peer_python: str | None, number: int) -> dict[str, dict[str, float]]:
    """What each command takes, by its name; they begin with another one each round."""
    environment = environment_for(url)
    run([sys.executable, "-c", MAKE_BUCKET, BUCKET], environment)
    memory = many.with_name(f"memory-{number}.json")
    commands = commands_for(url, peer_python, memory)
    names = list(commands)
    figures = {}
    for name in names[number % len(names) :] + names[: number % len(names)]:
        before, arguments, after = commands[name]
        uri = f"s3://{BUCKET}/{name}"
        start, _ = run([*before, *arguments, str(one), f"{uri}-one", *after], environment)
        whole, told = run([*before, *arguments, str(many), uri, *after], environment)
        figures[name] = {"whole": whole, "start": start, "transfer": whole - start}
        if name == "ours":
            figures[name]["first"] = json.loads(told)["seconds"]
            figures[name]["remembered"] = seconds_again([*before, *arguments, str(many), uri], environment)
            figures[name]["compared"] = seconds_again([*before, url, "", str(many), uri], environment)
    return figures


def seconds_again(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """What an upload takes when nothing has changed."""
    told = json.loads(run(command, environment)[1])
    if told["sent"]:
        sys.exit(f"{told['sent']} files were sent again though nothing had changed")
    return float(told["seconds"])


def commands_for(url: str, peer_python: str | None, memory: Path) -> dict[str, tuple[list[str], list[str], list[str]]]:
    """What stands before and after the folder and the URI in each command."""
    aws = Path(sys.executable).with_name("aws")
    commands = {
        "ours": ([sys.executable, "-c", OURS], [url, str(memory)], []),
        "awscli": ([str(aws), "s3", "cp"], [], ["--recursive", "--only-show-errors"]),
    }
    if peer_python is not None:
        commands["sdk"] = ([peer_python, "-c", SDK], [BUCKET], [])
    return commands


def run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    """Wall time of a command and what it printed; its failure is ours."""
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return time.perf_counter() - started, done.stdout


def environment_for(url: str) -> dict[str, str]:
    """The environment without anybody's AWS configuration, and with the server as the only endpoint."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "BOTO"))}
    root = str(Path(__file__).resolve().parent.parent)
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")} | {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": root,
    }


def write_files(folder: Path, count: int, size: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.bin").write_bytes(os.urandom(size))
    return folder


@contextlib.contextmanager
def engine() -> Iterator[str]:
    """The local engine in a process of its own; gives its URL."""
    command = [sys.executable, "-m", "sm_raw", "local"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent) as server:
        try:
            ready = server.stdout.readline().split() if server.stdout else []
            if ready[:1] != ["ready"]:
                sys.exit("the local engine did not start")
            yield ready[1]
        finally:
            server.terminate()


def machine() -> str:
    """How much else the machine has to do: its load in the last minute, or nothing known."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
