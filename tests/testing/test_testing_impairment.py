"""Impairments decide by a seed and write down what they decided: the truth that measurements are compared with."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.testing.chance import QUANTILES, Bursts, JitterShape
from nra.testing.impairment import CLEAN, HEAD_BYTES, Cause, Impairment, Path

MS = 1_000_000


def carried(impairment: Impairment, packets: int = 4000) -> Path:
    """Return a path after so many packets, one per millisecond."""
    path = Path(impairment)
    for number in range(packets):
        path.carry(number.to_bytes(4) + bytes(200), number * MS)
    return path


def test_a_clean_path_takes_no_time() -> None:
    """Every packet leaves once, when it came."""
    assert [passage.left_ns for passage in carried(CLEAN, 10).passages] == [(number * MS,) for number in range(10)]


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
def test_shares_are_kept(share: float) -> None:
    """Loss, duplication and reordering hit about as many packets as asked for."""
    passages = carried(Impairment(loss=share)).passages
    assert sum(not passage.left_ns for passage in passages) / len(passages) == pytest.approx(share, abs=0.02)
    passages = carried(Impairment(duplicate=share)).passages
    assert sum(len(passage.left_ns) == 2 for passage in passages) / len(passages) == pytest.approx(share, abs=0.02)
    passages = carried(Impairment(reorder=share, reorder_ms=70)).passages
    assert sum(passage.left_ns == (passage.came_ns + 70 * MS,) for passage in passages) / len(passages) == pytest.approx(share, abs=0.02)


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 99))
def test_delay_and_jitter(delay_ms: float, jitter_ms: float, seed: int) -> None:
    """Each copy takes the delay and between nothing and the whole of the jitter on top."""
    for passage in carried(Impairment(delay_ms=delay_ms, jitter_ms=jitter_ms, duplicate=0.5, seed=seed), 50).passages:
        for left_ns in passage.left_ns:
            assert -1 <= left_ns - passage.came_ns - delay_ms * MS <= jitter_ms * MS + 1


def test_runs_are_lost_by_number() -> None:
    """Bursts are placed by hand."""
    lost = [passage.number for passage in carried(Impairment(loss_runs=(range(3, 6), range(8, 9))), 12).passages if not passage.left_ns]
    assert lost == [3, 4, 5, 8]


def test_the_same_seed_decides_the_same() -> None:
    """A test that fails fails again."""
    asked = Impairment(delay_ms=5, jitter_ms=9, loss=0.1, duplicate=0.1, reorder=0.1, seed=42)
    assert carried(asked, 500).passages == carried(asked, 500).passages
    assert carried(asked, 500).passages != carried(Impairment(loss=0.1, seed=43), 500).passages


def test_a_packet_is_known_again() -> None:
    """The record keeps the first octets of each packet, and its number on this path."""
    passage = carried(CLEAN, 3).passages[2]
    assert (passage.number, passage.head[:4], len(passage.head)) == (2, b"\0\0\0\2", HEAD_BYTES)


def test_losses_are_placed_by_time() -> None:
    """What comes within a span of seconds after the first packet is lost, its end not included, however many packets that are."""
    path = Path(Impairment(loss_spans_s=((0.01, 0.02), (0.03, 1000))))
    for time_ms in (500, 509, 510, 519, 520, 529, 530, 60_000):
        path.carry(b"", time_ms * MS)
    assert [bool(passage.left_ns) for passage in path.passages] == [True, True, False, False, True, True, False, False]


def at(path: Path, *times_ms: float, size: int = 172) -> list[float | None]:
    """Return how long (ms) each of the packets that come at these times is under way, None where it is lost."""
    left = [path.carry(bytes(size), round(time_ms * MS)) for time_ms in times_ms]
    return [leaves[0] / MS - time_ms if leaves else None for leaves, time_ms in zip(left, times_ms, strict=True)]


def test_losses_say_to_what() -> None:
    """Each lost packet has its cause; none that left has one."""
    asked = Impairment(loss=0.1, bursts=Bursts(to_bad=0.02, to_good=0.2), loss_runs=(range(50, 60),), rate_kbit_s=1600, queue_packets=2)
    passages = carried(asked).passages
    assert {passage.lost_to for passage in passages if not passage.left_ns} == set(Cause)
    assert {passage.lost_to for passage in passages if passage.left_ns} == {None}
    assert [passages[number].lost_to for number in range(50, 60)].count(Cause.PLACED) > 5


def test_a_bottleneck_sends_one_after_the_other() -> None:
    """172 octets of payload are 200 of IP: 20 ms at 80 kbit/s, and who comes meanwhile waits."""
    assert at(Path(Impairment(rate_kbit_s=80)), 0, 5, 10, 60) == [20, 35, 50, 20]


def test_a_queue_drops_what_finds_no_room() -> None:
    """One is being sent, two wait, the next ones are dropped until one more is through (drop-tail)."""
    path = Path(Impairment(rate_kbit_s=80, queue_packets=2))
    assert at(path, 0, 1, 2, 3, 4, 20, 21) == [20, 39, 58, None, None, 60, None]
    assert [passage.lost_to for passage in path.passages][3:5] == [Cause.QUEUE, Cause.QUEUE]


def test_a_stall_holds_everything_until_its_end() -> None:
    """What would leave within leaves at its end, in the order in which it came; what leaves before or after does so unhindered."""
    path = Path(Impairment(delay_ms=10, stalls_s=((0.1, 0.3),)))
    assert at(path, 1000, 1089, 1090, 1200, 1290, 1291) == [10, 10, 210, 100, 10, 10]


def test_a_detour_is_longer_for_a_while() -> None:
    """A route that changes and changes back: what comes within takes so much longer."""
    assert at(Path(Impairment(delay_ms=10, detours=((0.1, 0.2, 30.0),))), 0, 99, 100, 199, 200) == [10, 10, 40, 40, 10]


def test_in_order_nobody_overtakes() -> None:
    """Jitter of a queue delays but does not reorder; without that it does."""

    def in_order(asked: Impairment) -> bool:
        left = [passage.left_ns[0] for passage in carried(asked, 500).passages]
        return left == sorted(left)

    assert in_order(Impairment(jitter_ms=20, in_order=True))
    assert not in_order(Impairment(jitter_ms=20))


@pytest.mark.parametrize("shape", JitterShape)
def test_jitter_has_its_shape(shape: JitterShape) -> None:
    """The shape's law decides, times the scale that was asked for."""
    passages = carried(Impairment(jitter_ms=8, jitter_shape=shape)).passages
    times_ms = sorted((passage.left_ns[0] - passage.came_ns) / MS for passage in passages)
    assert times_ms[len(times_ms) // 2] == pytest.approx(8 * QUANTILES[shape](0.5), rel=0.1)


def test_a_correlated_jitter_wanders() -> None:
    """Neighbours are alike, the range is that of the shape."""
    passages = carried(Impairment(jitter_ms=40, jitter_correlation=0.98)).passages
    times = [passage.left_ns[0] - passage.came_ns for passage in passages]
    steps = [abs(after - before) for before, after in pairwise(times)]
    assert sum(steps) / len(steps) < 4 * MS
    assert max(times) - min(times) > 35 * MS
