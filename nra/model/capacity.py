"""The words of `--calls-until-breach`: what one stream of so many calls came to, and why the search ended."""

from enum import StrEnum


class Outcome(StrEnum):
    """What one stream came to: only BREACHED is the network's."""

    CARRIED = "carried"  # every row is inside its limit
    BREACHED = "breached"  # a row is outside its limit
    WORKSTATION = "workstation"  # this workstation was unsteady, or could not send at all
    REFLECTOR = "reflector"  # it would not answer all packets (its rate limit)
    UNDECIDED = "undecided"  # a row could not be measured, or nothing answered
    INTERRUPTED = "interrupted"


class EndedBy(StrEnum):
    """Why no more calls were tried."""

    LIMIT = "limit"  # the network broke a limit
    MOST = "most"  # no more were asked for
    WORKSTATION = "workstation"
    REFLECTOR = "reflector"
    UNDECIDED = "undecided"
    STREAMS = "streams"  # the path answered differently each time until the streams were used up
    INTERRUPTED = "interrupted"
    METHOD = "method"  # voice was not measured against a reflector
