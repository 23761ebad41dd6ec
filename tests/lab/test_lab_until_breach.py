"""`nra run --calls-until-breach` through the relay, whose bottleneck is known: the number must be the one that arithmetic gives."""

import sys
from typing import Any, Final

import pytest
from lab_programs import Program
from lab_world import CLIENT, MIDDLE, MIDDLE_ADDRESS, PORT, SERVER, SERVER_ADDRESS, World, document_of, need

from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json

pytestmark = pytest.mark.namespaces

KBIT_S: Final = 80  # of one call of G.711: 172 octets of payload and 28 of IPv4 and UDP, 50 times a second
QUEUE: Final = 25  # packets
PUNCTUAL: Final = ("chrt", "--fifo", "10", sys.executable, "-m")  # whatever else runs here: an unsteady workstation would end the search
WHERE: Final = ("--org", "Lab", "--out", "out", "--region", "eu-central-1", "--only", "voice", "--json")
SEARCH: Final = (*WHERE, "--duration", "5", "--calls-until-breach", "8")
END_S: Final = 240.0
AGAIN: Final = 2  # times that a search is begun again
NARROW: Final = {"up": (440, 5), "down": (280, 3)}  # kbit/s, and how many calls fit into it: five and a half, three and a half


def search(world: World, way: str) -> Program:
    """Start a search through the path that is narrow this way."""
    return world.start(CLIENT, *PUNCTUAL, "nra", "run", *SEARCH, "--reflector", f"{MIDDLE_ADDRESS}:{port_of(way)}")


def narrow(world: World, way: str) -> None:
    """Start a reflector, and a relay to it that is narrow this way."""
    kbit_s, _ = NARROW[way]
    port = port_of(way)
    orders = (f"--{way}", impairment_json(Impairment(delay_ms=10, rate_kbit_s=kbit_s, queue_packets=QUEUE)))
    ends = ("--listen", f"{MIDDLE_ADDRESS}:{port}", "--to", f"{SERVER_ADDRESS}:{port}", "--record", f"{port}.jsonl")
    world.start(SERVER, *PUNCTUAL, "nra", "reflect", "--port", str(port)).wait_for("listening on")
    world.start(MIDDLE, *PUNCTUAL, "nra.testing.relay", *ends, *orders).wait_for("listening on")


def port_of(way: str) -> int:
    """Return the port of its relay and its reflector."""
    return PORT + list(NARROW).index(way)


def found(world: World, way: str, run: Program) -> dict[str, Any]:
    """Return what the search found; one that by its own record was in want of this machine's time proves nothing, and is begun again.

    The last one must stand in any case.
    """
    for _ in range(AGAIN):
        capacity: dict[str, Any] = document_of(run.end(END_S))["capacity"]
        if all(step["outcome"] != "workstation" for step in capacity["steps"]):
            return capacity
        run = search(world, way)
    return dict(document_of(run.end(END_S))["capacity"])


def test_the_number_is_that_of_the_bottleneck(world: World, subtests: pytest.Subtests) -> None:
    """What the line carries, seen twice; one call more breaks a limit twice, in the direction that is narrow."""
    need("chrt")
    for way in NARROW:
        narrow(world, way)
    runs = {way: search(world, way) for way in NARROW}
    for way, run in runs.items():
        capacity = found(world, way, run)
        with subtests.test(way):
            carried = NARROW[way][1]
            assert (capacity["carried"], capacity["confirmed"], capacity["stopped_at"]) == (carried, True, carried + 1), capacity["steps"]
            assert capacity["ended_by"] == "limit"
            assert capacity["broke"]["key"].startswith(way)
            assert [step["outcome"] for step in capacity["steps"] if step["calls"] == carried + 1] == ["breached", "breached"]
