"""`nra run --calls-until-breach` through the relay, whose bottleneck is known: the number must be the one that arithmetic gives."""

from typing import Any, Final

import pytest
from lab_programs import Program
from lab_world import MIDDLE_ADDRESS, PORT, World, document_of, nra_run, start_reflector, start_relay

from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json

pytestmark = pytest.mark.namespaces

KBIT_S: Final = 80  # of one call of G.711: 172 octets of payload and 28 of IPv4 and UDP, 50 times a second
QUEUE: Final = 25  # packets
SEARCH: Final = ("--region", "eu-central-1", "--only", "voice", "--json", "--duration", "5", "--calls-until-breach", "8")
END_S: Final = 240.0
NARROW: Final = {"up": (440, 5), "down": (280, 3)}  # kbit/s, and how many calls fit into it: five and a half, three and a half


def start(world: World, way: str, port: int) -> Program:
    """Start a search through a relay that is narrow one way."""
    kbit_s, _ = NARROW[way]
    start_relay(world, f"--{way}", impairment_json(Impairment(delay_ms=10, rate_kbit_s=kbit_s, queue_packets=QUEUE)), port=port)
    return nra_run(world, *SEARCH, "--reflector", f"{MIDDLE_ADDRESS}:{port}")


def test_the_number_is_that_of_the_bottleneck(world: World, subtests: pytest.Subtests) -> None:
    """What the line carries, seen twice; one call more breaks a limit twice, in the direction that is narrow."""
    start_reflector(world)
    world.python("server", "-m", "nra", "reflect", "--port", str(PORT + 1)).wait_for("listening on")
    runs = {way: start(world, way, PORT + number) for number, way in enumerate(NARROW)}
    for way, run in runs.items():
        ended = run.end(END_S)
        capacity: dict[str, Any] = document_of(ended)["capacity"]
        with subtests.test(way):
            carried = NARROW[way][1]
            assert (capacity["carried"], capacity["confirmed"], capacity["stopped_at"]) == (carried, True, carried + 1), capacity
            assert capacity["ended_by"] == "limit"
            assert capacity["broke"]["key"].startswith(way)
            assert [step["outcome"] for step in capacity["steps"] if step["calls"] == carried + 1] == ["breached", "breached"]
            assert ended.code == 0  # one call is well: the verdict is that of the run's own stream
