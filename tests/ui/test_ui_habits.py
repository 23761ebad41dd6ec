"""What people are used to from other pages, in a real browser: Enter in a list, files that are dropped, many tabs, a way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from ui_browser import CHROMIUM, served

pytestmark = [pytest.mark.peer, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Return the address of `nra ui`."""
    with served(tmp_path) as (at, _):
        yield at


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser's tabs, which know each other's limits."""
    made = browser.new_context(reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """Return a tab that shows the form."""
    opened = context.new_page()
    opened.goto(address)
    return opened


def test_enter_in_the_list_of_regions_chooses_and_starts_nothing(page: Page) -> None:
    """As in the search beside it: a test is started by its button, or from a field of text."""
    page.get_by_label("Organization").fill("Muster GmbH")
    page.get_by_label("Search by name").fill("us-east")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#region-count")).to_contain_text("chosen: US East")
    assert page.locator("#region").input_value().startswith("us-east-")
    expect(page.get_by_role("button", name="Start the Test")).to_be_visible()
    assert not page.url.endswith("/running")
