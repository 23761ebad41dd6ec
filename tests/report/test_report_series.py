"""The running summary of a series of runs."""

from dataclasses import replace

from nra.model.document import RunDocument
from nra.model.verdict import Overall
from nra.report.series import Entry, outcome, render
from nra.testing.canned import canned_run


def lines(*entries: Entry, planned: int | None = None, missed: int = 0) -> list[list[str]]:
    """Return the summary as lines of cells."""
    text = render(entries, planned, missed).decode("utf-8-sig")
    assert text.endswith("\r\n")
    return [line.split("\t") for line in text.split("\r\n")]


def entry(at: str, kind: str | None, problem: str = "") -> Entry:
    """Return a run of that kind, or one that gave nothing."""
    document: RunDocument | None = canned_run(kind) if kind else None
    return Entry(at=at, document=document, file=f"{kind}.json" if kind else "", problem=problem)


def test_one_line_for_each_run() -> None:
    """When, what it came to, every number as the reports round it, what failed, and where the rest stands."""
    found = lines(entry("09:00", "good"), entry("09:30", "bad"), planned=8, missed=1)
    assert ["Runs", "2 of 8"] in found
    assert ["Missed", "1 (this workstation slept, was switched off or was busy)"] in found
    header = next(line for line in found if line[0] == "Started")
    good, bad = (dict(zip(header, line, strict=True)) for line in found if line[0] in ("09:00", "09:30"))
    assert (good["Overall"], bad["Overall"]) == ("PASS", "FAIL")
    assert (good["What failed"], good["File"]) == ("", "good.json")
    assert "Jitter" in bad["What failed"]
    assert float(bad["Up Jitter (ms)"]) > float(good["Up Jitter (ms)"])


def test_how_far_the_numbers_spread() -> None:
    """Best, median, worst and when, and how many runs broke the limit; of MOS the least is the worst."""
    found = lines(entry("09:00", "good"), entry("09:30", "bad"), entry("10:00", "good"))
    header = next(line for line in found if line[0] == "Measurement")
    rows = {line[0]: dict(zip(header, line, strict=True)) for line in found if len(line) == len(header)}
    assert (rows["Down Jitter"]["Worst at"], rows["Down Jitter"]["Runs"], rows["Down Jitter"]["In breach"]) == ("09:30", "3", "1")
    assert rows["Downstream MOS Score"]["Worst at"] == "09:30"
    assert float(rows["Downstream MOS Score"]["Worst"]) < float(rows["Downstream MOS Score"]["Median"])
    assert rows["Down Jitter"]["In breach %"] == "33.33"


def test_a_run_that_gave_nothing_is_no_zero() -> None:
    """It has a line, its reason, and no number; the spread is of the others."""
    found = lines(entry("09:00", "good"), entry("09:30", None, problem="OSError: no socket"))
    assert next(line for line in found if line[0] == "09:30")[:2] == ["09:30", "no result"]
    assert "OSError: no socket" in next(line for line in found if line[0] == "09:30")
    assert next(line for line in found if line[0] == "Up Jitter")[2] == "1"


def test_only_runs_that_gave_nothing() -> None:
    """There is nothing to spread, and that is no accident."""
    assert ["Runs", "1"] in lines(entry("09:00", None, problem="no"))


def test_a_half_that_was_skipped_has_no_numbers() -> None:
    """Firewall alone: the rows are there, empty."""
    found = lines(entry("09:00", "firewall-only"))
    assert next(line for line in found if line[0] == "Up Jitter")[2:4] == ["0", ""]


def test_names_are_no_formulas_and_break_no_line() -> None:
    """People name their sites as they like."""
    document = canned_run("good")
    document = replace(document, run=replace(document.run, site="=cmd()\r\n\tx"))
    assert ["Site", "'=cmd() x"] in lines(Entry(at="09:00", document=document, file="a.json"))


def test_a_run_without_a_verdict_says_why() -> None:
    """Too unsteady, or not measured: and its rows are neither what failed nor in the spread."""
    bad = canned_run("bad")
    assert bad.voice is not None
    voice = replace(bad.voice, instrument=replace(bad.voice.instrument, steady=False))
    unsteady = replace(bad, verdict=Overall.INCONCLUSIVE, voice=voice, firewall=())
    found = lines(Entry(at="09:00", document=unsteady, file="a.json"), entry("09:30", "good"), entry("10:00", "no-network"))
    header = next(line for line in found if line[0] == "Started")
    why = {line[0]: dict(zip(header, line, strict=True))["What failed"] for line in found if line[0] in ("09:00", "10:00")}
    assert why["09:00"] == "no verdict: this workstation was too unsteady"
    assert why["10:00"].startswith("not measured: 11 of 11 measurements")
    assert next(line for line in found if line[0] == "Down Jitter")[2:] == ["1", "2.1", "2.1", "2.1", "09:30", "0", "0.00"]


def test_what_the_runs_came_to() -> None:
    """Each verdict with its count, and the runs that gave none."""
    assert outcome([entry("09:00", "good"), entry("09:30", "bad"), entry("10:00", None)]) == "3 runs: 1 PASS, 1 FAIL, 1 no result"
