"""What was seen of a port, in words that a firewall team can check."""

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Observation, Trust
from nra.model.plan import CheckParameters, Target, Task
from nra.scoring.evidence import MOST_WORDS, TOLD_BY_ITSELF, of_answer, of_range, words


def failure(kind: FailureKind, detail: str = "as the system says") -> Failure:
    """Return a failure."""
    return Failure(kind=kind, operation="STUN Binding request", detail=detail)


def test_both_families_are_named() -> None:
    """IPv4 and IPv6 are asked each, and the evidence says what became of both."""
    silent = Elsewhere(address="2001:db8::1", failure=failure(FailureKind.NO_ANSWER, "3 sent within 500 ms, no answer"))
    answer = Answer(address="192.0.2.1", elapsed_ms=12.34, said="STUN success", elsewhere=(silent,))
    assert of_answer(answer) == (
        "IPv4 192.0.2.1: STUN success after 12.3 ms; IPv6 2001:db8::1: STUN Binding request: 3 sent within 500 ms, no answer"
    )
    both = Answer(
        address="2001:db8::1", elapsed_ms=1.0, said="here", elsewhere=(Elsewhere(address="192.0.2.1", said="here", elapsed_ms=2.0),)
    )
    assert of_answer(both) == "IPv6 2001:db8::1: here after 1.0 ms; IPv4 192.0.2.1: here after 2.0 ms"


def test_a_late_try_and_a_root_of_this_workstation_are_told() -> None:
    """An answer to the third try means that two were lost; a root that only this workstation trusts means inspection."""
    assert of_answer(Answer(address="a", elapsed_ms=1.0, said="here", tries=3)).endswith("here after 1.0 ms, to try 3")
    assert "only this workstation" in of_answer(Answer(address="a", elapsed_ms=1.0, said="TLSv1.3", trust=Trust.SYSTEM))
    assert "only this workstation" not in of_answer(Answer(address="a", elapsed_ms=1.0, said="TLSv1.3", trust=Trust.PUBLIC))


def test_a_kind_is_named_where_the_detail_does_not_say_it() -> None:
    """What the system says of a failed certificate needs the word beside it; "no answer" does not need it twice."""
    assert words(failure(FailureKind.NO_ANSWER, "3 sent, no answer")) == "STUN Binding request: 3 sent, no answer"
    assert words(failure(FailureKind.TLS_UNTRUSTED, "self-signed")) == "STUN Binding request: tls untrusted (self-signed)"
    for kind in FailureKind:
        assert (kind.value.replace("_", " ") in words(failure(kind))) is (kind not in TOLD_BY_ITSELF)


def test_a_range_tells_where_a_rule_begins_and_ends() -> None:
    """Neighbouring samples with the same outcome are told once, in order of their ports, whatever the order of asking."""

    def sample(port: int, silent: bool) -> Observation:
        task = Task(probe="stamp_echo", target=Target(host="a", port=port), parameters=CheckParameters())
        if silent:
            return Observation(task=task, started_ns=0, ended_ns=1, failure=failure(FailureKind.NO_ANSWER, "silence"))
        return Observation(task=task, started_ns=0, ended_ns=1, value=Answer(address="a", elapsed_ms=1.0, said="STAMP reply"))

    seen = [sample(port, port > 32768) for port in (65535, 16384, 20480, 32768, 40960)]
    assert of_range(seen) == (
        "3 of 5 ports asked answered (STAMP reply after 1.0 to 1.0 ms); 16384 to 32768 (3 asked): answered; "
        "40960 to 65535 (2 asked): STUN Binding request: silence"
    )
    assert of_range([sample(1, True)]) == "0 of 1 ports asked answered; 1: STUN Binding request: silence"


def test_a_server_that_calls_itself_a_lot_stays_short() -> None:
    """A ticket stays readable, whatever somebody on the network says of himself."""
    answer = Answer(address="192.0.2.1", elapsed_ms=1.0, said="x" * 60_000)
    assert of_answer(answer) == f"IPv4 192.0.2.1: {'x' * (MOST_WORDS - 3)}... after 1.0 ms"
    failure = Failure(kind=FailureKind.WRONG_PROTOCOL, operation="HTTP", detail="y" * 60_000)
    assert len(words(failure)) < MOST_WORDS + 50
