"""Which proxies are set, as the environment, Windows' registry and macOS say it: nothing raises, and no password gets out."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.region import ProxySetting
from nra.net import proxies as room
from nra.net.proxies import (
    DISCOVERED,
    MOST_TOLD,
    POLICY_KEY,
    SETTINGS_KEY,
    UNREADABLE,
    address_of,
    from_environment,
    from_registry,
    from_scutil,
    proxies,
    script_of,
)
from nra.net.system import SystemNetwork

SECRET: Final = "hunter2"  # noqa: S105 - it must not be seen again
SCUTIL_SAID: Final = """<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : *.Example.com
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 8080
  HTTPProxy : web.example
  HTTPSEnable : 1
  HTTPSPort : 8443
  HTTPSProxy : secure.example
  HTTPSUser : hunter2
  ProxyAutoConfigEnable : 1
  ProxyAutoConfigURLString : http://pac.example/proxy.pac?key=hunter2
  ProxyAutoDiscoveryEnable : 0
  SOCKSEnable : 0
  SOCKSPort : 1080
  SOCKSProxy : socks.example
  __SCOPED__ : <dictionary> {
    en0 : <dictionary> {
      HTTPEnable : 1
      HTTPProxy : scoped.example
      SOCKSEnable : 1
    }
  }
}
"""


def told(found: tuple[ProxySetting, ...]) -> list[tuple[str, str]]:
    """Return scheme and address of each."""
    return [(each.scheme, each.address) for each in found]


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({}, []),
        ({"PATH": "/bin", "MY_PROXY": "http://no.example:1"}, []),
        ({"HTTPS_PROXY": "http://proxy.example:8080"}, [("https", "proxy.example:8080")]),
        (
            {"http_proxy": "proxy.example:8080", "all_proxy": "socks5h://[2001:db8::1]:1080"},
            [("http", "proxy.example:8080"), ("all", "[2001:db8::1]:1080")],
        ),
        ({"HTTPS_PROXY": "http://big.example:1", "https_proxy": "http://small.example:2"}, [("https", "small.example:2")]),
        ({"HTTPS_PROXY": "http://big.example:1", "https_proxy": ""}, []),
        ({"HTTPS_PROXY": " ", "HTTP_PROXY": ""}, []),
        ({"ALL_PROXY": "http://proxy.example/", "HTTP_PROXY": "http://192.0.2.8"}, [("http", "192.0.2.8"), ("all", "proxy.example")]),
    ],
)
def test_the_environment(environment: dict[str, str], settings: list[tuple[str, str]]) -> None:
    """In both cases, the small letters before the capitals; an empty value switches a proxy off (as in curl and urllib)."""
    found = from_environment(environment)
    assert told(found) == settings
    assert {each.setting for each in found} <= {"environment"}


@pytest.mark.parametrize(
    ("no_proxy", "exempt"),
    [
        ("", ()),
        ("*", ("*",)),
        ("example.com", ("example.com", "*.example.com")),
        (".Example.com, *.other.example:8080", ("example.com", "*.example.com", "other.example", "*.other.example")),
        ("10.0.0.0/8 localhost", ("localhost", "*.localhost")),
        (",, ,", ()),
    ],
)
def test_no_proxy(no_proxy: str, exempt: tuple[str, ...]) -> None:
    """An entry stands for a host and all below it, ports do not count, networks cannot be told of a name."""
    (found,) = from_environment({"HTTPS_PROXY": "proxy.example:1", "NO_PROXY": no_proxy})
    assert found.exempt == exempt


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ({}, []),
        ({"ProxyEnable": 0, "ProxyServer": "proxy.example:8080"}, []),
        ({"ProxyEnable": 1, "ProxyServer": "proxy.example:8080"}, [("all", "proxy.example:8080")]),
        ({"ProxyEnable": 1, "ProxyServer": ""}, []),
        ({"ProxyEnable": 1}, []),
        (
            {"ProxyEnable": 1, "ProxyServer": "http=web.example:80;https=secure.example:443;ftp=files.example:21;socks=socks.example:1080"},
            [("http", "web.example:80"), ("https", "secure.example:443"), ("socks", "socks.example:1080")],
        ),
        ({"ProxyEnable": 1, "ProxyServer": "HTTPS=https://secure.example:443"}, [("https", "secure.example:443")]),
        ({"AutoConfigURL": "http://pac.example/proxy.pac"}, [("pac", "http://pac.example/proxy.pac")]),
        (
            {"ProxyEnable": 1, "ProxyServer": "proxy.example:1", "AutoConfigURL": "file://C:/proxy.pac"},
            [("pac", "file://C:/proxy.pac"), ("all", "proxy.example:1")],
        ),
        ({"ProxyEnable": "1", "ProxyServer": 7, "ProxyOverride": b"x", "AutoConfigURL": None}, []),
        ({"ProxyEnable": b"\1", "ProxyServer": "proxy.example:1"}, []),
    ],
)
def test_the_registry(values: dict[str, object], settings: list[tuple[str, str]]) -> None:
    """Switched off it is not told, a script counts without the switch, values of a strange type count as none."""
    found = from_registry(values)
    assert told(found) == settings
    assert {each.setting for each in found} <= {"system"}


def test_what_windows_exempts() -> None:
    """Patterns as they stand, without their scheme; `<local>` are names without a dot."""
    values = {"ProxyEnable": 1, "ProxyServer": "proxy.example:1", "ProxyOverride": "*.Example.com; https://other.example;<local>;"}
    assert [each.exempt for each in from_registry(values)] == [("*.example.com", "other.example", "<local>")]


def test_macos() -> None:
    """What is switched on of the outermost dictionary, not what an interface has for itself."""
    found = from_scutil(SCUTIL_SAID)
    assert told(found) == [("pac", "http://pac.example/proxy.pac"), ("https", "secure.example:8443"), ("http", "web.example:8080")]
    assert {each.setting for each in found} == {"system"}
    assert {each.exempt for each in found if each.scheme != "pac"} == {("*.local", "169.254/16", "*.example.com", "<local>")}


def test_macos_finding_a_script_by_itself() -> None:
    """That is a switch of its own there, off unless somebody turned it on."""
    assert told(from_scutil("<dictionary> {\n  ProxyAutoDiscoveryEnable : 1\n}\n")) == [("pac", DISCOVERED)]


@pytest.mark.parametrize("said", ["", "<dictionary> {\n}\n", "  No such command\n", "}}}\n{ : {\n", SCUTIL_SAID[:40]])
def test_macos_without_a_proxy(said: str) -> None:
    """Nothing is set, or what is said is not understood."""
    assert from_scutil(said) == ()


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (f"http://user:{SECRET}@proxy.example:8080/", "proxy.example:8080"),
        (f"user:{SECRET}@proxy.example:8080", "proxy.example:8080"),
        (f"http://user:{SECRET}@more@proxy.example:8080", "proxy.example:8080"),
        (f"http://user:{SECRET}/more@proxy.example:8080", "proxy.example:8080"),
        (f"http://user:{SECRET}?more#more@proxy.example:8080", "proxy.example:8080"),
        (f"http://user:{SECRET}@", UNREADABLE),
        (f"user:{SECRET}", UNREADABLE),
        (f"http://user:{SECRET}%40proxy.example:8080", UNREADABLE),
        (f"http://proxy.example:8080/?key={SECRET}", "proxy.example:8080"),
        ("proxy example", UNREADABLE),
        ("=1+1", UNREADABLE),
        ("http://", UNREADABLE),
        ("\0", UNREADABLE),
        ("proxy.example:80\r\nSet-Cookie: x", UNREADABLE),
        ("x" * 5000, UNREADABLE),
    ],
)
def test_an_address_is_host_and_port_and_nothing_else(value: str, address: str) -> None:
    """User and password stay here, whatever characters they are made of."""
    assert address_of(value) == address


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"http://user:{SECRET}@pac.example/proxy.pac", "http://pac.example/proxy.pac"),
        (f"http://user:{SECRET}/more@pac.example/proxy.pac", "http://pac.example/proxy.pac"),
        (f"https://user:{SECRET}?more@pac.example/proxy.pac?key={SECRET}#{SECRET}", "https://pac.example/proxy.pac"),
        ("http://pac.example/<b>'x'</b>", "http://pac.example/bx/b"),
        ("http://pac.example/" + "x" * 500, "http://pac.example/" + "x" * (MOST_TOLD - 19) + "..."),
        ("\r\n", UNREADABLE),
    ],
)
def test_a_script_s_place_is_fit_for_a_report(url: str, place: str) -> None:
    """No user, no query, no markup, no longer than a line takes."""
    assert script_of(url) == place


SECRETS: Final = st.text(st.characters(exclude_characters="@"), min_size=1, max_size=12).map(lambda text: f"{SECRET}{text}{SECRET}")


@given(SECRETS, st.sampled_from(["", "http://", "socks5://", "//"]))
def test_no_password_leaves(password: str, scheme: str) -> None:
    """Of whatever characters it is made, in each place where a setting may stand."""
    url = f"{scheme}user:{password}@proxy.example:8080"
    values: Mapping[str, object] = {"ProxyEnable": 1, "ProxyServer": f"http={url};https=other.example:1", "AutoConfigURL": url}
    line = url.replace("\n", "")
    said = SCUTIL_SAID.replace("web.example", line).replace("http://pac.example/proxy.pac?key=hunter2", line)
    found = (*from_environment({"HTTPS_PROXY": url}), *from_registry(values), *from_scutil(said))
    assert len(found) == 6
    assert not any(SECRET in each.address or "user" in each.address for each in found)


@given(
    st.dictionaries(st.text(), st.text()),
    st.dictionaries(st.sampled_from(room.VALUES), st.none() | st.integers() | st.text() | st.binary()),
    st.text(),
)
def test_nothing_raises(environment: dict[str, str], values: dict[str, object], said: str) -> None:
    """These are things that anybody may have written."""
    from_environment({**environment, "HTTP_PROXY": said, "NO_PROXY": said})
    from_registry({"ProxyEnable": 1, **values, "ProxyOverride": said})
    from_scutil(said)
    from_scutil(SCUTIL_SAID.replace("web.example", said))


class FakeRegistry(SimpleNamespace):
    """The registry as `winreg` gives it."""

    HKEY_CURRENT_USER: Final = 1
    HKEY_LOCAL_MACHINE: Final = 2

    def OpenKey(self, root: int, key: str) -> AbstractContextManager[dict[str, object]]:  # noqa: N802 - winreg's word
        """Open a key; raises OSError for one that is not there."""
        if (root, key) not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return nullcontext(self.keys[root, key])

    def QueryValueEx(self, opened: dict[str, object], name: str) -> tuple[object, int]:  # noqa: N802 - winreg's word
        """Return a value and its type; raises OSError for one that is not there."""
        if name not in opened:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return opened[name], 1


MINE: Final[dict[str, object]] = {"ProxyEnable": 1, "ProxyServer": "mine.example:1"}
EVERYBODYS: Final[dict[str, object]] = {"ProxyEnable": 1, "ProxyServer": "everybodys.example:1"}


@pytest.mark.parametrize(
    ("policy", "address"),
    [(None, "mine.example:1"), ({"ProxySettingsPerUser": 1}, "mine.example:1"), ({"ProxySettingsPerUser": 0}, "everybodys.example:1")],
)
def test_windows_settings_of_this_user_or_of_the_machine(
    policy: dict[str, object] | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy may make the machine's settings hold for everybody."""
    keys: dict[tuple[int, str], dict[str, object]] = {(1, SETTINGS_KEY): MINE, (2, SETTINGS_KEY): EVERYBODYS}
    if policy is not None:
        keys[2, POLICY_KEY] = policy
    monkeypatch.setitem(sys.modules, "winreg", FakeRegistry(keys=keys))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "environ", {})
    assert told(proxies()) == [("all", address)]


def test_a_registry_without_the_key_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's account may have none."""
    monkeypatch.setitem(sys.modules, "winreg", FakeRegistry(keys={}))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "environ", {"HTTPS_PROXY": "proxy.example:1"})
    assert told(proxies()) == [("https", "proxy.example:1")]


@pytest.mark.parametrize(
    ("ran", "settings"),
    [
        (lambda *_args, **_more: SimpleNamespace(stdout=SCUTIL_SAID.encode()), 3),
        (lambda *_args, **_more: SimpleNamespace(stdout=b"\xff\xfe"), 0),
        (subprocess.TimeoutExpired("scutil", 2), 0),
        (FileNotFoundError(2, "No such file"), 0),
    ],
)
def test_macos_is_asked_by_its_own_tool(ran: Any, settings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is not there, hangs or talks nonsense sets nothing."""

    def run(*arguments: object, **more: object) -> object:
        if isinstance(ran, Exception):
            raise ran
        assert more["timeout"]
        return ran(*arguments, **more)

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(subprocess, "run", run)
    assert len(proxies()) == settings


def test_the_real_network_reads_this_workstation_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, here and now."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    assert SystemNetwork().proxies()[0] == ProxySetting(scheme="https", address="proxy.example:8080", setting="environment")
