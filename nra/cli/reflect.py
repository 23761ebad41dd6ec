"""`nra reflect`: the Session-Reflector as a program."""

from pathlib import Path
from typing import Any, Final

import click

from nra.cli.errors import UserError
from nra.cli.lazy import Entry, LazyGroup
from nra.cli.options import FILE_OF_KEYS, HOST_PORT
from nra.cli.service_log import ServiceLog

PORT: Final = 20862
METRICS_PORT: Final = 9862
RATE_LIMIT_PER_S: Final = 6000
MOST_WORKERS: Final = 64  # more than there are processors help nobody
COMMANDS: Final = {"keys": Entry("nra.cli.reflect_keys:keys", "Say who may use a reflector: add, list and revoke keys.")}


@click.group(cls=LazyGroup, table=COMMANDS, invoke_without_command=True, subcommand_metavar="[keys ...]")
@click.option("--bind", metavar="ADDRESS", help="Address to listen on.  [default: all]")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="UDP port.")
@click.option("--key-file", type=FILE_OF_KEYS, help="Accept authenticated STAMP with these keys only.")
@click.option("--allow", metavar="CIDR", multiple=True, help="Answer this network only (repeatable).")
@click.option(
    "--rate-limit", type=click.IntRange(min=0), default=RATE_LIMIT_PER_S, show_default=True, help="Packets/s per source (0: no limit)."
)
@click.option("--rate-limit-total", type=click.IntRange(min=0), default=0, help="Packets/s from all sources together.  [default: no limit]")
@click.option(
    "--workers", type=click.IntRange(1, MOST_WORKERS), default=1, show_default=True, help="Processes that share the work (Linux)."
)
@click.option("--metrics", type=HOST_PORT(METRICS_PORT), help="Show Prometheus what was counted, at this address.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Events on standard error.")
@click.option("--log-addresses", is_flag=True, help="With --log json: also whose packets were not answered.")
@click.option("--responders", is_flag=True, help="Open the catalogue's ports for firewall checks.")
@click.option(
    "--quic-port", type=click.IntRange(0, 65535), help="UDP port of the control channel over QUIC; needs --key-file.  [default: none]"
)
@click.option("--cert", type=click.Path(path_type=Path), help="Certificate (chain) in PEM for TLS and QUIC.  [default: self-signed]")
@click.option("--key", type=click.Path(path_type=Path), help="Its key in PEM.  [default: in the same file]")
@click.pass_context
def reflect(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
    """Answer STAMP and TWAMP Light senders until interrupted or terminated."""
    if ctx.invoked_subcommand is not None:
        return 0
    from nra.cli.reflecting import Wanted, serve
    from nra.reflector.sharing import can_share

    wanted = Wanted(**options)
    if (wanted.cert or wanted.key) and not wanted.shows_certificate:
        raise UserError("--cert and --key: of use with --responders or --quic-port only")
    if wanted.quic_port is not None and wanted.key_file is None:
        raise UserError("--quic-port: needs --key-file, for nobody could open a session without a key")
    if wanted.workers > 1 and not can_share():
        raise UserError("--workers: more than one is for Linux, where the kernel spreads the senders over them")
    if wanted.log_addresses and wanted.log != "json":
        raise UserError("--log-addresses: of use with --log json only")
    return serve(wanted, ServiceLog(as_json=wanted.log == "json"))
