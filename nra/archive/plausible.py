"""What a run document may hold beyond its types: numbers that a stream can come to and that fit together, no more rows than a run has."""

from math import isclose
from typing import Any, Final

import msgspec

from nra.model.document import RunDocument
from nra.model.voice import Voice

PERCENT: Final = 100
MOST_COUNT: Final = 1 << 63  # JSON has no largest integer, everything that is made of them has
MOST_ROWS: Final = {
    "$.firewall": 1000,  # a run has some dozens
    "$.findings": 1000,
    "$.voice.windows": 100_000,  # seconds: more than the longest run has
}
VOICE: Final = "$.voice"
SHARE: Final = "_percent"  # ends the name of a share
ROUNDING: Final = 0.01  # percent: whoever writes two digits
RANGES: Final = {  # of the voice half's numbers by their names, and in words
    "jitter_ms": (0.0, 1e9, "a mean deviation, not less than 0"),
    "jitter_max_ms": (0.0, 1e9, "a mean deviation, not less than 0"),
    "avg_ms": (-1.0, 1e9, "a round trip"),  # two readings of one clock may change places by less
    "rtt_avg_ms": (-1.0, 1e9, "a round trip"),
    "mos": (1.0, 5.0, "a MOS, 1 to 5"),
}


def implausible(document: RunDocument) -> str | None:
    """Return what no run can have and where (JSON path), None where all of it is possible."""
    return _out_of_range(document) or (_contradiction(document.voice) if document.voice is not None else None)


def _out_of_range(document: RunDocument) -> str | None:
    waiting: list[tuple[str, Any]] = [("$", msgspec.to_builtins(document))]
    while waiting:
        path, value = waiting.pop()
        if len(value) > MOST_ROWS.get(path, len(value)):
            return f"Expected at most {MOST_ROWS[path]:,} - at `{path}`"
        named = value.items() if type(value) is dict else ((f"[{place}]", one) for place, one in enumerate(value))
        for name, each in named:
            kind = type(each)
            if kind is dict or kind is list or kind is tuple:
                waiting.append((f"{path}.{name}".replace(".[", "["), each))
            elif kind is int or kind is float:
                possible = _possible(name, each, is_voice=path.startswith(VOICE))
                if possible:
                    return f"Expected {possible} - at `{path}.{name}`".replace(".[", "[")
    return None


def _possible(name: str, number: float, *, is_voice: bool) -> str:
    """Return what is possible instead of a number, nothing where it is possible itself; in the voice half are neither signs nor offsets."""
    if is_voice and name.endswith(SHARE):
        return "" if 0 <= number <= PERCENT else f"0 to {PERCENT} percent"
    if is_voice and name in RANGES:
        least, most, words = RANGES[name]
        return "" if least <= number <= most else words
    if not isinstance(number, int):
        return ""
    if is_voice and number < 0:
        return "a count, not less than 0"
    return "" if -MOST_COUNT < number < MOST_COUNT else "counts of a usual size"


def _contradiction(voice: Voice) -> str | None:
    """Return which way's counts cannot be those of the same packets, or whose share is not that of its counts."""
    for path, way in ((f"{VOICE}.up", voice.up), (f"{VOICE}.down", voice.down)):
        if way.expected is None or way.lost is None:
            continue
        if way.lost + (way.received or 0) > way.expected:
            return f"Expected at most {way.expected} packets, lost and received together - at `{path}`"
        if way.loss_percent is not None and not isclose(way.loss_percent, PERCENT * way.lost / max(1, way.expected), abs_tol=ROUNDING):
            return f"Expected the share of {way.lost} in {way.expected} - at `{path}.loss_percent`"
    return None
