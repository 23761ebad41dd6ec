"""Services over UDP: guarded, lawful, counted."""

from ipaddress import ip_network
from itertools import product
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nra.model.responder import RESPONDERS
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.responders.udp import STAMP, UDP_ANSWERS, serve
from nra.wire.beacon import EchoProbe, encode_echo
from nra.wire.dns import encode_query
from nra.wire.ntp import encode_request
from nra.wire.quic import encode_version_probe, reserved_version
from nra.wire.stamp import SenderPacket, encode_sender
from nra.wire.stun import encode_binding_request
from nra.wire.timestamps import ntp_from_unix_ns

NOW: Final = 1_767_600_000_000_000_000
SOURCES: Final = (("192.0.2.7", 50_007), ("2001:db8::7", 50_007))
REQUESTS: Final = {
    "STUN": encode_binding_request(bytes(12), software="as long as an answer"),
    "DNS": encode_query(1, "nra.example"),
    "NTP": encode_request(1),
    "QUIC": encode_version_probe(reserved_version(7), bytes(8), bytes(8)),
    "SIP": (
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContact: <sip:a@b>\r\nUser-Agent: as long as an answer of ours is\r\n\r\n"
    ),
    "echo": encode_echo(EchoProbe(1, 2, 3, 4), 172),
    STAMP: encode_sender(SenderPacket(0, ntp_from_unix_ns(NOW), 1, 77)),
}
KEY: Final = bytes(range(32))
OWN_PORTS: Final = (5_000, 6_000)  # of two reflectors that were told another port than ours
ENOUGH: Final = 10


def came(payload: bytes, source: tuple[str, int] = SOURCES[0]) -> Request:
    """Return a datagram as received."""
    return Request(payload=payload, source=source, destination=None, destination_port=1, received_ns=NOW, ttl=None, tos=None)


def test_every_service_of_the_table_has_its_answer() -> None:
    """What is announced for UDP can be served."""
    assert {responder.service for responder in RESPONDERS if responder.protocol == "UDP"} == {STAMP, *UDP_ANSWERS}
    assert REQUESTS.keys() == {STAMP, *UDP_ANSWERS}


@pytest.mark.parametrize(("service", "source"), list(product(UDP_ANSWERS, SOURCES)))
def test_a_request_is_answered_and_counted(service: str, source: tuple[str, int]) -> None:
    """In all, and by service."""
    reflector = Reflector()
    answer = serve(reflector, service, came(REQUESTS[service], source), NOW)
    assert answer is not None
    assert len(answer) <= len(REQUESTS[service])
    assert reflector.counters == {"received": 1, "answered": 1, f"answered_{service.lower()}": 1}


def exchanged(first: bytes, ports: tuple[int, int], services: tuple[str, str], key: bytes | None = None) -> int:
    """Return how often two hosts answer each other after somebody forged a first packet between these ports of theirs."""
    hosts = ("192.0.2.1", "192.0.2.2")
    reflectors = [
        Reflector(keys=None if key is None else Keys((Holder(key),)), guard=Guard(own_ports=frozenset({OWN_PORTS[number]})))
        for number in (0, 1)
    ]
    octets, to = first, 0
    for count in range(ENOUGH):
        request = came(octets, (hosts[1 - to], ports[1 - to]))
        if services[to] == STAMP:
            response = reflectors[to].answer(request, NOW)
            answer = None if response is None else reflectors[to].stamped(response, NOW + 50_000)
        else:
            answer = serve(reflectors[to], services[to], request, NOW)
        if answer is None:
            return count
        octets, to = answer, 1 - to
    return ENOUGH


@pytest.mark.parametrize("service", REQUESTS)
def test_two_hosts_do_not_go_on_answering_each_other(service: str) -> None:
    """Whichever of their ports a forger names, it ends after an answer or two."""
    ports = {responder.port: responder.service for responder in RESPONDERS if responder.protocol == "UDP"}
    mine = {port: each for port, each in ports.items() if each == service} | ({OWN_PORTS[0]: STAMP} if service == STAMP else {})
    for (port, _), (other, theirs) in product(mine.items(), [*ports.items(), (OWN_PORTS[1], STAMP)]):
        assert exchanged(REQUESTS[service], (port, other), (service, theirs)) <= 2, (port, other)


def test_two_authenticated_reflectors_do_not_either() -> None:
    """A reply bears the same HMAC as a request would."""
    request = encode_sender(SenderPacket(0, ntp_from_unix_ns(NOW), 1, 77), KEY)
    assert exchanged(request, (16_384, 65_535), (STAMP, STAMP), KEY) == 1


@pytest.mark.parametrize(
    ("service", "request_", "source"),
    [
        ("STUN", encode_binding_request(bytes(12)), SOURCES[0]),
        ("STUN", encode_binding_request(bytes(12), software="too short"), SOURCES[1]),
        ("SIP", b"OPTIONS sip:x SIP/2.0\r\nv:SIP/2.0/UDP y\r\nf:z\r\nt:z\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n", SOURCES[0]),
    ],
    ids=["STUN", "STUN over IPv6", "SIP"],
)
def test_what_would_be_amplified_is_not_answered(service: str, request_: bytes, source: tuple[str, int]) -> None:
    """Contract 5: a reply is never larger than its request, whatever the protocol would allow."""
    reflector = Reflector()
    assert serve(reflector, service, came(request_, source), NOW) is None
    assert reflector.counters == {"received": 1, "too_short": 1}


def test_sources_are_limited_over_all_services() -> None:
    """One bucket for everything that one source sends, STAMP included."""
    reflector = Reflector(guard=Guard(rate_limit=3))
    assert reflector.answer(came(REQUESTS[STAMP]), NOW) is not None
    answers = [serve(reflector, service, came(REQUESTS[service]), NOW) for service in ("DNS", "NTP", "STUN")]
    assert [answer is not None for answer in answers] == [True, True, False]
    assert serve(reflector, "DNS", came(REQUESTS["DNS"], SOURCES[1]), NOW) is not None
    assert reflector.counters["rate_limited"] == 1


@pytest.mark.parametrize("service", UDP_ANSWERS)
def test_the_guard_stands_before_every_service(service: str) -> None:
    """Foreign networks and ports of other responders have no answer."""
    reflector = Reflector(guard=Guard(allow=[ip_network("192.0.2.0/24")]))
    assert serve(reflector, service, came(REQUESTS[service], SOURCES[1]), NOW) is None
    assert serve(reflector, service, came(REQUESTS[service], ("192.0.2.7", 123)), NOW) is None
    assert reflector.counters == {"received": 2, "not_allowed": 1, "responder_port": 1}


@given(
    st.sampled_from(sorted(UDP_ANSWERS)),
    st.sampled_from(SOURCES),
    st.binary(max_size=60),
    st.integers(0, 400),
    st.integers(0, 60),
    st.integers(0, 1500),
)
@example("echo", SOURCES[0], b"", 0, 2000, 1)
def test_trap_13_and_no_amplification(service: str, source: tuple[str, int], octets: bytes, at: int, gone: int, size: int) -> None:
    """Trap 13: nothing is raised by any octets in or after a request, cut anywhere, and no reply is larger than its request."""
    valid = REQUESTS[service]
    for payload in (octets, (valid[:at] + octets + valid[at + gone :])[:size], valid[:at] + octets + valid[at + gone :], valid + octets):
        answer = serve(Reflector(), service, came(payload, source), NOW)
        assert answer is None or len(answer) <= len(payload)
