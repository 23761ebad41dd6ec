"""The self-test as people see it: the same rows on a terminal and elsewhere."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from nra.model.document import Host
from nra.model.self_test import SCHEMA, Check, SelfTest
from nra.model.verdict import Overall, Verdict
from nra.report.self_test import DECIMALS, PARTS, plain, screen, sentence

CHECK = Check(
    key="clock.perf_counter",
    label="Step of perf_counter",
    value=0.0412,
    unit="µs",
    limit="<= 100 µs",
    verdict=Verdict.PASS,
    evidence="claims 0.001 µs",
    meaning="All times are read from it.",
    advice=None,
)
SLEEP = replace(CHECK, key="timer.sleep", label="Lateness of sleep", value=15.6, unit="ms", limit="< 5 ms", verdict=Verdict.INFO)
SLEEP = replace(SLEEP, meaning="Late packets disturb the grid.", advice="Nothing to do.")
SELECT = replace(SLEEP, key="timer.select", label="Lateness of select")
LOSS = replace(
    CHECK, key="noise.loss", label="Loss on loopback", value=None, unit="%", verdict=Verdict.NOT_MEASURED, evidence="no [red]loopback",
    advice="Try again.",
)  # fmt: skip
TEST = SelfTest(
    schema=SCHEMA,
    verdict=Overall.INCONCLUSIVE,
    tool_version="0.0",
    started_at="2026-11-22T08:00:00Z",
    elapsed_s=7.0,
    duration_s=3.0,
    interrupted=False,
    host=Host(name="pc", os="Windows"),
    checks=(CHECK, SLEEP, SELECT, LOSS),
)


def drawn(test: SelfTest, width: int = 200) -> str:
    """Return what rich draws of it."""
    console = Console(file=StringIO(), width=width)
    console.print(screen(test))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_plain_lines() -> None:
    """The verdict in a sentence, a table for each part, what is remarkable, the gravest first and the same words once."""
    assert plain(TEST).splitlines() == [
        "INCONCLUSIVE: Not everything could be examined: Loss on loopback.",
        "",
        "Clocks                Result     Expectation  Verdict       What was seen",
        "Step of perf_counter  0.041 µs   <= 100 µs    PASS          claims 0.001 µs",
        "",
        "Timers                Result     Expectation  Verdict       What was seen",
        "Lateness of sleep     15.600 ms  < 5 ms       INFO          claims 0.001 µs",
        "Lateness of select    15.600 ms  < 5 ms       INFO          claims 0.001 µs",
        "",
        "Noise floor           Result     Expectation  Verdict       What was seen",
        "Loss on loopback                 <= 100 µs    NOT MEASURED  no [red]loopback",
        "",
        "NOT MEASURED: Loss on loopback. Why: no [red]loopback. Try again.",
        "INFO: Lateness of sleep, Lateness of select. Late packets disturb the grid. Nothing to do.",
    ]


def test_a_terminal_shows_the_same_words() -> None:
    """Every cell and every remark of the plain lines, in the same order; brackets are no markup."""
    for line in plain(TEST).splitlines():
        shown = " ".join(drawn(TEST).split())
        for word in line.removesuffix("What was seen").split():
            assert word.strip(":") in shown
    assert max(map(len, drawn(TEST, 80).splitlines())) <= 80


@pytest.mark.parametrize(
    ("verdict", "checks", "said"),
    [
        (Overall.PASS, (CHECK, SLEEP), "This machine is fit to measure voice."),
        (
            Overall.WARN,
            (CHECK, replace(SLEEP, verdict=Verdict.WARN)),
            "This machine is fit to measure voice, with reservations: Lateness of sleep.",
        ),
        (Overall.FAIL, (replace(CHECK, verdict=Verdict.FAIL), LOSS), "This machine is not fit to measure voice: Step of perf_counter."),
        (
            Overall.INCONCLUSIVE,
            (LOSS,) * 7,
            f"Not everything could be examined: {', '.join(['Loss on loopback'] * 4)}, 3 more.",
        ),
    ],
)
def test_the_sentence_names_what_decided(verdict: Overall, checks: tuple[Check, ...], said: str) -> None:
    """At most four rows are named."""
    assert sentence(replace(TEST, verdict=verdict, checks=checks)) == said


def test_an_interruption_is_said() -> None:
    """The reader knows why rows are missing."""
    assert sentence(replace(TEST, interrupted=True)).startswith("Not everything could be examined (interrupted): ")


def test_every_part_and_unit_of_the_rules_can_be_printed() -> None:
    """A new rule has a heading and a number of decimals."""
    from nra.scoring.doctor_rules import RULES

    assert {rule.key.partition(".")[0] for rule in RULES} == set(PARTS)
    assert {rule.criterion.unit for rule in RULES} <= set(DECIMALS)
