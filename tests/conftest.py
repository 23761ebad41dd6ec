"""What holds for every test, and the lab's world and a browser for those that take them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from lab_world import World
    from playwright.sync_api import Browser

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


@pytest.fixture
def world(tmp_path: Path) -> "Iterator[World]":
    """Namespaces of the test's own, taken away with all that runs in them."""
    from lab_world import World, why_not  # beside the tests that ask for it: only they find it

    reason = why_not()
    if reason:
        pytest.skip(reason)
    made = World(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright
    from ui_browser import launched

    with sync_playwright() as playwright:
        started = launched(playwright)
        yield started
        started.close()
