"""What the numbers mean, in a few plain sentences: composed from verdicts and findings, never judged anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nra.model.document import Finding, FirewallCheck, Metric, RunDocument
from nra.model.region import SELF_TEST, Side
from nra.model.sample import ReflectorFacts
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Cost, Direction, Instrument, Spread, Voice
from nra.report.calls import calls_line, capacity_line
from nra.report.cells import SPOKEN_UNITS, clean, number, quantity
from nra.report.firewall_rules import Need, Rule, nothing_answered, place, rules
from nra.report.load import load_lines

METHODS: Final = {
    "stamp": "STAMP Session-Reflector, RFC 8762",
    "echo": "UDP echo of an AWS beacon",
    "stun": "STUN Binding, RFC 8489",
    "tcp": "TCP connect",
    "quic": "QUIC datagrams, RFC 9221",
}
SEVERITIES: Final = ("fail", "warn", "info")
MOST_LISTED: Final = 5
UNSTEADY: Final = "this workstation was too unsteady to measure with"
NOT_TAKEN: Final = "too many packets could not be sent"  # by no fault of the workstation's: a link that went away, a far end that hung up
LOOPBACKS: Final = ("127.", "::1")
MEASURE_A_REGION: Final = "Measure a region now: nra regions lists them."
INTERRUPTED: Final = "the run was interrupted"
LEAST_COST_POINTS: Final = 0.05
NEXT: Final = {
    Overall.PASS: "Nothing needs mending. Measure again when the network is busiest: one run is a snapshot.",
    Overall.WARN: "Measure again when the network is busiest: what is close to its limit now may cross it then.",
    Overall.FAIL: (
        "Measure at a second workstation of the same site: if only one fails, look at that workstation and its cable or Wi-Fi; "
        "if both fail, look at what they share."
    ),
    Overall.INCONCLUSIVE: "Measure again; the notes say what was missing.",
}
FIREWALL_TEAM: Final = {
    Need.OPEN: "open {rule} outbound{source} to {allow_to} and let its replies back in ({why}); seen: {seen}",
    Need.EXEMPT: "exempt {rule} outbound{source} to {allow_to} from TLS inspection ({why}); seen: {seen}",
    Need.CONFIRM: "confirm that {rule} is open outbound{source} to {allow_to} and that its replies come back in ({why}), which this run "
    "could not prove: {seen}",
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row or required port as a sentence sees it."""

    verdict: Verdict
    words: str


def meaning(document: RunDocument) -> tuple[str, ...]:
    """Return the sentences of "What this means": the verdict first, then what stands out, then how far to trust it."""
    voice = document.voice
    sentences = [summary(document), capacity_line(document.capacity), *_reach(document)]
    sentences += load_lines(document.load, document.run.asked.codec)
    sentences += [_finding(finding) for finding in _by_severity(document.findings)]
    if voice:
        sentences += [calls_line(voice), mos_cost_line(voice), instrument_line(voice.instrument), reflector_line(voice.reflector)]
    sentences.append(method_line(document))
    return tuple(filter(None, map(sentence, sentences)))


def advice(document: RunDocument) -> tuple[str, ...]:
    """Return the sentences of "What to do": closed ports, each finding's advice once, ports without proof, then the next step.

    A port's sentence is a ticket to the firewall team by itself: whoever has nothing but this report can write it.
    """
    wanted = rules(document)
    told = {check.evidence for rule in wanted if rule.blocked for check in rule.checks} - {""}
    said = [ticket for rule in wanted if rule.blocked for ticket in _tickets(rule, document)]
    said += [
        finding.advice for finding in _by_severity(document.findings) if not (finding.where == "firewall" and finding.evidence in told)
    ]
    if not nothing_answered(document):  # else the network comes first, and the request has all the rest
        said += [ticket for rule in wanted if not rule.blocked for ticket in _tickets(rule, document)]
    following = NEXT[document.verdict].replace("Nothing needs", "Nothing else needs" if any(said) else "Nothing needs")
    if _promises_nothing(document):
        following = MEASURE_A_REGION
    return tuple(filter(None, dict.fromkeys(map(sentence, (*said, following)))))


def summary(document: RunDocument) -> str:
    """Return the verdict as one sentence: what to expect of calls, and the rows and ports that decided it."""
    rows = [_Judged(metric.verdict, _row(metric)) for metric in document.metrics]
    ports = [_Judged(check.verdict, _port(check)) for check in document.firewall or () if check.required]
    unsteady = _unsteady(document.voice)
    reasons = (
        INTERRUPTED if document.run.used.interrupted else "",
        *_worst_first(
            (rows, _count(rows, "measurement", "inside the limits", "could not be made")),
            (ports, _count(ports, "required port", "open", "could not be proven open")),
            unsteady=unsteady,
        ),
        "the firewall was not checked" if not document.firewall and document.run.asked.only != "voice" else "",
    )
    opening = _opening(document.verdict, rows, ports, unsteady)
    if _promises_nothing(document):
        opening = "This workstation can measure; no network was measured, for region local is a self-test"
    return f"{opening}: {'; '.join(filter(None, reasons)) or 'nothing was measured'}."


def _promises_nothing(document: RunDocument) -> bool:
    """Tell whether all went well and nothing left this workstation; a reflector of one's own may be named for region `local` too."""
    address = document.voice.target.address if document.voice else LOOPBACKS[0]
    is_here = document.run.region == SELF_TEST and address.startswith(LOOPBACKS)
    return is_here and document.verdict in (Overall.PASS, Overall.WARN)


def _worst_first(rows: tuple[Sequence[_Judged], str], ports: tuple[Sequence[_Judged], str], unsteady: str) -> list[str]:
    """Return what the halves came to, what decided before what did not: the reason stands beside the verdict.

    A blocked port decides whatever the workstation was like; else an unsteady workstation does, which undoes the rows.
    """
    if unsteady:
        return [ports[1], unsteady, rows[1]] if _failed(ports[0]) else [unsteady, rows[1], ports[1]]
    return [words for _, words in sorted((rows, ports), key=lambda half: not _failed(half[0]))]


def _failed(judged: Sequence[_Judged]) -> bool:
    return any(one.verdict is Verdict.FAIL for one in judged)


def mos_cost_line(voice: Voice) -> str:
    """Return how many points of R each impairment took, largest first; empty where nothing took any or nothing is known."""
    if voice.basis is Basis.ROUND_TRIP or voice.up.costs == voice.down.costs:
        return _costs("the MOS", voice.up)
    return " ".join(filter(None, (_costs("the upstream MOS", voice.up), _costs("the downstream MOS", voice.down))))


def instrument_line(instrument: Instrument) -> str:
    """Return how steady this workstation was as an instrument: its own error beside the network's numbers."""
    parts = [
        "steady" if instrument.steady else "NOT steady",
        f"time stamps by {instrument.tx_stamps} (sending) and {instrument.rx_stamps} (receiving)",
        _spread("packets left late by", instrument.send_late_ms),
        _spread("packets reached its network device after", instrument.send_delay_ms),
        _spread("arrivals waited here for", instrument.receive_delay_ms),
        "packets dropped by its own socket: " + ("unknown" if instrument.local_drops is None else str(instrument.local_drops)),
        f"sending thread {instrument.pacing}" if instrument.pacing else "",
        "" if instrument.receive_buffer_bytes is None else f"{instrument.receive_buffer_bytes // 1024} KiB of arrivals kept per socket",
        instrument.note or "",
    ]
    return f"This workstation as an instrument: {'; '.join(filter(None, parts))}."


def reflector_line(facts: ReflectorFacts | None) -> str:
    """Return what the reflector said of itself as an instrument; empty where it was not asked."""
    if facts is None:
        return ""
    processes = "1 process" if facts.workers == 1 else f"{facts.workers} processes"
    load = "" if facts.load is None else f"; load {facts.load:.2f} on {facts.cpus or 'an unknown number of'} processors"
    return (
        f"The reflector as an instrument: nra {facts.version}, {facts.engine} engine, {processes}; time stamps by {facts.stamps}; "
        f"{facts.sessions} sessions{load}."
    )


def method_line(document: RunDocument) -> str:
    """Return by which method voice was measured and why by that one, or why by none; empty where nobody asked for voice."""
    used = document.run.used
    if document.run.asked.only == "firewall":
        return ""
    if used.method is None:
        return f"Voice was not measured: {used.why or 'no reason is known'}."
    return f"Voice was measured by {used.method} ({METHODS.get(used.method, used.method)}): {used.why}"


def sentence(text: str) -> str:
    """Return the text washed and with exactly one full stop, empty if nothing is there."""
    washed = clean(text).rstrip(". ")
    return f"{washed}." if washed else ""


def _opening(verdict: Overall, rows: Sequence[_Judged], ports: Sequence[_Judged], unsteady: str) -> str:
    voice_judged = any(row.verdict not in (Verdict.SKIPPED, Verdict.INFO) for row in rows)
    if verdict is Overall.INCONCLUSIVE:
        return "No verdict"
    if verdict is Overall.FAIL:
        return "Calls will not sound good here" if _failed(rows) and not unsteady else "Calls will not connect reliably here"
    if not voice_judged:
        return "The firewall lets through what calls need" if ports else "Nothing speaks against calls here"
    return "Calls will sound good here" if verdict is Overall.PASS else "Calls will sound good here, with little to spare"


def _count(judged: Sequence[_Judged], noun: str, fine: str, missing: str) -> str:
    """Return `1 of 11 measurements failed: ...` for each kind that is there, or that all are fine; empty for no rows."""
    counted = [one for one in judged if one.verdict not in (Verdict.SKIPPED, Verdict.INFO)]
    parts = []
    for verdict, words in ((Verdict.FAIL, "failed"), (Verdict.NOT_MEASURED, missing), (Verdict.WARN, "came close to the limit")):
        named = [one.words for one in counted if one.verdict is verdict]
        if named:
            parts.append(f"{len(named)} of {len(counted)} {noun}s {words}{_listed(named, len(counted))}")
    if counted and not parts:
        return f"all {len(counted)} {noun}s are {fine}"
    return "; ".join(parts)


def _listed(named: Sequence[str], of: int) -> str:
    """Return the names after a colon, the first few of them; nothing where it is all of many."""
    if len(named) == of > MOST_LISTED:
        return ""
    more = len(named) - MOST_LISTED
    return f": {', '.join(named[:MOST_LISTED])}" + (f" and {more} more" if more > 0 else "")


def _row(metric: Metric) -> str:
    if metric.verdict is Verdict.NOT_MEASURED:
        return metric.label
    return f"{metric.label} {quantity(metric.value, metric.unit)} (limit {metric.limit}{unit_after(metric.unit)})"


def unit_after(unit: str) -> str:
    """Return the unit with the space before it, as it stands after a limit; empty for MOS, which has none."""
    return f" {unit}" if unit in SPOKEN_UNITS else ""


def _port(check: FirewallCheck) -> str:
    where = f"{'at' if check.at is Side.REFLECTOR else 'to'} {place(check)}"
    return f"{check.port} {check.protocol} {check.service} {where} ({'interrupted' if check.stopped else check.state.replace('_', ' ')})"


def _tickets(rule: Rule, document: RunDocument) -> list[str]:
    why = f"{', '.join(rule.services)}: {', '.join(rule.purposes)}"
    words = {"rule": f"{rule.protocol} {rule.port}", "allow_to": ", ".join(rule.allow_to), "why": why, "seen": "; ".join(rule.places)}
    address = document.run.host.local_address
    words["source"] = f" from this workstation ({address})" if address else " from this workstation"
    return [f"Firewall team: {FIREWALL_TEAM[need].format(**words)}" for need in rule.needs if need in FIREWALL_TEAM]


def _unsteady(voice: Voice | None) -> str:
    if voice is None or voice.instrument.steady:
        return ""
    not_taken = sum(each.packets for each in voice.instrument.not_taken)
    return NOT_TAKEN if not_taken and not_taken == voice.not_sent else UNSTEADY


def _reach(document: RunDocument) -> list[str]:
    """Return what limits the run: a half left out, the round trip only."""
    asked, voice = document.run.asked, document.voice
    sentences = []
    if asked.only:
        sentences.append(f"Only the {asked.only} half was asked for; the other half was skipped.")
    if voice and voice.basis is Basis.ROUND_TRIP:
        sentences.append(
            "Only the round trip was measured: it bounds both directions, so what is inside the limits holds for each of them, "
            "and what is outside has an unknown direction."
        )
    return sentences


def _by_severity(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _finding(finding: Finding) -> str:
    return finding.text.rstrip(". ") + (f" ({finding.evidence})" if finding.evidence else "")


def _costs(what: str, direction: Direction) -> str:
    costs: list[Cost] = sorted((cost for cost in direction.costs if cost.points >= LEAST_COST_POINTS), key=lambda cost: -cost.points)
    if not costs or direction.mos is None:
        return ""
    shares = ", ".join(f"{cost.impairment} {number(cost.points, 'points')}" for cost in costs)
    return f"What brought {what} to {quantity(direction.mos, '')}, in points of R: {shares}."


def _spread(words: str, spread: Spread | None) -> str:
    if spread is None:
        return ""
    return f"{words} {quantity(spread.p50, 'ms')} (median), {quantity(spread.p99, 'ms')} (p99), {quantity(spread.max, 'ms')} (maximum)"
