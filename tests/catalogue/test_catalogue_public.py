"""What may be named to anybody, and whose mail opens no case."""

import re

from nra.catalogue.public import mailboxes, public_hosts, public_networks


def test_public_hosts_are_the_catalogues_own() -> None:
    """The service's and AWS' hosts in their regions, no suffix under which a customer's own host could hide."""
    hosts = public_hosts()
    assert {"api.mypurecloud.de", "dynamodb.af-south-1.amazonaws.com", "gamelift-ping.eu-central-1.api.aws"} <= hosts
    assert not {"amazonaws.com", "compute.amazonaws.com", "s3.amazonaws.com"} & hosts
    assert not any("{" in host for host in hosts)


def test_public_networks_are_listed_once() -> None:
    """By their number a redacted report names them."""
    assert len(set(public_networks())) == len(public_networks()) >= 4


def test_mailboxes_have_source_and_date_and_are_in_small_letters() -> None:
    """Hosts are hosts, names are names, each once."""
    known = mailboxes()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", known.checked)
    assert known.source
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in known.free_hosts)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in known.free_families)
    assert all(re.fullmatch(r"[a-z]+", word) for word in (*known.role_words, *known.role_names))
    for each in (known.free_families, known.free_hosts, (*known.role_words, *known.role_names)):
        assert len(set(each)) == len(each)
    assert {"support", "info", "postmaster", "abuse", "noc"} <= set(known.role_words)  # RFC 2142
