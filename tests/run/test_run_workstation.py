"""Which machine measured, on each kind of system."""

import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from nra.run.workstation import PACKAGES, describe, packages


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


def test_packages_are_named_with_their_versions() -> None:
    """What is installed here, as its own metadata says; nothing else."""
    found = dict(each.split(" ") for each in packages())
    assert found["numpy"] == np.__version__
    assert found.keys() <= set(PACKAGES)


def test_a_package_that_is_absent_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """An optional one, such as aioquic."""
    monkeypatch.setattr("nra.run.workstation.PACKAGES", ("click", "no-such-package"))
    assert [each.split(" ")[0] for each in packages()] == ["click"]
