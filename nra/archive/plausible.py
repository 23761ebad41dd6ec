"""What a run document may hold beyond its types: numbers that a stream can come to, no more rows than a run has."""

from typing import Any, Final

import msgspec

from nra.model.document import RunDocument

PERCENT: Final = 100
MOST_COUNT: Final = 1 << 63  # JSON has no largest integer, everything that is made of them has
MOST_ROWS: Final = {
    "$.firewall": 1000,  # a run has some dozens
    "$.findings": 1000,
    "$.voice.windows": 100_000,  # seconds: more than the longest run has
}
VOICE: Final = "$.voice"
SHARE: Final = "_percent"  # ends the name of a share


def implausible(document: RunDocument) -> str | None:
    """Return what no run can have and where (JSON path), None where all of it is possible."""
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
    if not isinstance(number, int):
        return ""
    if is_voice and number < 0:
        return "a count, not less than 0"
    return "" if -MOST_COUNT < number < MOST_COUNT else "counts of a usual size"
