"""What a service manager is told (sd_notify(3))."""

import os
import socket
import sys
from pathlib import Path

import pytest

from nra.net.service_manager import notify, watchdog_s

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such managers there")


@pytest.mark.parametrize("name", ["manager.sock", pytest.param("@", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux'"))])
def test_it_is_told_over_its_socket(name: str, tmp_path: Path) -> None:
    """By a path, or by a name that is no file's."""
    address = f"@nra-{os.getpid()}" if name == "@" else str(tmp_path / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0"))
        manager.settimeout(5)
        assert notify("READY=1\nSTATUS=x", {"NOTIFY_SOCKET": address})
        assert manager.recv(100) == b"READY=1\nSTATUS=x"


def test_nobody_who_asked_or_nobody_there_is_no_error(tmp_path: Path) -> None:
    """A program started by hand has no manager; one may be gone."""
    assert [notify("READY=1", {}), notify("READY=1", {"NOTIFY_SOCKET": ""})] == [False] * 2
    assert [notify("READY=1", {"NOTIFY_SOCKET": where}) for where in (str(tmp_path / "absent"), "vsock:2:1", "/" + "x" * 300)] == [
        False
    ] * 3


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "17"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "18"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_signs_of_life_are_wanted(environ: dict[str, str], wanted: float | None) -> None:
    """Of this process, and only where they are."""
    assert watchdog_s(environ, pid=17) == wanted
