"""What `nra reflect` does: opens what is wanted, answers in one process or several, tells what was counted."""

import signal
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from nra.cli.errors import UserError
from nra.cli.interrupt import stoppable
from nra.cli.service_log import ServiceLog
from nra.cli.tallies import Tally, ended, tally

if TYPE_CHECKING:
    from nra.cli.caretaker import Ask
    from nra.cli.workers import Crew
    from nra.model.plan import Target
    from nra.model.responder import Announcement
    from nra.reflector.core import Reflector
    from nra.reflector.engine import Engine
    from nra.reflector.errands import Errand
    from nra.reflector.guard import IpNetwork
    from nra.reflector.keys import Keys

    Orders = tuple[Sequence[tuple[str, int]], Announcement | None, Announcement | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of `nra reflect`, as click hands them over."""

    bind: str | None
    port: int
    key_file: Path | None
    allow: tuple[str, ...]
    rate_limit: int
    rate_limit_total: int
    workers: int
    metrics: "Target | None"
    log: str
    log_addresses: bool
    responders: bool
    quic_port: int | None
    cert: Path | None
    key: Path | None

    @property
    def shows_certificate(self) -> bool:
        """Whether anything here speaks TLS."""
        return self.responders or self.quic_port is not None


def serve(wanted: Wanted, events: ServiceLog) -> int:
    """Answer until interrupted or terminated, and return the exit code; raises UserError."""
    from nra.cli.caretaker import Caretaker, alive, leave_keys_alone
    from nra.cli.control import control_channel
    from nra.cli.metrics import shown
    from nra.cli.responders import Opened, responding, tls_of
    from nra.cli.workers import crew

    if wanted.key_file is not None:
        leave_keys_alone()  # until they have been read and somebody can do it again
    allow, workers = networks(wanted.allow), wanted.workers
    keys, limits = keys_in(wanted.key_file), limits_of(wanted)
    make, guests = partial(reflector_of, keys, limits), partial(guests_of, keys, limits)
    with crew(workers - 1, partial(work, make)) as others, control_channel(wanted.quic_port, guests) as channel:
        tls = tls_of(wanted.cert, wanted.key) if wanted.shows_certificate else None
        reflector, where = make(), addresses(wanted.bind)
        engine = opened(reflector, [(address, wanted.port) for address in where], shared=workers > 1)
        bound, quic, ask = engine.bound, channel.claim(where), everybody(engine, others, channel.crew)
        is_open = tls is not None and wanted.responders
        opening = responding(reflector, engine, where, tls, allow, wanted.rate_limit, quic) if tls and is_open else nullcontext(Opened())
        caretaker = Caretaker(ask, events, wanted.key_file, addresses=wanted.log_addresses)
        with (
            closing(engine),
            stoppable(signal.SIGINT, signal.SIGTERM) as interrupt,
            opening as told,
            shown(wanted.metrics, ask, told.counters) as page,
        ):
            others.start((bound, reflector.announcement, reflector.announcement_ipv6))
            if workers > 1:
                engine.spread(workers)
                engine.pass_over()
            others.begin()
            others.ask(alive)  # then each has passed over what was not its own, and what comes from now on is answered
            engines = everybody(engine, others)
            with channel.serving(quic, tls, engine, others.count + 1, engines, interrupt) as control_lines:
                others.watch(interrupt.note)
                tell(events, [*lines_of(reflector, bound), *told.lines, *control_lines, *((line, False) for line in page)])
                with caretaker.at_work():
                    engine.run(interrupt)
    tallies = [tally(reflector), *others.tallies, *channel.crew.tallies]
    return ended(tallies, others.lost + channel.crew.lost, workers + channel.crew.count, events)


def lines_of(reflector: "Reflector", bound: Sequence[tuple[str, int]]) -> list[tuple[str, bool]]:
    """Return what to say of the addresses where STAMP is answered."""
    stamp = f"STAMP{' authenticated' if reflector.authenticated_only else ''}"
    return [(f"listening on UDP {address} port {number}: {stamp}", False) for address, number in bound]


def tell(events: ServiceLog, lines: Sequence[tuple[str, bool]]) -> None:
    """Print what is listened on, and on standard error what could not be, each once; programs read both there."""
    for line, is_error in dict.fromkeys(lines):
        if not is_error:
            click.echo(line)
        if events.as_json or is_error:
            events.tell("refused" if is_error else "listening", line)


def everybody(engine: "Engine", *crews: "Crew") -> "Ask":
    """Return what has an errand done by every process; a TimeoutError of this one is its None."""

    def ask(errand: "Errand") -> list[Any]:
        answers: list[Any] = []
        with suppress(TimeoutError):
            answers.append(engine.errands.ask(errand))
        return [*(answers or [None]), *(answer for crew in crews for answer in crew.ask(errand))]

    return ask


def work(
    make: "Callable[[], Reflector]", orders: "Orders", stop: Callable[[], bool], listening: "Callable[[Callable[[Errand], Any]], None]"
) -> Tally:
    """Answer beside the first process: at the addresses that it has bound, telling of the responders that it opened; raises UserError."""
    from nra.cli.caretaker import leave_keys_alone

    reflector = make()
    if reflector.keys is not None:
        leave_keys_alone()
    binds, reflector.announcement, reflector.announcement_ipv6 = orders
    engine = opened(reflector, binds, shared=True, claimed=True)
    listening(engine.errands.ask)
    engine.pass_over()
    engine.run(stop)
    return tally(reflector)


def opened(reflector: "Reflector", binds: Sequence[tuple[str, int]], *, shared: bool, claimed: bool = False) -> "Engine":
    """Return the best engine that there is here, which listens; raises UserError.

    What is to be shared is claimed by the first process alone, so that a port that another program has is told as taken.
    """
    from nra.reflector.engine import CannotListen, claim
    from nra.reflector.engines import best_engine

    try:
        return best_engine()(reflector, claim(binds) if shared and not claimed else binds, shared=shared)
    except CannotListen as error:
        where = binds[0][0] if len(binds) == 1 else "all addresses"
        raise UserError(f"cannot listen on {where} port {binds[0][1]}: {error}") from error


def keys_in(path: Path | None) -> "Keys | None":
    """Return the keys in a reflector's key file, None where none was given; raises UserError, also where it names nobody."""
    if path is None:
        return None
    from nra.cli.key_files import read_admitted
    from nra.reflector.keys import Keys

    return Keys(read_admitted(path))


def limits_of(wanted: Wanted) -> "Limits":
    """Return the limits of each process; raises UserError."""
    total = max(1.0, wanted.rate_limit_total / wanted.workers) if wanted.rate_limit_total else 0.0  # a share of nothing would answer nobody
    return Limits(networks(wanted.allow), wanted.rate_limit, total, wanted.port, wanted.log_addresses)


class Limits(NamedTuple):
    """What each process's guard is made of, and whether it shall be told whom it did not answer."""

    allow: "tuple[IpNetwork, ...]"
    rate_limit: int
    total_limit: float
    port: int
    notes_suspects: bool


def guests_of(keys: "Keys | None", limits: Limits) -> "Reflector":
    """Return the control process's own reflector: it knows whose tokens are good, and answers what QUIC has sealed as it is."""
    from nra.reflector.keys import Keys

    return reflector_of(Keys(keys.holders if keys else (), only=False), limits)


def reflector_of(keys: "Keys | None", limits: Limits) -> "Reflector":
    """Return a reflector; each process has its own, and its share of what all together may answer."""
    from nra.reflector.core import Reflector
    from nra.reflector.guard import Guard
    from nra.reflector.suspects import Suspects

    guard = Guard(limits.allow, limits.rate_limit, frozenset({limits.port}), limits.total_limit)
    return Reflector(keys=keys, guard=guard, suspects=Suspects() if limits.notes_suspects else None)


def addresses(bind: str | None) -> tuple[str, ...]:
    """Return the addresses to bind; all unless one was named."""
    import ipaddress

    from nra.reflector.engine import every_address

    if bind is None:
        return every_address()
    try:
        ipaddress.ip_address(bind)
    except ValueError as error:
        raise UserError(f"--bind {bind}: an IP address is expected") from error
    return (bind,)


def networks(allow: tuple[str, ...]) -> "tuple[IpNetwork, ...]":
    """Return the networks; raises UserError."""
    import ipaddress

    try:
        return tuple(ipaddress.ip_network(text) for text in allow)
    except ValueError as error:
        raise UserError(f"--allow: {error}") from error
