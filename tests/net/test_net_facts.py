"""What systems say, read from what their commands print; the samples of Windows and macOS are from memory, nobody ran them there."""

import shutil
import sys
from pathlib import Path

import pytest

from nra.net.facts import linux, machine, macos, windows
from nra.net.facts.asking import Unknown, content, said, some

IW = """Connected to 3c:22:fb:9a:41:07 (on wlan0)
	SSID: Murmel: Gast
	freq: 5180
	RX: 4711 bytes (11 packets)
	signal: -61 dBm
	tx bitrate: 433.3 MBit/s VHT-MCS 9
"""
CHRONY = """Reference ID    : C0000201 (ntp.example)
System time     : 0.000123456 seconds slow of NTP time
Leap status     : Normal
"""
NETSH_GERMAN = """
    Name                   : WLAN
    Status                 : Verbunden
    SSID                   : Murmel-Gast
    BSSID                  : 3c:22:fb:9a:41:07
    Empfangsrate (MBit/s)  : 866,7
    Signal                 : 87%
"""
W32TM = "Leap Indicator: 0(no warning)\nStratum: 4\nRoot Delay: 0.0312500s\n\nPhase Offset: -0.0012345s\nClockRate: 0.0156250s\n"
PMSET = "System-wide power settings:\nCurrently in use:\n lowpowermode         1\n standby 1\n powernap             0\n"
PORTS = "\nHardware Port: Wi-Fi\nDevice: en0\nEthernet Address: 3c:22:fb:9a:41:07\n\nHardware Port: Thunderbolt 1\nDevice: en1\n"
NC = '* (Connected)      1234 VPN (com.example) "Murmel VPN"   [VPN:x]\n* (Disconnected)   5678 IPSec "Other" [IPSec]\n'
AIRPORT = """{"SPAirPortDataType": [{"spairport_airport_interfaces": [{"spairport_current_network_information":
 {"_name": "NAME", "spairport_signal_noise": "-61 dBm / -92 dBm", "spairport_network_rate": 866}}]}]}"""


def test_linux_tells_of_wifi_resolvers_and_clock() -> None:
    """By iw, resolv.conf, chrony and timesyncd."""
    assert linux.signal_in(IW) == ("freq: 5180", "signal: -61 dBm", "tx bitrate: 433.3 MBit/s VHT-MCS 9")
    assert linux.network_in(IW) == ("3c:22:fb:9a:41:07", "Murmel: Gast")
    assert linux.servers_in("# x\nnameserver 10.0.0.1\n nameserver fd00::1\nsearch x") == ("10.0.0.1", "fd00::1")
    assert linux.offset_of_chrony(CHRONY) == ("0.123 ms slow of NTP time (chrony)",)
    assert linux.offset_of_timesync("  Server: x\n  Offset: +1.2ms\n") == ("+1.2ms (systemd-timesyncd)",)


def test_windows_is_read_in_any_language() -> None:
    """By what has a shape of its own."""
    assert windows.signal_in(NETSH_GERMAN) == ("87 %",)
    assert windows.network_in(NETSH_GERMAN) == ("Murmel-Gast", "3c:22:fb:9a:41:07")
    assert windows.offset_in(W32TM) == ("-0.0012345 s (w32tm)",)
    assert windows.plan_in("GUID des Energieschemas: 381b4222-f694  (Ausbalanciert)\r\n") == ("Ausbalanciert",)
    adapter = {"InterfaceDescription": "Intel(R) Wi-Fi 6", "PhysicalMediaType": "Native 802.11", "LinkSpeed": "866 Mbps"}
    assert windows.adapters_in([adapter, "x"]) == ("Intel(R) Wi-Fi 6, Native 802.11, 866 Mbps",)


def test_macos_is_read() -> None:
    """By pmset, networksetup, scutil and system_profiler, which hides the network's name from version 14 on."""
    assert macos.plan_in(PMSET) == ("lowpowermode 1", "powernap 0")
    assert macos.ports_in(PORTS) == ("en0: Wi-Fi", "en1: Thunderbolt 1")
    assert macos.services_in(NC) == ("Murmel VPN",)
    assert macos.signal_in(AIRPORT) == ("signal noise: -61 dBm / -92 dBm", "network rate: 866")
    assert macos.network_in(AIRPORT.replace("NAME", "Murmel")) == ("Murmel",)
    with pytest.raises(Unknown):
        macos.network_in(AIRPORT.replace("NAME", macos.REDACTED))


@pytest.mark.parametrize(
    "read",
    [
        linux.signal_in, linux.network_in, linux.offset_of_chrony, linux.offset_of_timesync, windows.signal_in,
        windows.network_in, windows.offset_in,
        windows.plan_in, macos.plan_in, macos.ports_in, macos.services_in, macos.signal_in, macos.network_in,
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", "\x00"])
def test_what_says_nothing_is_unknown(read: object, text: str) -> None:
    """Never an empty value, never a crash."""
    assert callable(read)
    with pytest.raises(Unknown):
        read(text)


def test_a_program_has_a_deadline_and_its_failure_a_reason() -> None:
    """Missing, slow or failing: a reason in one line."""
    with pytest.raises(Unknown, match="not installed"):
        said("nra-no-such-program")
    with pytest.raises(Unknown, match=r"did not answer within 0.01 s"):
        said(sys.executable, "-c", "import time; time.sleep(30)", deadline_s=0.01)
    with pytest.raises(Unknown, match="oh no"):
        said(sys.executable, "-c", "raise SystemExit('oh no')")
    assert said(sys.executable, "-c", "print(1)").strip() == "1"
    with pytest.raises(Unknown, match="No such file"):
        content("/nra/no/such/file")
    with pytest.raises(Unknown, match="none"):
        some((" ",), "none")


def test_this_machine_answers() -> None:
    """Memory, processors, last boot and system are known everywhere."""
    for ask in (machine.system, machine.processors, machine.memory, machine.last_boot):
        assert all(ask())
    assert "GiB" in machine.memory()[0]
    assert machine.host_name()


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists() or shutil.which("true") is None, reason="Linux only")
def test_linux_names_its_adapters() -> None:
    """Each with a type, the loopback left out."""
    try:
        assert all(": " in line and not line.startswith("lo:") for line in linux.adapter_types())
    except Unknown as why:
        assert str(why)
