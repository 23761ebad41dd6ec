"""Network address translation in the middle, IPv4 alone: beyond it the client is known by the middle's addresses.

Whatever the mapping, an answer passes only from the very address and port that was asked (RFC 4787 5, address and port-dependent
filtering): so does Linux' connection tracking. One kind to a world.
"""

from collections.abc import Callable
from typing import Final

from lab_world import CLIENT, MIDDLE, OUTER_ADDRESS, SECOND_ADDRESS, SERVER_ADDRESS, World

POOL: Final = {SERVER_ADDRESS: "10.71.2.11", SECOND_ADDRESS: "10.71.2.12"}  # whom the client asks: who it is then
INNER_ADDRESS: Final = "10.71.1.3"  # what the first of two translations makes of the client
LOCAL_PORTS: Final = range(40000, 41000)  # of the client behind `renumbering`
RENUMBERED: Final = 10000  # what is added to them

NAT_CHAIN: Final = "add table inet nat\nadd chain inet nat post { type nat hook postrouting priority srcnat; }\n"
RULE: Final = "add rule inet nat post oifname {link} meta nfproto ipv4 {translation}\n"


def preserving(world: World) -> None:
    """Translate the address and keep the port: one mapping for all destinations (RFC 4787 4.1, endpoint-independent)."""
    _translate(world, f"snat ip to {OUTER_ADDRESS}")


def renumbering(world: World) -> None:
    """Give each port of the client another one, the same for all destinations; the client then has 1000 ports."""
    world.set(CLIENT, "ipv4/ip_local_port_range", f"{LOCAL_PORTS[0]} {LOCAL_PORTS[-1]}")
    ports = ", ".join(f"{port} : {port + RENUMBERED}" for port in LOCAL_PORTS)
    for protocol in ("udp", "tcp"):
        _translate(world, f"meta l4proto {protocol} snat ip to {OUTER_ADDRESS} : {protocol} sport map {{ {ports} }}")


def symmetric(world: World) -> None:
    """Give each destination, address or port, a random port of its own (RFC 4787 4.1, address and port-dependent mapping)."""
    _translate(world, "masquerade fully-random")


def pooled(world: World) -> None:
    """Give each of the server's addresses another address of the client's, ports kept (RFC 4787 4.1, IP address pooling arbitrary)."""
    for address in POOL.values():
        world.run(MIDDLE, "ip", "addr", "add", f"{address}/24", "dev", "m2")
    _translate(world, f"snat ip to ip daddr map {{ {', '.join(f'{there} : {here}' for there, here in POOL.items())} }}")


def doubled(world: World) -> None:
    """Translate twice, ports kept: in the client's own stack as a virtual machine's host does, then in the middle."""
    world.run(CLIENT, "ip", "addr", "add", f"{INNER_ADDRESS}/24", "dev", "c0")
    _translate(world, f"snat ip to {INNER_ADDRESS}", CLIENT)
    _translate(world, f"snat ip to {OUTER_ADDRESS}")


NATS: Final[dict[str, Callable[[World], None]]] = {
    "preserving": preserving,
    "renumbering": renumbering,
    "symmetric": symmetric,
    "pooled": pooled,
    "doubled": doubled,
}


def forget_after(world: World, seconds: int) -> None:
    """Let a UDP mapping that nobody uses end after whole seconds, whether one direction was used or both."""
    for switch in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        world.set(MIDDLE, f"netfilter/{switch}", str(seconds))


def _translate(world: World, translation: str, place: str = MIDDLE) -> None:
    link = {CLIENT: "c0", MIDDLE: "m2"}[place]
    world.nft(NAT_CHAIN + RULE.format(link=link, translation=translation), place)
