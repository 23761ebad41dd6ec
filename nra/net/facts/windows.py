"""What Windows tells besides: by powercfg, netsh, w32tm and PowerShell's own cmdlets, none of which needs admin rights.

`netsh` and `w32tm` speak the user's language: only what has a shape of its own (a percentage, a time) is read from them.
"""

import json
import re
from importlib import import_module
from typing import Any, Final

from nra.net.facts.asking import Question, Unknown, said, some

POWERSHELL_S: Final = 15.0  # its first start on a slow disk takes most of it
CPU_KEY: Final = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
ADAPTERS: Final = "Get-NetAdapter -Physical | Where-Object Status -eq Up | Select-Object InterfaceDescription,PhysicalMediaType,LinkSpeed"
RESOLVERS: Final = "Get-DnsClientServerAddress | Select-Object -ExpandProperty ServerAddresses"
VPNS: Final = "Get-VpnConnection | Where-Object ConnectionStatus -eq Connected | Select-Object -ExpandProperty Name"


def processor() -> tuple[str, ...]:
    """Return the processor's model."""
    winreg: Any = import_module("winreg")  # only Windows has it
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, CPU_KEY) as key:
        return some((str(winreg.QueryValueEx(key, "ProcessorNameString")[0]),), "the registry does not name it")


def power_plan() -> tuple[str, ...]:
    """Return the plan in force."""
    return plan_in(said("powercfg", "/getactivescheme"))


def plan_in(text: str) -> tuple[str, ...]:
    """Return the plan's name, which stands in brackets."""
    found = re.search(r"\(([^()]*)\)\s*$", text)
    return some((found[1] if found else "",), "powercfg names none")


def adapter_types() -> tuple[str, ...]:
    """Return each adapter that is up, who made it, its type and speed."""
    return adapters_in(_objects(ADAPTERS))


def adapters_in(objects: list[Any]) -> tuple[str, ...]:
    """Return what PowerShell says of adapters, a line each."""
    keys = ("InterfaceDescription", "PhysicalMediaType", "LinkSpeed")
    found = (", ".join(str(each[key]) for key in keys if each.get(key)) for each in objects if isinstance(each, dict))
    return some(tuple(found), "no physical adapter is up")


def wifi_signal() -> tuple[str, ...]:
    """Return how strong the signal is, in percent."""
    return signal_in(said("netsh", "wlan", "show", "interfaces"))


def signal_in(text: str) -> tuple[str, ...]:
    """Return the percentage: the only one there, whatever the language."""
    return some(tuple(f"{percent} %" for percent in re.findall(r":\s*(\d{1,3})\s?%", text)), "not connected to Wi-Fi")


def wifi_network() -> tuple[str, ...]:
    """Return the network's name and its access point."""
    return network_in(said("netsh", "wlan", "show", "interfaces"))


def network_in(text: str) -> tuple[str, ...]:
    """Return SSID and BSSID, which are called so in every language."""
    return some(tuple(re.findall(r"^\s*(?:AP )?B?SSID\s*:\s*(.+?)\s*$", text, re.MULTILINE)), "not connected to Wi-Fi")


def vpn_connections() -> tuple[str, ...]:
    """Return the connections of Windows' own VPN client."""
    return some(tuple(map(str, _objects(VPNS))), "Windows' own VPN client is not connected")


def resolvers() -> tuple[str, ...]:
    """Return whom this workstation asks for names."""
    return some(tuple(map(str, _objects(RESOLVERS))), "none is set")


def clock_offset() -> tuple[str, ...]:
    """Return how far the clock is off, by the service that keeps it."""
    return offset_in(said("w32tm", "/query", "/status", "/verbose"))


def offset_in(text: str) -> tuple[str, ...]:
    """Return the phase offset: the only value in seconds with a sign or seven decimals."""
    found = re.search(r":\s*([+-]?\d+[.,]\d{7})s", text.partition("\n\n")[2] or text)
    return some((f"{found[1]} s (w32tm)" if found else "",), "w32tm states no offset")


def _objects(command: str) -> list[Any]:
    """Return what a command of PowerShell gives, as JSON, which has no language; raises Unknown."""
    script = f"[Console]::OutputEncoding=[Text.Encoding]::UTF8; ConvertTo-Json -Compress @({command})"
    text = said("powershell", "-NoProfile", "-NonInteractive", "-Command", script, deadline_s=POWERSHELL_S)
    try:
        found = json.loads(text or "[]")
    except ValueError:
        raise Unknown("PowerShell's answer cannot be read") from None
    return found if isinstance(found, list) else [found]


QUESTIONS: Final = (
    Question(topic="System", name="Processor", ask=processor),
    Question(topic="System", name="Power plan", ask=power_plan, kind="text"),
    Question(topic="System", name="Clock offset", ask=clock_offset),
    Question(topic="Network", name="Adapter types", ask=adapter_types),
    Question(topic="Network", name="Wi-Fi signal", ask=wifi_signal),
    Question(topic="Network", name="Wi-Fi network", ask=wifi_network, kind="network"),
    Question(topic="Network", name="VPN of Windows", ask=vpn_connections, kind="network"),
    Question(topic="Network", name="Resolvers", ask=resolvers, kind="host"),
)
