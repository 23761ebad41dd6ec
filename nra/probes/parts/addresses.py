"""Several addresses of one host: which are asked, for how long each, and what to say when all of them failed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Final, Generic, TypeVar

from nra.model.failure import Failure, FailureKind
from nra.net.ports import Network, NetworkError

T = TypeVar("T")

MS: Final = 1_000_000
MOST_ADDRESSES: Final = 4  # of one name: each silent one costs seconds
LEAST_NS: Final = 1_500 * MS  # with less time than this left, a further address would be asked half a question
TELLING: Final = (
    FailureKind.TLS_UNTRUSTED,
    FailureKind.REFUSED,
    FailureKind.PROHIBITED,
    FailureKind.BARRED,
    FailureKind.RESET,
    FailureKind.WRONG_PROTOCOL,
    FailureKind.TLS_FAILED,
    FailureKind.NO_ANSWER,
    FailureKind.UNREACHABLE,
)
"""What says most of the way to a host, first: an IPv6 address without a route must not hide that IPv4 was intercepted, or silent."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """What the first address that answered gave, and what became of the others that were asked."""

    address: str
    value: T
    others: tuple[tuple[str, T | Failure], ...] = ()


async def ask_in_turn(
    net: Network, addresses: Sequence[str], deadline_ns: int, ask: Callable[[str, int], Awaitable[T]], *, each_family: bool = False
) -> Answered[T]:
    """Ask one address after the other until one answers, or with `each_family` until one of IPv4 and one of IPv6 does.

    `ask` is given an address and until when (ns) it may take: its share of the time that is left. Raises NetworkError that says what
    became of each address.
    """
    outcomes: list[tuple[str, T | Failure]] = []
    waiting = in_turn(addresses)[:MOST_ADDRESSES]
    while waiting:
        address, *waiting = waiting
        now_ns = net.clock.now_ns()
        if outcomes and now_ns + LEAST_NS > deadline_ns:
            break
        share_ns = max(LEAST_NS, (deadline_ns - now_ns) // (1 + len(waiting)))
        try:
            outcomes.append((address, await ask(address, min(deadline_ns, now_ns + share_ns))))
        except NetworkError as error:
            if error.failure.kind is FailureKind.STOPPED:
                raise
            outcomes.append((address, replace(error.failure, address=address)))
        else:
            waiting = [other for other in waiting if each_family and family(other) != family(address)]
    return _first(outcomes)


def names_until_ns(now_ns: int, deadline_ns: int, questions: int = 1) -> int:
    """Return until when names may be looked up: so many questions must still fit in before the deadline, or else half of the time."""
    return max(deadline_ns - questions * LEAST_NS, (now_ns + deadline_ns) // 2)


def _first(outcomes: list[tuple[str, T | Failure]]) -> Answered[T]:
    for address, outcome in outcomes:
        if not isinstance(outcome, Failure):
            return Answered(address, outcome, tuple(other for other in outcomes if other[0] != address))
    raise NetworkError(together([(address, outcome) for address, outcome in outcomes if isinstance(outcome, Failure)]))


def family(address: str) -> str:
    """Return the address's family as people say it."""
    return "IPv6" if ":" in address else "IPv4"


def in_turn(addresses: Sequence[str]) -> list[str]:
    """Return the addresses with the families taking turns, the system's favourite first: four dead ones of one must not hide the other."""
    families: dict[str, list[str]] = {}
    for address in addresses:
        families.setdefault(family(address), []).append(address)
    return [address for address in chain.from_iterable(zip_longest(*families.values())) if address is not None]


def together(failures: Sequence[tuple[str, Failure]]) -> Failure:
    """Return one failure for all addresses (one at least): of the most telling kind, with what became of each."""
    kinds = [failure.kind for _, failure in failures]
    best = next((kind for kind in TELLING if kind in kinds), kinds[-1])
    _, failure = failures[kinds.index(best)]
    return replace(failure, detail="; ".join(f"{family(address)} {address}: {each.detail}" for address, each in failures))
