"""Several addresses of one host: the families take turns, each has its share of the time, and what became of each is told."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from nra.model.failure import Failure, FailureKind
from nra.net.ports import NetworkError
from nra.probes.parts.addresses import LEAST_NS, MS, TELLING, Answered, ask_in_turn, family, in_turn, names_until_ns, together
from nra.testing.fake_network import FakeNetwork, refusal

A4, B4, C4, D4, E4 = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"
A6, B6, C6 = "2001:db8::1", "2001:db8::2", "2001:db8::3"
Script = Mapping[str, str | FailureKind]
SECOND: Final = 1_000 * MS


class World:
    """Addresses that answer with a word or fail with a kind, at once; those not scripted are silent until their time is over."""

    def __init__(self, script: Script) -> None:
        """Nobody was asked yet."""
        self.script = script
        self.net = FakeNetwork()
        self.began_ns = self.net.clock.now_ns()
        self.asked: list[str] = []
        self.given_ms: list[int] = []

    async def ask(self, address: str, until_ns: int) -> str:
        """Answer as scripted."""
        self.asked.append(address)
        self.given_ms.append((until_ns - self.net.clock.now_ns()) // MS)
        said = self.script.get(address)
        if said is None:
            self.net.clock.advance_to(until_ns)
            raise NetworkError(refusal(FailureKind.NO_ANSWER, "ask", "silence"))
        if isinstance(said, FailureKind):
            raise NetworkError(refusal(said, "ask", f"{said.value} here"))
        return said

    def outcome(self, addresses: Sequence[str], *, seconds: float = 6.0, each_family: bool = False) -> Answered[str]:
        """Return what asking them comes to."""
        deadline_ns = self.began_ns + round(seconds * SECOND)
        return asyncio.run(ask_in_turn(self.net, addresses, deadline_ns, self.ask, each_family=each_family))

    def failing(self, addresses: Sequence[str], *, seconds: float = 6.0, each_family: bool = False) -> Failure:
        """Return the failure in which asking them ends."""
        with pytest.raises(NetworkError) as caught:
            self.outcome(addresses, seconds=seconds, each_family=each_family)
        return caught.value.failure


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ((A4, B4, C4, A6), [A4, A6, B4, C4]),
        ((A6, B6, A4, C6, B4), [A6, A4, B6, B4, C6]),
        ((A4, B4), [A4, B4]),
        ((A6,), [A6]),
        ((), []),
    ],
)
def test_the_families_take_turns(given: tuple[str, ...], asked: list[str]) -> None:
    """The system's favourite stays first, and inside a family its order stays."""
    assert in_turn(given) == asked


def test_four_dead_addresses_of_one_family_do_not_hide_the_other() -> None:
    """Four are asked at most, and of these two are IPv6's."""
    world = World({B6: "there"})
    assert world.outcome((A4, B4, C4, D4, E4, A6, B6)).address == B6
    assert world.asked == [A4, A6, B4, B6]


def test_one_answer_is_enough_unless_each_family_is_wanted() -> None:
    """Then no other address is asked."""
    world = World({A4: "four", A6: "six"})
    assert world.outcome((A4, A6)) == Answered(A4, "four")
    assert world.asked == [A4]


def test_each_family_is_asked() -> None:
    """An answer over IPv4 says nothing of IPv6; the first answer leads, the other stands beside it."""
    world = World({A4: "four", A6: "six", B4: "more", B6: "more"})
    assert world.outcome((A4, A6, B4, B6), each_family=True) == Answered(A4, "four", ((A6, "six"),))
    assert world.asked == [A4, A6]


def test_another_address_of_a_family_is_asked_where_the_first_fails() -> None:
    """Two of IPv6 until one answers, none of IPv4 after it did; what failed is told too, with its address."""
    world = World({A4: "four", A6: FailureKind.REFUSED, B6: "six"})
    found = world.outcome((A4, A6, B4, B6), each_family=True)
    failed = Failure(kind=FailureKind.REFUSED, operation="ask", detail="refused here", address=A6)
    assert found == Answered(A4, "four", ((A6, failed), (B6, "six")))
    assert world.asked == [A4, A6, B6]


def test_the_first_answer_leads_whatever_failed_before() -> None:
    """An IPv6 address without a route stands beside the IPv4 answer."""
    world = World({A6: FailureKind.UNREACHABLE, A4: "four"})
    found = world.outcome((A6, A4), each_family=True)
    assert (found.address, found.value) == (A4, "four")
    assert [address for address, _ in found.others] == [A6]


@pytest.mark.parametrize(
    ("addresses", "shares_ms"),
    [((A4,), [6000]), ((A4, A6), [3000, 3000]), ((A4, B4, C4), [2000] * 3), ((A4, B4, C4, D4), [1500] * 4)],
)
def test_each_address_has_its_share_of_the_time(addresses: tuple[str, ...], shares_ms: list[int]) -> None:
    """Silent ones leave the others theirs, and all of it is over by the deadline."""
    world = World({})
    world.failing(addresses)
    assert world.given_ms == shares_ms
    assert world.net.clock.now_ns() == world.began_ns + 6 * SECOND


def test_what_a_quick_failure_leaves_is_for_the_others() -> None:
    """A share is taken of the time that is left."""
    world = World({A4: FailureKind.REFUSED})
    world.failing((A4, B4))
    assert world.given_ms == [3000, 6000]


def test_half_a_question_is_not_asked() -> None:
    """Of four silent addresses in 5 s three have the time of three tries; the fourth is not asked with what is left."""
    world = World({D4: "late"})
    world.failing((A4, B4, C4, D4), seconds=5.0)
    assert (world.asked, world.given_ms) == ([A4, B4, C4], [1500] * 3)


def test_the_first_is_asked_however_little_time_there_is() -> None:
    """It is given what there is."""
    world = World({})
    world.failing((A4, B4), seconds=0.2)
    assert (world.asked, world.given_ms) == ([A4], [200])


def test_whoever_stops_does_not_wait_for_other_addresses() -> None:
    """A stop is no property of an address: it passes through as it is."""
    world = World({A4: FailureKind.STOPPED, A6: "six"})
    failure = world.failing((A4, A6), each_family=True)
    assert (failure.kind, failure.detail, failure.address) == (FailureKind.STOPPED, "stopped here", None)
    assert world.asked == [A4]


def test_a_failure_of_all_names_each_address_and_its_family() -> None:
    """The most telling of them stands, and it is known of which address it is."""
    failure = World({A6: FailureKind.UNREACHABLE, A4: FailureKind.REFUSED}).failing((A6, A4), each_family=True)
    assert (failure.kind, failure.address) == (FailureKind.REFUSED, A4)
    assert failure.detail == f"IPv6 {A6}: unreachable here; IPv4 {A4}: refused here"


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (FailureKind.NO_ANSWER, FailureKind.UNREACHABLE, FailureKind.NO_ANSWER),
        (FailureKind.UNREACHABLE, FailureKind.NO_ANSWER, FailureKind.NO_ANSWER),
        (FailureKind.REFUSED, FailureKind.NO_ANSWER, FailureKind.REFUSED),
        (FailureKind.UNREACHABLE, FailureKind.PROHIBITED, FailureKind.PROHIBITED),
        (FailureKind.LOCAL, FailureKind.LOCAL, FailureKind.LOCAL),
        (FailureKind.TLS_FAILED, FailureKind.WRONG_PROTOCOL, FailureKind.WRONG_PROTOCOL),
        (FailureKind.TLS_UNTRUSTED, FailureKind.UNREACHABLE, FailureKind.TLS_UNTRUSTED),
        (FailureKind.TLS_UNTRUSTED, FailureKind.NO_ANSWER, FailureKind.TLS_UNTRUSTED),
        (FailureKind.WRONG_PROTOCOL, FailureKind.UNREACHABLE, FailureKind.WRONG_PROTOCOL),
    ],
)
def test_of_several_failures_the_most_telling_counts(first: FailureKind, second: FailureKind, kind: FailureKind) -> None:
    """An address without a route must not hide that another was silent or refused."""
    failure = together([(A4, refusal(first)), (A6, refusal(second))])
    assert failure.kind is kind
    assert f"IPv4 {A4}: " in failure.detail
    assert f"IPv6 {A6}: " in failure.detail


def test_every_telling_kind_stands_once() -> None:
    """The table is an order."""
    assert len(set(TELLING)) == len(TELLING)


def test_families_as_people_say_them() -> None:
    """A zone makes no difference."""
    assert [family(address) for address in (A4, A6, "fe80::1%eth0")] == ["IPv4", "IPv6", "IPv6"]


@pytest.mark.parametrize(("seconds", "questions", "until_ms"), [(5.0, 1, 3500), (6.0, 2, 3000), (2.0, 1, 1000), (1.0, 1, 500)])
def test_a_resolver_that_hangs_leaves_time_for_the_question(seconds: float, questions: int, until_ms: int) -> None:
    """So much as the question takes, but half of the time is for the name."""
    assert names_until_ns(7 * SECOND, 7 * SECOND + round(seconds * SECOND), questions) == 7 * SECOND + until_ms * MS
    assert LEAST_NS == 1500 * MS
