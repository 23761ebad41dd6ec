"""The files that docs/configuration.md shows are taken as they stand, and do what the page says."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import click
import pytest

from nra.catalogue import threshold_profiles, thresholds
from nra.cli import cli
from nra.cli.config import Config
from nra.cli.key_files import read_key
from nra.model.criteria import Criterion
from nra.model.plan import Target

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text("utf-8")
OPTIONS, LIMITS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ENVIRONMENT, MAKE_KEY = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROW: Final = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (\S+) ([\d.]+) \| (\S+) ([\d.]+) \|$", re.MULTILINE)


def taken(name: str, defaults: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a command gets when nothing is typed."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    with found.make_context(name, [], default_map=defaults) as context:
        return context.params


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with the three files of the page."""
    (tmp_path / "nra.toml").write_text(OPTIONS, "utf-8")
    (tmp_path / "limits.toml").write_text(LIMITS, "utf-8")
    (tmp_path / "reflector.key").write_text("0f" * 32 + "\n", "ascii")
    return tmp_path


def test_every_option_of_the_example_arrives(files: Path) -> None:
    """Each key of the shown nra.toml becomes the value that the page says; files lie beside it."""
    defaults = Config.read(files / "nra.toml").defaults(click.Context(cli))
    run, reflect = taken("run", defaults["run"]), taken("reflect", defaults["reflect"])
    expected = {
        "region": "eu-central-1",
        "org": "Muster GmbH",
        "site": "Hamburg",
        "reflector": Target(host="reflector.example.net", port=20862),
        "key_file": files / "reflector.key",
        "thresholds": str(files / "limits.toml"),
        "services": ("webrtc", "byoc"),
        "duration": 60.0,
        "calls": 5,
        "dscp": 46,
        "strict": True,
    }
    assert {key: run[key] for key in expected} == expected
    assert {key.replace("-", "_") for key in tomllib.loads(OPTIONS)["run"]} == set(expected)
    assert reflect["allow"] == ("198.51.100.0/24", "2001:db8::/32")
    assert reflect["key_file"] == files / "reflector.key"


@pytest.mark.parametrize(("key", "other"), [("services", '"webrtc,byoc"'), ("dscp", "46")])
def test_the_other_spellings_mean_the_same(files: Path, key: str, other: str) -> None:
    """What the comments of the example offer instead is no other value."""
    example = taken("run", Config.read(files / "nra.toml").defaults(click.Context(cli))["run"])
    (files / "nra.toml").write_text(f"[run]\n{key} = {other}\n", "utf-8")
    assert taken("run", Config.read(files / "nra.toml").defaults(click.Context(cli))["run"])[key] == example[key]


def test_the_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable that is shown sets the option of its name, and beats nra.toml."""
    for word in shlex.split(ENVIRONMENT):
        monkeypatch.setenv(*word.split("=", 1))
    run = taken("run", {"region": "from nra.toml", "site": "from nra.toml"})
    assert (run["region"], run["key_file"], run["site"]) == ("eu-central-1", Path("/etc/nra/reflector.key"), "from nra.toml")
    assert (run["services"], run["strict"]) == (("webrtc", "byoc"), True)
    assert taken("reflect")["allow"] == ("198.51.100.0/24", "2001:db8::/32")


def test_the_limits_change_what_they_name(files: Path) -> None:
    """A new limit drops the WARN band unless one is given; what is not named stays as shipped."""
    found = thresholds(str(files / "limits.toml"))
    assert (found.name, found.source, found.checked) == ("muster", "voice policy of Muster GmbH, 2026", "2026-11-22")
    shipped = {each.key: (each.limit, each.warn) for each in thresholds().limits}
    changed = {"up_jitter_ms": (20, 15), "round_trip_avg_ms": (120, None), "up_mos": (3.6, 4.2)}
    assert {each.key: (each.limit, each.warn) for each in found.limits} == shipped | changed


def test_every_row_is_listed_as_shipped() -> None:
    """The table is the profile genesys-cloud: keys, labels, units, limits and WARN bands, in its order."""
    rows = [
        Criterion(key=key, label=label, unit=unit, operator=operator, limit=float(limit), warn=float(warn))
        for key, label, unit, operator, limit, same, warn in ROW.findall(PAGE)
        if operator == same
    ]
    assert tuple(rows) == thresholds().limits


def test_every_profile_is_listed_with_what_it_changes() -> None:
    """A row for each shipped profile but the default, with the operators and numbers of its file."""
    short = {"jitter_ms": "jitter", "loss_percent": "loss", "order_percent": "order", "round_trip_avg_ms": "round trip", "mos": "MOS"}
    shipped, rows = set(thresholds().limits), {}
    for name in threshold_profiles()[1:]:
        changed = {each.key.removeprefix("up_").removeprefix("down_"): each for each in thresholds(name).limits if each not in shipped}
        words = {
            short[key]: f"{short[key]} {each.operator} {each.limit:g} {each.unit}".removesuffix(" MOS") for key, each in changed.items()
        }
        rows[name] = ", ".join(words[word] for word in short.values() if word in words)
    assert dict(re.findall(r"^\| `([\w-]+)` \| ([a-z ]+ [<>].*?) \|", PAGE, re.MULTILINE)) == rows


def test_the_key_that_is_made_is_one(tmp_path: Path) -> None:
    """The command prints what --key-file takes."""
    python, *words = shlex.split(MAKE_KEY.partition(" > ")[0])
    assert python == "python3"
    (tmp_path / "reflector.key").write_bytes(subprocess.run([sys.executable, *words], capture_output=True, check=True).stdout)
    assert len(read_key(tmp_path / "reflector.key")) == 32
