"""The Firewall column where something answers in another's name, or names and addresses are not what they should be (contract 4.4)."""

import pytest
from lab_column import ENOUGH_S, NAME, REFLECTOR, REFLECTOR_6, Column, column, start_own_reflector, start_site
from lab_dns import NXDOMAIN, SERVFAIL, SILENT, lying, zone
from lab_everything import start_everything
from lab_filters import nothing_passes, without_ipv4, without_ipv6
from lab_middleboxes import INTERCEPTOR_CA, hold_captive, intercept_tls, proxy_tcp, trusted
from lab_nat import preserving, symmetric
from lab_peers import HOSTS, start_nginx
from lab_world import MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, SERVER, World

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]


def required(seen: Column) -> set[tuple[str, str]]:
    """Return the states and verdicts of the required rows."""
    return {(row["state"], row["verdict"]) for row in seen.document["firewall"] if row["required"]}


@pytest.mark.parametrize("manner", ["silent", "close", "reset"])
def test_a_proxy_that_completes_every_handshake_opens_nothing(world: World, manner: str) -> None:
    """Nothing is open until the right protocol answered: a connection alone is a middlebox's word."""
    start_site(world)
    proxy_tcp(world, manner)  # type: ignore[arg-type]
    seen = column(world)
    for port in ("443", "80", "53"):
        assert seen.row(port, "TCP")["state"] in ("no_answer", "refused"), manner
    assert seen.came_to("443", "TCP")[1] == "FAIL"
    assert seen.came_to("3478") == ("open", "PASS")
    assert seen.came_to("3478", "TCP", "reflector")[1] == "FAIL"


@pytest.mark.parametrize("installed", [True, False], ids=["its root installed", "its root unknown"])
def test_an_interceptor_is_named(world: World, installed: bool) -> None:
    """A root that only this workstation trusts, or nobody: intercepted, with the issuer; the reflector's own key tells it too."""
    start_site(world)
    root = intercept_tls(world)
    store = {"SSL_CERT_FILE": trusted(world, root)} if installed else {}
    seen = column(world, **store)
    row = seen.row("443", "TCP")
    assert (row["state"], row["verdict"], seen.document["verdict"]) == ("tls_intercepted", "FAIL", "FAIL")
    assert INTERCEPTOR_CA in row["evidence"]
    assert seen.came_to("443", "TCP", "reflector") == ("tls_intercepted", "INFO")
    assert "exempt" in seen.file("_firewall-request.csv")
    assert seen.came_to("80", "TCP") == ("open", "PASS")


def test_a_captive_portal_is_noticed(world: World) -> None:
    """Another page in the place of the known one, and nothing else passes: sign in first."""
    start_nginx(world)
    hold_captive(world)
    seen = column(world, reflector=None)
    assert "http://portal.example/login" in seen.findings("network")
    assert seen.findings("network").startswith("fail")
    assert seen.document["verdict"] in ("FAIL", "INCONCLUSIVE")


def test_a_resolver_that_lies_is_found_out_by_what_answers(world: World) -> None:
    """Every name leads to one host that is not the service: its certificate is somebody else's, or nobody answers there."""
    start_site(world, lying(REFLECTOR))
    seen = column(world)
    assert seen.came_to("443", "TCP") == ("tls_intercepted", "FAIL")
    assert seen.document["verdict"] == "FAIL"


@pytest.mark.parametrize("manner", [NXDOMAIN, SERVFAIL, SILENT], ids=["no such name", "failing", "silent"])
def test_names_that_do_not_resolve(world: World, manner: str) -> None:
    """`dns_failed` wherever a name was needed, NOT MEASURED, in bounded time; what is known by address is asked all the same."""
    start_site(world, manner)
    seen = column(world)
    assert seen.came_to("443", "TCP") == ("dns_failed", "NOT MEASURED")
    assert seen.came_to("3478") == ("dns_failed", "NOT MEASURED")
    assert seen.came_to("53", "UDP/TCP") == ("dns_failed", "INFO")
    assert seen.came_to("16384-65535", at="reflector") == ("open", "PASS")
    assert (seen.document["verdict"], seen.code) == ("INCONCLUSIVE", 3)
    assert seen.elapsed_s < ENOUGH_S


@pytest.mark.parametrize(("without", "family"), [(without_ipv4, "IPv6"), (without_ipv6, "IPv4")], ids=["IPv6 only", "IPv4 only"])
def test_one_family_alone(world: World, without: object, family: str) -> None:
    """Every row is open over the one family that there is, and says that the other has no way."""
    hosts = HOSTS | {NAME: (REFLECTOR, REFLECTOR_6)}
    start_everything(world, MIDDLE_ADDRESS_6 if family == "IPv6" else MIDDLE_ADDRESS, zone(hosts))
    for address in (f"{REFLECTOR}/24", f"{REFLECTOR_6}/64"):
        world.run(SERVER, "ip", "addr", "add", address, "dev", "s0", *(("nodad",) if ":" in address else ()))
    start_own_reflector(world, "--responders", address=REFLECTOR_6 if family == "IPv6" else REFLECTOR)
    without(world)  # type: ignore[operator]
    seen = column(world, reflector=NAME)
    assert required(seen) == {("open", "PASS")}
    assert f"{family} " in seen.row("3478")["evidence"]
    assert seen.document["verdict"] == "PASS"


@pytest.mark.parametrize(
    ("nat", "words", "severity"),
    [(preserving, "endpoint-independent", "info"), (symmetric, "symmetric", "warn")],
    ids=["port-preserving", "symmetric"],
)
def test_the_nat_is_told(world: World, nat: object, words: str, severity: str) -> None:
    """Two STUN servers see one mapping or two; two mean that media needs a relay (RFC 4787 REQ-1)."""
    start_site(world)
    nat(world)  # type: ignore[operator]
    told = column(world).findings("network")
    assert told.startswith(f"{severity}: ")
    assert words in told.lower()


def test_a_proxy_of_the_environment_is_told_without_its_password(world: World) -> None:
    """Noticed and said, not used; user and password stay where they are."""
    start_site(world)
    seen = column(world, HTTPS_PROXY="http://alice:secret@proxy.example:8080")
    assert "proxy.example:8080" in seen.findings("workstation")
    files = b"".join(path.read_bytes() for path in seen.folder.iterdir())
    assert b"secret" not in files
    assert seen.document["verdict"] == "PASS"


def test_nothing_at_all_ends_in_twelve_seconds(world: World) -> None:
    """Trap 8: neither names nor packets pass: a full column, nothing red, exit code 3; the request says that the network comes first."""
    start_site(world)
    nothing_passes(world)
    seen = column(world)
    assert required(seen) <= {("dns_failed", "NOT MEASURED"), ("unreachable", "NOT MEASURED"), ("no_responder", "NOT MEASURED")}
    assert (seen.document["verdict"], seen.code) == ("INCONCLUSIVE", 3)
    assert seen.elapsed_s < ENOUGH_S
    assert "Nothing at all answered" in seen.file("_firewall-request.txt")
