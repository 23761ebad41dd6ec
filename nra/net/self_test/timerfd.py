"""Waiting on a timer of the kernel's as a file (timerfd_create(2)), Linux only; by ctypes, since `os` has it from Python 3.13 on."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

CLOCK_MONOTONIC: Final = 1  # linux/time.h
TFD_CLOEXEC: Final = os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else 0
EXPIRATIONS_BYTES: Final = 8


class NoTimerfd(Exception):  # noqa: N818 - says what is the case
    """This system has no such timers; the message says so."""


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


@contextmanager
def timerfd(platform: str = sys.platform) -> Iterator[Callable[[float], None]]:
    """Lend a wait of so many seconds on a timerfd; raises NoTimerfd, or OSError when the kernel will not."""
    if not platform.startswith("linux"):
        raise NoTimerfd(f"{platform} has no timerfd")
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        create, settime = libc.timerfd_create, libc.timerfd_settime
    except (OSError, AttributeError) as error:
        raise NoTimerfd("this C library has no timerfd") from error
    file = create(CLOCK_MONOTONIC, TFD_CLOEXEC)
    if file < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def wait(wait_s: float) -> None:
        nanoseconds = max(1, round(wait_s * 1e9))  # 0 would disarm it, and the read would never end
        once = _Itimerspec(_Timespec(0, 0), _Timespec(*divmod(nanoseconds, 1_000_000_000)))
        if settime(file, 0, ctypes.byref(once), None) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        os.read(file, EXPIRATIONS_BYTES)

    try:
        yield wait
    finally:
        os.close(file)
