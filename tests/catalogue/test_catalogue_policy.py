"""The policy file: what it can say, and the one line with which a mistake in it is refused."""

import json
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nra.catalogue import CatalogueError, default_policy, read_policy, thresholds
from nra.model.policy import Waiver

WHOLE: Final = """
name = "go-live"
thresholds = "ringcentral"

[limits]
up_jitter_ms = { limit = 25, warn = 20 }

[site."St. Gallen".limits]
round_trip_avg_ms = { limit = 200 }

[require]
runs = 8
workstations = 3
runs_per_workstation = 2
ports = ["443/TCP", "3478/udp"]
measured = ["voice", "firewall"]
strict = true
sites = ["Leeds"]
max_age_days = 14

[allow]
failed_runs = 1
inconclusive_runs = 2

[[waiver]]
what = "3478/UDP"
site = "Bonn"
workstation = "PC-1"
owner = "net team"
reason = "rule ordered"
expires = 2026-12-31

[baseline]
fail_on_regression = true
"""

WAIVER: Final = '[[waiver]]\nwhat = "up_mos"\nowner = "o"\nreason = "r"\nexpires = 2026-12-31\n'


def policy_file(folder: Path, text: str) -> Path:
    """Write a policy and return its path."""
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_a_policy_can_say_arrives(tmp_path: Path) -> None:
    """Limits of a site are those of all sites with its own on top."""
    found = read_policy(policy_file(tmp_path, WHOLE))
    general = {each.key: each for each in found.thresholds.limits}
    site = {each.key: each for each in found.sites[0].thresholds.limits}
    assert (found.name, found.thresholds.name, found.sites[0].site) == ("go-live", "ringcentral", "St. Gallen")
    assert (general["up_jitter_ms"].limit, general["up_jitter_ms"].warn, general["round_trip_avg_ms"].limit) == (25, 20, 300)
    assert (site["up_jitter_ms"].limit, site["round_trip_avg_ms"].limit) == (25, 200)
    assert (found.runs, found.workstations, found.runs_per_workstation) == (8, 3, 2)
    assert (found.ports, found.measured, found.strict) == (("443/TCP", "3478/udp"), ("voice", "firewall"), True)
    assert (found.required_sites, found.max_age_days) == (("Leeds",), 14)
    assert (found.failed_runs, found.inconclusive_runs, found.fail_on_regression) == (1, 2, True)
    waiver = Waiver(what="3478/UDP", site="Bonn", workstation="PC-1", owner="net team", reason="rule ordered", expires=date(2026, 12, 31))
    assert found.waivers == (waiver,)


def test_an_empty_policy_is_the_default_under_the_files_name(tmp_path: Path) -> None:
    """Nothing is required beyond what holds anyway."""
    found, default = read_policy(policy_file(tmp_path, "")), default_policy()
    assert found.name == "policy"
    assert (found.thresholds, found.runs, found.failed_runs, found.waivers) == (thresholds(), 1, 0, ())
    assert (default.thresholds, default.runs, default.failed_runs, default.ports) == (thresholds(), 1, 0, ())


def test_a_thresholds_file_lies_beside_the_policy(tmp_path: Path) -> None:
    """Wherever the gate is called from."""
    (tmp_path / "limits.toml").write_text("[limits]\nup_jitter_ms = { limit = 7 }\n")
    assert read_policy(policy_file(tmp_path, 'thresholds = "limits.toml"')).thresholds.limits[0].limit == 7


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("\nlimit = 1", 2, "limit: unknown (did you mean limits?)"),
        ("[require]\n\nrun = 3", 3, "require.run: unknown (did you mean runs?)"),
        ("[require]\nmeasured = ['fierwall']", 2, "invalid enum value 'fierwall' (known: voice, firewall)"),
        ("[require]\nmax_age_days = 0", 2, "require.max_age_days: at least 1, got 0"),
        ("[require]\nsites = [' ']", 2, "require.sites: a site without a name"),
        ("[require]\nruns = '3'", 2, 'require: field "runs": expected int, got str'),
        ("[require]\nruns = 0", 2, "require.runs: at least 1, got 0"),
        ("[allow]\nfailed_runs = -1", 2, "allow.failed_runs: at least 0, got -1"),
        ("[require]\nmeasured = ['video']", 2, "require: field"),
        ("[require]\nports = ['3478/UPD']", 2, "'3478/UPD' is no port of the catalogue (did you mean 3478/UDP"),
        ("[require]\nports = ['9/TCP']", 2, "'9/TCP' is no port of the catalogue"),
        ("require = 3", 1, "require: expected a table, got int"),
        ("[limits]\n\nup_jiter_ms = { limit = 3 }", 3, "limits.up_jiter_ms: no such row (did you mean up_jitter_ms"),
        ("[limits]\nup_jitter_ms = 3", 2, "limits.up_jitter_ms: expected a table, got int"),
        ("[limits]\nup_jitter_ms = { limit = nan }", 2, 'field "limit": not a finite number'),
        ("[limits.up_jitter_ms]\nlimit = 3\nwarn = 5", 3, 'field "warn": 5 lies outside the limit < 3'),
        ("[site.Bonn.limits]\nup_mos = { limt = 3 }", 2, 'site.Bonn.limits.up_mos: field "limt": unknown'),
        ("[site.Bonn.limit]\nup_mos = { limit = 3 }", 1, "site.Bonn.limit: unknown (did you mean limits?)"),
        ("[site.Bonn.limits]\n[site.bonn.limits]", 2, "site.bonn: the same site stands there twice"),
        ("[waiver]\nwhat = 'up_mos'", 1, "waiver: each stands under its own [[waiver]]"),
        (f"{WAIVER}{WAIVER}ownr = 'x'", 11, "waiver.2.ownr: unknown (did you mean owner?)"),
        (WAIVER.replace('owner = "o"\n', ""), 1, 'waiver.1: field "owner": missing'),
        (WAIVER.replace('"r"', '" "'), 4, "waiver 1: reason is empty"),
        (WAIVER.replace("2026-12-31", '"soon"'), 5, 'waiver.1: field "expires": '),
        (WAIVER.replace("2026-12-31", "2026-12-31T00:00:00Z"), 5, 'waiver.1: field "expires": '),
        (WAIVER.replace("up_mos", "up_moss"), 2, "'up_moss' is no row of a report, nor a port of the catalogue (did you mean up_mos"),
        ("[baseline]\nfail = true", 2, "baseline.fail: unknown"),
        ("name = 3", 1, "name: expected text, got 3"),
        ("\nthresholds = 'teams-clint'", 2, 'thresholds: no thresholds "teams-clint"'),
        ("[limits]\na = \n", 2, "Invalid value"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    """A policy is reviewed like code: what nobody reads must not pass for a rule."""
    path = policy_file(tmp_path, text)
    with pytest.raises(CatalogueError) as caught:
        read_policy(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(CatalogueError, match=r"nosuch\.toml: cannot be read: "):
        read_policy(tmp_path / "nosuch.toml")


VALUES: Final = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=9), st.dates(), st.lists(st.integers(), max_size=2), st.just({"limit": 1})
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(line=st.integers(0, WHOLE.count("\n")), value=VALUES)
def test_whatever_stands_there_a_policy_comes_out_or_one_line(tmp_path: Path, line: int, value: object) -> None:
    """Each value of the whole policy, replaced by something else."""
    lines = WHOLE.splitlines()
    if " = " in lines[line - 1]:
        lines[line - 1] = f"{lines[line - 1].partition(' = ')[0]} = {toml(value)}"
    path = policy_file(tmp_path, "\n".join(lines))
    try:
        found = read_policy(path)
    except CatalogueError as error:
        assert str(error).startswith(f"{path}:")
        assert len(str(error).splitlines()) == 1
    else:
        assert len(found.thresholds.limits) == 11


def toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    return value.isoformat() if isinstance(value, date) else json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")
