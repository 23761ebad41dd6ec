"""Three network namespaces in a row: a client, a middle that forwards, a server; nothing else can be reached from there.

client 10.71.1.2 fd71:1::2  ---  10.71.1.1 fd71:1::1  middle  10.71.2.1 fd71:2::1  ---  10.71.2.2 fd71:2::2 server
                             c0  m1                         m2  s0                       10.71.2.3 fd71:2::3
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from lab_programs import Ended, Program

from nra.archive.document import decode

CLIENT: Final = "client"
MIDDLE: Final = "middle"
SERVER: Final = "server"

CLIENT_ADDRESS: Final = "10.71.1.2"
CLIENT_ADDRESS_6: Final = "fd71:1::2"
MIDDLE_ADDRESS: Final = "10.71.1.1"  # as the client sees it
MIDDLE_ADDRESS_6: Final = "fd71:1::1"
OUTER_ADDRESS: Final = "10.71.2.1"  # the middle as the server sees it
SERVER_ADDRESS: Final = "10.71.2.2"
SERVER_ADDRESS_6: Final = "fd71:2::2"
SECOND_ADDRESS: Final = "10.71.2.3"  # the server's too
SECOND_ADDRESS_6: Final = "fd71:2::3"
PORT: Final = 20862  # of `nra reflect`, unless told otherwise
MACS: Final = {"c0": "02:71:01:00:00:02", "m1": "02:71:01:00:00:01", "m2": "02:71:02:00:00:01", "s0": "02:71:02:00:00:02"}

LINKS: Final = """\
link add c0 netns {{client}} address {c0} type veth peer name m1 netns {{middle}} address {m1}
link add s0 netns {{server}} address {s0} type veth peer name m2 netns {{middle}} address {m2}
""".format_map(MACS)
# Neighbours are known from the start: a new link is silent to IPv6 for about two seconds until it has tried its own address
ADDRESSES: Final = {
    CLIENT: f"""\
addr add 10.71.1.2/24 dev c0
addr add fd71:1::2/64 dev c0 nodad
link set lo up
link set c0 up
route add default via 10.71.1.1
route add default via fd71:1::1
neigh add fd71:1::1 lladdr {MACS["m1"]} dev c0 nud permanent
""",
    MIDDLE: f"""\
addr add 10.71.1.1/24 dev m1
addr add fd71:1::1/64 dev m1 nodad
addr add 10.71.2.1/24 dev m2
addr add fd71:2::1/64 dev m2 nodad
link set lo up
link set m1 up
link set m2 up
neigh add fd71:1::2 lladdr {MACS["c0"]} dev m1 nud permanent
neigh add fd71:2::2 lladdr {MACS["s0"]} dev m2 nud permanent
neigh add fd71:2::3 lladdr {MACS["s0"]} dev m2 nud permanent
""",
    SERVER: f"""\
addr add 10.71.2.2/24 dev s0
addr add 10.71.2.3/24 dev s0
addr add fd71:2::2/64 dev s0 nodad
addr add fd71:2::3/64 dev s0 nodad
link set lo up
link set s0 up
route add default via 10.71.2.1
route add default via fd71:2::1
neigh add fd71:2::1 lladdr {MACS["m2"]} dev s0 nud permanent
""",
}
OPENED_BEFORE_THEIR_PEERS: Final = {CLIENT: "c0", MIDDLE: "m2"}  # they drop all until the kernel comes to see that the peer is up
UP_S: Final = 20.0
FORWARDING: Final = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")
MOST_WORDS: Final = 1000  # characters of a complaint: nft repeats what it was given
RESOLVER_S: Final = 30  # what the resolver's library waits for one answer: longer than any patience of the program's own
NETWORK_NAMESPACE: Final = 0x4000_0000  # CLONE_NEWNET of setns(2)
FORWARD_CHAIN: Final = "add table inet lab\nadd chain inet lab forward { type filter hook forward priority 0; }\n"

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
                self.set(MIDDLE, switch, "1")
            for place, link in OPENED_BEFORE_THEIR_PEERS.items():
                _wait_until_up(self._names[place], link)
        except BaseException:
            self.close()
            raise

    def _command(self, place: str, command: tuple[str, ...]) -> list[str]:
        return ["ip", "netns", "exec", self._names[place], *command]

    def run(self, place: str, *command: str, lines: str | None = None, deadline_s: float = 20.0) -> str:
        """Run a short command to its end and return what it printed; fails when it does."""
        done = subprocess.run(self._command(place, command), input=lines, capture_output=True, text=True, timeout=deadline_s, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[:MOST_WORDS]}"
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

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        """Let this thread be in a namespace: sockets made meanwhile stay there (setns(2))."""
        with Path("/proc/thread-self/ns/net").open("rb") as here, Path("/run/netns", self._names[place]).open("rb") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def set(self, place: str, switch: str, value: str) -> None:
        """Set a switch of a place's network, named from /proc/sys/net on."""
        with self.inside(place):
            Path("/proc/sys/net", switch).write_text(value, "ascii")

    def names(self, hosts: Mapping[str, str | tuple[str, ...]], resolver: str | None = None, place: str = CLIENT) -> None:
        """Make names known to programs that are started in the client (or elsewhere) from now on, and the address of a resolver."""
        folder = Path("/etc/netns") / self._names[place]  # `ip netns exec` binds these files over those in /etc
        folder.mkdir(parents=True, exist_ok=True)
        each = [(name, (known,) if isinstance(known, str) else known) for name, known in hosts.items()]
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, addresses in each for address in addresses)]
        (folder / "hosts").write_text("\n".join(lines) + "\n", "ascii")
        (folder / "resolv.conf").write_text(f"nameserver {resolver}\noptions timeout:{RESOLVER_S}\n" if resolver else "", "ascii")

    def nft(self, lines: str, place: str = MIDDLE) -> None:
        """Give nft its commands: all of them hold from now on, or none."""
        need("nft")
        self.run(place, "nft", "-f", "-", lines=lines)

    def forward(self, *rules: str) -> None:
        """Add rules, verdict included, to what the middle forwards; of all rules ever added the first that matches decides."""
        self.nft(FORWARD_CHAIN + "".join(f"add rule inet lab forward {rule}\n" for rule in rules))

    def drop(self, *rules: str) -> None:
        """Let the middle drop what matches a rule in the words of nft, such as `udp dport 443`."""
        self.forward(*(f"{rule} drop" for rule in rules))

    def close(self) -> None:
        """End every program and take the namespaces away."""
        for program in self._programs:
            program.kill()
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, NETWORK_NAMESPACE):
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str, lines: str | None = None) -> str:
    done = subprocess.run(["ip", *arguments], input=lines, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _wait_until_up(name: str, link: str) -> None:
    deadline_s = time.monotonic() + UP_S
    while json.loads(_ip("-n", name, "-json", "link", "show", "dev", link))[0]["operstate"] != "UP":
        assert time.monotonic() < deadline_s, f"{link} did not come up"
        time.sleep(0.01)


def run_command(world: World, *arguments: str) -> tuple[str, ...]:
    """Return the command of `nra run`, results in `out` of the world's folder."""
    return (sys.executable, "-m", "nra", "run", "--org", "Lab", "--out", str(world.folder / "out"), *arguments)


def nra_run(world: World, *arguments: str, **environment: str) -> Program:
    """Start `nra run` in the client."""
    return world.start(CLIENT, *run_command(world, *arguments), **environment)


def measured_s(document: dict[str, Any]) -> float:
    """Return how long a run measured, by its own record: what it takes to start and to write a workbook is the machine's business."""
    taken_s: float = document["run"]["used"]["elapsed_s"]
    return taken_s


def document_of(ended: Ended) -> dict[str, Any]:
    """Return the run document that a run printed; fails on a traceback, and where nra itself would not take it for one."""
    assert "Traceback" not in ended.err, ended.err
    assert ended.out, ended.err
    decode(ended.out.encode())
    document: dict[str, Any] = json.loads(ended.out)
    return document


def start_reflector(world: World, *options: str) -> Program:
    """Start `nra reflect` in the server, on its default port."""
    return world.python(SERVER, "-m", "nra", "reflect", *options).wait_for(f"listening on .* port {PORT}")


def start_relay(world: World, *orders: str, here: str = MIDDLE_ADDRESS, there: str = SERVER_ADDRESS, port: int = PORT) -> Program:
    """Start the relay in the middle, towards the same port of the server; its record is `<port>.jsonl`."""
    ends = ("--listen", f"{here}:{port}", "--to", f"{there}:{port}", "--record", f"{port}.jsonl")
    return world.python(MIDDLE, "-m", "nra.testing.relay", *ends, *orders).wait_for("listening on")
