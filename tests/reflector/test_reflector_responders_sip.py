"""The answer to SIP OPTIONS: what RFC 3261 asks of a stateless server, in fewer octets than the question."""

from time import thread_time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.reflector.responders.answers import sip_stream_answer
from nra.reflector.responders.sip import sip_answer
from nra.wire.sip import is_response_complete, options_request, parse_response

SOURCE: Final = ("192.0.2.7", 50_007)
# RFC 3261 11.1, its two example values that are not ASCII names left as they are
EXAMPLE: Final = (
    "OPTIONS sip:carol@chicago.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877\r\n"
    "Max-Forwards: 70\r\n"
    "To: <sip:carol@chicago.com>\r\n"
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    "Call-ID: a84b4c76e66710\r\n"
    "CSeq: 63104 OPTIONS\r\n"
    "Contact: <sip:alice@pc33.atlanta.com>\r\n"
    "Accept: application/sdp\r\n"
    "Content-Length: 0\r\n\r\n"
)


def answered(request: str, source: tuple[str, int] = SOURCE) -> list[str]:
    """Return the answer's lines."""
    answer = sip_answer(request.encode("latin-1"), source)
    assert answer is not None
    assert answer.endswith(b"\r\n\r\n")
    return answer.decode("latin-1").split("\r\n")[:-2]


def test_the_example_of_the_rfc() -> None:
    """Via, From, To, Call-ID and CSeq as they came, a tag on To, where the request really came from (RFC 3261 8.2.6, 18.2.1)."""
    status, via, sender, to, call_id, cseq, length = answered(EXAMPLE)
    assert status == "SIP/2.0 200 OK"
    assert via == "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877;received=192.0.2.7"
    assert sender == "From: Alice <sip:alice@atlanta.com>;tag=1928301774"
    assert to.startswith("To: <sip:carol@chicago.com>;tag=")
    assert (call_id, cseq, length) == ("Call-ID: a84b4c76e66710", "CSeq: 63104 OPTIONS", "Content-Length: 0")
    assert len("\r\n".join(answered(EXAMPLE))) + 4 < len(EXAMPLE)


def test_a_repeated_request_has_the_same_answer() -> None:
    """A stateless server makes the same tag again, another call gets another (RFC 3261 8.2.7)."""
    assert answered(EXAMPLE) == answered(EXAMPLE)
    assert answered(EXAMPLE)[3] != answered(EXAMPLE.replace("a84b4c76e66710", "other"))[3]
    assert answered(EXAMPLE.replace("<sip:carol@chicago.com>\r\n", "<sip:carol@chicago.com>;tag=x\r\n"))[3].endswith(">;tag=x")


@pytest.mark.parametrize(
    ("via", "source", "expected"),
    [
        ("SIP/2.0/UDP 192.0.2.7:5060;branch=1", SOURCE, "SIP/2.0/UDP 192.0.2.7:5060;branch=1"),
        ("SIP/2.0/UDP 192.0.2.7;rport;branch=1", SOURCE, "SIP/2.0/UDP 192.0.2.7;rport=50007;branch=1;received=192.0.2.7"),
        ("SIP/2.0/UDP 10.0.0.1;branch=1;rport", SOURCE, "SIP/2.0/UDP 10.0.0.1;branch=1;rport=50007;received=192.0.2.7"),
        ("SIP/2.0/UDP 10.0.0.1;rport=7", SOURCE, "SIP/2.0/UDP 10.0.0.1;rport=7;received=192.0.2.7"),
        ("SIP/2.0/TLS [2001:db8::7];branch=1", ("2001:db8::7", 9), "SIP/2.0/TLS [2001:db8::7];branch=1"),
        ("SIP/2.0/TLS [fe80::7];branch=1", ("fe80::7%eth0", 9), "SIP/2.0/TLS [fe80::7];branch=1"),
        ("SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b", SOURCE, "SIP/2.0/UDP a;branch=1;received=192.0.2.7, SIP/2.0/UDP b"),
    ],
)
def test_the_topmost_via_says_where_it_came_from(via: str, source: tuple[str, int], expected: str) -> None:
    """`received` unless the client named its own address, `rport` where it was asked for (RFC 3261 18.2.1, RFC 3581 4)."""
    old = "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877"
    assert answered(EXAMPLE.replace(old, via), source)[1] == f"Via: {expected}"


def test_compact_folded_and_several() -> None:
    """Compact names are written out, folded lines joined, the Vias of proxies stay in order (RFC 3261 7.3)."""
    request = (
        "OPTIONS sips:nra.example SIP/2.0\r\nv: SIP/2.0/TLS 192.0.2.7\r\nVIA : SIP/2.0/TLS b\r\n c\r\n"
        "f: <sip:a@b>;tag=1\r\nt:\t<sip:c@d>;tag=2 \r\ni: 1@x\r\nCSEQ: 1 OPTIONS\r\n\r\n"
    )
    assert answered(request)[1:] == [
        "Via: SIP/2.0/TLS 192.0.2.7",
        "Via: SIP/2.0/TLS b c",
        "From: <sip:a@b>;tag=1",
        "To: <sip:c@d>;tag=2",
        "Call-ID: 1@x",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("OPTIONS sip:carol@chicago.com SIP/2.0", "SIP/2.0 200 OK"),
        ("OPTIONS sip:carol@chicago.com SIP/2.0", "INVITE sip:carol@chicago.com SIP/2.0"),
        ("OPTIONS sip:", "OPTIONS tel:"),
        ("63104 OPTIONS", "63104 INVITE"),
        ("63104 OPTIONS", "OPTIONS"),
        ("Call-ID: a84b4c76e66710\r\n", ""),
        ("Call-ID: a84b4c76e66710\r\n", "Call-ID: 1\r\ni: 2\r\n"),
        ("Via: ", "X: "),
        ("Max-Forwards: 70", "Max-Forwards"),
        ("Max-Forwards: 70", "Max-Forwards: 7\n0"),
        ("To: <sip", "To: \0<sip"),
        ("\r\n\r\n", "\r\n"),
        ("\r\n", "\n"),
    ],
)
def test_what_is_no_options_request(old: str, new: str) -> None:
    """Responses above all: two servers must not talk to each other; nothing is copied that could end a line."""
    assert sip_answer(EXAMPLE.replace(old, new).encode(), SOURCE) is None


hosts = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z]{1,10})?", fullmatch=True) | st.ip_addresses().map(str)
words = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)
addresses = st.tuples(st.ip_addresses().map(str), st.integers(1, 65535))


@given(hosts, words, st.none() | addresses, addresses)
def test_our_own_question_is_answered_in_no_more_octets(
    host: str, word: str, local: tuple[str, int] | None, source: tuple[str, int]
) -> None:
    """Behind a NAT or not, from and to whatever addresses: over UDP we answer only what is no shorter than the answer (contract 5)."""
    request = options_request(host, 5060, "UDP", branch=f"z9hG4bK{word}", tag=word, call_id=word, local=local)
    answer = sip_answer(request, source)
    assert answer is not None
    assert len(answer) <= len(request)
    response = parse_response(answer)
    assert (response.status, response.branch, response.call_id) == (200, f"z9hG4bK{word}", word)
    assert (response.received, response.rport) == source


def test_our_own_question_over_tcp() -> None:
    """Octet by octet: one answer when it is whole, which the client takes for whole; line ends may come before it (RFC 3261 7.5)."""
    request = options_request("a", 5060, "TCP", branch="z9hG4bK1", tag="1", call_id="1")
    for keeping in (b"", b"\r\n", b"\r\n\r\n"):
        received = keeping + request
        assert {sip_stream_answer(received[:size], SOURCE) for size in range(len(received))} == {None}
        answer = sip_stream_answer(received, SOURCE)
        assert answer is not None
        assert is_response_complete(answer)
        assert parse_response(answer).status == 200


@pytest.mark.parametrize("size", range(len(EXAMPLE)))
def test_every_truncation(size: int) -> None:
    """Half a head is no request."""
    assert sip_answer(EXAMPLE[:size].encode(), SOURCE) is None


@given(st.integers(0, len(EXAMPLE)), st.binary(max_size=30), st.integers(0, 30))
def test_trap_13_any_octets_anywhere(at: int, octets: bytes, gone: int) -> None:
    """Trap 13: nothing is raised, and no answer is an answer's answer."""
    data = EXAMPLE.encode()
    answer = sip_answer(data[:at] + octets + data[at + gone :], SOURCE)
    assert answer is None or sip_answer(answer, SOURCE) is None


def test_a_line_of_blanks_costs_no_time() -> None:
    """One datagram must not hold the thread that answers everybody: what is too long is not read, the rest in one pass."""
    for blanks in (3_900, 62_000):
        assert sip_answer(b"OPTIONS sip:a SIP/2.0\r\nA:" + b" " * blanks + b"\x01\r\n\r\n", SOURCE) is None
    began = thread_time()  # what others do on this machine meanwhile does not count
    for _ in range(100):
        sip_answer(b"OPTIONS sip:a SIP/2.0\r\nA:" + b" " * 3_900 + b"\x01\r\n\r\n", SOURCE)
    assert thread_time() - began < 1.0  # with two overlapping runs of blanks in one pattern: 4 s
