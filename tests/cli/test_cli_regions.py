"""`nra regions`: the list, one region's page, JSON, and names that do not exist."""

import json

import pytest
from click.testing import CliRunner

from nra.catalogue import regions as catalogued
from nra.cli import cli


def invoke(*args: str) -> str:
    """Return what `nra regions` prints."""
    result = CliRunner().invoke(cli, ["regions", *args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_has_a_line_per_region_and_local() -> None:
    """Name, title, kind and the methods that public endpoints allow; `local` closes the list."""
    lines = invoke().split("\n\n")[0].splitlines()
    assert lines[0].split() == ["Name", "Title", "Kind", "Methods"]
    assert [line.split()[0] for line in lines[1:]] == [*(each.name for each in catalogued()), "local"]
    frankfurt = next(line for line in lines if line.startswith("eu-central-1"))
    assert frankfurt.split() == ["eu-central-1", "Europe", "(Frankfurt)", "core", "echo", "stun", "tcp"]


def test_every_kind_of_the_list_is_explained() -> None:
    """One line below the table has a word for each kind that the catalogue knows, and for none."""
    line = next(line for line in invoke().splitlines() if line.startswith("Kind, "))
    assert {f" {each.kind or '-'} (" in line for each in catalogued()} == {True}


def test_only_methods_of_this_version_are_promised() -> None:
    """What a Session-Reflector is good for is a value of --method."""
    assert "(method stamp)" in invoke()
    assert "quic" not in invoke()


def test_a_method_is_listed_only_where_an_endpoint_answers_it() -> None:
    """Zurich has neither beacon nor STUN: TCP is what is left."""
    by_name = {each["name"]: each["methods"] for each in json.loads(invoke("--json"))}
    assert by_name["eu-central-2"] == ["tcp"]
    assert by_name["eu-north-1"] == ["echo", "tcp"]
    assert by_name["us-east-1"] == ["echo", "stun", "tcp"]
    assert by_name["local"] == ["stamp", "stun", "tcp"]


def test_one_region_shows_hosts_ports_and_methods() -> None:
    """All that a firewall team asks: which host, which port, which protocol, needed or not."""
    page = invoke("eu-central-1")
    assert "api.mypurecloud.de, login.mypurecloud.de, apps.mypurecloud.de" in page
    assert "echo    gamelift-ping.eu-central-1.api.aws:7770" in page
    assert "stun    netdiag.euc1.pure.cloud:3478" in page
    rows = [line.split() for line in page.splitlines()]
    assert ["webrtc", "443", "TCP", "required", "api.mypurecloud.de", "HTTPS", "api.mypurecloud.de,"] in [row[:7] for row in rows]
    media = next(line for line in page.splitlines() if line.startswith("webrtc   16384-65535"))
    assert "required" in media
    assert "a reflector of your own" in media
    assert media.endswith("52.129.96.0/20, 169.150.104.0/21, 167.234.48.0/20, 136.245.64.0/18")
    assert ["webrtc", "53", "UDP", "optional", "dns.google", "DNS", "dns.google"] in rows
    assert "Checked 2026-11-22" in page


def test_a_region_without_the_service_has_no_host_for_it() -> None:
    """Nobody invents a domain."""
    page = invoke("eu-north-1")
    assert "api.mypurecloud" not in page
    assert "<the service's domain>" in page
    assert "\nHosts" not in page
    assert "None" not in page


def test_json_of_one_region_is_the_whole_entry() -> None:
    """Every field of the catalogue, with null where it has nothing, and the firewall rows with their destinations."""
    found = json.loads(invoke("EU-NORTH-1", "--json"))
    assert (found["name"], found["domain"], found["methods"]) == ("eu-north-1", None, ["echo", "tcp"])
    assert found["beacon"] == {"host": "gamelift-ping.eu-north-1.api.aws", "port": 7770}
    assert {row["host"] for row in found["services"] if (row["port"], row["protocol"]) == ("443", "TCP")} == {None}


def test_local_can_be_shown_too() -> None:
    """It stands in no file, yet `nra run --region local` takes it."""
    page = invoke("local")
    assert page.startswith("Region   local\n")
    assert "Methods  stamp stun tcp\n" in page
    assert "needs no network" in page
    assert "--reflector" not in page
    assert json.loads(invoke("local", "--json"))["name"] == "local"


@pytest.mark.parametrize(("typed", "meant"), [("eu-cental-1", "eu-central-1"), ("frankfurt", "eu-central-1")])
def test_an_unknown_region_is_a_usage_error_with_the_nearest_names(typed: str, meant: str) -> None:
    """Exit code 2, one line, nothing on standard output."""
    result = CliRunner().invoke(cli, ["regions", typed])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert meant in result.stderr
