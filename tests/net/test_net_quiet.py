"""The interpreter is kept quiet, and left as it was found."""

import gc
import sys
from collections.abc import Iterator

import pytest

from nra.net.quiet import QUIET, SWITCH_INTERVAL_S, Quiet


@pytest.fixture(autouse=True)
def as_found() -> Iterator[None]:
    """Restore the interpreter whatever a test does."""
    interval_s, collected = sys.getswitchinterval(), gc.isenabled()
    yield
    sys.setswitchinterval(interval_s)
    (gc.enable if collected else gc.disable)()


def test_quiet_while_the_block_lasts() -> None:
    """Threads switch quickly, garbage stays where it is; then all is as before."""
    usual_s = sys.getswitchinterval()
    with QUIET.kept():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(usual_s)
    assert gc.isenabled()


def test_the_last_restores_what_the_first_found() -> None:
    """Blocks may overlap in any order."""
    quiet, usual_s = Quiet(), sys.getswitchinterval()
    first, second = quiet.kept(), quiet.kept()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(usual_s)


def test_an_error_restores_too() -> None:
    """Whatever ends the block ends the quiet."""
    with pytest.raises(ZeroDivisionError), Quiet().kept():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Whoever switched it off before us had a reason."""
    gc.disable()
    with Quiet().kept():
        pass
    assert not gc.isenabled()
