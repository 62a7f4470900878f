"""Python tracebacks in the lines of a log, also chained ones, and through lines that others wrote in between."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEADER = "Traceback (most recent call last):"
IGNORED = "Exception ignored in"
"""Python says so of errors in destructors; they end nothing."""

LINKS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
MOST_STRAYS = 20
"""Lines of others that may stand between two lines of a traceback."""

MOST_MESSAGE_LINES = 10

WRAPPERS = re.compile(
    r"(?:\w+\.)*(?:ExecuteUserScriptError|ChildFailedError|ProcessRaisedException|ProcessExitedException|"
    r"CalledProcessError|SystemExit)\b"
)
"""Exceptions which only tell that another process has failed: that one's own traceback says why."""

SERVED = re.compile(
    r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d,\d{3} \[(?:INFO|WARN|ERROR) *\] +(?P<writer>W-\d\S* +\S+ +- ?)"
)
"""What model servers put before each line of their workers, with a time that changes from line to line.

https://github.com/aws/sagemaker-pytorch-inference-toolkit/pull/118,
https://github.com/awslabs/realtime-fraud-detection-with-gnn-on-dgl/issues/57
"""

FUNCTION_ERROR = re.compile(r"^\[ERROR\] (?P<error>[\w.]+(?::.*)?)$")
"""How Lambda's Python runtime begins: the exception first, then the traceback, indented with no-break spaces.

https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py
"""

SURE = re.compile(
    r"(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt|Iteration|Warning|Failure|Timeout|Group|Fault|NotFound|Abort|"
    r"Killed|Cancelled)(?:\([\w.]+\))?(?::\s.*|:?)"
)
PERHAPS = re.compile(r"(?:\w+\.)*[A-Z]\w*(?::\s.*|:?)")
"""An exception need not be called one; a line such as "Epoch: 3" looks the same, so a sure one is looked for first."""


@dataclass(frozen=True)
class Block:
    """One traceback without those that it is chained to. ``start`` and ``end`` are line numbers, the last excluded."""

    lines: tuple[str, ...]
    start: int
    end: int

    @property
    def error(self) -> str:
        """The line that names the exception."""
        return next((line for line in self.lines[1:] if line and not line[0].isspace()), "")


def find_traceback(lines: Sequence[str]) -> str:
    """The traceback that tells most: the last one that is no wrapper's, with all that it is chained to. Or nothing."""
    # The times differ within one traceback, the workers between those of two.
    lines = list(_error_last([SERVED.sub(lambda found: found["writer"], line) for line in lines]))
    chains = list(_chains(lines, list(_blocks(lines))))
    telling = [chain for chain in chains if not WRAPPERS.match(chain[-1].error)]
    if not chains:
        return ""
    chain = (telling or chains)[-1]
    parts = ["\n".join(chain[0].lines)]
    for before, block in itertools.pairwise(chain):
        parts += [_link(lines[before.end : block.start]), "\n".join(block.lines)]
    return "\n\n".join(parts)


def as_written(line: str) -> str:
    """A line of a log as its program wrote it, without what a model server has put before it."""
    return SERVED.sub("", line)


def _error_last(lines: Sequence[str]) -> Iterator[str]:
    """The lines as Python itself orders and indents them, where Lambda's runtime wrote them."""
    error = ""
    for number, line in enumerate(lines):
        found = FUNCTION_ERROR.match(line)
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if found and following.startswith(HEADER):
            error = found["error"]
            continue
        if error and not line.startswith((HEADER, "\u00a0", " ")):
            yield error
            error = ""
        yield line.replace("\u00a0", " ") if error else line
    if error:
        yield error


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    end = 0
    for start, line in enumerate(lines):
        at = line.find(HEADER)
        ignored = start > 0 and IGNORED in lines[start - 1]
        if at >= 0 and start >= end and not ignored:
            block = _block(lines, start, line[:at])
            end = block.end
            yield block


def _block(lines: Sequence[str], start: int, prefix: str) -> Block:
    """The traceback that begins at ``start``; what is not in front of its lines, is not its own.

    ``prefix`` stands before each of its lines, where several processes write one log ("[1,0]<stderr>:").
    """
    kept, end, strays = [HEADER], start + 1, 0
    weak: int | None = None
    for number in range(start + 1, len(lines)):
        line = lines[number]
        own = line.startswith(prefix)
        text = line[len(prefix) :].rstrip() if own else ""
        if own and HEADER in text:
            break
        if own and text.startswith((" ", "\t")):
            kept.append(text)
            end, strays, weak = number + 1, 0, None
        elif own and SURE.fullmatch(text):
            return _with_message(lines, kept, number, start, prefix)
        else:
            if own and weak is None and PERHAPS.fullmatch(text):
                weak = number
            strays += 1
            if strays > MOST_STRAYS:
                break
    if weak is not None:
        return _with_message(lines, kept, weak, start, prefix)
    return Block(tuple(kept), start, end)


def _with_message(lines: Sequence[str], kept: list[str], number: int, start: int, prefix: str) -> Block:
    """The block with the line of its exception, and the indented lines that its message goes on with."""
    texts = [lines[number][len(prefix) :].rstrip()]
    for line in lines[number + 1 : number + 1 + MOST_MESSAGE_LINES]:
        text = line[len(prefix) :].rstrip() if line.startswith(prefix) else ""
        if not text.startswith((" ", "\t")) or not text.strip():
            break
        texts.append(text)
    return Block((*kept, *texts), start, number + len(texts))


def _chains(lines: Sequence[str], blocks: list[Block]) -> Iterator[list[Block]]:
    """The blocks in groups: those that a sentence between them links."""
    chain: list[Block] = []
    for block in blocks:
        if chain and not _link(lines[chain[-1].end : block.start]):
            yield chain
            chain = []
        chain.append(block)
    if chain:
        yield chain


def _link(between: Sequence[str]) -> str:
    return next((link for line in between for link in LINKS if link in line), "")
