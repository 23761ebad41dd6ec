"""What is said of a place or of hours of the day: one sentence with the numbers behind it, and what to look at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from nra.model.fleet import Refusal, Scope, Statement
from nra.model.verdict import Verdict
from nra.scoring.contrast import Contrast
from nra.scoring.fleet import REQUIRED_PORTS
from nra.scoring.scope import Place
from nra.scoring.scope_time import Hours

MOST_NAMED: Final = 4
TOO_FEW: Final = " (too few to prove it)"
NO_VOICE: Final = "measure again, voice too, at a steady workstation; the notes say what was missing"
OWN_FIREWALL: Final = "this workstation's own firewall, its policy and its VLAN, or ask the firewall team"
FOR_PORTS: Final = (  # what a place's advice says of voice -> what it says of ports
    ("look at the line of", "look at the firewall of"),
    ("look at this workstation, its cable or Wi-Fi", f"look at {OWN_FIREWALL}"),
    ("look at what loads the line at these hours", "look at the firewall's schedules, and at what else changes at these hours"),
    ("at its cable or Wi-Fi, and at the time of day", "at its own firewall, its policy and its VLAN, or ask the firewall team"),
)


def place_statement(place: Place, measures: tuple[str, ...], runs: Sequence[tuple[int, int]], blocked: Sequence[str] = ()) -> Statement:
    """Return what is said of the place for these measures.

    `runs` are breached and judged ones of its workstations, by measure; `blocked` are the required ports that failed there.
    """
    named = f"{REQUIRED_PORTS} ({listed(blocked)})" if blocked else REQUIRED_PORTS
    text, advice = WORDS[place.scope](place, listed([named if each == REQUIRED_PORTS else each for each in measures]), runs)
    if REQUIRED_PORTS in measures:
        advice = _for_ports(advice, alone=len(measures) == 1)
    return _statement(place.scope, ", ".join(place.names), measures, text, advice, proven=place.proven)


def _for_ports(advice: str, *, alone: bool) -> str:
    """Return the advice where ports are blocked: a cable closes none."""
    of_ports = advice
    for voice, ports in FOR_PORTS:
        of_ports = of_ports.replace(voice, ports)
    return of_ports if alone or of_ports == advice else f"for the ports {of_ports}; for the rest {advice}"


def time_statement(place: Place, measures: tuple[str, ...], hours: Hours) -> Statement:
    """Return what is said of the hours at which a place fails."""
    contrast = hours.contrast
    when = f"{hours.first:02}:00 to {hours.last:02}:59 UTC"
    text = (
        f"{_who(place)}: {listed(measures)} {_fails(measures)} in {contrast.inside_failing} of {contrast.inside} runs begun from {when}, "
        f"in {contrast.outside_failing} of {contrast.outside} at other times{'' if hours.proven else TOO_FEW}"
    )
    advice = "look at what loads the line at these hours"
    if REQUIRED_PORTS in measures:
        advice = _for_ports(advice, alone=len(measures) == 1)
    return _statement(Scope.TIME, when, measures, text, advice, proven=hours.proven)


def refused_statement(refusals: Mapping[Refusal, int], runs: int) -> Iterator[Statement]:
    """Yield how many runs are left out of judging because they prove nothing of voice, and why; nothing where there are none."""
    total = sum(refusals.values())
    if total:
        why = ", ".join(f"{reason} ({refusals[reason]})" for reason in Refusal if refusals.get(reason))
        text = f"{total} of {_count(runs, 'run')} proved nothing of voice: {why}"
        advice = "measure again there, with nothing else at work, to the end"
        yield _statement(Scope.UNKNOWN, "", (), text, advice, Verdict.NOT_MEASURED, proven=True)


def nobody_statement(stations: int, runs: int, breached_runs: int, *, voice: bool) -> Statement:
    """Return that nobody fails, with the single runs that did all the same; without `voice` only ports are known, which proves no call."""
    single = f"; {breached_runs} of {runs} runs did, too few of any one workstation" if breached_runs else f" in {_count(runs, 'run')}"
    if not voice:
        text = f"Nothing is known about voice; 0 of {_count(stations, 'workstation')} fail any required port{single}"
        return _statement(Scope.UNKNOWN, "", (), text, NO_VOICE, Verdict.NOT_MEASURED, proven=True)
    text = f"0 of {_count(stations, 'workstation')} fail any measurement or required port{single}"
    return _statement(Scope.NOBODY, "", (), text, "nothing to mend; measure when the network is busiest", Verdict.PASS, proven=True)


def unknown_statement(measures: tuple[str, ...], names: Sequence[str], stations: int) -> Statement:
    """Return which workstations gave no number: they are neither good nor bad."""
    where = f"{len(names)} of {_count(stations, 'workstation')} ({listed(names)})"
    text = f"{listed(measures)}: nothing known at {where}, counted as neither good nor bad"
    advice = "measure again there; the notes say what was missing"
    return _statement(Scope.UNKNOWN, listed(names), measures, text, advice, Verdict.NOT_MEASURED, proven=True)


def hours_statement(first: str, last: str) -> Statement:
    """Return that all runs lie close together, so that the time of day is not known to matter."""
    text = f"Nothing is known about the time of day: all runs began between {first} and {last}"
    return _statement(Scope.TIME, "", (), text, "repeat the runs over a working day", Verdict.INFO, proven=True)


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`, and how many more there are of many."""
    if len(words) > MOST_NAMED:
        return f"{', '.join(words[: MOST_NAMED - 1])} and {len(words) - MOST_NAMED + 1} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _group(place: Place, what: str, _runs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    contrast, where = place.contrast, listed(place.names)
    text = (
        f"{_of(contrast)} at {where} {_plural(contrast.inside, 'fail')} {what}; {contrast.outside_failing} of {contrast.outside} elsewhere"
    )
    shared = "the line of" if place.scope is Scope.SITE else "what is shared in"
    return text + ("" if place.proven else TOO_FEW), f"look at {shared} {where}"


def _everyone(place: Place, what: str, _runs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    sites = len(place.names)
    if place.proven:
        where = f"at {'both' if sites == 2 else f'all {sites}'} sites"
        advice = "look at what all of them share: provider, VPN, firewall policy, the region"
    else:
        where = f"all at {place.names[0]}, nothing was measured elsewhere" if sites else "no site was given"
        advice = "measure at another site (--site): whether it is this site or what lies beyond is not known"
    return f"{_of(place.contrast)} {_plural(place.contrast.inside, 'fail')} {what}, {where}", advice


def _scattered(place: Place, what: str, _runs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    text = f"{_of(place.contrast)} fail {what}, and no site or subnet stands out"
    return text, "look at each of them, at its cable or Wi-Fi, and at the time of day"


def _workstation(place: Place, what: str, runs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    name, *where = place.names
    peers = place.peers
    at = f" at {where[0]}" if where else ""
    text = f"{name}{at} fails {what} in {_range([bad for bad, _ in runs])} of {_range([judged for _, judged in runs])} runs"
    if peers is not None and peers.inside:
        text += f"; {peers.inside_failing} of {peers.inside} other workstations{at} {_plural(peers.inside, 'fail')}"
        advice = "look at this workstation, its cable or Wi-Fi" if place.proven else f"look at the line of {where[0]}"
        return text, advice
    elsewhere = f"; {peers.outside_failing} of {peers.outside} elsewhere fail" if peers is not None and peers.outside else ""
    text += f" and is the only one measured{at}{elsewhere}: one workstation proves nothing about its site"
    return text, f"measure at a second workstation{at or ' of its site'}"


WORDS: Final = {
    Scope.SITE: _group,
    Scope.SUBNET: _group,
    Scope.EVERYONE: _everyone,
    Scope.SCATTERED: _scattered,
    Scope.WORKSTATION: _workstation,
}


def _who(place: Place) -> str:
    if place.scope is Scope.WORKSTATION:
        return " at ".join(place.names)
    if place.scope in (Scope.SITE, Scope.SUBNET):
        return f"At {listed(place.names)}"
    return "All workstations together"


def _fails(measures: Sequence[str]) -> str:
    return "fails" if len(measures) == 1 and measures[0] != REQUIRED_PORTS else "fail"


def _of(contrast: Contrast) -> str:
    return f"{contrast.inside_failing} of {_count(contrast.inside, 'workstation')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plural(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb


def _range(numbers: Sequence[int]) -> str:
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def _statement(
    scope: Scope, where: str, measures: tuple[str, ...], text: str, advice: str, verdict: Verdict = Verdict.FAIL, *, proven: bool
) -> Statement:
    return Statement(scope=scope, where=where, measures=measures, text=text, advice=advice, proven=proven, verdict=verdict)
