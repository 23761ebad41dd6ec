"""Many runs together: order, spreads, scope and a headline."""

from dataclasses import replace

from nra.model.fleet import Measure, Refusal, RunRow, Scope, Station
from nra.model.verdict import Overall, Verdict
from nra.run.fleet import summarize


def run(number: int, *, name: str, hour: int, jitter_ms: float, site: str = "Leeds") -> RunRow:
    """Return a run; 30 ms and more fail."""
    failed = jitter_ms >= 30
    verdict = Verdict.FAIL if failed else Verdict.PASS
    return RunRow(
        id=f"{number:032x}",
        station=Station(organization="Acme", site=site, name=name),
        address=None,
        started_at=f"2026-11-22T{hour:02}:00:00Z",
        overall=Overall.FAIL if failed else Overall.PASS,
        failed=int(failed),
        firewall=Verdict.PASS,
        measures=(Measure(label="Up Jitter", unit="ms", expectation="< 30 ms", value=jitter_ms, verdict=verdict),),
    )


def test_what_many_runs_say_together() -> None:
    """Counts in the headline, the worst first, each workstation's spread, and where the trouble lies."""
    rows = [run(10 * pc + hour, name=f"PC-{pc}", hour=hour, jitter_ms=40.0 if pc == 2 else 5.0) for pc in range(3) for hour in (8, 12, 16)]
    found = summarize(iter(rows))
    assert found.headline == "9 runs of 3 workstations at 1 site, 2026-11-22T08:00:00Z to 2026-11-22T16:00:00Z: 3 FAIL, 6 PASS"
    assert found.order[:3] == (6, 7, 8)
    assert [(spread.station.name, spread.runs, spread.failed_runs) for spread in found.stations] == [
        ("PC-0", 3, 0),
        ("PC-1", 3, 0),
        ("PC-2", 3, 3),
    ]
    assert [each.scope for each in found.statements] == [Scope.WORKSTATION]
    assert (found.scoped, [measure.label for measure in found.measures]) == (("Up Jitter", "Required ports"), ["Up Jitter"])


def test_runs_that_lie_close_together_say_nothing_about_the_time_of_day() -> None:
    """All in one hour: it is said, with between when and when, and that they should be repeated."""
    found = summarize([run(number, name=f"PC-{number}", hour=9, jitter_ms=5.0) for number in range(4)])
    assert [each.scope for each in found.statements] == [Scope.NOBODY, Scope.TIME]
    assert found.statements[-1].verdict is Verdict.INFO
    assert "all runs began between 2026-11-22T09:00:00Z and" in found.statements[-1].text


def test_runs_that_prove_nothing_of_voice_are_counted_first() -> None:
    """Before any blame: how many runs are left out, and why."""
    rows = [run(number, name="PC-1", hour=9, jitter_ms=5.0) for number in range(4)]
    why = (Refusal.INTERRUPTED, Refusal.BUSY, Refusal.BUSY, None)
    rows = [replace(row, refusal=refusal) for row, refusal in zip(rows, why, strict=True)]
    first = summarize(rows).statements[0]
    assert first.text == "3 of 4 runs proved nothing of voice: the workstation was too busy (2), interrupted (1)"
    assert first.verdict is Verdict.NOT_MEASURED


def test_no_runs() -> None:
    """Nothing is said of nothing."""
    found = summarize([])
    assert (found.order, found.stations, found.statements) == ((), (), ())
