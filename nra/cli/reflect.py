"""`nra reflect`: the Session-Reflector as a program."""

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nra.cli.errors import UserError
from nra.cli.interrupt import stoppable
from nra.cli.lazy import Entry, LazyGroup

if TYPE_CHECKING:
    from nra.cli.responders import Lines
    from nra.cli.workers import Tally
    from nra.model.responder import Announcement
    from nra.reflector.core import Reflector
    from nra.reflector.engine import Engine
    from nra.reflector.errands import Errand
    from nra.reflector.guard import IpNetwork
    from nra.reflector.keys import Keys

    Orders = tuple[Sequence[tuple[str, int]], Announcement | None, Announcement | None]

PORT: Final = 20862
RATE_LIMIT_PER_S: Final = 6000
COMMANDS: Final = {"keys": Entry("nra.cli.reflect_keys:keys", "Say who may use a reflector: add, list and revoke keys.")}


@click.group(cls=LazyGroup, table=COMMANDS, invoke_without_command=True, subcommand_metavar="[keys ...]")
@click.option("--bind", metavar="ADDRESS", help="Address to listen on.  [default: all]")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="UDP port.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Accept authenticated STAMP with these keys only.")
@click.option("--allow", metavar="CIDR", multiple=True, help="Answer this network only (repeatable).")
@click.option(
    "--rate-limit", type=click.IntRange(min=0), default=RATE_LIMIT_PER_S, show_default=True, help="Packets/s per source (0: no limit)."
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that share the work (Linux).")
@click.option("--responders", is_flag=True, help="Open the catalogue's ports for firewall checks.")
@click.option(
    "--quic-port", type=click.IntRange(0, 65535), help="UDP port of the control channel over QUIC; needs --key-file.  [default: none]"
)
@click.option("--cert", type=click.Path(path_type=Path), help="Certificate (chain) in PEM for TLS and QUIC.  [default: self-signed]")
@click.option("--key", type=click.Path(path_type=Path), help="Its key in PEM.  [default: in the same file]")
@click.pass_context
def reflect(
    ctx: click.Context,
    /,
    bind: str | None,
    port: int,
    key_file: Path | None,
    allow: tuple[str, ...],
    rate_limit: int,
    workers: int,
    responders: bool,
    quic_port: int | None,
    cert: Path | None,
    key: Path | None,
) -> int:
    """Answer STAMP and TWAMP Light senders until interrupted or terminated."""
    if ctx.invoked_subcommand is not None:
        return 0
    from nra.cli.control import control_channel
    from nra.cli.responders import responding, tls_of
    from nra.cli.workers import CRASHED, crew

    check_options(key_file, workers, quic_port, tls_wanted=responders or quic_port is not None, tls_given=bool(cert or key))
    make = partial(reflector_of, keys_in(key_file), networks(allow), rate_limit, port)
    guests = partial(guests_of, keys_in(key_file), networks(allow), rate_limit, port)
    with crew(workers - 1, partial(work, make)) as others, control_channel(quic_port, guests) as channel:
        tls = tls_of(cert, key) if responders or quic_port is not None else None
        reflector, where = make(), addresses(bind)
        engine = opened(reflector, [(address, port) for address in where], shared=workers > 1)
        bound, quic = engine.bound, channel.claim(where)
        opening = responding(reflector, engine, where, tls, networks(allow), rate_limit, quic) if tls and responders else nullcontext(())
        with stoppable(signal.SIGINT, signal.SIGTERM) as interrupt, opening as told:
            others.start((bound, reflector.announcement, reflector.announcement_ipv6))
            with channel.serving(quic, tls, engine, others, interrupt) as control_told:
                others.watch(interrupt.note)
                if workers > 1:
                    engine.spread(workers)
                tell(bound, reflector, (*told, *control_told))
                engine.run(interrupt)
    click.echo(summary([tally(reflector), *others.tallies, *channel.crew.tallies]))
    lost, processes = others.lost + channel.crew.lost, workers + channel.crew.count
    if lost:
        click.echo(f"{lost} of {processes} worker processes ended unexpectedly", err=True)
    return CRASHED if lost else 0


def tell(bound: Sequence[tuple[str, int]], reflector: "Reflector", told: "Lines") -> None:
    """Say what is listened on, one line each, those of errors on standard error."""
    for address, number in bound:
        click.echo(f"listening on UDP {address} port {number}: STAMP{' authenticated' if reflector.authenticated_only else ''}")
    for line, is_error in dict.fromkeys(told):
        click.echo(line, err=is_error)


def check_options(key_file: Path | None, workers: int, quic_port: int | None, *, tls_wanted: bool, tls_given: bool) -> None:
    """Refuse options that are of no use together; raises UserError."""
    from nra.reflector.sharing import can_share

    if tls_given and not tls_wanted:
        raise UserError("--cert and --key: of use with --responders or --quic-port only")
    if quic_port is not None and key_file is None:
        raise UserError("--quic-port: needs --key-file, for nobody could open a session without a key")
    if workers > 1 and not can_share():
        raise UserError("--workers: more than one is for Linux, where the kernel spreads the senders over them")


def guests_of(keys: "Keys | None", allow: "tuple[IpNetwork, ...]", rate_limit: int, port: int) -> "Reflector":
    """Return the control process's own reflector: it knows whose tokens are good, and answers what QUIC has sealed as it is."""
    from nra.reflector.keys import Keys

    return reflector_of(Keys(keys.holders if keys else (), only=False), allow, rate_limit, port)


def work(
    make: "Callable[[], Reflector]", orders: "Orders", stop: Callable[[], bool], listening: "Callable[[Callable[[Errand], Any]], None]"
) -> "Tally":
    """Answer beside the first process: at the addresses that it has bound, telling of the responders that it opened; raises UserError."""
    reflector = make()
    binds, reflector.announcement, reflector.announcement_ipv6 = orders
    engine = opened(reflector, binds, shared=True, claimed=True)
    listening(engine.errands.ask)
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
    from nra.cli.key_files import read_reflectors
    from nra.reflector.keys import Keys

    holders = read_reflectors(path)
    if not holders:
        raise UserError(f"--key-file {path}: no key in it: nobody would be answered (nra reflect keys add)")
    return Keys(holders)


def reflector_of(keys: "Keys | None", allow: "tuple[IpNetwork, ...]", rate_limit: int, port: int) -> "Reflector":
    """Return a reflector; each process has its own."""
    from nra.reflector.core import Reflector
    from nra.reflector.guard import Guard

    return Reflector(keys=keys, guard=Guard(allow=allow, rate_limit=rate_limit, own_ports=frozenset({port})))


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


def tally(reflector: "Reflector") -> "Tally":
    """Return what the reflector counted."""
    from nra.cli.workers import Tally

    sessions = reflector.sessions
    return Tally(dict(reflector.counters), len(sessions), sessions.evicted, sessions.rebound)


def summary(tallies: "Sequence[Tally]") -> str:
    """Return the counters of all processes on one line."""
    counters = sum((Counter(one.counters) for one in tallies), Counter[str]())
    counts = ", ".join(f"{name} {count}" for name, count in sorted(counters.items())) or "nothing received"
    sessions, evicted, rebound = (sum(column) for column in zip(*(one[1:] for one in tallies), strict=True))
    return f"ended: {counts}; sessions {sessions}, evicted {evicted}, rebound {rebound}"
