"""Boxes in the middle that answer in another's name: a transparent proxy, a TLS interceptor, a captive portal.

Each takes the connections from the client that match its rule, in the words of nft; of several the first that was started. What is
asked of the middle itself is left alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from lab_dns import resolve_by, zone
from lab_filters import allow_only
from lab_peers import HOSTS
from lab_programs import Program
from lab_world import MIDDLE, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, World

PROXY_PORT: Final = 15000
INTERCEPTOR_PORT: Final = 15443
PORTAL_PORT: Final = 15080
INTERCEPTOR_CA: Final = "Lab Interceptor CA"
PORTAL: Final = "portal.example"
PORTAL_ADDRESSES: Final = (MIDDLE_ADDRESS, MIDDLE_ADDRESS_6)

CHAIN: Final = """\
add table inet boxes
add chain inet boxes pre { type nat hook prerouting priority dstnat; }
"""
TAKE: Final = "add rule inet boxes pre iifname m1 {rule} redirect to :{port}\n"
BEYOND: Final = "fib daddr type != local "  # not the middle itself

Manner = Literal["silent", "close", "reset"]


def proxy_tcp(world: World, manner: Manner = "silent", relayed: Sequence[int] = (), rule: str = "meta l4proto tcp") -> Program:
    """Complete every TCP handshake in the middle; relayed ports lead to whom was asked, the others to silence, FIN or RST."""
    program = _start(world, "transparent_proxy.py", PROXY_PORT, manner, *map(str, relayed))
    _take(world, BEYOND + rule, PROXY_PORT)
    return program


def intercept_tls(world: World, manner: Literal["relay", "block"] = "relay", rule: str = "tcp dport 443") -> Path:
    """Break TLS open under certificates made for the name asked for; return the file of the CA, which nobody trusts yet."""
    ca_file = world.folder / "interceptor.pem"
    _start(world, "tls_interceptor.py", INTERCEPTOR_PORT, str(ca_file), manner)
    _take(world, BEYOND + rule, INTERCEPTOR_PORT)
    return ca_file


def hold_captive(world: World) -> Program:
    """Lead all HTTP to the portal and drop the rest; names are resolved, by a resolver in the middle that knows the portal too."""
    program = _start(world, "captive_portal.py", PORTAL_PORT, PORTAL)
    _take(world, "tcp dport 80", PORTAL_PORT)  # the portal's own address included
    allow_only(world)
    resolve_by(world, zone(HOSTS | {PORTAL: PORTAL_ADDRESSES}))
    return program


def trusted(world: World, *roots: Path) -> str:
    """Return a file of exactly these roots, for the client's system store by SSL_CERT_FILE."""
    store = world.folder / "store.pem"
    store.write_bytes(b"".join(root.read_bytes() for root in roots))
    return str(store)


def _start(world: World, name: str, port: int, *more: str) -> Program:
    return world.python(MIDDLE, str(Path(__file__).with_name(name)), str(port), *more).wait_for("listening on")


def _take(world: World, rule: str, port: int) -> None:
    world.nft(CHAIN + TAKE.format(rule=rule, port=port))
