"""Whose packets were not answered, where somebody wants to know."""

from nra.reflector.core import Reflector, Request
from nra.reflector.responders.udp import serve
from nra.reflector.suspects import MOST, Suspects

NOW = 1_767_600_000_000_000_000


def came(payload: bytes, address: str = "192.0.2.1") -> Request:
    """Return a datagram."""
    return Request(payload=payload, source=(address, 50000), destination=None, destination_port=20862, received_ns=NOW, ttl=None, tos=None)


def test_they_are_told_once_the_most_first() -> None:
    """By reason and address; what was told is forgotten."""
    suspects = Suspects()
    suspects.note("bad_hmac", "192.0.2.1")
    suspects.note("reply", "192.0.2.1", 3)
    suspects.note("bad_hmac", "192.0.2.1")
    assert suspects.take() == [("reply", "192.0.2.1", 3), ("bad_hmac", "192.0.2.1", 2)]
    assert suspects.take() == []


def test_forged_sources_do_not_fill_memory() -> None:
    """Those that came first are counted on."""
    suspects = Suspects()
    for number in range(3 * MOST):
        suspects.note("malformed", f"10.0.{number // 250}.{number % 250}")
    suspects.note("malformed", "10.0.0.0")
    found = suspects.take()
    assert (len(found), found[0]) == (MOST, ("malformed", "10.0.0.0", 2))


def test_the_reflector_keeps_no_address_unless_asked() -> None:
    """With it every packet without an answer is told of, STAMP's and the responders'."""
    assert Reflector().suspects is None
    reflector = Reflector(suspects=Suspects())
    assert reflector.answer(came(b"x"), NOW) is None
    assert serve(reflector, "DNS", came(b"x", "2001:db8::1"), NOW) is None
    assert reflector.suspects is not None
    assert sorted(reflector.suspects.take()) == [("not_understood", "2001:db8::1", 1), ("too_short", "192.0.2.1", 1)]
