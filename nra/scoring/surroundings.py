"""What lies between this workstation and the internet, as findings: a captive portal, a proxy, a NAT. They explain rows and judge none.

`where` is "network" for what the site's network does and "workstation" for what is set on the workstation.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, Literal

from nra.model.document import Finding, FirewallCheck
from nra.model.observation import Answer, Mappings, Observation, PortState
from nra.model.plan import CheckParameters, Task
from nra.model.region import PortalPage, ProxySetting, Side
from nra.scoring.nat import NatKind, nat_behaviour
from nra.scoring.surroundings_wording import NATS, PORTAL, PORTAL_PASSED, PROXY, PROXY_INSTEAD, SHARED
from nra.scoring.wording import Words

NETWORK: Final = "network"
WORKSTATION: Final = "workstation"
SIMPLE_NAMES: Final = "<local>"
WEB: Final = {"443": "https", "80": "http"}  # ports for which browsers ask a proxy, and the scheme under which it is set

Severity = Literal["info", "warn", "fail"]


def surroundings(
    portal: PortalPage | None, observations: Sequence[Observation], proxies: Sequence[ProxySetting], checks: Sequence[FirewallCheck]
) -> tuple[Finding, ...]:
    """Return the findings, what explains most first; `observations` are those of the plan's surroundings."""
    found: list[Finding] = []
    checks = [check for check in checks if not check.stopped]
    if portal is not None:
        found += _some(captive_portal(portal, _of_page(portal, observations), checks))
    found += _some(proxy_set(proxies, checks))
    return (*found, *(finding for seen in observations if isinstance(seen.value, Mappings) for finding in nat(seen.value)))


def captive_portal(page: PortalPage, observation: Observation | None, checks: Sequence[FirewallCheck] = ()) -> Finding | None:
    """Return that somebody answers in the page's place; None where the page came, and for silence and refusal, which prove nothing.

    It is a failure where no required port is open: then nothing works until somebody signs in. Where one is open, calls get past
    whatever answers, and where none was asked nobody knows: a warning.
    """
    strange = _strange_answers(page, observation)
    if not strange:
        return None
    evidence = f"http://{page.host}{page.path}: {'; '.join(strange)}, expected HTTP {page.status}"
    required = [check.state for check in checks if check.required]
    if required and PortState.OPEN not in required:
        return _finding(NETWORK, "fail", PORTAL, evidence)
    return _finding(NETWORK, "warn", PORTAL_PASSED if required else PORTAL, evidence)


def proxy_set(proxies: Sequence[ProxySetting], checks: Sequence[FirewallCheck] = ()) -> Finding | None:
    """Return that a proxy is set and was not used, a warning where a required web port was not reached without it.

    None where no proxy is set, and where all web hosts that were asked are exempt from it, as NO_PROXY and its like say.
    """
    asked = [check for check in checks if _is_of_the_web(check)]
    telling = [proxy for proxy in proxies if not asked or any(not is_exempt(_host(check.destination), proxy.exempt) for check in asked)]
    if not telling:
        return None
    evidence = "; ".join(dict.fromkeys(map(_told, telling)))
    missed = [check for check in asked if check.required and check.state is not PortState.OPEN and _would_serve(telling, check)]
    if missed:
        ports = ", ".join(dict.fromkeys(f"TCP {check.port} to {_host(check.destination)}" for check in missed))
        return _finding(WORKSTATION, "warn", PROXY_INSTEAD, evidence, ports=ports)
    return _finding(WORKSTATION, "info", PROXY, evidence)


def nat(mappings: Mappings) -> tuple[Finding, ...]:
    """Return one line on how the NAT maps, and one more where a provider's NAT shows; nothing of what could not be tested.

    One line also where all is well: whoever runs voice asks which kind of NAT there is, and a report without it leaves them asking.
    """
    behaviour = nat_behaviour(mappings)
    seen = ", ".join(f"as {each.address} port {each.port} by {each.server} port {each.server_port}" for each in behaviour.compared)
    evidence = f"{mappings.local_address} port {mappings.local_port} (UDP) is seen {seen}"
    found = []
    if behaviour.kind in NATS:
        found.append(_finding(NETWORK, "warn" if behaviour.kind is NatKind.SYMMETRIC else "info", NATS[behaviour.kind], evidence))
    if behaviour.shared:
        found.append(_finding(NETWORK, "info", SHARED, evidence))
    return tuple(found)


def is_exempt(host: str, patterns: Iterable[str]) -> bool:
    """Tell whether a host is reached without the proxy that these patterns belong to."""
    name = host.lower()
    return any("." not in name if pattern == SIMPLE_NAMES else fnmatchcase(name, pattern) for pattern in patterns)


def _of_page(page: PortalPage, observations: Iterable[Observation]) -> Observation | None:
    return next((seen for seen in observations if _asks_for(page, seen.task)), None)


def _asks_for(page: PortalPage, task: Task) -> bool:
    asked = task.parameters
    return isinstance(asked, CheckParameters) and (task.target.host, asked.path) == (page.host, page.path)


def _strange_answers(page: PortalPage, observation: Observation | None) -> tuple[str, ...]:
    """Return what came in the page's place, each once: a portal may know IPv4 only, so the other addresses count too."""
    if observation is None or not isinstance(observation.value, Answer):
        return ()
    answer, expected = observation.value, f"HTTP {page.status}"
    said = [] if answer.status in (None, page.status) else [answer.said]
    others = (other.said for other in answer.elsewhere if other.said is not None)
    return tuple(dict.fromkeys((*said, *(each for each in others if each.partition(" to ")[0] != expected))))


def _is_of_the_web(check: FirewallCheck) -> bool:
    """Tell whether browsers would ask a proxy for this port, and whether anybody was asked there directly."""
    return check.protocol == "TCP" and check.port in WEB and check.at is Side.SERVICE and check.state is not PortState.NO_RESPONDER


def _would_serve(proxies: Iterable[ProxySetting], check: FirewallCheck) -> bool:
    other_ports = {scheme for port, scheme in WEB.items() if port != check.port}
    return any(proxy.scheme not in other_ports and not is_exempt(_host(check.destination), proxy.exempt) for proxy in proxies)


def _host(destination: str) -> str:
    """Return the host of `host`, `host:port` or `[host]:port`."""
    host, colon, port = destination.rpartition(":")
    return (host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else destination).strip("[]")


def _told(proxy: ProxySetting) -> str:
    what = "script (PAC)" if proxy.scheme == "pac" else "proxy" if proxy.scheme == "all" else f"{proxy.scheme} proxy"
    return f"{proxy.setting}: {what} {proxy.address}"


def _finding(where: str, severity: Severity, words: Words, evidence: str, **filled_in: str) -> Finding:
    return Finding(
        where=where,
        severity=severity,
        text=words.text.format(**filled_in),
        evidence=evidence,
        advice=f"{words.who}: {words.advice.format(**filled_in)}" if words.advice else "",
    )


def _some(finding: Finding | None) -> list[Finding]:
    return [] if finding is None else [finding]
