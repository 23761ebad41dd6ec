"""`nra case`: what is in the bundle, what is refused, what of a name is left, and whether a change is seen."""

import hashlib
import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import click
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from nra.archive.bundle import MANIFEST, SIGNATURE, packed, unpacked
from nra.archive.document import encode
from nra.archive.naming import stem
from nra.cli import cli
from nra.cli.case_form import org_id
from nra.model.case import Fact, Workstation
from nra.model.document import RunDocument
from nra.testing import planted as plant
from nra.testing.canned import canned_run

ORG_ID = "4f1c2a9e-7d3b-4c58-9a10-2b6e8d0f3c71"
FORM = {
    "org-id": ORG_ID,
    "contact-name": "Quirin Habelschwerdt",
    "contact-email": "quirin.habelschwerdt@zwoelfpfennig.example",
    "deployment": "Genesys Cloud",
    "service": "Voice",
    "description": "Callers sound choppy.\nEvery afternoon.",
    "impact": "40 agents cannot take calls",
}
STATION = Workstation(
    host="WS-GLIMMER-07",
    gathered_at="2026-11-25T10:00:00Z",
    facts=(
        Fact(topic="System", name="Processor", values=("Intel(R) Core(TM) i5",)),
        Fact(topic="Network", name="Addresses", values=("10.83.17.205", "fe80::1c2d:3e4f%wlp9s0x"), kind="host"),
        Fact(topic="Network", name="Hardware addresses", values=("3c:22:fb:9a:41:07",), kind="mac"),
        Fact(topic="Network", name="Wi-Fi network", values=("Murmelbach-Gast",), kind="network"),
        Fact(topic="Network", name="Proxies", values=("environment: https proxy-kobald:3128",), kind="text"),
        Fact(topic="Network", name="VPN", reason="no adapter that is up looks like one", kind="network"),
    ),
)

Case = Callable[..., Result]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Return what runs `nra case` in a folder of its own, on a workstation that says what we want."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setattr("nra.cli.case_bundle.gather_here", lambda: STATION)

    def invoke(*words: object, **form: str) -> Result:
        options = [word for name, value in {**FORM, **form}.items() if value for word in (f"--{name.replace('_', '-')}", value)]
        return CliRunner().invoke(cli, ["case", *map(str, words), *options])

    return invoke


def saved(folder: Path, *documents: RunDocument) -> Path:
    """Write run documents into a folder of their own and return it."""
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    for document in documents:
        (runs / f"{stem(document)}.json").write_bytes(encode(document))
    return runs


def members(path: Path) -> dict[str, bytes]:
    """Return what is in a bundle."""
    return unpacked(path.read_bytes())


def test_a_bundle_has_all_that_support_asks_for(case: Case, tmp_path: Path) -> None:
    """Reports, documents, workbook, firewall request where there is one, facts, case.txt, and a list that sha256sum reads."""
    good, blocked = canned_run("good"), canned_run("blocked", host="PC-0418")
    done = case(saved(tmp_path, good, blocked))
    assert (done.exit_code, done.stdout) == (0, "case.zip\n"), done.output
    inside = members(tmp_path / "case.zip")
    names = {"README.txt", "case.txt", "workstation.txt", "runs.xlsx", MANIFEST}
    names |= {f"runs/{stem(each)}.{kind}" for each in (good, blocked) for kind in ("json", "txt")}
    names |= {f"runs/{stem(blocked)}_firewall-request.{kind}" for kind in ("txt", "csv")}
    assert inside.keys() == names
    listed = "".join(f"{hashlib.sha256(inside[name]).hexdigest()}  {name}\n" for name in sorted(names - {MANIFEST}))
    assert inside[MANIFEST].decode() == listed
    assert load_workbook(BytesIO(inside["runs.xlsx"])).sheetnames[:3] == ["Summary", "VOIP", "Firewall"]
    assert b"There is no console log" in inside["README.txt"]
    assert "None of the runs was measured on this machine" in " ".join(inside["workstation.txt"].decode().split())


def test_the_case_says_what_the_form_asks(case: Case, tmp_path: Path) -> None:
    """Each field under its name, the runs worst first with their numbers, what stands out, what was done."""
    runs = saved(tmp_path, canned_run("good"), canned_run("bad", host="PC-0418"))
    assert (
        case(runs, "--action", "Replaced the switch", occurred="2026-11-22 14:00 CET", frequency="daily", sub_type="Telephony").exit_code
        == 0
    )
    text = members(tmp_path / "case.zip")["case.txt"].decode("utf-8-sig").replace("\r\n", "\n")
    for line in (
        "Customer Name         Acme Voice GmbH",
        f"Org ID                {ORG_ID}",
        "Cloud Deployment      Genesys Cloud",
        "Cloud Service         Voice",
        "Case Sub Type         Telephony",
        "Date and time         2026-11-22 14:00 CET",
        "Frequency             daily",
        "Working hours         not stated",
        "Affected users sit at not stated; measured at Munich",
        "40 agents cannot take calls",
        "- Replaced the switch",
    ):
        assert f"\n{line}\n" in text
    assert text.index("FAIL: PC-0418") < text.index("PASS: PC-0417")
    assert "Down Packet Loss 3.00 %" in text.replace("\n    ", " ")
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", ["-", "case", "runs", "bundle.json", "case.zip.txt", ".zip", "runs/"])
def test_a_bundle_is_called_zip(case: Case, tmp_path: Path, name: str) -> None:
    """Any other ending is refused in one line that names it, and nothing is made under another name."""
    runs = saved(tmp_path, canned_run("good"))
    before = {*tmp_path.rglob("*")}
    done = case(runs, "-o", name)
    assert (done.exit_code, "does not end in .zip" in done.stderr) == (2, True), done.output
    assert {*tmp_path.rglob("*")} == before
    assert case(runs, "-o", "CASE.ZIP").exit_code == 0


def test_the_same_runs_give_the_same_bundle(case: Case, tmp_path: Path) -> None:
    """Byte for byte, the workbook's own clock left out."""
    runs = saved(tmp_path, canned_run("good"))
    assert case(runs, "-o", "one.zip").exit_code == case(runs, "-o", "one.zip").exit_code == 0
    first = (tmp_path / "one.zip").read_bytes()
    assert case(runs, "-o", "one.zip").exit_code == 0
    assert (tmp_path / "one.zip").read_bytes() == first


def traces(name: str, data: bytes) -> list[str]:
    """Return what is left of secrets in a file: in its name, in its bytes as they stand, as UTF-16, and in the members of a workbook."""
    texts = [name, data.decode("utf-8", "replace"), data.decode("utf-16-le", "replace"), data[1:].decode("utf-16-le", "replace")]
    if data.startswith(b"PK"):
        with ZipFile(BytesIO(data)) as archive:
            return [*traces(name, b""), *(trace for member in archive.namelist() for trace in traces(member, archive.read(member)))]
    return [trace for trace in plant.TRACES if any(trace in text.casefold() for text in texts)]


def test_redacted_nothing_is_left_of_any_secret(case: Case, tmp_path: Path) -> None:
    """More than forty kinds in every text of a document: none in any member, its name, a workbook's parts; case.txt is beside."""
    (tmp_path / "console.log").write_text(" ".join(plant.SECRETS.values()), "utf-16")
    ended = case(saved(tmp_path, plant.planted()), "--redact", "--console", "console.log", location=plant.SITE, case="C-Brackwasser")
    assert (ended.exit_code, ended.stdout) == (0, "case.zip\ncase.txt\n"), ended.output
    inside = members(tmp_path / "case.zip")
    assert "case.txt" not in inside
    assert {name: found for name, data in inside.items() if (found := traces(name, data))} == {}
    assert "Zwölfpfennig" in (tmp_path / "case.txt").read_text("utf-8-sig")
    assert b"Intel(R) Core(TM) i5" in inside["workstation.txt"]
    tokens = json.loads(next(data for name, data in inside.items() if name.endswith(".json")))["run"]["host"]["name"].encode()
    assert tokens in inside["workstation.txt"]


def test_colours_of_the_console_hide_no_name(case: Case, tmp_path: Path) -> None:
    """A log kept with its colours: they are taken off first, so that a name behind one is seen to be one."""
    coloured = "".join(f"\x1b[1;31m{secret}\x1b[0m \x1b]0;{secret}\x07" for secret in plant.SECRETS.values())
    (tmp_path / "console.log").write_text(coloured, "utf-8")
    ended = case(saved(tmp_path, plant.planted()), "--redact", "--console", "console.log", location=plant.SITE)
    assert ended.exit_code == 0, ended.output
    console = members(tmp_path / "case.zip")["console.txt"]
    assert traces("console.txt", console) == []
    assert b"\x1b" not in console
    assert console.count(b"mac-") >= 3


def test_the_plant_is_seen_without_redaction(case: Case, tmp_path: Path) -> None:
    """The test above would prove nothing if the secrets did not come into the bundle."""
    assert case(saved(tmp_path, plant.planted())).exit_code == 0
    inside = members(tmp_path / "case.zip")
    assert all(len(traces(name, inside[name])) > 20 for name in inside if name.endswith((".json", ".xlsx")))


def test_the_key_is_made_for_its_owner_alone(case: Case, tmp_path: Path) -> None:
    """Mode 0600, 64 hex digits; the same key gives the same tokens, another gives others."""
    runs = saved(tmp_path, canned_run("good"))

    def host() -> str:
        document = next(data for name, data in members(tmp_path / "case.zip").items() if name.endswith(".json"))
        return str(json.loads(document)["run"]["host"]["name"])

    seen = []
    for key in ("one.key", "one.key", "other.key"):
        assert case(runs, "--redact", "--redact-key", key).exit_code == 0
        seen.append(host())
    assert seen[0] == seen[1] != seen[2]
    assert len((tmp_path / "one.key").read_text().strip()) == 64
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "one.key").stat().st_mode) == 0o600


def test_a_bundle_in_which_a_name_is_left_is_not_written(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lets one slip: exit code 2, one line that does not repeat it, no file."""
    runs = saved(tmp_path, canned_run("good"))
    assert case(runs, "--redact", "-o", "acmevoicegmbh.zip").exit_code == 2
    monkeypatch.setattr("nra.cli.case_bundle.readme", lambda _about: b"Acme Voice GmbH")
    done = case(runs, "--redact")
    assert done.exit_code == 2
    assert "README.txt" in done.stderr
    assert "Acme" not in done.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("name", ["Office", "Summary", "sheets", "Calibri", "Voice", "Max", "report", "Local"])
def test_a_name_that_the_pages_have_anyway_hinders_nothing(case: Case, tmp_path: Path, name: str) -> None:
    """It is replaced where it is a name, and said to be one that cannot be searched for."""
    done = case(saved(tmp_path, canned_run("blocked", org=name, shortname=name.lower(), site=name, host=name)), "--redact", customer=name)
    assert done.exit_code == 0, done.stderr
    assert f"'{name}'" in done.stderr
    document = next(data for member, data in members(tmp_path / "case.zip").items() if member.endswith(".json"))
    assert name not in json.loads(document)["run"]["org"].values()


@pytest.mark.parametrize("option", list(FORM))
def test_what_the_form_asks_for_must_be_there(case: Case, tmp_path: Path, option: str) -> None:
    """Without a terminal nobody can be asked: one line names all that is missing."""
    done = case(saved(tmp_path, canned_run("good")), **{option: ""})
    assert done.exit_code == 2
    assert f"--{option}" in done.stderr
    assert not (tmp_path / "case.zip").exists()


def test_a_terminal_is_asked(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is asked for, again after an answer that is none; what may be left out may be left out."""
    monkeypatch.setattr("nra.cli.case_form.at_a_terminal", lambda: True)
    runs = saved(tmp_path, canned_run("good"))
    words = [
        "case",
        str(runs),
        *(word for name in ("deployment", "service", "description", "impact") for word in (f"--{name}", FORM[name])),
    ]
    answers = f"\nno id\n{ORG_ID}\nQuirin\nq@gmail.com\nq@kobald.example\n" + "\n" * 6 + "Rebooted\nNew cable\n\n"
    done = CliRunner().invoke(cli, words, input=answers)
    assert done.exit_code == 0, done.output
    assert "no Org ID" in done.output
    assert "gmail.com" in done.output
    text = members(tmp_path / "case.zip")["case.txt"]
    assert b"Quirin, q@kobald.example" in text
    assert b"- Rebooted\r\n- New cable\r\n" in text


@pytest.mark.parametrize("words", [(), ("--redact",)])
def test_runs_of_another_organization_are_remarked(case: Case, tmp_path: Path, words: tuple[str, ...]) -> None:
    """On standard error and in case.txt, by name; in a redacted bundle it has none. Capitals and blanks make no other."""
    runs = saved(tmp_path, canned_run("good", org="Kobald AG", shortname="kobald"))
    done = case(runs, *words, customer="Muster GmbH")
    assert (done.exit_code, done.stderr.count("Kobald AG")) == (0, 1), done.output
    assert "note: there are runs of Kobald AG, and the customer is Muster GmbH" in done.stderr
    inside = members(tmp_path / "case.zip")
    text = (tmp_path / "case.txt").read_bytes() if words else inside["case.txt"]
    assert b"Note                  there are runs of another organization than this customer: Kobald AG\r\n" in text
    if words:
        assert not [name for name, data in inside.items() if b"kobald" in data.lower() or "kobald" in name]
    done = case(runs, customer="kobald  AG")
    assert (done.exit_code, "note" in done.stderr) == (0, False)
    assert b"Note  " not in members(tmp_path / "case.zip")["case.txt"]


def test_runs_of_two_organizations_are_why_the_customer_is_asked_for(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said where nobody can be asked, and before the question where somebody can."""
    runs = saved(tmp_path, canned_run("good"), canned_run("good", org="Kobald AG", shortname="kobald", host="PC-2"))
    why = "the runs are of 2 organizations (Acme Voice GmbH, Kobald AG), so the customer must be named"
    done = case(runs)
    assert (done.exit_code, "asks for --customer too" in done.stderr, why in done.stderr) == (2, True, True), done.stderr
    monkeypatch.setattr("nra.cli.case_form.at_a_terminal", lambda: True)
    words = [word for name, value in FORM.items() for word in (f"--{name}", value)]
    done = CliRunner().invoke(cli, ["case", str(runs), *words], input="Kobald AG\n" + "\n" * 9)
    assert done.exit_code == 0, done.output
    assert done.output.index(why) < done.output.index("Customer name")
    assert b": Acme Voice GmbH" in members(tmp_path / "case.zip")["case.txt"]


def test_answers_come_from_nra_toml_too(case: Case, tmp_path: Path) -> None:
    """The table [case] is a profile: whoever opens many cases types the contact once."""
    (tmp_path / "nra.toml").write_text('[case]\ncontact-name = "Profile Person"\naction = ["one", "two"]\n')
    assert case(saved(tmp_path, canned_run("good")), **{"contact-name": ""}).exit_code == 0
    text = members(tmp_path / "case.zip")["case.txt"]
    assert b"Profile Person" in text
    assert b"- one\r\n- two\r\n" in text


@pytest.mark.parametrize("said", ["Rebooted the router, then waited", "Rebooted the router, then waited\n\nNew cable\n"])
def test_actions_of_the_environment_and_of_one_text_are_lines(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """A sentence is not cut at its blanks and commas."""
    runs = saved(tmp_path, canned_run("good"))
    listed = "".join(f"- {line}\r\n" for line in said.splitlines() if line).encode()
    monkeypatch.setenv("NRA_CASE_ACTION", said)
    assert case(runs).exit_code == 0
    assert b"\r\n" + listed + b"\r\nAttached" in members(tmp_path / "case.zip")["case.txt"]
    monkeypatch.delenv("NRA_CASE_ACTION")
    (tmp_path / "nra.toml").write_text(f'[case]\naction = """{said}"""\n')
    assert case(runs, "-o", "toml.zip").exit_code == 0
    assert b"\r\n" + listed + b"\r\nAttached" in members(tmp_path / "toml.zip")["case.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4f1c2a9e7d3b4c589a102b6e8d0f3c71",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-ffff-ffff-ffff-ffffffffffff",
        f"{ORG_ID}x",
        f"{ORG_ID}\n{ORG_ID}",
    ],
)
def test_an_org_id_is_a_uuid(text: str) -> None:
    """In its usual form; capitals and blanks around it are forgiven."""
    with pytest.raises(click.UsageError, match="UUID"):
        org_id(text)
    assert org_id(f" {ORG_ID.upper()} ") == ORG_ID


def test_old_runs_are_refused_if_asked(case: Case, tmp_path: Path) -> None:
    """--max-age names the oldest run and its age; without it any age is taken."""
    old = f"{datetime.now(UTC) - timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"
    runs = saved(tmp_path, canned_run("good", started_at=old))
    done = case(runs, "--max-age", "14d")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "20.0 days old" in done.stderr
    assert "allows (1 hour)" in case(runs, "--max-age", "1h").stderr
    assert case(runs, "--max-age", "3w").exit_code == case(runs).exit_code == 0
    assert case(runs, "--max-age", "soon").exit_code == 2


def test_no_run_no_bundle(case: Case, tmp_path: Path) -> None:
    """An empty folder, no argument, a text report, a file that is no document: exit code 2."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "x.txt").write_text("x")
    for words in (["empty"], [], ["x.json"], ["x.txt"], ["missing.json"]):
        done = case(*words)
        assert done.exit_code == 2, words
    assert not list(tmp_path.glob("*.zip"))


def test_two_documents_of_one_id_are_refused(case: Case, tmp_path: Path) -> None:
    """As by `nra gate`: one of them was edited, and nobody can tell which; a copy counts once."""
    runs = saved(tmp_path, canned_run("good"))
    (runs / "copy.json").write_bytes(encode(canned_run("good")))
    assert case(runs).exit_code == 0
    (runs / "edited.json").write_bytes(encode(replace(canned_run("good"), firewall=())))
    (tmp_path / "case.zip").unlink()
    done = case(runs)
    assert (done.exit_code, "another document than " in done.stderr, "same run id" in done.stderr) == (2, True, True), done.output
    assert not (tmp_path / "case.zip").exists()


def test_what_gave_no_run_is_told(case: Case, tmp_path: Path) -> None:
    """In a folder: a foreign file stops nothing, and the bundle's README names it; redacted it does not."""
    runs = saved(tmp_path, canned_run("good"))
    (runs / "kobald.json").write_text("{}")
    done = case(runs)
    assert (done.exit_code, done.stdout) == (0, "case.zip\n")
    assert "not in the bundle: " in done.stderr
    assert "kobald.json: not a run document" in done.stderr
    assert b"kobald.json" in members(tmp_path / "case.zip")["README.txt"]
    assert b"NOT IN HERE" in members(tmp_path / "case.zip")["case.txt"]
    assert case(runs, "--redact").exit_code == 0
    assert b"kobald" not in members(tmp_path / "case.zip")["README.txt"]


def verified(*words: str) -> tuple[object, str]:
    """Return exit code and standard output of `nra case --verify case.zip`."""
    done = CliRunner().invoke(cli, ["case", "--verify", "case.zip", *words], standalone_mode=False)
    return 2 if isinstance(done.exception, click.ClickException) else done.return_value, done.stdout


def test_a_change_is_named(case: Case, tmp_path: Path) -> None:
    """--verify: 0 and unchanged; 1 with what was changed, is missing, was added; 2 for what is no bundle."""
    assert case(saved(tmp_path, canned_run("good"))).exit_code == 0
    code, said = verified()
    assert (code, said.splitlines()[-1][:9]) == (0, "unchanged")
    inside = members(tmp_path / "case.zip")
    inside["README.txt"] += b"x"
    inside["new.txt"] = b""
    del inside["workstation.txt"]
    (tmp_path / "case.zip").write_bytes(packed(inside))
    code, said = verified()
    assert code == 1
    assert said.splitlines()[:3] == ["changed: README.txt", "missing: workstation.txt", "added: new.txt"]
    (tmp_path / "case.zip").write_bytes(b"no bundle")
    for name in ("case.zip", "missing.zip", "."):
        assert CliRunner().invoke(cli, ["case", "--verify", name]).exit_code == 2


def test_a_flipped_byte_is_a_change_with_its_name(case: Case, tmp_path: Path) -> None:
    """ZIP's own checksum sees it before the list does: still exit code 1 and the name, also where it is the list itself."""
    assert case(saved(tmp_path, canned_run("good"))).exit_code == 0
    whole = (tmp_path / "case.zip").read_bytes()
    with ZipFile(BytesIO(whole)) as archive:
        places = {name: archive.getinfo(name).header_offset + 30 + len(name) for name in ("README.txt", MANIFEST)}
    for name, place in places.items():
        (tmp_path / "case.zip").write_bytes(whole[: place + 9] + bytes([whole[place + 9] ^ 0xFF]) + whole[place + 10 :])
        code, said = verified()
        assert (code, said.splitlines()[0], said.splitlines()[-1]) == (1, f"changed: {name}", "CHANGED")


def test_verify_names_a_key_that_it_cannot_use(case: Case, tmp_path: Path) -> None:
    """A missing file, a file that is no key, a folder; runs beside --verify are refused."""
    assert case(saved(tmp_path, canned_run("good"))).exit_code == 0
    (tmp_path / "bad.pub").write_text("no key")
    for given, why in (("gone.pub", "no such file"), ("bad.pub", "no public key of minisign"), ("runs", "no public key of minisign")):
        done = CliRunner().invoke(cli, ["case", "--verify", "case.zip", "--public-key", given])
        assert (done.exit_code, f"--public-key {given}: " in done.stderr, why in done.stderr) == (2, True, True), done.stderr
    done = CliRunner().invoke(cli, ["case", "runs", "--verify", "case.zip"])
    assert (done.exit_code, "leave out RUNS" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--verify case.zip --public-key", "--public-key: it is empty"),
        ("runs --redact-key", "--redact-key is for --redact"),
        ("runs --redact-key some.key", "--redact-key is for --redact"),
        ("runs --public-key some.pub", "--public-key is for --verify"),
        ("runs --public-key", "--public-key is for --verify"),
        ("--verify case.zip --redact", "leave out --redact"),
        ("--verify case.zip -o new.zip --sign-key some.key", "leave out --out, --sign-key"),
        ("--verify case.zip --customer Kobald", "leave out --customer"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(case: Case, tmp_path: Path, words: str, complaint: str) -> None:
    """Nobody may believe a signature checked or a name left out; an option without a value here has an empty one."""
    runs = saved(tmp_path, canned_run("good"))
    assert case(runs).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    given = [*words.split(), *([""] if words.endswith("-key") else [])]
    done = CliRunner().invoke(cli, ["case", *given])
    assert (done.exit_code, complaint in done.stderr, done.stdout) == (2, True, ""), done.output
    assert {path: path.read_bytes() for path in tmp_path.glob("*.*")} == before


def test_an_empty_variable_is_no_public_key_either(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was meant to be one."""
    assert case(saved(tmp_path, canned_run("good"))).exit_code == verified()[0] == 0
    monkeypatch.setenv("NRA_CASE_PUBLIC_KEY", "")
    done = CliRunner().invoke(cli, ["case", "--verify", "case.zip"])
    assert (done.exit_code, "--public-key: it is empty" in done.stderr, done.stdout) == (2, True, ""), done.output


def test_what_stands_in_nra_toml_hinders_no_check(case: Case, tmp_path: Path) -> None:
    """Answers, keys and names that are set once and for all are for the making."""
    assert case(saved(tmp_path, canned_run("good"))).exit_code == 0
    (tmp_path / "nra.toml").write_text('[case]\ncontact-name = "Q"\nout = "new.zip"\nsign-key = "k"\nredact = true\nredact-key = "r"\n')
    assert verified()[0] == 0


@pytest.mark.parametrize("command", ["report runs/{run} --out out", "compile runs -o all.csv"])
@pytest.mark.usefixtures("case")
def test_a_key_without_redaction_is_refused_by_the_others_too(tmp_path: Path, command: str) -> None:
    """`--redact-key` alone leaves every name in."""
    run = next(saved(tmp_path, canned_run("good")).iterdir()).name
    done = CliRunner().invoke(cli, [*command.format(run=run).split(), "--redact-key", "some.key"])
    assert (done.exit_code, "--redact-key is for --redact" in done.stderr) == (2, True), done.output
    assert not [path for path in tmp_path.iterdir() if path.name != "runs"]


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_minisign_verifies_a_signed_bundle(case: Case, tmp_path: Path) -> None:
    """The program itself, and --verify with the public key as file or line; another key, or none in the bundle, is a failure."""
    for name in ("k", "other"):
        subprocess.run(["minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.sec"], check=True, capture_output=True)
    assert case(saved(tmp_path, canned_run("good")), "--sign-key", "k.sec").exit_code == 0
    with ZipFile("case.zip") as archive:
        archive.extractall("out")
    subprocess.run(["minisign", "-Vm", "out/MANIFEST", "-p", "k.pub"], check=True, capture_output=True)
    subprocess.run(["sha256sum", "-c", "MANIFEST"], cwd="out", check=True, capture_output=True)

    line = Path("k.pub").read_text().splitlines()[1]
    for key in ("k.pub", line):
        assert verified("--public-key", key)[0] == 0
    assert "was not checked" in verified()[1]
    assert verified("--public-key", "other.pub")[0] == 1
    assert verified("--public-key", "nonsense")[0] == 2
    inside = members(tmp_path / "case.zip")
    del inside[SIGNATURE]
    (tmp_path / "case.zip").write_bytes(packed(inside))
    assert verified("--public-key", "k.pub")[0] == 1


def test_a_key_that_is_none_is_refused_before_any_work(case: Case, tmp_path: Path) -> None:
    """--sign-key and --redact-key: one line."""
    (tmp_path / "bad.key").write_text("no key")
    for option in ("--sign-key", "--redact-key"):
        done = case(saved(tmp_path, canned_run("good")), "--redact", option, "bad.key")
        assert (done.exit_code, f"{option} bad.key" in done.stderr) == (2, True)
    assert not (tmp_path / "case.zip").exists()


def test_report_and_compile_redact_too(case: Case, tmp_path: Path) -> None:
    """The same tokens as in a bundle, in the file names too."""
    runs = saved(tmp_path, plant.planted())
    assert case(runs, "--redact").exit_code == 0
    done = CliRunner().invoke(cli, ["report", str(next(runs.iterdir())), "--redact", "--out", "out"])
    assert done.exit_code == 0, done.output
    for path in Path("out").iterdir():
        assert traces(path.name, path.read_bytes()) == []
    bundled = next(Path(name).name for name in members(tmp_path / "case.zip") if name.endswith(".json"))
    assert Path(bundled).stem in {path.stem for path in Path("out").iterdir()}
    done = CliRunner().invoke(cli, ["compile", str(runs), "--redact", "-o", "all.xlsx"])
    assert done.exit_code == 0, done.output
    assert traces("all.xlsx", Path("all.xlsx").read_bytes()) == []
