"""Three network namespaces in a row: a client, a middle that forwards, a server; nothing else can be reached from there.

client 10.71.1.2 fd71:1::2  ---  10.71.1.1 fd71:1::1  middle  10.71.2.1 fd71:2::1  ---  10.71.2.2 fd71:2::2 server
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from lab_programs import Ended, Program

CLIENT: Final = "client"
MIDDLE: Final = "middle"
SERVER: Final = "server"

MIDDLE_ADDRESS: Final = "10.71.1.1"  # as the client sees it
MIDDLE_ADDRESS_6: Final = "fd71:1::1"
SERVER_ADDRESS: Final = "10.71.2.2"
SERVER_ADDRESS_6: Final = "fd71:2::2"
PORT: Final = 20862  # of `nra reflect`, unless told otherwise

LINKS: Final = """\
link add c0 netns {client} type veth peer name m1 netns {middle}
link add s0 netns {server} type veth peer name m2 netns {middle}
"""
ADDRESSES: Final = {
    CLIENT: """\
addr add 10.71.1.2/24 dev c0
addr add fd71:1::2/64 dev c0 nodad
link set lo up
link set c0 up
route add default via 10.71.1.1
route add default via fd71:1::1
""",
    MIDDLE: """\
addr add 10.71.1.1/24 dev m1
addr add fd71:1::1/64 dev m1 nodad
addr add 10.71.2.1/24 dev m2
addr add fd71:2::1/64 dev m2 nodad
link set lo up
link set m1 up
link set m2 up
""",
    SERVER: """\
addr add 10.71.2.2/24 dev s0
addr add fd71:2::2/64 dev s0 nodad
link set lo up
link set s0 up
route add default via 10.71.2.1
route add default via fd71:2::1
""",
}
FORWARDING: Final = ("/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding")

_number = count()


def why_not() -> str | None:
    """Return why there can be no namespaces here, None when there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux'"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need ip (iproute2)"
    trial = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces here: {trial.stderr.strip()}" if trial.returncode else None


def need(*tools: str) -> None:
    """Skip the test where one of the system's tools is missing."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


class World:
    """The namespaces and whatever runs in them."""

    def __init__(self, folder: Path) -> None:
        """Build it; files go to the folder."""
        self.folder = folder
        stem = f"nra{os.getpid()}n{next(_number)}"
        self._names = {place: f"{stem}{place[0]}" for place in (CLIENT, MIDDLE, SERVER)}
        self._programs: list[Program] = []
        try:
            for name in self._names.values():
                _ip("netns", "add", name)
            _ip("-batch", "-", lines=LINKS.format(**self._names))
            for place, lines in ADDRESSES.items():
                _ip("-n", self._names[place], "-batch", "-", lines=lines)
            for switch in FORWARDING:
                self.run(MIDDLE, "tee", switch, lines="1")
        except BaseException:
            self.close()
            raise

    def _command(self, place: str, command: tuple[str, ...]) -> list[str]:
        return ["ip", "netns", "exec", self._names[place], *command]

    def run(self, place: str, *command: str, lines: str | None = None, deadline_s: float = 20.0) -> str:
        """Run a short command to its end and return what it printed; fails when it does."""
        done = subprocess.run(self._command(place, command), input=lines, capture_output=True, text=True, timeout=deadline_s, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def start(self, place: str, *command: str, **environment: str) -> Program:
        """Start a program that is ended with the world at the latest."""
        program = Program(self._command(place, command), self._environment(environment), self.folder)
        self._programs.append(program)
        return program

    def python(self, place: str, *arguments: str, **environment: str) -> Program:
        """Start our own Python on a module or file."""
        return self.start(place, sys.executable, *arguments, **environment)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        """Nothing of the tester's own settings: no options, no configuration file, no other roots of trust than the system's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NRA_", "SSL_CERT_", "XDG_"))}
        return kept | {"HOME": str(self.folder), "PYTHONUNBUFFERED": "1"} | more

    def names(self, hosts: Mapping[str, str], resolver: str | None = None, place: str = CLIENT) -> None:
        """Make names known to programs that are started in the client (or elsewhere) from now on, and the address of a resolver."""
        folder = Path("/etc/netns") / self._names[place]  # `ip netns exec` binds these files over those in /etc
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in hosts.items())]
        (folder / "hosts").write_text("\n".join(lines) + "\n", "ascii")
        (folder / "resolv.conf").write_text(f"nameserver {resolver}\n" if resolver else "", "ascii")

    def drop(self, *rules: str) -> None:
        """Let the middle drop what matches a rule in the words of nft, such as `udp dport 443`."""
        need("nft")
        self.run(MIDDLE, "nft", "add table inet lab")
        self.run(MIDDLE, "nft", "add chain inet lab forward { type filter hook forward priority 0; }")
        for rule in rules:
            self.run(MIDDLE, "nft", f"add rule inet lab forward {rule} drop")

    def close(self) -> None:
        """End every program and take the namespaces away."""
        for program in self._programs:
            program.kill()
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)


def _ip(*arguments: str, lines: str | None = None) -> None:
    done = subprocess.run(["ip", *arguments], input=lines, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def nra_run(world: World, *arguments: str, **environment: str) -> Program:
    """Start `nra run` in the client, results in `out` of the world's folder."""
    common = ("-m", "nra", "run", "--org", "Lab", "--out", str(world.folder / "out"))
    return world.python(CLIENT, *common, *arguments, **environment)


def document_of(ended: Ended) -> dict[str, Any]:
    """Return the run document that a run printed; fails on a traceback."""
    assert "Traceback" not in ended.err, ended.err
    assert ended.out, ended.err
    document: dict[str, Any] = json.loads(ended.out)
    return document


def start_reflector(world: World, *options: str) -> Program:
    """Start `nra reflect` in the server, on its default port."""
    return world.python(SERVER, "-m", "nra", "reflect", *options).wait_for(f"listening on .* port {PORT}")


def start_relay(world: World, *orders: str, here: str = MIDDLE_ADDRESS, there: str = SERVER_ADDRESS, port: int = PORT) -> Program:
    """Start the relay in the middle, towards the same port of the server; its record is `<port>.jsonl`."""
    ends = ("--listen", f"{here}:{port}", "--to", f"{there}:{port}", "--record", f"{port}.jsonl")
    return world.python(MIDDLE, "-m", "nra.testing.relay", *ends, *orders).wait_for("listening on")
