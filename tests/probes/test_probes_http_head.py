"""The HTTP probe: which page is asked for, and where a redirect leads, told without markup and secrets."""

import asyncio
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Elsewhere
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.http_head import MOST_TOLD, PROBE, place
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, TcpScript

FOUR, SIX = "192.0.2.1", "2001:db8::1"
NAME: Final = "page.example"


def answer_to(script: TcpScript, host: str = NAME, **parameters: Any) -> Answer:
    """Return the answer of a host with one address."""
    net = FakeNetwork(names={host: (FOUR,)}, tcp={(FOUR, 80): script})
    task = Task(probe="http_head", target=Target(host=host, port=80), parameters=CheckParameters(**parameters))
    value = asyncio.run(PROBE.run(task, net, Watch())).value
    assert isinstance(value, Answer)
    return value


def request_to(host: str, **parameters: Any) -> list[bytes]:
    """Return the lines of the request that a host is sent."""
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    answer_to(TcpScript(answer=answer), host, **parameters)
    return asked[0].split(b"\r\n")


def test_the_page_that_is_asked_for() -> None:
    """The path is the task's, the root where it names none."""
    assert request_to(NAME)[:2] == [b"HEAD / HTTP/1.1", b"Host: page.example"]
    assert request_to(NAME, path="/generate_204")[:2] == [b"HEAD /generate_204 HTTP/1.1", b"Host: page.example"]


def test_a_name_that_is_not_ascii_is_no_crash() -> None:
    """A request names it as DNS does (RFC 3986 3.2.2)."""
    assert b"Host: xn--bcher-kva.example" in request_to("bücher.example")


@pytest.mark.parametrize(
    ("head", "status", "said"),
    [
        ("204 No Content", 204, "HTTP 204"),
        ("200 OK\r\nLocation: http://elsewhere.example/", 200, "HTTP 200"),
        ("302 Found\r\nLocation: http://portal.example/login", 302, "HTTP 302 to http://portal.example/login"),
        ("301 Moved Permanently\r\nlocation: /login", 301, "HTTP 301 to /login"),
        ("302 Found", 302, "HTTP 302"),
        ("302 Found\r\nLocation: ", 302, "HTTP 302"),
        ("511 Network Authentication Required", 511, "HTTP 511"),
    ],
)
def test_the_status_and_where_it_leads(head: str, status: int, said: str) -> None:
    """Whatever the status, a web server answered (RFC 9110 15.4; 511: RFC 6585 6)."""
    answer = answer_to(TcpScript(answer=f"HTTP/1.1 {head}\r\n\r\n".encode()))
    assert (answer.status, answer.said) == (status, said)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("http://portal.example/login?mac=00:53:00:00:00:01&token=secret", "http://portal.example/login"),
        ("https://portal.example/#secret", "https://portal.example/"),
        ("http://user:secret@portal.example/", "http://portal.example/"),
        ("//user:secret@portal.example/a@b", "//portal.example/a@b"),
        ("http://portal.example/<script>alert('x')</script>", "http://portal.example/scriptalert(x)/script"),
        ("http://portal.example/a\t\x1b[31mb\xfcc", "http://portal.example/a[31mbc"),
        ("", ""),
        ("http://portal.example/" + "a" * 500, "http://portal.example/" + "a" * 58 + "..."),
    ],
)
def test_a_place_is_fit_for_a_report(location: str, told: str) -> None:
    """URL characters only, neither user nor query, no longer than a line takes."""
    assert place(location) == told


@given(st.text())
def test_any_place_is_short_and_plain(location: str) -> None:
    """Whatever a portal writes there."""
    told = place(location)
    assert len(told) <= MOST_TOLD + 3
    assert told.isascii()
    assert not set(told) & set("<>\"' \r\n\t\0?#\\|`{}^")


def test_each_family_s_page_is_told() -> None:
    """A portal that knows IPv4 only is seen beside an IPv6 address that answers as it should."""
    portal = TcpScript(answer=b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n", elapsed_ms=3.0)
    net = FakeNetwork(names={NAME: (SIX, FOUR)}, tcp={(SIX, 80): TcpScript(answer=b"HTTP/1.1 204 No Content\r\n\r\n"), (FOUR, 80): portal})
    answer = asyncio.run(
        PROBE.run(Task(probe="http_head", target=Target(host=NAME, port=80), parameters=CheckParameters()), net, Watch())
    ).value
    assert isinstance(answer, Answer)
    assert (answer.status, answer.elsewhere) == (204, (Elsewhere(address=FOUR, said="HTTP 302 to http://portal.example/", elapsed_ms=3.0),))


def test_what_is_no_http_is_another_protocol() -> None:
    """A middlebox that accepts in the server's place is found out by what it says."""
    net = FakeNetwork(tcp={(FOUR, 80): TcpScript(answer=b"<html>sign in</html>")})
    seen = asyncio.run(PROBE.run(Task(probe="http_head", target=Target(host=FOUR, port=80), parameters=CheckParameters()), net, Watch()))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.WRONG_PROTOCOL
