"""Bandwidth and quality under load in words, and in rows that read back as they were printed."""

from dataclasses import replace

import pytest

from nra.model.load import Burden, LimitedBy
from nra.model.under_load import Load, LoadPhase, LoadWay, VoiceBeside
from nra.model.voice import CallDirection
from nra.report.html import render as page
from nra.report.load import HEADER, load_lines, load_row, load_rows
from nra.report.screen import plain
from nra.report.sentences import advice, meaning
from nra.report.text import parse, render
from nra.report.view import view
from nra.testing.canned import canned_run

RUN = canned_run("under-load")


def load(**changes: object) -> Load:
    """Return the canned load with changes."""
    assert RUN.load is not None
    return replace(RUN.load, **changes)  # type: ignore[arg-type]


def limited(by: LimitedBy) -> Load:
    """Return a load up that was limited by that."""
    way = LoadWay(octets=9_000_000, mbit_s=9.8, limited_by=by, calls=122)
    return load(phases=(LoadPhase(burden=Burden.UP, seconds=6.0, up=way, down=None),))


def test_the_bandwidth_is_told_with_the_calls_that_it_is_worth() -> None:
    """Each way from the phase in which the load went there alone, with what a call takes and which headers are in it."""
    assert load_lines(RUN.load, "g711")[0] == (
        "Bandwidth: up 9.87 Mbit/s (room for 123 calls of g711 by the rate alone), down 19.74 Mbit/s (room for 246 calls of g711 by the "
        "rate alone); a call takes 80 kbit/s each way with IP, UDP and RTP headers"
    )


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (LimitedBy.NETWORK, "up 9.80 Mbit/s (room for 122 calls"),
        (
            LimitedBy.INSTRUMENT,
            "up at least 9.80 Mbit/s (room for 122 calls of g711 by the rate alone), where the load generator was the limit",
        ),
        (LimitedBy.CAP, "where the cap on octets ended it early"),
    ],
)
def test_only_the_network_s_limit_is_the_path_s(by: LimitedBy, words: str) -> None:
    """Everything else says at least, and why."""
    assert words in load_lines(limited(by), "g711")[0]
    assert load_rows(limited(by))[0].mbit_s == ("9.80" if by is LimitedBy.NETWORK else "at least 9.80")


def test_what_the_load_did_is_told_with_its_sign() -> None:
    """A phase is a sentence; one of which nothing is known says why."""
    _, up, _, both = load_lines(RUN.load, "g711")
    assert "round trip +189.3 ms; up jitter +4.6 ms, loss +0.80 %, discards +61.60 %, MOS -3.41; down" in up
    assert both == (
        "With load both ways nothing is known of the call beside it: this workstation was unsteady under load: "
        "9 of 204 packets were sent more than 5 ms late"
    )


def test_without_phases_the_reason_is_told_once() -> None:
    """In a sentence, and in a row of its own."""
    nothing = load(phases=(), note="busy: another load is running, try again in half a minute")
    assert load_lines(nothing, "g711") == ("Bandwidth was not measured: busy: another load is running, try again in half a minute",)
    (row,) = load_rows(nothing)
    assert (row.load, row.direction, row.note) == ("none", "", nothing.note)


def test_nothing_is_said_where_nobody_asked() -> None:
    """Neither sentence nor row nor section."""
    assert (load_lines(None, "g711"), load_rows(None), view(canned_run()).loaded) == ((), (), ())
    assert b"Under load" not in render(canned_run())


def test_each_phase_has_a_row_for_each_direction() -> None:
    """The load stands where it went, the differences in both; a note stands once."""
    rows = load_rows(RUN.load)
    assert [(row.load, row.direction, row.mbit_s) for row in rows] == [
        ("up", "up", "9.87"),
        ("up", "down", ""),
        ("down", "up", ""),
        ("down", "down", "19.74"),
        ("both", "up", "at least 9.31"),
        ("both", "down", ""),
    ]
    assert [bool(row.note) for row in rows] == [False] * 4 + [True, False]
    assert all(load_row(row.cells) == row for row in rows)
    assert len(HEADER) == len(rows[0].cells)


def test_the_section_reads_back() -> None:
    """The text report keeps every cell (contract 4.2)."""
    back = parse(render(RUN))
    assert back.loaded == view(RUN).loaded
    assert back == view(RUN)


def test_what_is_not_known_of_a_stream_is_left_out() -> None:
    """A sentence has no holes."""
    change = VoiceBeside(up=CallDirection(), down=CallDirection(jitter_ms=-0.2), rtt_avg_ms=None)
    phase = LoadPhase(burden=Burden.DOWN, seconds=6.0, up=None, down=None, loaded=change, change=change)
    assert load_lines(load(phases=(phase,)), "g711")[1] == "With load down the call beside it changed by: down jitter -0.2 ms"


def test_it_stands_in_every_report() -> None:
    """Screen, page, and sentences; the verdict is that of the run's own stream, and what is advised is not said to be nothing."""
    assert "Change under load" in plain(RUN)
    assert "at least 9.31" in page(RUN).decode()
    assert RUN.verdict == "PASS"
    assert any("while something is sent to the region at full speed" in said for said in meaning(RUN))
    assert advice(RUN)[-1].startswith("Nothing else needs mending")
    assert advice(canned_run())[-1].startswith("Nothing needs mending")
