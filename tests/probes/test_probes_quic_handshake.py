"""The QUIC handshake probe: which address is asked for how long, and what becomes of each end (contract 4.4)."""

import asyncio
from typing import Final

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Observation, Trust
from nra.model.plan import CheckParameters, Target, Task
from nra.net.ports import QuicFacts, TlsFacts
from nra.probes.parts.probe import Watch
from nra.probes.quic_handshake import PROBE
from nra.testing.fake_network import FakeNetwork, refusal

NAME: Final = "quic.example"
FIRST, SECOND, THIRD, FOURTH = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"
MS: Final = 1_000_000
TLS: Final = TlsFacts(version="TLSv1.3", issuer="Example CA", certificate_sha256="00", trust=Trust.SYSTEM)
FACTS: Final = QuicFacts(version="v1", alpn="h3", tls=TLS, elapsed_ns=30 * MS, tries=2)
MISSING: Final = refusal(FailureKind.LOCAL, "import", "aioquic is not installed")


def observed(net: FakeNetwork, deadline_s: float = 5.0) -> Observation:
    """Return what comes of a check of port 443."""
    parameters = CheckParameters(deadline_s=deadline_s)
    return asyncio.run(PROBE.run(Task(probe="quic_handshake", target=Target(host=NAME, port=443), parameters=parameters), net, Watch()))


def network(*addresses: str, **quic: QuicFacts | Failure) -> FakeNetwork:
    """Return a network in which the host's addresses behave as told, in order: a0, a1, ...; those not told are silent."""
    script = {(address, 443): quic[f"a{number}"] for number, address in enumerate(addresses) if f"a{number}" in quic}
    return FakeNetwork(names={NAME: addresses}, quic=script)


def test_a_handshake_is_an_answer() -> None:
    """Version, application protocol, issuer and what vouches for it are the evidence; the tries are those of the connection."""
    answer = observed(network(FIRST, a0=FACTS)).value
    said = "QUIC v1, h3, TLS certificate issued by Example CA"
    assert answer == Answer(address=FIRST, elapsed_ms=30.0, said=said, tries=2, issuer="Example CA", trust=Trust.SYSTEM)


def test_both_families_shake_hands() -> None:
    """The other family's handshake stands beside the first one's."""
    answer = observed(network(FIRST, SECOND, THIRD, a0=FACTS, a2=FACTS)).value
    assert isinstance(answer, Answer)
    assert answer.elsewhere == (Elsewhere(address=THIRD, said=answer.said, elapsed_ms=30.0, trust=answer.trust),)


def test_a_silent_address_leaves_the_others_their_share() -> None:
    """Two addresses have half of the time each."""
    seen = observed(network(THIRD, FIRST, a1=FACTS))
    assert isinstance(seen.value, Answer)
    assert seen.value.address == FIRST
    assert seen.ended_ns - seen.started_ns == 2_530 * MS


@pytest.mark.parametrize("addresses", [(FIRST,), (FIRST, SECOND), (FIRST, SECOND, THIRD, FOURTH)])
@pytest.mark.parametrize("deadline_s", [0.7, 3.5, 5.0])
def test_silence_ends_by_the_deadline(addresses: tuple[str, ...], deadline_s: float) -> None:
    """Trap 8: a filtered network costs the deadline and no more, however many addresses there are."""
    seen = observed(network(*addresses), deadline_s)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
    assert seen.ended_ns - seen.started_ns <= deadline_s * 1000 * MS


def test_each_address_has_the_time_of_three_tries() -> None:
    """With four silent addresses in 5 s the fourth is not asked: 0.5 s would prove nothing."""
    seen = observed(network(FIRST, SECOND, THIRD, FOURTH, a3=FACTS))
    assert seen.failure is not None
    assert [part.partition(": ")[0] for part in seen.failure.detail.split("; ")] == [f"IPv4 {FIRST}", f"IPv6 {THIRD}", f"IPv4 {SECOND}"]
    assert seen.ended_ns - seen.started_ns == 4_500 * MS


def test_the_most_telling_failure_stands() -> None:
    """An IPv6 address without a route does not hide that the IPv4 one was refused."""
    unreachable = refusal(FailureKind.UNREACHABLE, "open", "Network is unreachable")
    failure = observed(network(FIRST, THIRD, a0=refusal(FailureKind.REFUSED), a1=unreachable)).failure
    assert failure is not None
    assert failure.kind is FailureKind.REFUSED
    assert f"{THIRD}: Network is unreachable" in failure.detail


def negotiating(request: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Refuse a version that does not exist by naming version 1 (RFC 9000 6.1); ids of our probes have 8 octets."""
    return b"\xc0\0\0\0\0" + request[14:23] + request[5:14] + bytes.fromhex("00000001")


def test_without_aioquic_the_version_question_must_do() -> None:
    """It proves the port, and the words say that no certificate was seen."""
    net = network(FIRST, a0=MISSING)
    net.udp[FIRST, 443] = negotiating
    said = "QUIC version negotiation: v1 (no handshake: aioquic is not installed)"
    assert observed(net).value == Answer(address=FIRST, elapsed_ms=0.0, said=said)


def test_without_aioquic_silence_is_silence() -> None:
    """The failure is that of the question which was put instead, for each address, within the deadline."""
    seen = observed(network(FIRST, THIRD, a0=MISSING, a1=MISSING))
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.operation) == (FailureKind.NO_ANSWER, "QUIC packet of a version that does not exist")
    assert (
        seen.failure.detail
        == f"IPv4 {FIRST}: 3 sent within 500 ms, no answer within 1500 ms; IPv6 {THIRD}: 3 sent within 500 ms, no answer within 1500 ms"
    )
    assert seen.ended_ns - seen.started_ns <= 5_000 * MS


def test_a_handshake_that_fails_is_not_put_another_way() -> None:
    """Only a package that is not there is a reason to ask less."""
    net = network(FIRST, a0=refusal(FailureKind.TLS_FAILED, "quic handshake", "alert"))
    net.udp[FIRST, 443] = negotiating
    failure = observed(net).failure
    assert failure is not None
    assert failure.kind is FailureKind.TLS_FAILED


def test_a_foreign_root_is_an_interception() -> None:
    """The issuer's name reaches the evidence (contract 4.4: tls_intercepted)."""
    untrusted = refusal(FailureKind.TLS_UNTRUSTED, "quic handshake", "unable to get issuer; issued by Inspection CA")
    failure = observed(network(FIRST, a0=untrusted)).failure
    assert failure is not None
    assert (failure.kind, failure.detail.endswith("issued by Inspection CA")) == (FailureKind.TLS_UNTRUSTED, True)


def test_a_server_without_a_name_or_a_protocol() -> None:
    """What was not shown is said in words, not as None."""
    bare = QuicFacts(version="v1", alpn=None, tls=TlsFacts(version="TLSv1.3", issuer=None, certificate_sha256=None), elapsed_ns=1, tries=1)
    answer = observed(network(FIRST, a0=bare)).value
    assert isinstance(answer, Answer)
    assert answer.said == "QUIC v1, no ALPN, TLS certificate issued by an unnamed issuer"
