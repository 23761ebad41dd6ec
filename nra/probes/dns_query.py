"""Does a DNS server answer over UDP (RFC 1035); any answer to our question proves the port, whatever it says."""

import random
from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes.parts.inquiry import first_answering
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.wire.dns import DnsResponse, RecordType, decode_response, encode_query
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


async def query(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask a server for its own name; raises NetworkError."""
    host, deadline_ns = task.target.host, net.clock.now_ns() + round(check_parameters(task).deadline_s * 1e9)
    addresses = await net.resolve(host, deadline_ns)
    address, response, inquiry = await first_answering(
        net, watch, addresses, task.target.port, lambda: DnsQuestion(host), deadline_ns=deadline_ns
    )
    said = f"DNS answer with code {response.rcode} and {len(response.addresses)} addresses"
    return Answer(address=address, elapsed_ms=inquiry.elapsed_ms, said=said, tries=inquiry.tries)


PROBE: Final[Probe] = observing("dns_query", query)
