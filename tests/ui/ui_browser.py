"""The system's Chromium, as the tests of the page start it."""

import shutil
from typing import Final

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM: Final = shutil.which("chromium")
OPTIONS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def launched(playwright: Playwright) -> Browser:
    """Return a browser of its own."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))


def fits(page: Page) -> bool:
    """Tell whether the page is no wider than the screen, once it has its style."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
