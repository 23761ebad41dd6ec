"""Real servers for the lab, in the server's namespace, under the names of a region that the client believes."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lab_programs import Program
from lab_world import SECOND_ADDRESS, SECOND_ADDRESS_6, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, document_of, need, nra_run

REGION: Final = "eu-central-1"
API: Final = "api.mypurecloud.de"
APPS: Final = "apps.mypurecloud.de"
BEACON: Final = "gamelift-ping.eu-central-1.api.aws"
STUN: Final = ("netdiag.euc1.pure.cloud", "stun.kinesisvideo.eu-central-1.amazonaws.com", "stun.l.google.com")
RESOLVER: Final = "dns.google"
PAGE: Final = "connectivitycheck.gstatic.com"
NAMES: Final = (API, APPS, BEACON, *STUN, RESOLVER, PAGE)
BEACON_PORT: Final = 7770
STUN_PORT: Final = 3478
GOOGLE_PORT: Final = 19302
KINESIS_PORT: Final = 443
FIRST: Final = (SERVER_ADDRESS, SERVER_ADDRESS_6)
SECOND: Final = (SECOND_ADDRESS, SECOND_ADDRESS_6)
HOSTS: Final = dict.fromkeys((API, APPS, BEACON, STUN[0], RESOLVER, PAGE), FIRST) | dict.fromkeys(STUN[1:], SECOND)
"""Which addresses a name of the region has in a world with everything: of the three STUN servers one is at the first, two at the second."""

STRICT_BEACON: Final = Path(__file__).with_name("strict_beacon.py")
CA_NAME: Final = "Lab Inspection CA"

NGINX: Final = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr notice; user root;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen {address}:80; listen [{address_6}]:80;
    location = /generate_204 {{ return 204; }}
    location / {{ return 301 https://$host/; }}
  }}
  server {{
    listen {address}:443 ssl; listen [{address_6}]:443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key; return 204;
  }}
}}
"""
EC_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def all_names_are_the_server(world: World) -> None:
    """Let every name of the region lead to the server's address."""
    world.names(dict.fromkeys(NAMES, SERVER_ADDRESS))


def start_beacon(world: World, address: str = SERVER_ADDRESS, report: str = "beacon.json") -> Program:
    """Start the echo server that enforces the beacon's rules; its report is in the world's folder."""
    return world.python(SERVER, str(STRICT_BEACON), address, str(BEACON_PORT), report).wait_for("listening on")


def start_coturn(world: World, listening: Sequence[str] = (SERVER_ADDRESS,), more: Sequence[tuple[str, int]] = ()) -> Program:
    """Start coturn as a mere STUN server, UDP and TCP, on 3478 of the addresses and on more addresses with their ports.

    On two addresses of a family it also listens on 3479, for the discovery of NAT behaviour (RFC 5780).
    """
    need("turnserver")
    plain = ("--stun-only", "--no-tls", "--no-dtls", "--no-cli", "--simple-log", "--log-file", "stdout", "-n", "-v")
    places = [word for address in listening for word in ("--listening-ip", address)]
    places += [word for address, port in more for word in ("--aux-server", f"[{address}]:{port}")]
    files = ("--pidfile", str(world.folder / "turn.pid"), "--userdb", "turndb")
    coturn = world.start(SERVER, "turnserver", *plain, *places, "--listening-port", str(STUN_PORT), *files)
    for address, port in (*((address, STUN_PORT) for address in listening), *more):  # by threads of their own, UDP by the first
        coturn.wait_for(rf"TCP listener opened on : {re.escape(address)}:{port}\n")
    return coturn.wait_for("SQLite DB connection success")  # the last that it says before it serves


def start_nginx(world: World) -> Program:
    """Start nginx on 80 and 443 of the server's first addresses, its certificate issued by a CA of the lab's own (`ca.pem`)."""
    need("nginx", "openssl")
    issue_certificates(world.folder)
    (world.folder / "nginx.conf").write_text(NGINX.format(folder=world.folder, address=SERVER_ADDRESS, address_6=SERVER_ADDRESS_6), "ascii")
    return world.start(SERVER, "nginx", "-c", str(world.folder / "nginx.conf"), "-e", "stderr").wait_for("using the .* event method")


def issue_certificates(folder: Path) -> None:
    """Make a CA and a server's certificate for the region's API, its web pages and the public resolver."""
    ca = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/O=Lab/CN={CA_NAME}", "-addext", "basicConstraints=critical,CA:TRUE")
    names = ("-addext", f"subjectAltName=DNS:{API},DNS:{APPS},DNS:{RESOLVER}", "-addext", "basicConstraints=critical,CA:FALSE")
    server = ("-keyout", "server.key", "-out", "server.pem", "-subj", f"/CN={API}", *names, "-CA", "ca.pem", "-CAkey", "ca.key")
    for arguments in (ca, server):
        subprocess.run(["openssl", "req", "-x509", *EC_KEY, *arguments], cwd=folder, capture_output=True, check=True, timeout=20)


def measure(world: World, *options: str, **environment: str) -> dict[str, Any]:
    """Run `nra run` against the region to its end and return the run document."""
    return document_of(nra_run(world, "--region", REGION, "--json", *options, **environment).end(60))


def checks_of(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the Firewall rows by port and protocol."""
    return {(row["port"], row["protocol"]): row for row in document["firewall"]}
