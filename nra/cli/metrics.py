"""`nra reflect --metrics`: what all processes counted, on one page for Prometheus."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nra import __version__
from nra.cli.caretaker import Ask
from nra.cli.errors import UserError
from nra.cli.tallies import Tally, tally

if TYPE_CHECKING:
    from nra.model.plan import Target
    from nra.reflector.core import Reflector
    from nra.reflector.metrics import Totals


class Reader:
    """Sums up what processes counted; of one that does not answer now, what it said last: sums of counters never fall."""

    def __init__(self, ask: Ask, beside: Mapping[str, int]) -> None:
        """Ask these processes; `beside` is what is counted elsewhere in this one."""
        self._ask, self._beside = ask, beside
        self._last: dict[int, tuple[Tally, int | None]] = {}
        self._since_s = time.monotonic()

    def read(self) -> "Totals":
        """Return the sums."""
        from nra.reflector.metrics import Totals

        answers = self._ask(counted)
        self._last |= {place: answer for place, answer in enumerate(answers) if answer is not None}
        tallies = [tally for tally, _ in self._last.values()]
        keys = [count for _, count in self._last.values() if count is not None]
        return Totals(
            counters=sum((Counter(tally.counters) for tally in tallies), Counter(dict(self._beside))),
            sessions=sum(tally.sessions for tally in tallies),
            evicted=sum(tally.evicted for tally in tallies),
            rebound=sum(tally.rebound for tally in tallies),
            processes=sum(answer is not None for answer in answers),
            keys=keys[0] if keys else None,
            uptime_s=time.monotonic() - self._since_s,
            version=__version__,
        )


def counted(reflector: "Reflector") -> tuple[Tally, int | None]:
    """Errand: return what the reflector counted, and how many keys its key file has."""
    keys = None if reflector.keys is None else len(reflector.keys.holders)
    return tally(reflector), keys


@contextmanager
def shown(target: "Target | None", ask: Ask, beside: Mapping[str, int]) -> Iterator[list[str]]:
    """Serve the page while the block lasts, where it was asked for; yield the line that says where. Raises UserError."""
    if target is None:
        yield []
        return
    import ipaddress

    from nra.reflector.background import background
    from nra.reflector.engine import CannotListen
    from nra.reflector.metrics import NoPrometheusClient, Page, listening

    try:
        ipaddress.ip_address(target.host)
        server, (address, port) = listening(Page(Reader(ask, beside).read), target.host, target.port)
    except ValueError as error:
        raise UserError(f"--metrics {target.host}: an IP address is expected") from error
    except NoPrometheusClient as error:
        raise UserError("--metrics: needs the package prometheus-client (pip install 'nra[metrics]')") from error
    except CannotListen as error:
        raise UserError(f"--metrics: cannot listen on {target.host} port {target.port}: {error}") from error
    with background(server.run, "nra-metrics"):
        yield [f"metrics at http://{f'[{address}]' if ':' in address else address}:{port}/metrics"]
