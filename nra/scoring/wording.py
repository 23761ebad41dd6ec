"""What findings say, in plain sentences that name who can act: one table per kind of finding."""

from dataclasses import dataclass
from typing import Final

from nra.model.load import Burden
from nra.model.observation import PortState


@dataclass(frozen=True, slots=True)
class Words:
    """What is the case, what to do, and who can; words in braces are filled in."""

    text: str
    advice: str
    who: str


NETWORK_TEAM: Final = "Network team"
FIREWALL_TEAM: Final = "Firewall team"
FAR_END: Final = "Whoever runs the far end"
YOU: Final = "At this workstation"
LOOK_HERE: Final = (
    "Look at cable, Wi-Fi, address, VPN, name resolution and the network's sign-in page first, then measure again; if all is well there, "
    "everything may be filtered: ask the firewall team."
)
CLOSE: Final = "Still inside the limit, but close to it"

WAYS: Final = {
    "up": "on the way from this workstation to the region",
    "down": "on the way from the region to this workstation",
    "round trip": "between this workstation and the region, in a direction that this method cannot tell",
}

ROWS: Final = {
    "jitter_ms": Words(
        "Packets arrive at uneven intervals {way}.",
        "Give voice its own queue (DSCP EF) on the busiest link, keep backups and updates out of office hours, "
        "and try a cable instead of Wi-Fi.",
        NETWORK_TEAM,
    ),
    "loss_percent": Words(
        "Packets get lost {way}.",
        "Compare with a wired workstation at the same place. Look for a full link, weak Wi-Fi, a firewall that limits or inspects UDP; "
        "ask the network operator for drop counters.",
        NETWORK_TEAM,
    ),
    "discard_percent": Words(
        "Packets arrive too late to be played {way}.",
        "Look for queues that fill up: a saturated uplink, Wi-Fi contention, a VPN. Give voice its own queue (DSCP EF).",
        NETWORK_TEAM,
    ),
    "order_percent": Words(
        "Packets overtake each other {way}.",
        "Look for links that deal the packets of one stream out to several paths: bonded lines, SD-WAN, load balancing per packet.",
        NETWORK_TEAM,
    ),
    "round_trip_avg_ms": Words(
        "The way to the region and back takes long.",
        "Check that the region is the right one and the nearest, keep voice out of VPN and proxy, and ask the provider for the route.",
        NETWORK_TEAM,
    ),
    "mos": Words("Call quality is low {way}.", "Mend first what took the most points of R (100 is perfect).", NETWORK_TEAM),
}

BURDENS: Final = {
    Burden.UP: "while something is sent to the region at full speed",
    Burden.DOWN: "while something is fetched from the region at full speed",
    Burden.BOTH: "while something is sent and fetched at full speed",
}
QUEUE: Final = (
    "Give voice (DSCP EF) a queue of its own that is served first at the site's router, and keep the other queues short there: shape to a "
    "little less than the line's rate with active queue management (FQ-CoDel, RFC 8290, or CAKE). If the router can do neither, limit "
    "what uploads and downloads may take."
)
UNDER_LOAD: Final = Words("Calls do not sound good {burden}, although they do without.", QUEUE, NETWORK_TEAM)
BLOATED: Final = Words("A queue on the way fills {burden}: packets of voice wait behind those of the others.", QUEUE, NETWORK_TEAM)

PORTS: Final = {
    PortState.REFUSED: Words("{asked} is refused.", "Allow {rule} outbound from this workstation ({purpose}).", FIREWALL_TEAM),
    PortState.NO_ANSWER: Words(
        "{asked} gets no answer although others answered at the same time.",
        "Allow {rule} outbound and its replies ({purpose}).",
        FIREWALL_TEAM,
    ),
    PortState.TLS_INTERCEPTED: Words(
        "{asked} is intercepted: somebody else's certificate answers.",
        "Exempt {rule} from TLS inspection ({purpose}).",
        FIREWALL_TEAM,
    ),
}
"""Required ports that are blocked; `{asked}` is where the question went, `{rule}` what must be let through."""

REFUSED_BY: Final = {
    "host": Words(
        "{asked} is refused by the host itself: it was reached, and nobody listens there.",
        "See that the service runs there and listens on this port; the way to it is open ({purpose}).",
        FAR_END,
    ),
    "workstation": Words(
        "{asked} did not leave this workstation: its own firewall or security software refuses to send it.",
        "Allow {rule} outbound in this workstation's own firewall or security software ({purpose}); nothing is known of the firewalls on "
        "the way.",
        YOU,
    ),
    "way": Words("{asked} is refused by a device on the way.", "Allow {rule} outbound from this workstation ({purpose}).", FIREWALL_TEAM),
}
"""The same where ICMP, or the system itself, told who refuses."""

PARTLY: Final = Words(
    "{asked} is open in parts: some of its ports answered, others did not.",
    "Allow all of {rule} outbound and its replies ({purpose}); often a rule still has an older, smaller range.",
    FIREWALL_TEAM,
)

UNPROVEN: Final = {
    PortState.NO_RESPONDER: Words(
        "Nobody is known who would answer: whether these required ports are open could not be proven.",
        "Start a reflector with responders outside of this network, best in the region (nra reflect --responders), name it with "
        "--reflector and measure again: that proves {ports}.",
        "Whoever measures here",
    ),
    PortState.DNS_FAILED: Words(
        "Names could not be resolved: the ports behind them could not be checked.",
        "See why this workstation's resolver does not know these names: {hosts}.",
        "Whoever runs DNS here",
    ),
    PortState.UNREACHABLE: Words(
        "These places could not be reached: no way there was found, or nothing at all came back from anywhere.",
        LOOK_HERE,
        YOU,
    ),
}
"""Required ports that could not be checked, told once for each state."""

STOPPED: Final = Words(
    "The run was interrupted while these ports were being asked: nothing is known of them.",
    "Measure again, and let the run come to its end.",
    YOU,
)
"""Required ports that the user's own wish to stop kept from being checked."""

UNSTEADY: Final = Words(
    "This workstation was too busy to measure: its own delays hide the network's.",
    "Close what loads it (virus scan, updates, video, too many calls at once) and measure again; real calls would suffer here too.",
    YOU,
)
NOT_TAKEN: Final = Words(
    "This workstation's own network would not take all packets: its link, its address or its way out was gone for a while.",
    "See whether Wi-Fi, cable or VPN was lost then, or security software stopped the stream; calls would have stopped too.",
    YOU,
)
HELD_BACK: Final = Words(
    "QUIC held packets back, as it does after losses or a longer round trip: nothing is known of them.",
    "Allow the reflector's STAMP port (UDP 20862 as a rule): there no congestion control holds packets back; then measure again.",
    NETWORK_TEAM,
)
HUNG_UP: Final = Words(
    "The far end refused packets or ended the connection during the stream: what came before that was measured.",
    "See whether it was started anew, or the key was revoked; then measure again.",
    FAR_END,
)
ANOTHERS_KEY: Final = Words(
    "Something else than the pinned reflector answers where its control channel should be: another host, an interception on the way, or "
    "the reflector with a new key.",
    "Compare --pin with what the reflector prints when it starts (without --cert its key changes with each start). If they are the same, "
    "the firewall team must say who answers there, or who decrypts QUIC on the way.",
    "Whoever runs the reflector",
)
SILENT: Final = Words(
    "The far end stopped answering during the stream; this alone does not make it the network's fault.",
    "See whether the far end still runs and whether other workstations reach it; a firewall that ends long UDP flows looks the same.",
    FAR_END,
)
LOPSIDED: Final = Words(
    "One direction is clearly worse: calls suffer {way}.",
    "Look at what carries that direction only: the upload rate and its queue for up, the download side for down.",
    NETWORK_TEAM,
)
BURSTY: Final = Words(
    "Losses come in bursts {way}: words go missing even where the average looks well.",
    "Look for what happens in moments: Wi-Fi roaming or scanning, a route that changes, a queue that overflows, a backup that starts.",
    NETWORK_TEAM,
)
BAD_MOMENT: Final = Words(
    "One stretch was clearly worse than the rest {way}.",
    "Find out what else used the line at that moment, and measure again at the busiest hour.",
    YOU,
)
BLEACHED: Final = Words(
    "The priority marking of voice is changed {way}.",
    "Other people's networks often change the marking, which is harmless there; inside your own network voice loses its priority: "
    "trust or set the marking at the access port. Windows marks only with a QoS policy.",
    NETWORK_TEAM,
)
