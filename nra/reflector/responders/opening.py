"""Opening all responders of a host: what can be opened is, what cannot is said, nothing of it stops the rest; senders are told which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nra.model.responder import Announcement, Responder
from nra.net.ports import NetworkError
from nra.net.tcp_server import TcpServer
from nra.reflector.engine import CannotListen, Engine
from nra.reflector.responders.certificate import TlsIdentity
from nra.reflector.responders.tcp import SPEAKS_TLS, TCP_ANSWERS
from nra.reflector.responders.udp import STAMP

IPV4: Final = 4
IPV6: Final = 6


@dataclass(slots=True)
class Opened:
    """What became of each responder, one line for people each; `closed` are the TLS ports that no certificate was there for.

    `ports` are those where the right service listens, the reflector's own among them: protocol and port by IP version.
    """

    listening: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    ports: dict[int, list[tuple[str, int]]] = field(default_factory=lambda: {IPV4: [], IPV6: []})

    def count(self, protocol: str, address: str, port: int) -> None:
        """Count a port as opened for who comes over the address's IP version: one address of it is enough."""
        ports = self.ports[IPV6 if ":" in address else IPV4]
        if (protocol, port) not in ports:
            ports.append((protocol, port))

    def announcement(self, version: int, pin: str | None) -> Announcement:
        """Return what to tell whoever asks over this IP version."""
        return Announcement(pin, tuple(self.ports[version]))


def open_responders(
    responders: Sequence[Responder], addresses: Sequence[str], engine: Engine, server: TcpServer, identity: TlsIdentity | None
) -> Opened:
    """Bind every responder at every address: UDP in the engine's loop, TCP in the server's; both must be run afterwards."""
    opened, taken = Opened(), {port for _, port in engine.bound}
    others = {responder.port for responder in responders if responder.protocol == "UDP" and responder.service != STAMP}
    for address, port in engine.bound:
        if port not in others:  # whoever asks there for another service would take its silence for a firewall
            opened.count("UDP", address, port)
    for responder in responders:
        if responder.ask == "stamp" and responder.port in taken:
            continue  # the reflector's own port is one of the media ports
        if responder.service in SPEAKS_TLS and identity is None:
            opened.closed.append(responder.port)
            continue
        refused: dict[str, str] = {}
        for address in addresses:
            try:
                port = _listen(responder, address, engine, server, identity)
            except CannotListen as error:
                refused[address] = str(error)
            else:
                opened.listening.append(f"listening on {responder.protocol} {address} port {port}: {responder.service}")
                opened.count(responder.protocol, address, port)
        opened.refused += _told(responder, refused, everywhere=len(refused) == len(addresses))
    return opened


def _listen(responder: Responder, address: str, engine: Engine, server: TcpServer, identity: TlsIdentity | None) -> int:
    """Return the port; raises CannotListen."""
    if responder.protocol == "UDP":
        return engine.listen(address, responder.port, responder.service)[1]
    tls = identity.context if identity is not None and responder.service in SPEAKS_TLS else None
    try:
        return server.listen(address, responder.port, TCP_ANSWERS[responder.service], tls)[1]
    except NetworkError as error:
        raise CannotListen(error.failure.detail) from error


def _told(responder: Responder, refused: dict[str, str], *, everywhere: bool) -> list[str]:
    """Return one line where all addresses refused for the same reason, else one for each that did."""
    where = f"cannot listen on {responder.protocol} {responder.port}"
    if everywhere and len(set(refused.values())) == 1:
        return [f"{where}: {next(iter(refused.values()))}"]
    return [f"{where} of {address}: {reason}" for address, reason in refused.items()]
