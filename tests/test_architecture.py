"""The house as docs/design.md draws it: who may know whom, and what may come in through which door."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from nra.probes import BUILTIN

TESTS: Final = Path(__file__).resolve().parent
HOUSE: Final = TESTS.parent / "nra"
FILES: Final = sorted(HOUSE.rglob("*.py"))

MAY_KNOW: Final = {
    "model": set[str](),
    "wire": {"model"},
    "net": {"wire", "model"},
    "scoring": {"model"},
    "report": {"model"},
    "archive": {"model"},
    "catalogue": {"model"},
    "probes": {"net", "wire", "model"},
    "reflector": {"net", "wire", "model"},
    "testing": {"net", "wire", "model"},
    "run": {"probes", "scoring", "net", "model"},
    "stick": set[str](),
    "ui": {"archive", "catalogue", "report", "model"},
    "cli": {"run", "archive", "catalogue", "report", "reflector", "stick", "ui", "model"},
}
WORLD: Final = {"asyncio", "socket", "select", "selectors", "ssl", "time", "random", "logging", "threading", "subprocess", "click"}
WITHOUT_WORLD: Final = {"model", "wire", "scoring", "report"}
NETWORK: Final = {"socket", "select", "selectors", "ssl"}
A_NETWORK_ITSELF: Final = HOUSE / "testing" / "relay.py"  # a program of its own: to those who measure it is part of the network
SCREEN_LINES: Final = 45
LONGER: Final = {("plain.py", "plainly"), ("plain.py", "reflect")}  # at a few packets/s each function more costs what no cache holds
MAKERS: Final = ("Probe", "observing", "port_check")  # what makes a probe, its name first


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), names=aliases):
                yield from (module, *(f"{module}.{alias.name}" for alias in aliases))
            case ast.Call(func=ast.Attribute(attr="importorskip" | "import_module"), args=[ast.Constant(value=str(module)), *_]):
                yield module


def room_of(path: Path) -> str:
    """Return the room in which a file of nra/ lies, empty for those at its door."""
    inside = path.relative_to(HOUSE).parts
    return inside[0] if len(inside) > 1 else ""


def rooms(path: Path) -> set[str]:
    """Return the other rooms that a file of nra/ knows."""
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "nra" and len(parts) > 1 and parts[1] in MAY_KNOW} - {room_of(path)}


def packages(path: Path) -> set[str]:
    """Return the top-level packages that a file imports."""
    return {name.partition(".")[0] for name in imported(path)}


def test_every_room_stands_in_the_table() -> None:
    """A new room is drawn before it is built."""
    assert {room_of(path) for path in FILES} - {""} == MAY_KNOW.keys()


@pytest.mark.parametrize("room", MAY_KNOW)
def test_a_room_knows_only_whom_it_may(room: str) -> None:
    """The layers of docs/design.md, held file by file."""
    strangers = {str(path): rooms(path) - MAY_KNOW[room] for path in FILES if room_of(path) == room}
    assert {path: found for path, found in strangers.items() if found} == {}


def test_time_and_the_world_are_arguments() -> None:
    """Formats, numbers and reports need no socket, no clock, no chance and no terminal: they can be tested exactly."""
    assert {str(path): packages(path) & WORLD for path in FILES if room_of(path) in WITHOUT_WORLD and packages(path) & WORLD} == {}


def test_only_net_touches_the_network() -> None:
    """The outside world enters by one narrow door."""
    users = {path for path in FILES if room_of(path) != "net" and packages(path) & NETWORK}
    assert users - {A_NETWORK_ITSELF} == set()


def test_probes_see_the_network_through_its_ports() -> None:
    """What a probe asks of the world stands in nra/net/ports.py, so that the fake network can give it too."""
    doors = {name for path in FILES if room_of(path) == "probes" for name in imported(path) if name.startswith("nra.net.")}
    assert {name for name in doors if not name.startswith("nra.net.ports")} == set()


def test_no_probe_knows_another_probe() -> None:
    """What two probes share lies in nra/probes/parts."""
    names = {f"nra.probes.{path.stem}" for path in (HOUSE / "probes").glob("*.py")} - {"nra.probes.__init__"}
    for path in (HOUSE / "probes").rglob("*.py"):
        if path != HOUSE / "probes" / "__init__.py":
            known = {name.rpartition(".")[0] if name.count(".") > 2 else name for name in imported(path)}
            assert known & names == set(), path


def test_the_list_of_probes_is_complete() -> None:
    """Each file of nra/probes makes a probe, each probe made stands in BUILTIN, under a name of its own."""
    made: list[str] = []
    for path in set((HOUSE / "probes").glob("*.py")) - {HOUSE / "probes" / "__init__.py"}:
        names = list(names_of_probes(path))
        assert names, f"{path} makes no probe"
        made += names
    assert len(set(made)) == len(made)
    assert sorted(made) == sorted(probe.name for probe in BUILTIN)


def names_of_probes(path: Path) -> Iterator[str]:
    """Yield the names under which a file makes probes."""
    for statement in ast.parse(path.read_text("utf-8")).body:
        match statement:
            case ast.AnnAssign(
                value=ast.Call(func=ast.Name(id="observing" | "Probe" | "port_check"), args=[ast.Constant(value=str(name)), *_])
            ):
                yield name


def test_the_gpl_stays_outside() -> None:
    """scapy (GPL-2.0-only) is imported by test modules that bear its name, and by nothing that is shipped (decision 0004)."""
    users = [path for path in (*FILES, *TESTS.rglob("*.py")) if "scapy" in packages(path) and "scapy" not in path.stem]
    assert users == []


def test_functions_fit_on_a_screen() -> None:
    """A function is read in one look."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [(path, node) for path in FILES for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)]
    assert {(path.name, node.name) for path, node in functions if (node.end_lineno or 0) - node.lineno >= SCREEN_LINES} == LONGER
