"""How long `nra --help` takes, against the floor: Python importing click.

Both are run in turn, so that a busy moment of the machine hits both; the fastest run of each counts.
"""

import subprocess
import sys
import time
from pathlib import Path

from row import Row, finish

LIMIT = 1.6
RUNS = 20
ROOT = Path(__file__).resolve().parent.parent
FLOOR = (sys.executable, "-c", "import click")
SUBJECT = (sys.executable, "-m", "nra", "--help")


def seconds(command: tuple[str, ...]) -> float:
    """Return how long the command takes from start to exit."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measure() -> Row:
    """Return the fastest of `RUNS` interleaved runs of the subject and of the floor."""
    pairs = [(seconds(FLOOR), seconds(SUBJECT)) for _ in range(RUNS)]
    floor, subject = (min(column) for column in zip(*pairs, strict=True))
    return Row(
        what="`nra --help` beside `import click`",
        subject=f"{1000 * subject:.0f} ms",
        floor=f"{1000 * floor:.0f} ms",
        ratio=subject / floor,
        limit=LIMIT,
    )


if __name__ == "__main__":
    sys.exit(finish(measure()))
