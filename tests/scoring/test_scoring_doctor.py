"""Is this machine fit to measure voice? Judged from readings as Linux, Windows, macOS and bad machines give them."""

from collections.abc import Collection, Mapping

import pytest
from samples import MS, quiet_instrument, stamp_sample, steady

from nra.model.sample import StampKind, column
from nra.model.self_test import Check, Reading
from nra.model.verdict import Overall, Verdict
from nra.scoring.doctor import NOT_EXAMINED, TRY_AGAIN, checks, noise_floor, overall
from nra.scoring.doctor_rules import RULES
from nra.scoring.voice import score_voice

GOOD = {
    "clock.perf_counter": 0.05,
    "clock.monotonic": 0.05,
    "clock.time": 0.05,
    "clock.step": 0.0,
    "clock.drift": 0.2,
    **dict.fromkeys((f"timer.{name}" for name in ("sleep", "select", "asyncio", "event", "timerfd", "spin")), 0.2),
    **{rule.key: 100.0 for rule in RULES if rule.key.startswith("datagram.")},
    "buffer.call": 1000.0,
    "buffer.calls": 1000.0,
    "buffer.send": 8_388_608.0,
    "files.sockets": 200.0,
    "load.cpu": 10.0,
    "load.collector": 12.0,
    **dict.fromkeys((rule.key for rule in RULES if rule.key.startswith("noise.")), 0.0),
}
WINDOWS_LACKS = {rule.key for rule in RULES if rule.key.startswith("datagram.")} | {
    "timer.timerfd",
    "load.cpu",
    "noise.receive_delay",
    "noise.drops",
}


def rows(
    changes: Mapping[str, float | None] | None = None, lacking: Mapping[str, str] | None = None, absent: Collection[str] = ()
) -> dict[str, Check]:
    """Return the rows of a good machine with these values changed; those of None are not read, those that are absent do not exist."""
    values: dict[str, float | None] = {**GOOD, **(changes or {})}
    readings = [Reading(key=key, value=value) for key, value in values.items() if value is not None and key not in absent]
    readings += [Reading(key=key, exists=False, evidence="no such thing") for key in absent]
    return {row.key: row for row in checks(readings, lacking or {})}


def verdict(of: dict[str, Check]) -> Overall:
    """Return what the rows come to."""
    return overall(list(of.values()))


def test_a_good_machine_passes_every_row() -> None:
    """Every row is there, in the order of the rules, with what it means and nothing to do."""
    found = rows()
    assert list(found) == [rule.key for rule in RULES]
    assert {row.verdict for row in found.values()} == {Verdict.PASS}
    assert {row.advice for row in found.values()} == {None}
    assert all(row.meaning for row in found.values())
    assert verdict(found) is Overall.PASS


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("clock.perf_counter", 100, Verdict.PASS),
        ("clock.perf_counter", 101, Verdict.WARN),
        ("clock.perf_counter", 15_625, Verdict.FAIL),
        ("clock.monotonic", 15_625, Verdict.INFO),
        ("clock.time", 15_625, Verdict.INFO),
        ("clock.step", 30, Verdict.WARN),
        ("clock.drift", 501, Verdict.WARN),
        ("timer.select", 4.999, Verdict.PASS),
        ("timer.select", 5, Verdict.INFO),
        ("datagram.receive_stamp", 98, Verdict.WARN),
        ("datagram.transmit_stamp", 0, Verdict.INFO),
        ("datagram.ttl_ipv6", 0, Verdict.INFO),
        ("datagram.dscp_ipv4", 0, Verdict.WARN),
        ("datagram.drops", 0, Verdict.WARN),
        ("buffer.call", 50, Verdict.PASS),
        ("buffer.call", 49, Verdict.WARN),
        ("buffer.call", 9, Verdict.FAIL),
        ("buffer.calls", 512, Verdict.INFO),
        ("buffer.send", 100_000, Verdict.INFO),
        ("files.sockets", 199, Verdict.WARN),
        ("files.sockets", 0, Verdict.FAIL),
        ("load.cpu", 300, Verdict.INFO),
        ("load.collector", 20, Verdict.INFO),
        ("noise.send_late", 2, Verdict.WARN),
        ("noise.send_late", 5, Verdict.FAIL),
        ("noise.not_sent", 0.7, Verdict.WARN),
        ("noise.not_sent", 1.1, Verdict.FAIL),
        ("noise.receive_delay", 30, Verdict.WARN),
        ("noise.drops", 1, Verdict.FAIL),
        ("noise.loss", 0.1, Verdict.WARN),
        ("noise.loss", 0.6, Verdict.FAIL),
        ("noise.up_jitter", 2, Verdict.WARN),
        ("noise.down_jitter", 10, Verdict.FAIL),
        ("noise.round_trip", 20, Verdict.FAIL),
    ],
)
def test_a_value_against_its_limit(key: str, value: float, expected: Verdict) -> None:
    """The verdict is no graver than the row may be; whoever does not pass is told what to do."""
    row = rows({key: value})[key]
    assert (row.verdict, row.value) == (expected, value)
    assert (row.advice is None) == (expected is Verdict.PASS)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"noise.send_late": 9.0, "noise.loss": None}, Overall.FAIL),
        ({"noise.loss": None, "clock.step": 30.0}, Overall.INCONCLUSIVE),
        ({"timer.event": None}, Overall.INCONCLUSIVE),
        ({"clock.step": 30.0}, Overall.WARN),
        ({"load.cpu": 500.0, "timer.spin": 80.0}, Overall.PASS),
    ],
)
def test_the_word_for_all_of_it(changes: dict[str, float | None], expected: Overall) -> None:
    """Unfit before not examined before reservations; INFO decides nothing."""
    assert verdict(rows(changes)) is expected


def test_an_interrupted_self_test_proves_no_fitness() -> None:
    """What it found to be bad is bad all the same."""
    assert overall(list(rows().values()), interrupted=True) is Overall.INCONCLUSIVE
    assert overall(list(rows({"noise.loss": 50.0}).values()), interrupted=True) is Overall.FAIL


def test_windows_is_fit_without_what_windows_has_not() -> None:
    """Rows of things that do not exist there are SKIPPED with the reason, and are nobody's fault."""
    found = rows({"clock.monotonic": 15_625.0, "timer.select": 15.6}, absent=WINDOWS_LACKS)
    skipped = {key for key, row in found.items() if row.verdict is Verdict.SKIPPED}
    assert skipped == WINDOWS_LACKS
    assert {(found[key].value, found[key].evidence, found[key].advice) for key in skipped} == {(None, "no such thing", None)}
    assert verdict(found) is Overall.PASS


def test_a_row_without_a_reading_says_why() -> None:
    """The reason of the part that failed, by a pattern of its keys; a value is never made up."""
    found = rows(
        dict.fromkeys(("noise.loss", "datagram.ttl_ipv6", "load.cpu")), {"noise.*": "no loopback", "datagram.*_ipv6": "interrupted"}
    )
    assert [found[key].evidence for key in ("noise.loss", "datagram.ttl_ipv6", "load.cpu")] == ["no loopback", "interrupted", NOT_EXAMINED]
    assert {(found[key].verdict, found[key].value, found[key].advice) for key in ("noise.loss", "load.cpu")} == {
        (Verdict.NOT_MEASURED, None, TRY_AGAIN)
    }


def test_the_limit_is_said_with_its_unit() -> None:
    """Where WARN begins earlier than FAIL, both are said."""
    found = rows()
    assert found["timer.sleep"].limit == "< 5 ms"
    assert found["noise.send_late"].limit == "< 2 ms (at worst < 5 ms)"
    assert found["buffer.call"].limit == ">= 50 packets (at worst >= 10 packets)"


def test_the_noise_floor_is_read_from_a_scored_stream() -> None:
    """Its numbers are those of any run, by the same scoring."""
    late = column([0, 100_000] * 100)
    way = steady(200, delay_ms=0.25)
    sample = stamp_sample(way, way, instrument=quiet_instrument(send_late_ns=late, receive_delay_ns=late))
    found = {reading.key: reading for reading in noise_floor(score_voice(sample, ()))}
    assert {key: reading.value for key, reading in found.items()} == {
        "noise.send_late": 0.1,
        "noise.not_sent": 0.0,
        "noise.receive_delay": 0.1,
        "noise.drops": 0.0,
        "noise.loss": 0.0,
        "noise.up_jitter": 0.0,
        "noise.down_jitter": 0.0,
        "noise.round_trip": 0.5,
    }
    assert found["noise.send_late"].evidence == "median 0.000, largest 0.100 ms of 200 packets"
    assert found["noise.round_trip"].evidence == "from 0.500 to 0.500 ms"
    assert {key for key in found if key.startswith("noise.")} == {rule.key for rule in RULES if rule.key.startswith("noise.")}


def test_what_a_system_does_not_tell_of_its_own_error_is_skipped() -> None:
    """Windows: the stamps are the program's own, and nobody counts drops."""
    instrument = quiet_instrument(rx_stamps=StampKind.USER, receive_delay_ns=column(), local_drops=None)
    found = {each.key: each for each in noise_floor(score_voice(stamp_sample(steady(200), steady(200), instrument=instrument), ()))}
    assert [(found[key].value, found[key].exists) for key in ("noise.receive_delay", "noise.drops")] == [(None, False)] * 2


def test_a_stream_of_which_nothing_came_back_has_no_jitter() -> None:
    """Loss is 100 %, and absent is not zero."""
    lost: list[tuple[float, ...]] = [()] * 200
    found = {each.key: each for each in noise_floor(score_voice(stamp_sample(lost, lost), ()))}
    assert found["noise.loss"].value == 100
    assert [found[f"noise.{name}"].value for name in ("up_jitter", "down_jitter", "round_trip")] == [None] * 3
    assert found["noise.round_trip"].evidence == "no answer"


def test_few_packets_are_told() -> None:
    """The 99th percentile of fewer than a hundred packets is the largest of them."""
    sample = stamp_sample(steady(50), steady(50), instrument=quiet_instrument(send_late_ns=column([1 * MS] * 50)))
    assert noise_floor(score_voice(sample, ()))[0].evidence.endswith("ms of 50 packets; fewer than 100")
