"""The whole Firewall column in a world where everything answers: the region's hosts, a reflector with responders beside them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab_dns import zone
from lab_everything import start_everything
from lab_peers import HOSTS, REGION
from lab_programs import Program
from lab_trust import public_roots
from lab_world import SERVER, World, document_of, measured_s, nra_run

REFLECTOR: Final = "10.71.2.4"  # an address of the server's own, so that its responders meet none of the region's servers
REFLECTOR_6: Final = "fd71:2::4"
NAME: Final = "reflector.example"
END_S: Final = 60.0
ENOUGH_S: Final = 12.0  # of a run that nobody answers (contract 4.4, trap 8)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """What a run came to: its document, exit code, and the folder of its files."""

    document: dict[str, Any]
    code: int
    folder: Path

    @property
    def elapsed_s(self) -> float:
        """How long it measured."""
        return measured_s(self.document)

    def row(self, port: str, protocol: str = "UDP", at: str = "service") -> Row:
        """Return one row."""
        (found,) = [each for each in self.document["firewall"] if (each["port"], each["protocol"], each["at"]) == (port, protocol, at)]
        return dict(found)

    def came_to(self, port: str, protocol: str = "UDP", at: str = "service") -> tuple[str, str]:
        """Return a row's state and verdict."""
        row = self.row(port, protocol, at)
        return row["state"], row["verdict"]

    def findings(self, where: str) -> str:
        """Return text, evidence and advice of all findings that lie there."""
        found = [each for each in self.document["findings"] if each["where"] == where]
        return "\n".join(f"{each['severity']}: {each['text']} [{each['evidence']}] {each['advice']}" for each in found)

    def file(self, ending: str) -> str:
        """Return the content of the one file with that ending."""
        (path,) = self.folder.glob(f"*{ending}")
        return path.read_text("utf-8-sig")


def start_site(world: World, manner: str = zone(HOSTS)) -> Program:
    """Start everything, a resolver of that manner, and a reflector with responders on addresses of its own."""
    start_everything(world, manner=manner)
    for address in (f"{REFLECTOR}/24", f"{REFLECTOR_6}/64"):
        world.run(SERVER, "ip", "addr", "add", address, "dev", "s0", *(("nodad",) if ":" in address else ()))
    return start_own_reflector(world, "--responders")


def start_own_reflector(world: World, *options: str, address: str = REFLECTOR) -> Program:
    """Start a reflector on the reflector's address."""
    return world.python(SERVER, "-m", "nra", "reflect", "--bind", address, *options).wait_for("listening on .* port 20862")


def column(world: World, *options: str, reflector: str | None = REFLECTOR, **environment: str) -> Column:
    """Run `nra run` for the column, the lab's CA being the only public root; what it says must not be a traceback."""
    folder = world.folder / f"out-{time.monotonic_ns()}"
    given = ("--reflector", reflector) if reflector else ()
    roots = {"PYTHONPATH": public_roots(world.folder, world.folder / "ca.pem")} | environment
    arguments = ("--region", REGION, "--only", "firewall", "--json", "--out", str(folder), *given, *options)
    ended = nra_run(world, *arguments, **roots).end(END_S)
    return Column(document_of(ended), ended.code, folder)
