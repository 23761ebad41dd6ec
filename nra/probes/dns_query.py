"""Does a DNS server answer over UDP or TCP (RFC 1035, RFC 7766); any answer to our question proves the port, whatever it says."""

import random
from ipaddress import ip_address
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network, NetworkError
from nra.probes.parts.inquiry import first_answering
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.probes.parts.tcp_connection import connected
from nra.wire.dns import DnsResponse, RecordType, decode_response, encode_query, frame, unframe
from nra.wire.errors import MalformedMessage

IDS: Final = 0xFFFF


class DnsQuestion:
    """Asks for a name's address; each try has an id of its own."""

    def __init__(self, name: str) -> None:
        """Take the name to ask for."""
        self._name = name
        self._asked_ns: dict[int, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a query."""
        transaction = random.randint(0, IDS)
        self._asked_ns[transaction] = now_ns
        return encode_query(transaction, self._name, RecordType.A)

    def understand(self, payload: bytes) -> tuple[DnsResponse, int] | None:
        """Return the response to one of our queries."""
        try:
            response = decode_response(payload)
        except MalformedMessage:
            return None
        asked_ns = self._asked_ns.get(response.transaction)
        return None if asked_ns is None else (response, asked_ns)


def name_of(host: str) -> str:
    """Return the name that stands for a host in DNS: a name as it is, an address as the one that leads back to it (RFC 1035 3.5)."""
    try:
        return ip_address(host.partition("%")[0]).reverse_pointer
    except ValueError:
        return host.encode("idna").decode("ascii")


def told(response: DnsResponse) -> str:
    """Return what the server said, in words."""
    return f"DNS answer with code {response.rcode} and {len(response.addresses)} addresses"


async def over_udp(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask a server for its own name over UDP; raises NetworkError."""
    host, deadline_ns = task.target.host, net.clock.now_ns() + round(check_parameters(task).deadline_s * 1e9)
    addresses = await net.resolve(host, deadline_ns)
    address, response, inquiry = await first_answering(
        net, watch, addresses, task.target.port, lambda: DnsQuestion(name_of(host)), deadline_ns=deadline_ns
    )
    return Answer(address=address, elapsed_ms=inquiry.elapsed_ms, said=told(response), tries=inquiry.tries)


async def over_tcp(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask a server for its own name over TCP; raises NetworkError."""
    async with connected(task, net) as opened:
        question = DnsQuestion(name_of(task.target.host))
        request = frame(question.ask(net.clock.now_ns()))
        received = await opened.connection.exchange(request, is_complete, opened.deadline_ns)
        understood = question.understand(unframe(received) or b"")
        if understood is None:
            detail = f"{len(received)} bytes that are no DNS answer to our query"
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="dns", detail=detail))
        return Answer(address=opened.address, elapsed_ms=opened.elapsed_ms, said=told(understood[0]))


def is_complete(received: bytes) -> bool:
    """Tell whether a whole message has come."""
    return unframe(received) is not None


PROBE: Final[Probe] = observing("dns_query", over_udp)
TCP_PROBE: Final[Probe] = observing("dns_query_tcp", over_tcp)
