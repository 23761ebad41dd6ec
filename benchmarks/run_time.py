"""How much longer than its voice stream a run takes, from typed command to written reports.

The self-test on loopback stands for any network that answers: what is added is start-up, the firewall's head start,
the closing exchange, scoring and three reports.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from row import Row, finish

DURATION_S = 5.0
MAY_ADD_S = 4.0
REPORTS = 3


def measure() -> Row:
    """Return the time of one run beside the duration that it was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("run", "--region", "local", "--org", "benchmark", "--duration", str(DURATION_S), "--out", folder, "--quiet")
        begun = time.perf_counter()
        subprocess.run((sys.executable, "-m", "nra", *words), check=False, stdout=subprocess.DEVNULL)
        elapsed_s = time.perf_counter() - begun
        if len(list(Path(folder).iterdir())) != REPORTS:
            raise SystemExit("nra run did not write its reports")
    return Row(
        what="a run of 5 s on region `local`, reports included",
        subject=f"{elapsed_s:.2f} s",
        floor=f"{DURATION_S:g} s",
        ratio=elapsed_s / DURATION_S,
        limit=(DURATION_S + MAY_ADD_S) / DURATION_S,
    )


if __name__ == "__main__":
    sys.exit(finish(measure()))
