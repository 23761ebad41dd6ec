"""Files of many runs to compile: canned runs with numbers that differ, of workstations at sites, over a week of working days."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from nra.archive.document import encode
from nra.testing.canned import canned_run

SITES, WORKSTATIONS = 40, 25
PER_FOLDER = 1000
FIRST = datetime(2026, 11, 2, 8)  # noqa: DTZ001 - written with its Z
KINDS = ("good",) * 6 + ("close",) * 2 + ("bad", "round-trip")
RUN_ID, STARTED, JITTER = "0" * 32, "2026-11-22T14:03:11Z", b"1.8412"


def write_runs(folder: Path, runs: int, first: int = 0) -> Iterator[Path]:
    """Write so many run documents below the folder and yield their paths; only the names, times and one number differ."""
    chance = random.Random(first)
    patterns = {kind: encode(canned_run(kind, host="@HOST@", site="@SITE@", started_at=STARTED)) for kind in KINDS}
    ids = {kind: canned_run(kind, host="@HOST@", site="@SITE@", started_at=STARTED).run.id.encode() for kind in KINDS}
    for number in range(first, first + runs):
        kind = chance.choice(KINDS)
        site, place = divmod(number % (SITES * WORKSTATIONS), WORKSTATIONS)
        started = FIRST + timedelta(days=number // 5000 % 5, minutes=chance.randrange(600))
        path = folder / f"{number // PER_FOLDER}" / f"{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            patterns[kind]
            .replace(ids[kind], f"{number:032x}".encode())
            .replace(b"@HOST@", f"PC-{site:02}{place:02}".encode())
            .replace(b"@SITE@", f"Site {site:02}".encode())
            .replace(STARTED.encode(), f"{started:%Y-%m-%dT%H:%M:%SZ}".encode())
            .replace(JITTER, f"{chance.uniform(1, 19):.4f}".encode())
        )
        yield path
