"""Settings for runs, and networks in which they are carried out: nothing here touches a socket."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from nra.archive.document import decode, encode
from nra.catalogue import codec, codecs, placed, portal_page, region, services, thresholds
from nra.model.document import Asked, FirewallCheck, Metric, Org, RunDocument
from nra.model.plan import Target
from nra.model.region import Endpoint, Region, Service
from nra.net.ports import TlsFacts
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.run.measure import Measured, measure
from nra.run.reporter import Silent
from nra.run.settings import Settings
from nra.testing.fake_network import FakeNetwork, TcpScript
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.dns import HEADER
from nra.wire.stun import MessageType, TransportAddress, decode_message, encode_binding_success

REFLECTOR = Target(host="reflector.example", port=20862)
ADDRESS = "192.0.2.1"
OTHER_ADDRESS = "192.0.2.2"
FACTS = TlsFacts(version="TLSv1.3", issuer="Example CA", certificate_sha256="00")
HTTP_ANSWER = b"HTTP/1.1 301 Moved\r\n\r\n"
BARE = Region(name="bare-1", title="Bare", area="Test", city="Test", source="test", checked="2026-11-22")
"""A region without any public endpoint."""


def asked(**changes: Any) -> Asked:
    """Return the options of a run as a user would leave them."""
    values: dict[str, Any] = {
        "method": "auto",
        "duration_s": 30.0,
        "interval_ms": 20.0,
        "codec": "g711",
        "calls": 1,
        "dscp": 46,
        "services": ("webrtc",),
        "only": None,
        "reflector": None,
        "authenticated": False,
        "thresholds": "genesys-cloud",
    }
    return Asked(**(values | changes))


def settings(
    where: Region | str = "eu-central-1",
    reflector: Target | None = None,
    key: bytes | None = None,
    *,
    ssid: int | None = None,
    **changes: Any,
) -> Settings:
    """Return settings for a region of the catalogue or one made here."""
    place = region(where) if isinstance(where, str) else where
    options = asked(**changes)
    return Settings(
        asked=options,
        org=Org(name="Example Org", shortname="example-org"),
        site=None,
        seat=None,
        case=None,
        region=place,
        services=tuple(placed(row, place) for row in services(options.services)),
        portal=portal_page(),
        reflector=reflector,
        pin=None,
        key=key,
        codec=codec(options.codec),
        codecs=codecs(),
        thresholds=thresholds(),
        config=None,
        tool_version="0.0",
        ssid=ssid,
    )


def reflecting(reflector: Reflector | None = None) -> Peer:
    """Return a Session-Reflector without a rate limit."""
    mirror = reflector or Reflector(guard=Guard(rate_limit=0))

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        request = Request(payload=payload, source=source, destination=ADDRESS, destination_port=20862, received_ns=now_ns, ttl=57, tos=184)
        response = mirror.answer(request, now_ns)
        return None if response is None else response.payload

    return peer


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Return what came."""
    return payload


def stun(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer a Binding request."""
    message = decode_message(payload)
    return encode_binding_success(message.transaction, TransportAddress(*source)) if message.type == MessageType.REQUEST else None


def dns(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer a query with no addresses."""
    transaction, _, questions, *_ = HEADER.unpack_from(payload)
    return HEADER.pack(transaction, 0x8180, questions, 0, 0, 0) + payload[HEADER.size :]


def mortal(packets: int, peer: Peer) -> Peer:
    """Return a peer that dies after so many packets."""
    seen = count()
    return lambda payload, now_ns, source: peer(payload, now_ns, source) if next(seen) < packets else None


def healthy(plan: Settings, **ways: Impairment) -> FakeNetwork:
    """Return a network in which everybody whom these settings ask answers."""
    net = FakeNetwork(up=Path(ways.get("up", Impairment(delay_ms=20))), down=Path(ways.get("down", Impairment(delay_ms=25))))
    place = plan.region
    hosts: list[tuple[Endpoint | Target | None, Peer]] = [(plan.reflector, reflecting()), (place.beacon, echo)]
    hosts += [(server, stun) for server in place.stun]
    for host, peer in hosts:
        if host is not None:
            net.names.setdefault(host.host, (ADDRESS,))
            net.udp[ADDRESS, host.port] = peer
    for row in plan.services:
        _add_service(net, row)
    if place.https is not None:
        net.names.setdefault(place.https.host, (OTHER_ADDRESS,))
        net.tcp.setdefault((OTHER_ADDRESS, place.https.port), TcpScript(elapsed_ms=40.0, tls=FACTS))
    return net


def _add_service(net: FakeNetwork, row: Service) -> None:
    scripts: dict[str, Callable[[], None]] = {
        "tls": lambda: net.tcp.update({(OTHER_ADDRESS, int(row.port)): TcpScript(elapsed_ms=40.0, tls=FACTS)}),
        "http": lambda: net.tcp.update({(OTHER_ADDRESS, int(row.port)): TcpScript(elapsed_ms=40.0, answer=HTTP_ANSWER)}),
        "stun_tcp": lambda: net.tcp.update(
            {(ADDRESS, int(row.port)): TcpScript(answer=lambda request: stun(request, 0, ("192.0.2.10", 5)) or b"")}
        ),
        "stun": lambda: net.udp.update({(ADDRESS, int(row.port)): stun}),
        "dns": lambda: net.udp.update({(ADDRESS, int(row.port)): dns}),
    }
    if row.ask in scripts and row.host is not None:
        scripts[row.ask]()
        net.names.setdefault(row.host, (OTHER_ADDRESS if row.ask in ("tls", "http") else ADDRESS,))


def measured(plan: Settings, net: FakeNetwork, stop: Callable[[], bool] = lambda: False) -> Measured:
    """Return what a run gives; its document survives being written and read."""
    result = asyncio.run(measure(plan, net, Silent(), stop))
    assert decode(encode(result.document)) == result.document
    return result


def run(plan: Settings, net: FakeNetwork, stop: Callable[[], bool] = lambda: False) -> RunDocument:
    """Return the run document."""
    return measured(plan, net, stop).document


def rows(document: RunDocument) -> dict[str, Metric]:
    """Return the VOIP rows by key."""
    return {metric.key: metric for metric in document.metrics}


def checks(document: RunDocument) -> dict[tuple[str, str], FirewallCheck]:
    """Return the Firewall rows by port and protocol."""
    assert document.firewall is not None
    return {(check.port, check.protocol): check for check in document.firewall}


def told(document: RunDocument) -> str:
    """Return all findings as one text."""
    return "\n".join(finding.text for finding in document.findings)
