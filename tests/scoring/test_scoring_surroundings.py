"""Captive portal, proxy and NAT as findings: they explain rows, name who acts, and say nothing where nothing is known."""

from dataclasses import replace
from typing import Any, Final

import pytest

from nra.model.document import Finding, FirewallCheck
from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Mapped, Mappings, Observation, PortState
from nra.model.plan import CheckParameters, NatParameters, Target, Task
from nra.model.region import PortalPage, ProxySetting, Side
from nra.model.verdict import Verdict
from nra.scoring.nat import NatKind
from nra.scoring.surroundings import captive_portal, is_exempt, nat, proxy_set, surroundings
from nra.scoring.surroundings_wording import NATS, PORTAL, PORTAL_PASSED, PROXY, PROXY_INSTEAD, SHARED

PAGE: Final = PortalPage(host="check.example", path="/generate_204", status=204, source="", checked="")
TARGET: Final = Target(host=PAGE.host, port=80)
TASK: Final = Task(probe="http_head", target=TARGET, parameters=CheckParameters(path=PAGE.path))
API: Final = "api.service.example"
COMPANY: Final = ProxySetting(scheme="https", address="proxy.example:8080", setting="environment")
SCRIPT: Final = ProxySetting(scheme="pac", address="http://pac.example/proxy.pac", setting="system")


def observed(value: Any = None, failure: FailureKind | None = None, task: Task = TASK) -> Observation:
    """Return an observation of the page, or of another task."""
    failed = Failure(kind=failure, operation="connect", detail="") if failure else None
    return Observation(task=task, started_ns=0, ended_ns=1, value=value, failure=failed)


def page(status: int, said: str | None = None, *elsewhere: Elsewhere) -> Observation:
    """Return an answer in the page's place."""
    return observed(Answer(address="192.0.2.1", elapsed_ms=1.0, said=said or f"HTTP {status}", status=status, elsewhere=elsewhere))


def check(state: PortState = PortState.OPEN, **changes: Any) -> FirewallCheck:
    """Return the row of the required TCP port 443."""
    values: dict[str, Any] = {
        "port": "443",
        "protocol": "TCP",
        "service": "HTTPS",
        "purpose": "signalling",
        "destination": API,
        "address": None,
        "required": True,
        "state": state,
        "verdict": Verdict.PASS,
        "evidence": "",
        "connect_ms": None,
    }
    return FirewallCheck(**(values | changes))


SILENT: Final = check(PortState.NO_ANSWER)


def told(finding: Finding | None) -> Finding:
    """Return the finding, which is there and complete."""
    assert finding is not None
    assert finding.text.endswith(".")
    assert "{" not in finding.text + finding.advice
    assert finding.evidence
    return finding


@pytest.mark.parametrize(
    ("status", "said"), [(302, "HTTP 302 to http://portal.example/login"), (200, "HTTP 200"), (511, "HTTP 511"), (404, "HTTP 404")]
)
def test_another_answer_than_the_page_s_is_a_captive_portal(status: int, said: str) -> None:
    """With every required port closed it is why, and nothing works until somebody signs in (standards.md 5.8)."""
    finding = told(captive_portal(PAGE, page(status, said), [SILENT, check(PortState.OPEN, required=False)]))
    assert (finding.where, finding.severity, finding.text) == ("network", "fail", PORTAL.text)
    assert finding.evidence == f"http://check.example/generate_204: {said}, expected HTTP 204"
    assert finding.advice.startswith("At this workstation: Open a browser, sign in")


def test_a_portal_that_lets_required_ports_pass_is_a_warning() -> None:
    """A web filter may answer plain HTTP for everybody: who says that no call works would be wrong."""
    finding = told(captive_portal(PAGE, page(302), [SILENT, check(PortState.OPEN)]))
    assert (finding.severity, finding.text) == ("warn", PORTAL_PASSED.text)
    assert finding.advice.startswith("Network team: ")


def test_a_portal_beside_ports_that_nobody_asked_is_a_warning() -> None:
    """Without required rows nobody knows what it keeps back."""
    finding = told(captive_portal(PAGE, page(302), [check(PortState.NO_ANSWER, required=False)]))
    assert (finding.severity, finding.text) == ("warn", PORTAL.text)


@pytest.mark.parametrize(
    "observation",
    [
        None,
        page(204),
        page(204, None, Elsewhere(address="2001:db8::1", said="HTTP 204", elapsed_ms=1.0)),
        page(204, None, Elsewhere(address="2001:db8::1", failure=Failure(kind=FailureKind.NO_ANSWER, operation="connect", detail=""))),
        observed(failure=FailureKind.NO_ANSWER),
        observed(failure=FailureKind.REFUSED),
        observed(failure=FailureKind.WRONG_PROTOCOL),
        observed(failure=FailureKind.NAME_NOT_FOUND),
        observed(),
    ],
    ids=["not asked", "the page", "the page twice", "the page once", "silence", "refusal", "another protocol", "no such name", "nothing"],
)
def test_what_proves_no_portal(observation: Observation | None) -> None:
    """The page itself, and whatever is no HTTP answer: HTTP blocked altogether is no portal."""
    assert captive_portal(PAGE, observation, [SILENT]) is None


def test_a_portal_for_one_family_only_is_one() -> None:
    """Many portals know IPv4 only; the IPv6 address that answers as it should does not hide it."""
    seen = page(204, None, Elsewhere(address="192.0.2.1", said="HTTP 302 to http://portal.example/", elapsed_ms=1.0))
    assert "HTTP 302 to http://portal.example/, expected" in told(captive_portal(PAGE, seen, [SILENT])).evidence


def test_a_page_that_redirects_by_itself() -> None:
    """What is expected is the page's own status, wherever that leads."""
    redirecting = replace(PAGE, status=301)
    seen = page(301, "HTTP 301 to https://x/", Elsewhere(address="2001:db8::1", said="HTTP 301 to https://x/", elapsed_ms=1.0))
    assert captive_portal(redirecting, seen, [SILENT]) is None


def test_a_proxy_is_said_with_what_was_done() -> None:
    """An information where all is open: asked directly, what that means, who acts; each setting once."""
    finding = told(proxy_set([COMPANY, SCRIPT, COMPANY], [check()]))
    assert (finding.where, finding.severity, finding.text) == ("workstation", "info", PROXY.text)
    assert finding.evidence == "environment: https proxy proxy.example:8080; system: script (PAC) http://pac.example/proxy.pac"
    assert finding.advice.startswith("Network team: ")
    assert "UDP" in finding.advice


@pytest.mark.parametrize(
    "state", [PortState.NO_ANSWER, PortState.REFUSED, PortState.DNS_FAILED, PortState.UNREACHABLE, PortState.TLS_INTERCEPTED]
)
def test_a_required_web_port_that_is_not_open_makes_it_a_warning(state: PortState) -> None:
    """A browser may get through the proxy to what this program could not reach, media cannot: the ports are named."""
    finding = told(proxy_set([COMPANY], [check(state), check(state, destination="media.example:443")]))
    assert (finding.severity, finding.where) == ("warn", "workstation")
    assert f"TCP 443 to {API}, TCP 443 to media.example" in finding.text
    assert f"Open TCP 443 to {API}" in finding.advice
    assert finding.text != PROXY_INSTEAD.text


@pytest.mark.parametrize(
    "row",
    [
        check(PortState.NO_ANSWER, required=False),
        check(PortState.NO_ANSWER, protocol="UDP"),
        check(PortState.NO_ANSWER, port="5061"),
        check(PortState.NO_ANSWER, at=Side.REFLECTOR),
        check(PortState.NO_ANSWER, port="80"),
        check(PortState.NO_RESPONDER),
    ],
    ids=["optional", "UDP", "no port of the web", "our own reflector", "another scheme's", "nobody to ask"],
)
def test_rows_that_a_proxy_would_not_have_helped(row: FirewallCheck) -> None:
    """They do not make the proxy a warning: browsers would not have asked this proxy for them."""
    assert told(proxy_set([COMPANY], [check(), row])).severity == "info"


def test_a_proxy_for_all_serves_port_80_too() -> None:
    """So does a script, which may say anything."""
    for proxy in (SCRIPT, replace(COMPANY, scheme="all"), replace(COMPANY, scheme="http")):
        assert told(proxy_set([proxy], [check(PortState.REFUSED, port="80")])).severity == "warn"


def test_a_proxy_is_said_where_no_port_was_asked() -> None:
    """Nothing is known of the hosts then."""
    assert told(proxy_set([COMPANY])).severity == "info"


def test_no_proxy_no_finding() -> None:
    """Also with rows that failed."""
    assert proxy_set([], [SILENT]) is None


def test_hosts_that_are_exempt_from_the_proxy() -> None:
    """Where all are (NO_PROXY), the proxy is no news; where some are, only the others count."""
    exempting = replace(COMPANY, exempt=("service.example", "*.service.example"))
    assert proxy_set([exempting], [SILENT, check(destination="login.service.example:443")]) is None
    other = check(PortState.NO_ANSWER, destination="cdn.example")
    finding = told(proxy_set([exempting], [SILENT, other]))
    assert "TCP 443 to cdn.example" in finding.text
    assert API not in finding.text
    assert told(proxy_set([exempting, SCRIPT], [check()])).evidence == "system: script (PAC) http://pac.example/proxy.pac"


@pytest.mark.parametrize(
    ("host", "patterns", "exempt"),
    [
        ("api.example.com", ("*.example.com",), True),
        ("API.Example.com", ("*.example.com",), True),
        ("example.com", ("*.example.com",), False),
        ("notexample.com", ("example.com", "*.example.com"), False),
        ("api.example.com", ("*",), True),
        ("intranet", ("<local>",), True),
        ("api.example.com", ("<local>",), False),
        ("api.example.com", (), False),
        ("api.example.com", ("169.254/16", "[", ""), False),
        ("192.0.2.1", ("192.0.2.*",), True),
    ],
)
def test_exemptions(host: str, patterns: tuple[str, ...], exempt: bool) -> None:
    """Patterns with stars, names without a dot, and what is neither."""
    assert is_exempt(host, patterns) is exempt


@pytest.mark.parametrize(
    ("destination", "host"),
    [("2001:db8::1", "2001:db8::1"), ("[2001:db8::1]:443", "2001:db8::1"), ("192.0.2.1:443", "192.0.2.1"), ("a.example", "a.example")],
)
def test_destinations_as_rows_write_them(destination: str, host: str) -> None:
    """With or without a port."""
    assert proxy_set([replace(COMPANY, exempt=(host,))], [check(destination=destination)]) is None


def mappings(*ports: int, local: str = "192.168.1.10", address: str = "203.0.113.7") -> Mappings:
    """Return a socket that servers see at these ports."""
    seen = (Mapped(server=f"198.51.100.{number}", server_port=3478, address=address, port=port) for number, port in enumerate(ports, 1))
    return Mappings(local_address=local, local_port=50000, seen=tuple(seen))


def test_a_symmetric_nat_is_a_warning() -> None:
    """Media then needs a relay; the evidence is what each server saw (RFC 4787 REQ-1)."""
    (finding,) = nat(mappings(1024, 1025))
    assert (finding.where, finding.severity, finding.text) == ("network", "warn", NATS[NatKind.SYMMETRIC].text)
    assert "TURN relay" in told(finding).text
    assert finding.evidence == (
        "192.168.1.10 port 50000 (UDP) is seen as 203.0.113.7 port 1024 by 198.51.100.1 port 3478, "
        "as 203.0.113.7 port 1025 by 198.51.100.2 port 3478"
    )
    assert finding.advice.startswith("Network team: ")
    assert "RFC 4787 REQ-1" in finding.advice


@pytest.mark.parametrize(
    ("seen", "kind"),
    [(mappings(1024, 1024), NatKind.INDEPENDENT), (mappings(50000, 50000, address="192.168.1.10"), NatKind.NONE)],
)
def test_a_harmless_nat_is_one_line_without_advice(seen: Mappings, kind: NatKind) -> None:
    """There is nothing to do."""
    (finding,) = nat(seen)
    assert (finding.severity, finding.text, finding.advice) == ("info", NATS[kind].text, "")


def test_what_could_not_be_tested_is_no_news() -> None:
    """One answer says nothing, so nothing is said."""
    assert nat(mappings(1024)) == ()


def test_a_carrier_s_nat_is_told_beside_what_it_does() -> None:
    """Also where the mapping could not be tested (RFC 6598)."""
    assert [finding.text for finding in nat(mappings(1024, 1025, local="100.64.0.9"))] == [NATS[NatKind.SYMMETRIC].text, SHARED.text]
    (finding,) = nat(mappings(1024, local="100.64.0.9"))
    assert told(finding).severity == "info"


def test_all_together_what_explains_most_first() -> None:
    """Portal, proxy, NAT; the page is found among the observations by its host."""
    other = Task(probe="http_head", target=Target(host="other.example", port=80), parameters=CheckParameters())
    asked = Task(probe="nat_mapping", target=TARGET, parameters=NatParameters(servers=()))
    seen = [
        observed(Answer(address="", elapsed_ms=1.0, said="HTTP 500", status=500), task=other),
        observed(mappings(1, 2), task=asked),
        page(302),
    ]
    found = surroundings(PAGE, seen, [COMPANY], [SILENT])
    assert [(finding.where, finding.severity) for finding in found] == [("network", "fail"), ("workstation", "warn"), ("network", "warn")]
    assert surroundings(None, seen, [], [SILENT]) == found[2:]
    assert surroundings(PAGE, seen[:1], [], [SILENT]) == ()
    assert surroundings(None, [], [], []) == ()
