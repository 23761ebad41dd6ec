"""What a firewall in the middle lets pass, and how it says no; rules are in the words of nft, an empty one matches everything.

Of all rules ever added to a world the first that matches decides, as in a firewall's own list. The plainest is `World.drop`.
Measured on Linux 6.18: over IPv6 a TCP connect heeds only the ICMP error to its second SYN, after a second; over IPv4 the first.
"""

from typing import Final

from lab_world import CLIENT, MIDDLE, SERVER, World

REJECTIONS: Final = {
    "tcp reset": "reject with tcp reset",  # TCP only
    "port-unreachable": "reject with icmpx type port-unreachable",  # ICMP 3/3, ICMPv6 1/4
    "admin-prohibited": "reject with icmpx type admin-prohibited",  # 3/13, 1/1
    "host-unreachable": "reject with icmpx type host-unreachable",  # 3/1, 1/3
    "no-route": "reject with icmpx type no-route",  # 3/0, 1/0
}
COMES_FROM: Final = {CLIENT: "iifname m1", SERVER: "iifname m2"}
ANSWERS: Final = "ct direction reply"
NAMES_ONLY: Final = ("udp dport 53", "tcp dport 53")
DEAF: Final = """\
add chain inet lab input { type filter hook input priority 0; }
add rule inet lab input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
add rule inet lab input iifname m1 drop
"""
OWN_CHAIN: Final = "add table inet own\nadd chain inet own output { type filter hook output priority 0; }\n"
ICMP_LIMITS: Final = ("ipv4/icmp_ratelimit", "ipv6/icmp/ratelimit")  # ms between two errors to one address, after a burst of six


def reject(world: World, how: str, *rules: str) -> None:
    """Answer each packet that matches a rule with an error; `how` is a key of REJECTIONS, never slowed by the kernel's own limit."""
    _speak_freely(world)
    world.forward(*(f"{rule} {REJECTIONS[how]}" for rule in rules))


def reject_rarely(world: World, how: str, *rules: str) -> None:
    """Answer one packet for each rule, as a gateway with a limit on ICMP does, and drop the others; the next in an hour.

    A gateway's own limit is one a second. Here no test takes so long that a second packet is answered, however busy the machine is.
    """
    _speak_freely(world)
    for rule in rules:
        world.forward(f"{rule} limit rate 1/hour burst 1 packets {REJECTIONS[how]}", f"{rule} drop")


def let_pass(world: World, *rules: str) -> None:
    """Make exceptions from the rules that are added later."""
    world.forward(*(f"{rule} accept" for rule in rules))


def allow_only(world: World, *rules: str, otherwise: str = "drop") -> None:
    """Let pass what matches, and the answers to it (connection tracking); the rest is dropped or meets a value of REJECTIONS."""
    _speak_freely(world)
    world.forward(f"{ANSWERS} accept", *(f"{rule} accept" for rule in rules), otherwise)


def drop_from(world: World, place: str, *rules: str) -> None:
    """Drop what matches and comes from one side: of the server's side name the answer, such as `udp sport 3478`."""
    world.drop(*(f"{COMES_FROM[place]} {rule}" for rule in rules))


def nothing_passes(world: World) -> None:
    """Drop whatever comes from the client, what it asks of the middle itself included; neighbours still know each other."""
    world.drop("")
    world.nft(DEAF)


def only_names_pass(world: World) -> None:
    """Let the client ask any resolver, in the middle or beyond, and nothing else of anybody beyond."""
    allow_only(world, *NAMES_ONLY)


def refuse_in_client(world: World, *rules: str) -> None:
    """Let the client's own firewall drop what it would send: sending UDP fails with EPERM, a TCP connect hears nothing."""
    world.nft(OWN_CHAIN + "".join(f"add rule inet own output {rule} drop\n" for rule in rules), CLIENT)


def without_ipv4(world: World) -> None:
    """Take the client's IPv4 address and routes away, loopback's excepted."""
    world.run(CLIENT, "ip", "-4", "addr", "flush", "dev", "c0")


def without_ipv6(world: World) -> None:
    """Take the client's IPv6 addresses and routes away, loopback's excepted."""
    world.run(CLIENT, "ip", "-6", "addr", "flush", "dev", "c0")
    world.run(CLIENT, "ip", "-6", "route", "flush", "dev", "c0")


def _speak_freely(world: World) -> None:
    for limit in ICMP_LIMITS:
        world.set(MIDDLE, limit, "0")
