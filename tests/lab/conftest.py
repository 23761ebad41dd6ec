"""The lab's world for each test, where there can be one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_world import World, why_not


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Namespaces of the test's own, taken away with all that runs in them."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    made = World(tmp_path)
    try:
        yield made
    finally:
        made.close()
