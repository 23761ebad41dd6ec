"""`nra reflect`: the Session-Reflector as a program."""

import signal
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nra.cli.errors import UserError
from nra.cli.interrupt import stoppable

if TYPE_CHECKING:
    from nra.reflector.core import Reflector
    from nra.reflector.guard import IpNetwork

PORT: Final = 20862
RATE_LIMIT_PER_S: Final = 6000


@click.command()
@click.option("--bind", metavar="ADDRESS", help="Address to listen on.  [default: all]")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="UDP port.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Accept authenticated STAMP with this key only: 64 hex digits.")
@click.option("--allow", metavar="CIDR", multiple=True, help="Answer this network only (repeatable).")
@click.option(
    "--rate-limit", type=click.IntRange(min=0), default=RATE_LIMIT_PER_S, show_default=True, help="Packets/s per source (0: no limit)."
)
@click.option("--responders", is_flag=True, help="Open the catalogue's ports for firewall checks.")
@click.option("--cert", type=click.Path(path_type=Path), help="Certificate (chain) in PEM for the responders' TLS.  [default: self-signed]")
@click.option("--key", type=click.Path(path_type=Path), help="Its key in PEM.  [default: in the same file]")
def reflect(
    bind: str | None,
    port: int,
    key_file: Path | None,
    allow: tuple[str, ...],
    rate_limit: int,
    responders: bool,
    cert: Path | None,
    key: Path | None,
) -> int:
    """Answer STAMP and TWAMP Light senders until interrupted or terminated."""
    from nra.cli.responders import responding, tls_of
    from nra.cli.settings import read_key
    from nra.reflector.core import Reflector
    from nra.reflector.engine import CannotListen, Engine
    from nra.reflector.guard import Guard

    if (cert or key) and not responders:
        raise UserError("--cert and --key: of use with --responders only")
    tls = tls_of(cert, key) if responders else None
    guard = Guard(allow=networks(allow), rate_limit=rate_limit, own_ports=frozenset({port}))
    reflector = Reflector(key=read_key(key_file) if key_file else None, guard=guard)
    try:
        engine = Engine(reflector, [(address, port) for address in addresses(bind)])
    except CannotListen as error:
        raise UserError(f"cannot listen on {bind or 'all addresses'} port {port}: {error}") from error
    with stoppable(signal.SIGINT, signal.SIGTERM) as interrupt:
        for address, number in engine.bound:
            click.echo(f"listening on UDP {address} port {number}: STAMP{' authenticated' if reflector.key else ''}")
        with responding(reflector, engine, addresses(bind), tls, networks(allow), rate_limit) if tls else nullcontext():
            engine.run(interrupt)
    click.echo(summary(reflector))
    return 0


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


def summary(reflector: "Reflector") -> str:
    """Return the counters on one line."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(reflector.counters.items())) or "nothing received"
    return (
        f"ended: {counts}; sessions {len(reflector.sessions)}, evicted {reflector.sessions.evicted}, rebound {reflector.sessions.rebound}"
    )
