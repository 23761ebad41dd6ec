"""What ICMP says of a packet that did not reach its port, and what that amounts to.

Sources: RFC 792 and RFC 1122 3.2.2.1 (types 3 and 11, codes 0 to 12), RFC 1812 5.2.7.1 (codes 13 to 15), RFC 4443 3.1 to 3.4
(ICMPv6), RFC 6554 4.2 (type 1, code 7).
"""

from typing import Final, NamedTuple

from nra.model.failure import FailureKind


class Meaning(NamedTuple):
    """An ICMP error in the standard's words; `kind` is None where it says nothing about the port that was asked."""

    words: str
    kind: FailureKind | None


NOTHING: Final = None
REFUSED: Final = FailureKind.REFUSED
PROHIBITED: Final = FailureKind.PROHIBITED
UNREACHABLE: Final = FailureKind.UNREACHABLE

ICMP: Final[dict[tuple[int, int], Meaning]] = {
    (3, 0): Meaning("net unreachable", UNREACHABLE),
    (3, 1): Meaning("host unreachable", UNREACHABLE),
    (3, 2): Meaning("protocol unreachable", REFUSED),
    (3, 3): Meaning("port unreachable", REFUSED),
    (3, 4): Meaning("fragmentation needed", NOTHING),  # the path wants smaller packets, RFC 1191
    (3, 5): Meaning("source route failed", UNREACHABLE),
    (3, 6): Meaning("destination network unknown", UNREACHABLE),
    (3, 7): Meaning("destination host unknown", UNREACHABLE),
    (3, 8): Meaning("source host isolated", UNREACHABLE),
    (3, 9): Meaning("network administratively prohibited", PROHIBITED),
    (3, 10): Meaning("host administratively prohibited", PROHIBITED),
    (3, 11): Meaning("network unreachable for type of service", UNREACHABLE),
    (3, 12): Meaning("host unreachable for type of service", UNREACHABLE),
    (3, 13): Meaning("communication administratively prohibited", PROHIBITED),
    (3, 14): Meaning("host precedence violation", PROHIBITED),
    (3, 15): Meaning("precedence cutoff in effect", PROHIBITED),
    (11, 0): Meaning("time to live exceeded in transit", UNREACHABLE),  # mostly a routing loop
    (11, 1): Meaning("fragment reassembly time exceeded", NOTHING),
}

ICMPV6: Final[dict[tuple[int, int], Meaning]] = {
    (1, 0): Meaning("no route to destination", UNREACHABLE),
    (1, 1): Meaning("communication administratively prohibited", PROHIBITED),
    (1, 2): Meaning("beyond scope of source address", UNREACHABLE),
    (1, 3): Meaning("address unreachable", UNREACHABLE),
    (1, 4): Meaning("port unreachable", REFUSED),
    (1, 5): Meaning("source address failed ingress/egress policy", PROHIBITED),
    (1, 6): Meaning("reject route to destination", PROHIBITED),
    (1, 7): Meaning("error in source routing header", UNREACHABLE),
    (2, 0): Meaning("packet too big", NOTHING),  # as fragmentation needed, RFC 8201
    (3, 0): Meaning("hop limit exceeded in transit", UNREACHABLE),
    (3, 1): Meaning("fragment reassembly time exceeded", NOTHING),
    (4, 1): Meaning("unrecognized next header", REFUSED),  # what protocol unreachable is in IPv4
}

NO_NEIGHBOUR: Final = frozenset({("ICMP", 3, 1), ("ICMPv6", 1, 3)})
"""Host and address unreachable; from the sender's own stack they mean that the next hop did not answer on the link."""

TABLES: Final = {"ICMP": ICMP, "ICMPv6": ICMPV6}
