"""Real servers for the lab, in the server's namespace, under the names of a region that the client believes."""

import subprocess
from pathlib import Path
from typing import Any, Final

from lab_programs import Program
from lab_world import SERVER, SERVER_ADDRESS, World, document_of, need, nra_run

REGION: Final = "eu-central-1"
API: Final = "api.mypurecloud.de"
APPS: Final = "apps.mypurecloud.de"
BEACON: Final = "gamelift-ping.eu-central-1.api.aws"
STUN: Final = ("netdiag.euc1.pure.cloud", "stun.kinesisvideo.eu-central-1.amazonaws.com", "stun.l.google.com")
NAMES: Final = (API, APPS, BEACON, *STUN, "dns.google")
BEACON_PORT: Final = 7770
STUN_PORT: Final = 3478
STRICT_BEACON: Final = Path(__file__).with_name("strict_beacon.py")
CA_NAME: Final = "Lab Inspection CA"

NGINX: Final = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr notice; user root;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen {address}:80; return 301 https://$host/; }}
  server {{ listen {address}:443 ssl; ssl_certificate server.pem; ssl_certificate_key server.key; return 204; }}
}}
"""
EC_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def all_names_are_the_server(world: World) -> None:
    """Let every name of the region lead to the server's address."""
    world.names(dict.fromkeys(NAMES, SERVER_ADDRESS))


def start_beacon(world: World) -> Program:
    """Start the echo server that enforces the beacon's rules; its report is `beacon.json`."""
    return world.python(SERVER, str(STRICT_BEACON), SERVER_ADDRESS, str(BEACON_PORT), "beacon.json").wait_for("listening on")


def start_coturn(world: World) -> Program:
    """Start coturn as a mere STUN server, UDP and TCP."""
    need("turnserver")
    plain = ("--stun-only", "--no-tls", "--no-dtls", "--no-cli", "--simple-log", "--log-file", "stdout", "-n", "-v")
    listening = ("--listening-ip", SERVER_ADDRESS, "--listening-port", str(STUN_PORT))
    coturn = world.start(SERVER, "turnserver", *plain, *listening, "--pidfile", str(world.folder / "turn.pid"), "--userdb", "turndb")
    return coturn.wait_for("UDP listener opened on")


def start_nginx(world: World) -> Program:
    """Start nginx on 80 and 443, its certificate issued by a CA of the lab's own (`ca.pem`)."""
    need("nginx", "openssl")
    issue_certificates(world.folder)
    (world.folder / "nginx.conf").write_text(NGINX.format(folder=world.folder, address=SERVER_ADDRESS), "ascii")
    return world.start(SERVER, "nginx", "-c", str(world.folder / "nginx.conf"), "-e", "stderr").wait_for("using the .* event method")


def issue_certificates(folder: Path) -> None:
    """Make a CA and a server's certificate for the region's API."""
    ca = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/O=Lab/CN={CA_NAME}", "-addext", "basicConstraints=critical,CA:TRUE")
    names = ("-addext", f"subjectAltName=DNS:{API}", "-addext", "basicConstraints=critical,CA:FALSE")
    server = ("-keyout", "server.key", "-out", "server.pem", "-subj", f"/CN={API}", *names, "-CA", "ca.pem", "-CAkey", "ca.key")
    for arguments in (ca, server):
        subprocess.run(["openssl", "req", "-x509", *EC_KEY, *arguments], cwd=folder, capture_output=True, check=True, timeout=20)


def measure(world: World, *options: str, **environment: str) -> dict[str, Any]:
    """Run `nra run` against the region to its end and return the run document."""
    return document_of(nra_run(world, "--region", REGION, "--json", *options, **environment).end(60))


def checks_of(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the Firewall rows by port and protocol."""
    return {(row["port"], row["protocol"]): row for row in document["firewall"]}
