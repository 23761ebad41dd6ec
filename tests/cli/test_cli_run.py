"""`nra run`: what is refused before anything is measured, what is written, and the exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from nra.archive.document import decode
from nra.archive.packets import read_packets
from nra.cli import main
from nra.cli.errors import UserError
from nra.cli.interrupt import Interrupt, interruptible
from nra.cli.key_files import read_key
from nra.cli.progress import Bar, Lines, shown
from nra.model.document import RunDocument
from nra.model.failure import FailureKind
from nra.net.ports import TlsFacts
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal
from nra.testing.impairment import Impairment
from nra.testing.impairment import Path as Way

ROOT = Path(__file__).resolve().parents[2]
REFLECTOR = ("192.0.2.1", 20862)
API = ("192.0.2.2", 443)
KEY = "00112233445566778899aabbccddeeff" * 2
RUN = ("run", "-r", "eu-central-1", "-o", "Example Org", "--reflector", "192.0.2.1", "--duration", "4")
VOICE = (*RUN, "--only", "voice")

BAD_INPUT: list[tuple[tuple[str, ...], str]] = [
    (("-r", "eu-centrall-1"), "did you mean eu-central-1"),
    (("-r", "frankfurt"), "eu-central-1"),
    (("-o", "   "), "organization"),
    (("--key-file", "missing.hex"), "missing.hex"),
    (("--key-file", "short.hex"), "64 hex digits"),
    (("--key-file", "noise.bin"), "not text"),
    (("--key-file", "."), "--key-file"),
    (("--duration", "0"), "0"),
    (("--duration", "-5"), "-5"),
    (("--duration", "nan"), "nan"),
    (("--duration", "inf"), "inf"),
    (("--duration", "1e99"), "1e99"),
    (("--duration", "soon"), "soon"),
    (("--duration", "86400", "--interval", "5", "--calls", "1000"), "packets"),
    (("--interval", "1"), "1"),
    (("--calls", "0"), "0"),
    (("--calls-until-breach", "0"), "0"),
    (("--calls-until-breach", "1001"), "1001"),
    (("--calls-until-breach", "5", "--method", "echo"), "--method stamp"),
    (("--calls-until-breach", "5", "--only", "firewall"), "--only firewall"),
    (("--load", "--only", "firewall"), "--only firewall"),
    (("--load", "--method", "echo"), "--method stamp"),
    (("--load",), "with a control channel (--pin, --key-file)"),
    (("--max-megabytes", "0"), "0"),
    (("--max-megabytes", "50"), "--max-megabytes: of use with --load only"),
    (("--quic-port", "8443"), "--quic-port: of use with --reflector, --pin and --key-file only"),
    (("--dscp", "64"), "64"),
    (("--codec", "mp3"), "mp3"),
    (("--format", "txt,pdf"), "'pdf'"),
    (("--format", ""), "''"),
    (("--services", "webrtx"), "webrtc"),
    (("--reflector", "::1"), "brackets"),
    (("--reflector", "host:0"), "port"),
    (("--reflector", "-x"), "-x"),
    (("--thresholds", "no-such"), "no-such"),
    (("--thresholds", "teams-clint"), "did you mean teams-client?"),
    (("--out", "file.txt"), "file.txt"),
    (("--out", "file.txt/below"), "file.txt"),
    (("--method", "carrier-pigeon"), "carrier-pigeon"),
    (("--only", "neither"), "neither"),
    (("--every", "30m"), "--repeat or --until"),
    (("--repeat", "2", "--every", "3s"), "shorter"),
    (("--repeat", "2", "--every", "soon"), "soon"),
    (("--repeat", "0"), "0"),
    (("--until", "25:00"), "25:00"),
    (("--repeat", "2", "--json"), "--json"),
    (("--nonsense",), "--nonsense"),
]


def mirror(key: bytes | None = None, ssid: int | None = None) -> Callable[[bytes, int, tuple[str, int]], bytes | None]:
    """Return a Session-Reflector as a peer."""
    reflector = Reflector(keys=None if key is None else Keys((Holder(key, ssid),)), guard=Guard(rate_limit=0))

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        request = Request(payload=payload, source=source, destination=None, destination_port=20862, received_ns=now_ns, ttl=57, tos=184)
        response = reflector.answer(request, now_ns)
        return None if response is None else response.payload

    return peer


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeNetwork]:
    """Put a fake network with a reflector and a TLS server in the place of the real one, in an empty folder."""
    made = FakeNetwork(udp={REFLECTOR: mirror()}, up=Way(Impairment(delay_ms=20)), down=Way(Impairment(delay_ms=25)))
    made.names["api.mypurecloud.de"] = (API[0],)
    made.tcp[API] = TcpScript(tls=TlsFacts(version="TLSv1.3", issuer="Example CA", certificate_sha256="00"))
    monkeypatch.setattr("nra.run.measure.SystemNetwork", lambda: made)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("NRA_")]:
        monkeypatch.delenv(name)
    yield made


def ended(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    """Return exit code, standard output and standard error of a command line."""
    with patch("os._exit", sys.exit), pytest.raises(SystemExit) as caught:  # an interrupted program leaves at once, a test does not
        main(args)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return caught.value.code, out, err


def written(folder: Path = Path("results")) -> dict[str, Path]:
    """Return the files of a run by what follows their common name: `txt`, `packets.csv.gz`, `firewall-request.csv` ..."""
    return {re.sub(r"^NRA_.*_[0-9a-f]{8}[._]", "", path.name): path for path in folder.iterdir()}


def document(folder: Path = Path("results")) -> RunDocument:
    """Return the run document that was written."""
    return decode(written(folder)["json"].read_bytes())


@pytest.mark.parametrize(("args", "words"), BAD_INPUT, ids=[" ".join(args) for args, _ in BAD_INPUT])
def test_bad_input_is_refused_before_anything_is_measured(
    net: FakeNetwork, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], words: str
) -> None:
    """One line on standard error that names what is wrong, exit code 2, no packet sent, no file written (contract 1)."""
    Path("short.hex").write_text("0011")
    Path("noise.bin").write_bytes(bytes(range(256)))
    Path("file.txt").write_text("")
    before = sorted(Path().iterdir())
    code, out, err = ended(capsys, *RUN, *args)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err
    assert net.ports == []
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("missing", "option"), [(("run", "-o", "x"), "--region"), (("run", "-r", "eu-central-1"), "--org")], ids=["region", "organization"]
)
def test_without_a_terminal_nobody_is_asked(
    net: FakeNetwork, capsys: pytest.CaptureFixture[str], missing: tuple[str, ...], option: str
) -> None:
    """In a pipeline a missing answer is a usage error, not a program that waits for ever."""
    code, _, err = ended(capsys, *missing)
    assert (code, len(err.splitlines())) == (2, 1)
    assert f"{option} is missing" in err


def test_on_a_terminal_what_is_missing_is_asked(
    net: FakeNetwork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Region and organization; an unknown region is asked again, with the nearest names."""
    answers = iter(["eu-central", "eu-central-1", "Typed Org"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: next(answers))
    code, _, err = ended(capsys, "run", *VOICE[5:], "--quiet")
    assert code == 0
    assert "did you mean eu-central-2 or eu-central-1" in err
    assert (document().run.region, document().run.org.name) == ("eu-central-1", "Typed Org")


def test_a_broken_nra_toml_is_refused(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line and field, exit code 2, before anything is measured."""
    for text, words in (('[run]\nduration = "long"\n', "duration"), ("[run\n", "nra.toml"), ("[run]\ndurations = 3\n", "durations")):
        Path("nra.toml").write_text(text)
        code, _, err = ended(capsys, *RUN)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "nra.toml" in err
        assert words in err
    assert net.ports == []


def test_nra_toml_and_environment_give_options(
    net: FakeNetwork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was used is named; the environment goes before it, the command line before both (contract 1)."""
    Path("nra.toml").write_text('[run]\ncodec = "opus"\nsite = "Berlin"\ncalls = 2\n')
    monkeypatch.setenv("NRA_RUN_CALLS", "3")
    monkeypatch.setenv("NRA_RUN_SITE", "Bonn")
    code, _, err = ended(capsys, *VOICE, "--site", "Kiel")
    assert code == 0
    assert "options from nra.toml" in err
    seen = document()
    assert (seen.run.asked.codec, seen.run.asked.calls, seen.run.site, seen.run.used.config) == ("opus", 3, "Kiel", "nra.toml")


def test_what_waits_for_its_use_in_nra_toml_stops_no_run(
    net: FakeNetwork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much a load may move and where a control channel is may stand there, or in the environment, for runs that ask for neither."""
    Path("nra.toml").write_text("[run]\nmax_megabytes = 50\n")
    monkeypatch.setenv("NRA_RUN_QUIC_PORT", "8443")
    assert ended(capsys, *VOICE, "--quiet") == (0, "", "")


def test_a_key_without_a_reflector_is_refused(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody else would take it; the run document would say authenticated of what is not."""
    Path("my.key").write_text(KEY)
    code, _, err = ended(capsys, "run", "-r", "eu-central-1", "-o", "x", "--key-file", "my.key")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "--key-file: of use with --reflector only" in err


def test_a_run_writes_its_reports_and_shows_a_summary(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, workbook and document in `results`, their paths and both columns on the screen, phases on standard error."""
    code, out, err = ended(capsys, *VOICE)
    assert code == 0
    assert written().keys() == {"json", "txt", "xlsx"}
    assert all(str(path) in out for path in written().values())
    assert "Up Jitter" in out
    assert "voice: stamp to 192.0.2.1 port 20862" in err.splitlines()


def test_json_prints_the_document_and_nothing_else(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is one JSON document, the same as the file (contract 1)."""
    code, out, _ = ended(capsys, *VOICE, "--json")
    assert code == 0
    assert json.loads(out)["schema"] == "nra-run/1"
    assert out.encode() == written()["json"].read_bytes()


def test_quiet_says_nothing(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """No progress and no summary; the files are there all the same."""
    Path("nra.toml").write_text('[run]\nsite = "Berlin"\n')
    assert ended(capsys, *VOICE, "--quiet") == (0, "", "")
    assert written().keys() == {"json", "txt", "xlsx"}


def test_formats_and_folder_are_chosen(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what was asked for, where it was asked for; the folder is made."""
    code, _, _ = ended(capsys, *VOICE, "--format", "json", "--out", "deep/er")
    assert code == 0
    assert written(Path("deep/er")).keys() == {"json"}
    assert not Path("results").exists()


def test_packets_are_kept_on_request(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per probe and arrival beside the reports (contract 4.1)."""
    code, _, _ = ended(capsys, *VOICE, "--keep-packets", "--format", "json")
    assert code == 0
    assert len(read_packets(written()["packets.csv.gz"]).sequence) == 200


def test_halves_can_be_left_out(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` measures one half; the other is SKIPPED, its part of the document null (contract 4.1)."""
    ended(capsys, *VOICE, "--out", "a")
    assert (document(Path("a")).firewall, document(Path("a")).voice is None) == (None, False)
    ended(capsys, *RUN, "--only", "firewall", "--out", "b")
    assert (document(Path("b")).firewall is None, document(Path("b")).voice) == (False, None)
    assert {metric.verdict for metric in document(Path("b")).metrics} == {"SKIPPED"}


def test_a_failed_run_exits_1(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """5 % loss breaks the limit."""
    net.up = Way(Impairment(delay_ms=20, loss=0.05))
    assert ended(capsys, *VOICE, "--quiet")[0] == 1
    assert document().verdict == "FAIL"


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_a_warning_fails_only_when_strict(net: FakeNetwork, capsys: pytest.CaptureFixture[str], strict: tuple[str, ...], code: int) -> None:
    """120 ms of round trip are a WARN: exit 0, with `--strict` exit 1."""
    net.up = Way(Impairment(delay_ms=95))
    assert ended(capsys, *VOICE, "--quiet", *strict)[0] == code
    assert document().verdict == "WARN"


def test_an_inconclusive_run_exits_3(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """A network without any answer: a full report, exit 3, and no traceback."""
    net.udp, net.tcp = {}, {}
    net.names = {name: refusal(FailureKind.NAME_NOT_FOUND, "resolve") for name in net.names}
    assert ended(capsys, *RUN, "--quiet")[0] == 3
    assert written().keys() == {"json", "txt", "xlsx", "firewall-request.txt", "firewall-request.csv"}
    assert document().verdict == "INCONCLUSIVE"


def test_a_run_with_a_key_for_one_ssid(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that `nra reflect keys add` printed is the sender's key file: question, announcement and stream bear its SSID."""
    Path("key.hex").write_text(f"9 {KEY} Hamburg\n")
    Path("key.hex").chmod(0o600)
    net.udp[REFLECTOR] = mirror(bytes.fromhex(KEY), 9)
    code, out, err = ended(capsys, *VOICE, "--key-file", "key.hex", "--calls", "2", "--json")
    assert (code, document().run.asked.authenticated) == (0, True)
    assert KEY not in out + err


def test_an_authenticated_run(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """The key in the file is the reflector's; the document says that there was one, and never which."""
    Path("key.hex").write_text(f"{KEY}\n")
    Path("key.hex").chmod(0o600)
    net.udp[REFLECTOR] = mirror(bytes.fromhex(KEY))
    code, out, err = ended(capsys, *VOICE, "--key-file", "key.hex", "--json")
    assert (code, document().run.asked.authenticated) == (0, True)
    assert KEY not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_a_key_that_others_can_read_is_mentioned(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """A note on standard error, no refusal: on a stick modes mean nothing."""
    Path("key.hex").write_text(KEY)
    Path("key.hex").chmod(0o644)
    net.udp[REFLECTOR] = mirror(bytes.fromhex(KEY))
    code, _, err = ended(capsys, *VOICE, "--key-file", "key.hex")
    assert code == 0
    assert "can be read by others" in err


def test_a_method_for_which_nobody_is_known(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for by name and impossible: said before anything is measured."""
    code, _, err = ended(capsys, "run", "-r", "eu-central-1", "-o", "x", "--method", "stamp")
    assert (code, "no reflector is known" in err) == (2, True)
    code, _, err = ended(capsys, "run", "-r", "eu-central-2", "-o", "x", "--method", "echo")
    assert (code, "no public UDP beacon" in err) == (2, True)
    assert net.ports == []


def signals(net: FakeNetwork, number: int) -> None:
    """Let Ctrl-C be pressed when the stream sends its packet of this number."""
    sent = count()

    def press(_now_ns: int) -> None:
        if next(sent) == number:
            signal.raise_signal(signal.SIGINT)

    net.before_send = press


def test_ctrl_c_in_mid_stream_writes_what_was_measured(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, all files, rows judged until then, and the handler is as before (contract 1)."""
    before = signal.getsignal(signal.SIGINT)
    signals(net, 150)
    code, out, _ = ended(capsys, *VOICE)
    seen = document()
    assert (code, seen.run.used.interrupted) == (3, True)
    assert seen.voice is not None
    assert 140 <= seen.voice.sent <= 150
    assert str(written()["txt"]) in out
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_anything_was_measured(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 130 and no file (contract 1)."""
    signals(net, 0)
    assert ended(capsys, *VOICE)[0] == 130
    assert list(Path("results").iterdir()) == []


def test_a_request_to_stop() -> None:
    """The first signal asks, the second interrupts; afterwards the old handlers are back."""
    before = signal.getsignal(signal.SIGINT)
    with interruptible(signal.SIGINT) as interrupt:
        assert isinstance(interrupt, Interrupt)
        assert not interrupt()
        signal.raise_signal(signal.SIGINT)
        assert interrupt()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_shows_the_progress(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing when quiet, lines in a pipe, a bar on a terminal that is redrawn twice a second at most."""
    with shown(quiet=True) as nobody:
        assert nobody is None
    with shown(quiet=False) as lines:
        assert isinstance(lines, Lines)
        lines.phase("voice")
        lines.progress(1.0, 30.0)
    assert capsys.readouterr().err == "voice\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    now_s = [1000.0]
    monkeypatch.setattr("nra.cli.progress.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    with shown(quiet=False) as bar:
        assert isinstance(bar, Bar)
        drawn: list[Any] = []
        monkeypatch.setattr(bar._progress, "refresh", lambda: drawn.append(bar._progress.tasks[0].completed))
        bar.phase("voice: stamp")
        for tenth in range(9):
            now_s[0] = 1000 + tenth / 10
            bar.progress(tenth / 10, 30.0)
        assert drawn == [0, 0.0, 0.5]
        assert bar._progress.tasks[0].fields["left"] == "30 s left"


def test_the_self_test_needs_no_network(tmp_path: Path) -> None:
    """Region `local` on real sockets, from the door at the root: documents, exit code and nothing else on standard output."""
    command = (
        sys.executable,
        str(ROOT / "cli.py"),
        "run",
        "-r",
        "local",
        "-o",
        "Selbsttest",
        "--duration",
        "2.5",
        "--json",
        "--out",
        str(tmp_path),
    )
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=tmp_path)
    seen = decode(done.stdout)
    assert (done.returncode, seen.verdict) in ((0, "PASS"), (0, "WARN"), (3, "INCONCLUSIVE"))  # the last on a busy machine
    assert seen.voice is not None
    assert (seen.voice.sent + seen.voice.not_sent, seen.voice.basis) == (125, "direction")
    assert {check.state for check in seen.firewall or ()} == {"open"}
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".txt", ".xlsx"}
    assert b"Traceback" not in done.stderr


def full_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that takes nothing more: whoever writes waits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 512):
            pass
    os.set_blocking(writer, True)
    return reader, writer


def said(process: "subprocess.Popen[str]", is_wanted: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
    """Return what the program says of its progress, up to the first that is wanted, or to its end."""
    assert process.stderr is not None
    lines: list[dict[str, Any]] = []
    while not (lines and is_wanted(lines[-1])) and (line := process.stderr.readline()):
        lines.append(json.loads(line))
    return lines


def has_an_answer(line: dict[str, Any]) -> bool:
    """Tell whether a line of the progress shows a packet that came back."""
    return any(pulse["rtt_ms"] is not None for pulse in line.get("pulses", ()))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize(("times", "code"), [(1, 3), (2, 130)])
def test_a_real_ctrl_c(tmp_path: Path, times: int, code: int) -> None:
    """On real sockets and threads: once, what was measured is written and the exit code is 3; twice, it ends at once with 130.

    The second comes when the first has been noticed; by itself the program cannot have ended by then, for nobody takes its summary.
    """
    words = ("run", "-r", "local", "-o", "x", "--duration", "3600", "--piped", "--out", str(tmp_path))
    pipe, (reader, writer) = subprocess.PIPE, full_pipe()
    with (
        open(reader, "rb") as summary,  # noqa: PTH123 - a pipe's end, no path
        subprocess.Popen((sys.executable, "-m", "nra", *words), stdin=pipe, stdout=writer, stderr=pipe, cwd=ROOT, text=True) as running,
    ):
        os.close(writer)
        assert has_an_answer(said(running, has_an_answer)[-1])
        running.send_signal(signal.SIGINT)
        if times == 2:
            assert said(running, lambda line: line.get("phase") == "collecting")[-1] == {"phase": "collecting"}
            running.send_signal(signal.SIGINT)
        summary.read()
        assert running.stderr is not None
        err = running.stderr.read()
    assert (running.returncode, "Traceback" in err) == (code, False)
    if times == 1:
        assert document(tmp_path).run.used.interrupted
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("stops", [True, False])
def test_piped_it_talks_to_a_program(tmp_path: Path, stops: bool) -> None:
    """Progress as JSON lines, the document on standard output; it stops when standard input ends and writes what it has."""
    words = ("run", "-r", "local", "-o", "X", "--duration", "3600" if stops else "1", "--piped", "--quiet", "--json", "--format", "json")
    command, pipe = [sys.executable, str(ROOT / "cli.py"), *words, "--out", str(tmp_path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        lines = said(process, lambda line: line.get("pulses"))
        if stops:
            process.stdin.close()
        printed, rest = process.stdout.read(), process.stderr.read()
    assert decode(printed.encode()).run.used.interrupted is stops
    assert lines[0]["phase"].startswith("firewall")
    if stops:  # a second may be over before anybody has looked at it
        assert {*lines[-1], *lines[-1]["pulses"][0]} == {"done_s", "total_s", "pulses", "at_s", "rtt_ms", "jitter_ms", "loss_percent"}
    assert all(json.loads(line) for line in rest.splitlines())
    assert len(list(tmp_path.glob("*.json"))) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_a_key_file_that_is_none_is_refused_unread(tmp_path: Path) -> None:
    """A pipe, a name with NUL and more than 1 MiB: one line each, nothing is waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").write_text(KEY + " " * (1 << 20))
    for name, words in (("pipe", "not a file"), ("a\0b", "not text"), ("huge", "larger than")):
        with pytest.raises(UserError, match=words):
            read_key(tmp_path / name)


def test_public_endpoints_are_not_searched_for_their_limits(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a reflector of one's own a search for a breach is refused in a sentence that says why."""
    code, _, err = ended(capsys, "run", "-r", "eu-central-1", "-o", "x", "--calls-until-breach", "5")
    assert (code, len(err.splitlines()), net.ports) == (2, 1, [])
    assert "it needs a reflector of your own (--reflector); public endpoints allow too few packets a second" in err


def test_a_search_says_how_long_it_takes_and_what_it_found(net: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    """The bound comes first, a line for each stream while it runs, the number and the streams in the summary and in every file."""
    code, out, err = ended(capsys, *VOICE, "--calls-until-breach", "2")
    assert code == 0
    assert "at most 10 streams of 5 s, 90 s" in err.splitlines()[0]
    assert [line for line in err.splitlines() if line.startswith("until breach: ")][1:] == [
        "until breach: 1 call, at most 36 s left",
        "until breach: 2 calls, at most 27 s left",
        "until breach: 2 calls, at most 9 s left",
    ]
    assert "This path carries at least 2 calls at once (seen twice): no more were tried, and no limit broke" in out
    assert "\r\nCalls until breach\r\n" in written()["txt"].read_bytes().decode("utf-8-sig")
    found = document().capacity
    assert found is not None
    assert found.carried == 2
