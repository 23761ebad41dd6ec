"""irtt, a program of somebody else's, through a relay of its own: what it says is held against what that relay wrote down.

Its stamps are its own, not the kernel's: whatever its two programs wait for a busy machine counts as the network's to it.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any, Final

from lab_programs import Program
from lab_session import Session
from lab_world import CLIENT, MIDDLE_ADDRESS, SERVER, SERVER_ADDRESS, World, need, start_relay

from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json
from nra.testing.relay_record import Crossing, read_record

PORT: Final = 2112
BYTES: Final = 172
NUMBER: Final = struct.Struct("<12xI")  # of a packet, behind magic, flags and the connection's token
END_S: Final = 20.0
STAMPS_MS: Final = 1.0  # between irtt's stamps and the kernel's, where nobody waits


@dataclass(frozen=True, slots=True)
class Irtt:
    """What irtt said of its path, as JSON has it, and what the relay did there."""

    said: dict[str, Any]
    record: tuple[Crossing, ...]

    def crossings(self, way: str) -> list[Crossing]:
        """Return the stream's packets of one direction, in the order in which they came."""
        return [crossing for crossing in self.record if (crossing.direction, crossing.size) == (way, BYTES)]

    def own_waiting_ms(self) -> list[float]:
        """Return by how much each round trip was longer than the relay held question and answer."""
        held_ns = [
            {
                NUMBER.unpack_from(crossing.head)[0]: crossing.left_ns[0] - crossing.came_ns
                for crossing in self.crossings(way)
                if crossing.left_ns
            }
            for way in ("up", "down")
        ]
        trips = {trip["seqno"]: trip["delay"]["rtt"] for trip in self.said["round_trips"] if trip["lost"] == "false"}
        return [(rtt_ns - held_ns[0][number] - held_ns[1][number]) / 1e6 for number, rtt_ns in trips.items()]


@dataclass(frozen=True, slots=True)
class Started:
    """irtt and its relay at work."""

    world: World
    relay: Program
    client: Program
    duration_s: float

    def ended(self) -> Irtt:
        """Wait until it has measured, and return what came of it."""
        said = json.loads(self.client.end(self.duration_s + END_S).out)
        self.relay.stop()
        return Irtt(said, read_record(self.world.folder / f"{PORT}.jsonl"))


def start_irtt(world: World, up: Impairment, down: Impairment, duration_s: float) -> Started:
    """Start irtt's server, a relay that does this to its packets, and its client: one question and one answer, then the stream."""
    need("irtt")
    world.start(SERVER, "irtt", "server", "-b", f"{SERVER_ADDRESS}:{PORT}").wait_for("starting IPv4 listener")
    relay = start_relay(world, "--up", impairment_json(up), "--down", impairment_json(down), port=PORT)
    options = ("-i", "20ms", "-l", str(BYTES), "-d", f"{duration_s:g}s", "-Q", "-o", "-")
    return Started(world, relay, world.start(CLIENT, "irtt", "client", *options, f"{MIDDLE_ADDRESS}:{PORT}"), duration_s)


def most_waiting_ms(session: Session) -> float:
    """Return what irtt waits at best, at most: its two programs no longer than one of ours in the same seconds, twice, at worst."""
    worst_ms: float = session.voice["instrument"]["receive_delay_ms"]["max"]
    return STAMPS_MS + 2 * worst_ms
