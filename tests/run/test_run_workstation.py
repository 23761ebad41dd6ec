"""Which machine measured, on each kind of system."""

import os
import sys
from types import SimpleNamespace

import pytest

from nra.run.workstation import describe


@pytest.mark.skipif(sys.platform == "win32", reason="the other branch")
def test_a_posix_workstation() -> None:
    """The kernel's own words."""
    host = describe("192.0.2.10")
    facts = os.uname()
    assert (host.name, host.os, host.os_version, host.machine, host.local_address) == (
        facts.nodename, facts.sysname, facts.release, facts.machine, "192.0.2.10",
    )  # fmt: skip
    assert host.python == ".".join(map(str, sys.version_info[:3]))


def test_a_windows_workstation(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment and the version call, not from WMI, which takes seconds."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "getwindowsversion", lambda: SimpleNamespace(major=10, minor=0, build=26100), raising=False)
    monkeypatch.setenv("COMPUTERNAME", "DESK-7")
    monkeypatch.setenv("PROCESSOR_ARCHITECTURE", "AMD64")
    host = describe(None)
    assert (host.name, host.os, host.os_version, host.machine, host.local_address) == ("DESK-7", "Windows", "10.0.26100", "AMD64", None)
    monkeypatch.delenv("COMPUTERNAME")
    assert describe(None).name == "unknown"
