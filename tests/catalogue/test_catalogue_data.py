"""The shipped data holds what the contract promises and what the sources say."""

import math
import re

import pytest

from nra.catalogue import (
    all_services,
    codec,
    codecs,
    placed,
    portal_page,
    profiles,
    region,
    regions,
    services,
    threshold_profiles,
    thresholds,
)
from nra.cli.options import CODECS, PROFILES
from nra.model.codec import EModel, Standing
from nra.model.verdict import Verdict
from nra.probes import BUILTIN
from nra.run.questions import PROBE_OF_ASK
from nra.scoring.criteria import judge

# contract 2: label, unit, operator, limit, WARN from
ROWS = [
    ("up_jitter_ms", "Up Jitter", "ms", "<", 30, 20),
    ("down_jitter_ms", "Down Jitter", "ms", "<", 30, 20),
    ("up_loss_percent", "Up Packet Loss", "%", "<", 1, 0.5),
    ("down_loss_percent", "Down Packet Loss", "%", "<", 1, 0.5),
    ("up_discard_percent", "Up Packet Discards", "%", "<", 5, 2),
    ("down_discard_percent", "Down Packet Discards", "%", "<", 5, 2),
    ("up_order_percent", "Up Packet Order", "%", ">=", 98, 99.5),
    ("down_order_percent", "Down Packet Order", "%", ">=", 98, 99.5),
    ("round_trip_avg_ms", "Round Trip Average Time", "ms", "<", 150, 100),
    ("up_mos", "Upstream MOS Score", "MOS", ">=", 3.6, 4.0),
    ("down_mos", "Downstream MOS Score", "MOS", ">=", 3.6, 4.0),
]

# the hosts that the service's own diagnostics asked (MyPureCloud/ember-webrtc-troubleshoot@33c3fc6)
NETDIAG = {
    "us-east-1": "use1",
    "us-west-2": "usw2",
    "ap-northeast-1": "apne1",
    "ap-south-1": "aps1",
    "ap-southeast-2": "apse2",
    "ca-central-1": "cac1",
    "sa-east-1": "sae1",
    "eu-central-1": "euc1",
    "eu-west-1": "euw1",
    "eu-west-2": "euw2",
}


def test_the_eleven_rows_are_the_contracts_to_the_letter() -> None:
    """Labels, units, operators, limits, WARN bands and their order are those of contract section 2."""
    limits = thresholds("genesys-cloud").limits
    assert [(each.key, each.label, each.unit, each.operator, each.limit, each.warn) for each in limits] == ROWS


# what each vendor's own page says (see the sources in the files): key, operator, limit; all else stays as in genesys-cloud
VENDORS: dict[str, dict[str, tuple[str, float]]] = {
    "teams-client": {"jitter_ms": ("<", 30), "loss_percent": ("<", 1), "order_percent": (">", 99.95), "round_trip_avg_ms": ("<", 100)},
    "teams-edge": {"jitter_ms": ("<", 15), "loss_percent": ("<", 0.1), "order_percent": (">", 99.99), "round_trip_avg_ms": ("<", 60)},
    "goto-connect": {"jitter_ms": ("<", 30), "loss_percent": ("<", 1), "round_trip_avg_ms": ("<", 100)},
    "webex-calling": {"jitter_ms": ("<", 30), "loss_percent": ("<", 1), "round_trip_avg_ms": ("<", 300), "mos": (">=", 4.0)},
    "ringcentral": {"jitter_ms": ("<", 30), "loss_percent": ("<", 1), "round_trip_avg_ms": ("<", 300)},
    "8x8": {"jitter_ms": ("<=", 40), "round_trip_avg_ms": ("<=", 300)},
}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_profile_holds_what_the_vendor_says_and_nothing_else(name: str) -> None:
    """What the vendor defines has its limit and no WARN band of ours; what it does not define is the row of genesys-cloud."""
    shipped = {each.key: each for each in thresholds().limits}
    defined = VENDORS[name]
    for each in thresholds(name).limits:
        said = defined.get(each.key.removeprefix("up_").removeprefix("down_"))
        if said is None:
            assert each == shipped[each.key]
        else:
            assert ((each.operator, each.limit), each.warn) == (said, None)
            assert (each.label, each.unit) == (shipped[each.key].label, shipped[each.key].unit)


@pytest.mark.parametrize("name", threshold_profiles())
def test_a_profile_judges_at_its_limits(name: str) -> None:
    """The limit itself passes or fails as the operator says, and the next number on the bad side fails."""
    for each in thresholds(name).limits:
        bad_side = math.inf if each.operator.startswith("<") else -math.inf
        assert judge(math.nextafter(each.limit, bad_side), each) is Verdict.FAIL
        assert (judge(each.limit, each) is not Verdict.FAIL) is each.operator.endswith("=")
        assert judge(math.nextafter(each.limit, -bad_side), each) is not Verdict.FAIL


def test_every_profile_is_known_by_name() -> None:
    """The default comes first; each file's name is the profile's."""
    assert threshold_profiles() == ("genesys-cloud", *sorted(VENDORS))
    assert tuple(thresholds(name).name for name in threshold_profiles()) == threshold_profiles()


def test_every_entry_says_where_it_comes_from_and_when_that_was_checked() -> None:
    """Data without a source and an ISO date is not shipped."""
    origins = [(each.source, each.checked) for each in regions()]
    origins += [(each.source, each.checked) for each in all_services()]
    origins += [(each.source, each.checked) for each in map(thresholds, threshold_profiles())]
    for source, checked in origins:
        assert source
        assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", checked)
    assert all(each.source for each in codecs())


def test_all_regions_are_listed_once_and_sorted() -> None:
    """38 AWS regions with a public endpoint and the service's sovereign one."""
    names = [each.name for each in regions()]
    assert len(names) == 39
    assert names == sorted(set(names))
    assert "local" not in names


def test_the_service_is_in_twenty_regions() -> None:
    """17 core, 1 FedRAMP, 2 satellites; satellites have no domain of their own, all others have one."""
    kinds = [each.kind for each in regions() if each.kind]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"core": 17, "fedramp": 1, "satellite": 2}
    assert all((each.domain is not None) == (each.kind in ("core", "fedramp")) for each in regions())


def test_endpoints_are_those_of_their_region() -> None:
    """A beacon or STUN host bears its region's name; TCP goes to the service's API where there is one, else to DynamoDB."""
    for each in regions():
        if each.beacon:
            assert (each.beacon.host, each.beacon.port) == (f"gamelift-ping.{each.name}.api.aws", 7770)
        for stun in each.stun:
            assert (stun.host, stun.port) in {
                (f"netdiag.{each.short}.pure.cloud", 3478),
                (f"stun.kinesisvideo.{each.name}.amazonaws.com", 443),
            }
        assert each.https is not None
        assert each.https.port == 443
        assert each.https.host == f"api.{each.domain}" if each.domain else each.https.host.startswith(f"dynamodb.{each.name}.amazonaws.com")


def test_netdiag_comes_first_and_only_where_it_is_known() -> None:
    """Ten regions have a STUN host on the service's own media range; nobody guesses the others'."""
    assert {each.name: each.short for each in regions() if each.short} == NETDIAG
    assert {each.name: each.stun[0].host for each in regions() if each.short} == {
        name: f"netdiag.{short}.pure.cloud" for name, short in NETDIAG.items()
    }


@pytest.mark.parametrize("name", ["eu-central-2", "me-central-1", "mx-central-1", "ap-southeast-3", "eusc-de-east-1"])
def test_regions_without_a_beacon(name: str) -> None:
    """Zurich, UAE, Mexico, Jakarta and the sovereign cloud have no UDP beacon (AWS GameLift documentation)."""
    assert region(name).beacon is None


def test_the_codecs_are_what_the_options_offer() -> None:
    """`--codec` takes the catalogue's names, G.711 first, and no other."""
    assert tuple(each.name for each in codecs()) == CODECS


@pytest.mark.parametrize(
    ("name", "model", "ie", "bpl", "payload_20_ms", "standing"),
    [
        ("g711", EModel.NARROWBAND, 0, 25.1, 160, Standing.ITU),
        ("g729", EModel.NARROWBAND, 11, 19, 20, Standing.ITU),
        ("g722", EModel.WIDEBAND, 13, 4.5, 160, Standing.PROVISIONAL),
        ("opus", EModel.FULLBAND, 17, 10.4, 80, Standing.ESTIMATE),
    ],
)
def test_codec_values(name: str, model: EModel, ie: float, bpl: float, payload_20_ms: int, standing: Standing) -> None:
    """ITU-T G.113 App. I for G.711 and G.729A; G.722 is provisional, Opus (32 kbit/s, RFC 7587 payload) an estimate."""
    found = codec(name)
    assert (found.model, found.ie, found.bpl, found.standing) == (model, ie, bpl, standing)
    assert 20 * found.payload_bytes_per_ms == payload_20_ms


def test_the_profiles_are_what_the_options_offer() -> None:
    """`--services` takes the catalogue's profiles and no other."""
    assert profiles() == PROFILES


def test_webrtc_asks_for_the_ports_of_the_service() -> None:
    """443/TCP, 3478 and the media range are required; 80, 19302, 53 and QUIC are not (domain facts of 2026-11-22)."""
    need = {f"{each.port}/{each.protocol}": (each.ask, each.required) for each in services(["webrtc"])}
    assert need == {
        "443/TCP": ("tls", True),
        "80/TCP": ("http", False),
        "3478/UDP": ("stun", True),
        "3478/TCP": ("stun_tcp", True),
        "16384-65535/UDP": ("none", True),
        "19302/UDP": ("stun", False),
        "443/UDP": ("quic", False),
        "53/UDP/TCP": ("resolve", False),
        "53/UDP": ("dns", False),
        "53/TCP": ("dns_tcp", False),
    }


def test_only_one_host_is_asked_without_knowing_that_it_answers() -> None:
    """Whether STUN over TCP is served where STUN over UDP was is not known: its silence proves nothing (trap 10)."""
    assert [(each.port, each.protocol) for each in all_services() if not each.sure] == [("3478", "TCP")]


def test_ports_are_numbers_or_ranges_of_a_known_protocol() -> None:
    """Every row can be put into a firewall request as it is."""
    for each in all_services():
        ends = [int(end) for end in each.port.split("-")]
        assert ends == sorted(ends), each
        assert 1 <= ends[0] <= ends[-1] <= 65535, each
        assert each.protocol in ("TCP", "UDP", "UDP/TCP"), each
        assert each.allow_to, each


def test_who_is_asked_can_be_asked() -> None:
    """A host and a way to ask it come together, and every way has a probe."""
    for each in all_services():
        assert (each.host is None) == (each.ask == "none"), each
        assert each.ask == "none" or PROBE_OF_ASK[each.ask] in {probe.name for probe in BUILTIN}, each


def test_a_port_shared_by_two_profiles_is_asked_once() -> None:
    """The media range belongs to all profiles, but it is one row."""
    rows = services(PROFILES)
    keys = [(each.port, each.protocol) for each in rows]
    assert len(keys) == len(set(keys))


def test_hosts_are_filled_in_or_absent() -> None:
    """A host is never left with a gap: where a region lacks a part of the name there is no host at all, and nobody is asked."""
    frankfurt, stockholm = region("eu-central-1"), region("eu-north-1")
    by_port = {f"{each.port}/{each.protocol}": each for each in services(["webrtc"])}
    assert placed(by_port["443/TCP"], frankfurt).host == "api.mypurecloud.de"
    assert placed(by_port["3478/UDP"], frankfurt).host == "netdiag.euc1.pure.cloud"
    assert (placed(by_port["443/TCP"], stockholm).host, placed(by_port["443/TCP"], stockholm).ask) == (None, "none")
    assert placed(by_port["16384-65535/UDP"], frankfurt).host is None
    for service in all_services():
        for each in regions():
            there = placed(service, each)
            assert "{" not in (there.host or "") + there.allow_to


def test_what_a_rule_must_let_through_is_the_region_s() -> None:
    """Hosts of the region's domain, the media networks of commercial regions; words where the sources say nothing."""
    rows = {f"{each.port}/{each.protocol}": each for each in services(["webrtc"])}
    media = placed(rows["16384-65535/UDP"], region("eu-central-1")).allow_to
    assert media == "52.129.96.0/20, 169.150.104.0/21, 167.234.48.0/20, 136.245.64.0/18"
    assert placed(rows["443/TCP"], region("eu-central-1")).allow_to.endswith("*.mypurecloud.de")
    fedramp = next(each for each in regions() if each.kind == "fedramp")
    assert placed(rows["16384-65535/UDP"], fedramp).allow_to == "the service's media networks"


def test_the_portal_page_has_a_source() -> None:
    """A page that answers 204 with nothing, over plain HTTP."""
    page = portal_page()
    assert (page.path, page.status) == ("/generate_204", 204)
    assert page.source
    assert page.checked
