"""Which engine there is on this system."""

from nra.net.batched_server import available
from nra.reflector.batched_engine import BatchedEngine
from nra.reflector.engine import Engine


def best_engine() -> type[Engine]:
    """Return the batched engine where the system has what it needs (Linux), else the portable one."""
    return BatchedEngine if available() else Engine
