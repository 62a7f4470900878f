"""Threads that work through jobs, and tell the caller's thread how it goes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class TransferState:
    """How far a transfer is. What needed no transfer counts as done."""

    files_done: int = 0
    files: int = 0
    bytes_done: int = 0
    bytes: int = 0


Watch = Callable[[TransferState], None]
"""Called after each file, and after each part of a large one, in the thread of the caller."""


@dataclass(frozen=True)
class News:
    """Bytes that have arrived, and whether a file ended with them: ``moved`` or there already."""

    bytes: int
    file_bytes: int | None = None
    moved: bool = True


Job = Callable[[], "News | Sequence[News] | None"]


class Crew:
    """Jobs are added, also by jobs; ``news()`` gives what they tell; ``close()`` in any case."""

    def __init__(self, threads: int, name: str) -> None:
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._told: queue.SimpleQueue[Sequence[News] | BaseException | None] = queue.SimpleQueue()
        self._open = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def pause(self, seconds: float) -> None:
        """Sleep, within a job; raises CancelledError when the crew is closed meanwhile."""
        if self._closed.wait(seconds):
            raise CancelledError

    def add(self, job: Job) -> None:
        """Have ``job()`` done by one of the threads; what it returns is news, one or several."""
        with self._lock:
            self._open += 1
        self._pool.submit(self._do, job)

    def tell(self, news: News) -> None:
        """Give news of what was done without a job."""
        with self._lock:
            self._open += 1
        self._told.put((news,))
        self._told.put(None)

    def _do(self, job: Job) -> None:
        if self._closed.is_set():
            return
        try:
            news = job()
        except BaseException as error:
            self._told.put(error)
        else:
            if news is not None:
                self._told.put((news,) if isinstance(news, News) else news)
            self._told.put(None)

    def news(self) -> Iterator[News]:
        """What the jobs tell, until all have ended; the first failure is raised."""
        while self._open:
            told = self._told.get()
            if isinstance(told, BaseException):
                raise told
            if told is None:
                with self._lock:
                    self._open -= 1
            else:
                yield from told
