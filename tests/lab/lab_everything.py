"""All that a region's hosts answer with, by servers that others wrote, or by `nra reflect --responders` alone."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lab_dns import resolve_by, start_unbound, zone
from lab_peers import (
    API,
    APPS,
    FIRST,
    GOOGLE_PORT,
    HOSTS,
    KINESIS_PORT,
    RESOLVER,
    SECOND,
    issue_certificates,
    start_beacon,
    start_coturn,
    start_nginx,
)
from lab_programs import Program
from lab_services import start_chrony, start_quic
from lab_world import MIDDLE_ADDRESS, SERVER, World, need

REFLECT: Final = ("-m", "nra", "reflect", "--responders", "--cert", "server.pem", "--key", "server.key")


def start_stun(world: World) -> Program:
    """Start coturn on all the server's addresses: 3478 (UDP, TCP) on each, 19302 and UDP 443 on the second ones."""
    return start_coturn(world, (*FIRST, *SECOND), [(address, port) for address in SECOND for port in (GOOGLE_PORT, KINESIS_PORT)])


SERVERS: Final[Mapping[str, Callable[[World], object]]] = {
    "beacon": lambda world: start_beacon(world, FIRST[0]),
    "beacon over IPv6": lambda world: start_beacon(world, FIRST[1], "beacon6.json"),
    "STUN": start_stun,
    "public resolver": lambda world: start_unbound(world, SERVER, zone(HOSTS)),
    "time": start_chrony,
    "QUIC": lambda world: start_quic(world, API, APPS, RESOLVER),
}


def start_everything(world: World, resolver: str = MIDDLE_ADDRESS, manner: str = zone(HOSTS)) -> Path:
    """Start what answers in place of a region's hosts, both families, and the client's resolver; return the file of the roots to trust.

    TCP 80 and 443 (nginx), UDP 443 (caddy, HTTP/3), 53 (unbound), 123 (chrony), 3478 UDP and TCP, 19302 and Kinesis' UDP 443 (coturn),
    7770 (the strict beacon). The names are those of lab_peers.HOSTS. No reflector: see `start_reflector`.
    """
    need("nginx", "openssl", "turnserver", "unbound", "chronyd", "caddy")
    start_nginx(world)  # makes the certificates for the others
    with ThreadPoolExecutor() as pool:
        for started in [pool.submit(start, world) for start in SERVERS.values()]:
            started.result()
    resolve_by(world, manner, resolver)
    return world.folder / "ca.pem"


def start_responders(world: World, *options: str) -> Program:
    """Start `nra reflect --responders` in the server under the lab's certificate for the API's name."""
    need("openssl")
    issue_certificates(world.folder)
    return world.python(SERVER, *REFLECT, *options).wait_for("TLS certificate from --cert")
