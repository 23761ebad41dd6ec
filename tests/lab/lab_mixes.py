"""What the sessions of the truth suite go through, in groups that are held at once."""

import random
from typing import Final

from lab_session import DURATION_S, SLOTS, Mix

from nra.testing.chance import Bursts, JitterShape
from nra.testing.impairment import Impairment

END_S: Final = DURATION_S + 1.3  # the stream is over by then; the closing exchange comes 2 s after its last reply at the earliest
NEAR_WRAP: Final = 2**32 - 150

G1050: Final = {
    "A": (4, 5, 0.0, 0, 0, 0),
    "B": (8, 10, 0.0001, 2, 64, 1),
    "C": (16, 16, 0.0002, 4, 128, 2),
    "D": (32, 40, 0.0004, 8, 256, 4),
    "E": (64, 70, 0.001, 16, 400, 8),
    "F": (128, 100, 0.002, 32, 800, 15),
    "G": (256, 150, 0.005, 64, 1600, 30),
    "H": (512, 500, 0.01, 128, 3000, 50),
}
"""ITU-T G.1050 (TIA-921) by the tables of spandsp's g1050.c: for each severity the core's regional delay (ms), its jitter (ms, peak to
peak) and loss (share), by how much a route flap lengthens the way (ms), how long a failing link is out (ms), access occupancy (%)."""
SLICES: Final = 20  # of 1 ms, the model's step, from one packet to the next


def severity(letter: str, seed: int, fails_s: float) -> Impairment:
    """Return a direction of that severity in which, as at the turn of its interval, the route flaps and the link fails once.

    The access segment's loss is the model's, two states in steps of 1 ms taken from packet to packet. Its queueing delay is left out
    (the tables do not give its time constant), and so is the LAN segment, which at these occupancies loses one packet in 50 000.
    """
    delay_ms, jitter_ms, loss, flap_ms, outage_ms, occupancy = G1050[letter]
    worse, better = 2e-4 * occupancy, 0.2 / (1 + occupancy)  # per slice, into and out of the state of high load
    share, turnover = worse / (worse + better), 1 - (1 - worse - better) ** SLICES
    return Impairment(
        delay_ms=delay_ms,
        jitter_ms=jitter_ms,
        loss=loss,
        bursts=Bursts(to_bad=share * turnover, to_good=(1 - share) * turnover, loss_bad=5e-4 * occupancy),
        detours=((2.0, 4.0, flap_ms),),
        loss_spans_s=((fails_s, fails_s + outage_ms / 1000),),
        seed=seed,
    )


def bursts(seed: int) -> tuple[range, ...]:
    """Return some runs of one to twelve packets to lose, wherever the seed puts them."""
    chance = random.Random(seed)
    return tuple(range(start, start + chance.randint(1, 12)) for start in chance.sample(range(10, SLOTS - 20), 6))


LOSS: Final = {
    "clean": Mix(),
    "loss both ways": Mix(up=Impairment(loss=0.06, seed=11), down=Impairment(loss=0.08, seed=12)),
    "loss up": Mix(up=Impairment(delay_ms=15, loss=0.1, seed=21)),
    "loss down": Mix(down=Impairment(delay_ms=15, loss=0.1, seed=22)),
    "bursts": Mix(up=Impairment(loss_runs=bursts(61)), down=Impairment(loss_runs=bursts(62))),
    "bursts by chance": Mix(
        up=Impairment(delay_ms=10, bursts=Bursts(to_bad=0.02, to_good=0.2), seed=63),
        down=Impairment(delay_ms=10, bursts=Bursts(to_bad=0.01, to_good=0.1, loss_bad=0.7, loss_good=0.01), seed=64),
    ),
}
COPIES: Final = {
    "duplicates and loss": Mix(
        up=Impairment(duplicate=0.1, jitter_ms=12, loss=0.05, seed=31), down=Impairment(duplicate=0.12, jitter_ms=12, loss=0.07, seed=32)
    ),
    "reordering": Mix(up=Impairment(reorder=0.06, seed=41), down=Impairment(reorder=0.08, reorder_ms=70, seed=42)),
    "all at once": Mix(
        up=Impairment(delay_ms=5, jitter_ms=30, loss=0.05, duplicate=0.08, reorder=0.05, seed=71),
        down=Impairment(delay_ms=8, jitter_ms=25, loss=0.06, duplicate=0.08, reorder=0.06, seed=72),
    ),
    "markings rewritten": Mix(options=("--dscp", "EF"), dscp_up=10, dscp_down=0, down=Impairment(loss=0.05, seed=73)),
}
JITTER: Final = {
    "uniform": Mix(up=Impairment(delay_ms=20, jitter_ms=15, seed=51), down=Impairment(delay_ms=10, jitter_ms=50, seed=52)),
    "normal": Mix(
        up=Impairment(delay_ms=5, jitter_ms=4, jitter_shape=JitterShape.NORMAL, seed=53),
        down=Impairment(delay_ms=5, jitter_ms=12, jitter_shape=JitterShape.NORMAL, loss=0.02, seed=54),
    ),
    "heavy tails": Mix(
        up=Impairment(delay_ms=10, jitter_ms=25, jitter_shape=JitterShape.PARETO, seed=55),
        down=Impairment(delay_ms=10, jitter_ms=15, jitter_shape=JitterShape.EXPONENTIAL, in_order=True, seed=56),
    ),
    "a queue that wanders": Mix(
        up=Impairment(jitter_ms=90, jitter_correlation=0.97, in_order=True, seed=57),
        down=Impairment(jitter_ms=30, jitter_shape=JitterShape.EXPONENTIAL, jitter_correlation=0.9, loss=0.03, seed=58),
    ),
}
LINKS: Final = {
    "too narrow": Mix(up=Impairment(rate_kbit_s=72, queue_packets=5), down=Impairment(delay_ms=20, rate_kbit_s=400)),
    "a queue that overflows": Mix(down=Impairment(delay_ms=10, jitter_ms=2, rate_kbit_s=74, queue_packets=12, loss=0.01, seed=43)),
    "stalls": Mix(
        up=Impairment(delay_ms=8, stalls_s=((1.0, 1.18), (3.0, 3.09)), seed=44),
        down=Impairment(delay_ms=8, jitter_ms=6, stalls_s=((2.0, 2.3), (4.5, 4.55)), loss=0.03, seed=45),
    ),
    "routes that change": Mix(
        up=Impairment(delay_ms=12, detours=((2.0, 4.0, 35.0),), seed=46),
        down=Impairment(delay_ms=90, jitter_ms=3, detours=((3.0, 9.0, -75.0),), seed=47),
    ),
}
FORMS: Final = {
    "authenticated": Mix(up=Impairment(loss=0.06, seed=81), down=Impairment(loss=0.06, duplicate=0.05, seed=82), sealed=True),
    "opus every 10 ms": Mix(
        up=Impairment(loss=0.05, seed=91), down=Impairment(loss=0.05, jitter_ms=25, seed=92), codec="opus", interval_ms=10.0
    ),
    "g729, too small for a TLV": Mix(up=Impairment(loss=0.05, seed=93), down=Impairment(loss=0.05, duplicate=0.05, seed=94), codec="g729"),
    "g722, three calls": Mix(
        up=Impairment(loss=0.05, jitter_ms=30, seed=101), down=Impairment(loss=0.05, duplicate=0.05, seed=102), codec="g722", calls=3
    ),
    "IPv6": Mix(up=Impairment(loss=0.05, seed=111), down=Impairment(loss=0.05, jitter_ms=10, seed=112), six=True),
}
ENDS: Final = {
    "the last 500 ms up": Mix(up=Impairment(loss_spans_s=((DURATION_S - 0.5, END_S),))),
    "the last 500 ms down": Mix(down=Impairment(loss_spans_s=((DURATION_S - 0.5, END_S),))),
    "all of it up": Mix(up=Impairment(loss_spans_s=((0.001, END_S),))),
    "all of it down": Mix(down=Impairment(loss_spans_s=((0.001, END_S),))),
}
UP_FAILS_S: Final = 1.0
DOWN_FAILS_S: Final = 2.5  # later: what is lost on the way up cannot be lost on the way down
MILD: Final = {
    f"G.1050 severity {letter}": Mix(up=severity(letter, 201, UP_FAILS_S), down=severity(letter, 202, DOWN_FAILS_S)) for letter in "ABCD"
}
SEVERE: Final = {
    f"G.1050 severity {letter}": Mix(up=severity(letter, 203, UP_FAILS_S), down=severity(letter, 204, DOWN_FAILS_S)) for letter in "EFGH"
}
SOME_UP: Final = Impairment(delay_ms=20, jitter_ms=0.6, loss=0.03, duplicate=0.02, seed=131)
SOME_DOWN: Final = Impairment(delay_ms=25, jitter_ms=0.4, loss=0.02, seed=132)
STEADY: Final = Impairment(delay_ms=15)
CLOCKS: Final = {
    "hours behind": Mix(up=SOME_UP, down=SOME_DOWN, strange=("--hours", "-5"), hours=-5.0),
    "months ahead": Mix(up=SOME_UP, down=SOME_DOWN, strange=("--hours", "2000.5"), hours=2000.5),
    "100 ppm fast": Mix(up=SOME_UP, down=SOME_DOWN, strange=("--ppm", "100"), told=r"clock gained \d+ ppm"),
    "100 ppm slow, nothing lost": Mix(up=STEADY, down=STEADY, strange=("--ppm", "-100"), told=r"clock lost \d+ ppm"),
    "set in mid-session": Mix(
        up=SOME_UP, down=SOME_DOWN, strange=("--step-ms", "250", "--step-after", "150"), told=r"clock stepped by 2(50\.\d|49\.9) ms"
    ),
    "numbers that wrap at 2^32": Mix(up=SOME_UP, strange=("--first-number", str(NEAR_WRAP)), first_number=NEAR_WRAP),
}
GROUPS: Final = {
    "loss": LOSS,
    "copies": COPIES,
    "jitter": JITTER,
    "links": LINKS,
    "forms": FORMS,
    "ends": ENDS,
    "mild": MILD,
    "severe": SEVERE,
    "clocks": CLOCKS,
}
