"""Who is answered: allowed networks, harmless source ports, and no source faster than its rate."""

import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from nra.net.sockets import household

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

RATE_LIMIT_PER_S: Final = 6000  # a hundred calls of 50 packets/s, and room
MAX_BUCKETS: Final = 20_000

RESPONDER_PORTS: Final = frozenset(
    {7, 13, 17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 623, 862, 1900, 3478, 3702, 5353, 7770, 11211, 19302, 20862}
)
"""Source ports of services that answer whatever comes: a forged packet from one would start a loop between the two of us."""


class Guard:
    """Decides by source alone, before anything of a packet is read."""

    def __init__(
        self, allow: Sequence[IpNetwork] = (), rate_limit: int = RATE_LIMIT_PER_S, own_ports: frozenset[int] = frozenset()
    ) -> None:
        """Allow these networks (none given: all), and each source `rate_limit` packets a second (0: no limit)."""
        self._allow = tuple(allow)
        self._rate = rate_limit
        self._refused_ports = RESPONDER_PORTS | own_ports
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()  # tokens left, when that was
        self._allowed = lru_cache(maxsize=4096)(self._in_allowed_network)

    def refuses(self, address: str, port: int, now_ns: int) -> str | None:
        """Return why a packet from there is not answered, None when it is."""
        return self.bars(address, port) or self.limits(address, now_ns)

    def bars(self, address: str, port: int) -> str | None:
        """Return why nothing from there is answered, whatever it is."""
        if port in self._refused_ports:
            return "responder_port"
        if self._allow and not self._allowed(address):
            return "not_allowed"
        return None

    def limits(self, address: str, now_ns: int) -> str | None:
        """Take one of the source's tokens; return "rate_limited" when it has none left."""
        if self._rate and not self._take_token(household(address), now_ns):
            return "rate_limited"
        return None

    def _in_allowed_network(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        return any(parsed in network for network in self._allow)

    def _take_token(self, address: str, now_ns: int) -> bool:
        """Take one token of a bucket that holds one second's worth."""
        tokens, then_ns = self._buckets.get(address, (float(self._rate), now_ns))
        now_ns = max(now_ns, then_ns)  # nobody pays for a clock that goes backwards
        tokens = min(self._rate, tokens + (now_ns - then_ns) * self._rate / 1e9)
        granted = tokens >= 1
        self._buckets[address] = (tokens - granted, now_ns)
        self._buckets.move_to_end(address)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return granted
