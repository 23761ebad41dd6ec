"""Which machine measured and with which packages, without admin rights and without asking the system's slow inventory (WMI)."""

import os
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Final

from nra.model.document import Host

PACKAGES: Final = (
    "aioquic", "certifi", "click", "cryptography", "jinja2", "msgspec", "numpy", "openpyxl", "pandas", "psutil", "rich",
)  # fmt: skip


def packages() -> tuple[str, ...]:
    """Return the foreign packages that numbers and reports are made with, each with its version; absent ones are left out."""
    return tuple(_installed())


def _installed() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue


def describe(local_address: str | None) -> Host:
    """Return the workstation's name, system and Python."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    if sys.platform == "win32":
        release = sys.getwindowsversion()
        return Host(
            name=os.environ.get("COMPUTERNAME", "unknown"),
            os="Windows",
            os_version=f"{release.major}.{release.minor}.{release.build}",
            machine=os.environ.get("PROCESSOR_ARCHITECTURE"),
            python=python,
            local_address=local_address,
        )
    facts = os.uname()
    return Host(
        name=facts.nodename, os=facts.sysname, os_version=facts.release, machine=facts.machine, python=python, local_address=local_address
    )
