"""What holds for every test, and the lab's world and a browser for those that take them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from lab_world import World
    from playwright.sync_api import Browser

# How long an example takes, or its making, says how busy the machine is. The tests try the same examples each time, so that whoever
# changes something else is not told of it; `make explore` looks for new ones.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", untimed, derandomize=True)
settings.register_profile("exploring", untimed, max_examples=1000)
settings.load_profile("same")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[World]":
    """Namespaces of the test's own, taken away with all that runs in them; beside a test that is `alone` no worker has others.

    Such a test takes every processor before all else (`chrt`): packets in other worlds would wait too, for the kernel's own threads do.
    """
    from lab_world import World, why_not  # beside the tests that ask for it: only they find it

    reason = why_not()
    if reason:
        pytest.skip(reason)
    import fcntl

    is_alone = request.node.get_closest_marker("alone") is not None
    with (tmp_path_factory.getbasetemp().parent / "worlds.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
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
