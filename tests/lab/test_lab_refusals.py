"""How a network declines, and who does: every way has its kind and its evidence, over UDP and TCP, IPv4 and IPv6 (contract 4.4)."""

import re
from itertools import count
from typing import Final

import pytest
from lab_refusals import Told, rules, start_complaining, told
from lab_services import ask
from lab_world import (
    CLIENT,
    MIDDLE,
    MIDDLE_ADDRESS,
    MIDDLE_ADDRESS_6,
    SERVER,
    SERVER_ADDRESS,
    SERVER_ADDRESS_6,
    World,
    document_of,
    nra_run,
    start_reflector,
)

pytestmark = pytest.mark.namespaces

CLIENT_ADDRESS: Final = "10.71.1.2"
BEYOND: Final = "10.71.1.77"  # on the client's link, and nobody's

# How nft rejects, the failure's kind, and its words; RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1
REJECTIONS: Final = {
    SERVER_ADDRESS: [
        ("icmp type net-unreachable", "unreachable", "ICMP net unreachable (type 3, code 0)"),
        ("icmp type host-unreachable", "unreachable", "ICMP host unreachable (type 3, code 1)"),
        ("icmp type prot-unreachable", "refused", "ICMP protocol unreachable (type 3, code 2)"),
        ("icmp type port-unreachable", "refused", "ICMP port unreachable (type 3, code 3)"),
        ("icmp type net-prohibited", "prohibited", "ICMP network administratively prohibited (type 3, code 9)"),
        ("icmp type host-prohibited", "prohibited", "ICMP host administratively prohibited (type 3, code 10)"),
        ("icmp type admin-prohibited", "prohibited", "ICMP communication administratively prohibited (type 3, code 13)"),
    ],
    SERVER_ADDRESS_6: [
        ("icmpv6 type no-route", "unreachable", "ICMPv6 no route to destination (type 1, code 0)"),
        ("icmpv6 type admin-prohibited", "prohibited", "ICMPv6 communication administratively prohibited (type 1, code 1)"),
        ("icmpv6 type addr-unreachable", "unreachable", "ICMPv6 address unreachable (type 1, code 3)"),
        ("icmpv6 type port-unreachable", "refused", "ICMPv6 port unreachable (type 1, code 4)"),
        ("icmpv6 type policy-fail", "prohibited", "ICMPv6 source address failed ingress/egress policy (type 1, code 5)"),
        ("icmpv6 type reject-route", "prohibited", "ICMPv6 reject route to destination (type 1, code 6)"),
    ],
}
ROUTER: Final = {SERVER_ADDRESS: MIDDLE_ADDRESS, SERVER_ADDRESS_6: MIDDLE_ADDRESS_6}
DETAIL: Final = {
    "udp": r"each of 3 sent: (.*) after [0-9]+\.[0-9] ms",
    "tcp": r"(.*) after [0-9]+\.[0-9] ms",
}
FIRST_PORT: Final = 9001
PATIENCE_MS: Final = 5000  # of an attempt to connect

both_families = pytest.mark.parametrize("address", [SERVER_ADDRESS, SERVER_ADDRESS_6], ids=["IPv4", "IPv6"])
both_protocols = pytest.mark.parametrize("protocol", ["udp", "tcp"])


@both_families
@both_protocols
def test_each_rejection_by_its_own_words_and_sender(world: World, address: str, protocol: str) -> None:
    """Kind, type and code as they were sent; the far host's own word and that of a firewall on the way are told apart."""
    expected: dict[str, Told] = {}
    numbers = count(FIRST_PORT)
    for place, sender in ((MIDDLE, ROUTER[address]), (SERVER, address)):
        lines = []
        for how, kind, words in REJECTIONS[address]:
            port = next(numbers)
            lines.append(f"{protocol} dport {port} reject with {how}")
            expected[f"{protocol}:{port}"] = Told(kind, f"{words} from {sender}", sender)
        rules(world, place, *lines)
    found = told(world, address, *expected)
    tried = "each of 3 sent: " if protocol == "udp" else ""
    assert all(re.fullmatch(rf"{tried}.* after [0-9]+\.[0-9] ms", seen.detail or "") for seen in found.values()), found
    words_of = {port: (seen.detail or "").removeprefix(tried).partition(" after ")[0] for port, seen in found.items()}
    found = {port: Told(seen.kind, words_of[port], seen.by) for port, seen in found.items()}
    assert found == expected


@both_families
def test_a_reset_is_told_from_icmp(world: World, address: str) -> None:
    """An RST names nobody: from the host at which nobody listens, or from a firewall in its name."""
    rules(world, MIDDLE, "tcp dport 9001 reject with tcp reset")
    for seen in told(world, address, "tcp:9001", "tcp:9002").values():
        assert (seen.kind, seen.by) == ("refused", None)
        assert re.fullmatch(r"RST after [0-9]+\.[0-9] ms", seen.detail or "")


@both_families
def test_a_closed_udp_port_is_the_host_s_own_word(world: World, address: str) -> None:
    """Nobody listens and no firewall is in the way: port unreachable, from the very host that was asked."""
    seen = told(world, address, "udp:9001")["udp:9001"]
    assert (seen.kind, seen.by) == ("refused", address)
    assert "port unreachable" in (seen.detail or "")


@both_families
def test_what_is_dropped_is_silence(world: World, address: str) -> None:
    """No word from anybody is no answer, over either protocol, and nobody is named."""
    rules(world, MIDDLE, "udp dport 9001 drop", "tcp dport 9001 drop")
    found = told(world, address, "udp:9001", "tcp:9001")
    assert found["udp:9001"] == Told("no_answer", "3 sent within 500 ms, no answer within 1500 ms", None)
    assert (found["tcp:9001"].kind, found["tcp:9001"].by) == ("no_answer", None)
    waited = re.fullmatch(r"no answer to SYN within ([0-9]+\.[0-9]) s", found["tcp:9001"].detail or "")
    assert waited, found
    assert float(waited[1]) >= PATIENCE_MS / 1000


@both_families
@both_protocols
def test_the_workstation_s_own_firewall(world: World, address: str, protocol: str) -> None:
    """A rejection that never left this machine says so."""
    how = "icmpv6 type admin-prohibited" if ":" in address else "icmp type admin-prohibited"
    rules(world, CLIENT, f"{protocol} dport 9001 reject with {how}")
    (seen,) = told(world, address, f"{protocol}:9001").values()
    assert seen.kind == "prohibited"
    assert ", this workstation itself" in (seen.detail or "")


@both_families
def test_without_a_route(world: World, address: str) -> None:
    """What the routing table does not know is not sent: no route, over either protocol."""
    world.run(CLIENT, "ip", "route", "del", "default")
    world.run(CLIENT, "ip", "-6", "route", "del", "default")
    for seen in told(world, address, "udp:9001", "tcp:9001").values():
        assert seen == Told("unreachable", "no route (Network is unreachable)", None)


def test_nobody_at_the_next_hop(world: World) -> None:
    """Nobody answers ARP: the host unreachable that ends the wait is this workstation's own, and is told as what it means."""
    (seen,) = told(world, BEYOND, "tcp:9001").values()
    assert (seen.kind, seen.by) == ("unreachable", CLIENT_ADDRESS)
    assert re.fullmatch(r"no such host or gateway on the link \(own ICMP, type 3, code 1\) after [0-9]+\.[0-9] ms", seen.detail or "")


def test_an_error_that_takes_its_time(world: World) -> None:
    """It ends the attempt to connect when it comes, and the time until then is in the evidence (a routing loop, here).

    An attempt that it did not end would take its whole patience, and tell of silence.
    """
    rules(world, MIDDLE, "tcp dport 9001 drop")
    start_complaining(world, "tcp", 11, 0, delay_ms=100)
    (seen,) = told(world, SERVER_ADDRESS, "tcp:9001").values()
    assert (seen.kind, seen.by) == ("unreachable", MIDDLE_ADDRESS)
    said = re.fullmatch(r"ICMP time to live exceeded in transit \(type 11, code 0\) from \S+ after ([0-9.]+) ms", seen.detail or "")
    assert said, seen
    assert 100 <= float(said[1]) < PATIENCE_MS


@both_protocols
def test_a_path_for_smaller_packets_is_no_refusal(world: World, protocol: str) -> None:
    """Fragmentation needed says nothing of the port: what follows is silence (RFC 1191)."""
    rules(world, MIDDLE, f"{protocol} dport 9001 drop")
    start_complaining(world, protocol, 3, 4)
    (seen,) = told(world, SERVER_ADDRESS, f"{protocol}:9001").values()
    assert (seen.kind, seen.by) == ("no_answer", None)


@pytest.mark.parametrize("code", [1, 3, 4, 13])
def test_voice_rides_out_complaints(world: World, code: int) -> None:
    """A router that sends an ICMP error for every packet and forwards it all the same costs the stream nothing."""
    start_reflector(world)
    start_complaining(world, "udp", 3, code)
    run = nra_run(world, "--region", "eu-central-1", "--only", "voice", "--reflector", SERVER_ADDRESS, "--duration", "2", "--json")
    voice = document_of(run.end(40))["voice"]
    assert voice["sent"] + voice["not_sent"] == 100
    assert voice["sent"] > 50
    assert voice["instrument"]["not_taken"] == []  # what was not sent is a slot that this machine missed
    assert (voice["up"]["lost"], voice["down"]["lost"], voice["lost_unknown"], voice["up"]["received"]) == (0, 0, 0, voice["sent"])


SLOW_SERVER: Final = """
import socket, time
with socket.create_server(("10.71.2.2", 80)) as server:
    print("listening", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            time.sleep(0.3)
            connection.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
"""


def test_an_open_connection_rides_out_complaints(world: World) -> None:
    """TCP must not end an open connection for a host unreachable (RFC 1122 4.2.3.9), though it was asked for while connecting."""
    world.python(SERVER, "-c", SLOW_SERVER).wait_for("listening")
    start_complaining(world, "tcp", 3, 1, skip=1)
    assert "200" in ask(world, "http_head", SERVER_ADDRESS, 80)["value"]["said"]
