"""All that a run needs to know before it starts, checked and looked up: nothing is asked of the user after this."""

from dataclasses import dataclass

from nra.model.codec import Codec
from nra.model.criteria import Thresholds
from nra.model.document import Asked, Org
from nra.model.plan import CONTROL_PORT, Target
from nra.model.region import PortalPage, Region, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was asked for.

    `services` are the Firewall rows as they are in the region, `portal` the page by which a captive portal is noticed (None: not
    looked for), `pin` what the reflector's TLS key must hash to (None: what the reflector says of itself), `key` the STAMP key or None,
    `ssid` the one that it is good for (None: any), `quic_port` where the reflector's control channel is, `stick` the SHA-256 of the
    manifest of the stick that the program lies on (None: on none).
    """

    asked: Asked
    org: Org
    site: str | None
    seat: str | None
    case: str | None
    region: Region
    services: tuple[Service, ...]
    portal: PortalPage | None
    reflector: Target | None
    pin: str | None
    key: bytes | None
    codec: Codec
    codecs: tuple[Codec, ...]
    thresholds: Thresholds
    config: str | None
    tool_version: str
    stick: str | None = None
    ssid: int | None = None
    quic_port: int = CONTROL_PORT
