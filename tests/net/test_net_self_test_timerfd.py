"""A timer of the kernel's as a file."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nra.net.self_test.timerfd import NoTimerfd, timerfd

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone has timerfd")


class Library:
    """A C library of our own."""

    def __init__(self, **functions: Any) -> None:
        """Take its functions."""
        self.__dict__ |= functions


def test_a_c_library_without_it_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old C libraries do not have the call: skipped, no crash."""
    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: Library())
    with pytest.raises(NoTimerfd, match="C library"), timerfd("linux"):
        pass


def test_a_kernel_that_refuses_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many open files, for one: the row is NOT MEASURED with the system's words."""
    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: Library(timerfd_create=lambda *_: -1, timerfd_settime=None))
    monkeypatch.setattr(ctypes, "get_errno", lambda: 24)
    with pytest.raises(OSError, match="Too many open files"), timerfd("linux"):
        pass


@LINUX
def test_the_file_is_closed_and_no_wait_is_endless() -> None:
    """A wait of nothing would disarm the timer and be read for ever; it is one of a nanosecond."""
    before = open_timers()
    with timerfd() as wait:
        wait(0.0)
        assert open_timers() == before + 1
    assert open_timers() == before


def open_timers() -> int:
    """Return how many timers this process has open: other files may be closed by other threads, or with what nobody knows any more."""
    found = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which the folder is read
            found += "timerfd" in str(file.readlink())
    return found
