"""Scope, told from planted troubles: where it lies, with the numbers, and no more than they prove."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import Fails, fleet, office, station

from nra.model.fleet import Scope, Statement, Station
from nra.model.verdict import Verdict
from nra.scoring.scope_report import RunColumns, groups, statements

LEEDS, YORK, BATH = office("Leeds", 3, "10.1.1"), office("York", 8, "10.2.1"), office("Bath", 4, "10.3.1")
ALL = [*LEEDS, *YORK, *BATH]
NOON = (9, 12, 15)


def never(_station: Station, _hour: int) -> bool:
    """Nothing fails."""
    return False


def said(runs: RunColumns, scope: Scope | None = None) -> list[Statement]:
    """Return the statements, those of one scope if it is given."""
    return [each for each in statements(runs) if scope in (None, each.scope)]


def only(runs: RunColumns) -> Statement:
    """Return the one statement that there is."""
    (found,) = statements(runs)
    return found


def test_one_bad_site() -> None:
    """All workstations of one site and none elsewhere: the site's line, with the numbers."""
    found = only(fleet(ALL, NOON, Up_Jitter=lambda each, _: each.site == "Leeds"))
    assert (found.scope, found.where, found.proven) == (Scope.SITE, "Leeds", True)
    assert found.text == "3 of 3 workstations at Leeds fail Up Jitter; 0 of 12 elsewhere"
    assert found.advice == "look at the line of Leeds"


def test_one_bad_workstation_among_good_ones() -> None:
    """One of several at a site: that workstation, because its neighbours are fine."""
    found = only(fleet(ALL, NOON, Up_Jitter=lambda each, _: each.name == "York-2"))
    assert (found.scope, found.proven) == (Scope.WORKSTATION, True)
    assert found.text == "York-2 at York fails Up Jitter in 3 of 3 runs; 0 of 7 other workstations at York fail"
    assert found.advice == "look at this workstation, its cable or Wi-Fi"


def test_a_workstation_alone_at_its_site_proves_nothing_about_it() -> None:
    """Where nobody else measured, workstation and site cannot be told apart, and the advice is to measure once more."""
    found = only(fleet([*YORK, station("PC-1", "Hull")], [9], Up_Jitter=lambda each, _: each.site == "Hull"))
    assert (found.scope, found.proven) == (Scope.WORKSTATION, False)
    assert "is the only one measured at Hull; 0 of 8 elsewhere fail: one workstation proves nothing about its site" in found.text
    assert found.advice == "measure at a second workstation at Hull"


def test_a_single_workstation_at_all() -> None:
    """One workstation and nobody else: no word about a site or everyone."""
    found = only(fleet([station("PC-1", "")], NOON, Up_Jitter=lambda *_: True))
    assert (found.scope, found.proven) == (Scope.WORKSTATION, False)
    assert found.text == "PC-1 fails Up Jitter in 3 of 3 runs and is the only one measured: one workstation proves nothing about its site"


def test_one_bad_subnet_of_a_site() -> None:
    """Half of a site fails, and that half is one subnet: what the subnet shares."""
    site = [*office("Leeds", 4, "10.1.1"), *(station(f"upstairs-{n}", "Leeds", f"10.1.2.{n}") for n in range(4)), *YORK]
    found = only(fleet(site, NOON, Up_Jitter=lambda each, _: each.subnet == "10.1.2.0/24"))
    assert (found.scope, found.where, found.proven) == (Scope.SUBNET, "10.1.2.0/24 at Leeds", True)
    assert found.text == "4 of 4 workstations at 10.1.2.0/24 at Leeds fail Up Jitter; 0 of 12 elsewhere"


def test_the_same_private_network_at_two_sites_is_two_networks() -> None:
    """192.168.1.x stands in every second office: it groups nobody across sites."""
    homes = [station(f"{site}-{n}", site, f"192.168.1.{n}") for site in ("Leeds", "York") for n in range(3)]
    assert only(fleet(homes, NOON, Up_Jitter=lambda each, _: each.site == "Leeds")).scope is Scope.SITE
    assert {group.name for group in groups(fleet(homes, NOON, Up_Jitter=never)) if group.scope is Scope.SUBNET} == {
        "192.168.1.0/24 at Leeds",
        "192.168.1.0/24 at York",
    }


def test_all_bad_at_several_sites() -> None:
    """Everybody at several sites: what all of them share."""
    found = only(fleet(ALL, NOON, Up_Jitter=lambda *_: True))
    assert (found.scope, found.proven) == (Scope.EVERYONE, True)
    assert found.text == "15 of 15 workstations fail Up Jitter, at all 3 sites"


def test_all_bad_at_one_site_says_that_nothing_else_was_measured() -> None:
    """Everybody, but all at one site: it may be the site or what lies beyond."""
    found = only(fleet(LEEDS, NOON, Up_Jitter=lambda *_: True))
    assert (found.scope, found.proven) == (Scope.EVERYONE, False)
    assert found.text == "3 of 3 workstations fail Up Jitter, all at Leeds, nothing was measured elsewhere"
    assert "is not known" in found.advice


def test_all_good() -> None:
    """Nobody fails: it is said, with the number of runs, and without a fault."""
    found = only(fleet(ALL, NOON, Up_Jitter=never, Down_Packet_Loss=never))
    assert (found.scope, found.verdict) == (Scope.NOBODY, Verdict.PASS)
    assert found.text == "0 of 15 workstations fail any measurement or required port in 45 runs"


def test_a_single_unlucky_run_is_no_trouble() -> None:
    """One of nine runs of one workstation: counted and said, but nobody fails."""
    found = only(fleet(YORK, range(9, 18), Up_Jitter=lambda each, hour: each.name == "York-1" and hour == 12))
    assert found.scope is Scope.NOBODY
    assert "1 of 72 runs did" in found.text


def test_bad_in_the_afternoon_only() -> None:
    """The same workstations fail at some hours and not at others."""
    runs = fleet(ALL, range(8, 18), Up_Jitter=lambda _, hour: hour >= 13)
    time, everyone = statements(runs)  # the hours first: they say more than that everyone fails
    assert everyone.scope is Scope.EVERYONE
    assert (time.scope, time.where, time.proven) == (Scope.TIME, "13:00 to 17:59 UTC", True)
    assert "Up Jitter fails in 75 of 75 runs begun from 13:00 to 17:59 UTC, in 0 of 75 at other times" in time.text


def test_one_site_in_the_afternoon_only() -> None:
    """Place and hours together: the hours are those of that site's runs."""
    site, time = statements(fleet(ALL, range(8, 18), Up_Jitter=lambda each, hour: each.site == "Leeds" and hour >= 14))
    assert site.text == "3 of 3 workstations at Leeds fail Up Jitter; 0 of 12 elsewhere"
    assert time.text.startswith("At Leeds: Up Jitter fails in 12 of 12 runs begun from 14:00 to 17:59 UTC, in 0 of 18")


def test_over_midnight() -> None:
    """A night shift's hours are one stretch."""
    (time, _) = statements(fleet(ALL, range(24), Up_Jitter=lambda _, hour: hour >= 22 or hour < 4))
    assert time.where == "22:00 to 03:59 UTC"


def test_a_place_measured_at_one_time_is_not_called_a_time() -> None:
    """Where the bad site was only measured in the afternoon, nothing shows that the morning would have been better."""
    morning, afternoon = fleet(YORK, [8, 9, 10], Up_Jitter=never), fleet(LEEDS, [14, 15, 16], Up_Jitter=lambda *_: True)
    import numpy as np

    runs = RunColumns(
        stations=[*YORK, *LEEDS],
        station=np.concatenate([morning.station, afternoon.station + len(YORK)]),
        hour=np.concatenate([morning.hour, afternoon.hour]),
        breached={"Up Jitter": np.concatenate([morning.breached["Up Jitter"], afternoon.breached["Up Jitter"]])},
    )
    assert [each.scope for each in statements(runs)] == [Scope.SITE]


def test_few_workstations_are_said_to_be_few() -> None:
    """Two of two here, none of three there: one in ten by chance alone, so it is a hint and says so."""
    found = only(fleet([*office("Leeds", 2), *office("York", 3)], [9], Up_Jitter=lambda each, _: each.site == "Leeds"))
    assert (found.scope, found.proven) == (Scope.SITE, False)
    assert found.text.endswith("(too few to prove it)")


def test_a_bad_site_and_a_bad_workstation_are_two_sentences() -> None:
    """What the site does not explain is explained by itself."""
    site, workstation = statements(fleet(ALL, NOON, Up_Jitter=lambda each, _: each.site == "Leeds" or each.name == "York-3"))
    assert site.text == "3 of 3 workstations at Leeds fail Up Jitter; 1 of 12 elsewhere"
    assert workstation.text.startswith("York-3 at York fails Up Jitter in 3 of 3 runs; 0 of 7 other")


def test_measures_that_fail_at_one_place_share_a_sentence() -> None:
    """Jitter and loss at one site are one trouble."""

    def leeds(each: Station, _hour: int) -> bool:
        return each.site == "Leeds"

    found = only(fleet(ALL, NOON, Up_Jitter=leeds, Down_Packet_Loss=leeds, Upstream_MOS_Score=never))
    assert found.text == "3 of 3 workstations at Leeds fail Up Jitter and Down Packet Loss; 0 of 12 elsewhere"


def test_blocked_ports_of_a_site_are_its_firewall_s() -> None:
    """Where only required ports fail, the firewall is to be looked at."""
    assert only(fleet(ALL, NOON, Required_ports=lambda each, _: each.site == "York")).advice == "look at the firewall of York"


def test_blocked_ports_of_one_workstation_are_named_and_no_cable_is_blamed() -> None:
    """Which ports, and whose job it is: a cable closes none. The workstation keeps its name as it is."""
    stations = [*office("Leeds", 3), station("fw-1", "Leeds")]
    found = only(fleet(stations, NOON, ports=("3478 UDP", "443 TCP"), Required_ports=lambda each, _: each.name == "fw-1"))
    assert found.text.startswith("fw-1 at Leeds fails Required ports (3478 UDP and 443 TCP) in 3 of 3 runs; 0 of 3 other")
    assert found.advice == "look at this workstation's own firewall, its policy and its VLAN, or ask the firewall team"


def test_where_ports_and_voice_fail_both_are_advised() -> None:
    """A blocked port may be why voice fails, and the cable all the same why the rest does."""
    stations = [*office("Leeds", 3), station("fw-1", "Leeds")]

    def one(each: Station, _hour: int) -> bool:
        return each.name == "fw-1"

    found = only(fleet(stations, NOON, Up_Jitter=one, Required_ports=one))
    assert "its own" not in found.text
    assert found.advice.startswith("for the ports look at this workstation's own firewall")
    assert found.advice.endswith("for the rest look at this workstation, its cable or Wi-Fi")


def test_scattered_workstations() -> None:
    """Many fail, everywhere some: no site is blamed."""
    found = only(fleet(ALL, NOON, Up_Jitter=lambda each, _: each.name in ("Leeds-1", "York-1", "York-2", "York-5", "Bath-3")))
    assert found.scope is Scope.SCATTERED
    assert found.text == "5 of 15 workstations fail Up Jitter, and no site or subnet stands out"


def test_not_measured_is_neither_good_nor_bad() -> None:
    """A workstation without a number is named and counts nowhere."""

    def fails(each: Station, _hour: int) -> bool | None:
        return None if each.name == "Leeds-0" else each.site == "Leeds"

    site, unknown = statements(fleet(ALL, NOON, Up_Jitter=fails))
    assert site.text.startswith("2 of 2 workstations at Leeds")
    assert (unknown.scope, unknown.verdict) == (Scope.UNKNOWN, Verdict.NOT_MEASURED)
    assert unknown.text == "Up Jitter: nothing known at 1 of 15 workstations (Leeds-0), counted as neither good nor bad"


def test_sites_of_one_name_in_two_organizations() -> None:
    """Two customers may both have a Leeds."""
    stations = [station(f"{org}-{n}", "Leeds", organization=org) for org in ("Acme", "Bolt") for n in range(5)]
    found = only(fleet(stations, NOON, Up_Jitter=lambda each, _: each.organization == "Bolt"))
    assert found.text == "5 of 5 workstations at Leeds (Bolt) fail Up Jitter; 0 of 5 elsewhere"


def test_the_table_counts_what_the_sentences_say() -> None:
    """Everyone, each site worst first, each subnet, each hour with its runs."""
    table = groups(fleet(ALL, NOON, Up_Jitter=lambda each, _: each.site == "York"))
    shown = [(row.scope, row.name, row.stations, row.runs, row.tallies[0].failing, row.tallies[0].measured) for row in table]
    assert shown[:4] == [
        (Scope.EVERYONE, "", 15, 45, 8, 15),
        (Scope.SITE, "York", 8, 24, 8, 8),
        (Scope.SITE, "Bath", 4, 12, 0, 4),
        (Scope.SITE, "Leeds", 3, 9, 0, 3),
    ]
    assert shown[-1] == (Scope.TIME, "15:00 to 15:59 UTC", 15, 15, 8, 15)
    assert [row.scope for row in table].count(Scope.SUBNET) == 3


CHANCES: st.SearchStrategy[Fails] = st.randoms(use_true_random=False).map(
    lambda chance: lambda *_: chance.choice((True, False, False, None))
)


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=12, unique=True), st.lists(st.integers(0, 23), min_size=1, max_size=4), CHANCES)
def test_every_failing_workstation_is_in_some_sentence(stations: list[Station], hours: list[int], fails: Fails) -> None:
    """Whatever fails where: there is a sentence, one line each, and good news only where there is no bad news."""
    found = statements(fleet(stations, hours, Up_Jitter=fails))
    assert len({each.text for each in found}) == len(found)
    assert all("\n" not in each.text and each.advice for each in found)
    assert (Scope.NOBODY in {each.scope for each in found}) != any(each.verdict is Verdict.FAIL for each in found) or all(
        each.scope is Scope.UNKNOWN for each in found
    )


@pytest.mark.parametrize("hour", [0, 23])
def test_no_runs_no_words(hour: int) -> None:
    """Where nothing was judged nothing is said but that."""
    assert [each.scope for each in statements(fleet(LEEDS, [hour], Up_Jitter=lambda *_: None))] == [Scope.UNKNOWN]
