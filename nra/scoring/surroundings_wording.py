"""What findings say of the network around this workstation, in plain sentences that name who can act."""

from typing import Final

from nra.scoring.nat import NatKind
from nra.scoring.wording import NETWORK_TEAM, YOU, Words

PORTAL: Final = Words(
    "This network answers in place of a web page whose content is known: most likely a captive portal, which lets no call through until "
    "somebody signs in.",
    "Open a browser, sign in to the network and measure again; for seats that make calls all day take a network without a portal.",
    YOU,
)
PORTAL_PASSED: Final = Words(
    "Something on the way answers plain web pages (HTTP) in their place, such as a captive portal or a web filter, although required "
    "ports are open.",
    "Find out what answers. If it is a captive portal, calls end when the sign-in does: exempt this workstation from it.",
    NETWORK_TEAM,
)

PROXY: Final = Words(
    "A proxy is set here; every port was asked directly, past it.",
    "Voice media is UDP and cannot go through an HTTP proxy: keep the media ports open directly. Browsers and the desktop app may use "
    "the proxy for TCP 443: let the service's hosts bypass it, or see that it does not end long connections.",
    NETWORK_TEAM,
)
PROXY_INSTEAD: Final = Words(
    "A proxy is set here, and {ports} could not be reached directly, past it: browsers and the desktop app may still reach the service "
    "through the proxy, voice media cannot.",
    "Open {ports} directly and let the service's hosts bypass the proxy, for media (UDP) cannot go through an HTTP proxy; or, if "
    "TCP 443 shall go through it, check there that it lets them pass and does not end long connections.",
    NETWORK_TEAM,
)

NATS: Final[dict[NatKind, Words]] = {
    NatKind.SYMMETRIC: Words(
        "The NAT is symmetric: it shows this workstation under another address or port to each destination, so media needs a TURN relay "
        "wherever it cannot go straight to a public server. A relay adds delay, and its ports must be open.",
        "Let the NAT keep one mapping per local port (endpoint-independent, RFC 4787 REQ-1), or else keep the relay's ports open: "
        "3478 UDP and TCP, 443 TCP.",
        NETWORK_TEAM,
    ),
    NatKind.INDEPENDENT: Words(
        "The NAT shows this workstation under one address and port to different servers, which suits calls: it is endpoint-independent "
        "(RFC 4787 REQ-1) or preserves ports, which two servers cannot tell apart.",
        "",
        NETWORK_TEAM,
    ),
    NatKind.NONE: Words("There is no NAT between this workstation and the servers that were asked.", "", NETWORK_TEAM),
}
"""A mapping that could not be tested is no news: nothing is said of it."""

SHARED: Final = Words(
    "There is an address here that providers share among customers (100.64.0.0/10, RFC 6598): a carrier-grade NAT, which nobody here "
    "controls, is likely.",
    "If calls break off or have sound one way only, ask the provider for a public address.",
    NETWORK_TEAM,
)
