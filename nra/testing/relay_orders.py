"""What the relay is told to do, and how that stands on its command line."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nra.testing.chance import Bursts, JitterShape
from nra.testing.impairment import CLEAN, Impairment


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the relay shall do: DSCP to rewrite (None: as it came), and after how many packets up to rebind or to say so (0: never)."""

    up: Impairment = CLEAN
    down: Impairment = CLEAN
    dscp_up: int | None = None
    dscp_down: int | None = None
    rebind_after: int = 0
    announce_after: int = 0


def host_port(text: str) -> tuple[str, int]:
    """Return address and port of ADDRESS:PORT, an IPv6 address in brackets; raises ValueError."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _rows(width: int) -> Callable[[Sequence[Sequence[float]]], tuple[tuple[float, ...], ...]]:
    def read(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
        read_rows = tuple(tuple(float(cell) for cell in row) for row in rows)
        if any(len(row) != width for row in read_rows):
            raise ValueError(f"each of {rows} must be {width} numbers")
        return read_rows

    return read


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "jitter_shape": JitterShape,
    "bursts": lambda fields: None if fields is None else Bursts(**fields),
    "loss_runs": lambda pairs: tuple(range(*pair) for pair in pairs),
    "loss_spans_s": _rows(2),
    "stalls_s": _rows(2),
    "detours": _rows(3),
}
"""How those fields of an Impairment are read that JSON does not give as they are."""


def impairment(text: str) -> Impairment:
    """Return the impairment that a JSON object describes: runs, spans, stalls and detours as arrays; raises ValueError, TypeError."""
    fields: dict[str, Any] = json.loads(text)
    return Impairment(**{name: READERS.get(name, lambda value: value)(value) for name, value in fields.items()})


def impairment_json(asked: Impairment) -> str:
    """Return the JSON object that `impairment` reads."""
    return json.dumps(asdict(asked) | {"loss_runs": [[run.start, run.stop] for run in asked.loss_runs]})


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m nra.testing.relay", description="Impair and record UDP on its way to a peer.")
    parser.add_argument("--listen", type=host_port, required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--to", type=host_port, required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--up", type=impairment, default=CLEAN, metavar="JSON", help="fields of Impairment, towards the peer")
    parser.add_argument("--down", type=impairment, default=CLEAN, metavar="JSON", help="fields of Impairment, towards the clients")
    parser.add_argument("--dscp-up", type=int, metavar="0..63", help="rewrite the marking; it is kept otherwise")
    parser.add_argument("--dscp-down", type=int, metavar="0..63", help="rewrite the marking; it is kept otherwise")
    parser.add_argument("--rebind-after", type=int, default=0, metavar="N", help="from the Nth packet up on, come from a new port")
    parser.add_argument("--announce-after", type=int, default=0, metavar="N", help="print a line at the Nth packet up")
    parser.add_argument("--record", type=Path, required=True, metavar="FILE", help="where to write, at the end, what was done")
    return parser.parse_args(arguments)
