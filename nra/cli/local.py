"""Region `local`: the embedded reflector and responders as a region of their own, to measure against without any network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from nra.cli.errors import told_to_the_user
from nra.model.plan import Target
from nra.model.region import SELF_TEST, Endpoint, Region, Service
from nra.reflector.embedded import Embedded, embedded
from nra.reflector.engine import CannotListen
from nra.reflector.key_file import Holder
from nra.run.settings import Settings

SOURCE = "made by nra itself"

PLACEHOLDER = Region(name=SELF_TEST, title="this workstation itself", area="local", city="loopback", source=SOURCE, checked="")


@contextmanager
def served(settings: Settings) -> Iterator[Settings]:
    """Yield the settings; for region `local` with its servers running and filled in."""
    if settings.region.name != SELF_TEST:
        yield settings
        return
    holder = None if settings.key is None else Holder(settings.key, settings.ssid)
    with told_to_the_user(CannotListen), embedded(holder) as servers:
        yield replace(
            settings,
            region=region_of(servers),
            services=services_of(servers),
            reflector=settings.reflector or Target(host=servers.address, port=servers.reflector_port),
        )


def region_of(servers: Embedded) -> Region:
    """Return the embedded servers as a region."""
    stun = Endpoint(host=servers.address, port=servers.stun_port)
    return replace(PLACEHOLDER, stun=(stun,), https=Endpoint(host=servers.address, port=servers.http_port))


def services_of(servers: Embedded) -> tuple[Service, ...]:
    """Return the rows of the Firewall column that can be shown on loopback."""
    rows = (
        (servers.http_port, "TCP", "HTTP", "stands for 80 and 443 in this self-test", "http"),
        (servers.stun_port, "UDP", "STUN/TURN", "stands for 3478 in this self-test", "stun"),
        (servers.reflector_port, "UDP", "SRTP media", "stands for 16384-65535 in this self-test", "stamp"),
    )
    return tuple(
        Service(
            port=str(port),
            protocol=protocol,
            service=service,
            purpose=purpose,
            allow_to=servers.address,
            host=servers.address,
            ask=ask,
            required=True,
            profile="webrtc",
            source=SOURCE,
            checked="",
        )
        for port, protocol, service, purpose, ask in rows
    )
