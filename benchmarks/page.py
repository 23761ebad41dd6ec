"""Whether the page of `nra ui`, open in Chromium and drawing, makes the sender late: 99th percentiles with it and without it.

Both on region `local` and in turn, so that whatever else this machine does befalls both. Needs Debian's Chromium and playwright
(the development environment), and is skipped elsewhere.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from ground import ROOT, load
from row import Row, Skipped, finish

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS: Final = 5
DURATION_S: Final = 10
LIMIT: Final = 2
OPTIONS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def p99_ms(folder: Path) -> float:
    """Return the lateness in the newest run document of a folder."""
    newest = max(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return float(json.loads(newest.read_bytes())["voice"]["instrument"]["send_late_ms"]["p99"])


def without_page(folder: Path) -> float:
    """Return the lateness of `nra run`."""
    words = ("run", "--region", "local", "--org", "benchmark", "--quiet", "--out", str(folder))
    subprocess.run((sys.executable, "-m", "nra", *words), cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    return p99_ms(folder)


def with_page(page: "Page", address: str, folder: Path) -> float:
    """Return the lateness of the same, started from the page, which stays open until the result is drawn."""
    page.goto(address)
    page.select_option("#region", "local")
    page.fill("#org", "benchmark")
    page.click("text=Start the Test")
    page.wait_for_url("**/runs/*", timeout=(DURATION_S + 30) * 1000)
    return p99_ms(folder)


def measure() -> tuple[Row | Skipped, ...]:
    """Return how much later packets leave with the page than without."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        return (Skipped("send lateness with the page of nra ui", "Chromium or playwright is not installed"),)
    from playwright.sync_api import sync_playwright

    print(f"page: {load()} when it began", file=sys.stderr)
    os.environ["NRA_RUN_DURATION"] = str(DURATION_S)
    alone, beside = [], []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        words = (sys.executable, "-m", "nra", "ui", "--no-browser", "--out", name)
        environment = os.environ | {"XDG_CONFIG_HOME": name}
        with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
            address = (server.stdout.readline() if server.stdout else "").strip()
            browser = playwright.chromium.launch(executable_path=chromium, args=list(OPTIONS))
            for _ in range(ROUNDS):
                page = browser.new_page()
                beside.append(with_page(page, address, folder))
                page.close()
                alone.append(without_page(folder))
            browser.close()
            server.terminate()
    with_ms, without_ms = median(beside), median(alone)
    return (
        Row(
            what="send lateness (p99) with the page of nra ui open and drawing, beside without",
            subject=f"{with_ms:.3f} ms",
            floor=f"{without_ms:.3f} ms",
            ratio=with_ms / without_ms,
            limit=LIMIT,
        ),
    )


if __name__ == "__main__":
    sys.exit(finish(*measure()))
