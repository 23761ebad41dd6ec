"""Servers of time, names and HTTP/3 for the lab, and one check of a port put to them from the client."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from lab_programs import Program
from lab_world import CLIENT, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, need

ASK: Final = str(Path(__file__).with_name("ask_port.py"))
ISSUER: Final = "Caddy Local Authority - ECC Intermediate"
SECOND_NS: Final = 1_000_000_000
CLOSED_PORT: Final = "9"
CONNECT: Final = "import socket, sys; to = socket.getaddrinfo(*sys.argv[1:], type=1)[0]; socket.socket(*to[:3]).connect_ex(to[4])"

CHRONY: Final = f"""\
bindaddress {SERVER_ADDRESS}
bindaddress {SERVER_ADDRESS_6}
allow all
cmdport 0
pidfile {{folder}}/chronyd.pid
{{more}}
"""
UNBOUND: Final = f"""\
server:
  interface: {SERVER_ADDRESS}
  interface: {SERVER_ADDRESS_6}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  local-zone: "example." static
  local-data: "dns.example. A {SERVER_ADDRESS}"
  module-config: "iterator"
  chroot: ""
  username: ""
  directory: "{{folder}}"
  pidfile: "{{folder}}/unbound.pid"
  logfile: ""
  use-syslog: no
  verbosity: 1
"""
CADDY: Final = f"""\
{{{{
  admin off
  skip_install_trust
  auto_https disable_redirects
  storage file_system {{folder}}/caddy
}}}}
https://{{name}} {{{{
  bind {SERVER_ADDRESS} {SERVER_ADDRESS_6}
  tls internal
  respond "here"
}}}}
"""


def start_chrony(world: World, more: str = "local stratum 8") -> Program:
    """Start chrony, which serves this machine's clock and leaves it alone (`-x`)."""
    need("chronyd")
    (world.folder / "chrony.conf").write_text(CHRONY.format(folder=world.folder, more=more), "ascii")
    return world.start(SERVER, "chronyd", "-x", "-d", "-u", "root", "-f", str(world.folder / "chrony.conf")).wait_for("Disabled control")


def start_unbound(world: World) -> Program:
    """Start unbound with one name of its own, `dns.example`."""
    need("unbound")
    (world.folder / "unbound.conf").write_text(UNBOUND.format(folder=world.folder), "ascii")
    return world.start(SERVER, "unbound", "-d", "-c", str(world.folder / "unbound.conf")).wait_for("start of service")


def start_caddy(world: World, name: str) -> str:
    """Start caddy with HTTP/3 under a certificate of its internal CA for the name; return the root's file."""
    need("caddy")
    (world.folder / "Caddyfile").write_text(CADDY.format(folder=world.folder, name=name), "ascii")
    caddy = world.start(SERVER, "caddy", "run", "--adapter", "caddyfile", "--config", str(world.folder / "Caddyfile"))
    caddy.wait_for("enabling HTTP/3 listener").wait_for("certificate obtained successfully")
    return str(world.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt")


def reach(world: World, address: str) -> None:
    """Let client and server find each other: the first IPv6 packet of a new world waits a second for its neighbours."""
    world.run(CLIENT, sys.executable, "-c", CONNECT, address, CLOSED_PORT)


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
