"""Who is answered: allowed networks, harmless source ports, no source faster than its rate, and not more than that of all together."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

import numpy as np

from nra.net.sockets import household
from nra.reflector.columns import fractions_of, numbers_of, octets_of, table
from nra.wire.timestamps import SECOND_NS

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

RATE_LIMIT_PER_S: Final = 6000  # a hundred calls of 50 packets/s, and room
MAX_BUCKETS: Final = 20_000
BUCKET: Final = Struct("=qd")
"""A bucket in `Guard.octets`: then_ns, tokens."""
BUCKET_BYTES: Final = BUCKET.size
KEPT: Final = 4096  # addresses whose network or household is remembered

FIRST_OF_CLIENTS: Final = 32768  # by default Linux chooses a client's ports from 32768 to 60999, Windows and macOS from 49152 on
# fmt: off
RESPONDER_PORTS: Final = frozenset(
    {
        7, 13, 17, 19, 53, 69, 111, 123, 137, 161, 177, 389, 427, 520, 623, 862, 1434, 1900, 3283, 3478, 3702, 5093, 5351, 5353, 5355, 5683,
        7770, 10001, 11211, 19302, 20862, 27015, 27960,
    }
)
# fmt: on
"""Source ports of services that answer whatever comes: a forged packet from one would start a loop between the two of us.

Those that CISA's alert TA14-017A and Shadowserver's reports of open services name, by IANA's numbers where there are any (10001 is that of
Ubiquiti, 27015 of Steam, 27960 of Quake III), STUN, TWAMP, STAMP, and what we answer ourselves. All are below FIRST_OF_CLIENTS: 37810,
where Dahua's recorders answer, is left out, because a workstation may be given that port by chance.
"""


class Guard:
    """Decides by source alone, before anything of a packet is read."""

    def __init__(
        self,
        allow: Sequence[IpNetwork] = (),
        rate_limit: int = RATE_LIMIT_PER_S,
        own_ports: frozenset[int] = frozenset(),
        total_limit: float = 0,
    ) -> None:
        """Allow these networks (none given: all), each source `rate_limit` packets/s and all together `total_limit` (0: no limit)."""
        self._allow = tuple(allow)
        self._refused_ports = RESPONDER_PORTS | own_ports
        self._allowed = lru_cache(maxsize=KEPT)(self._in_allowed_network)
        self._household_of = lru_cache(maxsize=KEPT)(household)
        self.rate_per_s = float(rate_limit)
        rows = table(MAX_BUCKETS if rate_limit else 0, BUCKET.size, then_ns=np.int64, tokens=np.float64)
        self.octets = octets_of(rows)
        self.tokens, self.then_ns = fractions_of(rows, "tokens"), numbers_of(rows, "then_ns")
        self.total_per_s = float(total_limit)
        self._total_tokens, self._total_then_ns = self.total_per_s, 0
        self.forgotten = 0
        self._bucket_of: dict[str, int] = {}
        self._households: list[str] = []

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
        """Take one of the source's tokens, then one of all; return "rate_limited" or "total_limited" when there is none left."""
        if self.rate_per_s and not self.take(self.bucket(address, now_ns), now_ns):
            return "rate_limited"
        if self.total_per_s and not self.take_of_all(1, now_ns):
            return "total_limited"
        return None

    def take_of_all(self, wanted: int, now_ns: int) -> int:
        """Take so many tokens of those that all sources share, or as many as there are; return how many."""
        if not wanted:
            return 0
        passed_ns = max(0, now_ns - self._total_then_ns)  # nobody pays for a clock that goes backwards
        self._total_then_ns += passed_ns
        refilled = self._total_tokens + min(passed_ns, SECOND_NS) * self.total_per_s / SECOND_NS
        self._total_tokens = min(self.total_per_s, refilled)
        taken = min(wanted, int(self._total_tokens))
        self._total_tokens -= taken
        return taken

    def bucket(self, address: str, now_ns: int) -> int:
        """Return the row of the source's bucket; a new one is full, and the longest unused one makes room for it.

        Whoever keeps rows must look them up again once `forgotten` has changed.
        """
        source = self._household_of(address)
        row = self._bucket_of.get(source)
        if row is None:
            row = self._bucket_of[source] = self._free_row(source)
            self.tokens[row], self.then_ns[row] = self.rate_per_s, now_ns
        return row

    def _free_row(self, source: str) -> int:
        if len(self._households) < len(self.tokens):
            self._households.append(source)
            return len(self._households) - 1
        row = int(np.argmin(self.then_ns))
        del self._bucket_of[self._households[row]]
        self._households[row] = source
        self.forgotten += 1
        return row

    def take(self, bucket: int, now_ns: int) -> bool:
        """Take one token of a bucket, which holds one second's worth; False when there is none."""
        at = bucket * BUCKET.size
        then_ns, tokens = BUCKET.unpack_from(self.octets, at)
        now_ns = max(now_ns, then_ns)  # nobody pays for a clock that goes backwards
        tokens = min(self.rate_per_s, tokens + min(now_ns - then_ns, SECOND_NS) * self.rate_per_s / SECOND_NS)
        granted: bool = tokens >= 1
        BUCKET.pack_into(self.octets, at, now_ns, tokens - granted)
        return granted

    def _in_allowed_network(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        return any(parsed in network for network in self._allow)
