"""The system's Chromium, as the tests of the page start it, and the page's program."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, Playwright, expect

CHROMIUM: Final = shutil.which("chromium")
OPTIONS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
WAIT_MS: Final = 40_000
ROOT: Final = Path(__file__).resolve().parents[2]
UNTIL_CANCELLED_S: Final = 3600  # what is seen while it is measured must not be over before it is seen, however slow the browser is


def launched(playwright: Playwright) -> Browser:
    """Return a browser of its own; what is expected of its pages may take a while: nothing here is about speed."""
    expect.set_options(timeout=WAIT_MS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))


def fits(page: Page) -> bool:
    """Tell whether the page is no wider than the screen, once it has its style."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Yield the address of a `nra ui` of its own, whose runs lie in `folder / "results"`, and its process."""
    environment = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder), "NRA_RUN_DURATION": str(UNTIL_CANCELLED_S)}
    command = [sys.executable, "-m", "nra", "ui", "--no-browser", "--out", str(folder / "results")]
    with subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.terminate()
        process.communicate(timeout=60)
