"""What Linux tells besides: by its own files, and by iw, chronyc or timedatectl where they are installed."""

import re
from pathlib import Path
from typing import Final

from nra.net.facts.asking import Question, Unknown, content, said, some

GOVERNOR: Final = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
RESOLV_CONF: Final = "/etc/resolv.conf"
RESOLVED: Final = "/run/systemd/resolve/resolv.conf"  # whom systemd's own resolver asks
ADAPTERS: Final = Path("/sys/class/net")
TYPES: Final = {"1": "Ethernet", "65534": "tunnel", "512": "PPP", "772": "loopback"}  # include/uapi/linux/if_arp.h


def processor() -> tuple[str, ...]:
    """Return the processor's model."""
    found = re.search(r"^(?:model name|Hardware|Model)\s*:\s*(.+)$", content("/proc/cpuinfo"), re.MULTILINE)
    return some((found[1] if found else "",), "/proc/cpuinfo does not name it")


def power_plan() -> tuple[str, ...]:
    """Return by which rule the processor's speed is governed."""
    return (f"cpufreq governor {content(GOVERNOR).strip()}",)


def adapter_types() -> tuple[str, ...]:
    """Return each adapter and its type."""
    try:
        names = sorted(path.name for path in ADAPTERS.iterdir())
    except OSError as error:
        raise Unknown(f"{ADAPTERS}: {error.strerror}") from None
    return some(tuple(f"{name}: {_type(name)}" for name in names if name != "lo"), "there is none")


def _type(name: str) -> str:
    folder = ADAPTERS / name
    if (folder / "wireless").exists() or (folder / "phy80211").exists():
        return "Wi-Fi"
    number = content(str(folder / "type")).strip()
    virtual = "" if (folder / "device").exists() else ", virtual"
    return TYPES.get(number, f"type {number}") + virtual


def wifi() -> str:
    """Return what `iw` says of the link; raises Unknown where there is no Wi-Fi."""
    names = [path.parent.name for path in ADAPTERS.glob("*/wireless")]
    if not names:
        raise Unknown("there is no Wi-Fi adapter")
    return said("iw", "dev", names[0], "link")


def wifi_signal() -> tuple[str, ...]:
    """Return how strong the signal is and at which rate packets are sent."""
    return signal_in(wifi())


def wifi_network() -> tuple[str, ...]:
    """Return the network's name and its access point."""
    return network_in(wifi())


def signal_in(text: str) -> tuple[str, ...]:
    """Return signal, frequency and rate in the words of `iw dev X link`."""
    return some(
        tuple(" ".join(line.split()) for line in text.splitlines() if re.match(r"\s*(signal|freq|tx bitrate):", line)), "not connected"
    )


def network_in(text: str) -> tuple[str, ...]:
    """Return SSID and BSSID."""
    found = re.findall(r"^\s*SSID: (.*)$|^Connected to ([0-9a-f:]{17})", text, re.MULTILINE)
    return some(tuple(ssid or bssid for ssid, bssid in found), "not connected")


def resolvers() -> tuple[str, ...]:
    """Return whom this workstation asks for names."""
    try:
        behind = servers_in(content(RESOLVED))
    except Unknown:
        behind = ()
    return some((*servers_in(content(RESOLV_CONF)), *behind), f"{RESOLV_CONF} names none")


def servers_in(text: str) -> tuple[str, ...]:
    """Return the name servers of a resolv.conf."""
    return tuple(re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE))


def clock_offset() -> tuple[str, ...]:
    """Return how far the clock is off, by whoever keeps it."""
    reasons = []
    for command, read in ((("chronyc", "-n", "tracking"), offset_of_chrony), (("timedatectl", "timesync-status"), offset_of_timesync)):
        try:
            return read(said(*command))
        except Unknown as why:
            reasons.append(str(why))
    raise Unknown("; ".join(reasons))


def offset_of_chrony(text: str) -> tuple[str, ...]:
    """Return the offset that chrony states."""
    found = re.search(r"^System time\s*:\s*([\d.]+) seconds (slow|fast)", text, re.MULTILINE)
    if found is None or "Leap status     : Not synchronised" in text:
        raise Unknown("chrony is not synchronized")
    return (f"{float(found[1]) * 1000:.3f} ms {found[2]} of NTP time (chrony)",)


def offset_of_timesync(text: str) -> tuple[str, ...]:
    """Return the offset that systemd-timesyncd states."""
    found = re.search(r"^\s*Offset:\s*(\S+)", text, re.MULTILINE)
    return some((f"{found[1]} (systemd-timesyncd)" if found else "",), "systemd-timesyncd states no offset")


QUESTIONS: Final = (
    Question(topic="System", name="Processor", ask=processor),
    Question(topic="System", name="Power plan", ask=power_plan, kind="text"),
    Question(topic="System", name="Clock offset", ask=clock_offset),
    Question(topic="Network", name="Adapter types", ask=adapter_types, kind="text"),
    Question(topic="Network", name="Wi-Fi signal", ask=wifi_signal),
    Question(topic="Network", name="Wi-Fi network", ask=wifi_network, kind="network"),
    Question(topic="Network", name="Resolvers", ask=resolvers, kind="host"),
)
