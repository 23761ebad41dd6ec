"""Values on disk in place of memory."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.archive.spool import Spool


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to keep."""

    name: str
    value: float | None


THINGS = st.lists(st.builds(Thing, st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.floats(allow_nan=False)))


@given(THINGS, st.randoms(use_true_random=False))
def test_gives_back_what_it_was_given_in_any_order(things: list[Thing], chance: object) -> None:
    """Each value comes back by its number, also between two that are written."""
    with Spool(Thing) as spool:
        for index, thing in enumerate(things):
            spool.append(thing)
            assert spool[index // 2] == things[index // 2]
        assert len(spool) == len(things)
        assert [spool[index] for index in reversed(range(len(things)))] == things[::-1]


def test_is_gone_when_closed() -> None:
    """Nothing can be read after it, and nothing lies about."""
    with Spool(Thing) as spool:
        spool.append(Thing("a", None))
    with pytest.raises(ValueError, match="closed"):
        spool[0]


def test_a_number_that_is_not_there() -> None:
    """No value, no answer."""
    with Spool(Thing) as spool, pytest.raises(IndexError):
        spool[0]
