"""How a NAT maps: where STUN servers at different addresses see one local socket (RFC 5780 4.3, with ordinary servers of RFC 8489).

One UDP socket is open at a time, each from the local port of the first: what a NAT remembers of the port outlives the socket.

IPv4 alone is asked about wherever there is any: that is where NATs are, and one socket has one family. Servers at different addresses
come first, two ports of one address are the last resort: they can show that a NAT is symmetric, not that it is not.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Mapped, Mappings
from nra.model.plan import Target, Task
from nra.net.ports import Network, NetworkError
from nra.probes.parts.addresses import LEAST_NS, MS, family, names_until_ns, together
from nra.probes.parts.inquiry import inquire_through
from nra.probes.parts.probe import Probe, Watch, nat_parameters, observing
from nra.probes.parts.stun_question import StunQuestion

ENOUGH: Final = 2  # answers from different addresses
MOST_SERVERS: Final = 6
PAUSE_NS: Final = 106 * MS  # between two servers: with it no second holds more than ten transactions (RFC 5780 4), late sends included
OPERATION: Final = "NAT mapping"


class Server(NamedTuple):
    """Where one question goes."""

    address: str
    port: int


class Local(NamedTuple):
    """Our end of a socket."""

    address: str
    port: int


class PortTakenError(NetworkError):
    """Somebody else has our local port by now."""


async def compare(task: Task, net: Network, watch: Watch) -> Mappings:
    """Ask until two servers at different addresses have answered; raises NetworkError when none does.

    When the local port cannot be had again, all is asked once more from another one.
    """
    asked = nat_parameters(task)
    now_ns = net.clock.now_ns()
    deadline_ns = now_ns + round(asked.deadline_s * 1e9)
    servers = in_order(await _resolved(net, asked.servers, names_until_ns(now_ns, deadline_ns, ENOUGH)))
    try:
        return await _ask_all(net, watch, servers, deadline_ns)
    except PortTakenError:
        return await _ask_all(net, watch, servers, deadline_ns)


async def _resolved(net: Network, targets: Sequence[Target], until_ns: int) -> list[list[Server]]:
    """Return each target's servers, looked up side by side; raises NetworkError when there are none at all."""

    async def look_up(target: Target) -> list[Server] | Failure:
        try:
            return [Server(address, target.port) for address in await net.resolve(target.host, until_ns)]
        except NetworkError as error:
            return replace(error.failure, detail=f"{target.host}: {error.failure.detail}")

    outcomes = await asyncio.gather(*map(look_up, targets))
    found = [outcome for outcome in outcomes if not isinstance(outcome, Failure)]
    if not found:
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        unknown = Failure(kind=FailureKind.LOCAL, operation=OPERATION, detail="no STUN server is known")
        raise NetworkError(replace(failures[0], detail="; ".join(each.detail for each in failures)) if failures else unknown)
    return found


def in_order(servers: Sequence[Sequence[Server]]) -> list[Server]:
    """Return whom to ask, best first: of one family, hosts taking turns, each address once before the second port of any."""
    families = {family(server.address) for server in chain.from_iterable(servers)}
    wanted = "IPv4" if "IPv4" in families else "IPv6"
    turns = zip_longest(*([server for server in each if family(server.address) == wanted] for each in servers))
    flat = dict.fromkeys(server for server in chain.from_iterable(turns) if server is not None)
    first = {server.address: server for server in reversed(flat)}
    return sorted(flat, key=lambda server: first[server.address] != server)[:MOST_SERVERS]


async def _ask_all(net: Network, watch: Watch, servers: Sequence[Server], deadline_ns: int) -> Mappings:
    local: Local | None = None
    seen: list[Mapped] = []
    failures: list[tuple[str, Failure]] = []
    for server in servers:
        if not _adds_something(server, seen):
            continue
        if seen or failures:
            if net.clock.now_ns() + PAUSE_NS + LEAST_NS > deadline_ns:
                break
            await net.sleep_until(net.clock.now_ns() + PAUSE_NS)
        try:
            ours, mapped = await _ask(net, watch, server, local.port if local else 0)
        except NetworkError as error:
            if error.failure.kind is FailureKind.STOPPED or isinstance(error, PortTakenError):
                raise
            failures.append((server.address, error.failure))
            continue
        local = local or ours
        if ours == local:  # through another way out of this workstation another NAT may be met: that is no comparison
            seen.append(mapped)
    if local is None:
        raise NetworkError(together(failures))
    return Mappings(local_address=local.address, local_port=local.port, seen=tuple(seen))


def _adds_something(server: Server, seen: Sequence[Mapped]) -> bool:
    """Tell whether a further answer is needed, and whether it is this server's."""
    answered = {mapped.server for mapped in seen}
    return len(answered) < ENOUGH and (len(seen) < ENOUGH or server.address not in answered)


async def _ask(net: Network, watch: Watch, server: Server, local_port: int) -> tuple[Local, Mapped]:
    """Return our end of the socket and how the server saw it; raises NetworkError."""
    try:
        datagrams = net.open_datagrams(server.address, server.port, local_port=local_port)
    except NetworkError as error:
        if local_port and error.failure.kind is FailureKind.LOCAL:
            detail = f"the local port {local_port} could not be taken again: {error.failure.detail}"
            raise PortTakenError(replace(error.failure, operation=OPERATION, detail=detail)) from error
        raise
    try:
        message, _ = await inquire_through(net, watch, datagrams, StunQuestion())
        ours = Local(datagrams.local_address, datagrams.local_port(0))
    finally:
        datagrams.close()
    if message.reflexive is None:
        said = f"error {message.error.code} {message.error.reason}" if message.error else "an answer without an address"
        raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=said))
    return ours, Mapped(server=server.address, server_port=server.port, address=message.reflexive.address, port=message.reflexive.port)


PROBE: Final[Probe] = observing("nat_mapping", compare)
