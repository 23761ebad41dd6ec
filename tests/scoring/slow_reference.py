"""The same numbers as nra.scoring, packet by packet in plain loops: slow, and easy to believe."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from samples import MS, Row

from nra.model.sample import ABSENT


@dataclass(frozen=True)
class Copies:
    """One direction of one call: what set out, and the first copies as (departure, probe, delay) in order of arrival."""

    expected: list[int]
    arrived: list[tuple[int, int, int]]
    duplicates: int


def upward(rows: Sequence[Row]) -> Copies:
    """Return the way up by the reflector's numbers."""
    by_number = sorted((row for row in rows if row[6] != ABSENT), key=lambda row: row[6])
    seen_numbers: set[int] = set()
    seen_probes: set[int] = set()
    arrived, duplicates = [], 0
    for row in by_number:
        if row[6] in seen_numbers:
            continue
        seen_numbers.add(row[6])
        if row[1] in seen_probes:
            duplicates += 1
            continue
        seen_probes.add(row[1])
        arrived.append((row[1], row[1], row[3] - row[2]))
    return Copies(sorted({row[1] for row in rows}), arrived, duplicates)


def downward(rows: Sequence[Row]) -> Copies:
    """Return the way down by order of arrival."""
    seen_numbers: set[int] = set()
    seen_probes: set[int] = set()
    arrived, duplicates = [], 0
    for row in rows:
        if row[5] == ABSENT:
            continue
        if row[6] in seen_numbers:
            duplicates += 1
        seen_numbers.add(row[6])
        if row[1] not in seen_probes:
            seen_probes.add(row[1])
            arrived.append((row[6], row[1], row[5] - row[4]))
    return Copies(sorted({row[1] for row in rows if row[6] != ABSENT}), arrived, duplicates)


def there_and_back(rows: Sequence[Row]) -> Copies:
    """Return the round trip."""
    seen: set[int] = set()
    arrived, duplicates = [], 0
    for row in rows:
        if row[5] == ABSENT:
            continue
        if row[1] in seen:
            duplicates += 1
            continue
        seen.add(row[1])
        turnaround = row[4] - row[3] if row[3] != ABSENT and row[4] != ABSENT else 0
        arrived.append((row[1], row[1], row[5] - row[2] - turnaround))
    return Copies(sorted({row[1] for row in rows}), arrived, duplicates)


def reordered(copies: Copies) -> int:
    """RFC 4737: reordered is what is smaller than NextExp."""
    next_expected, count = 0, 0
    for departure, _, _ in copies.arrived:
        if departure >= next_expected:
            next_expected = departure + 1
        else:
            count += 1
    return count


def jitter_ms(copies: Copies) -> list[float]:
    """RFC 3550: J after each packet but the first."""
    running, previous, series = 0.0, None, []
    for _, _, delay in copies.arrived:
        if previous is not None:
            running += (abs(delay - previous) - running) / 16
            series.append(running / MS)
        previous = delay
    return series


def above_minimum_ms(copies: Copies) -> list[float]:
    """RFC 5481: PDV of each packet, ascending."""
    least = min(delay for _, _, delay in copies.arrived)
    return sorted((delay - least) / MS for _, _, delay in copies.arrived)


def rank(ordered: Sequence[float], percent: int) -> float:
    """Nearest rank of an ascending list."""
    return ordered[max(1, ceil(percent * len(ordered) / 100)) - 1]


def late(copies: Copies, nominal_ms: float) -> set[int]:
    """Return the probes that a fixed buffer discards."""
    least = min((delay for _, _, delay in copies.arrived), default=0)
    return {probe for _, probe, delay in copies.arrived if delay - least > nominal_ms * MS}


def runs(bad: Sequence[bool]) -> list[int]:
    """Return the lengths of the runs of bad packets."""
    lengths, length = [], 0
    for packet in (*bad, False):
        if packet:
            length += 1
        elif length:
            lengths.append(length)
            length = 0
    return lengths


def burst_r(copies: Copies, nominal_ms: float = 60.0) -> float:
    """Return the mean run of lost-or-late packets times the share of good ones, at least 1."""
    there = {probe for _, probe, _ in copies.arrived}
    too_late = late(copies, nominal_ms)
    bad = [probe not in there or probe in too_late for probe in copies.expected]
    lengths = runs(bad)
    return max(1.0, sum(lengths) / len(lengths) * (1 - sum(bad) / len(bad))) if lengths else 1.0


def longest_loss(copies: Copies) -> int:
    """Return the longest run of lost packets."""
    there = {probe for _, probe, _ in copies.arrived}
    return max(runs([probe not in there for probe in copies.expected]), default=0)
