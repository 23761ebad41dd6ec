"""What macOS tells besides: by sysctl, pmset, scutil, networksetup and system_profiler, none of which needs admin rights."""

import json
import re
from typing import Any, Final

from nra.net.facts.asking import Question, Unknown, said, some

PROFILER_S: Final = 15.0  # it looks at all hardware of a kind
REDACTED: Final = "<redacted>"  # macOS 14 and later keep the network's name to themselves


def processor() -> tuple[str, ...]:
    """Return the processor's model."""
    return some((said("sysctl", "-n", "machdep.cpu.brand_string"),), "sysctl does not name it")


def power_plan() -> tuple[str, ...]:
    """Return whether low power mode is on."""
    return plan_in(said("pmset", "-g"))


def plan_in(text: str) -> tuple[str, ...]:
    """Return the lines about power in what `pmset -g` prints."""
    found = (" ".join(line.split()) for line in text.splitlines() if re.match(r"\s*(lowpowermode|powermode|powernap)\s", line))
    return some(tuple(found), "pmset says nothing of it")


def adapter_types() -> tuple[str, ...]:
    """Return each port of the hardware and its device."""
    return ports_in(said("networksetup", "-listallhardwareports"))


def ports_in(text: str) -> tuple[str, ...]:
    """Return ports and devices in what networksetup prints."""
    found = re.findall(r"Hardware Port: (.+)\nDevice: (\S+)", text)
    return some(tuple(f"{device}: {port}" for port, device in found), "networksetup names none")


def wifi_signal() -> tuple[str, ...]:
    """Return how strong signal and noise are and at which rate packets are sent."""
    return signal_in(said("system_profiler", "SPAirPortDataType", "-json", deadline_s=PROFILER_S))


def signal_in(text: str) -> tuple[str, ...]:
    """Return signal and rate in what system_profiler prints."""
    names = ("spairport_signal_noise", "spairport_network_rate", "spairport_network_channel")
    found = (
        f"{name.removeprefix('spairport_').replace('_', ' ')}: {link[name]}" for link in _links(text) for name in names if name in link
    )
    return some(tuple(found), "not connected to Wi-Fi")


def wifi_network() -> tuple[str, ...]:
    """Return the network's name."""
    return network_in(said("system_profiler", "SPAirPortDataType", "-json", deadline_s=PROFILER_S))


def network_in(text: str) -> tuple[str, ...]:
    """Return the network's name in what system_profiler prints."""
    names = tuple(str(link.get("_name", "")) for link in _links(text))
    return some(tuple(name for name in names if name != REDACTED), "not connected to Wi-Fi, or the system does not say to which")


def resolvers() -> tuple[str, ...]:
    """Return whom this workstation asks for names."""
    return some(tuple(re.findall(r"nameserver\[\d+\] : (\S+)", said("scutil", "--dns"))), "scutil names none")


def clock_offset() -> tuple[str, ...]:
    """Say that macOS does not state it."""
    raise Unknown("macOS states it only after asking a server, and nra case asks nobody")


def vpn_services() -> tuple[str, ...]:
    """Return the services that the system's own VPN list says are connected."""
    return services_in(said("scutil", "--nc", "list"))


def services_in(text: str) -> tuple[str, ...]:
    """Return the connected services in what `scutil --nc list` prints."""
    return some(tuple(re.findall(r'\(Connected\)[^"\n]*"([^"\n]+)"', text)), "no VPN service of the system is connected")


def _links(text: str) -> list[dict[str, Any]]:
    """Return the networks to which the adapters are connected."""
    try:
        adapters = json.loads(text)["SPAirPortDataType"][0]["spairport_airport_interfaces"]
        found = [each["spairport_current_network_information"] for each in adapters if "spairport_current_network_information" in each]
    except (ValueError, KeyError, IndexError, TypeError):
        return []
    return [link for link in found if isinstance(link, dict)]


QUESTIONS: Final = (
    Question(topic="System", name="Processor", ask=processor),
    Question(topic="System", name="Power plan", ask=power_plan, kind="text"),
    Question(topic="System", name="Clock offset", ask=clock_offset),
    Question(topic="Network", name="Adapter types", ask=adapter_types, kind="text"),
    Question(topic="Network", name="Wi-Fi signal", ask=wifi_signal),
    Question(topic="Network", name="Wi-Fi network", ask=wifi_network, kind="network"),
    Question(topic="Network", name="VPN of macOS", ask=vpn_services, kind="network"),
    Question(topic="Network", name="Resolvers", ask=resolvers, kind="host"),
)
