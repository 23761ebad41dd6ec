"""The run document against the relay's record: what differs, and by how much."""

import re
from collections.abc import Iterator
from itertools import pairwise, zip_longest
from typing import Any, Final

from lab_session import Session, hold
from lab_truth import close_calls
from lab_world import World

from nra.testing.impairment import Cause

TOLERANCE_MS: Final = 0.1
TOLERANCE: Final = 0.02
MOS_TOLERANCE: Final = 0.01
R_TOLERANCE: Final = 0.25  # MOS changes by 0.04 a point at most
ROUNDING: Final = 1e-9
HOUR_NS: Final = 3_600_000_000_000
SECOND_NS: Final = 1_000_000_000
OFTEN: Final = 0.02
HALF: Final = 0.5
STREAM_KBIT_S: Final = 80.0  # of G.711 in IP packets
WAYS: Final = ("up", "down")
STALLED_S: Final = 0.5  # that a program did nothing: a reply is waited for four times as long
DISTURBED_MS: Final = 1.0  # that this machine added to one packet: ten times what a number may differ by
AGAIN: Final = 3  # times that a disturbed session is held once more, alone
TIMES: Final = frozenset({"p50", "p95", "p99", "max", "jitter_ms", "jitter_max_ms", "rtt_avg_ms"})
QUALITY: Final = {"mos": MOS_TOLERANCE, "up": MOS_TOLERANCE, "down": MOS_TOLERANCE, "r_factor": R_TOLERANCE, "points": R_TOLERANCE}


def differences(session: Session) -> list[str]:
    """Return what the run document says otherwise than the relay's record, each with both numbers; empty where they agree.

    The record is read twice: the network alone, and with what this machine added on the links, which no network did and a stamp sees all
    the same; a time may lie between. A packet that came as close to a buffer's limit as that may fall on either side of it, and slots that
    were never sent may have been the first ones: then any reading will do, for each direction, each buffer and the windows.
    """
    close_ms = TOLERANCE_MS + session.links().most_ms()
    readings = [{"nearer_ms": nearer_ms} for nearer_ms in close_calls(session.calls, close_ms)]
    readings += [{"skipped": skipped} for skipped in range(1, 1 + session.voice["not_sent"])]
    unlike = _by_part(session, {})
    for reading in readings if unlike else ():
        otherwise = _by_part(session, reading)
        unlike = {part: min(texts, otherwise.get(part, []), key=len) for part, texts in unlike.items()}
    return [text for texts in unlike.values() for text in texts] + list(_rows_unlike(session.document))


def _by_part(session: Session, reading: dict[str, Any]) -> dict[str, list[str]]:
    """Return the differences by what a reading of the record decides at once: the windows, each buffer, the rest of each direction."""
    alone, linked = (session.truth(with_links=links, **reading) for links in (False, True))
    parts: dict[str, list[str]] = {}
    for path, text in _unlike(session.voice, alone, linked):
        part = path[0] if path[0] == "windows" else ".".join(path[:3]) if "buffers" in path else next((w for w in path if w in WAYS), "")
        parts.setdefault(part, []).append(f"{'.'.join(path)}: {text}")
    return parts


def _unlike(told: Any, alone: Any, linked: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(alone, dict):
        for name, value in alone.items():
            yield from _unlike(told[name], value, linked[name], (*path, name))
    elif isinstance(alone, list):
        if len(told) != len(alone):
            yield path, f"{len(told)} where there must be {len(alone)}"
        for place, each in enumerate(zip(told, alone, linked, strict=False)):
            yield from _unlike(*each, (*path, str(place)))
    elif not _agree(path[-1], told, alone, linked):
        yield path, f"{told} where the record has {alone} alone and {linked} with the links"


def _agree(name: str, told: Any, alone: Any, linked: Any) -> bool:
    if told is None or alone is None or isinstance(alone, str):
        return bool(told == alone)
    least, most = min(alone, linked), max(alone, linked)
    if name in QUALITY:
        tolerance = QUALITY[name]
    elif name in TIMES or name.endswith("_ms"):
        tolerance = max(TOLERANCE_MS, TOLERANCE * abs(alone))
    else:
        tolerance = ROUNDING * max(1.0, abs(alone))
    return bool(least - tolerance <= told <= most + tolerance)


def _rows_unlike(document: dict[str, Any]) -> Iterator[str]:
    """Yield the rows whose number is not the voice half's."""
    for row in document["metrics"]:
        part = next(part for part in ("round_trip", "up", "down") if row["key"].startswith(part))
        number = document["voice"][part][row["key"][len(part) + 1 :]]
        if row["value"] not in (number, None) or (row["value"] is None and row["verdict"] != "NOT MEASURED"):
            yield f"{row['key']}: {row['value']} in the row, {number} in the voice half"


def check_record(session: Session) -> None:
    """Hold the per-packet record against the relay's: fate, number and stamps of every packet, in order of arrival."""
    for number, call in enumerate(session.calls):
        assert sorted(call.down) == [*range(len(call.down))], "replies of the reflector never came to the relay"
        assert [call.down[k].sequence for k in range(len(call.down))] == [moment.sequence for moment in call.reached()]
        rows = [row for row in session.packets if row.call == number]
        told = [(row.sequence, row.reflector_sequence, row.t4_ns is not None) for row in rows]
        unlike = [each for each in zip_longest(told, call.table()) if each[0] != each[1]]
        assert not unlike, f"sequence, reflector's number, came back; told and true: {unlike}"
        numbered = [(row, call.down[row.reflector_sequence]) for row in rows if row.reflector_sequence is not None]
        assert [row.t2_ns for row, _ in numbered] == [reply.t2_ns for _, reply in numbered]
        assert all(row.t3_ns == reply.t3_ns for row, reply in numbered if row.t4_ns is not None)
        arrivals = [row.t4_ns for row in rows if row.t4_ns is not None]
        assert all(before <= after for before, after in pairwise(arrivals))


def unmet(session: Session) -> list[str]:
    """Return what the mix has for the stream that it did not meet: a truth about a quiet network would be cheap."""
    missing = []
    for way, asked in (("up", session.mix.up), ("down", session.mix.down)):
        packets = [crossing for call in session.calls for crossing in call.crossings(way)]
        met = {crossing.lost_to for crossing in packets}
        wanted = {
            Cause.CHANCE: asked.loss >= OFTEN,
            Cause.BURST: asked.bursts is not None and asked.bursts.loss_bad >= HALF,
            Cause.PLACED: bool(asked.loss_runs) or any(end_s > start_s for start_s, end_s in asked.loss_spans_s),
            Cause.QUEUE: asked.rate_kbit_s is not None and asked.rate_kbit_s < STREAM_KBIT_S,
        }
        missing += [f"{cause} {way}" for cause, must in wanted.items() if must and packets and cause not in met]
        if asked.duplicate and not any(len(crossing.left_ns) == 2 for crossing in packets):
            missing.append(f"copies {way}")
    return missing


def check_clock(session: Session) -> None:
    """Hold what the run says of the reflector's clock against what is true of it: nothing, unless it drifts or is set."""
    apart_ns = min(row.t2_ns - row.t1_ns for row in session.packets if row.t2_ns is not None)
    assert abs(apart_ns - session.mix.hours * HOUR_NS) < SECOND_NS
    told = session.voice["instrument"]["note"] or ""
    if session.mix.told is None:
        assert "reflector's clock" not in told, told
    else:
        assert re.search(session.mix.told, told), told


def check(session: Session) -> None:
    """Hold everything that a run published against the relay's record."""
    voice, mix = session.voice, session.mix
    assert voice["sent"] + voice["not_sent"] == mix.probes
    assert voice["lost_unknown"] == 0
    missing = unmet(session)
    assert not missing, missing
    check_record(session)
    if any(row.t2_ns is not None for row in session.packets):
        check_clock(session)
    unlike = differences(session)
    assert not unlike, "\n".join(unlike)


def check_undisturbed(world: World, name: str, session: Session) -> Session:
    """Check a session, and return it; where it differs and its own record shows that this machine disturbed it, that proves nothing.

    Then it is held again; the last one must stand whatever disturbed it, so that no machine is too busy to find us out.
    """
    for _ in range(AGAIN):
        try:
            check(session)
        except AssertionError:
            if not is_disturbed(session):
                raise
            session = hold(world, {name: session.mix})[name]
        else:
            return session
    check(session)
    return session


def is_disturbed(session: Session) -> bool:
    """Tell whether this machine was in the way of what a session is to show.

    Packets were late on its links, waited for one of its programs nearly as long as a run waits for replies, left the relay and never came
    to the reflector, or none was under way when the mix would have done it harm.
    """
    all_came = all([*sorted(call.down)] == [*range(len(call.reached()))] for call in session.calls)
    is_late = session.links().most_ms() >= DISTURBED_MS or longest_wait_s(session) >= STALLED_S
    return not all_came or is_late or bool(unmet(session))


def longest_wait_s(session: Session) -> float:
    """Return how long at most a packet waited in the relay beyond its time, or in the reflector."""
    crossings = [crossing for call in session.calls for way in WAYS for crossing in call.crossings(way)]
    waits_ns = [left - due for crossing in crossings for due, left in zip(sorted(crossing.due_ns), crossing.left_ns, strict=False)]
    waits_ns += [reply.t3_ns - reply.t2_ns for call in session.calls for reply in call.down.values()]
    return max(waits_ns, default=0) / SECOND_NS
