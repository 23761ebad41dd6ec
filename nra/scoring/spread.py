"""Repeated runs of one workstation: median, worst and the share in breach of each measure, instead of one run's luck."""

from typing import Any

import numpy as np
import pandas as pd

from nra.model.fleet import Spread, StationSpread
from nra.scoring.fleet import NOT_JUDGED, WORST_FIRST, FleetColumns, MeasureColumn


def spreads(columns: FleetColumns) -> tuple[StationSpread, ...]:
    """Return each workstation over all of its runs, in the order in which they were met."""
    if not len(columns):
        return ()
    columns.breached()  # makes all columns equally long
    station: pd.Series[Any] = pd.Series(np.frombuffer(columns.station, dtype=np.int64))
    overall = pd.Series(np.frombuffer(columns.overall, dtype=np.int8)).groupby(station)
    worst, runs = overall.min(), overall.size()
    failed = pd.Series(np.frombuffer(columns.overall, dtype=np.int8) == 0).groupby(station).sum()
    started = pd.Series(columns.started, dtype=object).groupby(station)
    first, last = started.min(), started.max()
    each = [_measure(column, station) for column in columns.measures.values()]
    return tuple(
        StationSpread(
            station=place,
            overall=WORST_FIRST[int(worst.iloc[index])],
            runs=int(runs.iloc[index]),
            failed_runs=int(failed.iloc[index]),
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
