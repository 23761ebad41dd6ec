"""The sheet Firewall: ports as rows, workstations as columns, each cell the worst that the workstation's runs saw."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from nra.model.region import Side
from nra.model.verdict import Verdict
from nra.report.cells import clean
from nra.report.entry import Entry
from nra.report.sheets.style import Content, Judged
from nra.report.sheets.table import MOST_COLUMNS, Layout, Sheet, table
from nra.report.view import GRAVITY, PortRow

HEADINGS: Final = ("Port", "Protocol", "Service", "Required", "Destination")
WORKSTATIONS_A_PAGE: Final = 8
NOT_CHECKED: Final = "not checked"
COLUMNS_AT_MOST: Final = MOST_COLUMNS - len(HEADINGS)
GRAVEST_FIRST: Final = (*GRAVITY, Verdict.SKIPPED)

Port = tuple[str, str, str, str, str]
Answer = tuple[Verdict, str]


class FirewallBoard:
    """What each run saw at each port, in columns: nine bytes an answer, however many runs there are."""

    def __init__(self) -> None:
        """Begin without a run."""
        self._ports: dict[Port, int] = {}
        self._sides: list[Side] = []
        self._answers: dict[Answer, int] = {}
        self._stations: dict[tuple[str, str, str], int] = {}
        self._runs: list[tuple[int, str]] = []
        self._port, self._station, self._answer = array("i"), array("i"), array("i")

    def add(self, entry: Entry) -> None:
        """Take one more run; a workstation's column stands where its first run was met."""
        fact = entry.view.fact
        station = self._stations.setdefault((fact("Workstation"), fact("Site"), fact("Organization")), len(self._stations))
        if station == len(self._runs):
            self._runs.append((0, fact("Started")))
        self._runs[station] = (self._runs[station][0] + 1, self._runs[station][1])
        for row in entry.view.firewall:
            self._port.append(self._number(row))
            self._station.append(station)
            self._answer.append(self._answers.setdefault((row.verdict, clean(row.state)), len(self._answers)))

    def parts(self) -> int:
        """Return how many sheets it takes."""
        return max(1, -(-len(self._stations) // COLUMNS_AT_MOST))

    def fill(self, sheet: Sheet, part: int = 0) -> None:
        """Write the table with the workstations of that part; a port is one row where destination and need are the same."""
        first = part * COLUMNS_AT_MOST
        stations = range(first, min(first + COLUMNS_AT_MOST, len(self._stations)))
        rows = [[*port, *(cells.get(station, NOT_CHECKED) for station in stations)] for port, cells in self._rows()]
        names = self._names()
        headings = [*HEADINGS, *(names[station] for station in stations)]
        table(sheet, Layout(headings=headings, frozen_columns=3, pages_wide=-(-max(1, len(stations)) // WORKSTATIONS_A_PAGE)), rows)

    def _number(self, row: PortRow) -> int:
        port = (row.port, row.protocol, row.service, "yes" if row.required else "no", row.destination)
        number = self._ports.setdefault(port, len(self._ports))
        if number == len(self._sides):
            self._sides.append(row.at)
        return number

    def _rows(self) -> Iterator[tuple[Port, dict[int, Content]]]:
        """Yield each port with its cells by workstation, those at the service first."""
        words = list(self._answers)
        gravity = np.array([GRAVEST_FIRST.index(verdict) for verdict, _ in words], dtype=np.int64)
        port, station, answer = (np.frombuffer(column, dtype=np.int32) for column in (self._port, self._station, self._answer))
        for key, number in sorted(self._ports.items(), key=lambda item: self._sides[item[1]] is Side.REFLECTOR):
            here = np.flatnonzero(port == number)
            order = here[np.lexsort((answer[here], gravity[answer[here]], station[here]))]
            yield key, self._cells(station[order].tolist(), answer[order].tolist(), words)

    def _cells(self, stations: Sequence[int], answers: Sequence[int], words: Sequence[Answer]) -> dict[int, Content]:
        """Return the cells of one port: the gravest answer comes first in each workstation's stretch."""
        worst: dict[int, list[int]] = {}
        for station, answer in zip(stations, answers, strict=True):
            worst.setdefault(station, []).append(answer)
        return {station: _cell(words[seen[0]], seen.count(seen[0]), len(seen)) for station, seen in worst.items()}

    def _names(self) -> list[str]:
        several = len({site for _, site, _ in self._stations}) > 1
        return [
            f"{name}\n{', '.join(filter(None, (site if several else '', started if runs == 1 else f'{runs} runs')))}"
            for (name, site, _), (runs, started) in zip(self._stations, self._runs, strict=True)
        ]


def _cell(answer: Answer, times: int, of: int) -> Content:
    verdict, state = answer
    return Judged(f"{verdict}: {state}" + (f" ({times} of {of} runs)" if times < of else ""), verdict)
