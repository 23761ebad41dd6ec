"""The real network: names, packets in a thread, and every wait bounded."""

import asyncio
import gc
import socket
import sys
import threading
import time
from collections.abc import Callable

import pytest
from loopback import in_time, no_listener, tcp_server, udp_server

from nra.model.failure import FailureKind
from nra.net import system as room
from nra.net.abandon import in_thread
from nra.net.datagrams import KernelStampedPort
from nra.net.ports import NetworkError
from nra.net.quiet import SWITCH_INTERVAL_S
from nra.net.system import SystemNetwork
from nra.net.threaded_datagrams import ThreadStampedPort
from nra.probes.parts.inquiry import SPREAD_MS, Inquiry

MS = 1_000_000
NET = SystemNetwork()


class Hello:
    """Says hello and takes any answer."""

    name = "hello"
    asked_ns = 0

    def ask(self, now_ns: int) -> bytes:
        """Say hello."""
        self.asked_ns = now_ns
        return b"hello"

    def understand(self, payload: bytes) -> tuple[bytes, int] | None:
        """Take any answer."""
        return payload, self.asked_ns


def deadline(ms: int) -> int:
    """Return a time so many milliseconds from now."""
    return NET.clock.now_ns() + ms * MS


def failing(work: Callable[[], object]) -> FailureKind:
    """Return the kind of failure in which a coroutine ends."""

    async def run() -> None:
        await work()  # type: ignore[misc]

    with pytest.raises(NetworkError) as caught:
        asyncio.run(run())
    return caught.value.failure.kind


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%lo", "192.0.2.1"])
def test_a_numeric_address_asks_no_resolver(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is its own only address."""
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert asyncio.run(NET.resolve(address, deadline(0))) == (address,)


def test_a_name_is_asked_for_once_for_each_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory is that of one network: a run asks for the same few names again and again (net/names.py)."""
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for net in (SystemNetwork(), SystemNetwork()):
        for _ in range(2):
            assert asyncio.run(net.resolve("server.example", deadline(5000))) == ("192.0.2.1",)
    assert asked == ["server.example"] * 2


def test_work_in_a_thread_brings_its_result_or_its_error() -> None:
    """Both come back to whoever waits."""
    assert asyncio.run(in_thread(lambda: threading.current_thread().name, "named")) == "named"
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0, "named"))


def test_abandoned_work_harms_nobody() -> None:
    """It ends after its loop was closed, and nobody hears of it: no warning, no error."""
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        try:
            raise RuntimeError("nobody waits for this")
        finally:
            done.set()

    async def abandon() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await in_thread(work, "abandoned")

    asyncio.run(abandon())
    go.set()
    assert done.wait(5)


def test_a_machine_is_driven_in_a_thread() -> None:
    """It asks, is answered, and ends."""
    with udp_server("127.0.0.1", bytes.upper) as number:
        port = NET.open_datagrams("127.0.0.1", number)
        machine = Inquiry(Hello(), NET.clock.now_ns(), SPREAD_MS)
        try:
            asyncio.run(NET.drive(machine, port, lambda: False))
        finally:
            port.close()
    assert machine.answer == b"HELLO"
    assert machine.elapsed_ms > 0


def test_a_request_to_stop_ends_the_driving() -> None:
    """Within a tenth of a second, though the machine would wait for longer."""
    with udp_server("127.0.0.1", lambda _: None) as number:

        def late_ns() -> int:
            port = NET.open_datagrams("127.0.0.1", number)
            machine = Inquiry(Hello(), NET.clock.now_ns(), (0, 60_000))
            until_ns = deadline(50)
            try:
                asyncio.run(NET.drive(machine, port, lambda: NET.clock.now_ns() > until_ns))
            finally:
                port.close()
            return NET.clock.now_ns() - until_ns

        assert in_time(late_ns, 1000 * MS)


def test_a_machine_may_be_abandoned_while_its_port_is_closed() -> None:
    """A deadline cancels the driving and closes the port under the thread's feet: it ends by itself and says nothing."""

    async def cancelled(port: KernelStampedPort | ThreadStampedPort) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.03):
                try:
                    await NET.drive(Inquiry(Hello(), NET.clock.now_ns(), range(0, 60_000, 5)), port, lambda: False)
                finally:
                    port.close()

    with udp_server("127.0.0.1", lambda _: None) as number:
        for kind in (KernelStampedPort, ThreadStampedPort):
            asyncio.run(cancelled(kind(NET.clock, "127.0.0.1", number, 3, 0)))
        until = time.perf_counter() + 5
        while any(thread.name == "nra-packets" for thread in threading.enumerate()):
            assert time.perf_counter() < until


def test_the_interpreter_is_quiet_while_packets_are_driven() -> None:
    """Several machines side by side: threads switch quickly and no garbage is collected until the last has ended, then all is as before."""
    usual = sys.getswitchinterval()
    seen: list[float] = []
    collecting: list[bool] = []

    async def drive_for(ms: int, number: int) -> None:
        port, until_ns = NET.open_datagrams("127.0.0.1", number), deadline(ms)

        def stop() -> bool:
            seen.append(sys.getswitchinterval())
            collecting.append(gc.isenabled())
            return NET.clock.now_ns() > until_ns

        await NET.drive(Inquiry(Hello(), NET.clock.now_ns(), (0, 60_000)), port, stop)
        port.close()

    async def both(number: int) -> None:
        await asyncio.gather(drive_for(20, number), drive_for(60, number))

    with udp_server("127.0.0.1", lambda _: None) as number:
        asyncio.run(both(number))
    assert max(seen) == pytest.approx(SWITCH_INTERVAL_S)
    assert not any(collecting)
    assert gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_windows_gets_the_port_that_needs_no_recvmsg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the system can give kernel stamps decides."""
    with udp_server("127.0.0.1") as number:
        port = NET.open_datagrams("127.0.0.1", number)
        assert isinstance(port, KernelStampedPort) == hasattr(socket.socket, "recvmsg")
        port.close()
        monkeypatch.setattr(room, "hasattr", lambda *_: False, raising=False)
        port = NET.open_datagrams("127.0.0.1", number)
        assert isinstance(port, ThreadStampedPort)
        port.close()


def test_connecting() -> None:
    """How long the handshake took; refused, and silent, are told apart."""
    with tcp_server(lambda sock: None) as number:

        async def connect() -> int:
            connection, elapsed_ns = await NET.connect("127.0.0.1", number, deadline(5000))
            await connection.close()
            return elapsed_ns

        before_ns = NET.clock.now_ns()
        assert 0 < asyncio.run(connect()) < NET.clock.now_ns() - before_ns
    with no_listener() as number:
        assert failing(lambda: NET.connect("127.0.0.1", number, deadline(5000))) is FailureKind.REFUSED


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux drops the SYN when the queue is full")
def test_a_silent_tcp_port_costs_its_deadline() -> None:
    """No answer to SYN: the wait ends when it should."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())

        def took_ns() -> int:
            began_ns = NET.clock.now_ns()
            assert failing(lambda: NET.connect("127.0.0.1", listener.getsockname()[1], deadline(100))) is FailureKind.NO_ANSWER
            return NET.clock.now_ns() - began_ns

        try:
            assert in_time(took_ns, 2000 * MS)
        finally:
            for filler in fillers:
                filler.close()


def test_sleeping_until_a_time() -> None:
    """On the clock's own line; the past does not wait."""

    def late_ns() -> int:
        until_ns = deadline(20)
        asyncio.run(NET.sleep_until(until_ns))
        late_ns = NET.clock.now_ns() - until_ns
        assert late_ns >= 0
        return late_ns

    assert in_time(late_ns, 500 * MS)
    asyncio.run(NET.sleep_until(0))
