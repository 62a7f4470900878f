from __future__ import annotations

import io

import pytest

from sm_raw.aws.logs.display import COLOURS, LogPrinter, short_name, wants_colour
from sm_raw.aws.logs.streams import LogEvent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ", "colour"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"NO_COLOR": ""}, True),  # Empty is as good as not set, says no-color.org.
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours_are_for_terminals_of_people_who_do_not_object(
    out: io.StringIO, environ: dict[str, str], colour: bool
) -> None:
    assert wants_colour(out, environ) is colour


@pytest.mark.parametrize(
    ("stream", "prefix", "name"),
    [
        ("digits-0417/algo-1-1732147200", "digits-0417/", "algo-1"),
        ("tune-001-abcdef/algo-1-1732147200123", "tune-", "001-abcdef/algo-1"),
        ("AllTraffic/i-0abc123456", "", "AllTraffic/i-0abc123456"),
        ("2026/11/21/[$LATEST]0123abcd", "", "2026/11/21/[$LATEST]0123abcd"),
    ],
)
def test_a_stream_is_called_what_people_know_it_by(stream: str, prefix: str, name: str) -> None:
    assert short_name(stream, prefix) == name


def shown(events: list[LogEvent], **options: object) -> str:
    out = io.StringIO()
    printer = LogPrinter(out, **options)  # type: ignore[arg-type]
    for event in events:
        printer.show(event)
    return out.getvalue()


def test_names_are_shown_from_the_second_stream_on_or_as_asked() -> None:
    events = [LogEvent(1, "j/algo-1-1732147200", "one"), LogEvent(2, "j/algo-2-1732147200", "two")]
    assert shown(events, prefix="j/") == "one\nalgo-2 two\n"
    assert shown(events, prefix="j/", names=True) == "algo-1 one\nalgo-2 two\n"
    assert shown(events, prefix="j/", names=False) == "one\ntwo\n"


def test_each_line_of_an_event_has_its_head_and_progress_bars_are_unrolled() -> None:
    event = LogEvent(1732147200123, "j/a", "10%\r50%\r\n\nerror\n")
    assert shown([event], names=True, times=True) == "".join(
        f"2024-11-21T00:00:00.123Z j/a {line}\n" for line in ("10%", "50%", "error")
    )
    assert shown([LogEvent(1, "j/a", " ")]) == " \n"


def test_a_stream_keeps_its_colour_and_shares_it_only_when_all_are_taken() -> None:
    def colours(streams: list[str]) -> list[str]:
        return [
            line.partition("m")[0]
            for line in shown([LogEvent(1, stream, "x") for stream in streams], names=True, colour=True).splitlines()
        ]

    streams = [f"j/algo-{number}" for number in range(len(COLOURS))]
    assert colours(streams) == colours(streams)
    assert colours(streams[:1]) == colours(streams[:1] * 3)[:1]
    assert len(set(colours(streams))) == len(COLOURS)
    assert len(colours([*streams, "j/one-more"])) == len(COLOURS) + 1


def test_a_notice_is_no_line_of_the_log() -> None:
    out = io.StringIO()
    LogPrinter(out).notice("no output for 5 min")
    assert out.getvalue() == "-- no output for 5 min --\n"
