"""nra.toml rewritten: the values are in it, and nothing else has changed."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.cli.remembered import CannotRemember, quoted, remembered

ANSWERS = {"region": "eu-central-1", "org": "Muster GmbH"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words\n",
        "[run]\n",
        "[reflect]\nallow = ['::1/128']\n",
        "[run]\nregion = 'sa-east-1' # the old one\nsite = 'Hamburg'\n[reflect]\nport = 1\n",
        "[ run ] # mine\r\nsite = 'Hamburg'\r\norg = 'Old'",
        "[run]\nservices = [\n 'webrtc',\n]\norg = 'Old'\n",
    ],
)
def test_the_rest_stays_as_it_was(text: str) -> None:
    """Comments, other tables and other keys stay; a second time changes nothing."""
    after = remembered(text, "run", ANSWERS)
    before = tomllib.loads(text.replace("\r\n", "\n"))
    assert tomllib.loads(after) == before | {"run": before.get("run", {}) | ANSWERS}
    others = [[line for line in each.splitlines() if not line.startswith(tuple(ANSWERS))] for each in (text, after)]
    assert others[1] == others[0] + ["[run]"] * ("run" not in before)
    assert remembered(after, "run", ANSWERS) == after


@pytest.mark.parametrize("text", ["[run\n", "run = { org = 'x' }\n", "[run]\norg = '''\nof\nlines'''\n", "run = 3\n"])
def test_what_is_written_in_another_way_is_left_alone(text: str) -> None:
    """Rather ask again next time than spoil what somebody wrote."""
    with pytest.raises(CannotRemember, match=r"nra\.toml"):
        remembered(text, "run", ANSWERS)


@given(st.text(st.characters(exclude_categories=())))
def test_any_name_can_be_remembered(name: str) -> None:
    """Quotes, backslashes, control characters, emoji: what is read back is what was typed, half characters aside."""
    whole = name.encode("utf-8", "replace").decode("utf-8")
    assert tomllib.loads(f"x = {quoted(name)}")["x"] == whole
