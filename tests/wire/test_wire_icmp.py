"""What each ICMP error says of a port: declined, not reached, or nothing."""

import pytest

from nra.model.failure import FailureKind
from nra.wire.icmp import ICMP, ICMPV6, NO_NEIGHBOUR, TABLES


@pytest.mark.parametrize(
    ("protocol", "kind", "numbers"),
    [
        ("ICMP", FailureKind.REFUSED, {(3, 2), (3, 3)}),
        ("ICMP", FailureKind.PROHIBITED, {(3, 9), (3, 10), (3, 13), (3, 14), (3, 15)}),
        ("ICMP", FailureKind.UNREACHABLE, {(3, 0), (3, 1), (3, 5), (3, 6), (3, 7), (3, 8), (3, 11), (3, 12), (11, 0)}),
        ("ICMP", None, {(3, 4), (11, 1)}),
        ("ICMPv6", FailureKind.REFUSED, {(1, 4), (4, 1)}),
        ("ICMPv6", FailureKind.PROHIBITED, {(1, 1), (1, 5), (1, 6)}),
        ("ICMPv6", FailureKind.UNREACHABLE, {(1, 0), (1, 2), (1, 3), (1, 7), (3, 0)}),
        ("ICMPv6", None, {(2, 0), (3, 1)}),
    ],
)
def test_each_error_has_its_kind(protocol: str, kind: FailureKind | None, numbers: set[tuple[int, int]]) -> None:
    """RFC 792, RFC 1122 3.2.2.1 and RFC 1812 5.2.7.1; RFC 4443 3. What is about the size of a packet is no word on its port."""
    assert {number for number, meaning in TABLES[protocol].items() if meaning.kind is kind} == numbers


def test_words_tell_errors_apart() -> None:
    """No two errors of a protocol read the same, and those that the own stack makes up are in the tables."""
    for table in (ICMP, ICMPV6):
        assert len({meaning.words for meaning in table.values()}) == len(table)
    assert all((kind, code) in TABLES[protocol] for protocol, kind, code in NO_NEIGHBOUR)
