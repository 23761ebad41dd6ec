"""Whole runs on the fake network: from settings to the run document, in words that say what happened."""

import socket
import sys
import time
from dataclasses import replace
from itertools import count

import pytest
from run_world import (
    ADDRESS,
    BARE,
    FACTS,
    OTHER_ADDRESS,
    REFLECTOR,
    checks,
    echo,
    healthy,
    measured,
    mortal,
    reflecting,
    rows,
    run,
    settings,
    stun,
    told,
)

from nra.cli.local import PLACEHOLDER, served
from nra.model.failure import Failure, FailureKind
from nra.model.observation import PortState
from nra.model.region import Endpoint
from nra.model.sample import ABSENT
from nra.model.verdict import Basis, Overall, Verdict
from nra.reflector.core import Reflector
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.run.measure import measure_here
from nra.run.reporter import Silent
from nra.run.settings import Settings
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal
from nra.testing.impairment import Impairment

VOICE_ROWS = 11


def with_reflector(**changes: object) -> Settings:
    """Return settings for Frankfurt with a reflector of one's own."""
    return settings("eu-central-1", REFLECTOR, **changes)  # type: ignore[arg-type]


def test_a_healthy_network_passes() -> None:
    """All rows PASS, all required ports are open, the method is told with its reason."""
    plan = with_reflector()
    document = run(plan, healthy(plan))
    assert document.verdict is Overall.PASS
    assert [metric.verdict for metric in document.metrics] == [Verdict.PASS] * VOICE_ROWS
    assert all(check.state is PortState.OPEN for check in checks(document).values() if check.required)
    assert document.voice is not None
    assert (document.run.used.method, document.voice.basis, document.voice.sent) == ("stamp", Basis.DIRECTION, 1500)
    assert document.run.used.why.startswith("a reflector is known")
    assert [(step.method, step.taken) for step in document.run.used.ladder[:2]] == [("stamp", True), ("echo", False)]
    assert document.run.used.ladder[1].why == "not tried: a better way worked"
    assert document.run.used.elapsed_s is not None
    assert (document.run.host.local_address, document.run.region) == ("192.0.2.10", "eu-central-1")


def test_a_lossy_direction_fails_and_is_named() -> None:
    """5 % lost on the way up is the way up's, and the run FAILs (contract 2)."""
    plan = with_reflector()
    document = run(plan, healthy(plan, up=Impairment(delay_ms=20, loss=0.05, seed=3)))
    seen = rows(document)
    assert document.verdict is Overall.FAIL
    assert (seen["up_loss_percent"].verdict, seen["down_loss_percent"].verdict) == (Verdict.FAIL, Verdict.PASS)


def test_packets_of_the_run_can_be_kept() -> None:
    """The stream behind the numbers comes with the document (`--keep-packets`)."""
    plan = with_reflector(only="voice", duration_s=3.0)
    result = measured(plan, healthy(plan))
    assert result.stream is not None
    assert len(result.stream.sequence) == 150
    assert (result.stream.t4_ns != ABSENT).all()
    only_firewall = settings(only="firewall")
    assert measured(only_firewall, healthy(only_firewall)).stream is None


def without(net: FakeNetwork, *ports: int) -> FakeNetwork:
    """Return the network without UDP answers on these ports."""
    net.udp = {where: peer for where, peer in net.udp.items() if where[1] not in ports}
    return net


@pytest.mark.parametrize(
    ("silent_ports", "method", "basis"),
    [
        ((), "stamp", Basis.DIRECTION),
        ((20862,), "echo", Basis.ROUND_TRIP),
        ((20862, 7770), "stun", Basis.ROUND_TRIP),
        ((20862, 7770, 3478, 443, 19302, 53), "tcp", Basis.ROUND_TRIP),
    ],
)
def test_the_ladder_is_walked_down(silent_ports: tuple[int, ...], method: str, basis: Basis) -> None:
    """Each way that does not work is told with what became of it, in the order in which it was tried (contract 1: auto)."""
    plan = with_reflector(duration_s=12.0)
    document = run(plan, without(healthy(plan), *silent_ports))
    assert document.voice is not None
    used = document.run.used
    assert (used.method, document.voice.method, document.voice.basis) == (method, method, basis)
    taken = [step.method for step in used.ladder if step.taken]
    assert taken == [method]
    if method != "stamp":
        assert "not stamp: reflector.example:20862 STAMP packet: IPv4 192.0.2.1: 3 sent within 500 ms, no answer within 1500 ms" in used.why


def test_udp_fully_blocked_never_passes() -> None:
    """Trap 4: with TCP alone nothing but the round trip is measured: no 0 %, no 0 ms, no PASS for the run."""
    plan = with_reflector()
    document = run(plan, without(healthy(plan), 20862, 7770, 3478, 443, 19302, 53))
    seen = rows(document)
    assert document.verdict is not Overall.PASS
    assert seen["round_trip_avg_ms"].value == 40.0
    others = [metric for key, metric in seen.items() if key != "round_trip_avg_ms"]
    assert all((metric.value, metric.verdict) == (None, Verdict.NOT_MEASURED) for metric in others)
    assert "No UDP answer came from any of" in told(document)
    assert "UDP is blocked on the way" in told(document)


def test_where_udp_is_blocked_tcp_tells_the_address_that_a_firewall_s_team_needs() -> None:
    """The request's source is known from any connection that was made."""
    plan = settings(only="firewall")
    net = healthy(plan)
    net.udp.clear()
    document = run(plan, net)
    assert not any(check.state is PortState.OPEN for check in checks(document).values() if check.protocol == "UDP")
    assert document.run.host.local_address == "192.0.2.10"


def test_a_network_that_drops_everything_ends_in_bounded_time() -> None:
    """Trap 8: no name, no answer: a full report after as long as the resolver and every rung may take, never a PASS."""
    for names in ("silent", "known"):
        for half, bound_s in (("voice", 30.0), ("firewall", None)):
            plan = with_reflector(only=half)
            net = healthy(plan)
            net.udp, net.tcp = {}, {}
            if names == "silent":
                net.names = {host: refusal(FailureKind.NAME_UNRESOLVED, "resolve") for host in net.names}
            document = run(plan, net)
            assert document.verdict is Overall.INCONCLUSIVE
            assert document.voice is None
            assert len(document.metrics) == VOICE_ROWS
            elapsed_s = document.run.used.elapsed_s
            assert elapsed_s is not None
            if bound_s is not None:
                assert elapsed_s <= bound_s
                expected = "No name could be resolved" if names == "silent" else "Nothing answered at all"
                assert expected in told(document)
                assert all(metric.verdict is Verdict.NOT_MEASURED and metric.note for metric in document.metrics)
            else:
                states = {check.state for check in checks(document).values() if check.required} - {PortState.NO_RESPONDER}
                assert states == {PortState.DNS_FAILED if names == "silent" else PortState.UNREACHABLE}


def test_skipped_is_not_success() -> None:
    """Trap 5: the half that was not asked for is SKIPPED, not measured, and makes nothing better (contract 2)."""
    plan = settings(only="firewall")
    document = run(plan, healthy(plan))
    assert {metric.verdict for metric in document.metrics} == {Verdict.SKIPPED}
    assert {metric.value for metric in document.metrics} == {None}
    assert (document.voice, document.run.used.method, document.run.used.why) == (None, None, "voice was not asked for")
    plan = with_reflector(only="voice")
    document = run(plan, healthy(plan))
    assert document.firewall is None
    assert document.verdict is Overall.PASS


def test_a_reflector_that_dies_while_the_network_lives() -> None:
    """Trap 9: a control that answers afterwards says that the network was there; the loss is nobody's direction."""
    plan = with_reflector()
    net = healthy(plan)
    net.udp[ADDRESS, 20862] = mortal(750, reflecting())
    document = run(plan, net)
    assert document.voice is not None
    assert document.voice.silent_since_s is not None
    assert (document.voice.up.lost, document.voice.down.lost) == (0, 0)
    assert document.verdict is Overall.INCONCLUSIVE
    assert "port 443 answered afterwards: the network was there" in told(document)


@pytest.mark.parametrize("gone", [False, True], ids=["the beacon died", "the network is gone"])
def test_a_beacon_that_falls_silent(gone: bool) -> None:
    """Trap 9 with the round trip only: a control decides whether the second half is loss or tells of the beacon alone."""
    plan = settings("eu-central-1", method="echo")
    net = healthy(plan)

    def dying(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        if gone:
            net.tcp, net.udp = {}, {}
        return None

    net.udp[ADDRESS, 7770] = changing(750, echo, dying)
    document = run(plan, net)
    loss = rows(document)["up_loss_percent"]
    if gone:
        assert loss.verdict is Verdict.FAIL
        assert "the network itself was gone" in told(document)
    else:
        assert (loss.value, loss.verdict) == (0.0, Verdict.PASS)
        assert "measured until" in (loss.note or "")
        assert document.verdict is Overall.INCONCLUSIVE
        assert "the network was there" in told(document)


def test_a_beacon_that_answers_the_opening_question_only() -> None:
    """Nothing of the stream comes back although the network lives: not a single number, no FAIL of the network, and never a PASS."""
    plan = settings("eu-central-1", method="echo", only="voice")
    net = healthy(plan)
    net.udp[ADDRESS, 7770] = mortal(1, echo)
    document = run(plan, net)
    assert document.verdict is Overall.INCONCLUSIVE
    assert {(metric.verdict, metric.value) for metric in document.metrics} == {(Verdict.NOT_MEASURED, None)}
    assert "No answer came from 0.0 s on" in told(document)


def changing(packets: int, first, then):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return a peer that becomes another after so many packets."""
    seen = count()
    return lambda payload, now_ns, source: (first if next(seen) < packets else then)(payload, now_ns, source)


def test_only_voice_and_no_answer_asks_a_control() -> None:
    """With no port question to compare with, the region's web host tells a dead reflector from a dead network."""
    plan = with_reflector(only="voice", method="stamp")
    net = without(healthy(plan), 20862)
    document = run(plan, net)
    assert "no UDP answer came from any of 1 places although TCP was answered" in document.run.used.why
    net.tcp = {}
    document = run(plan, net)
    assert "nothing answered at all" in document.run.used.why


def test_other_udp_that_is_answered_clears_the_network() -> None:
    """A STUN answer proves that UDP leaves and returns: then it is the reflector, or its port."""
    plan = with_reflector(method="stamp")
    document = run(plan, without(healthy(plan), 20862))
    assert "although other UDP is answered: it is down, or its port is blocked" in document.run.used.why
    assert checks(document)["16384-65535", "UDP"].state is PortState.NO_RESPONDER  # nothing at all is heard of the reflector's host


def test_a_reflector_s_host_that_lives_makes_its_silence_a_firewall_s() -> None:
    """Trap 9: a TCP port of the same host that answers, or refuses, tells a blocked way from a reflector that is down."""
    plan = with_reflector(method="stamp")
    for script in (TcpScript(), TcpScript(failure=refusal(FailureKind.REFUSED, "connect"))):
        net = without(healthy(plan), 20862)
        net.tcp[ADDRESS, 80] = script
        check = checks(run(plan, net))["16384-65535", "UDP"]
        assert (check.state, check.verdict) == (PortState.NO_ANSWER, Verdict.FAIL)
        assert "meanwhile port 80 of reflector.example" in check.evidence


def test_a_wrong_key_is_neither_claimed_nor_a_firewall_s() -> None:
    """The host lives and answers STUN: key or port, says the report, and no rule is asked for."""
    plan = with_reflector(method="stamp", key=bytes(32))
    net = healthy(plan)
    net.udp[ADDRESS, 20862] = reflecting(Reflector(keys=Keys((Holder(bytes(range(32))),))))
    net.udp[ADDRESS, 3478], net.tcp[ADDRESS, 80] = stun, TcpScript()
    for ways in (plan, replace(plan, asked=replace(plan.asked, method="auto"))):
        document = run(ways, net)
        assert "no answer; the same host answers STUN, so the key or the port may be wrong" in told(document)
        assert "does not accept" not in told(document)
        check = checks(document)["16384-65535", "UDP"]
        assert (check.state, check.verdict) == (PortState.NO_RESPONDER, Verdict.NOT_MEASURED)
        assert "the key or the port may be wrong" in check.evidence


def test_a_region_with_nothing_to_measure_against() -> None:
    """Every rung says why not; the rows are not measured and carry the reasons."""
    document = run(settings(BARE), FakeNetwork(names={}))
    assert document.run.used.method is None
    for words in ("no reflector is known", "no public UDP beacon", "no public STUN server", "no TCP host is known"):
        assert words in document.run.used.why
    assert {metric.note for metric in document.metrics} == {"no way to measure is known"}


@pytest.mark.parametrize(
    ("script", "state", "verdict"),
    [
        (TcpScript(tls=FACTS), PortState.OPEN, Verdict.PASS),
        (TcpScript(failure=refusal(FailureKind.REFUSED, "connect")), PortState.REFUSED, Verdict.FAIL),
        (None, PortState.NO_ANSWER, Verdict.FAIL),
        (
            TcpScript(tls=refusal(FailureKind.TLS_UNTRUSTED, "tls handshake", "self-signed; issued by Proxy CA")),
            PortState.TLS_INTERCEPTED,
            Verdict.FAIL,
        ),
        (TcpScript(tls=refusal(FailureKind.RESET, "tls handshake")), PortState.REFUSED, Verdict.FAIL),
        (TcpScript(failure=refusal(FailureKind.UNREACHABLE, "connect")), PortState.UNREACHABLE, Verdict.NOT_MEASURED),
    ],
)
def test_states_of_a_required_port(script: TcpScript | None, state: PortState, verdict: Verdict) -> None:
    """Contract 4.4, row by row; the evidence says what happened in words."""
    plan = settings(only="firewall")
    net = healthy(plan)
    del net.tcp[OTHER_ADDRESS, 443]
    if script is not None:
        net.tcp[OTHER_ADDRESS, 443] = script
    check = checks(run(plan, net))["443", "TCP"]
    assert (check.state, check.verdict, check.required) == (state, verdict, True)
    assert check.evidence
    assert (check.connect_ms is not None) == (state is PortState.OPEN)
    if state is PortState.TLS_INTERCEPTED:
        assert "Proxy CA" in check.evidence


def test_silence_without_a_control_proves_nothing() -> None:
    """`no_answer` needs a control that answered; else the port is `unreachable` and not measured (contract 4.4)."""
    plan = settings(only="firewall")
    net = healthy(plan)
    net.tcp, net.udp = {}, {}
    silent = checks(run(plan, net))["443", "TCP"]
    assert (silent.state, silent.verdict) == (PortState.UNREACHABLE, Verdict.NOT_MEASURED)
    assert "nothing else answered either" in silent.evidence
    net.udp[ADDRESS, 3478] = stun
    silent = checks(run(plan, net))["443", "TCP"]
    assert (silent.state, silent.verdict) == (PortState.NO_ANSWER, Verdict.FAIL)


def test_nobody_there_to_ask_is_not_blocked() -> None:
    """Trap 10: without a reflector the media range has nobody who would answer: NOT MEASURED, never FAIL."""
    plan = settings()
    check = checks(run(plan, healthy(plan)))["16384-65535", "UDP"]
    assert (check.state, check.verdict, check.required) == (PortState.NO_RESPONDER, Verdict.NOT_MEASURED, True)
    assert "not proof of anything" in check.evidence


def test_optional_ports_never_fail() -> None:
    """53 and 19302 usually do not answer, harmlessly: INFO."""
    plan = settings()
    net = without(healthy(plan), 53, 19302)
    for check in checks(run(plan, net)).values():
        if not check.required:
            assert check.verdict in (Verdict.PASS, Verdict.INFO)
    assert checks(run(plan, net))["53", "UDP"].verdict is Verdict.INFO


def test_an_interrupt_before_anything() -> None:
    """The document says so on every row, and nothing was sent."""
    plan = with_reflector()
    net = healthy(plan)
    document = run(plan, net, stop=lambda: True)
    assert document.run.used.interrupted
    assert {(metric.verdict, metric.note) for metric in document.metrics} == {(Verdict.NOT_MEASURED, "interrupted")}
    assert {step.why for step in document.run.used.ladder} == {"interrupted"}


def test_an_interrupt_in_mid_stream() -> None:
    """What was measured is judged, with the note when it was interrupted."""
    plan = with_reflector(only="voice")
    net = healthy(plan)
    until_ns = net.clock.now_ns() + 12_000_000_000
    document = run(plan, net, stop=lambda: net.clock.now_ns() > until_ns)
    assert document.run.used.interrupted
    assert document.voice is not None
    assert 500 < document.voice.sent < 700
    assert "interrupted after" in (rows(document)["up_jitter_ms"].note or "")


def test_a_run_on_a_network_that_answers_ends_soon_after_its_stream() -> None:
    """D + 4 s: no loss in the middle is waited for, and the closing exchange takes one round trip."""
    plan = with_reflector(only="voice", duration_s=10.0)
    document = run(plan, healthy(plan, up=Impairment(delay_ms=20, loss=0.02, loss_runs=(range(490, 501),), seed=4)))
    assert document.run.used.elapsed_s is not None
    assert document.run.used.elapsed_s < 10.0 + 2.5


def test_clocks_names_and_reasons_survive_the_document() -> None:
    """What was asked for and what was used stand in the document as they were."""
    plan = replace(with_reflector(duration_s=2.0, only="voice"), site="Berlin", seat="4.12", case="00012345", config="/etc/nra.toml")
    document = run(plan, healthy(plan))
    assert (document.run.site, document.run.seat, document.run.case, document.run.used.config) == (
        "Berlin",
        "4.12",
        "00012345",
        "/etc/nra.toml",
    )
    assert document.run.asked == plan.asked
    assert len(document.run.id) == 32
    assert document.run.started_at == "2026-01-05T08:00:00Z"


def test_a_port_that_fails_names_its_address_s_failure() -> None:
    """The evidence is what the system said, not a guess."""
    plan = settings(only="firewall")
    net = healthy(plan)
    net.names["api.mypurecloud.de"] = refusal(FailureKind.NAME_NOT_FOUND, "resolve", "Name or service not known")
    check = checks(run(plan, net))["443", "TCP"]
    assert (check.state, check.evidence) == (PortState.DNS_FAILED, "resolve: name not found (Name or service not known)")
    assert isinstance(net.names["api.mypurecloud.de"], Failure)


def test_a_reflector_alone_on_a_bare_region() -> None:
    """One's own reflector is enough to measure a region of which nothing else is known."""
    plan = settings(replace(BARE, https=Endpoint(host="api.example", port=443)), REFLECTOR, only="voice")
    assert run(plan, healthy(plan)).verdict is Overall.PASS


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux drops the SYN when the queue is full")
def test_silent_ports_do_not_hold_up_a_short_run() -> None:
    """A run of D seconds on a network that answers ends within D + 4 s, though two optional ports are silent (real sockets)."""
    plan = replace(settings(PLACEHOLDER, duration_s=1.0), services=())
    with (
        served(plan) as ready,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as filler,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as filled,
    ):
        udp.bind(("127.0.0.1", 0))
        tcp.bind(("127.0.0.1", 0))
        tcp.listen(0)
        for each in (filler, filled):
            each.setblocking(False)
            each.connect_ex(tcp.getsockname())
        row = replace(ready.services[0], required=False)
        silent = (
            replace(row, port=str(udp.getsockname()[1]), protocol="UDP", ask="stun"),
            replace(row, port=str(tcp.getsockname()[1]), ask="tls"),
        )
        for _ in range(3):  # where silent ports hold it up they do so each time, what else this machine has to do does not
            began = time.perf_counter()
            document = measure_here(replace(ready, services=(*ready.services, *silent)), Silent(), lambda: False).document
            took_s = time.perf_counter() - began
            if took_s < 1.0 + 4.0:
                break
        assert took_s < 1.0 + 4.0
    assert [check.state for check in (document.firewall or ())[-2:]] == [PortState.NO_ANSWER, PortState.NO_ANSWER]
    assert document.voice is not None
    assert document.voice.method == "stamp"
