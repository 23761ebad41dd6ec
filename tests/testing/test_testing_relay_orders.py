"""The relay's orders as they are typed, and what is none."""

import json
from pathlib import Path

import pytest

from nra.testing.chance import Bursts, JitterShape
from nra.testing.impairment import Impairment
from nra.testing.relay import main
from nra.testing.relay_orders import host_port, impairment, impairment_json


def test_orders_are_read_from_the_command_line() -> None:
    """Addresses in brackets where they are IPv6, impairments as JSON with runs and spans as arrays."""
    assert host_port("[fd00::1]:7") == ("fd00::1", 7)
    orders = {"loss": 0.5, "loss_runs": [[1, 3]], "loss_spans_s": [[2, 2.5]], "bursts": {"to_bad": 0.1, "to_good": 0.5}}
    read = Impairment(loss=0.5, loss_runs=(range(1, 3),), loss_spans_s=((2.0, 2.5),), bursts=Bursts(to_bad=0.1, to_good=0.5))
    assert impairment(json.dumps(orders)) == read
    assert impairment("{}") == Impairment()


@pytest.mark.parametrize(
    "asked",
    [
        Impairment(),
        Impairment(loss_runs=(range(2, 9),), loss_spans_s=((1.0, 2.0),), stalls_s=((3.0, 4.0),), detours=((5.0, 6.0, 7.0),)),
        Impairment(jitter_ms=4, jitter_shape=JitterShape.PARETO, bursts=Bursts(to_bad=0.1, to_good=0.2), rate_kbit_s=64),
    ],
)
def test_what_is_written_is_read_again(asked: Impairment) -> None:
    """A test hands its impairment to the program as it stands."""
    assert impairment(impairment_json(asked)) == asked


@pytest.mark.parametrize(
    "wrong",
    [
        "{",
        '{"colour": 1}',
        '{"loss_runs": [[1, "x"]]}',
        '{"loss_spans_s": [1]}',
        '{"loss_spans_s": [[1, 2, 3]]}',
        '{"stalls_s": [[1]]}',
        '{"jitter_shape": "round"}',
        '{"bursts": {"to_bad": 1}}',
    ],
)
def test_wrong_orders_are_refused(wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no impairment ends in one line of usage, not in a traceback."""
    with pytest.raises(SystemExit):
        main(["--listen", "127.0.0.1:0", "--to", "127.0.0.1:9", "--up", wrong, "--record", str(tmp_path / "record")])
    assert "--up" in capsys.readouterr().err
