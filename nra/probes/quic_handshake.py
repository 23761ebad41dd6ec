"""Does an HTTP/3 server with the right name and a chain to the system's roots answer on a UDP port (RFC 9000, RFC 9001)."""

from typing import Final

from nra.model.failure import Failure
from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network, NetworkError, QuicFacts
from nra.probes.parts.addresses import MOST_ADDRESSES, together
from nra.probes.parts.inquiry import LONGEST_NS
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing


def told(facts: QuicFacts) -> str:
    """Return what the handshake showed, in words."""
    issuer = facts.tls.issuer or "an unnamed issuer"
    return f"QUIC {facts.version}, {facts.alpn or 'no ALPN'}, TLS certificate issued by {issuer}"


async def shake_hands(task: Task, net: Network, watch: Watch) -> Answer:
    """Shake hands with the first of the addresses that does; raises NetworkError."""
    asked = check_parameters(task)
    deadline_ns = net.clock.now_ns() + round(asked.deadline_s * 1e9)
    addresses = (await net.resolve(task.target.host, deadline_ns))[:MOST_ADDRESSES]
    failures: list[tuple[str, Failure]] = []
    for address in addresses:
        now_ns = net.clock.now_ns()
        if failures and now_ns + LONGEST_NS > deadline_ns:
            break
        share_ns = max(LONGEST_NS, (deadline_ns - now_ns) // (len(addresses) - len(failures)))  # of the time that is left
        until_ns = min(deadline_ns, now_ns + share_ns)
        try:
            facts = await net.quic_handshake(address, task.target.port, asked.server_name or task.target.host, until_ns)
        except NetworkError as error:
            if error.failure.operation == "import":
                raise  # what is not installed is missing for every address
            failures.append((address, error.failure))
        else:
            return Answer(address=address, elapsed_ms=facts.elapsed_ns / 1e6, said=told(facts), tries=facts.tries, issuer=facts.tls.issuer)
    raise NetworkError(together(failures))


PROBE: Final[Probe] = observing("quic_handshake", shake_hands)
