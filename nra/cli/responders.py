"""What `nra reflect --responders` adds: the ports of the catalogue, each told on a line of its own, and to senders that ask."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nra.cli.errors import UserError

if TYPE_CHECKING:
    from nra.reflector.core import Reflector
    from nra.reflector.engine import Engine
    from nra.reflector.guard import IpNetwork
    from nra.reflector.responders.certificate import TlsIdentity


class Opened(NamedTuple):
    """Lines for people, and which of them tell that something went wrong; and what is counted over TCP, while it is."""

    lines: Sequence[tuple[str, bool]] = ()
    counters: Mapping[str, int] = {}


class Tls(NamedTuple):
    """What the TLS ports show and the pin of its key, None where there is nothing to show; the line that says so; and all of it in PEM."""

    identity: "TlsIdentity | None"
    pin: str | None
    line: str
    pem: bytes | None = None


def tls_of(cert: Path | None, key: Path | None) -> Tls:
    """Return the user's certificate, or one made now; raises UserError."""
    from nra.reflector.responders.certificate import NoCryptography, UnusableCertificate, identity_of, load_identity, made_pem, pin_of

    if cert is None and key is not None:
        raise UserError("--key: its certificate is missing (--cert)")
    try:
        identity = load_identity(cert, key) if cert is not None else None
        pem = made_pem() if cert is None else b"\n".join(path.read_bytes() for path in (cert, key) if path is not None)
    except UnusableCertificate as error:
        raise UserError(f"--cert: {error}") from error
    except NoCryptography:
        return Tls(None, None, "TLS needs --cert and --key, or the package cryptography (pip install 'nra[responders]')")
    kind = "from --cert" if cert is not None else "self-signed, gone when this ends"
    identity = identity or identity_of(pem)
    pin = pin_of(identity)
    return Tls(identity, pin, f"TLS certificate {kind}: SPKI SHA-256 {pin}", pem)


@contextmanager
def responding(
    reflector: "Reflector",
    engine: "Engine",
    addresses: Sequence[str],
    tls: Tls,
    allow: "Sequence[IpNetwork]",
    rate_limit: int,
    quic: Sequence[tuple[str, int]] = (),
) -> Iterator[Opened]:
    """Open the responders, let senders be told which, serve those over TCP while the block lasts; yield what to tell people.

    The control channel, which listens at `quic`, answers there for the responder whose port it has.
    """
    from nra.model.responder import RESPONDERS
    from nra.reflector.background import background
    from nra.reflector.responders.opening import IPV4, IPV6, open_responders
    from nra.reflector.responders.tcp import guarded

    server = guarded(allow, rate_limit)
    taken = {port for _, port in quic}
    wanted = [each for each in RESPONDERS if each.protocol != "UDP" or each.port not in taken]
    opened = open_responders(wanted, addresses, engine, server, tls.identity)
    for address, port in quic:
        opened.count("UDP", address, port)
    reflector.announcement, reflector.announcement_ipv6 = (opened.announcement(version, tls.pin) for version in (IPV4, IPV6))
    refused = [*opened.refused]
    if opened.closed:
        refused.append(f"cannot listen on TCP {', '.join(map(str, opened.closed))}: {tls.line}")
    listening = [*opened.listening, *([tls.line] if tls.identity is not None else [])]
    try:
        with background(server.run, "nra-tcp"):
            yield Opened([*((line, False) for line in listening), *((line, True) for line in refused)], server.counters)
    finally:
        reflector.counters.update(server.counters)
