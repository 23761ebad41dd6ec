"""The resolver's memory: each name asked once, failures kept, a dead resolver waited for once."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nra.model.failure import Failure, FailureKind
from nra.net import names as room
from nra.net.clock import SystemClock
from nra.net.names import Names
from nra.net.ports import NetworkError

MS = 1_000_000
CLOCK = SystemClock()


class Resolver:
    """A resolver of our own: names that it knows, names that it is silent about until `go`, names that fail."""

    def __init__(self) -> None:
        """Know nobody."""
        self.known: dict[str, tuple[str, ...]] = {}
        self.silent: dict[str, threading.Event] = {}
        self.failing: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.returned: list[str] = []

    def __call__(self, host: str, *_: object, **__: object) -> list[object]:
        """Answer as socket.getaddrinfo does."""
        self.asked.append(host)
        if host in self.silent:
            self.silent[host].wait(60)
        self.returned.append(host)
        if host in self.failing:
            raise self.failing[host]
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0)) for address in self.known[host]]

    def mute(self, *hosts: str) -> None:
        """Be silent about these names."""
        self.silent |= {host: threading.Event() for host in hosts}


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """The system's resolver is ours; a wait of a millisecond tells something of it; in the end nobody is left waiting."""
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    monkeypatch.setattr(room, "LEAST_SILENCE_NS", MS)
    yield made
    for event in made.silent.values():
        event.set()


async def found(names: Names, host: str, ms: int = 5000) -> tuple[str, ...] | Failure:
    """Return the addresses or the failure."""
    try:
        return await names.addresses(host, CLOCK.now_ns() + ms * MS)
    except NetworkError as error:
        return error.failure


def kinds(*outcomes: tuple[str, ...] | Failure) -> list[str]:
    """Return the kinds of failure, "found" for addresses."""
    return [outcome.kind.value if isinstance(outcome, Failure) else "found" for outcome in outcomes]


def test_addresses_once_and_in_order(resolver: Resolver) -> None:
    """The system's order of preference, each address once."""
    resolver.known["a.example"] = ("2001:db8::1", "192.0.2.1", "192.0.2.1")
    assert asyncio.run(found(Names(CLOCK), "a.example")) == ("2001:db8::1", "192.0.2.1")


def test_a_name_is_asked_for_once(resolver: Resolver) -> None:
    """Those who ask at the same time share the question, those who ask later the answer, under whichever event loop."""
    resolver.known["a.example"] = ("192.0.2.1",)
    resolver.mute("a.example")
    names = Names(CLOCK)

    async def several() -> list[tuple[str, ...] | Failure]:
        asking = [asyncio.ensure_future(found(names, "a.example")) for _ in range(3)]
        await asyncio.sleep(0)
        resolver.silent["a.example"].set()
        return await asyncio.gather(*asking)

    assert asyncio.run(several()) == [("192.0.2.1",)] * 3
    assert asyncio.run(found(names, "a.example", ms=0)) == ("192.0.2.1",)
    assert resolver.asked == ["a.example"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), FailureKind.NAME_NOT_FOUND),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), FailureKind.NAME_UNRESOLVED),
        (UnicodeError("label too long"), FailureKind.NAME_NOT_FOUND),
    ],
)
def test_a_resolver_that_says_no(error: Exception, kind: FailureKind, resolver: Resolver) -> None:
    """No such name, no answer of its servers, and no legal name are told apart; the answer is kept, too."""
    resolver.failing["a.example"] = error
    names = Names(CLOCK)
    for _ in range(2):
        failure = asyncio.run(found(names, "a.example"))
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.operation) == (kind, "resolve")
        assert failure.detail
    assert resolver.asked == ["a.example"]


def test_a_defect_is_not_swallowed(resolver: Resolver) -> None:
    """What is no error of a resolver reaches whoever asked."""
    resolver.failing["a.example"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(found(Names(CLOCK), "a.example"))


def test_a_resolver_that_hangs_is_left_behind(resolver: Resolver) -> None:
    """The deadline holds although the system's call goes on: the program does not wait for it, not even at its end."""
    resolver.mute("a.example")
    failure = asyncio.run(found(Names(CLOCK), "a.example", ms=50))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.detail) == (FailureKind.NAME_UNRESOLVED, "the resolver did not answer in time")
    assert (resolver.asked, resolver.returned) == (["a.example"], [])


def test_each_who_waits_has_a_deadline_of_its_own(resolver: Resolver) -> None:
    """Of two who share a question one gives up, the other is answered."""
    resolver.known["a.example"] = ("192.0.2.1",)
    resolver.mute("a.example")
    names = Names(CLOCK)

    async def both() -> list[str]:
        patient = asyncio.ensure_future(found(names, "a.example"))
        hasty = await found(names, "a.example", ms=5)
        resolver.silent["a.example"].set()
        return kinds(hasty, await patient)

    assert asyncio.run(both()) == ["name_unresolved", "found"]


def test_a_dead_resolver_costs_its_time_once(resolver: Resolver) -> None:
    """It never said a word: no other name is put to it, and all fail at once, with how long it was silent."""
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run() -> tuple[str, ...] | Failure:
        await found(names, "silent.example", 40)
        began = time.perf_counter()
        for _ in range(20):
            await found(names, "silent.example", 60_000)
        failure = await found(names, "b.example", 60_000)
        assert time.perf_counter() - began < 5
        return failure

    failure = asyncio.run(run())
    assert isinstance(failure, Failure)
    silent_s = names._silent_ns["silent.example"] / 1e9  # as long as we were kept from noticing
    assert (failure.kind, failure.detail) == (FailureKind.NAME_UNRESOLVED, f"the resolver was silent for {silent_s:.1f} s before")
    assert resolver.asked == ["silent.example"]


def test_a_resolver_that_spoke_before_is_asked_again(resolver: Resolver) -> None:
    """Silence about one name is then that name's own: others are asked, this one is not waited for a second time."""
    resolver.known["b.example"] = resolver.known["c.example"] = ("192.0.2.1",)
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run(first: str) -> list[str]:
        await found(names, first)
        outcomes = [await found(names, host, ms) for host, ms in (("silent.example", 40), ("c.example", 5000), ("silent.example", 60_000))]
        return kinds(*outcomes)

    assert asyncio.run(run("b.example")) == ["name_unresolved", "found", "name_unresolved"]
    assert resolver.asked == ["b.example", "silent.example", "c.example"]


def test_that_there_is_no_such_name_is_a_word(resolver: Resolver) -> None:
    """A resolver that knows that there is none is alive."""
    resolver.known["c.example"] = ("192.0.2.1",)
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run() -> list[str]:
        return kinds(*[await found(names, host, ms) for host, ms in (("none.example", 5000), ("silent.example", 40), ("c.example", 5000))])

    assert asyncio.run(run()) == ["name_not_found", "name_unresolved", "found"]


def test_that_it_gave_up_is_no_word(resolver: Resolver) -> None:
    """The system's call that ends by itself after its own patience says that the servers are silent: they still are."""
    resolver.failing["silent.example"] = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run() -> list[str]:
        await found(names, "silent.example", 40)
        resolver.silent["silent.example"].set()
        await asyncio.wrap_future(names._questions["silent.example"].outcome)
        return kinds(await found(names, "b.example", 60_000))

    assert asyncio.run(run()) == ["name_unresolved"]
    assert resolver.asked == ["silent.example"]


def test_a_short_wait_condemns_nobody(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline shorter than a resolver's usual patience tells of the deadline: others are asked all the same."""
    monkeypatch.setattr(room, "LEAST_SILENCE_NS", 60_000 * MS)
    resolver.known["b.example"] = ("192.0.2.1",)
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run() -> list[str]:
        return kinds(await found(names, "silent.example", 40), await found(names, "b.example"))

    assert asyncio.run(run()) == ["name_unresolved", "found"]


def test_questions_under_way_keep_their_deadlines(resolver: Resolver) -> None:
    """What was asked before the verdict is answered after it, and that ends the verdict."""
    resolver.known |= {"b.example": ("192.0.2.1",), "c.example": ("192.0.2.2",)}
    resolver.mute("silent.example", "b.example")
    names = Names(CLOCK)

    async def run() -> list[str]:
        under_way = asyncio.ensure_future(found(names, "b.example"))
        silent = await found(names, "silent.example", 40)
        condemned = await found(names, "c.example")
        resolver.silent["b.example"].set()
        return kinds(silent, condemned, await under_way, await found(names, "c.example"))

    assert asyncio.run(run()) == ["name_unresolved", "name_unresolved", "found", "found"]


def test_an_answer_that_came_too_late_is_kept(resolver: Resolver) -> None:
    """Whoever asks again has it."""
    resolver.known["silent.example"] = ("192.0.2.1",)
    resolver.mute("silent.example")
    names = Names(CLOCK)

    async def run() -> tuple[str, ...] | Failure:
        await found(names, "silent.example", 40)
        resolver.silent["silent.example"].set()
        await asyncio.wrap_future(names._questions["silent.example"].outcome)
        return await found(names, "silent.example", 0)

    assert asyncio.run(run()) == ("192.0.2.1",)
