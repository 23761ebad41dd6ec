"""`nra mos`: the E-model as a calculator."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from nra.cli.errors import told_to_the_user
from nra.cli.options import CODECS, Quantity

if TYPE_CHECKING:
    from nra.model.codec import Codec
    from nra.run.what_if import Answer, Question

MOST = 1e6  # beyond any call; keeps the formulas' powers within floating point
BARE_G711 = ("g107", 0.0, 4.3)  # G.113 Appendix I: the defaults of G.107 table 3 are those of G.711 without concealment
TITLES = {"g107": "G.107 narrowband", "g107.1": "G.107.1 wideband", "g107.2": "G.107.2 fullband"}
TERMS = {
    "ro": ("+", "Ro", "signal to noise"),
    "i_s": ("-", "Is", "level, sidetone, quantizing"),
    "i_d": ("-", "Id", "delay and echo"),
    "ie_eff": ("-", "Ie,eff", "codec and packet loss"),
    "a": ("+", "A", "advantage"),
}


@click.command()
@click.option(
    "--model", type=click.Choice(list(TITLES)), help="Bandwidth of the model; MOS of two models are never compared.  [default: g107]"
)
@click.option("--codec", type=click.Choice(CODECS), help="Take model, Ie and Bpl from the catalogue, unless given here.")
@click.option(
    "--ta-ms", type=Quantity(0, MOST), default=0.0, show_default=True, help="One-way delay from mouth to ear, everything included."
)
@click.option("--loss-percent", type=Quantity(0, 100), default=0.0, show_default=True, help="Packets lost or discarded.")
@click.option("--burst-r", type=Quantity(1, MOST), default=1.0, show_default=True, help="Burst ratio: 1 is random loss.")
@click.option("--ie", type=Quantity(0, 132), help="Equipment impairment of the codec.  [default: 0]")
@click.option("--bpl", type=Quantity(0, MOST, above=0), help="Packet-loss robustness of the codec.  [default: 4.3, none at all]")
@click.option("--advantage", type=Quantity(0, MOST), default=0.0, show_default=True, help="A: what users forgive for convenience.")
@click.option("--echo-path", is_flag=True, help="Add a symmetric echo path (T = Ta, Tr = 2 Ta); echo-free otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON, and nothing else.")
def mos(model: str | None, codec: str | None, ie: float | None, bpl: float | None, as_json: bool, **call: Any) -> None:  # noqa: ANN401 - the call's other numbers, as declared above
    """Compute R and MOS by the E-model (ITU-T G.107, G.107.1, G.107.2).

    Without --codec: Ie 0 and Bpl 4.3 in every model (G.107 table 3), a codec without concealment.
    """
    from nra import catalogue
    from nra.model.codec import EModel
    from nra.run.what_if import Question, what_if

    with told_to_the_user(catalogue.CatalogueError):
        entry = catalogue.codec(codec) if codec else None
    if entry and model and model != entry.model:
        raise click.UsageError(f"--codec {codec} stands on the scale of {entry.model}, not of --model {model}", click.get_current_context())
    planned: dict[str, Any] = {"model": EModel(model) if model else None, "ie": ie, "bpl": bpl}
    known: dict[str, Any] = {"model": entry.model, "ie": entry.ie, "bpl": entry.bpl} if entry else {}
    question = Question(**call, **known | {name: value for name, value in planned.items() if value is not None})
    with told_to_the_user(ValueError):
        answer = what_if(question)
    click.echo(_json(question, entry, answer) if as_json else _page(question, entry, answer))


def _json(question: "Question", entry: "Codec | None", answer: "Answer") -> str:
    codec = {"codec": entry.name, "codec_standing": entry.standing, "codec_source": entry.source} if entry else {"codec": None}
    return json.dumps(asdict(question) | codec | asdict(answer), ensure_ascii=False, indent=2)


def _page(question: "Question", entry: "Codec | None", answer: "Answer") -> str:
    lines = [
        f"E-model  {TITLES[question.model]}, {'symmetric echo path' if question.echo_path else 'echo-free'}",
        f"Codec    Ie {question.ie:g}, Bpl {question.bpl:g}" + _whose(question, entry),
        f"Call     Ta {question.ta_ms:g} ms, loss {question.loss_percent:g} %, BurstR {question.burst_r:g}, A {question.advantage:g}",
        *(f"  {sign} {name:<7}{answer.terms[term]:8.2f}  {words}" for term, (sign, name, words) in TERMS.items()),
        f"R        {answer.r_factor:.2f}",
        f"MOS-CQE  {answer.mos:.2f}" + (f" ({answer.category})" if answer.category else ""),
        *(f"Note     {note}" for note in answer.notes),
    ]
    return "\n".join(lines)


def _whose(question: "Question", entry: "Codec | None") -> str:
    """Return whose values Ie and Bpl are; nothing when they are nobody's in particular."""
    if entry:
        return f": {entry.title} ({entry.standing})"
    return " (no codec given: G.711 without concealment)" if (question.model, question.ie, question.bpl) == BARE_G711 else ""
