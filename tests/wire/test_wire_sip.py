"""SIP OPTIONS as its sender needs it (RFC 3261): the request, the response, and when a stream holds one whole."""

import re
from time import thread_time
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.sip import MAX_MESSAGE, SipResponse, Via, is_response_complete, options_request, parse_response, read_head

WORDS: Final[dict[str, Any]] = {"branch": "z9hG4bKnra1", "tag": "t1", "call_id": "c1@nra.invalid"}
# RFC 3261 11.2, its response to the OPTIONS of 11.1, without the body
EXAMPLE: Final = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKhjhs8ass877\r\n"
    " ;received=192.0.2.4\r\n"
    "To: <sip:carol@chicago.com>;tag=93810874\r\n"
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    "CSeq: 63104 OPTIONS\r\n"
    "Contact: <sip:carol@chicago.com>\r\n"
    "Contact: <mailto:carol@chicago.com>\r\n"
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE\r\n"
    "Accept: application/sdp\r\n"
    "Content-Length: 3\r\n\r\n"
)
BODY: Final = "v=0"
COMPACT: Final = (
    b"sip/2.0 404\r\nv:SIP / 2.0 / TCP [2001:db8::7]:5060 ; RPORT = 7;x;Branch=b1\r\n"
    b"F:a\r\nT\t: b\r\nI: 1\r\ncSeq: 2\tOPTIONS\r\nL :0\r\n\r\n"
)
QUICK_S: Final = 1.0


def test_the_request_line_by_line() -> None:
    """What RFC 3261 8.1.1 and 11.1 want of it, each line for itself; the User-Agent is as long as it takes."""
    request = options_request("sip.example.net", 5060, "UDP", local=("192.0.2.7", 50_007), **WORDS).decode()
    padding = re.search(r"User-Agent: nra \(room for the answer\.+\)", request)
    assert padding is not None
    assert request.split("\r\n") == [
        "OPTIONS sip:sip.example.net:5060 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7:50007;rport;branch=z9hG4bKnra1",
        "Max-Forwards: 70",
        "From: <sip:nra@nra.invalid>;tag=t1",
        "To: <sip:sip.example.net>",
        "Call-ID: c1@nra.invalid",
        "CSeq: 1 OPTIONS",
        "Contact: <sip:nra@192.0.2.7:50007>",
        "Accept: application/sdp",
        padding[0],
        "Content-Length: 0",
        "",
        "",
    ]


def test_over_tcp_without_an_address_of_its_own() -> None:
    """The URI says how, the Via too; a client that does not tell its address says a name that nobody has (RFC 2606)."""
    request = options_request("2001:db8::1%eth0", 8060, "TCP", cseq=3, **WORDS).decode().split("\r\n")
    assert request[0] == "OPTIONS sip:[2001:db8::1]:8060;transport=tcp SIP/2.0"
    assert request[1] == "Via: SIP/2.0/TCP nra.invalid;rport;branch=z9hG4bKnra1"
    assert request[4] == "To: <sip:[2001:db8::1]>"
    assert request[6:8] == ["CSeq: 3 OPTIONS", "Contact: <sip:nra@nra.invalid;transport=tcp>"]


@pytest.mark.parametrize(
    "changes",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "a\r\nX: y"},
        {"host": "ä"},
        {"host": "[a:g"},
        {"transport": "TLS"},
        {"branch": "nra1"},
        {"branch": "z9hG4bK;x"},
        {"tag": ""},
        {"tag": "a\r\n"},
        {"call_id": "a@b@c"},
        {"call_id": "<a>"},
        {"local": ("a b", 1)},
    ],
)
def test_nothing_slips_into_the_request(changes: dict[str, Any]) -> None:
    """Blanks, line ends, marks of the grammar and other than ASCII have no place in hosts and words."""
    with pytest.raises(ValueError, match=r"no host|no transport, branch, tag and Call-ID"):
        options_request(**{"host": "a", "port": 5060, "transport": "UDP", **WORDS, **changes})


hosts = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z]{1,10})?", fullmatch=True) | st.ip_addresses().map(str)
words = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)


@given(hosts, words, words, st.none() | st.tuples(hosts, st.integers(0, 65535)), st.sampled_from(["UDP", "TCP"]))
def test_the_longest_stateless_answer_is_no_longer(host: str, word: str, call: str, local: tuple[str, int] | None, transport: str) -> None:
    """A server that copies what it must, adds what it may and says a few words of its own is no longer, and is understood (8.2.6)."""
    request = options_request(host, 5060, transport, branch=f"z9hG4bK{word}", tag=word, call_id=f"{call}@{word}", local=local)
    _, via, _, sender, to, call_id, cseq, *_ = request.decode().split("\r\n")
    where = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
    answer = "\r\n".join(
        (
            "SIP/2.0 200 OK",
            via.replace(";rport", ";rport=65535") + f";received={where}",
            sender,
            f"{to};tag={'f' * 32}",
            call_id,
            cseq,
            "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY",
            "Server: nobody in particular, 1.0",
            "Content-Length: 0\r\n\r\n",
        )
    ).encode()
    assert len(answer) <= len(request) < 1300  # beyond which a request must not use UDP (18.1.1)
    response = parse_response(answer)
    assert (response.branch, response.call_id, response.received, response.rport) == (f"z9hG4bK{word}", f"{call}@{word}", where, 65535)


def test_the_example_of_the_rfc() -> None:
    """Status, which request it answers, where that was seen to come from."""
    assert parse_response((EXAMPLE + BODY).encode()) == SipResponse(
        status=200,
        reason="OK",
        branch="z9hG4bKhjhs8ass877",
        call_id="a84b4c76e66710@pc33.atlanta.com",
        cseq=63104,
        method="OPTIONS",
        received="192.0.2.4",
        rport=None,
        server=None,
    )


def test_compact_names_any_case_and_no_phrase() -> None:
    """Names are the same in any case and in their compact form, blanks around marks mean nothing (7.3.1, 7.3.3, 25.1)."""
    response = parse_response(COMPACT)
    assert (response.status, response.reason, response.branch, response.rport) == (404, "", "b1", 7)
    assert (response.call_id, response.cseq, response.method, response.received) == ("1", 2, "OPTIONS", None)


def test_what_a_server_calls_itself_is_utf_8() -> None:
    """Text is UTF-8; what is none is shown as such, not refused (25.1)."""
    octets = EXAMPLE.replace("200 OK", "200 Schön").replace("Allow:", "SERVER:  Fernsprecher 1\r\n (grün) \r\nAllow:") + BODY
    assert parse_response(octets.encode("utf-8")).server == "Fernsprecher 1 (grün)"
    assert parse_response(octets.encode("latin-1")).reason == "Sch\ufffdn"


@pytest.mark.parametrize(
    ("value", "host", "parameters", "is_last"),
    [
        ("SIP/2.0/UDP a", "a", {}, True),
        ("SIP/2.0/UDP a:5060;rport;branch=1", "a", {"rport": "", "branch": "1"}, True),
        ("SIP/2.0/UDP [2001:db8::1]:5060;received=2001:db8::2", "2001:db8::1", {"received": "2001:db8::2"}, True),
        ('SIP/2.0/UDP a;x="1,2;branch=\\"3";branch=4 ', "a", {"x": '"1,2;branch=\\"3"', "branch": "4"}, True),
        ("SIP/2.0/UDP a;branch=1;branch=2", "a", {"branch": "1"}, True),
        ("SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b;branch=2", "a", {"branch": "1"}, False),
    ],
)
def test_a_hop(value: str, host: str, parameters: dict[str, str], is_last: bool) -> None:
    """The topmost hop ends at a comma outside quotes, a parameter at a semicolon outside them (20.42, 25.1)."""
    via = Via.decode(value)
    assert (via.host, dict(via.parameters), via.is_last) == (host, parameters, is_last)


@pytest.mark.parametrize("value", ["", "SIP/2.0/UDP", "HTTP/1.1/UDP a", "SIP/2.0/UDP a b", "SIP/2.0/UDP a;", 'SIP/2.0/UDP a;x="'])
def test_what_is_no_hop(value: str) -> None:
    """Neither are empty parameters and quotes that do not end."""
    with pytest.raises(MalformedMessage):
        Via.decode(value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SIP/2.0 200 OK", "HTTP/1.1 200 OK"),
        ("SIP/2.0 200 OK", "SIP/3.0 200 OK"),
        ("SIP/2.0 200 OK", "SIP/2.0 700 OK"),
        ("SIP/2.0 200 OK", "SIP/2.0 2000"),
        ("SIP/2.0 200 OK", "SIP/2.0 200 O\1K"),
        ("SIP/2.0 200 OK", "OPTIONS sip:a SIP/2.0"),
        ("Via: ", "X-Via: "),
        ("Via: SIP", "Via: TIP"),
        ("Via: ", "Via: SIP/2.0/UDP proxy\r\nVia: "),
        ("Via: ", "Via: SIP/2.0/UDP proxy, "),
        ("To: ", "X: "),
        ("From: ", "To: "),
        ("Call-ID: ", "i: 7\r\nCall-ID: "),
        ("63104 OPTIONS", "OPTIONS"),
        ("63104 OPTIONS", "99999999999 OPTIONS"),
        ("Contact: <sip", "Contact <sip"),
        ("Contact: <sip", "Con tact: <sip"),
        ("Accept: a", "Accept: \0a"),
        ("Content-Length: 3", "Content-Length: 4"),
        ("Content-Length: 3", "Content-Length: 0\r\nl: 3"),
        ("Content-Length: 3", "Content-Length: -3"),
        ("Content-Length: 3", "Content-Length: three"),
        ("Content-Length: 3", "Content-Length:"),
        ("\r\n\r\n", "\r\n"),
        ("\r\n", "\n"),
    ],
)
def test_what_is_no_response_of_ours(old: str, new: str) -> None:
    """Another protocol, a field missing, twice or of a wrong form, a response meant for a hop behind us, half a body."""
    with pytest.raises(MalformedMessage):
        parse_response((EXAMPLE.replace(old, new) + BODY).encode())


def test_every_truncation_is_malformed() -> None:
    """Until the last octet of the body it is no response, and over TCP none to be read yet."""
    whole = (EXAMPLE + BODY).encode()
    for size in range(len(whole)):
        assert not is_response_complete(whole[:size]), size
        with pytest.raises(MalformedMessage):
            parse_response(whole[:size])
    assert is_response_complete(whole)


def test_what_follows_a_response_is_not_part_of_it() -> None:
    """In a stream the next begins there, and behind a datagram's body lies nothing of use (18.3); line ends may come first (7.5)."""
    for octets in ((EXAMPLE + BODY + EXAMPLE).encode(), b"\r\n\r\n" + (EXAMPLE + BODY).encode()):
        assert is_response_complete(octets)
        assert parse_response(octets).cseq == 63104
    assert not is_response_complete(b"\r\n\r\n" + EXAMPLE.encode())
    assert not is_response_complete(b"\r\n\r\n")


def test_without_a_length() -> None:
    """Over UDP the body goes to the end of the datagram; over TCP, which wants a length, nobody knows that more will come (18.3)."""
    octets = EXAMPLE.replace("Content-Length: 3\r\n", "").encode()
    assert is_response_complete(octets)
    assert parse_response(octets + b"anything").status == 200


@pytest.mark.parametrize(
    "octets", [b"H", b"SSH-2.0-OpenSSH\r\n", b"SIP/2.1 ", EXAMPLE.replace("Via", "X").encode(), EXAMPLE.replace(": 3", ": x").encode()]
)
def test_what_can_be_no_response_is_not_waited_for(octets: bytes) -> None:
    """The reader gets it at once, and finds it malformed."""
    assert is_response_complete(octets)
    with pytest.raises(MalformedMessage):
        parse_response(octets)


def test_a_response_without_end_is_given_up() -> None:
    """More than 64 KiB are not waited for and not read, whether of head or of body."""
    for endless in (EXAMPLE.encode()[:-2] + b"X: " + b"a" * MAX_MESSAGE, EXAMPLE.replace(": 3", ": 99999").encode() + b"a" * MAX_MESSAGE):
        assert not is_response_complete(endless[:60_000])
        assert is_response_complete(endless)
        with pytest.raises(MalformedMessage):
            parse_response(endless + b"\r\n\r\n")


@given(st.integers(0, len(EXAMPLE)), st.binary(max_size=30), st.integers(0, 30))
def test_trap_13_any_octets_anywhere(at: int, octets: bytes, gone: int) -> None:
    """Trap 13: a response or malformed, nothing else; and what is complete stays so."""
    data = (EXAMPLE + BODY).encode()
    message = data[:at] + octets + data[at + gone :]
    for read in (parse_response, read_head):
        try:
            read(message)
        except MalformedMessage:
            continue
    assert is_response_complete(message) in (True, False)


@pytest.mark.parametrize(
    ("before", "pattern", "after"),
    [
        ("X:", " ", "\1"),
        ("X:", "\r\n ", "\1"),
        ("X:", " \r\n", "\1"),
        ("Via: SIP/2.0/UDP a", " ", "b"),
        ("Via: SIP/2.0/UDP a", ";", ""),
        ("Via: SIP/2.0/UDP a", "; a", "="),
        ("Via: SIP/2.0/UDP a", ";a ", ""),
        ("Via: SIP/2.0/UDP a", ';a="', ""),
        ('Via: SIP/2.0/UDP a;x="', "\\", ""),
        ('Via: SIP/2.0/UDP a;x="', '\\"', ""),
        ("Via: SIP/2.0/UDP ", "[", ""),
        ("Via: SIP", " /", ""),
        ("Via: ", "SIP/2.0/", ""),
        ("CSeq: 1", " ", ""),
        ("", "\r\n", ""),
        ("", "a:\r\n", ""),
    ],
)
def test_no_pattern_costs_more_than_its_length(before: str, pattern: str, after: str) -> None:
    """The largest message that is read, made of whatever could make a grammar go back and back again."""
    start, rest = EXAMPLE.split("\r\n", 1)
    filler = pattern * ((MAX_MESSAGE - len(EXAMPLE) - 30) // len(pattern))
    message = f"{start}\r\n{before}{filler}{after}\r\n{rest}".encode("latin-1")
    assert len(message) <= MAX_MESSAGE
    began = thread_time()  # what others do on this machine meanwhile does not count
    for _ in range(3):
        is_response_complete(message)
        try:
            parse_response(message)
        except MalformedMessage:
            continue
    assert thread_time() - began < QUICK_S
