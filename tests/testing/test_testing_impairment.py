"""Impairments decide by a seed and write down what they decided: the truth that measurements are compared with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.testing.impairment import CLEAN, HEAD_BYTES, Impairment, Path

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
