"""Does a DNS server answer over UDP or TCP (RFC 1035, RFC 7766); any answer to our question proves the port, whatever it says."""

import random
from ipaddress import ip_address
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.net.ports import NetworkError
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.tcp_connection import connected
from nra.wire.dns import DnsResponse, RecordType, decode_response, encode_query, frame, unframe
from nra.wire.errors import MalformedMessage

IDS: Final = 0xFFFF


class DnsQuestion:
    """Asks for a name's address; each try has an id of its own."""

    name: Final = "DNS query"

    def __init__(self, looked_up: str) -> None:
        """Take the name to ask for."""
        self._looked_up = looked_up
        self._asked_ns: dict[int, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a query."""
        transaction = random.randint(0, IDS)
        self._asked_ns[transaction] = now_ns
        return encode_query(transaction, self._looked_up, RecordType.A)

    def understand(self, payload: bytes) -> tuple[DnsResponse, int] | None:
        """Return the response to one of our queries; what is none of them is not read, it might be 64 KB of them."""
        asked_ns = self._asked_ns.get(int.from_bytes(payload[:2]))
        if asked_ns is None:
            return None
        try:
            return decode_response(payload), asked_ns
        except MalformedMessage:
            return None


def name_of(host: str) -> str:
    """Return the name that stands for a host in DNS: a name as it is, an address as the one that leads back to it (RFC 1035 3.5)."""
    try:
        return ip_address(host.partition("%")[0]).reverse_pointer
    except ValueError:
        return host.encode("idna").decode("ascii")


def told(response: DnsResponse) -> str:
    """Return what the server said, in words."""
    return f"DNS answer with code {response.rcode} and {len(response.addresses)} addresses"


async def over_udp(asking: Asking) -> Answer:
    """Ask a server for its own name over UDP; raises NetworkError."""
    return await asked_over_udp(asking, DnsQuestion(name_of(asking.host)), told)


async def over_tcp(asking: Asking) -> Answer:
    """Ask a server for its own name over TCP; raises NetworkError."""
    async with connected(asking) as opened:
        question = DnsQuestion(name_of(asking.host))
        request = frame(question.ask(asking.net.clock.now_ns()))
        received = await opened.connection.exchange(request, is_complete, asking.until_ns)
        understood = question.understand(unframe(received) or b"")
        if understood is None:
            detail = f"{len(received)} bytes that are no DNS answer to our query"
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="dns", detail=detail))
        return opened.answer(told(understood[0]))


def is_complete(received: bytes) -> bool:
    """Tell whether a whole message has come."""
    return unframe(received) is not None


PROBE: Final[Probe] = port_check("dns_query", over_udp)
TCP_PROBE: Final[Probe] = port_check("dns_query_tcp", over_tcp)
