"""The small TCP server for responders: many ports, many clients, none of whom can stop it."""

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nra.net import tcp_server as room
from nra.net.ports import NetworkError
from nra.net.tcp_server import MOST_BYTES, Refuses, Respond, TcpServer
from nra.net.tls_server import load_identity
from nra.reflector.responders.certificate import made_pem

HERE = "127.0.0.1"
HURRIED_S = 2.0  # long enough for those who are served meanwhile, should this process be kept from serving them for a while


def shout(received: bytes, source: tuple[str, int]) -> bytes | None:
    """Answer a whole line in capitals; an empty line is none."""
    if received == b"\n":
        return b""
    return received.upper() if received.endswith(b"\n") else None


def broken(received: bytes, source: tuple[str, int]) -> bytes | None:
    """Fail, as code with a defect does."""
    raise RuntimeError("a defect")


@contextmanager
def running(
    *responds: Respond, refuses: Refuses = lambda _: None, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[TcpServer, list[int]]]:
    """Run a server with a port for each, and check that it ends when it shall."""
    server, over = TcpServer(refuses), threading.Event()
    ports = [server.listen(HERE, 0, respond, tls)[1] for respond in responds]
    thread = threading.Thread(target=server.run, args=(over.is_set,))
    thread.start()
    try:
        yield server, ports
    finally:
        over.set()
        thread.join(5)
        assert not thread.is_alive()
        gc.collect()  # what was not closed says so here, and warnings are errors


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let deadlines be short."""
    monkeypatch.setattr(room, "PATIENCE_S", HURRIED_S)
    monkeypatch.setattr(room, "GLANCE_S", 0.02)


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the end be noticed soon."""
    monkeypatch.setattr(room, "GLANCE_S", 0.02)


@contextmanager
def client(port: int, source: str = HERE) -> Iterator[socket.socket]:
    """Yield a connection."""
    with socket.create_connection((HERE, port), timeout=5, source_address=(source, 0)) as sock:
        yield sock


def said(port: int, *pieces: bytes, source: str = HERE) -> bytes:
    """Send the pieces and return the answer, nothing when the connection is closed or reset without one."""
    with client(port, source) as sock:
        try:
            for piece in pieces:
                sock.sendall(piece)
            return sock.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            return b""


@pytest.mark.usefixtures("brisk")
def test_it_answers_once_it_has_all() -> None:
    """However the request is cut."""
    with running(shout) as (server, (port,)):
        assert said(port, b"hel", b"lo\n") == b"HELLO\n"
        assert said(port, b"again\n") == b"AGAIN\n"
    assert server.counters == {"tcp_accepted": 2, "tcp_answered": 2}


@pytest.mark.usefixtures("brisk")
def test_each_port_has_its_own_service() -> None:
    """One thread, several ports."""
    with running(shout, lambda received, _: received[::-1]) as (_, (first, second)):
        assert (said(first, b"abc\n"), said(second, b"abc\n")) == (b"ABC\n", b"\ncba")


@pytest.mark.usefixtures("brisk")
def test_the_answer_may_depend_on_the_source() -> None:
    """STUN tells a client its own address and port."""
    with running(lambda _, source: f"{source[0]} {source[1]}".encode()) as (_, (port,)), client(port, "127.0.0.9") as sock:
        sock.sendall(b"x")
        assert sock.recv(100).decode() == f"127.0.0.9 {sock.getsockname()[1]}"


@pytest.mark.usefixtures("brisk")
def test_what_is_no_request_is_closed_at_once() -> None:
    """Long before the deadline, without an answer."""
    with running(shout) as (server, (port,)):
        assert said(port, b"\n") == b""
    assert server.counters == {"tcp_accepted": 1, "tcp_unanswered": 1}


@pytest.mark.usefixtures("hurried")
def test_trap_13_no_client_stops_it() -> None:
    """Trap 13: one that hangs up, one that says nothing, one that never ends its line; then a good one."""
    with running(shout) as (_, (port,)):
        socket.create_connection((HERE, port)).close()
        with client(port) as silent, client(port) as endless:
            endless.sendall(bytes(MOST_BYTES + 1))
            assert said(port, b"still there\n") == b"STILL THERE\n"
            assert silent.recv(10) == b""


@pytest.mark.usefixtures("hurried")
def test_the_deadline_is_for_the_whole_connection() -> None:
    """Slowloris: an octet now and then buys no time."""
    with running(shout) as (_, (port,)), client(port) as slow:
        slow.settimeout(HURRIED_S / 5)
        closed = False
        for _ in range(50):
            try:
                slow.send(b"x")
                closed = slow.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True
            break
        assert closed


@pytest.mark.usefixtures("hurried")
def test_there_is_a_limit_to_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes on top is closed at once; when the others are over there is room again."""
    monkeypatch.setattr(room, "MOST_CONNECTIONS", 2)
    with running(shout) as (server, (port,)):
        with client(port, "127.0.0.2") as first, client(port, "127.0.0.3") as second:
            assert said(port, b"me too\n", source="127.0.0.4") == b""
            assert (first.recv(1), second.recv(1)) == (b"", b"")
        assert said(port, b"now\n", source="127.0.0.4") == b"NOW\n"
    assert server.counters["tcp_crowded"] == 1


@pytest.mark.usefixtures("brisk")
def test_one_source_does_not_take_all_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else is still served."""
    monkeypatch.setattr(room, "MOST_OF_ONE", 2)
    with running(shout) as (server, (port,)), client(port, "127.0.0.2"), client(port, "127.0.0.2"):
        assert said(port, b"third\n", source="127.0.0.2") == b""
        assert said(port, b"other\n", source="127.0.0.3") == b"OTHER\n"
    assert (server.counters["tcp_crowded"], server.counters["tcp_answered"]) == (1, 1)


@pytest.mark.usefixtures("brisk")
def test_places_become_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is done may come again, any number of times."""
    monkeypatch.setattr(room, "MOST_OF_ONE", 1)
    with running(shout) as (server, (port,)):
        for _ in range(3):
            assert said(port, b"once more\n") == b"ONCE MORE\n"
            wait_until(lambda: not server._of_source)


@pytest.mark.usefixtures("brisk")
def test_an_endless_request_is_closed_before_its_deadline() -> None:
    """What it may cost us has an end in octets too."""
    with running(shout) as (server, (port,)), client(port) as endless:
        endless.settimeout(room.PATIENCE_S / 2)
        endless.sendall(bytes(MOST_BYTES))
        assert closed(endless)
    assert server.counters["tcp_unanswered"] == 1


@pytest.mark.usefixtures("brisk")
def test_connections_that_wait_to_be_accepted_stop_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two of them everybody else has a turn."""
    turns: list[int] = []
    seen: list[int] = []

    def refuses(address: str) -> None:
        seen.append(len(turns))
        asyncio.get_running_loop().call_soon(turns.append, 1)

    server, over = TcpServer(refuses), threading.Event()
    _, port = server.listen(HERE, 0, shout)
    thread = threading.Thread(target=server.run, args=(over.is_set,))
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(client(port))
        thread.start()
        wait_until(lambda: len(seen) == 5)
        over.set()
        thread.join(5)
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("brisk")
def test_who_is_refused_is_closed_and_counted() -> None:
    """The guard's reason becomes a counter."""
    with running(shout, refuses=lambda address: "not_allowed" if address == "127.0.0.2" else None) as (server, (port,)):
        assert said(port, b"hello\n", source="127.0.0.2") == b""
        assert said(port, b"hello\n") == b"HELLO\n"
    assert server.counters == {"tcp_not_allowed": 1, "tcp_accepted": 1, "tcp_answered": 1}


@pytest.mark.usefixtures("brisk")
def test_a_defect_in_a_service_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """It costs that connection, and no traceback is printed."""
    with running(broken, shout) as (server, (bad, good)):
        assert said(bad, b"x") == b""
        gc.collect()
        assert said(good, b"fine\n") == b"FINE\n"
    assert (server.counters["tcp_unanswered"], server.counters["tcp_accidents"]) == (1, 1)
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("brisk")
def test_a_flood_of_connections_is_survived() -> None:
    """Trap 13: hundreds that come and go, most of them resetting; then a good one, and nothing is left open."""
    with running(shout) as (server, (port,)):
        for number in range(600):
            sock = socket.create_connection((HERE, port), timeout=5, source_address=(f"127.0.1.{number % 20 + 1}", 0))
            if number % 3:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close by RST
            sock.close()
        assert said(port, b"still there\n") == b"STILL THERE\n"
    assert server.counters["tcp_accepted"] + server.counters["tcp_crowded"] <= 601


@pytest.fixture
def identity(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context and that of a client who trusts it alone."""
    pytest.importorskip("cryptography")
    pem = tmp_path / "server.pem"
    pem.write_bytes(made_pem())
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.load_verify_locations(pem)
    return load_identity(pem, None).context, trusting


@pytest.mark.usefixtures("brisk")
def test_tls(identity: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """The handshake comes first, then the same rules hold."""
    serving, trusting = identity
    with running(shout, tls=serving) as (server, (port,)), client(port) as sock, trusting.wrap_socket(sock) as tls:
        tls.sendall(b"hello\n")
        assert tls.recv(100) == b"HELLO\n"
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
        assert tls.recv(100) == b""
    assert server.counters == {"tcp_accepted": 1, "tcp_answered": 1}


@pytest.mark.usefixtures("hurried")
def test_what_is_no_tls_stops_nothing(identity: tuple[ssl.SSLContext, ssl.SSLContext], capfd: pytest.CaptureFixture[str]) -> None:
    """Garbage, silence and half a handshake end by themselves, and nothing is printed."""
    serving, trusting = identity
    with running(shout, tls=serving) as (server, (port,)):
        assert said(port, b"GET / HTTP/1.1\r\n\r\n")[:1] in (b"", b"\x15")  # a TLS alert at most
        with client(port) as silent, client(port) as half:
            half.sendall(b"\x16\x03\x01\x00\xff")
            with client(port) as sock, trusting.wrap_socket(sock) as tls:
                tls.sendall(b"fine\n")
                assert tls.recv(100) == b"FINE\n"
            assert closed(silent)
            assert closed(half)
    assert server.counters["tcp_answered"] == 1
    assert capfd.readouterr().err == ""


def closed(sock: socket.socket) -> bool:
    """Tell whether the other end closes, by whatever means."""
    try:
        return sock.recv(100)[:1] in (b"", b"\x15")
    except ConnectionError:
        return True


@pytest.mark.usefixtures("brisk")
def test_clients_who_are_there_when_it_ends(identity: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """They do not hold it up, whatever they are at."""
    with running(shout, tls=identity[0]) as (server, (port,)), client(port), client(port) as half:
        half.sendall(b"\x16\x03\x01\x00\xff")
        wait_until(lambda: server.counters["tcp_accepted"] == 2)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    ended = threading.Event()
    for _ in range(500):
        if true():
            return
        ended.wait(0.01)
    raise AssertionError("it never came true")


@pytest.mark.usefixtures("brisk")
def test_a_port_that_is_taken() -> None:
    """The system's reason is told, without ornament."""
    with running(shout) as (_, (port,)), pytest.raises(NetworkError) as raised:
        TcpServer().listen(HERE, port, shout)
    assert raised.value.failure.detail == "Address already in use"


def test_a_server_that_is_not_run_can_be_closed() -> None:
    """Its port is free again."""
    server = TcpServer()
    address, port = server.listen(HERE, 0, shout)
    server.close()
    with socket.socket() as sock:
        sock.bind((address, port))


@contextmanager
def no_descriptor_free() -> Iterator[list[int]]:
    """Take all files that this process may open while the block lasts; yield those taken."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 8, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield taken
    finally:
        for file in taken:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


HAS_LIMIT = pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")


@HAS_LIMIT
@pytest.mark.usefixtures("brisk")
def test_a_connection_that_finds_no_descriptor_free_waits_for_one() -> None:
    """The server lives on, and answers it when there is one."""
    with running(shout) as (_, (port,)), socket.socket() as sock:
        sock.settimeout(5)
        with no_descriptor_free():
            sock.connect((HERE, port))
            sock.sendall(b"patience\n")
            sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                sock.recv(100)
        sock.settimeout(5)
        assert sock.recv(100) == b"PATIENCE\n"


@HAS_LIMIT
@pytest.mark.usefixtures("brisk")
def test_who_listens_has_what_serving_needs(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is missing is said before anybody is told of the port; with less than a port needs nothing is left behind."""
    server, over = TcpServer(), threading.Event()
    with no_descriptor_free(), pytest.raises(NetworkError, match="Too many open files"):
        server.listen(HERE, 0, shout)
    for spare in range(1, 4):  # enough for the port itself, and not for the loop
        with no_descriptor_free() as taken, pytest.raises(NetworkError, match="Too many open files"):
            for _ in range(spare):
                os.close(taken.pop())
            server.listen(HERE, 0, shout)
    gc.collect()
    assert capfd.readouterr().err == ""
    _, port = server.listen(HERE, 0, shout)
    thread = threading.Thread(target=server.run, args=(over.is_set,))
    with no_descriptor_free():
        thread.start()
        wait_until(thread.is_alive)
    assert said(port, b"hello\n") == b"HELLO\n"
    over.set()
    thread.join(5)


def test_without_a_port_there_is_nothing_to_serve() -> None:
    """It returns at once."""
    TcpServer().run(lambda: False)
