"""The lab's resolvers, asked by plain datagrams and by the client's own library."""

import json
import sys
from typing import Final

import pytest
from lab_dns import NXDOMAIN, REFUSED, SERVFAIL, SILENT, hijack_names, lying, only, resolve_by, start_unbound, zone
from lab_filters import nothing_passes, only_names_pass
from lab_peers import API, HOSTS, STUN
from lab_plain import dns
from lab_world import (
    CLIENT,
    MIDDLE_ADDRESS,
    MIDDLE_ADDRESS_6,
    SECOND_ADDRESS,
    SECOND_ADDRESS_6,
    SERVER_ADDRESS,
    SERVER_ADDRESS_6,
    World,
)

from nra.wire.dns import RecordType

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

NOWHERE: Final = "10.71.1.99"
NO_SUCH_NAME: Final = 3
SILENCE_S: Final = 1.0
LOOK_UP: Final = "import json, socket, sys; print(json.dumps(sorted({each[4][0] for each in socket.getaddrinfo(sys.argv[1], 443)})))"


def addresses(world: World, name: str, kind: RecordType = RecordType.A, server: str = MIDDLE_ADDRESS) -> list[str]:
    """Return what a resolver knows of a name; fails when it does not answer."""
    response = dns(world, server, name, kind)
    assert response is not None
    return [record.address for record in response.addresses]


def looked_up(world: World, name: str) -> list[str]:
    """Return what the client's own library makes of a name."""
    found: list[str] = json.loads(world.run(CLIENT, sys.executable, "-c", LOOK_UP, name))
    return found


@pytest.mark.parametrize("resolver", [MIDDLE_ADDRESS, MIDDLE_ADDRESS_6], ids=["IPv4", "IPv6"])
def test_the_names_of_the_region(world: World, resolver: str) -> None:
    """Both kinds of records, asked in both families, and no name but these."""
    resolve_by(world, zone(HOSTS), resolver)
    assert addresses(world, API, server=resolver) == [SERVER_ADDRESS]
    assert addresses(world, API, RecordType.AAAA, resolver) == [SERVER_ADDRESS_6]
    assert looked_up(world, STUN[2]) == [SECOND_ADDRESS, SECOND_ADDRESS_6]
    unknown = dns(world, resolver, "elsewhere.example")
    assert unknown is not None
    assert unknown.rcode == NO_SUCH_NAME


@pytest.mark.parametrize(("kind", "known"), [("A", SERVER_ADDRESS), ("AAAA", SERVER_ADDRESS_6)])
def test_records_of_one_kind(world: World, kind: str, known: str) -> None:
    """A zone without A or without AAAA answers the other question with nothing, which is no error (RFC 2308 2.2)."""
    resolve_by(world, zone(only(kind, HOSTS)))
    assert looked_up(world, API) == [known]
    other = dns(world, MIDDLE_ADDRESS, API, RecordType.AAAA if kind == "A" else RecordType.A)
    assert other is not None
    assert (other.rcode, other.addresses) == (0, ())


def test_a_resolver_that_lies(world: World) -> None:
    """Every name has the address of its choice."""
    resolve_by(world, lying(NOWHERE))
    assert addresses(world, API) == addresses(world, "elsewhere.example") == [NOWHERE]
    assert looked_up(world, API) == [NOWHERE]


@pytest.mark.parametrize(("manner", "code"), [(NXDOMAIN, 3), (SERVFAIL, 2), (REFUSED, 5)], ids=["NXDOMAIN", "SERVFAIL", "REFUSED"])
def test_a_resolver_that_says_no(world: World, manner: str, code: int) -> None:
    """By its code (RFC 1035 4.1.1)."""
    resolve_by(world, manner)
    response = dns(world, MIDDLE_ADDRESS, API)
    assert response is not None
    assert (response.rcode, response.addresses) == (code, ())


def test_a_resolver_that_is_silent(world: World) -> None:
    """It is there, takes the question and never answers: no ICMP either."""
    resolve_by(world, SILENT)
    assert dns(world, MIDDLE_ADDRESS, API, patience_s=SILENCE_S) is None


def test_names_where_nothing_else_passes(world: World) -> None:
    """The resolver in the middle answers when nothing is forwarded but names, and is silent when nothing is allowed at all."""
    resolve_by(world, zone(HOSTS))
    only_names_pass(world)
    assert addresses(world, API) == [SERVER_ADDRESS]
    nothing_passes(world)
    assert dns(world, MIDDLE_ADDRESS, API, patience_s=SILENCE_S) is None


def test_a_hijacked_resolver(world: World) -> None:
    """Whoever is asked, the middle answers in that name."""
    start_unbound(world, manner=zone(HOSTS))
    resolve_by(world, lying(NOWHERE))
    assert addresses(world, API, server=SERVER_ADDRESS) == [SERVER_ADDRESS]
    hijack_names(world)
    assert addresses(world, API, server=SERVER_ADDRESS) == [NOWHERE]
    assert addresses(world, API, server=SECOND_ADDRESS_6) == [NOWHERE]
