"""The Firewall column behind a firewall: what each kind of rule comes to, in state, verdict, evidence and request (contract 4.4)."""

import csv
from collections.abc import Iterator

import pytest
from lab_column import ENOUGH_S, Column, column, start_own_reflector, start_site
from lab_filters import allow_only, drop_from, refuse_in_client, reject, reject_rarely
from lab_world import CLIENT, MIDDLE, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, why_not

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

MEDIA = "16384-65535"
IPV6_REJECTION_S = 1.0  # over IPv6 a TCP connect heeds the second ICMP error, measured


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world with everything for all tests of this page, each with rules of its own."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    world = World(tmp_path_factory.mktemp("site"))
    try:
        start_site(world)
        yield world
    finally:
        world.close()


@pytest.fixture(autouse=True)
def no_rules(site: World) -> None:
    """No test meets another's rules."""
    for place in (MIDDLE, CLIENT):
        site.run(place, "nft", "flush", "ruleset")


def test_everything_is_open(site: World) -> None:
    """Without a rule every row is open, at the service's hosts over both families, and there is nothing to request."""
    seen = column(site)
    assert {(row["port"], row["state"]) for row in seen.document["firewall"] if row["state"] != "open"} == set()
    assert (seen.document["verdict"], seen.code) == ("PASS", 0)
    for port, protocol in (("443", "TCP"), ("3478", "UDP"), ("3478", "TCP"), ("53", "UDP")):
        assert all(family in seen.row(port, protocol)["evidence"] for family in ("IPv4 10.71.2.2: ", "IPv6 fd71:2::2: "))
    assert "17 of 17 ports asked answered" in seen.row(MEDIA, at="reflector")["evidence"]
    assert "the very key that was expected" in seen.row("443", "TCP", "reflector")["evidence"]
    assert list(seen.folder.glob("*firewall-request*")) == []


def test_a_dropped_port_is_silent(site: World) -> None:
    """Three tries over half a second and a control that answered: `no_answer`, FAIL, and a request that names the rule."""
    site.drop("udp dport 3478")
    seen = column(site)
    row = seen.row("3478")
    assert (row["state"], row["verdict"], seen.document["verdict"], seen.code) == ("no_answer", "FAIL", "FAIL", 1)
    assert "3 sent within 500 ms, no answer within 1500 ms" in row["evidence"]
    assert "meanwhile port" in row["evidence"]
    assert seen.came_to("3478", at="reflector") == ("no_answer", "INFO")
    rules = list(csv.DictReader(seen.file("_firewall-request.csv").splitlines()))
    blocked = [rule for rule in rules if rule["Port"] == "3478" and rule["Protocol"] == "UDP"]
    assert {rule["Destination"] for rule in blocked} == {"52.129.96.0/20", "169.150.104.0/21", "167.234.48.0/20", "136.245.64.0/18"}
    assert "Firewall team: Allow UDP 3478 to 52.129.96.0/20" in seen.findings("firewall")
    assert "3478" in seen.file("_firewall-request.txt")


def test_a_rule_for_replies_alone_is_silence_too(site: World) -> None:
    """What leaves but does not come back is not open."""
    drop_from(site, SERVER, "udp sport 3478")
    assert column(site).came_to("3478") == ("no_answer", "FAIL")


def test_a_reset_is_a_refusal(site: World) -> None:
    """TCP RST: reached, or rejected by a firewall; nobody can tell which, so nobody is accused."""
    reject(site, "tcp reset", "tcp dport 443")
    row = column(site).row("443", "TCP")
    assert (row["state"], row["verdict"], row["refused_by"]) == ("refused", "FAIL", None)
    assert "RST after" in row["evidence"]


@pytest.mark.parametrize(
    ("how", "words"),
    [("port-unreachable", "port unreachable (type 3, code 3)"), ("admin-prohibited", "(type 3, code 13)")],
)
@pytest.mark.parametrize(("rule", "port", "protocol"), [("udp dport 3478", "3478", "UDP"), ("tcp dport 443", "443", "TCP")])
def test_an_icmp_rejection_names_who_rejects(site: World, how: str, words: str, rule: str, port: str, protocol: str) -> None:
    """Type and code, and the middle's address: it is a device on the way, the firewall team's job (IP_RECVERR)."""
    reject(site, how, rule)
    seen = column(site)
    row = seen.row(port, protocol)
    assert (row["state"], row["verdict"], row["refused_by"]) == ("refused", "FAIL", "way")
    assert words in row["evidence"]
    assert MIDDLE_ADDRESS in row["evidence"]
    assert MIDDLE_ADDRESS_6 in row["evidence"]
    assert "refused by a device on the way" in seen.findings("firewall")


def test_the_workstations_own_firewall_is_not_the_networks(site: World) -> None:
    """The system itself refuses to send: nothing left, so whoever looks after the workstation is asked first, and nobody on the way."""
    refuse_in_client(site, "udp dport 3478")
    seen = column(site)
    row = seen.row("3478")
    assert (row["state"], row["verdict"], row["refused_by"]) == ("refused", "FAIL", "workstation")
    assert "Operation not permitted" in row["evidence"]
    assert "At this workstation: Allow UDP 3478" in seen.findings("firewall")
    assert "device on the way" not in seen.findings("firewall")
    assert "Refused by the workstation's own firewall" in seen.file("_firewall-request.txt")


@pytest.mark.parametrize("how", ["host-unreachable", "no-route"])
def test_no_way_there_is_no_refusal(site: World, how: str) -> None:
    """A router that knows no way is nobody's rule: `unreachable`, which proves nothing, NOT MEASURED."""
    reject(site, how, "udp dport 3478")
    assert column(site).came_to("3478") == ("unreachable", "NOT MEASURED")


def test_rare_icmp_is_heard_all_the_same(site: World) -> None:
    """A gateway that seldom says no: one of three tries was refused, the others met silence; it is refused.

    The question about NAT goes there over IPv4 too and may have been told in the row's place; over IPv6 the row alone asks.
    """
    reject_rarely(site, "port-unreachable", f"ip daddr {SERVER_ADDRESS} udp dport 3478", f"ip6 daddr {SERVER_ADDRESS_6} udp dport 3478")
    row = column(site).row("3478")
    assert (row["state"], row["verdict"]) == ("refused", "FAIL")
    assert "1 of 3 sent" in row["evidence"]


def test_a_host_where_nobody_listens_refuses_by_itself(site: World) -> None:
    """ICMP from the host that was asked: the way is open, and it is nobody's rule but the host's business."""
    site.names({"netdiag.euc1.pure.cloud": "10.71.2.9", "api.mypurecloud.de": SERVER_ADDRESS}, resolver=None)
    site.run(SERVER, "ip", "addr", "replace", "10.71.2.9/24", "dev", "s0")
    try:
        seen = column(site)
    finally:
        site.names({}, resolver=MIDDLE_ADDRESS)
    row = seen.row("3478")
    assert (row["state"], row["refused_by"], row["address"]) == ("refused", "host", "10.71.2.9")
    assert "Whoever runs the far end" in seen.findings("firewall")


def test_optional_ports_never_fail(site: World) -> None:
    """53 and 19302 blocked, and all else open: INFO, and the run passes (contract 2)."""
    site.drop("iifname m1 udp dport { 53, 19302, 443 }", "iifname m1 tcp dport { 53, 80 }")
    seen = column(site)
    for port, protocol in (("19302", "UDP"), ("53", "UDP"), ("53", "TCP"), ("80", "TCP"), ("443", "UDP")):
        assert seen.came_to(port, protocol) == ("no_answer", "INFO"), (port, protocol)
    assert (seen.document["verdict"], seen.code) == ("PASS", 0)


def test_a_firewall_with_the_old_media_range(site: World) -> None:
    """16384 to 32768 alone, as rules said before 2024-12-07: the row fails and names the ports that are silent."""
    drop_from(site, CLIENT, "udp dport 32769-65535")
    row = column(site).row(MEDIA, at="reflector")
    assert (row["state"], row["verdict"], row["required"]) == ("no_answer", "FAIL", True)
    assert "7 of 17 ports asked answered" in row["evidence"]
    assert "16384 to 32768 (7 asked): answered; 32769 to 65535 (10 asked): STAMP packet: " in row["evidence"]
    assert row["allow_to"] == "52.129.96.0/20, 169.150.104.0/21, 167.234.48.0/20, 136.245.64.0/18"


def test_a_site_that_allows_the_service_s_hosts_alone(site: World) -> None:
    """The reflector cannot be reached, nor told from one that is down: the service's rows pass, the media range is not proven."""
    allow_only(site, "ip daddr { 10.71.2.2, 10.71.2.3 }", "ip6 daddr { fd71:2::2, fd71:2::3 }", "icmpv6 type != 255")
    seen = column(site)
    assert seen.came_to("443", "TCP") == ("open", "PASS")
    assert seen.came_to("3478") == ("open", "PASS")
    assert seen.came_to(MEDIA, at="reflector") == ("no_responder", "NOT MEASURED")
    assert seen.document["verdict"] == "INCONCLUSIVE"
    assert "10.71.2.4:20862" in seen.row(MEDIA, at="reflector")["destination"]


def test_without_a_reflector_the_media_range_is_not_proven(site: World) -> None:
    """Nobody there to ask is neither red nor green: NOT MEASURED, INCONCLUSIVE, exit code 3, and the request asks to confirm."""
    seen = column(site, reflector=None)
    assert seen.came_to(MEDIA) == ("no_responder", "NOT MEASURED")
    assert (seen.document["verdict"], seen.code) == ("INCONCLUSIVE", 3)
    (rule, *_) = [row for row in csv.DictReader(seen.file("_firewall-request.csv").splitlines()) if row["Port"] == MEDIA]
    assert rule["State"] == "no_responder"


def test_a_reflector_without_responders_is_asked_at_its_own_port(site: World) -> None:
    """What it did not open is not asked there, and not called blocked."""
    start_own_reflector(site, address="10.71.2.2")
    seen = column(site, reflector="10.71.2.2")
    assert seen.came_to(MEDIA, at="reflector") == ("open", "PASS")
    assert [row["port"] for row in seen.document["firewall"] if row["at"] == "reflector"] == [MEDIA]
    assert seen.came_to("3478", "TCP") == ("open", "PASS")


def of(seen: Column) -> set[tuple[str, str]]:
    """Return the states and verdicts of the required rows."""
    return {(row["state"], row["verdict"]) for row in seen.document["firewall"] if row["required"]}


def test_a_network_that_drops_everything_ends_in_twelve_seconds(site: World) -> None:
    """Trap 8: names are known, nothing else passes: a full column, unreachable because no control answered either, exit code 3."""
    site.drop("")
    seen = column(site)
    assert of(seen) <= {("unreachable", "NOT MEASURED"), ("no_responder", "NOT MEASURED")}
    assert len([row for row in seen.document["firewall"] if row["at"] == "service"]) >= 9
    assert (seen.document["verdict"], seen.code) == ("INCONCLUSIVE", 3)
    assert seen.elapsed_s < ENOUGH_S


def test_a_site_that_drops_udp_alone(site: World) -> None:
    """The reflector's host lives over TCP, so its silence over UDP is the firewall's: FAIL, with the sign of life as evidence."""
    site.drop("iifname m1 meta l4proto udp ip daddr 10.71.2.4")
    seen = column(site)
    assert seen.came_to(MEDIA, at="reflector") == ("no_answer", "FAIL")
    assert "meanwhile port 443 of 10.71.2.4 answered" in seen.row(MEDIA, at="reflector")["evidence"]
    (rule, *_) = [row for row in csv.DictReader(seen.file("_firewall-request.csv").splitlines()) if row["Port"] == MEDIA]
    assert (rule["Action"], rule["Source"]) == ("open", "10.71.1.2")


def test_a_rule_that_rejects_proves_itself(site: World) -> None:
    """Where it is not known that anybody would answer, ICMP from a device on the way is proof enough of a rule."""
    reject(site, "admin-prohibited", "iifname m1 tcp dport 3478")
    seen = column(site, reflector=None)
    assert (seen.came_to("3478", "TCP"), seen.row("3478", "TCP")["refused_by"]) == (("refused", "FAIL"), "way")
