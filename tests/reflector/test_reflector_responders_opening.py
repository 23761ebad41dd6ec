"""Opening responders: real sockets on loopback, asked by our own probes; what cannot be opened is said and stops nothing."""

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from fake_kernel import HandClock
from test_reflector_responders_udp import REQUESTS

from nra.catalogue.load import all_services
from nra.model.observation import Answer
from nra.model.plan import CheckParameters, Target, Task
from nra.model.responder import MEDIA_PORTS, RESPONDERS, Announcement, Responder
from nra.net.server import every_address
from nra.net.system import SystemNetwork
from nra.net.tcp_server import TcpServer
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.reflector.background import background
from nra.reflector.core import Reflector
from nra.reflector.engine import Engine
from nra.reflector.guard import Guard
from nra.reflector.responders.certificate import TlsIdentity, pin_of, self_signed_identity
from nra.reflector.responders.opening import IPV4, IPV6, Opened, open_responders
from nra.reflector.responders.tcp import SPEAKS_TLS, TCP_ANSWERS, guarded
from nra.run.questions import PROBE_OF_ASK

HERE: Final = "127.0.0.1"
PATIENCE_S: Final = 20.0
LOOPBACKS: Final = [HERE, pytest.param("::1", marks=pytest.mark.skipif("::" not in every_address(), reason="no IPv6 here"))]
PROBES: Final = {probe.name: probe for probe in BUILTIN}
BY_HAND: Final = {"none"}  # no check asks there
ONE_OF_EACH: Final = tuple({(each.protocol, each.service): replace(each, port=0) for each in RESPONDERS}.values())


@contextmanager
def responding(*responders: Responder, address: str = HERE, identity: TlsIdentity | None = None) -> Iterator[tuple[Reflector, Opened]]:
    """Run these responders while the block lasts."""
    before, reflector = set(threading.enumerate()), Reflector()
    engine, server = Engine(reflector, []), TcpServer()
    opened = open_responders(responders, [address], engine, server, identity)
    with background(engine.run, "udp"), background(server.run, "tcp"):
        yield reflector, opened
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.001)


def asked(address: str, ports: dict[Responder, int]) -> dict[Responder, Answer | None]:
    """Return what our own probes are answered, all side by side."""
    net = SystemNetwork()

    async def one(responder: Responder) -> Answer | None:
        probe = PROBE_OF_ASK[responder.ask]
        task = Task(probe=probe, target=Target(host=address, port=ports[responder]), parameters=CheckParameters())
        value = (await PROBES[probe].run(task, net, Watch())).value
        return value if isinstance(value, Answer) else None

    async def everyone() -> list[Answer | None]:
        return await asyncio.gather(*map(one, ports))

    return dict(zip(ports, asyncio.run(everyone()), strict=True))


def ports_of(opened: Opened, responders: tuple[Responder, ...]) -> dict[Responder, int]:
    """Return the ports that the system chose, as the lines tell them."""
    assert opened.refused == []
    return {responder: int(line.split("port ")[1].split(":")[0]) for responder, line in zip(responders, opened.listening, strict=True)}


@pytest.mark.parametrize("address", LOOPBACKS)
def test_our_own_probes_are_answered(address: str) -> None:
    """Each service that a probe of ours asks for, over both families; every try is answered, be there several because it took long."""
    responders = tuple(each for each in ONE_OF_EACH if each.ask in PROBE_OF_ASK and each.service not in SPEAKS_TLS)
    with responding(*responders, address=address) as (reflector, opened):
        answers = asked(address, ports_of(opened, responders))
        assert {each.service for each, answer in answers.items() if answer is None} == set()
        tries = sum(answer.tries for each, answer in answers.items() if answer is not None and each.protocol == "UDP")
        wait_until(lambda: reflector.counters["received"] >= tries)
    assert reflector.counters["answered"] == reflector.counters["received"] == tries


def test_services_asked_by_hand() -> None:
    """The echo, which stands for the public beacon and is no row of the column."""
    responders = tuple(each for each in ONE_OF_EACH if each.ask in BY_HAND)
    with responding(*responders) as (_, opened):
        for responder, port in ports_of(opened, responders).items():
            kind = socket.SOCK_DGRAM if responder.protocol == "UDP" else socket.SOCK_STREAM
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.settimeout(5)
                sock.connect((HERE, port))
                sock.send(REQUESTS[responder.service])
                assert sock.recv(2000)[:7] == REQUESTS["echo"][:7]
    assert {(each.protocol, each.service) for each in responders} == {("UDP", "echo")}


def test_tls_shows_the_certificate_that_was_announced() -> None:
    """Every TLS service speaks TLS, then HTTP and SIP; the pin is that of what a client sees."""
    pytest.importorskip("cryptography")
    identity = self_signed_identity()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(identity.certificate))
    responders = tuple(each for each in ONE_OF_EACH if each.service in SPEAKS_TLS)
    with responding(*responders, identity=identity) as (_, opened):
        for port in ports_of(opened, responders).values():
            with socket.create_connection((HERE, port), timeout=5) as sock, trusting.wrap_socket(sock) as tls:
                assert tls.getpeercert(binary_form=True) == identity.certificate
                tls.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert tls.recv(100).startswith(b"HTTP/1.1 204 ")
    assert len(bytes.fromhex(pin_of(identity))) == 32


def test_without_a_certificate_tls_ports_stay_closed() -> None:
    """They are told together, everything else is opened."""
    with responding(*ONE_OF_EACH) as (_, opened):
        assert sorted(opened.closed) == [0, 0]
        assert len(opened.listening) == len(ONE_OF_EACH) - 2


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_a_port_that_is_taken_is_told_and_stops_nothing(protocol: str) -> None:
    """One line for the port, with the system's reason."""
    kind = socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((HERE, 0))
        if protocol == "TCP":
            taken.listen()
        responder = Responder(port=taken.getsockname()[1], protocol=protocol, service="DNS", ask="none")
        rest = tuple(each for each in ONE_OF_EACH if each.service == "STUN")
        with responding(responder, *rest) as (_, opened):
            assert opened.refused == [f"cannot listen on {protocol} {responder.port}: Address already in use"]
            assert len(opened.listening) == len(rest)


def test_one_address_of_two() -> None:
    """Where only one refuses it is named."""
    engine, server = Engine(Reflector(), []), TcpServer()
    opened = open_responders(ONE_OF_EACH[:1], [HERE, "192.0.2.1"], engine, server, None)
    engine.run(lambda: True)
    assert len(opened.listening) == 1
    assert opened.refused == ["cannot listen on UDP 0 of 192.0.2.1: Cannot assign requested address"]


def test_the_reflector_s_own_port_is_not_opened_twice() -> None:
    """20862 is one of the media ports and may be listening already."""
    engine = Engine(Reflector(), [(HERE, 0)])
    port = engine.bound[0][1]
    opened = open_responders([Responder(port=port, protocol="UDP", service="STAMP", ask="stamp")], [HERE], engine, TcpServer(), None)
    engine.run(lambda: True)
    assert opened == Opened(ports={IPV4: [("UDP", port)], IPV6: []})


def told(opened: Opened) -> list[tuple[str, int]]:
    """Return protocols and ports of the lines for people."""
    lines = (re.fullmatch(r"listening on (\w+) \S+ port (\d+): .+", line) for line in opened.listening)
    return [(line[1], int(line[2])) for line in lines if line]


def test_what_is_announced_is_what_was_opened() -> None:
    """The reflector's own port, then each that a line tells of; not what was taken, nor TLS without a certificate."""
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        missing = Responder(port=taken.getsockname()[1], protocol="TCP", service="HTTP", ask="http")
        engine, server = Engine(Reflector(), [(HERE, 0)]), TcpServer()
        own = engine.bound[0][1]
        opened = open_responders((missing, *ONE_OF_EACH), [HERE], engine, server, None)
        engine.run(lambda: True)
        server.close()
    assert len(told(opened)) == len(ONE_OF_EACH) - len(SPEAKS_TLS)
    assert opened.announcement(IPV4, "ab") == Announcement("ab", (("UDP", own), *told(opened)))
    assert opened.announcement(IPV6, None) == Announcement(None, ())


def test_a_port_counts_once_and_for_its_ip_version() -> None:
    """One address of a version is enough; what could be bound over IPv6 alone is none to those who come over IPv4."""
    opened = Opened()
    for address in (HERE, "127.0.0.2", "::1"):
        opened.count("UDP", address, 123)
    opened.count("TCP", "::1", 123)
    assert opened.announcement(IPV4, None).ports == (("UDP", 123),)
    assert opened.announcement(IPV6, None).ports == (("UDP", 123), ("TCP", 123))


@pytest.mark.skipif("::" not in every_address(), reason="no IPv6 here")
def test_a_port_that_another_program_has_in_one_version() -> None:
    """As systemd-resolved has port 53 of 127.0.0.53, which leaves `::` to us: only over IPv6 is it announced."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind((HERE, 0))
        port = resolver.getsockname()[1]
        responder, engine = Responder(port=port, protocol="UDP", service="DNS", ask="dns"), Engine(Reflector(), [])
        opened = open_responders([responder], every_address(), engine, TcpServer(), None)
        engine.run(lambda: True)
    assert opened.refused == [f"cannot listen on UDP {port} of 0.0.0.0: Address already in use"]
    assert opened.ports == {IPV4: [], IPV6: [("UDP", port)]}


def test_the_reflector_s_own_port_in_another_service_s_place() -> None:
    """Whoever asks there as the catalogue says gets no answer: it is not announced, for else it would be called blocked."""
    engine = Engine(Reflector(), [(HERE, 0)])
    port = engine.bound[0][1]
    opened = open_responders([Responder(port=port, protocol="UDP", service="STUN", ask="stun")], [HERE], engine, TcpServer(), None)
    engine.run(lambda: True)
    assert opened.refused == [f"cannot listen on UDP {port}: Address already in use"]
    assert opened.announcement(IPV4, None) == Announcement(None, ())


def test_services_and_stamp_share_one_session_table_and_one_limit() -> None:
    """A source's packets are counted over all ports, in one moment; its sessions stand in the same table whatever the port."""
    reflector = Reflector(guard=Guard(rate_limit=2))
    engine = Engine(reflector, [(HERE, 0)], HandClock(1_767_600_000_000_000_000))
    ports = [engine.bound[0][1], engine.listen(HERE, 0)[1], engine.listen(HERE, 0, "DNS")[1]]
    with background(engine.run, "udp"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        for port, request in zip(ports, (REQUESTS["STAMP"], REQUESTS["STAMP"], REQUESTS["DNS"]), strict=True):
            sock.sendto(request, (HERE, port))
        assert {sock.recvfrom(2000)[1][1] for _ in range(2)} == set(ports[:2])
        wait_until(lambda: reflector.counters["received"] == len(ports))
    assert reflector.counters["rate_limited"] == 1
    assert len(reflector.sessions) == 1


def test_the_server_at_the_door_has_a_limit_of_its_own() -> None:
    """Connections of one source are limited, none at all when packets are not; foreign networks are refused."""
    for rate, expected in ((1, 1), (0, 20)):
        server = guarded((), rate)
        assert sum(server._refuses(HERE) is None for _ in range(20)) == expected


def test_every_port_of_the_catalogue_has_a_responder() -> None:
    """Single ports by themselves, the media range by at least 16 ports from its one end to its other (contract 1, 4.4)."""
    ports = {(each.protocol, each.port) for each in RESPONDERS}
    assert len(ports) == len(RESPONDERS)
    for service in (each for each in all_services() if each.ask != "resolve"):  # that row is the workstation's own resolver
        first, _, last = service.port.partition("-")
        if last:
            assert {int(first), int(last), 20862} <= set(MEDIA_PORTS)
            assert sum(int(first) <= port <= int(last) for port in MEDIA_PORTS) >= 16
        else:
            assert (service.protocol, int(first)) in ports
    assert {each.service for each in RESPONDERS if each.protocol == "TCP"} == TCP_ANSWERS.keys()
    gaps = [later - earlier for earlier, later in zip(sorted(MEDIA_PORTS), sorted(MEDIA_PORTS)[1:], strict=False)]
    assert max(gaps) <= 4096
    assert {each.ask for each in RESPONDERS} - BY_HAND <= PROBE_OF_ASK.keys()
    assert {(each.protocol, each.ask) for each in RESPONDERS if each.service == "SIP"} == {("UDP", "sip"), ("TCP", "sip_tcp")}


def test_the_page_names_the_media_ports() -> None:
    """Whoever opens them at the host's own firewall reads docs/reflector.md."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "reflector.md").read_text("utf-8")
    (row,) = re.findall(r"^\| ([\d, ]+) UDP \| STAMP \|$", page, re.MULTILINE)
    assert [int(port) for port in row.split(",")] == sorted(MEDIA_PORTS)
