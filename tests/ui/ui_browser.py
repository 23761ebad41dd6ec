"""The system's Chromium, as the tests of the page start it."""

import shutil
from typing import Final

from playwright.sync_api import Browser, Page, Playwright, expect

CHROMIUM: Final = shutil.which("chromium")
OPTIONS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
WAIT_MS: Final = 40_000


def launched(playwright: Playwright) -> Browser:
    """Return a browser of its own; what is expected of its pages may take a while: nothing here is about speed."""
    expect.set_options(timeout=WAIT_MS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))


def fits(page: Page) -> bool:
    """Tell whether the page is no wider than the screen, once it has its style."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
