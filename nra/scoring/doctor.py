"""From readings to rows and one word: is this machine fit to measure voice?"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from nra.model.self_test import Check, Reading
from nra.model.verdict import Overall, Verdict
from nra.model.voice import Spread, Voice
from nra.scoring.assess import LEAST_PACKETS
from nra.scoring.criteria import judge, limit_text
from nra.scoring.doctor_rules import RULES, Rule
from nra.scoring.statistics import percent

GRAVITY: Final = (Verdict.PASS, Verdict.INFO, Verdict.WARN, Verdict.FAIL)
WITH_ADVICE: Final = (Verdict.INFO, Verdict.WARN, Verdict.FAIL)
NOT_EXAMINED: Final = "not examined"
TRY_AGAIN: Final = "Try again; if it stays so, ask what on this machine (a policy, a security product) keeps nra from it."


def checks(readings: Iterable[Reading], lacking: Mapping[str, str]) -> tuple[Check, ...]:
    """Return a row for every rule, in their order; `lacking` says by patterns of keys why a row has no reading."""
    found = {reading.key: reading for reading in readings}
    return tuple(_check(rule, found.get(rule.key) or _absent(rule, lacking)) for rule in RULES)


def overall(rows: Sequence[Check], *, interrupted: bool = False) -> Overall:
    """Return what the self-test comes to: FAIL (unfit) before INCONCLUSIVE (something was not examined) before WARN before PASS."""
    verdicts = {row.verdict for row in rows}
    if Verdict.FAIL in verdicts:
        return Overall.FAIL
    if interrupted or Verdict.NOT_MEASURED in verdicts:
        return Overall.INCONCLUSIVE
    return Overall.WARN if Verdict.WARN in verdicts else Overall.PASS


def verdict_of(reading: Reading, rule: Rule) -> Verdict:
    """Return the verdict of one reading, never graver than its rule allows."""
    if not reading.exists:
        return Verdict.SKIPPED
    judged = judge(reading.value, rule.criterion)
    return judged if judged is Verdict.NOT_MEASURED else min(judged, rule.gravest, key=GRAVITY.index)


def expectation(rule: Rule) -> str:
    """Return what is expected in words: "< 5 ms", or "< 2 ms (at worst < 5 ms)" where a value in between earns a WARN."""
    criterion = rule.criterion
    limit = f"{limit_text(criterion)} {criterion.unit}"
    return limit if criterion.warn is None else f"{criterion.operator} {criterion.warn:g} {criterion.unit} (at worst {limit})"


def _check(rule: Rule, reading: Reading) -> Check:
    verdict = verdict_of(reading, rule)
    advice = rule.advice if verdict in WITH_ADVICE else TRY_AGAIN if verdict is Verdict.NOT_MEASURED else None
    return Check(
        key=rule.key,
        label=rule.criterion.label,
        value=reading.value if reading.exists else None,
        unit=rule.criterion.unit,
        limit=expectation(rule),
        verdict=verdict,
        evidence=reading.evidence,
        meaning=rule.meaning,
        advice=advice,
    )


def _absent(rule: Rule, lacking: Mapping[str, str]) -> Reading:
    why = (reason for pattern, reason in lacking.items() if fnmatchcase(rule.key, pattern))
    return Reading(key=rule.key, evidence=next(why, NOT_EXAMINED))


def noise_floor(voice: Voice) -> tuple[Reading, ...]:
    """Return what this machine adds by itself: a stream that met no network at all."""
    instrument, sent = voice.instrument, f"{voice.sent} packets"
    few = f"; fewer than {LEAST_PACKETS}" if voice.sent < LEAST_PACKETS else ""
    own = None if instrument.receive_delay_ms else "the stamps are the program's own"
    drops = instrument.local_drops
    return (
        _spread("noise.send_late", instrument.send_late_ms, f"{sent}{few}"),
        Reading(key="noise.not_sent", value=percent(voice.not_sent, voice.sent + voice.not_sent), evidence=f"{voice.not_sent} missed"),
        Reading(key="noise.receive_delay", evidence=own, exists=False)
        if own
        else _spread("noise.receive_delay", instrument.receive_delay_ms, f"{sent}{few}"),
        Reading(key="noise.drops", evidence="this system does not count them", exists=False)
        if drops is None
        else Reading(key="noise.drops", value=float(drops), evidence=sent),
        Reading(key="noise.loss", value=voice.round_trip.loss_percent, evidence=f"{voice.round_trip.lost} of {sent}"),
        Reading(key="noise.up_jitter", value=voice.up.jitter_ms, evidence=_jitter(voice.up.jitter_max_ms)),
        Reading(key="noise.down_jitter", value=voice.down.jitter_ms, evidence=_jitter(voice.down.jitter_max_ms)),
        Reading(key="noise.round_trip", value=voice.round_trip.avg_ms, evidence=_trip(voice)),
    )


def _spread(key: str, spread: Spread | None, what: str) -> Reading:
    if spread is None:
        return Reading(key=key, evidence=what)
    return Reading(key=key, value=spread.p99, evidence=f"median {spread.p50:.3f}, largest {spread.max:.3f} ms of {what}")


def _jitter(most_ms: float | None) -> str:
    return "no packet is known to have arrived" if most_ms is None else f"largest {most_ms:.3f} ms"


def _trip(voice: Voice) -> str:
    trip = voice.round_trip
    return "no answer" if trip.min_ms is None or trip.max_ms is None else f"from {trip.min_ms:.3f} to {trip.max_ms:.3f} ms"
