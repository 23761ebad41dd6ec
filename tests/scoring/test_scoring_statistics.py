"""Packet metrics: the RFCs' own vectors, then random streams against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import CODECS, MS, call_rows, echo_rows, ledger, random_way, stamp_sample, steady, voice_sample
from slow_reference import (
    Copies,
    above_minimum_ms,
    burst_r,
    downward,
    jitter_ms,
    late,
    longest_loss,
    rank,
    reordered,
    there_and_back,
    upward,
)

from nra.model.sample import column
from nra.model.voice import DELAY_EDGES_MS, Direction
from nra.scoring.statistics import (
    above_minimum_ns,
    delay_histogram,
    delay_variation,
    nearest_rank,
    percent,
    reordered_count,
    running_jitter,
)
from nra.scoring.voice import score_voice

HOURS_NS = 3600 * 10**9


@pytest.mark.parametrize(
    ("transits", "expected"),
    [
        ((1000, 1000, 1016, 1000, 1060, 1000, 1000, 1016), (0, 1, 1.9375, 5.566406, 8.968506, 8.407974, 8.882476)),
        ((0, 0, -160, 160, 0), (0, 10, 29.375, 37.539062)),
    ],
    ids=["in order", "sent 0 1 2 3 4, arrived 0 1 3 2 4"],
)
def test_jitter_vector(transits: tuple[int, ...], expected: tuple[float, ...]) -> None:
    """RFC 3550, 6.4.1 in RTP ticks; the first packet only sets the reference."""
    assert running_jitter(column(transits)).tolist() == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.integers(-HOURS_NS, HOURS_NS), max_size=300), st.integers(-(10**18), 10**18))
def test_jitter_is_the_recursion(delays: list[int], offset: int) -> None:
    """The matrix form gives what the packet-by-packet recursion gives, and a clock offset changes nothing."""
    copies = Copies([], [(0, 0, delay) for delay in delays], 0)
    assert (running_jitter(column(delays)) / MS).tolist() == pytest.approx(jitter_ms(copies), rel=1e-9, abs=1e-9)
    assert running_jitter(column(delays) + offset).tolist() == running_jitter(column(delays)).tolist()


@pytest.mark.parametrize(
    ("order", "count"), [("1 2 3 7 8 9 4 5 6", 3), ("1 10 5", 1), ("1 2 3 4 6 5 7", 1), ("", 0), ("1 2 3", 0), ("3 2 1", 2)]
)
def test_reordering_vector(order: str, count: int) -> None:
    """RFC 4737: a packet is reordered when one that set out later came before it."""
    assert reordered_count(column([int(number) for number in order.split()])) == count


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        ((20, 10, 20, 25, 20), (10, 0, 10, 15, 10)),
        ((100, 110, 150, 120, 100, 110, 150, 130, 120, 100), (0, 10, 50, 20, 0, 10, 50, 30, 20, 0)),
    ],
)
def test_delay_variation_vector(delays: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """RFC 5481: PDV is the delay above the sample's minimum; a lost packet has none."""
    pdv = delay_variation(above_minimum_ns([column(delays) * MS]))
    assert pdv is not None
    ordered = sorted(float(value) for value in expected)
    assert (pdv.p50, pdv.p95, pdv.p99, pdv.max) == tuple(rank(ordered, p) for p in (50, 95, 99, 100))


def test_delay_variation_is_above_each_calls_own_minimum() -> None:
    """Two calls over clocks that differ by hours give the variation of either, not the difference between them."""
    pdv = delay_variation(above_minimum_ns([column([0, 5]) * MS, column([0, 5]) * MS + HOURS_NS]))
    assert pdv is not None
    assert (pdv.p50, pdv.max) == (0.0, 5.0)
    assert delay_variation(above_minimum_ns([column()])) is None


def test_a_histogram_of_nothing_is_none() -> None:
    """Absent is never zero."""
    assert delay_histogram(above_minimum_ns([column()])) == ()


def test_a_delay_that_is_an_edge_belongs_below_it() -> None:
    """Exactly 60 ms is in time for a buffer of 60 ms; one nanosecond more is not; the last bar has no end."""
    delays = [0, 500_000, 500_001, 60 * MS, 60 * MS + 1, 1000 * MS, 1000 * MS + 1, HOURS_NS]
    bars = delay_histogram(column(delays))
    held = {(each.above_ms, each.most_ms): each.packets for each in bars if each.packets}
    assert held == {(0.0, 0.5): 2, (0.5, 1.0): 1, (40.0, 60.0): 1, (60.0, 80.0): 1, (500.0, 1000.0): 1, (1000.0, None): 2}
    assert len(bars) == len(DELAY_EDGES_MS)
    assert delay_histogram(column([0, 1 * MS]))[-1].most_ms == 1.0


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=250), st.integers(1, 100))
def test_nearest_rank(values: list[int], p: int) -> None:
    """A percentile is a value that occurred: the one at rank ceil(p n / 100)."""
    assert nearest_rank(np.array(values), p) == (float(rank(sorted(values), p)),)


def test_a_share_of_nothing_is_absent() -> None:
    """Absent is never zero."""
    assert percent(0, 0) is None
    assert percent(1, 8) == 12.5


def assert_same(direction: Direction, copies: Copies) -> None:
    """Compare a scored direction with the plain loops."""
    expected, received = len(copies.expected), len(copies.arrived)
    assert (direction.expected, direction.received, direction.lost) == (expected, received, expected - received)
    assert (direction.duplicates, direction.reordered) == (copies.duplicates, reordered(copies))
    assert direction.loss_percent == pytest.approx(100 * (expected - received) / expected)
    assert direction.order_percent == pytest.approx(100 * (1 - reordered(copies) / received))
    series, variation = jitter_ms(copies), above_minimum_ms(copies)
    assert direction.jitter_ms == pytest.approx(sum(series) / len(series))
    assert direction.jitter_max_ms == pytest.approx(max(series))
    assert direction.pdv_ms is not None
    pdv = direction.pdv_ms
    assert (pdv.p50, pdv.p95, pdv.p99, pdv.max) == pytest.approx(tuple(rank(variation, p) for p in (50, 95, 99, 100)))
    assert sum(each.packets for each in direction.delays) == len(variation)
    for each in direction.delays:
        within = [delay for delay in variation if delay > each.above_ms or delay == each.above_ms == 0]
        assert each.packets == len([delay for delay in within if each.most_ms is None or delay <= each.most_ms])
    assert sum(each.packets for each in direction.delays if each.above_ms >= 60) == direction.discards
    assert direction.discards == len(late(copies, 60))
    assert direction.buffers[0].discards == len(late(copies, 40))
    assert direction.burst_r == pytest.approx(burst_r(copies))
    assert direction.longest_loss == longest_loss(copies)


@pytest.mark.parametrize("seed", range(12))
def test_each_direction_against_plain_loops(seed: int) -> None:
    """Loss, copies, overtaking, late packets and a clock off by hours at once: every figure is that of the loops."""
    rng = np.random.default_rng(seed)
    up = random_way(rng, 150, loss=0.1, copies=0.1, jitter_ms=float(rng.choice([0, 15, 150])))
    down = random_way(rng, 330, loss=0.1, copies=0.1, jitter_ms=float(rng.choice([0, 15, 150])))
    offset_ns = int(rng.integers(-9, 9)) * HOURS_NS
    rows, _ = call_rows(up, down, offset_ns=offset_ns, recorded=True)
    voice = score_voice(voice_sample(rows, ledger(rows, fates_known=True)), CODECS)
    assert_same(voice.up, upward(rows))
    assert_same(voice.down, downward(rows))
    delays = sorted(delay / MS for _, _, delay in there_and_back(rows).arrived)
    trip = voice.round_trip
    assert (trip.min_ms, trip.p50_ms, trip.p95_ms, trip.p99_ms, trip.max_ms) == pytest.approx(
        (delays[0], *(rank(delays, p) for p in (50, 95, 99, 100)))
    )
    assert trip.avg_ms == pytest.approx(sum(delays) / len(delays))
    assert trip.lost == 150 - len(delays)


@pytest.mark.parametrize("seed", range(6))
def test_the_round_trip_against_plain_loops(seed: int) -> None:
    """Against a peer that only echoes, both directions carry the round trip's figures."""
    rng = np.random.default_rng(seed)
    rows = echo_rows(random_way(rng, 150, loss=0.1, copies=0.1, jitter_ms=150.0))
    voice = score_voice(voice_sample(rows, ledger(rows, stateful=False), method="echo"), CODECS)
    assert_same(voice.up, there_and_back(rows))
    assert voice.up.loss_percent == voice.down.loss_percent == voice.round_trip.loss_percent


def test_a_clock_offset_changes_no_figure_of_a_direction() -> None:
    """Trap 12: with the reflector's clock five hours behind every delay is negative, and nothing is clamped."""
    rng = np.random.default_rng(7)
    up, down = (random_way(rng, 400, loss=0.02, jitter_ms=30.0) for _ in range(2))
    level, behind = (score_voice(stamp_sample(up, down, offset_ns=offset), CODECS) for offset in (0, -5 * HOURS_NS))
    assert (behind.up, behind.down, behind.round_trip) == (level.up, level.down, level.round_trip)
    assert level.up.jitter_ms is not None
    assert level.up.jitter_ms > 5


def test_several_calls_pool() -> None:
    """Counts add up, the jitter is the mean over all packets, its maximum the largest of any call."""
    rng = np.random.default_rng(3)
    parts = [
        call_rows(random_way(rng, n, loss=0.1, jitter_ms=j), steady(1), call=call, recorded=True)[0]
        for call, (n, j) in enumerate([(60, 5), (200, 90)])
    ]
    rows = sorted((row for part in parts for row in part), key=lambda row: row[5])
    voice = score_voice(voice_sample(rows, *(ledger(rows, call=call, fates_known=True) for call in (0, 1))), CODECS)
    ways = [upward(part) for part in parts]
    series = [jitter_ms(way) for way in ways]
    assert voice.up.lost == sum(len(way.expected) - len(way.arrived) for way in ways)
    assert voice.up.jitter_ms == pytest.approx(sum(map(sum, series)) / sum(map(len, series)))
    assert voice.up.jitter_max_ms == pytest.approx(max(map(max, series)))
    assert voice.up.discards == sum(len(late(way, 60)) for way in ways)
