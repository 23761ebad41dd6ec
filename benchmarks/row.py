"""What every benchmark returns: a number held against a peer or a floor that was measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `ratio` is subject / floor, `limit` the most that it may be (None: for information)."""

    what: str
    subject: str
    floor: str
    ratio: float
    limit: float | None = None

    @property
    def holds(self) -> bool:
        """Tell whether the ratio is within its limit."""
        return self.limit is None or self.ratio <= self.limit


@dataclass(frozen=True, slots=True)
class Skipped:
    """What could not be measured here, and why."""

    what: str
    reason: str
    holds: bool = True


HEAD = "| What | Subject | Floor | Ratio | Limit |\n| --- | --- | --- | --- | --- |"


def line(row: Row | Skipped) -> str:
    """Return the row as a line of a Markdown table."""
    if isinstance(row, Skipped):
        return f"| {row.what} | skipped: {row.reason} | | | |"
    limit = "none" if row.limit is None else f"{row.limit:g}{'' if row.holds else ' (exceeded)'}"
    return f"| {row.what} | {row.subject} | {row.floor} | {row.ratio:.2f} | {limit} |"


def finish(*rows: Row | Skipped) -> int:
    """Print the rows as a table; return 0 when all are within their limits, else 1."""
    print(HEAD, *map(line, rows), sep="\n")
    return 0 if all(row.holds for row in rows) else 1
