"""What stands out of a run: where it lies, what was seen, what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal

from nra.model.document import Finding, FirewallCheck, Metric
from nra.model.failure import FailureKind
from nra.model.verdict import Basis, Verdict
from nra.model.voice import Direction, Voice
from nra.scoring.instrument import is_busy
from nra.scoring.wording import (
    ANOTHERS_KEY,
    BAD_MOMENT,
    BLEACHED,
    BURSTY,
    CLOSE,
    HELD_BACK,
    HUNG_UP,
    LOPSIDED,
    NOT_TAKEN,
    PARTLY,
    PORTS,
    REFUSED_BY,
    ROWS,
    SILENT,
    STOPPED,
    UNPROVEN,
    UNSTEADY,
    WAYS,
    Words,
)

Severity = Literal["info", "warn", "fail"]

AUDIBLE_GAP_MS: Final = 60.0  # concealment has faded to silence by then (ITU-T G.711 Appendix I)
CLUSTERED: Final = 1.5  # burst ratio; at random it is 1, and a run of three is nothing to hunt for
AUDIBLE_MOS: Final = 0.2  # smaller differences mean little: about 5 points of R
_SEVERITY: Final[dict[Verdict, Severity]] = {Verdict.FAIL: "fail", Verdict.WARN: "warn"}


def findings(
    voice: Voice | None, metrics: Sequence[Metric], checks: Sequence[FirewallCheck] = (), remarks: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return one finding per failed or warned row, per failed required port, per standout and per remark of the measurement."""
    found: list[Finding] = []
    if voice is not None:
        found += [of_row(metric, voice) for metric in _told_once(metrics, voice) if metric.verdict in _SEVERITY]
    found += [_blocked(check) for check in checks if check.required and check.verdict is Verdict.FAIL]
    found += _unproven([check for check in checks if check.required and check.verdict is Verdict.NOT_MEASURED])
    if voice is not None:
        found += [finding for stands_out in _STANDOUTS for finding in stands_out(voice)]
    found += [Finding(where="measurement", severity="info", text=f"{r[:1].upper()}{r[1:]}.", evidence="", advice="") for r in remarks]
    return tuple(found)


def of_unlike_pin(seen: str | None) -> tuple[Finding, ...]:
    """Return that somebody else answers in the pinned reflector's place, with who was seen there; nothing where nobody was."""
    return () if seen is None else (_finding("reflector", "warn", ANOTHERS_KEY, seen),)


def _finding(where: str, severity: Severity, words: Words, evidence: str, **filled_in: str) -> Finding:
    return Finding(
        where=where,
        severity=severity,
        text=words.text.format(way=WAYS.get(where, ""), **filled_in) if filled_in or where in WAYS else words.text,
        evidence=evidence,
        advice=f"{words.who}: {words.advice.format(**filled_in) if filled_in else words.advice}",
    )


def _told_once(metrics: Iterable[Metric], voice: Voice) -> Iterable[Metric]:
    """With basis "round trip" the rows up and down are the same number: one of them is enough."""
    return (metric for metric in metrics if voice.basis is Basis.DIRECTION or not metric.key.startswith("down_"))


def of_row(metric: Metric, voice: Voice) -> Finding:
    """Return what a row that failed or came close means, and what to do about it."""
    side, _, name = metric.key.partition("_")
    directed = side in ("up", "down")
    evidence = f"{metric.label} {_number(metric.value, metric.unit)}, expected {metric.limit}"
    if name == "mos":
        costs = (voice.down if side == "down" else voice.up).costs
        evidence += "".join(f"; {cost.impairment} took {cost.points:.1f} points of R" for cost in costs)
    where = side if directed and voice.basis is Basis.DIRECTION else "round trip"
    found = _finding(where, _SEVERITY[metric.verdict], ROWS[name if directed else metric.key], evidence)
    if metric.verdict is Verdict.WARN:
        return replace(found, text=f"{CLOSE}: {found.text[:1].lower()}{found.text[1:]}")
    return found


def _blocked(check: FirewallCheck) -> Finding:
    words = PORTS[check.state] if check.refused_by is None else REFUSED_BY[check.refused_by]
    words = PARTLY if check.partly else words
    asked = f"{check.protocol} {check.port} to {check.destination}"
    return _finding("firewall", "fail", words, check.evidence, asked=asked, rule=_rule(check), purpose=check.purpose)


def _unproven(checks: Sequence[FirewallCheck]) -> Iterable[Finding]:
    """Return one finding for each reason, with all ports that came to it: the reason is the same, and the rows have the evidence."""
    for state, words in (*UNPROVEN.items(), (None, STOPPED)):
        those = [check for check in checks if (None if check.stopped else check.state) is state]
        if those:
            seen = ", ".join(f"{check.protocol} {check.port} to {check.destination}" for check in those)
            hosts = ", ".join(dict.fromkeys(check.destination.removesuffix(f":{check.port}").partition(":")[0] for check in those))
            ports = ", ".join(dict.fromkeys(f"{check.protocol} {check.port}" for check in those))
            yield _finding("firewall", "warn", words, seen, ports=ports, hosts=hosts)


def _rule(check: FirewallCheck) -> str:
    return f"{check.protocol} {check.port} to {check.allow_to or check.destination}"


def _unsteady(voice: Voice) -> Iterable[Finding]:
    seen = voice.instrument.note or ""
    if voice.instrument.steady:
        return
    if is_busy(voice):
        yield _finding("workstation", "warn", UNSTEADY, seen)
    if voice.instrument.not_taken:
        most = max(voice.instrument.not_taken, key=lambda each: each.packets)
        is_quic = voice.method == "quic"
        if is_quic and most.kind is FailureKind.LOCAL:
            yield _finding("measurement", "warn", HELD_BACK, seen)
        elif is_quic or most.kind is FailureKind.REFUSED:
            yield _finding("reflector", "warn", HUNG_UP, seen)
        else:
            yield _finding("workstation", "warn", NOT_TAKEN, seen)


def _silent(voice: Voice) -> Iterable[Finding]:
    if voice.silent_since_s is not None:
        yield _finding("reflector", "warn", SILENT, f"no answer from {voice.silent_since_s:.1f} s on")


def _lopsided(voice: Voice) -> Iterable[Finding]:
    up, down = voice.up.mos, voice.down.mos
    if voice.basis is Basis.DIRECTION and up is not None and down is not None and abs(up - down) >= AUDIBLE_MOS:
        yield _finding("up" if up < down else "down", "info", LOPSIDED, f"Upstream MOS {up:.2f}, downstream MOS {down:.2f}")


def _bursty(voice: Voice) -> Iterable[Finding]:
    for where, direction in _sides(voice):
        gap_ms = (direction.longest_loss or 0) * voice.interval_ms
        if gap_ms >= AUDIBLE_GAP_MS and direction.received and (direction.burst_r or 0) >= CLUSTERED:
            evidence = f"longest run {direction.longest_loss} packets ({gap_ms:.0f} ms), burst ratio {direction.burst_r:.2f}"
            yield _finding(where, "warn", BURSTY, evidence)


def _bad_moment(voice: Voice) -> Iterable[Finding]:
    worst_of = {"up": voice.worst_15s.up, "down": voice.worst_15s.down}
    for where, direction in _sides(voice):
        worst = worst_of.get(where)
        if worst is not None and worst.mos is not None and direction.mos is not None and direction.mos - worst.mos >= AUDIBLE_MOS:
            evidence = f"MOS {worst.mos:.2f} from {worst.start_s:.0f} s on for {worst.length_s:.0f} s, {direction.mos:.2f} over all"
            yield _finding(where, "info", BAD_MOMENT, evidence)


def _bleached(voice: Voice) -> Iterable[Finding]:
    """Replies carry our marking only if the far end reflects it, which a far end that reports the marking it saw does."""
    if voice.up.dscp_seen is None:
        return
    for where, direction in (("up", voice.up), ("down", voice.down)):
        if direction.dscp_seen is not None and direction.dscp_seen != voice.dscp:
            yield _finding(where, "info", BLEACHED, f"sent with DSCP {voice.dscp}, arrived with DSCP {direction.dscp_seen}")


def _sides(voice: Voice) -> tuple[tuple[str, Direction], ...]:
    return (("up", voice.up), ("down", voice.down)) if voice.basis is Basis.DIRECTION else (("round trip", voice.up),)


def _number(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.{1 if unit == 'ms' else 2}f} {'' if unit == 'MOS' else unit}".strip()


_STANDOUTS: Final[tuple[Callable[[Voice], Iterable[Finding]], ...]] = (_unsteady, _silent, _lopsided, _bursty, _bad_moment, _bleached)
