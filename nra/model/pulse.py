"""What can be said of a stream while it runs: a glimpse for whoever watches, never a result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The newest round trips of the first call, `at_s` seconds into the stream; what is not known yet is None.

    `loss_percent` is of the packets of a second that have been waited for a second long.
    """

    at_s: float
    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None
