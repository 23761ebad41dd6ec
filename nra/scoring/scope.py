"""How far a trouble reaches: one workstation, one site, one subnet or everyone.

A workstation fails a measure when a fifth of its judged runs do, so that one unlucky run of many is not a trouble. A site
or subnet is to blame when most of at least two of its workstations fail and few elsewhere do; how sure that is, an exact
test says. One workstation never proves anything about its site.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from nra.model.fleet import Scope, Station
from nra.scoring.contrast import PROVES, Contrast, chance

FAILING_SHARE: Final = 0.2  # of a workstation's judged runs
GROUP_SHARE: Final = 0.6  # of a site's workstations
ELSEWHERE_SHARE: Final = 0.25
EVERYONE_SHARE: Final = 0.75
LEAST_MEMBERS: Final = 2
FEW: Final = 3  # workstations that are named one by one

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a measure fails; `members` are the workstations meant, `peers` those of the same site for a workstation alone."""

    scope: Scope
    names: tuple[str, ...]
    contrast: Contrast
    proven: bool
    members: frozenset[int]
    peers: Contrast | None = None


def locate(stations: Sequence[Station], measured: AbstractSet[int], failing: AbstractSet[int]) -> Iterator[Place]:
    """Yield where the failing lie, until each of them is explained; sites and subnets first, what is left after them."""
    rest = set(measured)
    while failing & rest:
        place = _group(stations, rest, failing) or _all(stations, rest, failing, whole=rest == measured)
        if place is None:
            yield from _single(stations, rest, measured, failing)
            return
        yield place
        rest -= place.members


def group_key(station: Station, scope: Scope) -> Key | None:
    """Return what all workstations of that site or subnet share, None where it is not known.

    A subnet belongs to its site: private addresses are the same everywhere.
    """
    if scope is Scope.SITE:
        return (station.organization, station.site) if station.site else None
    return (station.organization, station.site, station.subnet) if station.subnet else None


def label(stations: Sequence[Station], key: Key) -> str:
    """Return the group's name, with its organization where there are several."""
    organization, site, *subnet = key
    name = f"{subnet[0]} at {site}" if subnet and site else subnet[0] if subnet else site
    return f"{name} ({organization})" if organization and len({station.organization for station in stations}) > 1 else name


def grouped(stations: Sequence[Station], among: AbstractSet[int], scope: Scope) -> dict[Key, set[int]]:
    """Return the members of each site or subnet; who has none is in none."""
    groups: defaultdict[Key, set[int]] = defaultdict(set)
    for index in among:
        key = group_key(stations[index], scope)
        if key is not None:
            groups[key].add(index)
    return dict(sorted(groups.items()))


def _group(stations: Sequence[Station], rest: AbstractSet[int], failing: AbstractSet[int]) -> Place | None:
    """Return the sites or the subnets that explain the failing, whichever does it better; None where neither does."""
    found = [place for scope in (Scope.SITE, Scope.SUBNET) if (place := _groups(stations, rest, failing, scope))]
    return min(found, key=lambda place: place.contrast.errors, default=None)


def _groups(stations: Sequence[Station], rest: AbstractSet[int], failing: AbstractSet[int], scope: Scope) -> Place | None:
    bad = {
        key: members
        for key, members in grouped(stations, rest, scope).items()
        if len(members) >= LEAST_MEMBERS and len(members & failing) >= GROUP_SHARE * len(members)
    }
    members = frozenset[int]().union(*bad.values())
    contrast = _contrast(members, rest, failing)
    if not bad or not contrast.outside or contrast.outside_share > ELSEWHERE_SHARE:
        return None
    names = tuple(label(stations, key) for key in bad)
    return Place(scope=scope, names=names, contrast=contrast, proven=chance(contrast) <= PROVES, members=members)


def _all(stations: Sequence[Station], rest: AbstractSet[int], failing: AbstractSet[int], *, whole: bool) -> Place | None:
    """Return everyone where most fail and no group stands out, or that it is scattered where many do; None for a few."""
    contrast = _contrast(rest, rest, failing)
    sites = tuple(label(stations, key) for key in grouped(stations, rest, Scope.SITE))
    if whole and contrast.inside >= LEAST_MEMBERS and contrast.inside_share >= EVERYONE_SHARE:
        return Place(scope=Scope.EVERYONE, names=sites, contrast=contrast, proven=len(sites) >= LEAST_MEMBERS, members=frozenset(rest))
    if contrast.inside_failing > FEW:
        return Place(scope=Scope.SCATTERED, names=sites, contrast=contrast, proven=False, members=frozenset(rest))
    return None


def _single(stations: Sequence[Station], rest: AbstractSet[int], measured: AbstractSet[int], failing: AbstractSet[int]) -> Iterator[Place]:
    """Yield each of the few that fail, beside the others of its site or, where that is not known, of its subnet."""
    for index in sorted(failing & rest, key=lambda index: stations[index].name):
        station = stations[index]
        key = group_key(station, Scope.SITE) or group_key(station, Scope.SUBNET)
        scope = Scope.SITE if station.site else Scope.SUBNET
        others = {other for other in measured if other != index and key is not None and group_key(stations[other], scope) == key}
        peers = _contrast(others, measured - {index}, failing)
        where = (label(stations, key),) if key else ()
        proven = peers.inside > peers.inside_failing
        own = _contrast({index}, measured, failing)
        yield Place(
            scope=Scope.WORKSTATION, names=(station.name, *where), contrast=own, proven=proven, members=frozenset({index}), peers=peers
        )


def _contrast(inside: AbstractSet[int], among: AbstractSet[int], failing: AbstractSet[int]) -> Contrast:
    outside = among - inside
    return Contrast(inside_failing=len(inside & failing), inside=len(inside), outside_failing=len(outside & failing), outside=len(outside))
