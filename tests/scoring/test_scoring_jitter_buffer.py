"""De-jitter buffers: the fixed one by its vector, the NetEQ-like one against a loop over its rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import INTERVAL_MS, MS, random_way, stamp_sample

from nra.model.sample import ABSENT, column
from nra.scoring.fates import Fate, Journey, resolve
from nra.scoring.jitter_buffer import adaptive, fixed_late, fixed_outcome


def journey(delays_ms: list[float | None], offset_ms: float = 0.0) -> Journey:
    """Return a journey of these delays in send order; None is lost."""
    present = [packet for packet, delay in enumerate(delays_ms) if delay is not None]
    return Journey(
        fate=np.array([Fate.LOST if delay is None else Fate.ARRIVED for delay in delays_ms], dtype=np.int8),
        delay_ns=column([ABSENT if delay is None else round((delay + offset_ms) * MS) for delay in delays_ms]),
        arrival=column(present),
        departure=column(present),
        duplicates=0,
    )


VECTOR: list[float | None] = [20, 22, 21, 65, 60, 40, None, 20, 85, 19]


@pytest.mark.parametrize(("nominal_ms", "late"), [(40, [3, 4, 8]), (60, [8])])
@pytest.mark.parametrize("offset_ms", [0.0, -10_000_000.0])
def test_fixed_buffer_vector(nominal_ms: float, late: list[int], offset_ms: float) -> None:
    """Late is more than the nominal above the minimum, 19 here (RFC 7005, 3; RFC 5481 alignment), whatever the clocks say."""
    way = journey(VECTOR, offset_ms)
    mask = fixed_late(way, nominal_ms)
    assert np.flatnonzero(mask).tolist() == late
    outcome = fixed_outcome([way], [mask], nominal_ms)
    assert outcome is not None
    assert (outcome.discards, outcome.discard_percent, outcome.delay_ms) == (len(late), 10 * len(late), nominal_ms)


def test_the_edge_of_the_buffer_is_in_time() -> None:
    """A packet exactly the nominal above the minimum is played."""
    assert np.flatnonzero(fixed_late(journey([10, 70, 70.000001]), 60)).tolist() == [2]


def test_each_call_has_its_own_minimum() -> None:
    """Clocks and paths of two calls are never compared."""
    ways = [journey([10, 20]), journey([500, 510])]
    outcome = fixed_outcome(ways, [fixed_late(way, 60) for way in ways], 60)
    assert outcome is not None
    assert outcome.discards == 0


def test_a_buffer_without_packets_has_no_outcome() -> None:
    """Nothing arrived: no 0 % of discards."""
    way = journey([None, None])
    assert fixed_late(way, 60).tolist() == [False, False]
    assert fixed_outcome([way], [fixed_late(way, 60)], 60) is None
    assert adaptive([way], [column([0, 20 * MS])])[0] is None


def slow_adaptive(delays_ms: list[float | None]) -> list[int]:
    """Apply the NetEQ-like rule packet by packet."""
    per_interval = 500 // INTERVAL_MS
    intervals = [delays_ms[start : start + per_interval] for start in range(0, len(delays_ms), per_interval)]
    weights, samples, target, late = [0.0] * 100, 0, 80.0, []
    for now, packets in enumerate(intervals):
        history = [delay for interval in intervals[max(0, now - 3) : now + 1] for delay in interval if delay is not None]
        relative = [(packet, delay - min(history)) for packet, delay in enumerate(packets) if delay is not None]
        late += [now * per_interval + packet for packet, delay in relative if delay > target]
        if not relative:
            continue
        samples += 1
        forget = min(0.983, 1 - 2 / (samples + 1))
        weights = [weight * forget for weight in weights]
        weights[min(99, int(max(delay for _, delay in relative) // 20))] += 1 - forget
        bucket = next(bucket for bucket in range(100) if sum(weights[: bucket + 1]) >= 0.95 - 1e-9)
        target = (bucket + 1) * 20.0
    return late


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_adaptive_buffer_follows_its_rule(seed: int) -> None:
    """Late is above the minimum of the last 2 s plus the target, the 95 % quantile of fading peaks of 500 ms."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.choice([0, 50, 300, 2500], 12), 25)
    delays: list[float | None] = [None if rng.random() < 0.2 else float(np.round(base + rng.exponential(30), 3)) for base in level]
    way, t1 = journey(delays, offset_ms=-1e7), column(range(300)) * INTERVAL_MS * MS
    outcome, (mask,) = adaptive([way], [t1])
    assert np.flatnonzero(mask).tolist() == slow_adaptive(delays)
    assert outcome is not None
    assert (outcome.name, outcome.discards) == ("NetEQ-like", int(mask.sum()))


def test_adaptive_buffer_forgets_slowly_in_the_long_run() -> None:
    """After a minute the past fades by 0.983 per half second: a rare peak is still remembered."""
    rng = np.random.default_rng(8)
    delays: list[float | None] = [float(20 + rng.exponential(4) + (150 if packet % 400 < 3 else 0)) for packet in range(5000)]
    _, (mask,) = adaptive([journey(delays)], [column(range(5000)) * INTERVAL_MS * MS])
    assert np.flatnonzero(mask).tolist() == slow_adaptive(delays)
    assert mask.any()


def test_adaptive_buffer_starts_at_80_ms_and_shrinks() -> None:
    """On a steady path the target falls from its start to one bucket, and the delay that it adds with it."""
    outcome, _ = adaptive([journey([20.0] * 500)], [column(range(500)) * INTERVAL_MS * MS])
    assert outcome is not None
    assert outcome.discards == 0
    assert outcome.delay_ms == pytest.approx((25 * 80 + 475 * 20) / 500)
    delays: list[float | None] = [None, 20.0] * 250
    halved, _ = adaptive([journey(delays)], [column(range(500)) * INTERVAL_MS * MS])
    assert halved is not None
    assert halved.delay_ms == pytest.approx((12 * 80 + 238 * 20) / 250)


def test_adaptive_buffers_of_calls_do_not_mix() -> None:
    """A call's late packets are the same alone and among others."""
    rng = np.random.default_rng(5)
    calls = [resolve(stamp_sample(random_way(rng, 300, jitter_ms=j), [(20.0,)])).calls[0] for j in (10, 400, 150)]
    together = adaptive([call.up for call in calls], [call.t1_ns for call in calls])[1]
    for call, mask in zip(calls, together, strict=True):
        assert (adaptive([call.up], [call.t1_ns])[1][0] == mask).all()
