"""The words in which results are judged; always a word, colour only in addition."""

from enum import StrEnum


class Verdict(StrEnum):
    """What one row or one port check came to."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_MEASURED = "NOT MEASURED"
    SKIPPED = "SKIPPED"
    INFO = "INFO"


class Overall(StrEnum):
    """What the whole run came to: FAIL before INCONCLUSIVE before WARN before PASS."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Basis(StrEnum):
    """What a number rests on: each direction known by itself, or only the round trip."""

    DIRECTION = "direction"
    ROUND_TRIP = "round trip"
