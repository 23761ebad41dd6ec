"""Servers of time and HTTP/3 for the lab, and one check of a port put to them from the client."""

import json
from pathlib import Path
from typing import Any, Final

from lab_programs import Program
from lab_world import CLIENT, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, need

ASK: Final = str(Path(__file__).with_name("ask_port.py"))
ISSUER: Final = "Caddy Local Authority - ECC Intermediate"
SECOND_NS: Final = 1_000_000_000
SERVING: Final = "Running with root privileges"  # said when its sockets are open, as "Disabled control of system clock" is not

CHRONY: Final = f"""\
bindaddress {SERVER_ADDRESS}
bindaddress {SERVER_ADDRESS_6}
allow all
cmdport 0
pidfile {{folder}}/chronyd.pid
{{more}}
"""
CADDY: Final = f"""\
{{{{
  admin off
  skip_install_trust
  auto_https {{automatic}}
  storage file_system {{folder}}/caddy
}}}}
{{sites}} {{{{
  bind {SERVER_ADDRESS} {SERVER_ADDRESS_6}
  tls {{certificate}}
  respond "here"
}}}}
"""
BESIDE: Final = 8443  # where caddy listens when another has TCP 443: it takes both of a number, TCP and UDP
QUIC_TO_CADDY: Final = f"""\
add table inet quic
add chain inet quic pre {{ type nat hook prerouting priority dstnat; }}
add rule inet quic pre ip daddr {SERVER_ADDRESS} udp dport 443 dnat ip to {SERVER_ADDRESS}:{BESIDE}
add rule inet quic pre ip6 daddr {SERVER_ADDRESS_6} udp dport 443 dnat ip6 to [{SERVER_ADDRESS_6}]:{BESIDE}
"""


def start_chrony(world: World, more: str = "local stratum 8") -> Program:
    """Start chrony, which serves this machine's clock and leaves it alone (`-x`)."""
    need("chronyd")
    (world.folder / "chrony.conf").write_text(CHRONY.format(folder=world.folder, more=more), "ascii")
    return world.start(SERVER, "chronyd", "-x", "-d", "-u", "root", "-f", str(world.folder / "chrony.conf")).wait_for(SERVING)


def start_caddy(world: World, name: str) -> str:
    """Start caddy with HTTP/3 under a certificate of its internal CA for the name; return the root's file."""
    caddy = _start_caddy(world, automatic="disable_redirects", sites=f"https://{name}", certificate="internal")
    caddy.wait_for("certificate obtained successfully")
    return str(world.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt")


def start_quic(world: World, *names: str) -> Program:
    """Start caddy with HTTP/3 on UDP 443 of the server's first addresses under the lab's certificate (`server.pem`), TCP 443 left free."""
    world.nft(QUIC_TO_CADDY, SERVER)
    certificate = f"{world.folder}/server.pem {world.folder}/server.key"
    sites = ", ".join(f"https://{name}:{BESIDE}" for name in names)
    return _start_caddy(world, automatic="off", sites=sites, certificate=certificate)


def _start_caddy(world: World, **more: str) -> Program:
    need("caddy")
    (world.folder / "Caddyfile").write_text(CADDY.format(folder=world.folder, **more), "ascii")
    caddy = world.start(SERVER, "caddy", "run", "--adapter", "caddyfile", "--config", str(world.folder / "Caddyfile"))
    return caddy.wait_for("serving initial configuration")


def ask(world: World, probe: str, host: str, port: int, deadline_s: float = 5.0, **environment: str) -> dict[str, Any]:
    """Return the observation of one check from the client; fails when it says anything on standard error."""
    ended = world.python(CLIENT, ASK, probe, host, str(port), str(deadline_s), **environment).end(30)
    assert (ended.code, ended.err) == (0, ""), ended.err
    observation: dict[str, Any] = json.loads(ended.out)
    return observation


def elapsed_s(observation: dict[str, Any]) -> float:
    """Return how long a check took."""
    taken_ns: int = observation["ended_ns"] - observation["started_ns"]
    return taken_ns / SECOND_NS
