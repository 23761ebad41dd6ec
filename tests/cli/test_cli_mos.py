"""`nra mos`: the E-model by options, in words and as JSON."""

import json

import pytest
from click.testing import CliRunner, Result

from nra.cli import cli
from nra.run.what_if import Question, what_if


def invoke(*args: str) -> Result:
    """Run `nra mos`."""
    return CliRunner().invoke(cli, ["mos", *args])


def answer(*args: str) -> dict[str, object]:
    """Return the JSON of `nra mos`."""
    result = invoke(*args, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize(
    ("args", "r_factor", "mos"),
    [
        ("", 93.206208, 4.409406),
        ("--ta-ms 150", 93.042677, 4.406220),
        ("--ta-ms 400", 69.136119, 3.556227),
        ("--loss-percent 1", 75.281679, 3.833916),
        ("--loss-percent 1 --bpl 25.1", 89.566361, 4.328232),
        ("--loss-percent 5 --burst-r 2 --bpl 25.1", 75.996063, 3.864123),
        ("--loss-percent 2 --ie 11 --bpl 19", 74.206208, 3.787558),
        ("--advantage 10", 103.206208, 4.5),
        ("--ta-ms 150 --echo-path", 89.539132, 4.327546),
        ("--ta-ms 250 --echo-path", 79.177101, 3.992519),
        ("--model g107.1 --bpl 15", 128.846315, 4.499152),
        ("--model g107.1 --loss-percent 2 --ie 20", 85.036791, 3.400297),
        ("--model g107.1 --ta-ms 150 --ie 5 --bpl 15 --echo-path", 122.421331, 4.439743),
        ("--model g107.2", 148.0, 4.5),
        ("--model g107.2 --loss-percent 3 --ie 10.8 --bpl 10.3", 109.861654, 3.788632),
        ("--model g107.2 --ta-ms 250 --loss-percent 3 --ie 10.2", 74.548475, 2.594465),
    ],
)
def test_vectors(args: str, r_factor: float, mos: float) -> None:
    """Values on which at least three independent implementations of G.107, G.107.1 and G.107.2 agree (collected 2026-11-22)."""
    found = answer(*args.split())
    assert found["r_factor"] == pytest.approx(r_factor, abs=1e-6)
    assert found["mos"] == pytest.approx(mos, abs=1e-6)


@pytest.mark.parametrize(
    "args", ["--loss-percent 100", "--ta-ms 1000 --loss-percent 20", "--loss-percent 100 --burst-r 1000000 --bpl 0.001"]
)
def test_the_mos_shown_never_falls_below_one(args: str) -> None:
    """The cubic of G.107 Annex B is below 1 for 0 < R < 6.5; people are shown 1."""
    assert answer(*args.split())["mos"] == 1.0


@pytest.mark.parametrize(
    ("codec", "model", "ie", "bpl"),
    [("g711", "g107", 0, 25.1), ("g729", "g107", 11, 19), ("g722", "g107.1", 13, 4.5), ("opus", "g107.2", 17, 10.4)],
)
def test_a_codec_brings_its_model_and_values(codec: str, model: str, ie: float, bpl: float) -> None:
    """From the catalogue, with the standing that tells how far they may be trusted."""
    found = answer("--codec", codec)
    assert (found["codec"], found["model"], found["ie"], found["bpl"]) == (codec, model, ie, bpl)
    assert found["codec_standing"] == {"g722": "provisional", "opus": "estimate"}.get(codec, "ITU")


def test_values_given_beat_the_codecs() -> None:
    """What if this G.729 were as robust as G.711?"""
    found = answer("--codec", "g729", "--bpl", "25.1")
    assert (found["ie"], found["bpl"]) == (11, 25.1)


def test_a_codec_is_not_moved_to_another_scale() -> None:
    """Ie of G.722 is a wideband value: on the narrowband scale it would be wrong, so the pair is refused."""
    result = invoke("--codec", "g722", "--model", "g107")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "g107.1" in result.stderr
    assert answer("--codec", "g722", "--model", "g107.1")["model"] == "g107.1"


@pytest.mark.parametrize(
    "args",
    [
        "--loss-percent 101",
        "--loss-percent -1",
        "--loss-percent nan",
        "--ta-ms -1",
        "--ta-ms inf",
        "--burst-r 0.9",
        "--ie -1",
        "--ie 96",
        "--bpl 0",
        "--bpl -1",
        "--advantage -1",
        "--model g108",
        "--codec mp3",
        "--ta-ms x",
        "--model g107.1 --ie 100",
    ],
)
def test_what_no_call_can_have_is_a_usage_error(args: str) -> None:
    """Exit code 2 and no number: a calculator must not answer nonsense with a MOS."""
    result = invoke(*args.split())
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("args", "outside"),
    [
        ("--ta-ms 500 --loss-percent 20 --burst-r 1", []),
        ("--ta-ms 501", ["ta_ms"]),
        ("--loss-percent 21", ["loss_percent"]),
        ("--loss-percent 1 --burst-r 8", []),
        ("--loss-percent 2 --burst-r 2.1", ["burst_r"]),
        ("--burst-r 9", ["burst_r"]),
        ("--advantage 21", ["advantage"]),
        ("--ie 41", ["ie"]),
        ("--bpl 4.2", ["bpl"]),
        ("--ta-ms 501 --echo-path", ["echo_path", "ta_ms"]),
    ],
)
def test_beyond_the_models_range_is_computed_and_flagged(args: str, outside: list[str]) -> None:
    """G.107 table 3: an extrapolation is an answer, but it says that it is one."""
    found = answer(*args.split())
    assert found["outside_range"] == outside
    assert isinstance(found["mos"], float)
    notes = invoke(*args.split()).stdout
    assert ("an extrapolation" in notes) == bool(outside)


def test_the_terms_add_up_to_r() -> None:
    """R = Ro - Is - Id - Ie,eff + A (G.107, 7-1): why the MOS is what it is."""
    found = answer("--codec", "g711", "--ta-ms", "300", "--loss-percent", "2", "--advantage", "5")
    terms = found["terms"]
    assert isinstance(terms, dict)
    assert terms["ro"] - terms["i_s"] - terms["i_d"] - terms["ie_eff"] + terms["a"] == pytest.approx(found["r_factor"])


def test_the_page_says_the_same_in_words() -> None:
    """Two decimals, the model, the codec's standing, the G.109 word."""
    page = invoke("--codec", "g729", "--loss-percent", "2").stdout
    assert "G.107 narrowband, echo-free" in page
    assert "Ie 11, Bpl 19: G.729A with VAD 8 kbit/s (ITU)" in page
    assert "R        74.21" in page
    assert "MOS-CQE  3.79 (some users dissatisfied)" in page


@pytest.mark.parametrize(
    ("args", "said"),
    [("", True), ("--loss-percent 1", True), ("--bpl 25.1", False), ("--ie 11", False), ("--model g107.1", False), ("--codec g711", False)],
)
def test_without_a_codec_the_page_says_which_one_the_defaults_are(args: str, said: bool) -> None:
    """Ie 0, Bpl 4.3 on the narrowband scale: G.711 without concealment (ITU-T G.113 Appendix I), and nothing else."""
    assert ("Ie 0, Bpl 4.3 (no codec given: G.711 without concealment)" in invoke(*args.split()).stdout) == said


@pytest.mark.parametrize(("model", "option"), [("g107.2", "--echo-path"), ("g107.1", "--burst-r"), ("g107.2", "--burst-r")])
def test_an_option_without_effect_is_not_silent(model: str, option: str) -> None:
    """Wideband and fullband know no bursts, fullband knows no echo."""
    args = [option] if option == "--echo-path" else [option, "2"]
    notes = answer("--model", model, *args)["notes"]
    assert isinstance(notes, list)
    assert len(notes) == 1
    assert model in notes[0]


def test_the_g109_words_are_narrowbands_own() -> None:
    """MOS and R of wideband and fullband stand on other scales, so no word is borrowed for them."""
    assert what_if(Question()).category == "very satisfied"
    assert answer("--model", "g107.1")["category"] is None
