"""Which proxies this workstation is set to use: by the environment, by Windows' registry, by macOS' System Configuration.

`urllib.request` reads the same places, but knows nothing of scripts (PAC), and scripts are what companies use. Not looked at: WinHTTP
(services), desktops of Linux (their programs follow the environment, mostly), what Windows finds by itself (WPAD, on unless switched off).
What stands there anybody may have written: nothing of it raises, and no user and password leaves this file.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from nra.model.region import ProxySetting

ENVIRONMENT: Final = "environment"
SYSTEM: Final = "system"
SCHEMES: Final = ("https", "http", "all")
SCRIPT: Final = "pac"
DISCOVERED: Final = "found by itself (WPAD)"
UNREADABLE: Final = "an address that cannot be read"
SIMPLE_NAMES: Final = "<local>"  # Windows' word for names without a dot
MOST_TOLD: Final = 120
SCUTIL: Final = ("/usr/sbin/scutil", "--proxy")
SCUTIL_S: Final = 2.0
SETTINGS_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
POLICY_KEY: Final = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
PER_USER: Final = "ProxySettingsPerUser"  # a policy; 0: the machine's settings hold for everybody
VALUES: Final = ("ProxyEnable", "ProxyServer", "ProxyOverride", "AutoConfigURL")
MAC_PROXIES: Final = (("https", "HTTPS"), ("http", "HTTP"), ("socks", "SOCKS"))
MAC_EXCEPTIONS: Final = "ExceptionsList"

_SCHEME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_][A-Za-z0-9._-]{0,252})(:[0-9]{1,5})?")
_NOT_IN_A_URL: Final = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]")  # RFC 3986 2, without the apostrophe
_PATH: Final = re.compile(r"[/?#].*", re.DOTALL)
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)
_PORT: Final = re.compile(r":[0-9]+$")
_SEPARATORS: Final = re.compile(r"[;,\s]+")
_SCUTIL_LINE: Final = re.compile(r"\s*(\w+) : (.*)")


def proxies() -> tuple[ProxySetting, ...]:
    """Return the settings as they stand, the environment's first; on macOS a program is asked, for two seconds at most."""
    found = from_environment(os.environ)
    if sys.platform == "win32":
        return (*found, *from_registry(_registry()))
    if sys.platform == "darwin":
        return (*found, *from_scutil(_scutil()))
    return found


def from_environment(environment: Mapping[str, str]) -> tuple[ProxySetting, ...]:
    """Return what HTTPS_PROXY, HTTP_PROXY and ALL_PROXY say; as elsewhere small letters win, and an empty value unsets."""
    exempt = tuple(_suffixes(_variable(environment, "no_proxy")))
    values = ((scheme, _variable(environment, f"{scheme}_proxy")) for scheme in SCHEMES)
    return tuple(
        ProxySetting(scheme=scheme, address=address_of(value), setting=ENVIRONMENT, exempt=exempt) for scheme, value in values if value
    )


def from_registry(values: Mapping[str, object]) -> tuple[ProxySetting, ...]:
    """Return what the values of the key "Internet Settings" say; where there is a script, Windows asks it first."""
    script, server = _text(values.get("AutoConfigURL")), _text(values.get("ProxyServer"))
    exempt = tuple(_SCHEME.sub("", entry).lower() for entry in _SEPARATORS.split(_text(values.get("ProxyOverride"))) if entry)
    found = [ProxySetting(scheme=SCRIPT, address=script_of(script), setting=SYSTEM)] if script else []
    if _is_on(values.get("ProxyEnable")):
        found += [
            ProxySetting(scheme=scheme, address=address_of(address), setting=SYSTEM, exempt=exempt) for scheme, address in _servers(server)
        ]
    return tuple(found)


def from_scutil(said: str) -> tuple[ProxySetting, ...]:
    """Return what `scutil --proxy` says."""
    values, exceptions = _read_scutil(said)
    exempt = (*exceptions, *((SIMPLE_NAMES,) if _is_on(values.get("ExcludeSimpleHostnames")) else ()))
    found = []
    if _is_on(values.get("ProxyAutoDiscoveryEnable")):
        found.append(ProxySetting(scheme=SCRIPT, address=DISCOVERED, setting=SYSTEM))
    if _is_on(values.get("ProxyAutoConfigEnable")):
        found.append(ProxySetting(scheme=SCRIPT, address=script_of(values.get("ProxyAutoConfigURLString", "")), setting=SYSTEM))
    for scheme, key in MAC_PROXIES:
        if _is_on(values.get(f"{key}Enable")) and values.get(f"{key}Proxy"):
            place = ":".join(filter(None, (values[f"{key}Proxy"], values.get(f"{key}Port"))))
            found.append(ProxySetting(scheme=scheme, address=address_of(place), setting=SYSTEM, exempt=exempt))
    return tuple(found)


def address_of(value: str) -> str:
    """Return host and port of a proxy's URL, or words where there are none; what stands before the last @ is nobody's business."""
    bare = _PATH.sub("", _SCHEME.sub("", value.strip()).rpartition("@")[2])
    return bare if _PLACE.fullmatch(bare) else UNREADABLE


def script_of(url: str) -> str:
    """Return where a script comes from: no user, no query, no more than fits into a line; words where there is nothing."""
    url = url.strip()
    scheme = _SCHEME.match(url)
    before = scheme[0] if scheme else ""
    told = _NOT_IN_A_URL.sub("", before + _QUERY.sub("", url[len(before) :].rpartition("@")[2]))
    return (told if len(told) <= MOST_TOLD else f"{told[:MOST_TOLD]}...") or UNREADABLE


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, environment.get(name.upper(), "")).strip()


def _suffixes(no_proxy: str) -> Iterator[str]:
    """Yield patterns for NO_PROXY, of which each entry stands for a host and all below it; its networks say nothing of names."""
    for entry in filter(None, _SEPARATORS.split(no_proxy.lower())):
        name = _PORT.sub("", entry).removeprefix("*").lstrip(".")
        if not name:
            yield "*"
        elif "/" not in name:
            yield from (name, f"*.{name}")


def _servers(text: str) -> Iterator[tuple[str, str]]:
    """Yield scheme and address of each entry of `host:port` or `http=host:port;https=host:port`; FTP is of no interest here."""
    if "@" in text:  # nothing that Windows would understand: not taken apart, lest a part of a password look like a host
        yield "all", text
        return
    for entry in filter(None, _SEPARATORS.split(text)):
        scheme, equals, address = entry.partition("=")
        if not equals:
            yield "all", entry
        elif scheme.lower() in ("http", "https", "socks"):
            yield scheme.lower(), address


def _read_scutil(said: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the values of the outermost dictionary and the list of exceptions; what is kept per interface is left out."""
    values: dict[str, str] = {}
    exceptions: list[str] = []
    inside: list[str] = []
    for line in said.split("\n"):
        matched = _SCUTIL_LINE.fullmatch(line)
        key, value = (matched[1], matched[2].strip()) if matched else ("", line.strip())
        if value == "}":
            inside = inside[:-1]
        elif value.endswith("{"):
            inside.append(key)
        elif inside[1:] == [MAC_EXCEPTIONS]:
            exceptions.append(value.lower())
        elif len(inside) == 1 and key:
            values[key] = value
    return values, tuple(exceptions)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_on(value: object) -> bool:
    """Tell whether a switch is on: a number as Windows keeps it, a numeral as scutil prints it."""
    return value not in (None, 0, "", "0") and isinstance(value, int | str)


def _registry() -> dict[str, object]:
    """Return the values that hold for this user, none where the registry has none."""
    winreg: Any = import_module("winreg")  # only Windows has it

    def read(root: int, key: str, name: str) -> object:
        try:
            with winreg.OpenKey(root, key) as opened:
                return winreg.QueryValueEx(opened, name)[0]
        except OSError:
            return None

    everybodys = read(winreg.HKEY_LOCAL_MACHINE, POLICY_KEY, PER_USER) == 0
    root = winreg.HKEY_LOCAL_MACHINE if everybodys else winreg.HKEY_CURRENT_USER
    return {name: read(root, SETTINGS_KEY, name) for name in VALUES}


def _scutil() -> str:
    """Return what `scutil --proxy` prints, nothing where it cannot be asked."""
    try:
        ran = subprocess.run(SCUTIL, capture_output=True, timeout=SCUTIL_S, check=False)  # noqa: S603 - a fixed path, nothing of anybody's
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stdout.decode("utf-8", "replace")
