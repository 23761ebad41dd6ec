"""Repeated runs of one workstation: median, worst and the share in breach of each measure, instead of one run's luck.

Runs that came to a verdict decide; an INCONCLUSIVE one is counted beside them and does not undo them.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from nra.model.fleet import Spread, StationSpread
from nra.model.verdict import Overall
from nra.scoring.fleet import NOT_JUDGED, WORST_FIRST, FleetColumns, MeasureColumn

FAILED, INCONCLUSIVE = WORST_FIRST.index(Overall.FAIL), WORST_FIRST.index(Overall.INCONCLUSIVE)
LAST: Final = len(WORST_FIRST)  # where INCONCLUSIVE ranks among the runs of one workstation


def spreads(columns: FleetColumns) -> tuple[StationSpread, ...]:
    """Return each workstation over all of its runs, in the order in which they were met."""
    if not len(columns):
        return ()
    columns.breached()  # makes all columns equally long
    station: pd.Series[Any] = pd.Series(np.frombuffer(columns.station, dtype=np.int64))
    overall = np.frombuffer(columns.overall, dtype=np.int8)
    ranked = pd.Series(np.where(overall == INCONCLUSIVE, LAST, overall)).groupby(station)
    worst, runs = ranked.min(), ranked.size()
    failed, inconclusive = (pd.Series(overall == code).groupby(station).sum() for code in (FAILED, INCONCLUSIVE))
    started = pd.Series(columns.started, dtype=object).groupby(station)
    first, last = started.min(), started.max()
    each = [_measure(column, station) for column in columns.measures.values()]
    return tuple(
        StationSpread(
            station=place,
            overall=(*WORST_FIRST, Overall.INCONCLUSIVE)[int(worst.iloc[index])],
            runs=int(runs.iloc[index]),
            failed_runs=int(failed.iloc[index]),
            inconclusive_runs=int(inconclusive.iloc[index]),
            first=str(first.iloc[index]),
            last=str(last.iloc[index]),
            spreads=tuple(measure[index] for measure in each),
        )
        for index, place in enumerate(columns.stations)
    )


def _measure(column: MeasureColumn, station: "pd.Series[Any]") -> list[Spread]:
    """Return the spread of one measure for each workstation."""
    values = pd.Series(np.frombuffer(column.values, dtype=np.float64)).groupby(station)
    breached = pd.Series(np.frombuffer(column.breached, dtype=np.int8).astype(np.float64))
    breach = (100 * breached.where(breached != NOT_JUDGED)).groupby(station).mean()
    worst = values.min() if column.kind.more_is_better else values.max()
    return [
        Spread(runs=int(runs), median=_known(median), worst=_known(extreme), breach_percent=_known(share))
        for runs, median, extreme, share in zip(values.count(), values.median(), worst, breach, strict=True)
    ]


def _known(value: float) -> float | None:
    """Return the number, or None for NaN: absent is never zero."""
    return None if np.isnan(value) else float(value)
