"""The Firewall column of canned runs: every row as it looks when the port is open, and what else can become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nra.model.document import Finding, FirewallCheck
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.verdict import Verdict

FAILS: Final = (PortState.REFUSED, PortState.NO_ANSWER, PortState.TLS_INTERCEPTED)
HOSTS: Final = "*.mypurecloud.de"
NETWORKS: Final = "52.129.96.0/20, 169.150.104.0/21, 167.234.48.0/20, 136.245.64.0/18"
CLIENTS: Final = "https://ko-help.mypurecloud.com/?p=231520 (ports and services for clients)"
EXPANSION: Final = "https://ko-help.mypurecloud.com/articles/2024-genesys-cidr-expansion-commercial"
NOBODY: Final = "nobody is known there who would answer without credentials: not proof of anything"
MEANWHILE: Final = "meanwhile TCP 443 of api.mypurecloud.de answered"
SILENT_STUN: Final = f"STUN Binding request: 3 sent within 500 ms, no answer; {MEANWHILE}"
SILENT_TCP: Final = f"TCP connect: no answer within 5000 ms; {MEANWHILE}"

OPEN_ROW: Final = FirewallCheck(
    port="443",
    protocol="TCP",
    service="HTTPS",
    purpose="sign-in, API, signalling of the WebRTC phone",
    destination="api.mypurecloud.de",
    address="3.120.4.17",
    required=True,
    state=PortState.OPEN,
    verdict=Verdict.PASS,
    evidence="IPv4 3.120.4.17: TLSv1.3, certificate issued by Amazon RSA 2048 M02 after 11.7 ms",
    connect_ms=11.73,
    allow_to=HOSTS,
    source=CLIENTS,
)
STUN_ROW: Final = replace(
    OPEN_ROW,
    port="3478",
    protocol="UDP",
    service="STUN/TURN",
    purpose="finds a way through NAT for WebRTC media; closed: more calls fail",
    destination="netdiag.euc1.pure.cloud",
    address="52.129.106.253",
    evidence="IPv4 52.129.106.253: STUN success, sees us as 203.0.113.7 port 50000 after 12.3 ms",
    connect_ms=12.31,
    allow_to=NETWORKS,
)
OPEN: Final = {  # what a row is called here -> the row, in the column's order
    "https": OPEN_ROW,
    "login": replace(
        OPEN_ROW,
        destination="login.mypurecloud.de",
        address="18.66.2.31",
        evidence="IPv4 18.66.2.31: TLSv1.3, certificate issued by Amazon RSA 2048 M02 after 10.9 ms",
        connect_ms=10.88,
    ),
    "http": replace(
        OPEN_ROW,
        port="80",
        service="HTTP",
        purpose="redirects to 443 only; closed it leaves a browser hanging without an error",
        destination="apps.mypurecloud.de",
        address="18.66.2.44",
        required=False,
        evidence="IPv4 18.66.2.44: HTTP 301 after 10.2 ms",
        connect_ms=10.2,
    ),
    "stun": STUN_ROW,
    "turn": replace(
        STUN_ROW,
        protocol="TCP",
        purpose="the same over TCP",
        required=False,
        evidence="IPv4 52.129.106.253: STUN success, sees us as 203.0.113.7 port 50312 after 25.1 ms",
        connect_ms=12.44,
    ),
    "media": replace(
        STUN_ROW,
        port="16384-65535",
        service="SRTP media",
        purpose="the voice itself",
        destination="media servers of the service",
        address=None,
        state=PortState.NO_RESPONDER,
        verdict=Verdict.NOT_MEASURED,
        evidence=NOBODY,
        connect_ms=None,
        source=EXPANSION,
    ),
    "google": replace(
        STUN_ROW,
        port="19302",
        service="STUN (Google)",
        purpose="a third party's STUN servers; media finds its way without them",
        destination="stun.l.google.com",
        address=None,
        required=False,
        state=PortState.NO_ANSWER,
        verdict=Verdict.INFO,
        evidence=SILENT_STUN,
        connect_ms=None,
        allow_to="stun.l.google.com",
    ),
    "dns": replace(
        STUN_ROW,
        port="53",
        service="DNS",
        purpose="asking a public resolver directly; most sites allow only their own, which is harmless",
        destination="dns.google",
        address=None,
        required=False,
        state=PortState.REFUSED,
        verdict=Verdict.INFO,
        evidence="DNS query: each of 3 sent: ICMP port unreachable (type 3, code 3) from 10.1.1.1 after 0.4 ms",
        connect_ms=None,
        allow_to="dns.google",
        source="informational: most sites answer names themselves",
        refused_by="way",
    ),
    "stun there": replace(
        STUN_ROW,
        destination="reflector.example.net",
        address="203.0.113.7",
        evidence="IPv4 203.0.113.7: STUN success, sees us as 198.51.100.4 port 51820 after 24.6 ms",
        connect_ms=24.63,
        at=Side.REFLECTOR,
    ),
    "media there": replace(
        STUN_ROW,
        port="16384-65535",
        service="SRTP media",
        purpose="the voice itself",
        destination="reflector.example.net",
        address="203.0.113.7",
        evidence="IPv4 203.0.113.7: STAMP answered at each of 17 ports from 16384 to 65535 after 24.9 ms",
        connect_ms=24.92,
        at=Side.REFLECTOR,
        source=EXPANSION,
    ),
}
WITHOUT_REFLECTOR: Final = tuple(name for name, row in OPEN.items() if row.at is Side.SERVICE)
WITH_REFLECTOR: Final = tuple(name for name in OPEN if name != "media")  # the reflector's row stands in for it

SILENT: Final[dict[str, dict[str, Any]]] = {"stun": {"state": PortState.NO_ANSWER, "evidence": SILENT_STUN}}
BLOCKED: Final[dict[str, dict[str, Any]]] = {  # nothing but TCP 443 gets out, and some of that is looked into
    **SILENT,
    "login": {
        "state": PortState.TLS_INTERCEPTED,
        "evidence": "IPv4 18.66.2.31: TLS certificate issued by Acme Web Gateway CA, which only this workstation trusts",
    },
    "http": {
        "state": PortState.DNS_FAILED,
        "evidence": "apps.mypurecloud.de: the resolver answered that there is no such name",
    },
    "turn": {"state": PortState.NO_ANSWER, "evidence": SILENT_TCP},
    "stun there": {"state": PortState.NO_ANSWER, "evidence": SILENT_STUN},
    "media there": {
        "state": PortState.REFUSED,
        "evidence": "STAMP test packet: each of 3 sent: ICMP port unreachable (type 3, code 3) from 10.1.1.1 after 0.4 ms",
        "refused_by": "way",
    },
}
UNRESOLVED: Final[dict[str, dict[str, Any]]] = {
    name: {"state": PortState.DNS_FAILED, "evidence": f"{row.destination}: the resolver did not answer", "refused_by": None}
    for name, row in OPEN.items()
    if row.state is not PortState.NO_RESPONDER
}
"""Without a network the resolver is the first to be missed."""

TEXTS: Final = {
    PortState.REFUSED: "{port} is refused.",
    PortState.NO_ANSWER: "{port} gets no answer although a control did.",
    PortState.TLS_INTERCEPTED: "{port} is intercepted: somebody else's certificate answers.",
}


def port_checks(
    names: Sequence[str] = WITH_REFLECTOR, otherwise: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[FirewallCheck, ...]:
    """Return the rows of these names, as if all of them were open but for what `otherwise` says of some."""
    return tuple(_changed(OPEN[name], (otherwise or {}).get(name)) for name in names)


def port_findings(checks: Sequence[FirewallCheck]) -> tuple[Finding, ...]:
    """Return one finding per failed required row."""
    return tuple(_finding(check) for check in checks if check.verdict is Verdict.FAIL)


def _changed(row: FirewallCheck, change: Mapping[str, Any] | None) -> FirewallCheck:
    if change is None:
        return row
    changed = replace(row, address=None, connect_ms=None, **change)
    return replace(changed, verdict=_verdict(changed))


def _verdict(row: FirewallCheck) -> Verdict:
    if row.state is PortState.OPEN:
        return Verdict.PASS
    if not row.required:
        return Verdict.INFO
    return Verdict.FAIL if row.state in FAILS else Verdict.NOT_MEASURED


NO_NETWORK: Final = Finding(
    where="firewall",
    severity="warn",
    text="Names could not be resolved: the ports behind them could not be checked.",
    evidence="TCP 443 to api.mypurecloud.de, UDP 3478 to netdiag.euc1.pure.cloud",
    advice="At this workstation: Look at cable, Wi-Fi, VPN, name resolution and the network's sign-in page first, then measure again.",
)


def _finding(check: FirewallCheck) -> Finding:
    port = f"{check.protocol} {check.port} to {check.destination}"
    return Finding(
        where="firewall",
        severity="fail",
        text=TEXTS[check.state].format(port=port),
        evidence=check.evidence,
        advice=f"Firewall team: Allow {port} outbound and its replies ({check.purpose}).",
    )


def stopped(check: FirewallCheck) -> FirewallCheck:
    """Return the row of a port that an interrupted run did not come to know."""
    return replace(
        check,
        state=PortState.UNREACHABLE,
        verdict=Verdict.NOT_MEASURED,
        evidence="TCP connect: stopped (interrupted)",
        refused_by=None,
        stopped=True,
    )
