"""`nra run --repeat`, `--every`, `--until`: what stands on the disk after each run, and what a series survives."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nra.archive import files
from nra.cli.errors import UserError
from nra.cli.repeat import repeat, rhythm_of, seconds_until
from nra.cli.run import ended
from nra.cli.saving import Saved
from nra.run.rhythm import Rhythm
from nra.run.waiting import Waiting
from nra.testing.canned import canned_run

NOON = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
HALF_HOURLY = Rhythm(every_s=1800, times=3, until_s=None)


class Day:
    """A day that passes while somebody waits; `stop_s` is when the user presses Ctrl-C."""

    def __init__(self, stop_s: float = 1e9) -> None:
        """It begins now."""
        self.now_s = 0.0
        self.stop_s = stop_s
        self.waiting = Waiting(lambda: self.now_s >= self.stop_s, lambda: self.now_s, self.sleep)

    def sleep(self, wanted_s: float) -> None:
        """Let time pass."""
        self.now_s += wanted_s


def runs(*outcomes: Saved | Exception) -> Callable[[], Saved]:
    """Return a measurement that ends as told, one after the other."""
    left = iter(outcomes)

    def once() -> Saved:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return once


def saved(kind: str, number: int) -> Saved:
    """Return what a run of that kind leaves."""
    return Saved(document=canned_run(kind), paths=(Path(f"run{number}.json"),))


def summary(folder: Path) -> str:
    """Return the one summary in the folder."""
    (path,) = folder.glob("*_series.txt")
    return path.read_text("utf-8-sig")


def test_one_summary_for_all_runs(tmp_path: Path) -> None:
    """It is brought up to date after each, under the name of the first."""
    day = Day()
    seen: list[str] = []

    def once() -> Saved:
        seen.extend(path.read_text("utf-8-sig") for path in tmp_path.glob("*_series.txt"))
        return saved("good", len(seen) + 1)

    assert len(repeat(HALF_HOURLY, once, day.waiting, tmp_path, quiet=True)) == 3
    assert ["1 of 3" in seen[0], "2 of 3" in seen[1], "3 of 3" in summary(tmp_path)] == [True] * 3
    assert day.now_s == pytest.approx(3600)
    assert not list(tmp_path.glob(".*"))


def test_a_measurement_that_fails_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The network went away so thoroughly that no socket could be had: that run has its reason, the next one is measured."""
    outcomes = runs(saved("good", 1), OSError(101, "Network is unreachable"), saved("good", 3))
    left = repeat(HALF_HOURLY, outcomes, Day().waiting, tmp_path, quiet=True)
    assert [each.document is not None for each in left] == [True, False, True]
    assert "no result" in summary(tmp_path)
    assert "Network is unreachable" in summary(tmp_path)
    assert "Network is unreachable" in capsys.readouterr().err


def test_ctrl_c_while_waiting_keeps_what_was_measured(tmp_path: Path) -> None:
    """The runs that are over stand in the summary and decide the exit code."""
    left = repeat(HALF_HOURLY, runs(saved("bad", 1), saved("good", 2)), Day(stop_s=2000).waiting, tmp_path, quiet=True)
    assert len(left) == 2
    assert "2 of 3" in summary(tmp_path)
    assert ended(left, strict=False) == 1


def test_ctrl_c_before_anything_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, exit code 130."""
    left = repeat(HALF_HOURLY, runs(Saved()), Day().waiting, tmp_path, quiet=True)
    assert (left, list(tmp_path.iterdir())) == ([], [])
    assert ended(left, strict=False) == 130
    assert "nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kinds", "code"), [(("good", "good"), 0), (("good", "bad"), 1), (("no-network", "bad"), 1), (("good", "no-network"), 3)]
)
def test_the_worst_run_decides(kinds: tuple[str, ...], code: int) -> None:
    """A failure in the afternoon is a failure; else one without a verdict leaves none."""
    assert ended([saved(kind, 1) for kind in kinds], strict=False) == code


def test_a_file_that_could_not_be_written_is_told_at_the_end() -> None:
    """One line, exit code 2."""
    with pytest.raises(UserError, match="No space left"):
        ended([saved("good", 1), Saved(document=canned_run("good"), problem="cannot write into E:: No space left")], strict=False)


def test_a_summary_that_is_open_elsewhere_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Excel holds it: said once, measured on, and brought up to date when it is free again."""
    refused = [True] * (2 * files.RENAME_TRIES)
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if refused:
            refused.pop()
            raise PermissionError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(files, "RENAME_PAUSE_S", 0.0)
    repeat(HALF_HOURLY, runs(*(saved("good", n) for n in (1, 2, 3))), Day().waiting, tmp_path, quiet=True)
    assert capsys.readouterr().err.count("not brought up to date") == 1
    assert "3 of 3" in summary(tmp_path)


def test_what_begins_when_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks at the screen between two runs sees that it goes on."""
    repeat(HALF_HOURLY, runs(*(saved("good", n) for n in (1, 2, 3))), Day().waiting, tmp_path, quiet=False)
    said = capsys.readouterr()
    assert [line[:16] for line in said.err.splitlines()] == [
        "run 1 of 3",
        "run 2 of 3 begin",
        "run 2 of 3",
        "run 3 of 3 begin",
        "run 3 of 3",
        "3 runs: 3 PASS",
    ]
    assert said.out.splitlines() == [str(path) for path in tmp_path.glob("*_series.txt")]


def test_ctrl_c_in_a_run_announces_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was measured until then is kept, the summary says who ended it, and nothing is promised any more."""
    day = Day()

    def once() -> Saved:
        day.stop_s = day.now_s
        return saved("interrupted", 1)

    assert len(repeat(HALF_HOURLY, once, day.waiting, tmp_path, quiet=False)) == 1
    assert "run 2" not in capsys.readouterr().err
    assert "1 of 3 (interrupted by the user)" in summary(tmp_path)


def test_times_are_those_of_the_reports(tmp_path: Path) -> None:
    """UTC as everywhere else, and how far the clock on the wall is from it."""
    repeat(HALF_HOURLY, runs(*(saved("good", n) for n in (1, 2, 3))), Day().waiting, tmp_path, quiet=True)
    cells = dict(line.split("\t", 1) for line in summary(tmp_path).splitlines() if line.count("\t") == 1)
    assert datetime.fromisoformat(cells["First run"]).tzinfo == UTC
    assert cells["First run"].endswith("Z")
    assert re.fullmatch(r"UTC[+-]\d\d:\d\d", cells["Clock on the wall here"])


@pytest.mark.parametrize(("time_of_day", "seconds"), [("17:00", 17_970), ("12:01", 30), ("12:00", 86_370), ("00:00", 43_170)])
def test_until_a_time_of_day(time_of_day: str, seconds: float) -> None:
    """Today, or tomorrow if it is past."""
    assert seconds_until(time_of_day, NOON) == seconds


def test_a_single_run_has_no_rhythm() -> None:
    """Without the options nothing is repeated."""
    assert rhythm_of(None, None, None, 30.0, NOON) is None
    assert rhythm_of(8, 1800.0, None, 30.0, NOON) == Rhythm(every_s=1800.0, times=8, until_s=None)
    assert rhythm_of(None, None, "13:00", 30.0, NOON) == Rhythm(every_s=0.0, times=None, until_s=3570.0)
