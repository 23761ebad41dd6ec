"""Resolvers for the lab, all of them unbound: one that knows the region's names, and those that lie, deny, fail or say nothing."""

from collections.abc import Mapping
from typing import Final

from lab_programs import Program
from lab_world import MIDDLE, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, need

UNBOUND: Final = """\
server:
{interfaces}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: "iterator"
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound-{place}.pid"
  logfile: ""
  use-syslog: no
  verbosity: 1
{manner}
"""
INTERFACES: Final = {MIDDLE: (MIDDLE_ADDRESS, MIDDLE_ADDRESS_6), SERVER: (SERVER_ADDRESS, SERVER_ADDRESS_6)}
HIJACK: Final = """\
add table inet hijack
add chain inet hijack pre { type nat hook prerouting priority dstnat; }
add rule inet hijack pre iifname m1 meta l4proto { tcp, udp } th dport 53 redirect to :53
"""

EXAMPLE: Final = f'  local-zone: "." static\n  local-data: "dns.example. A {SERVER_ADDRESS}"'
NXDOMAIN: Final = '  local-zone: "." always_nxdomain'  # RFC 1035 4.1.1, code 3: there is no such name
SERVFAIL: Final = "  do-not-query-address: 0.0.0.0/0\n  do-not-query-address: ::/0"  # code 2: nobody whom it could ask
REFUSED: Final = '  local-zone: "." always_refuse'  # code 5
SILENT: Final = '  local-zone: "." always_deny'  # receives and never answers


def zone(hosts: Mapping[str, tuple[str, ...]]) -> str:
    """Return the manner of a resolver that knows these names and their addresses, and of any other name that it does not exist."""
    lines = [f'  local-data: "{name}. {kind_of(address)} {address}"' for name, addresses in hosts.items() for address in addresses]
    return "\n".join(['  local-zone: "." static', *lines])


def lying(*addresses: str) -> str:
    """Return the manner of a resolver that gives every name the same addresses."""
    return "\n".join(['  local-zone: "." redirect', *(f'  local-data: ". {kind_of(address)} {address}"' for address in addresses)])


def only(kind: str, hosts: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the names with their addresses of one kind, A or AAAA."""
    return {name: tuple(address for address in addresses if kind_of(address) == kind) for name, addresses in hosts.items()}


def kind_of(address: str) -> str:
    """Return the type of the record that holds an address."""
    return "AAAA" if ":" in address else "A"


def start_unbound(world: World, place: str = SERVER, manner: str = EXAMPLE) -> Program:
    """Start unbound on the addresses of the server, or of the middle as the client sees it."""
    need("unbound")
    file = world.folder / f"unbound-{place}.conf"
    interfaces = "\n".join(f"  interface: {address}" for address in INTERFACES[place])
    file.write_text(UNBOUND.format(interfaces=interfaces, folder=world.folder, place=place, manner=manner), "ascii")
    return world.start(place, "unbound", "-d", "-c", str(file)).wait_for("start of service")


def resolve_by(world: World, manner: str, address: str = MIDDLE_ADDRESS) -> Program:
    """Give the client a resolver in the middle, which no rule for what is forwarded touches, and no other knowledge of names."""
    world.names({}, resolver=address)
    return start_unbound(world, MIDDLE, manner)


def hijack_names(world: World) -> None:
    """Lead whatever the client asks of port 53 anywhere to the resolver in the middle, which answers in the other's name."""
    world.nft(HIJACK)
