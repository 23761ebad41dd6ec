"""How loss clusters: BurstR and the bursts and gaps of RFC 3611."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow_reference import runs

from nra.scoring.bursts import BurstGap, burst_gap, burst_ratio, run_lengths


def mask(text: str) -> np.ndarray:
    """Return which packets are bad: '1' is good, '0' lost, 'X' discarded."""
    return np.array([packet != "1" for packet in text.replace(" ", "")])


RFC_3611 = "1111 0" + "1" * 18 + "X111X1011110" + "1" * 18 + "X" + "1" * 10


def test_rfc_3611_example() -> None:
    """The RFC's 64 packets: one burst of 12 with 4 bad, gaps of 23 and 29; densities 85 and 9 of 256, truncated."""
    found = burst_gap(mask(RFC_3611))
    assert len(mask(RFC_3611)) == 64
    assert (found.bursts, found.burst_mean_packets, found.gaps, found.gap_mean_packets) == (1, 12, 2, 26)
    assert (int(256 * found.burst_density), int(256 * found.gap_density)) == (85, 9)


@pytest.mark.parametrize(
    ("packets", "bursts", "mean"),
    [
        ("1" * 30, 0, 0),
        ("0" + "1" * 30, 0, 0),  # isolated, the session's edge counts as good
        ("00", 1, 2),
        ("0" + "1" * 15 + "0", 1, 17),
        ("0" + "1" * 16 + "0", 0, 0),
        ("00" + "1" * 16 + "000", 2, 2.5),
        ("", 0, 0),
    ],
)
def test_bursts_by_definition(packets: str, bursts: int, mean: float) -> None:
    """A burst holds at least two bad packets and no 16 good ones in a row (RFC 3611, 4.7.2)."""
    found = burst_gap(mask(packets))
    assert (found.bursts, found.burst_mean_packets) == (bursts, mean)


@given(st.lists(st.booleans(), max_size=120), st.integers(1, 20))
def test_bursts_against_plain_loops(bad: list[bool], gmin: int) -> None:
    """Clusters grown packet by packet give the same bursts and gaps."""
    clusters: list[list[int]] = []
    for packet, is_bad in enumerate(bad):
        if is_bad and clusters and packet - clusters[-1][-1] - 1 < gmin:
            clusters[-1].append(packet)
        elif is_bad:
            clusters.append([packet])
    bursts = [cluster for cluster in clusters if len(cluster) > 1]
    inside = {packet for burst in bursts for packet in range(burst[0], burst[-1] + 1)}
    gaps = runs([packet not in inside for packet in range(len(bad))])
    bad_inside = sum(bad[packet] for packet in inside)
    assert burst_gap(np.array(bad, dtype=np.bool_), gmin) == BurstGap(
        bursts=len(bursts),
        gaps=len(gaps),
        burst_mean_packets=len(inside) / len(bursts) if bursts else 0.0,
        gap_mean_packets=sum(gaps) / len(gaps) if gaps else 0.0,
        burst_density=bad_inside / len(inside) if inside else 0.0,
        gap_density=(sum(bad) - bad_inside) / sum(gaps) if gaps else 0.0,
    )


@given(st.lists(st.booleans(), max_size=100))
def test_runs(bad: list[bool]) -> None:
    """Runs are found at the edges too."""
    assert run_lengths(np.array(bad, dtype=np.bool_)).tolist() == runs(bad)


@pytest.mark.parametrize(
    ("bad", "runs_", "expected", "ratio"), [(0, 0, 100, 1.0), (10, 1, 100, 9.0), (10, 10, 100, 1.0), (6, 2, 60, 2.7), (50, 1, 50, 1.0)]
)
def test_burst_ratio(bad: int, runs_: int, expected: int, ratio: float) -> None:
    """BurstR is the mean run times the share of good packets, never below 1 (G.107, 7.5)."""
    assert burst_ratio(bad, runs_, expected) == pytest.approx(ratio)
