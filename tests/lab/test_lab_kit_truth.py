"""The lab's own arithmetic against the published vectors, and its comparison against numbers that are wrong: truth must be true first."""

import csv
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lab_compare import differences
from lab_emodel import CODECS, SCALES, PlanningValues, mos, quality, r_factor
from lab_mixes import severity
from lab_numbers import Arrival, Journey, adaptive, buffer, burst_ratio, delay_variation, nearest_rank, reordered, running_jitter
from lab_record import CallRecord, PacketRow, Reply, probes_of, unix_ns
from lab_session import Session
from lab_truth import Terms, above_fastest, standing_out, voice_truth

from nra.testing.chance import Bursts
from nra.testing.impairment import Impairment
from nra.testing.impairment import Path as Way
from nra.testing.relay_record import Crossing
from nra.wire.timestamps import ntp_from_unix_ns

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000
VECTORS = Path(__file__).parents[1] / "vectors" / "emodel_vectors.csv"


def journey(*delays_ms: float | None) -> Journey:
    """Return the journey of packets with these delays, 20 ms apart, None where one was lost; they arrive in order."""
    sent = {sequence: START_NS + sequence * 20 * MS for sequence in range(len(delays_ms))}
    arrivals = [Arrival(sequence, sequence, round(delay * MS)) for sequence, delay in enumerate(delays_ms) if delay is not None]
    return Journey(second_of=dict.fromkeys(sent, 0), sent_ns=sent, arrivals=arrivals, duplicates=0)


@pytest.mark.parametrize("late_ms", [0, 14, 400])
def test_a_probe_is_known_however_late_its_sender_was_interrupted(late_ms: int) -> None:
    """Between the stamp in a packet and the kernel's a busy machine may put any time; the question before the stream is no probe."""
    rows = [
        PacketRow(0, sequence, START_NS + (20 * sequence + late_ms * (sequence == 1)) * MS, None, None, None, None) for sequence in range(3)
    ]
    carried = [(sequence, ntp_from_unix_ns(START_NS + 20 * sequence * MS)) for sequence in range(3)]
    question = (0, ntp_from_unix_ns(START_NS - 20 * MS))
    closing = (1, ntp_from_unix_ns(START_NS + 2_000 * MS))  # of another call, which skipped a slot
    probes = probes_of(rows, [question, *carried, closing])
    assert probes == {each: (row.t1_ns, 0) for each, row in zip(carried, rows, strict=True)}
    assert unix_ns(carried[2][1]) == rows[2].t1_ns


@pytest.mark.parametrize("times_ms", [(), (1,), (0, 0, 0)], ids=["never came", "came too late", "came twice"])
def test_a_probe_that_never_came_to_the_relay_or_twice_is_no_truth(times_ms: tuple[int, ...]) -> None:
    """Nothing can be compared with such a record."""
    rows = [PacketRow(call, 0, START_NS, None, None, None, None) for call in (0, 1)]
    with pytest.raises(AssertionError, match="came to the relay"):
        probes_of(rows, [(0, ntp_from_unix_ns(START_NS + ms * MS)) for ms in times_ms])


def test_calls_of_one_moment_are_told_apart() -> None:
    """Two probes of one sequence, both stamped before either left."""
    rows = [PacketRow(call, 7, START_NS + (5 + call) * MS, None, None, None, None) for call in (0, 1)]
    carried = [(7, ntp_from_unix_ns(START_NS + call * MS)) for call in (0, 1)]
    assert probes_of(rows, carried) == {each: (row.t1_ns, row.call) for each, row in zip(carried, rows, strict=True)}


@pytest.mark.parametrize(
    ("arrivals", "sent", "jitter"),
    [
        ((1000, 1160, 1336, 1480, 1700, 1800, 1960, 2136), range(8), (0, 1, 1.9375, 5.566406, 8.968506, 8.407974, 8.882476)),
        ((0, 160, 320, 480, 640), (0, 1, 3, 2, 4), (0, 10, 29.375, 37.539062)),
    ],
)
def test_jitter(arrivals: tuple[int, ...], sent: tuple[int, ...], jitter: tuple[float, ...]) -> None:
    """RFC 3550's J in ticks of 8 kHz, 160 to a packet, by hand."""
    transits = [came - 160 * number for came, number in zip(arrivals, sent, strict=True)]
    assert running_jitter(transits) == pytest.approx(jitter, abs=1e-6)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [("1 2 3 7 8 9 4 5 6", 3), ("1 10 5", 1), ("1 2 3 4 6 5 7", 1), ("0 1 2", 0)],
)
def test_reordering(numbers: str, expected: int) -> None:
    """The examples of RFC 4737."""
    assert reordered(map(int, numbers.split())) == expected


def test_delay_variation() -> None:
    """The second example of RFC 5481: 0, 10, 50, lost, 20, 0, 10, 50, 30, 20, 0 above the smallest."""
    found = delay_variation([journey(100, 110, 150, None, 120, 100, 110, 150, 130, 120, 100)])
    assert found == {"p50": 10, "p95": 50, "p99": 50, "max": 50}
    assert [nearest_rank([15, 20, 35, 40, 50], p) for p in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]


@pytest.mark.parametrize(("nominal_ms", "late"), [(40, [3, 4, 8]), (60, [8])])
def test_fixed_buffers(nominal_ms: float, late: list[int]) -> None:
    """Later than the nominal delay above the fastest is too late, by hand; what was lost is not late."""
    way = journey(20, 22, 21, 65, 60, 40, None, 20, 85, 19)
    assert [place for place, is_late in enumerate(way.late(nominal_ms)) if is_late] == late
    assert buffer([way], nominal_ms)["discards"] == len(late)


def test_the_adaptive_buffer() -> None:
    """80 ms at first, then as much as the peaks want: 90 ms above the fastest is too late before the first peak is known, not after."""
    found = adaptive([journey(*([10] * 24 + [100] + [10] * 24 + [100]))], 0.0)
    assert (found["discards"], found["delay_ms"]) == (1, 90.0)


@pytest.mark.parametrize(("bad", "ratio"), [("....", 1.0), (".X..X...", 1.0), ("..XX..XXXX..", 1.5), ("XXXXXXXX", 1.0)])
def test_burst_ratio(bad: str, ratio: float) -> None:
    """The mean run times the share that is good, not below 1: two runs of three packets on average, half of all good."""
    assert burst_ratio([[mark == "X" for mark in bad]]) == ratio


def vectors() -> Iterator[dict[str, str]]:
    """Yield the rows of the vectors that have no echo and no advantage: those are the models the lab computes."""
    with VECTORS.open(encoding="ascii", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["model"] in SCALES and float(row["A"]) == 0)


def test_emodel() -> None:
    """R and MOS as published, to the digits given."""
    rows = list(vectors())
    assert {row["model"] for row in rows} == set(SCALES)
    for row in rows:
        scale = SCALES[row["model"]]
        codec = PlanningValues(scale, float(row["Ie"]), float(row["Bpl"]), 0.0)
        r = r_factor(codec, float(row["Ta_ms"]), float(row["Ppl_percent"]), float(row["BurstR"]))
        assert r == pytest.approx(float(row["R_expected"]), abs=2e-6), row
        assert mos(r / scale.stretch) == pytest.approx(float(row["MOS_expected"]), abs=2e-6), row


def test_a_number_that_is_missing_makes_quality_absent() -> None:
    """Without a round trip there is no MOS; where nothing is left of R, nothing more can be taken."""
    numbers = {"loss_percent": 60.0, "discard_percent": 20.0, "burst_r": 1.0}
    assert quality(CODECS["g711"], numbers, None, 20.0)["mos"] is None
    ruined = quality(CODECS["g722"], numbers, 900.0, 20.0)
    assert (ruined["r_factor"], ruined["mos"]) == (0.0, 1.0)
    assert sum(cost["points"] for cost in ruined["costs"]) == pytest.approx(CODECS["g722"].scale.best)


def test_what_stands_out_of_its_neighbours() -> None:
    """An interruption of 3 ms is found beside a clock that drifts and is set: those change what lies around as well."""
    times = [round((place * 0.002 + (250 if place >= 20 else 0)) * MS) for place in range(40)]
    times[30] += 3 * MS
    out = standing_out(times)
    assert out[30] == pytest.approx(3 * MS, rel=0.05)
    assert max(out[:30] + out[31:]) < 0.1 * MS


def test_a_quick_packet_among_slow_ones_makes_them_late() -> None:
    """Delays are told above the fastest: where all have one clock, what the others waited counts, though no neighbour was quicker."""
    times = [200_000] * 40
    times[20] = 50_000
    assert above_fastest(times) == [150_000] * 20 + [0] + [150_000] * 19
    assert standing_out(times) == [0] * 40


def session() -> Session:
    """Return a session that never was: packets through two impaired ways, and a run document that says of them what is true."""
    up, down = (Way(Impairment(delay_ms=20, jitter_ms=60, loss=0.05, duplicate=0.04, reorder=0.1, seed=seed)) for seed in (5, 6))
    call = CallRecord({}, {}, {})
    for sequence in range(300):
        t1_ns = START_NS + sequence * 20 * MS
        call.up[sequence], call.t1_ns[sequence] = crossing("up", up, t1_ns), t1_ns
    for number, moment in enumerate(call.reached()):
        t2_ns = moment.left_ns
        call.down[number] = Reply(crossing("down", down, t2_ns + MS), moment.sequence, t2_ns, t2_ns + MS)
    truth = voice_truth([call], Terms(interval_ms=20.0, codec="g711"))
    document = {
        "voice": truth | {"not_sent": 0},
        "metrics": [{"key": "up_jitter_ms", "value": truth["up"]["jitter_ms"], "verdict": "PASS"}],
    }
    mix = SimpleNamespace(interval_ms=20.0, codec="g711", dscp_up=None, dscp_down=None, sealed=False, strange=())
    made = Session(cast("Any", mix), cast("Any", None), deepcopy(document), [], [call])
    object.__setattr__(made, "packets", rows_of(call))
    return made


def crossing(direction: str, way: Way, came_ns: int) -> Crossing:
    """Return what a way does to a packet, as the relay writes it down."""
    left_ns = sorted(way.carry(b"", came_ns))
    return Crossing(
        direction=direction,
        number=0,
        client="",
        size=172,
        head=b"",
        tos=184,
        came_ns=came_ns,
        due_ns=tuple(left_ns),
        left_ns=list(left_ns),
        gone_ns=list(left_ns),
        lost_to=None,
    )


def rows_of(call: CallRecord) -> list[Any]:
    """Return the rows of the per-packet record of which the comparison needs only the arrivals."""
    return [SimpleNamespace(call=0, t4_ns=moment.left_ns) for moment in call.returned()]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every number of a nested structure with the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    elif isinstance(value, int | float):
        yield path, value


def test_what_is_true_is_not_complained_about() -> None:
    """The comparison agrees with the truth itself."""
    assert differences(session()) == []


def test_every_number_that_is_wrong_is_found() -> None:
    """Each number of the voice half, wrong by little more than the tolerance, is named."""
    made = session()
    true = list(leaves(made.truth()))
    for path, value in true:
        holder = made.document["voice"]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value + wrong_by(path, value)
    complaints = {complaint.partition(":")[0] for complaint in differences(made)}
    assert {".".join(map(str, path)) for path, _ in true} == complaints - {"up_jitter_ms"}


def wrong_by(path: tuple[Any, ...], value: float) -> float:
    """Return more than the tolerance of that number."""
    name = path[-1]
    if name in ("mos", "up", "down"):
        return 0.011
    if name in ("r_factor", "points"):
        return 0.26
    if isinstance(value, int) or name == "start_s":
        return 7  # some packets are close to a buffer's limit
    if str(name).endswith("_ms") or name in ("p50", "p95", "p99", "max"):
        return max(0.11, 0.021 * value)
    return 0.001


def test_an_arrival_too_many_is_found() -> None:
    """A row of the document that says otherwise than the voice half is named too."""
    made = session()
    made.document["metrics"][0]["value"] += 0.001
    (complaint,) = differences(made)
    assert complaint.startswith("up_jitter_ms")


def test_severities_are_those_of_the_model() -> None:
    """Severity G's access segment: in steps of 1 ms 0.006 into high load and 0.2 / 31 out of it; taken from packet to packet (20 steps)."""
    made = severity("G", 1, 2.0)
    bursts = cast("Bursts", made.bursts)
    assert (made.delay_ms, made.jitter_ms, made.loss) == (256, 150, 0.005)
    assert bursts.loss_bad == pytest.approx(0.015)
    high = [1.0, 0.0]
    for start, expected in ((0, bursts.to_bad), (1, 1 - bursts.to_good)):
        chance = float(start)
        for _ in range(20):
            chance = chance * (1 - 0.2 / 31) + (1 - chance) * 0.006
        high[start] = chance
        assert expected == pytest.approx(chance)
