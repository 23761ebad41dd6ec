"""Worse than before? A regression is called only where the spread of the runs supports it.

Per site and row: a bootstrap interval of the difference of the medians (percentiles of resampled differences, drawn from a fixed seed).
Its level is set for all rows of all sites together (Bonferroni), so that many rows do not make many false alarms.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nra.model.criteria import Criterion, Operator
from nra.model.document import RunDocument
from nra.model.judgement import Comparison
from nra.model.policy import Policy
from nra.scoring.assess import voice_rows
from nra.scoring.gate_run import plain, thresholds_at

LEAST_RUNS: Final = 5  # fewer on either side: even sides without any overlap come about by chance too often
FALSE_ALARMS: Final = 0.05  # of all rows of all sites together
RESAMPLES: Final = 10_000
SEED: Final = 3550
MOST_AT_ONCE: Final = 1 << 20  # numbers drawn
SHOWN: Final = {"ms": 0.1}  # what reports round to: less is no difference to anybody
SHOWN_ELSE: Final = 0.01
LESS_IS_BETTER: Final = (Operator.LESS, Operator.AT_MOST)

Values = NDArray[np.float64]

NOTHING: Final[Values] = np.empty(0)


def compare(before: Sequence[RunDocument], after: Sequence[RunDocument], policy: Policy) -> tuple[Comparison, ...]:
    """Return every row of every site that was measured after, compared with before."""
    sites = {plain(each.run.site): each.run.site for each in after}.values()
    asked = [(site, criterion) for site in sites for criterion in thresholds_at(policy, site).limits]
    numbers = {site: [_numbers(documents, policy, site) for documents in (before, after)] for site in sites}
    return tuple(
        _compared(site, criterion, *(side.get(criterion.key, NOTHING) for side in numbers[site]), rows=len(asked))
        for site, criterion in asked
    )


def gone_sites(before: Sequence[RunDocument], after: Sequence[RunDocument]) -> tuple[str, ...]:
    """Return the sites of which there were runs before and are none after: nothing can be compared there."""
    now = {plain(each.run.site) for each in after}
    then = {plain(each.run.site): each.run.site for each in before if each.run.site}
    return tuple(sorted(site for name, site in then.items() if name not in now and site))


def interval(before: Values, after: Values, level: float) -> tuple[float, float]:
    """Return the bounds of the difference of the medians, after less before, at a level such as 0.95."""
    chance = np.random.Generator(np.random.PCG64(SEED))
    one, other = (_resampled(chance, values) for values in (before, after))
    low, high = np.quantile(other - one, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _resampled(chance: np.random.Generator, values: Values) -> Values:
    """Return the medians of samples drawn from the values with replacement, a bounded number at a time."""
    rows = max(1, MOST_AT_ONCE // len(values))
    sizes = [min(rows, RESAMPLES - done) for done in range(0, RESAMPLES, rows)]
    return np.concatenate([np.median(chance.choice(values, (size, len(values))), axis=1) for size in sizes])


def _compared(site: str | None, criterion: Criterion, before: Values, after: Values, *, rows: int) -> Comparison:
    medians = [float(np.median(values)) if len(values) else None for values in (before, after)]
    difference = float(np.median(after) - np.median(before)) if len(before) and len(after) else None
    low = high = None
    regression = False
    if min(len(before), len(after)) < LEAST_RUNS:
        runs = f"{len(before)} run{'' if len(before) == 1 else 's'}"
        text = f"{runs} before and {len(after)} after support no conclusion: {LEAST_RUNS} each are needed"
    else:
        low, high = interval(before, after, 1 - FALSE_ALARMS / rows)
        regression = _is_worse(criterion, low, high, difference or 0.0)
        text = _words(criterion, medians[0] or 0.0, medians[1] or 0.0, (low, high), worse=regression)
    return Comparison(
        site=site,
        key=criterion.key,
        label=criterion.label,
        unit=criterion.unit,
        runs_before=len(before),
        runs_after=len(after),
        before=medians[0],
        after=medians[1],
        difference=difference,
        low=low,
        high=high,
        regression=regression,
        text=text,
    )


def _is_worse(criterion: Criterion, low: float, high: float, difference: float) -> bool:
    shows = abs(difference) >= SHOWN.get(criterion.unit, SHOWN_ELSE)
    return shows and (low > 0 if criterion.operator in LESS_IS_BETTER else high < 0)


def _words(criterion: Criterion, before: float, after: float, bounds: tuple[float, float], *, worse: bool) -> str:
    unit = "" if criterion.unit == "MOS" else f" {criterion.unit}"
    digits = 1 if criterion.unit == "ms" else 2
    low, high = bounds
    numbers = f"median {before:.{digits}f} before, {after:.{digits}f}{unit} after; difference {low:+.{digits}f} to {high:+.{digits}f}{unit}"
    return f"{'worse' if worse else 'no regression'}: {numbers}"


def _numbers(documents: Sequence[RunDocument], policy: Policy, site: str | None) -> dict[str, Values]:
    """Return the numbers of each row at a site; what an unsteady workstation measured is its own and left out."""
    numbers: dict[str, list[float]] = {}
    for each in documents:
        if plain(each.run.site) != plain(site) or each.voice is None or not each.voice.instrument.steady:
            continue
        for row in voice_rows(each.voice, thresholds_at(policy, site)):
            if row.value is not None:
                numbers.setdefault(row.key, []).append(row.value)
    return {key: np.array(values) for key, values in numbers.items()}
