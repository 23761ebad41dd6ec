"""What each system delivers of a datagram, by scripted pairs: Linux, macOS, Windows, and those that say yes and do nothing."""

from typing import Any

import pytest
from self_test_world import WINDOWS, FakePair, opening

from nra.model.failure import Failure, FailureKind
from nra.model.self_test import Reading
from nra.net.ports import NetworkError
from nra.net.self_test.deliveries import SENT, SILENT, drops, ipv4, ipv6

STAMPS = ("datagram.receive_stamp", "datagram.transmit_stamp")


def read(pair: FakePair) -> dict[str, Reading]:
    """Return what is read over IPv4, and see that the pair was closed."""
    found = {reading.key: reading for reading in ipv4(opening(pair))}
    assert pair.closed
    return found


def test_linux_delivers_all_of_it() -> None:
    """Both stamps, TTL, TOS and the marking: each of every datagram."""
    found = read(FakePair())
    assert {key: reading.value for key, reading in found.items()} == {
        "datagram.receive_stamp": 100,
        "datagram.transmit_stamp": 100,
        "datagram.ttl_ipv4": 100,
        "datagram.tos_ipv4": 100,
        "datagram.dscp_ipv4": 100,
    }
    assert found["datagram.receive_stamp"].evidence == f"{SENT} of {SENT} datagrams"


def test_macos_stamps_nothing_that_is_sent() -> None:
    """The row says so; the others are as on Linux."""
    found = read(FakePair(transmit_stamp_after_ns=None, counts_drops=False))
    sent = found.pop("datagram.transmit_stamp")
    assert (sent.value, sent.exists, sent.evidence) == (None, False, "this system stamps nothing that is sent")
    assert {reading.value for reading in found.values()} == {100}


def test_windows_tells_nothing() -> None:
    """There is nothing to be read by: every row is skipped with the reason."""
    found = read(FakePair(untold=WINDOWS, transmit_stamp_after_ns=None))
    assert {reading.exists for reading in found.values()} == {False}
    assert found["datagram.ttl_ipv4"].evidence == WINDOWS
    assert found["datagram.dscp_ipv4"].evidence == f"{WINDOWS}; the socket took the marking, what arrives is not known"


@pytest.mark.parametrize(
    ("script", "value", "evidence"),
    [
        ({"tos": 0}, 0, "asked 46, the socket took it, arrived 0: silently ignored"),
        ({"tos": 0, "accepted_dscp": 0}, 0, "asked 46, the socket refused it and says 0, arrived 0"),
        ({"tos": 8 << 2}, 0, "asked 46, the socket took it, arrived 8"),
        ({"tos": (46 << 2) + 1}, 100, "asked 46, the socket took it, arrived 46"),
        ({"tos": None}, None, "the system did not say with which DSCP the datagrams arrived"),
    ],
)
def test_a_marking_that_is_taken_may_still_not_be_sent(script: dict[str, Any], value: float | None, evidence: str) -> None:
    """What counts is what arrives; ECN, the two lower bits of the octet, is no marking (RFC 3168)."""
    marked = read(FakePair(**script))["datagram.dscp_ipv4"]
    assert (marked.value, marked.evidence) == (value, evidence)


@pytest.mark.parametrize("after_ns", [None, -5_000_000, 5_000_000_000])
def test_a_stamp_that_cannot_be_true_is_none(after_ns: int | None) -> None:
    """A receive stamp lies between sending and reading."""
    assert read(FakePair(stamp_after_ns=after_ns))["datagram.receive_stamp"].value == 0


def test_a_transmit_stamp_that_cannot_be_true_is_none() -> None:
    """An hour later nothing of this was sent."""
    assert read(FakePair(transmit_stamp_after_ns=3_600_000_000_000))["datagram.transmit_stamp"].value == 0


def test_a_deaf_loopback_is_given_up_on() -> None:
    """Something on this machine blocks loopback: nothing was measured, and it is not tried fifty times."""
    pair = FakePair(deaf=True)
    found = read(pair)
    assert len(pair.sent) == SILENT
    assert {(reading.value, reading.exists) for reading in found.values()} == {(None, True)}
    assert found["datagram.ttl_ipv4"].evidence == f"none of {SILENT} datagrams arrived over loopback"


def test_ipv6_has_rows_of_its_own() -> None:
    """Hop limit, traffic class and the marking in it; stamps do not depend on the version."""
    assert {reading.key for reading in ipv6(opening(FakePair()))} == {"datagram.ttl_ipv6", "datagram.tos_ipv6", "datagram.dscp_ipv6"}


@pytest.mark.parametrize(
    "error",
    [
        OSError(99, "Cannot assign requested address"),
        NetworkError(Failure(kind=FailureKind.UNREACHABLE, operation="open", detail="no route")),
    ],
)
def test_a_machine_without_ipv6_lacks_nothing(error: Exception) -> None:
    """The rows are skipped and say why."""

    def open_pair(_address: str, **_how: Any) -> FakePair:
        raise error

    found = list(ipv6(open_pair))
    assert [reading.exists for reading in found] == [False] * 3
    assert "no IPv6 on loopback here" in found[0].evidence


@pytest.mark.parametrize(
    ("pair", "value", "evidence"),
    [
        (FakePair(room=1), 100, "63 counted of 63 dropped"),
        (FakePair(room=1, miscounted=63), 0, "0 counted of 63 dropped"),
        (FakePair(), None, "no drop could be provoked: 64 datagrams found room"),
        (FakePair(counts_drops=False), None, "this system does not count what a socket drops"),
        (FakePair(untold=WINDOWS, counts_drops=False), None, WINDOWS),
    ],
)
def test_a_drop_is_provoked_and_must_be_counted(pair: FakePair, value: float | None, evidence: str) -> None:
    """A counter that does not count would bill this machine's own drops to the network."""
    (found,) = drops(opening(pair))
    assert (found.key, found.value, found.evidence) == ("datagram.drops", value, evidence)
    assert found.exists == pair.counts_drops
    assert pair.closed
