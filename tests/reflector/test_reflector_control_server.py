"""The control channel with its sockets on loopback: a line is opened, asked and closed, and all of it is counted."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from aioquic.quic.connection import QuicConnection

from nra.model.plan import ControlAccess
from nra.net import quic_line
from nra.net.quic_line import new_connection
from nra.net.system import SystemNetwork
from nra.reflector.control_server import ControlServer, facts_of
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen
from nra.reflector.errands import Errand
from nra.reflector.evidence import sessions_of
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.responders.certificate import identity_of, made_pem, pin_of
from nra.wire import control

KEY = bytes(range(32))
PEM = made_pem()


class Nobody:
    """A bureau without engines."""

    def __init__(self, _now_ns: Callable[[], int]) -> None:
        """Need no clock."""

    def ask(self, errand: Errand, asker: Hashable, then: Callable[[list[Any] | None], None]) -> bool:
        """Answer at once."""
        then([])
        return True

    def glance(self, now_ns: int) -> bool:
        """Wait for nothing."""
        return False


def served(port: int = 0) -> ControlServer:
    """Return a server on loopback."""
    reflector = Reflector(keys=Keys([Holder(KEY)], only=False), guard=Guard(rate_limit=0))
    return ControlServer(reflector, [("127.0.0.1", port)], PEM, facts_of("1.0", "batched", 1), 20862, Nobody)


def test_over_real_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handshake, hello, a question, farewell; errands of others are done meanwhile."""

    def patient(server_name: str, peer: tuple[str, int]) -> QuicConnection:
        connection = new_connection(server_name, peer)
        connection._loss._rtt_initial = 10.0  # a first packet that is answered late is not sent again, and so not counted twice
        return connection

    monkeypatch.setattr(quic_line, "new_connection", patient)
    server, over = served(), threading.Event()
    thread = threading.Thread(target=server.run, args=(over.is_set,))
    thread.start()

    async def ask() -> control.Told:
        net = SystemNetwork()
        access = ControlAccess(port=server.bound[0][1], pin=pin_of(identity_of(PEM)), key=KEY)
        until_ns = net.clock.now_ns() + 10_000_000_000
        line = await net.open_quic("127.0.0.1", access, "localhost", until_ns)
        try:
            return await line.ask(control.Facts(), until_ns)
        finally:
            line.close()

    try:
        told = asyncio.run(ask())
        assert server.errands.ask(sessions_of) == 0
    finally:
        over.set()
        thread.join(10)
    assert isinstance(told, control.FactsTold)
    assert (told.engine, told.sessions) == ("batched", 0)
    assert (server.reflector.counters["quic_connections"], server.reflector.counters["quic_asked_again"]) == (1, 1)


def test_a_port_that_is_taken() -> None:
    """It is said, not shared."""
    server = served()
    with pytest.raises(CannotListen):
        served(server.bound[0][1])
    server.run(lambda: True)
