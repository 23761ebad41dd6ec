"""Who is answered: decided by the source alone."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from nra.reflector import guard as room
from nra.reflector.guard import FIRST_OF_CLIENTS, RATE_LIMIT_PER_S, RESPONDER_PORTS, Guard

NOW = 1_767_600_000_000_000_000
SECOND = 1_000_000_000
HERE = "192.0.2.1"


def granted(guard: Guard, packets: int, now_ns: int = NOW, address: str = HERE) -> int:
    """Return how many of these packets, all at one moment, are answered."""
    return sum(guard.refuses(address, 50000, now_ns) is None for _ in range(packets))


RESPONDERS = [53, 123, 161, 177, 862, 1434, 1900, 3283, 3702, 5093, 5351, 5353, 5355, 5683, 7770, 10001, 20862, 27015, 27960]


@pytest.mark.parametrize("port", RESPONDERS)
def test_ports_of_responders_are_not_answered(port: int) -> None:
    """A forged packet from another responder would start a loop between the two."""
    assert Guard().refuses(HERE, port, NOW) == "responder_port"


def test_ports_that_a_workstation_may_be_given_are_answered() -> None:
    """Linux begins at 32768, Windows and macOS at 49152: nobody shall be met with silence by chance."""
    assert max(RESPONDER_PORTS) < FIRST_OF_CLIENTS
    path = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if path.exists() and (first := int(path.read_text().split()[0])) >= FIRST_OF_CLIENTS:
        assert all(Guard().refuses(HERE, port, NOW) is None for port in (first, 37810, 60999, 65535))


def test_its_own_port_is_one_of_them() -> None:
    """Whatever port it was told to listen on, it does not answer itself."""
    assert Guard(own_ports=frozenset({40000})).refuses(HERE, 40000, NOW) == "responder_port"
    assert Guard().refuses(HERE, 40000, NOW) is None


@pytest.mark.parametrize(
    ("address", "refused"),
    [("192.0.2.77", False), ("192.0.3.1", True), ("2001:db8::5", False), ("2001:db9::5", True), ("fe80::1%eth0", True)],
)
def test_only_allowed_networks_are_answered(address: str, refused: bool) -> None:
    """`--allow` holds for both families, and for addresses with a zone."""
    guard = Guard(allow=[ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")])
    assert guard.refuses(address, 50000, NOW) == ("not_allowed" if refused else None)


def test_a_zone_is_no_part_of_the_network() -> None:
    """A link-local address is allowed by its network."""
    assert Guard(allow=[ip_network("fe80::/10")]).refuses("fe80::1%eth0", 50000, NOW) is None


def test_a_source_has_so_many_packets_a_second() -> None:
    """A bucket of one second's worth: then as many as time brings."""
    guard = Guard(rate_limit=100)
    assert granted(guard, 150) == 100
    assert granted(guard, 10, NOW + SECOND // 20) == 5
    assert granted(guard, 500, NOW + 10 * SECOND) == 100
    assert guard.refuses(HERE, 50000, NOW + 10 * SECOND) == "rate_limited"


def test_sources_do_not_share() -> None:
    """One source's excess costs nobody else; its ports are the same source."""
    guard = Guard(rate_limit=10)
    assert granted(guard, 20) == 10
    assert guard.refuses(HERE, 50001, NOW) == "rate_limited"
    assert granted(guard, 20, address="192.0.2.2") == 10


def test_the_default_lets_a_hundred_calls_pass() -> None:
    """5000 packets/s for ten seconds (contract 1)."""
    guard = Guard()
    assert RATE_LIMIT_PER_S >= 5000
    refused = sum(guard.refuses(HERE, 50000, NOW + number * SECOND // 5000) is not None for number in range(20_000))
    assert refused == 0


def test_no_limit() -> None:
    """0 is no limit."""
    assert granted(Guard(rate_limit=0), 20_000) == 20_000


def test_a_clock_that_goes_backwards_costs_nobody_anything() -> None:
    """Tokens neither vanish nor appear when time steps back by an hour."""
    guard = Guard(rate_limit=10)
    assert granted(guard, 4) == 4
    assert granted(guard, 20, NOW - 3600 * SECOND) == 6
    assert granted(guard, 20, NOW) == 0
    assert granted(guard, 20, NOW + SECOND) == 10


def test_forged_sources_cost_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses come, so many buckets are kept, the newest."""
    monkeypatch.setattr(room, "MAX_BUCKETS", 50)
    guard = Guard(rate_limit=1)
    for number in range(500):
        guard.refuses(f"10.0.{number // 250}.{number % 250}", 50000, NOW + number)
    assert len(guard._bucket_of) == 50
    assert all(guard.refuses(f"10.0.1.{number}", 50000, NOW + 500) == "rate_limited" for number in range(200, 250))
    assert guard.forgotten == 450


def test_a_64_is_one_source() -> None:
    """An IPv6 host picks addresses in its /64 as it likes: they share one bucket, another /64 has its own."""
    guard = Guard(rate_limit=10)
    assert sum(granted(guard, 10, address=f"2001:db8::{number:x}") for number in range(1, 9)) == 10
    assert granted(guard, 10, address="2001:db8:0:1::1") == 10


def test_all_sources_together_have_a_limit_too() -> None:
    """It is filled up again by the second; what a source's own limit takes costs the others nothing."""
    guard = Guard(rate_limit=10, total_limit=25)
    assert [granted(guard, 20, address=f"192.0.2.{number}") for number in range(1, 4)] == [10, 10, 5]
    assert guard.refuses("192.0.2.9", 50000, NOW) == "total_limited"
    assert guard.refuses("192.0.2.1", 50000, NOW) == "rate_limited"
    assert sum(granted(guard, 20, NOW + SECOND, address=f"192.0.2.{number}") for number in range(1, 9)) == 25
    assert granted(Guard(rate_limit=0, total_limit=25), 100) == 25
    assert granted(Guard(rate_limit=0, total_limit=25), 100, NOW - 3600 * SECOND) == 25


def test_many_may_be_taken_at_once() -> None:
    """As one by one; backwards in time nothing is filled up."""
    guard = Guard(total_limit=100)
    assert [guard.take_of_all(60, NOW), guard.take_of_all(60, NOW - SECOND), guard.take_of_all(60, NOW)] == [60, 40, 0]
    assert guard.take_of_all(60, NOW + SECOND // 2) == 50
