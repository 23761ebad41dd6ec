"""What the shared option types take and how they refuse the rest."""

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.cli.options import DSCP, HOST_PORT, SPAN, TIME_OF_DAY, CommaList, Quantity, Seconds
from nra.model.plan import Target


@pytest.mark.parametrize(
    ("typed", "code_point"),
    [
        ("EF", 46),
        ("ef", 46),
        ("46", 46),
        (46, 46),
        ("0", 0),
        ("63", 63),
        ("CS0", 0),
        ("CS3", 24),
        ("cs7", 56),
        ("AF11", 10),
        ("AF13", 14),
        ("AF31", 26),
        ("AF41", 34),
        ("AF43", 38),
        ("VA", 44),
        ("LE", 1),
        ("DF", 0),
    ],
)
def test_dscp_by_name_or_number(typed: object, code_point: int) -> None:
    """Code points of RFC 2474, 2597, 3246, 5865 and 8622."""
    assert DSCP.convert(typed, None, None) == code_point


@pytest.mark.parametrize("typed", ["", "64", "-1", "EE", "CS8", "AF14", "AF50", "46.0", "0x2e", "٤٦", 64, True, 4.5])
def test_what_is_no_dscp(typed: object) -> None:
    """Six bits, and the names that RFCs give."""
    with pytest.raises(click.BadParameter, match="is no DSCP"):
        DSCP.convert(typed, None, None)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("txt", ("txt",)),
        ("xlsx,txt", ("xlsx", "txt")),
        (" TXT , xlsx,txt", ("txt", "xlsx")),
        (["txt", "xlsx"], ("txt", "xlsx")),
        (("txt",), ("txt",)),
    ],
)
def test_comma_lists_keep_the_order_and_drop_repetitions(typed: object, words: tuple[str, ...]) -> None:
    """Text from the command line, arrays from nra.toml, tuples from defaults."""
    assert CommaList(("txt", "xlsx")).convert(typed, None, None) == words


@pytest.mark.parametrize("typed", ["", ",", "txt,", "pdf", "txt;xlsx", []])
def test_comma_lists_refuse_what_is_not_offered(typed: object) -> None:
    """The message says what is offered."""
    with pytest.raises(click.BadParameter, match="txt, xlsx"):
        CommaList(("txt", "xlsx")).convert(typed, None, None)


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("reflector.example", "reflector.example", 20862),
        ("reflector.example:9000", "reflector.example", 9000),
        ("192.0.2.1:1", "192.0.2.1", 1),
        ("[2001:db8::1]", "2001:db8::1", 20862),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ("[fe80::1%eth0]:20862", "fe80::1%eth0", 20862),
        (" münchen.example ", "münchen.example", 20862),
    ],
)
def test_host_and_port(typed: str, host: str, port: int) -> None:
    """HOST, HOST:PORT, and IPv6 in brackets (RFC 3986, 3.2.2); the brackets are not part of the host."""
    assert HOST_PORT(20862).convert(typed, None, None) == Target(host=host, port=port)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ":9000",
        "h:",
        "h:0",
        "h:65536",
        "h:x",
        "h:-1",
        "h:1:2",
        "2001:db8::1",
        "[2001:db8::1",
        "[h]",
        "[]",
        "[::1]x",
        "[::1]:",
        "http://h",
        "h/x",
        "a b",
        "--quiet",
        "h:٤٦",
        "h\x00",
        "h\nx",
    ],
)
def test_what_is_no_host_and_port(typed: str) -> None:
    """A forgotten bracket, a pasted address of a web page or a swallowed option is refused, never guessed at."""
    with pytest.raises(click.BadParameter):
        HOST_PORT(20862).convert(typed, None, None)


def test_without_a_default_the_port_must_be_given() -> None:
    """`--metrics` has no port of its own."""
    with pytest.raises(click.BadParameter, match="a port from 1 to 65535 is needed"):
        HOST_PORT().convert("localhost", None, None)


@given(st.text(max_size=40))
def test_any_text_is_a_host_and_port_or_refused(typed: str) -> None:
    """No other exception, and never a port outside of 1..65535."""
    try:
        found = HOST_PORT(20862).convert(typed, None, None)
    except click.BadParameter:
        return
    assert found.host
    assert not re.search(r"[\s/\[\]]", found.host)
    assert 1 <= found.port <= 65535


@pytest.mark.parametrize(("typed", "value"), [("30", 30.0), ("0.5", 0.5), (2, 2.0), ("1e2", 100.0), ("600", 600.0)])
def test_seconds(typed: object, value: float) -> None:
    """Positive, finite, within the bounds, the bounds included."""
    assert Seconds(0.5, 600).convert(typed, None, None) == value


@pytest.mark.parametrize("typed", ["0", "-1", "nan", "inf", "-inf", "", "x", "601", "0.4", "30s", None])
def test_what_are_no_seconds(typed: object) -> None:
    """click's own float range lets nan through; this one does not."""
    with pytest.raises(click.BadParameter):
        Seconds(0.5, 600).convert(typed, None, None)


def test_zero_is_no_duration_even_without_bounds() -> None:
    """A stream of no length measures nothing."""
    with pytest.raises(click.BadParameter, match="0 is not above 0"):
        Seconds().convert("0", None, None)


def test_quantities_say_their_range() -> None:
    """The refusal tells what would have been right."""
    with pytest.raises(click.BadParameter, match="-1 is not at least 0 and at most 100"):
        Quantity(0, 100).convert("-1", None, None)
    with pytest.raises(click.BadParameter, match="inf is not a finite number"):
        Quantity().convert("inf", None, None)


@pytest.mark.parametrize(("typed", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("1h30m", 5400), (" 24H ", 86_400)])
def test_spans_of_time(typed: str, seconds: float) -> None:
    """As people write them."""
    assert SPAN.convert(typed, None, None) == seconds


@pytest.mark.parametrize("typed", ["", "30", "0m", "25h", "m", "1.5h", "-1m", "30 m"])
def test_what_is_no_span_of_time(typed: str) -> None:
    """A number without its unit could be anything."""
    with pytest.raises(click.BadParameter):
        SPAN.convert(typed, None, None)


@pytest.mark.parametrize(("typed", "value"), [("17:00", "17:00"), ("7:05", "07:05"), ("00:00", "00:00"), ("23:59", "23:59")])
def test_times_of_day(typed: str, value: str) -> None:
    """On the clock on the wall."""
    assert TIME_OF_DAY.convert(typed, None, None) == value


@pytest.mark.parametrize("typed", ["", "24:00", "12:60", "5pm", "1700", "12:5"])
def test_what_is_no_time_of_day(typed: str) -> None:
    """Refused with the range."""
    with pytest.raises(click.BadParameter, match="23:59"):
        TIME_OF_DAY.convert(typed, None, None)
