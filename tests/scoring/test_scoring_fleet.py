"""Columns of many runs, and the spread of repeated ones."""

import math

import pytest

from nra.model.fleet import Measure, RunRow, Station
from nra.model.verdict import Overall, Verdict
from nra.scoring.fleet import BREACHED, KEPT, NO_HOUR, NOT_JUDGED, REQUIRED_PORTS, FleetColumns, hour_of, subnet_of
from nra.scoring.spread import spreads


def run(number: int, *, name: str = "PC-1", overall: Overall = Overall.PASS, failed: int = 0, **values: float | None) -> RunRow:
    """Return a run with these values; 30 and more fail, None was not measured; `mos` is better when it is more."""
    measures = [
        Measure(
            label=label,
            unit="ms",
            expectation=">= 3.6" if label == "mos" else "< 30 ms",
            value=value,
            verdict=Verdict.NOT_MEASURED if value is None else Verdict.FAIL if value >= 30 or value < 1 else Verdict.PASS,
        )
        for label, value in values.items()
    ]
    return RunRow(
        id=f"{number:032x}",
        station=Station(organization="Acme", site="Leeds", name=name),
        address=None if number == 0 else "10.1.1.7",
        started_at=f"2026-11-22T{number:02}:00:00Z",
        overall=overall,
        failed=failed,
        firewall=Verdict.SKIPPED,
        measures=tuple(measures),
    )


def columns(*rows: RunRow) -> FleetColumns:
    """Return the columns of the runs."""
    found = FleetColumns()
    for row in rows:
        found.add(row)
    return found


def test_a_workstation_over_its_runs() -> None:
    """Runs that gave a number, median, the worst end, and the share in breach of those that were judged."""
    found = columns(run(0, jitter=10.0, mos=4.4), run(1, jitter=40.0, mos=3.0), run(2, jitter=None, mos=4.0), run(3, jitter=20.0))
    (spread,) = spreads(found)
    jitter, mos = spread.spreads
    assert (spread.runs, spread.first, spread.last) == (4, "2026-11-22T00:00:00Z", "2026-11-22T03:00:00Z")
    assert (jitter.runs, jitter.median, jitter.worst) == (3, 20.0, 40.0)
    assert jitter.breach_percent == pytest.approx(100 / 3)
    assert (mos.runs, mos.median, mos.worst, mos.breach_percent) == (3, 4.0, 3.0, 0.0)


def test_what_was_never_measured_is_absent() -> None:
    """No number anywhere: None, never 0."""
    (spread,) = spreads(columns(run(0, jitter=None), run(1)))
    assert (spread.spreads[0].runs, spread.spreads[0].median, spread.spreads[0].worst, spread.spreads[0].breach_percent) == (
        0,
        None,
        None,
        None,
    )


def test_the_worst_verdict_counts_and_failed_runs_are_counted() -> None:
    """One FAIL of three makes the workstation FAIL, and it is said that it was one."""
    (spread,) = spreads(columns(run(0), run(1, overall=Overall.FAIL), run(2, overall=Overall.WARN)))
    assert (spread.overall, spread.failed_runs, spread.runs) == (Overall.FAIL, 1, 3)


def test_an_inconclusive_run_undoes_no_other() -> None:
    """The runs with a verdict decide; how many had none is counted. Only where none has one is there none."""
    (mixed,) = spreads(columns(run(0), run(1, overall=Overall.INCONCLUSIVE), run(2, overall=Overall.WARN)))
    assert (mixed.overall, mixed.runs, mixed.inconclusive_runs, mixed.judged_runs) == (Overall.WARN, 3, 1, 2)
    (none,) = spreads(columns(run(0, overall=Overall.INCONCLUSIVE), run(1, overall=Overall.INCONCLUSIVE)))
    assert (none.overall, none.inconclusive_runs) == (Overall.INCONCLUSIVE, 2)


def test_no_runs() -> None:
    """Nothing is nothing."""
    assert spreads(columns()) == ()


def test_columns_are_equally_long() -> None:
    """A run that lacks a measure, or brings a new one, leaves gaps that are not judged."""
    found = columns(run(0, jitter=40.0), run(1, mos=4.0), run(2, jitter=1.0))
    breached = found.breached()
    assert {label: codes.tolist() for label, codes in breached.items()} == {
        "jitter": [BREACHED, NOT_JUDGED, KEPT],
        "mos": [NOT_JUDGED, KEPT, NOT_JUDGED],
        REQUIRED_PORTS: [NOT_JUDGED] * 3,
    }
    assert math.isnan(found.measures["mos"].values[0])


def test_worst_first() -> None:
    """By verdict, then by how much failed, then by workstation and time."""
    found = columns(
        run(0, name="B"), run(1, name="A"), run(2, overall=Overall.FAIL, failed=1), run(3, overall=Overall.FAIL, failed=2),
        run(4, overall=Overall.INCONCLUSIVE), run(5, overall=Overall.WARN),
    )  # fmt: skip
    assert found.worst_first() == (3, 2, 4, 5, 1, 0)


def test_the_first_known_subnet_counts() -> None:
    """A text report knows no address; a later document of the workstation does."""
    assert [station.subnet for station in columns(run(0), run(1), run(0, name="PC-2")).stations] == ["10.1.1.0/24", ""]


@pytest.mark.parametrize(
    ("address", "subnet"),
    [
        ("192.168.20.41", "192.168.20.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("a host", ""),
    ],
)
def test_subnets(address: str | None, subnet: str) -> None:
    """A /24 or a /64: no mask is recorded."""
    assert subnet_of(address) == subnet


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-22T14:03:11Z", 14),
        ("2026-11-22T23:30:00-05:00", 4),
        ("2026-11-22T14:03:11", NO_HOUR),
        ("yesterday", NO_HOUR),
        ("0001-01-01T00:00:00+10:00", NO_HOUR),
    ],
)
def test_hours_are_utc(text: str, hour: int) -> None:
    """A time without a zone, or none at all, has no hour."""
    assert hour_of(text) == hour


def test_what_stands_for_an_address_still_has_its_network() -> None:
    """In a document without names two workstations of one subnet can still be told from two of two."""
    assert subnet_of("addr-1b2c3d4e-5f607182") == subnet_of("addr-1b2c3d4e-00000000") == "addr-1b2c3d4e"
    assert subnet_of("addr-1b2c3d4e") == subnet_of("host-1b2c3d4e55") == ""
