"""What of the catalogue may be named to anybody, and which mailboxes open no support case."""

import re
from collections.abc import Iterator
from functools import cache

from nra.catalogue.decode import decode
from nra.catalogue.load import all_services, media_networks, placed, portal_page, regions, shipped
from nra.model.case import Mailboxes

HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z]{2,}")


@cache
def mailboxes() -> Mailboxes:
    """Return the mail hosts that give anybody a mailbox, and the names of mailboxes that several people read."""
    return decode("mailboxes.toml", "", shipped("mailboxes.toml")[1], Mailboxes)


@cache
def public_hosts() -> frozenset[str]:
    """Return the host names that the catalogue knows, in small letters: of the service, of AWS, and of the pages it was read from."""
    return frozenset(host for text in _texts() for host in HOST.findall(text.lower()))


@cache
def public_networks() -> tuple[str, ...]:
    """Return the service's own networks, each once."""
    return tuple(dict.fromkeys(network for networks in media_networks().values() for network in re.findall(r"[\d.]+/\d+", networks)))


def _texts() -> Iterator[str]:
    page = portal_page()
    yield from (page.host, page.source)
    for region in regions():
        endpoints = (region.beacon, *region.stun, region.https)
        yield from (endpoint.host for endpoint in endpoints if endpoint)
        yield from (region.domain or "", region.source)
        for service in all_services():
            here = placed(service, region)
            yield from (here.host or "", here.allow_to, here.source)
