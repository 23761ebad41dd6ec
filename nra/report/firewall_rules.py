"""What a run asks of a firewall: one rule for each port and what it must reach, with all that was seen of it.

A check at the user's reflector stands in for the service: its rule is the service's, so both say together what is known of that rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nra.model.document import FirewallCheck, RunDocument
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.verdict import Verdict
from nra.report.cells import clean

UNKNOWN: Final = "destination not known"
DNS_PORT: Final = "53"
NO_ANSWER_AT_ALL: Final = (PortState.UNREACHABLE, PortState.DNS_FAILED)
SEEN: Final = {
    PortState.OPEN: "open at {where}",
    PortState.REFUSED: "refused at {where}",
    PortState.NO_ANSWER: "no answer from {where}",
    PortState.NO_RESPONDER: "not proven at {where}",
    PortState.DNS_FAILED: "name not resolved: {where}",
    PortState.TLS_INTERCEPTED: "TLS intercepted on the way to {where}",
    PortState.UNREACHABLE: "not reached: {where}",
}
STOPPED: Final = "interrupted before it was known: {where}"
REFUSED_BY: Final = {
    "host": "refused by {where} itself, or in its name",
    "workstation": "refused by the workstation itself, before anything left for {where}",
    "way": "refused on the way to {where}",
    None: SEEN[PortState.REFUSED],
}
PARTLY: Final = "open in parts at {where}"


class Need(StrEnum):
    """What a firewall team is asked to do with a rule, the most urgent first."""

    OPEN = "open"  # a check failed: declined, or silent although a control answered
    EXEMPT = "exempt from TLS inspection"  # the port is open, and somebody else's certificate answers
    CONFIRM = "confirm"  # nothing is proven, neither way
    WORKSTATION = "confirm: this workstation's own firewall refuses"  # nothing left it, so nothing is known of the way
    FAR_END = "none: the host itself refuses"  # reached, so the way is open, and nobody listens there
    AGAIN = "none yet: measure again"  # the user stopped the run: nothing was found that anybody could be asked about
    KEEP = "keep"  # found open


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: traffic of a protocol to a port of hosts or networks; `checks` are the required rows that ask for it.

    `beside` are rows of the same rule that are not required, such as a second opinion at the reflector.
    """

    protocol: str
    port: str
    allow_to: tuple[str, ...]
    needs: tuple[Need, ...]
    checks: tuple[FirewallCheck, ...]
    beside: tuple[FirewallCheck, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """What listens there."""
        return _each(check.service for check in self.checks)

    @property
    def purposes(self) -> tuple[str, ...]:
        """What it is needed for."""
        return _each(check.purpose for check in self.checks)

    @property
    def sources(self) -> tuple[str, ...]:
        """Who says that it is needed."""
        return _each(check.source for check in self.checks)

    @property
    def seen(self) -> tuple[str, ...]:
        """What was seen, the checks that the needs rest on first."""
        return _each(map(seen, self._told()))

    @property
    def places(self) -> tuple[str, ...]:
        """What was seen where, without the evidence."""
        return _each(seen(check).partition(" (")[0] for check in self._told())

    def _told(self) -> tuple[FirewallCheck, ...]:
        return *sorted(self.checks, key=lambda check: ORDER.index(need_of(check))), *self.beside

    @property
    def reflectors(self) -> tuple[str, ...]:
        """The user's reflectors that a check must reach: their own ports must be let through too, or it cannot pass."""
        wanted = (check for check in self.checks if check.at is Side.REFLECTOR and check.state is not PortState.OPEN)
        return _each(_host(check.destination) for check in wanted)

    @property
    def blocked(self) -> bool:
        """Whether a check failed."""
        return self.needs[0] in (Need.OPEN, Need.EXEMPT)


ORDER: Final = tuple(Need)


def rules(document: RunDocument) -> tuple[Rule, ...]:
    """Return the rules that the run's required ports ask for: what failed first, then what is not proven, then what is open."""
    asked: dict[tuple[str, str, tuple[str, ...]], list[FirewallCheck]] = {}
    for check in service_first(document.firewall or ()):
        if check.required:
            asked.setdefault((clean(check.protocol), clean(check.port), allowed(check)), []).append(check)
    beside: dict[tuple[str, str, tuple[str, ...]], list[FirewallCheck]] = {}
    for check in service_first(document.firewall or ()):
        if not check.required:
            beside.setdefault((clean(check.protocol), clean(check.port), allowed(check)), []).append(check)
    found = [
        Rule(protocol=key[0], port=key[1], allow_to=key[2], needs=_needs(checks), checks=tuple(checks), beside=tuple(beside.get(key, ())))
        for key, checks in asked.items()
    ]
    return tuple(sorted(found, key=lambda rule: 0 if rule.blocked else ORDER.index(rule.needs[0])))


def service_first(checks: Iterable[FirewallCheck]) -> list[FirewallCheck]:
    """Return the rows at the service's hosts, then those at the user's reflector, each in the order given."""
    return sorted(checks, key=lambda check: check.at is Side.REFLECTOR)


def nothing_answered(document: RunDocument) -> bool:
    """Tell whether the run met no answer at all, so that the network comes before its firewall; a resolver may be next door."""
    if any(check.stopped for check in document.firewall or ()):
        return False  # what was not waited for did not stay away
    beyond = (check for check in document.firewall or () if (check.port, check.state) != (DNS_PORT, PortState.OPEN))
    states = {check.state for check in beyond} - {PortState.NO_RESPONDER}
    return bool(states) and document.voice is None and states <= set(NO_ANSWER_AT_ALL)


def allowed(check: FirewallCheck) -> tuple[str, ...]:
    """Return each host or network that a rule must let through: `allow_to`, else the host that was asked."""
    return _each(check.allow_to.split(",")) or _each([_host(check.destination)]) or (UNKNOWN,)


def seen(check: FirewallCheck) -> str:
    """Return what was seen of a port and where, in words, with the evidence in brackets."""
    template = REFUSED_BY[check.refused_by] if check.state is PortState.REFUSED else SEEN[check.state]
    template = PARTLY if check.partly else STOPPED if check.stopped else template
    evidence = clean(check.evidence)
    return template.format(where=place(check)) + (f" ({evidence})" if evidence else "")


def place(check: FirewallCheck) -> str:
    """Return where a port was asked."""
    destination = clean(check.destination)
    if check.at is Side.REFLECTOR:
        return f"the reflector {destination}".rstrip()
    return "the service" if "," in destination else destination or "the service"  # nobody was asked: the row may name networks


def need_of(check: FirewallCheck) -> Need:
    """Return what one row asks of the firewall."""
    if check.state is PortState.OPEN:
        return Need.KEEP
    if check.stopped:
        return Need.AGAIN
    if check.verdict is not Verdict.FAIL:
        return Need.CONFIRM
    if check.refused_by == "host":
        return Need.FAR_END
    if check.refused_by == "workstation":
        return Need.WORKSTATION
    return Need.EXEMPT if check.state is PortState.TLS_INTERCEPTED else Need.OPEN


def _needs(checks: Sequence[FirewallCheck]) -> tuple[Need, ...]:
    """Return what a rule needs: to be opened and to be exempt can both be; else what is most urgent."""
    found = sorted({need_of(check) for check in checks}, key=ORDER.index)
    return tuple(need for need in found if need in (Need.OPEN, Need.EXEMPT)) or (found[0],)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each text once, washed, in order, without empty ones."""
    return tuple(filter(None, dict.fromkeys(map(clean, texts))))


def _host(destination: str) -> str:
    """Return the host of `host`, `host:port` and `[address]:port`; an IPv6 address alone stays whole."""
    if destination.startswith("["):
        return destination[1:].partition("]")[0]
    return destination.partition(":")[0] if destination.count(":") == 1 else destination
