"""What every system tells by the library psutil: memory, processors, last boot, mains, adapters with their addresses."""

import platform
import socket
import sys
from datetime import UTC, datetime
from typing import Final

from nra.net.facts.asking import Question, Unknown, some
from nra.net.proxies import proxies

GIB: Final = 1 << 30
POWER: Final = {True: "mains", False: "battery"}
TUNNELS: Final = (
    "tun",
    "tap",
    "wg",
    "ppp",
    "utun",
    "ipsec",
    "vpn",
    "wireguard",
    "anyconnect",
    "globalprotect",
    "pangp",
    "fortinet",
    "zscaler",
)
"""How the names of adapters begin, or what stands in them, that VPN programs make."""


def host_name() -> str:
    """Return the name that this machine bears."""
    return platform.node() or "unknown"


def system() -> tuple[str, ...]:
    """Return the operating system and its version."""
    return some((" ".join(filter(None, (platform.system(), platform.release(), platform.version()))),), "the system does not say")


def processors() -> tuple[str, ...]:
    """Return how many processors there are and how busy they were for half a second."""
    import psutil

    logical, cores = psutil.cpu_count(), psutil.cpu_count(logical=False)
    return (f"{logical or 'unknown number of'} logical, {cores or 'unknown number of'} cores, {psutil.cpu_percent(0.5):.0f} % busy",)


def memory() -> tuple[str, ...]:
    """Return how much memory there is and how much is free to use."""
    import psutil

    found = psutil.virtual_memory()
    return (f"{found.total / GIB:.1f} GiB, {found.available / GIB:.1f} GiB available",)


def last_boot() -> tuple[str, ...]:
    """Return when the system was started."""
    import psutil

    return (f"{datetime.fromtimestamp(psutil.boot_time(), UTC):%Y-%m-%dT%H:%M:%SZ}",)


def mains() -> tuple[str, ...]:
    """Return whether the workstation runs from mains or from its battery."""
    import psutil

    battery = getattr(psutil, "sensors_battery", lambda: None)()  # not on every system
    if battery is None:
        raise Unknown("no battery, or the system does not say")
    source = POWER.get(battery.power_plugged, "unknown source")
    return (f"{source}, battery at {battery.percent:.0f} %",)


def adapters() -> tuple[str, ...]:
    """Return each adapter that is up, with its speed and the size of its packets."""
    import psutil

    found = (
        f"{name}: {f'{stats.speed} Mbit/s' if stats.speed else 'speed unknown'}, MTU {stats.mtu}"
        for name, stats in psutil.net_if_stats().items()
        if stats.isup and not _is_loopback(name)
    )
    return some(tuple(found), "no adapter is up")


def addresses() -> tuple[str, ...]:
    """Return the addresses of the adapters that are up."""
    import psutil

    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup and not _is_loopback(name)}
    families = (socket.AF_INET, socket.AF_INET6)
    found = (each.address for name, each_of in psutil.net_if_addrs().items() if name in up for each in each_of if each.family in families)
    return some(tuple(found), "no adapter that is up has an address")


def hardware_addresses() -> tuple[str, ...]:
    """Return the hardware addresses of all adapters."""
    import psutil

    found = (
        each.address
        for name, each_of in psutil.net_if_addrs().items()
        for each in each_of
        if each.family == psutil.AF_LINK and each.address.strip("0:-") and not _is_loopback(name)
    )
    return some(tuple(found), "no adapter has one")


def tunnels() -> tuple[str, ...]:
    """Return the adapters that are up and look like a VPN's by their names."""
    import psutil

    found = (name for name, stats in psutil.net_if_stats().items() if stats.isup and _is_tunnel(name))
    return some(tuple(found), "no adapter that is up looks like one")


def set_proxies() -> tuple[str, ...]:
    """Return the proxies that are set."""
    found = (f"{each.setting}: {each.scheme} {each.address}" for each in proxies())
    return some(tuple(found), "none is set")


def _is_loopback(name: str) -> bool:
    return name == "lo" or name.startswith(("lo0", "Loopback"))


def _is_tunnel(name: str) -> bool:
    small = name.lower()
    if sys.platform == "darwin" and small.startswith("utun"):
        return False  # the system itself keeps several up: they prove nothing
    return small.startswith(TUNNELS[:6]) or any(word in small for word in TUNNELS[6:])


QUESTIONS: Final = (
    Question(topic="System", name="Operating system", ask=system),
    Question(topic="System", name="Processors", ask=processors),
    Question(topic="System", name="Memory", ask=memory),
    Question(topic="System", name="Last boot", ask=last_boot),
    Question(topic="System", name="Mains or battery", ask=mains),
    Question(topic="Network", name="Adapters that are up", ask=adapters, kind="text"),
    Question(topic="Network", name="Addresses", ask=addresses, kind="host"),
    Question(topic="Network", name="Hardware addresses", ask=hardware_addresses, kind="mac"),
    Question(topic="Network", name="VPN", ask=tunnels, kind="network"),
    Question(topic="Network", name="Proxies", ask=set_proxies, kind="text"),
)
