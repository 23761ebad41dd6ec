"""How long ten thousand runs take to become a workbook, against merely reading the same files, and how much memory.

The floor is the archive's own reader: each file read, decoded, checked. Both are counted in processor time, start-up of the program
included, so that a neighbour on the same cores does not count. The memory is the peak of the whole program, a process of its own.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet_files import write_runs
from row import Row, finish

from nra.archive.document import read

RUNS, FEW = 10_000, 1_000
TIME_LIMIT, FLAT_LIMIT = 4, 1.5
ALLOWED_MIB = 500
MIB_IN_RSS = 1 << 20 if sys.platform == "darwin" else 1 << 10  # ru_maxrss counts bytes there, KiB elsewhere
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program took: processor time, and memory at its peak."""

    seconds: float
    peak_mib: float


def compiled(folder: Path, output: Path) -> Spent:
    """Return what `nra compile` took for the runs in the folder."""
    command = (sys.executable, str(ROOT / "cli.py"), "compile", str(folder), "-o", str(output))
    quiet = ((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
    _, status, usage = os.wait4(os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet), 0)
    if status:
        raise RuntimeError(f"nra compile ended with status {status}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB_IN_RSS)


def reading_s(files: Sequence[Path]) -> float:
    """Return what the archive's reader takes for the files."""
    begun = time.process_time()
    for file in files:
        read(file)
    return time.process_time() - begun


def measure() -> list[Row]:
    """Return time and memory of ten thousand runs; nothing where a process cannot be asked what it took (Windows)."""
    if not hasattr(os, "wait4"):
        return []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = list(write_runs(folder / "many", RUNS))
        list(write_runs(folder / "few", FEW))
        few = compiled(folder / "few", folder / "few.xlsx")
        floor_s = reading_s(files[: RUNS // 2])
        many = compiled(folder / "many", folder / "many.xlsx")
        floor_s += reading_s(files[RUNS // 2 :])
    return [
        Row(
            what="compiling 10,000 runs into a workbook beside reading their files",
            subject=f"{many.seconds:.1f} s",
            floor=f"{floor_s:.1f} s",
            ratio=many.seconds / floor_s,
            limit=TIME_LIMIT,
        ),
        Row(
            what="memory for 10,000 runs (peak)",
            subject=f"{many.peak_mib:.0f} MiB",
            floor=f"{ALLOWED_MIB} MiB",
            ratio=many.peak_mib / ALLOWED_MIB,
            limit=1,
        ),
        Row(
            what="the same beside 1,000 runs",
            subject=f"{many.peak_mib:.0f} MiB",
            floor=f"{few.peak_mib:.0f} MiB",
            ratio=many.peak_mib / few.peak_mib,
            limit=FLAT_LIMIT,
        ),
    ]


if __name__ == "__main__":
    sys.exit(finish(*measure()))
