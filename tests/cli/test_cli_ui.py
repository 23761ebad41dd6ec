"""`nra ui`: where it listens, what it prints, how it ends, and how it starts the measurement."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nra.cli.door import Door
from nra.cli.ui import beginning, configured
from nra.cli.ui import ui as nra_ui
from nra.ui.serve import serve
from nra.ui.words import Memory, Words

ROOT = Path(__file__).resolve().parents[2]


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Return `nra ui` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "nra", "ui", "--no-browser", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a program can take")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_loopback_until_it_is_ended(number: signal.Signals, tmp_path: Path) -> None:
    """The first line is the address; a signal ends it with exit code 0 and nothing more to say."""
    with started(tmp_path) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own address
            assert b"Start the Test" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.rpartition("/")[0][:-1])  # noqa: S310
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, as for anything else that the user can mend."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with started(tmp_path, "--port", str(number)) as process:
            printed, errors = process.communicate(timeout=60)
    assert (process.returncode, printed) == (2, "")
    assert errors == f"nra: error: cannot listen on 127.0.0.1 port {number}: it is taken, or not allowed\n"


def test_it_ends_by_itself_when_nobody_asks(tmp_path: Path) -> None:
    """After the idle time it returns."""
    addresses: list[str] = []
    never: Callable[[], bool] = lambda: False  # noqa: E731
    serve([], tmp_path, Memory(None), Words(), port=0, ready=lambda address, _: addresses.append(address), stop=never, idle_s=0.2)
    assert len(addresses) == 1


def test_that_it_ended_by_itself_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line on the console, where its address stands."""
    monkeypatch.setattr("nra.ui.serve.serve", partial(serve, idle_s=0.2))
    done = CliRunner().invoke(nra_ui, ["--no-browser", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert done.output.splitlines()[2:] == ["Ended: for an hour nobody asked for anything, and nothing was measured."]


def test_who_has_not_the_address_does_not_keep_it_open(tmp_path: Path) -> None:
    """What is refused is no use: it ends although somebody asks all the time."""
    asking, over = threading.Event(), threading.Event()

    def ask(origin: str) -> None:
        while not over.is_set():
            with suppress(OSError), urllib.request.urlopen(origin):  # noqa: S310 - our own address
                pass
            asking.set()

    def ready(address: str, _: str) -> None:
        threading.Thread(target=ask, args=(address.rpartition("/")[0].rpartition("/")[0],), daemon=True).start()

    serve([], tmp_path, Memory(None), Words(), port=0, ready=ready, stop=lambda: False, idle_s=2.0)
    over.set()
    assert asking.is_set()


def test_the_measurement_is_this_same_program(tmp_path: Path) -> None:
    """From a checkout by its cli.py, from a stick by its door, installed by its name, with the nra.toml that was found."""
    assert beginning(Door()) == [sys.executable, "-m", "nra"]
    door = Door(program_folder=tmp_path, config_path=tmp_path / "nra.toml")
    assert beginning(door)[1:] == ["-X", "utf8", "-B", "-m", "nra.cli.on_stick", "--config", str(tmp_path / "nra.toml")]
    (tmp_path / "cli.py").write_text("")
    assert beginning(door) == [sys.executable, str(tmp_path / "cli.py"), "--config", str(tmp_path / "nra.toml")]


def test_the_form_begins_with_what_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment before nra.toml, as for `nra run`."""
    monkeypatch.setenv("NRA_RUN_SITE", "Hamburg")
    root = click.Context(click.Command("nra"), default_map={"run": {"site": "Munich", "org": "Muster GmbH", "calls": 5}})
    with click.Context(click.Command("ui"), parent=root) as ctx:
        assert configured(ctx) == Words(site="Hamburg", org="Muster GmbH")
