"""What if: one question to the E-model, answered with R, MOS and what each impairment cost."""

from dataclasses import asdict, dataclass

from nra.model.codec import EModel
from nra.scoring.emodel import IE_CEILING, EModelParameters, rate, with_echo_path
from nra.scoring.mos import category_of_r

# the model's symbol -> the word in which it was asked
ASKED_AS = {"ppl_percent": "loss_percent", "a": "advantage", "t_ms": "echo_path", "tr_ms": "echo_path"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call as planned: `ta_ms` from mouth to ear, everything included; `loss_percent` lost and discarded together."""

    model: EModel = EModel.NARROWBAND
    ta_ms: float = 0.0
    loss_percent: float = 0.0
    burst_r: float = 1.0
    ie: float = 0.0
    bpl: float = 4.3
    advantage: float = 0.0
    echo_path: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """R strictly by formula, MOS as shown (1..4.5), the terms of R, the G.109 word (narrowband only), what to be careful with."""

    r_factor: float
    mos: float
    terms: dict[str, float]
    category: str | None
    outside_range: tuple[str, ...]
    notes: tuple[str, ...]


def what_if(question: Question) -> Answer:
    """Return the model's answer; raises ValueError when Ie lies above the model's scale."""
    ceiling = IE_CEILING[question.model]
    if question.ie > ceiling:
        raise ValueError(f"Ie {question.ie:g} is more than {question.model} can take away ({ceiling:g})")
    parameters = EModelParameters(
        ta_ms=question.ta_ms,
        ppl_percent=question.loss_percent,
        burst_r=question.burst_r,
        ie=question.ie,
        bpl=question.bpl,
        a=question.advantage,
    )
    result = rate(question.model, with_echo_path(parameters) if question.echo_path else parameters)
    terms = asdict(result)
    for name in ("r", "mos", "mos_strict", "outside"):
        del terms[name]
    outside = tuple(dict.fromkeys(ASKED_AS.get(name, name) for name in result.outside))
    return Answer(
        r_factor=result.r,
        mos=result.mos,
        terms=terms,
        category=category_of_r(result.r) if question.model is EModel.NARROWBAND else None,
        outside_range=outside,
        notes=_notes(question, outside),
    )


def _notes(question: Question, outside: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if outside:
        notes.append(f"outside the model's range, an extrapolation: {', '.join(outside)}")
    if question.burst_r > 1 and question.model is not EModel.NARROWBAND:
        notes.append(f"{question.model} knows no bursts: BurstR is taken as 1")
    if question.echo_path and question.model is EModel.FULLBAND:
        notes.append(f"{question.model} has no term for echo: the echo path changes nothing")
    return tuple(notes)
