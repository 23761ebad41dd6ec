"""Canned run documents: complete, realistic, always the same. For tests of whatever reads documents, and for demonstrations.

`canned_run("bad", host="PC-0417")` is a run of that kind with some names of one's own; KINDS lists the kinds.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from nra.model.criteria import Criterion, Operator
from nra.model.document import SCHEMA, Asked, Finding, FirewallCheck, Host, LadderStep, Metric, Org, Run, RunDocument, Used
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Endpoint, Spread, Voice, Worst, WorstWindow
from nra.testing.canned_calls import CAPACITY, PER_CALL
from nra.testing.canned_load import FOUND, LOAD
from nra.testing.canned_parts import (
    BAD_DOWN,
    BAD_UP,
    FINDINGS,
    GOOD_DOWN,
    GOOD_UP,
    INSTRUMENT,
    INTERRUPTED,
    LIMITS,
    ROUND_TRIP_BOUND,
    SMALL_LOSS,
    THRESHOLDS,
    delays,
    times,
    voice_half,
    window,
)
from nra.testing.canned_ports import BLOCKED, NO_NETWORK, SILENT, UNRESOLVED, WITHOUT_REFLECTOR, port_checks, port_findings


def canned_run(
    kind: str = "good",
    *,
    org: str = "Acme Voice GmbH",
    shortname: str = "acmevoicegmbh",
    host: str = "PC-0417",
    site: str | None = "Munich",
    seat: str | None = "3.17",
    started_at: str = "2026-11-22T14:03:11Z",
) -> RunDocument:
    """Return the run of a kind (see KINDS); its id depends on the kind and the names only."""
    document = KINDS[kind]()
    run_id = hashlib.sha256(repr((kind, org, host, site, seat, started_at)).encode("utf-8", "replace")).hexdigest()[:32]
    ended = datetime.fromisoformat(started_at) + timedelta(seconds=round(document.run.used.elapsed_s or 0))
    run = replace(
        document.run,
        id=run_id,
        org=Org(name=org, shortname=shortname),
        site=site,
        seat=seat,
        host=replace(document.run.host, name=host),
        started_at=started_at,
        ended_at=f"{ended:%Y-%m-%dT%H:%M:%SZ}",
    )
    return replace(document, run=run)


def _good() -> RunDocument:
    return _document(Overall.PASS, voice_half(GOOD_UP, GOOD_DOWN, 24.3118), port_checks())


def _bad() -> RunDocument:
    """Down 3 % lost in one burst of three seconds, jitter beyond the limit, one required port closed."""
    windows = tuple(
        window(
            second,
            (2.0 if second in (4, 19, 26) else 0.0, 18.3 + second % 5),
            (30.0 if 12 <= second < 15 else 0.0, 26.4 + second * 5 % 17),
            55.1 + second * 7 % 23,
        )
        for second in range(30)
    )
    worst = Worst(up=None, down=WorstWindow(start_s=8.0, length_s=15.0, loss_percent=6.0, jitter_ms=36.2, mos=3.21))
    instrument = replace(INSTRUMENT, receive_delay_ms=Spread(p50=0.21, p99=3.84, max=9.7))
    voice = replace(voice_half(BAD_UP, BAD_DOWN, 61.7402), windows=windows, worst_15s=worst, instrument=instrument)
    checks = port_checks(otherwise=SILENT)
    return _document(Overall.FAIL, voice, checks, (*FINDINGS, *port_findings(checks)))


def _close() -> RunDocument:
    """Jitter on the way down is inside its limit, with little to spare."""
    return _document(Overall.WARN, voice_half(GOOD_UP, replace(GOOD_DOWN, jitter_ms=24.6203, jitter_max_ms=33.9), 26.0419), port_checks())


def _round_trip() -> RunDocument:
    """An echo at a public endpoint: only the round trip is known, and nobody answers for the media range."""
    voice = replace(
        voice_half(ROUND_TRIP_BOUND, ROUND_TRIP_BOUND, 38.9274),
        method="echo",
        basis=Basis.ROUND_TRIP,
        target=Endpoint(host="gamelift-ping.eu-central-1.api.aws", port=7770, address="3.64.10.77"),
        lost_unknown=10,
        payload_bytes=172,
        round_trip=times(38.9274, lost=10, loss_percent=0.666667),
        windows=tuple(window(second, (None, None), (None, None), 36.2 + second * 3 % 7) for second in range(30)),
    )
    ladder = (
        LadderStep(method="stamp", taken=False, why="no reflector is known for this region"),
        LadderStep(method="echo", taken=True, why="the region has an AWS beacon"),
    )
    document = _document(Overall.INCONCLUSIVE, voice, port_checks(WITHOUT_REFLECTOR), ladder=ladder)
    used = replace(document.run.used, why="the region has an AWS beacon; not stamp: no reflector is known for this region")
    return replace(document, run=replace(document.run, asked=replace(document.run.asked, reflector=None), used=used))


def _interrupted() -> RunDocument:
    """Ctrl-C after seven seconds: a small sample, and the firewall was not reached."""
    voice = voice_half(INTERRUPTED, replace(INTERRUPTED, jitter_ms=2.0957), 24.9035)
    voice = replace(voice, sent=350, windows=voice.windows[:7], round_trip=times(24.9035))
    document = _document(Overall.INCONCLUSIVE, voice, (), note="small sample")
    run = replace(document.run, used=replace(document.run.used, elapsed_s=9.1, interrupted=True))
    return replace(document, run=run)


def _firewall_only() -> RunDocument:
    document = _document(Overall.PASS, None, port_checks(), skipped=Verdict.SKIPPED)
    used = Used(method=None, why="voice was not asked for", ladder=(), config=None, elapsed_s=6.4)
    return replace(document, run=replace(document.run, asked=replace(document.run.asked, only="firewall"), used=used))


def _blocked() -> RunDocument:
    """UDP does not get out at all: no number of voice is known, and none is shown."""
    checks = port_checks(otherwise=BLOCKED)
    document = _document(Overall.FAIL, None, checks, port_findings(checks), skipped=Verdict.NOT_MEASURED, note="no answer over UDP")
    return _without_voice(document, "nothing answered over UDP", 21.7)


def _no_network() -> RunDocument:
    """No cable: not even a name can be resolved."""
    checks = port_checks(WITHOUT_REFLECTOR, UNRESOLVED)
    note = "no name could be resolved"
    document = _document(Overall.INCONCLUSIVE, None, checks, (NO_NETWORK,), skipped=Verdict.NOT_MEASURED, note=note)
    run = replace(document.run, host=replace(document.run.host, local_address=None), asked=replace(document.run.asked, reflector=None))
    document = replace(document, run=run)
    return _without_voice(document, "no name could be resolved", 20.4)


def _without_voice(document: RunDocument, why: str, elapsed_s: float) -> RunDocument:
    ladder = tuple(LadderStep(method=method, taken=False, why="no answer") for method in ("stamp", "echo", "stun"))
    used = Used(method=None, why=why, ladder=ladder, config=None, elapsed_s=elapsed_s)
    return replace(document, run=replace(document.run, used=used))


def _until_breach() -> RunDocument:
    """Three calls at once, then more and more until the way up could not carry them: the verdict is that of the three."""
    down = replace(
        GOOD_DOWN,
        expected=4500,
        received=4493,
        lost=7,
        loss_percent=0.155556,
        longest_loss=1,
        mos=4.3964,
        r_factor=92.5513,
        costs=SMALL_LOSS,
        delays=delays(713, 1050, 1620, 480, 390, 165, 60, 15),
    )
    up = replace(GOOD_UP, expected=4500, received=4500, delays=delays(780, 1140, 1560, 450, 360, 162, 42, 6))
    voice = voice_half(up, down, 24.3118)
    voice = replace(voice, calls=3, sent=4500, per_call=PER_CALL, round_trip=times(24.3118, lost=7, loss_percent=0.155556))
    document = replace(_document(Overall.PASS, voice, port_checks()), capacity=CAPACITY)
    asked = replace(document.run.asked, calls=3, calls_until_breach=CAPACITY.most_calls)
    return replace(document, run=replace(document.run, asked=asked, used=replace(document.run.used, elapsed_s=154.7)))


def _under_load() -> RunDocument:
    """All is well until something is sent at full speed: the queue of the way up holds packets of voice for too long."""
    document = replace(_document(Overall.PASS, voice_half(GOOD_UP, GOOD_DOWN, 24.3118), port_checks(), (FOUND,)), load=LOAD)
    asked = replace(document.run.asked, load_megabytes=LOAD.most_megabytes)
    return replace(document, run=replace(document.run, asked=asked, used=replace(document.run.used, elapsed_s=71.9)))


KINDS: Final[dict[str, Callable[[], RunDocument]]] = {
    "good": _good,
    "bad": _bad,
    "round-trip": _round_trip,
    "interrupted": _interrupted,
    "firewall-only": _firewall_only,
    "blocked": _blocked,
    "no-network": _no_network,
    "close": _close,
    "until-breach": _until_breach,
    "under-load": _under_load,
}
"""The kinds of canned runs."""


def _document(
    verdict: Overall,
    voice: Voice | None,
    firewall: tuple[FirewallCheck, ...] | None,
    findings: tuple[Finding, ...] = (),
    ladder: tuple[LadderStep, ...] = (LadderStep(method="stamp", taken=True, why="a reflector was given"),),
    skipped: Verdict = Verdict.SKIPPED,
    note: str | None = None,
) -> RunDocument:
    taken = next(step for step in ladder if step.taken)
    run = Run(
        id="0" * 32,
        tool_version="0.1.0",
        started_at="2026-11-22T14:03:11Z",
        ended_at="2026-11-22T14:03:11Z",
        org=Org(name="", shortname="org"),
        site=None,
        seat=None,
        case="0012345",
        host=Host(name="", os="Windows", os_version="11 (26100)", machine="AMD64", python="3.13.2", local_address="192.168.20.41"),
        region="eu-central-1",
        asked=Asked(
            method="auto",
            duration_s=30.0,
            interval_ms=20.0,
            codec="g711",
            calls=1,
            dscp=46,
            services=("webrtc",),
            only=None,
            reflector="reflector.example.net:20862",
            authenticated=False,
            thresholds="genesys-cloud",
        ),
        used=Used(method=taken.method, why=taken.why, ladder=ladder, config=None, elapsed_s=38.2),
        packages=("click 8.4.1", "numpy 2.4.6"),
        stick="5" * 64,
    )
    metrics = tuple(_metric(criterion, voice, skipped, note) for criterion in LIMITS)
    return RunDocument(
        schema=SCHEMA, verdict=verdict, run=run, voice=voice, firewall=firewall, metrics=metrics, findings=findings, thresholds=THRESHOLDS
    )


def _metric(criterion: Criterion, voice: Voice | None, skipped: Verdict, note: str | None) -> Metric:
    way, _, field = criterion.key.partition("_")
    value = None
    if voice:
        value = voice.round_trip.avg_ms if way == "round" else getattr(voice.up if way == "up" else voice.down, field)
    return Metric(
        key=criterion.key,
        label=criterion.label,
        value=value,
        unit=criterion.unit,
        limit=f"{criterion.operator} {criterion.limit:g}",
        verdict=skipped if value is None else _judge(criterion, value),
        basis=Basis.ROUND_TRIP if voice and way == "round" else voice.basis if voice else None,
        note=note,
    )


def _judge(criterion: Criterion, value: float) -> Verdict:
    warn = criterion.limit if criterion.warn is None else criterion.warn
    if criterion.operator is Operator.LESS:
        return Verdict.FAIL if value >= criterion.limit else Verdict.WARN if value >= warn else Verdict.PASS
    return Verdict.FAIL if value < criterion.limit else Verdict.WARN if value < warn else Verdict.PASS
