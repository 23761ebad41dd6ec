"""Which machine measured, without admin rights and without asking the system's slow inventory (WMI)."""

import os
import sys

from nra.model.document import Host


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
