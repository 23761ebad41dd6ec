"""What the relay did, packet by packet: JSON lines, the truth that a measurement is held against."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nra.testing.impairment import Cause

UP: Final = "up"
DOWN: Final = "down"


@dataclass(slots=True, kw_only=True)
class Crossing:
    """One packet on its way through the relay; times in nanoseconds on one line, the arrival's is the kernel's stamp.

    `number` counts the packets of a direction from 0, `client` is "address port", `head` the first bytes of `size`. `due_ns`
    holds when copies were to leave (none: lost on purpose, and `lost_to` says to what). `left_ns` and `gone_ns`, which grow, hold when
    they really did, by stamps right before and right after the system was told to send: what is between them is doubt.
    """

    direction: str
    number: int
    client: str
    size: int
    head: bytes
    tos: int
    came_ns: int
    due_ns: tuple[int, ...]
    left_ns: list[int]
    gone_ns: list[int]
    lost_to: Cause | None


def write_record(path: Path, crossings: Iterable[Crossing]) -> None:
    """Write one line per packet; under its name the file is whole or absent."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="ascii") as file:
        for crossing in crossings:
            fields = {name: getattr(crossing, name) for name in Crossing.__slots__}
            file.write(json.dumps(fields | {"head": crossing.head.hex()}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_record(path: Path) -> tuple[Crossing, ...]:
    """Return the crossings in the order in which the packets came."""
    with path.open(encoding="ascii") as file:
        return tuple(_crossing(line) for line in file)


def _crossing(line: str) -> Crossing:
    fields = json.loads(line)
    lost_to = None if fields["lost_to"] is None else Cause(fields["lost_to"])
    return Crossing(**fields | {"head": bytes.fromhex(fields["head"]), "due_ns": tuple(fields["due_ns"]), "lost_to": lost_to})
