"""Fates: what is known of each direction, what is inferred from the reflector's numbers, what stays unknown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import MS, Row, Truth, call_rows, echo_rows, ledger, losing, random_way, stamp_sample, steady, voice_sample

from nra.model.sample import ABSENT, CallLedger
from nra.model.verdict import Basis
from nra.scoring.fates import CallFates, Fate, resolve
from nra.scoring.statistics import reordered_count

PROBES = 40
lost_packets = st.sets(st.integers(0, PROBES - 1), max_size=PROBES)


def fates_of(rows: list[Row], known: CallLedger) -> CallFates:
    """Return the fates of a sample's only call."""
    fates = resolve(voice_sample(rows, known))
    assert fates.basis is Basis.DIRECTION
    return fates.calls[0]


def probes(column: np.ndarray, fate: int) -> set[int]:
    """Return the indices of the probes that met this fate."""
    return set(np.flatnonzero(column == fate).tolist())


def through(lost_up: set[int], lost_replies: set[int]) -> tuple[list[Row], Truth]:
    """Return a call in which these packets are lost up, and these of the reflector's replies down."""
    return call_rows(losing(PROBES, sorted(lost_up)), losing(PROBES, sorted(lost_replies)))


@given(lost_packets, lost_packets)
def test_the_receive_record_settles_every_fate(lost_up: set[int], lost_replies: set[int]) -> None:
    """When the reflector's record covers all replies, up and down are exactly what happened."""
    rows, truth = call_rows(losing(PROBES, sorted(lost_up)), losing(PROBES, sorted(lost_replies)), recorded=True)
    call = fates_of(rows, ledger(rows, fates_known=True))
    assert probes(call.up.fate, Fate.LOST) == truth.lost_up == probes(call.down.fate, Fate.NOT_EXPECTED)
    assert probes(call.down.fate, Fate.LOST) == truth.lost_down
    assert (call.up.expected, call.down.expected) == (PROBES, PROBES - len(truth.lost_up))


@given(lost_packets, lost_packets)
def test_gaps_in_the_numbers_prove_the_counts(lost_up: set[int], lost_replies: set[int]) -> None:
    """With the reflector's total known, the count lost each way is exact, whichever packets they were."""
    rows, truth = through(lost_up, lost_replies)
    call = fates_of(rows, ledger(rows, reflected=truth.reflected))
    assert len(probes(call.up.fate, Fate.LOST)) == len(truth.lost_up)
    assert len(probes(call.down.fate, Fate.LOST)) == len(truth.lost_down)
    assert not probes(call.up.fate, Fate.UNKNOWN)


@given(lost_packets, lost_packets)
def test_what_came_after_the_last_reply_stays_unknown(lost_up: set[int], lost_replies: set[int]) -> None:
    """Trap 7: without the reflector's total, the tail is unknown and never split; before it the counts are exact."""
    rows, truth = through(lost_up, lost_replies)
    call = fates_of(rows, ledger(rows))
    answered = {row[1] for row in rows if row[5] != ABSENT}
    tail = set(range(max(answered, default=-1) + 1, PROBES))
    assert probes(call.up.fate, Fate.UNKNOWN) == tail
    assert len(probes(call.up.fate, Fate.LOST)) == len(truth.lost_up - tail)
    assert probes(call.down.fate, Fate.NOT_EXPECTED) == probes(call.up.fate, Fate.LOST) | tail
    assert call.down.expected == PROBES - len(tail) - len(truth.lost_up - tail)


@pytest.mark.parametrize(
    ("numbers", "lost_up"),
    [
        ({0: 0, 1: 1, 5: 5}, set()),  # 3 numbers missing for 3 probes: all reached
        ({0: 0, 1: 1, 5: 2}, {2, 3, 4}),  # none missing: all lost on the way up
        ({0: 0, 1: 1, 5: 3}, {2, 3}),  # one missing: the last of the three reached, the first two were lost
        ({0: 0, 1: 1, 5: 4}, {2}),
        ({2: 0, 5: 3}, {0, 1}),  # before the first reply the numbers count from 0
        ({0: 0, 1: 3, 5: 4}, {2, 3, 4}),  # more numbers missing than probes: copies that nobody saw
    ],
)
def test_placement_inside_a_gap(numbers: dict[int, int], lost_up: set[int]) -> None:
    """Of m unanswered probes with k numbers missing between them, the first m - k are lost up, the last k reached."""
    rows = [row_of(probe, number) for probe, number in numbers.items()] + [
        row_of(probe, None) for probe in range(6) if probe not in numbers
    ]
    call = fates_of(rows, ledger(rows))
    assert probes(call.up.fate, Fate.LOST) == lost_up
    assert probes(call.down.fate, Fate.LOST) == set(range(6)) - set(numbers) - lost_up


def row_of(probe: int, number: int | None) -> Row:
    """Return a row of a probe answered under this number, or of one never seen again."""
    t1 = probe * 20 * MS
    if number is None:
        return (0, probe, t1, *(7 * (ABSENT,)))
    return (0, probe, t1, t1 + MS, t1 + MS, t1 + 2 * MS, number, 64, 0, 0)


@pytest.mark.parametrize(
    ("reflected", "unknown", "lost_up"),
    [(None, {2, 3}, set()), (2, set(), {2, 3}), (3, set(), {2}), (4, set(), set()), (9, set(), set()), (1, {2, 3}, set())],
)
def test_the_tail_is_resolved_by_the_reflectors_total(reflected: int | None, unknown: set[int], lost_up: set[int]) -> None:
    """Probes after the last reply: by how many replies were sent in all; a total older than that reply tells nothing."""
    rows = [row_of(0, 0), row_of(1, 1), row_of(2, None), row_of(3, None)]
    call = fates_of(rows, ledger(rows, reflected=reflected))
    assert (probes(call.up.fate, Fate.UNKNOWN), probes(call.up.fate, Fate.LOST)) == (unknown, lost_up)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.3), st.floats(0, 0.3))
def test_counts_hold_among_overtaking_packets(seed: int, loss_up: float, loss_down: float) -> None:
    """When replies overtook each other the counts are still those of the whole call, and nothing is negative."""
    rng = np.random.default_rng(seed)
    rows, truth = call_rows(random_way(rng, 120, loss=loss_up, jitter_ms=70), random_way(rng, 120, loss=loss_down))
    call = fates_of(rows, ledger(rows, reflected=truth.reflected))
    assert reordered_count(call.up.departure) > 0
    assert len(probes(call.up.fate, Fate.LOST)) == len(truth.lost_up)
    assert len(probes(call.down.fate, Fate.LOST)) == len(truth.lost_down)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_anything_can_happen_without_contradiction(seed: int) -> None:
    """Copies, losses, overtaking and a wrong total at once: every probe has one fate and the counts add up."""
    rng = np.random.default_rng(seed)
    way = random_way(rng, 80, loss=0.2, copies=0.2, jitter_ms=60)
    rows, truth = call_rows(way, random_way(rng, 120, loss=0.2, copies=0.2, jitter_ms=60))
    total = [None, truth.reflected, int(rng.integers(0, 200))][int(rng.integers(0, 3))]
    call = fates_of(rows, ledger(rows, reflected=total))
    answered = {row[1] for row in rows if row[5] != ABSENT}
    assert probes(call.up.fate, Fate.ARRIVED) >= answered == probes(call.down.fate, Fate.ARRIVED)
    assert probes(call.down.fate, Fate.LOST) == probes(call.up.fate, Fate.ARRIVED) - answered
    assert len(call.up.fate) == 80


def test_overtaking_does_not_smear_losses_over_the_call() -> None:
    """One swap at the end leaves losses where they were: what is proven between two replies stays between them."""
    up = losing(300, [50, 51])
    up[290] = (45.0,)
    rows, truth = call_rows(up, losing(298, [200]))
    call = fates_of(rows, ledger(rows, reflected=truth.reflected))
    assert probes(call.up.fate, Fate.LOST) == truth.lost_up == {50, 51}
    assert probes(call.down.fate, Fate.LOST) == truth.lost_down


def test_a_probe_that_was_lost_among_overtaking_ones_is_lost_down() -> None:
    """Among overtaking packets a number without its probe belongs to the unanswered probe nearest to it."""
    up = losing(100, [10, 50])
    up[30], up[60] = (45.0,), (45.0,)  # both arrive after their successor
    for lost_reply, lost_probe in ((30, 30), (29, 31)):  # the one that was overtaken, or the one that overtook it
        rows, truth = call_rows(up, losing(98, [lost_reply]))
        assert truth.lost_down == {lost_probe}
        call = fates_of(rows, ledger(rows, reflected=truth.reflected))
        assert (probes(call.up.fate, Fate.LOST), probes(call.down.fate, Fate.LOST)) == ({10, 50}, {lost_probe})


def test_reordering_is_billed_to_the_direction_in_which_it_happened() -> None:
    """RFC 4737 per direction: up in the reflector's numbers, down in the order in which replies were sent."""
    swapped = steady(10)
    swapped[3] = (45.0,)
    for up, down, counts in ((swapped, steady(10), (1, 0)), (steady(10), swapped, (0, 1))):
        call = resolve(stamp_sample(up, down)).calls[0]
        assert (reordered_count(call.up.departure), reordered_count(call.down.departure)) == counts
        assert reordered_count(call.round_trip.departure) == 1


def test_the_first_copy_counts() -> None:
    """A copy is counted once, in the direction that made it, and its delay is not used."""
    up, down = steady(6), steady(7)
    up[2], down[5] = (20.0, 31.0), (20.0, 90.0)
    call = resolve(stamp_sample(up, down)).calls[0]
    assert (call.up.duplicates, call.down.duplicates, call.round_trip.duplicates) == (1, 1, 2)
    assert set(call.up.delay_ns.tolist()) == set(call.down.delay_ns.tolist()) == {20 * MS}
    assert len(call.up.arrival) == len(call.down.arrival) == 6


def test_delays_are_kept_as_they_are() -> None:
    """Trap 12: a reflector's clock that is hours behind gives negative delays, and the round trip is not touched by it."""
    call = resolve(stamp_sample(steady(5, 12.0), steady(5, 30.0), offset_ns=-(10**13))).calls[0]
    assert set(call.up.delay_ns.tolist()) == {12 * MS - 10**13}
    assert set(call.down.delay_ns.tolist()) == {30 * MS + 10**13}
    assert set(call.round_trip.delay_ns.tolist()) == {42 * MS}


@pytest.mark.parametrize("stateful", [False, None])
def test_without_a_stateful_reflector_only_the_round_trip_is_known(stateful: bool | None) -> None:
    """All journeys are then the same: what was lost was lost somewhere."""
    rows = echo_rows(losing(20, [4, 5]))
    fates = resolve(voice_sample(rows, ledger(rows, stateful=stateful)))
    assert fates.basis is Basis.ROUND_TRIP
    call = fates.calls[0]
    assert call.up is call.down is call.round_trip
    assert probes(call.up.fate, Fate.LOST) == {4, 5}


def test_one_call_that_proves_the_reflector_stateful_speaks_for_all() -> None:
    """A call without any reply cannot tell; the reflector is the same one for all calls."""
    first, _ = call_rows(losing(10, [3]), steady(1))
    silent = [(1, probe, probe * 20 * MS, *(7 * (ABSENT,))) for probe in range(10)]
    rows = [*first, *silent]
    fates = resolve(voice_sample(rows, ledger(rows), ledger(rows, call=1, stateful=None)))
    assert fates.basis is Basis.DIRECTION
    assert probes(fates.calls[0].up.fate, Fate.LOST) == {3}
    assert probes(fates.calls[1].up.fate, Fate.UNKNOWN) == set(range(10))


def test_interleaved_calls_are_told_apart() -> None:
    """Rows stand in order of arrival over all calls; each call keeps its own numbers."""
    parts = [call_rows(losing(30, [call]), losing(29, [10 + call]), call=call) for call in (2, 0, 300)]
    rows = sorted((row for part, _ in parts for row in part), key=lambda row: (row[5] == ABSENT, row[5], -row[0]))
    known = [ledger(rows, call=call, reflected=29) for call in (2, 0, 300)]
    for call, (_, truth) in zip(resolve(voice_sample(rows, *known)).calls, parts, strict=True):
        assert probes(call.up.fate, Fate.LOST) == truth.lost_up
        assert probes(call.down.fate, Fate.LOST) == truth.lost_down


def test_nothing_sent_is_nothing_known() -> None:
    """A measurement that was stopped at once has no probes and raises nothing."""
    call = resolve(voice_sample([], ledger([]))).calls[0]
    assert (len(call.sequence), call.up.expected, call.down.expected) == (0, 0, 0)


def test_a_reflector_cannot_keep_a_packet_longer_than_it_was_away() -> None:
    """Such stamps are not believed: the round trip is then all the time between sending and receiving, never negative."""
    rows = [(*row[:4], row[4] + 10_000 * MS, *row[5:]) for row in (row_of(probe, probe) for probe in range(4))]
    call = fates_of(rows, ledger(rows))
    assert call.round_trip.delay_ns.tolist() == [2 * MS] * 4


def test_what_the_reflector_refused_is_not_the_networks_loss() -> None:
    """It had them and would not answer (its rate limit): so many of the lost have an unknown fate, the rest was lost on the way up."""
    rows = [row_of(probe, probe if probe < 4 else None) for probe in range(7)]
    call = fates_of(rows, replace(ledger(rows), fates_known=True, refused=2))
    assert (len(probes(call.up.fate, Fate.UNKNOWN)), len(probes(call.up.fate, Fate.LOST))) == (2, 1)
