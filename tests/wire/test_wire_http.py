"""The HEAD request and the head of its answer (RFC 9112)."""

import pytest

from nra.wire.errors import MalformedMessage
from nra.wire.http import MAX_HEAD, HttpResponse, head_request, is_head_complete, parse_response

ANSWER = b"HTTP/1.1 301 Moved Permanently\r\nServer: x\r\nLocation:  https://example.com/a:b \r\nEmpty:\r\n\r\nbody: ignored"


def test_the_request() -> None:
    """A HEAD request names its host and lets the server close (RFC 9112 3, 9.6)."""
    lines = head_request("example.com").decode().split("\r\n")
    assert lines[:2] == ["HEAD / HTTP/1.1", "Host: example.com"]
    assert "Connection: close" in lines
    assert lines[-2:] == ["", ""]


def test_an_ipv6_host_stands_in_brackets() -> None:
    """An IPv6 address is written in brackets, once (RFC 3986 3.2.2)."""
    assert b"Host: [2001:db8::1]\r\n" in head_request("2001:db8::1", "/ping")
    assert b"HEAD /ping HTTP/1.1\r\nHost: [2001:db8::1]\r\n" in head_request("[2001:db8::1]", "/ping")


@pytest.mark.parametrize(
    ("host", "path"), [("", "/"), ("a b", "/"), ("a\r\nX: y", "/"), ("a", "/ HTTP/1.1\r\nX: y"), ("ä", "/"), ("a", "")]
)
def test_nothing_slips_into_the_request(host: str, path: str) -> None:
    """Blanks, line ends and other than ASCII have no place in host and path."""
    with pytest.raises(ValueError, match="no host and path"):
        head_request(host, path)


def test_an_answer_is_read() -> None:
    """Status, phrase and fields are read, blanks around values are not part of them (RFC 9112 4, 5)."""
    response = parse_response(ANSWER)
    assert response == HttpResponse(
        version="1.1",
        status=301,
        reason="Moved Permanently",
        headers=(("Server", "x"), ("Location", "https://example.com/a:b"), ("Empty", "")),
    )
    assert (response.header("LOCATION"), response.header("missing")) == ("https://example.com/a:b", None)


@pytest.mark.parametrize("line", [b"HTTP/1.0 204", b"HTTP/1.0 204 "])
def test_the_phrase_may_be_missing(line: bytes) -> None:
    """Clients do without the reason phrase, and take bare line feeds (RFC 9112 2.2, 4)."""
    expected = HttpResponse(version="1.0", status=204, reason="", headers=(("A", "b"),))
    assert parse_response(line + b"\r\nA: b\r\n\r\n") == expected
    assert parse_response(line + b"\nA: b\n\n") == expected


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 x\r\n\r\n",
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"HTTP/1.1 200x\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : blank\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_malformed(head: bytes) -> None:
    """Another protocol, another version or a field line of a wrong form (RFC 9112 4, 5.1, 5.2)."""
    with pytest.raises(MalformedMessage):
        parse_response(head)


def test_half_a_head_is_malformed() -> None:
    """Every truncation before the empty line is no answer yet."""
    head = ANSWER[: ANSWER.index(b"\r\n\r\n") + 4]
    assert is_head_complete(head)
    assert is_head_complete(b"HTTP/1.1 200\n\n")
    for size in range(len(head)):
        assert not is_head_complete(head[:size])
        with pytest.raises(MalformedMessage):
            parse_response(head[:size])


def test_a_head_without_end_is_given_up() -> None:
    """More than 64 KiB are not waited for, and are no answer; blanks without end are no trap either."""
    endless = b"HTTP/1.1 200 OK\r\nA:" + b" " * MAX_HEAD
    assert is_head_complete(endless)
    with pytest.raises(MalformedMessage):
        parse_response(endless + b"\0\r\n\r\n")
    with pytest.raises(MalformedMessage):
        parse_response(endless + b"\r\n\r\n")
    with pytest.raises(MalformedMessage):
        parse_response(endless[: MAX_HEAD - 10] + b"\0\r\n\r\n")
