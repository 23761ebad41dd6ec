"""Planted fleets: runs as plain columns, with a trouble put where the test says."""

from collections.abc import Callable, Iterable

import numpy as np

from nra.model.fleet import Station
from nra.scoring.fleet import subnet_of
from nra.scoring.scope_report import RunColumns

JITTER, LOSS = "Up Jitter", "Down Packet Loss"
Fails = Callable[[Station, int], bool | None]


def station(name: str, site: str = "Leeds", address: str = "", organization: str = "Acme") -> Station:
    """Return a workstation."""
    return Station(organization=organization, site=site, name=name, subnet=subnet_of(address))


def office(site: str, number: int, network: str = "") -> list[Station]:
    """Return the workstations of a site, all in one network if one is given."""
    return [station(f"{site}-{index}", site, f"{network}.{index + 10}" if network else "") for index in range(number)]


def fleet(stations: Iterable[Station], hours: Iterable[int], *, ports: tuple[str, ...] = (), **measures: Fails) -> RunColumns:
    """Return a run of each workstation at each hour; each measure is in breach where its function says so, None is not judged.

    `ports` are those that are blocked in every run.
    """
    stations, hours = list(stations), list(hours)
    runs = [(index, hour) for index in range(len(stations)) for hour in hours]
    return RunColumns(
        stations=stations,
        station=np.array([index for index, _ in runs], dtype=np.int64),
        hour=np.array([hour for _, hour in runs], dtype=np.int8),
        breached={
            name.replace("_", " "): np.array([{True: 1, False: 0, None: -1}[fails(stations[i], hour)] for i, hour in runs], dtype=np.int8)
            for name, fails in measures.items()
        },
        blocked=[ports] * len(runs),
    )
