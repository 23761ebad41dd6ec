"""A workstation's clock that cannot be right: the run says when it was, and everybody who sorts runs by time would be misled."""

from datetime import UTC, datetime, timedelta
from typing import Final

from nra.model.document import Finding

MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)  # no run of this program is older than the program
USED_FOR: Final = timedelta(days=3653)  # ten years: nobody carries a stick around for longer
TEXT: Final = "This workstation's clock is wrong by years: it says {when}."
ADVICE: Final = "Set the clock: certificates are refused by it, and the time in this run's name and reports is not to be trusted."


def wall_clock(started_at: str) -> tuple[Finding, ...]:
    """Return that a run cannot have started at this time (ISO 8601 with its zone), nothing where it can."""
    started = datetime.fromisoformat(started_at)
    if MADE <= started <= MADE + USED_FOR:
        return ()
    text = TEXT.format(when=started_at)
    evidence = f"nra was made in {MADE:%Y}"
    return (Finding(where="workstation", severity="warn", text=text, evidence=evidence, advice=ADVICE),)
