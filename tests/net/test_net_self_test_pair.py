"""Two real sockets on loopback: they are opened, tried and closed; nothing here depends on how fast."""

import sys
import time

import pytest
from loopback import LOOPBACKS

from nra.net.ports import NetworkError
from nra.net.self_test import pair as module
from nra.net.self_test.pair import LoopbackPair

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what Linux tells")


@LINUX
@pytest.mark.parametrize("address", LOOPBACKS)
def test_linux_tells_everything(address: str) -> None:
    """Stamps both ways, TTL and the marking, of a datagram that was really sent."""
    pair = LoopbackPair(address, dscp=46)
    try:
        before_ns = time.time_ns()
        pair.send(b"voice")
        heard = pair.hear()
        assert heard is not None
        assert (heard.control.ttl, heard.control.tos, pair.accepted_dscp) == (64, 46 << 2, 46)
        stamps = pair.sent_stamps()
        assert stamps is not None
        assert heard.control.wall_ns is not None
        assert before_ns - 10_000_000 < stamps[0] <= heard.control.wall_ns + 10_000_000
        assert (pair.untold, pair.counts_drops) == (None, True)
        assert min(pair.granted_bytes) > 0
    finally:
        pair.close()


def test_what_waits_is_drained_and_silence_ends() -> None:
    """All that is there comes at once; where nothing comes the patience of loopback ends."""
    pair = LoopbackPair("127.0.0.1")
    try:
        for _ in range(3):
            pair.send(b"x")
        assert len(pair.drain()) == 3
        assert pair.drain() == []
        assert pair.hear() is None
    finally:
        pair.close()


def test_without_recvmsg_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python on Windows has no `recvmsg`: datagrams arrive, and that is all."""
    monkeypatch.setattr(module, "HAS_RECVMSG", False)
    pair = LoopbackPair("127.0.0.1")
    try:
        pair.send(b"x")
        heard = pair.hear()
        assert heard is not None
        assert heard.control.wall_ns is None
        assert "no recvmsg" in (pair.untold or "")
        assert not pair.counts_drops
    finally:
        pair.close()


def test_an_unknown_system_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers of the control messages are not known, none is understood."""
    monkeypatch.setattr(module, "NUMBERS", None)
    pair = LoopbackPair("127.0.0.1")
    try:
        assert pair.untold == "nra does not know the control messages of this system"
        assert not pair.counts_drops
    finally:
        pair.close()


def test_an_address_that_is_not_here_opens_nothing() -> None:
    """The system's error comes out, and no socket is left open (warnings are errors here)."""
    with pytest.raises((OSError, NetworkError)):
        LoopbackPair("192.0.2.1")
