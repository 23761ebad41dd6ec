"""Sessions of `nra run` through relays, as many at once as a test wants: they mostly wait."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab_programs import Ended, Program
from lab_record import CallRecord, PacketRow, read_calls, read_packets
from lab_truth import NO_LINKS, Links, Terms, links_of, voice_truth
from lab_world import (
    MIDDLE,
    MIDDLE_ADDRESS,
    MIDDLE_ADDRESS_6,
    PORT,
    SERVER,
    SERVER_ADDRESS,
    SERVER_ADDRESS_6,
    World,
    document_of,
    nra_run,
)

from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json
from nra.testing.relay_record import read_record

DURATION_S: Final = 6
INTERVAL_MS: Final = 20.0
SLOTS: Final = 300  # of 20 ms
KEY: Final = "5f" * 32
END_S: Final = 60.0
LATE_NS: Final = 1_000_000_000  # of a first answer: after 1.5 s a run asks no more
STRANGE: Final = Path(__file__).with_name("strange_reflector.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What one session goes through: each direction's impairment, options of the run and of its relay, and who reflects.

    `strange` are the options of `strange_reflector.py`, which then takes the place of `nra reflect`; its clock is ahead by `hours`, and
    `told` is what the run must say of it (a pattern). `reflect` are more options of `nra reflect`.
    """

    up: Impairment = field(default_factory=Impairment)
    down: Impairment = field(default_factory=Impairment)
    codec: str = "g711"
    interval_ms: float = INTERVAL_MS
    calls: int = 1
    options: tuple[str, ...] = ()
    relay: tuple[str, ...] = ()
    dscp_up: int | None = None
    dscp_down: int | None = None
    sealed: bool = False
    six: bool = False
    strange: tuple[str, ...] = ()
    hours: float = 0.0
    first_number: int = 0
    told: str | None = None
    reflect: tuple[str, ...] = ()

    @property
    def probes(self) -> int:
        """How many probes the session plans to send."""
        return round(self.calls * DURATION_S * 1000 / self.interval_ms)

    def run_options(self) -> tuple[str, ...]:
        """Return what `nra run` is told beside where the reflector is."""
        stream = ("--codec", self.codec, "--interval", f"{self.interval_ms:g}", "--calls", str(self.calls))
        return (*stream, *(("--key-file", "key") if self.sealed else ()), *self.options)

    def orders(self) -> tuple[str, ...]:
        """Return what the relay is told beside where it stands."""
        rewritten = (("--dscp-up", self.dscp_up), ("--dscp-down", self.dscp_down))
        dscp = tuple(word for option, value in rewritten if value is not None for word in (option, str(value)))
        return ("--up", impairment_json(self.up), "--down", impairment_json(self.down), *dscp, *self.relay)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is over: how the run ended, its document and packets, and what the relay did."""

    mix: Mix
    ended: Ended
    document: dict[str, Any]
    packets: list[PacketRow]
    calls: list[CallRecord]

    @property
    def voice(self) -> dict[str, Any]:
        """The voice half of the run document."""
        voice: dict[str, Any] = self.document["voice"]
        return voice

    def links(self) -> Links:
        """Return what this machine added to the times of the packets."""
        return links_of(self.calls, self.packets, steady=not self.mix.strange)

    def truth(self, *, with_links: bool = False, nearer_ms: float = 0.0, skipped: int = 0) -> dict[str, Any]:
        """Return the voice half as the relay's record has it: of the network alone or with what the links added (see `Terms`)."""
        mix = self.mix
        terms = Terms(
            interval_ms=mix.interval_ms,
            codec=mix.codec,
            dscp_up=mix.dscp_up,
            dscp_down=mix.dscp_down,
            nearer_ms=nearer_ms,
            skipped=skipped,
        )
        truth = voice_truth(self.calls, terms, self.links() if with_links else NO_LINKS)
        if mix.sealed:  # copies made on the way up are taken for replays, so nobody knows of them
            truth["up"]["duplicates"] = None
        return truth


class Reflectors:
    """The reflectors of one world: each kind once, on a port of its own."""

    def __init__(self, world: World) -> None:
        """None yet."""
        self._world = world
        self.programs: dict[tuple[str, ...], Program] = {}
        (world.folder / "key").write_text(KEY, "ascii")
        (world.folder / "key").chmod(0o600)

    def port_for(self, mix: Mix) -> int:
        """Return the port on which this mix is reflected."""
        kind = mix.strange or (*(("--key-file", "key") if mix.sealed else ()), *mix.reflect)
        if kind not in self.programs:
            port = PORT + len(self.programs)
            program = (str(STRANGE), SERVER_ADDRESS, str(port)) if mix.strange else ("-m", "nra", "reflect", "--port", str(port))
            self.programs[kind] = self._world.python(SERVER, *program, *kind).wait_for("listening on")
        return PORT + list(self.programs).index(kind)

    def kill(self) -> None:
        """End them at once."""
        for program in self.programs.values():
            program.kill()

    def stop(self) -> list[str]:
        """Ask them to end, and return what each of them said."""
        return [program.stop().out for program in self.programs.values()]


def hold(
    world: World,
    mixes: Mapping[str, Mix],
    in_mid_session: Callable[[Reflectors], object] | None = None,
    afterwards: Callable[[Reflectors], object] | None = None,
    *,
    once_more: bool = True,
) -> dict[str, Session]:
    """Hold the sessions at once, each through a relay of its own, and return them when all are over.

    What shall happen in mid-session happens when the relays of mixes with `--announce-after` say so. A session that did not begin, for
    this machine let the question whether a reflector is there wait, is held once more.
    """
    reflectors = Reflectors(world)
    relays = {}
    for number, (name, mix) in enumerate(mixes.items()):
        here, there = (f"[{MIDDLE_ADDRESS_6}]", f"[{SERVER_ADDRESS_6}]") if mix.six else (MIDDLE_ADDRESS, SERVER_ADDRESS)
        listen, to = f"{here}:{PORT + number}", f"{there}:{reflectors.port_for(mix)}"
        command = ("-m", "nra.testing.relay", "--listen", listen, "--to", to, "--record", record_name(number), *mix.orders())
        relays[name] = listen, world.python(MIDDLE, *command)
    for _, relay in relays.values():
        relay.wait_for("listening on")
    where = ("--region", "eu-central-1", "--only", "voice", "--method", "stamp", "--json", "--keep-packets", "--duration", str(DURATION_S))
    runs = {name: nra_run(world, *where, "--reflector", relays[name][0], *mix.run_options()) for name, mix in mixes.items()}
    if in_mid_session is not None:
        for name, (_, relay) in relays.items():
            if "--announce-after" in mixes[name].relay:
                relay.wait_for("forwarding packet")
        in_mid_session(reflectors)
    ended = {name: run.end(END_S) for name, run in runs.items()}
    for _, relay in relays.values():
        assert relay.stop().code == 0
    if afterwards is not None:
        afterwards(reflectors)
    reflectors.kill()
    is_late = [not _has_begun(each) and _was_late(world, number) for number, each in enumerate(ended.values())]
    late = {name: mix for (name, mix), was_late in zip(mixes.items(), is_late, strict=True) if was_late and once_more}
    sessions = dict(_sessions(world, mixes, ended, passed_over=late))
    again = hold(world, late, in_mid_session, afterwards, once_more=False) if late else {}
    return {name: sessions.get(name) or again[name] for name in mixes}


def record_name(number: int) -> str:
    """Return the name of the record of the relay with that number."""
    return f"relay-{number}.jsonl"


def _has_begun(ended: Ended) -> bool:
    return document_of(ended)["voice"] is not None


def _was_late(world: World, number: int) -> bool:
    """Tell whether the first answer left a relay when a run no longer waited for it, or never."""
    record = read_record(world.folder / record_name(number))
    asked_ns = min((each.came_ns for each in record if each.direction == "up"), default=0)
    answered_ns = min((left_ns for each in record if each.direction == "down" for left_ns in each.left_ns), default=None)
    return answered_ns is None or answered_ns - asked_ns > LATE_NS


def _sessions(
    world: World, mixes: Mapping[str, Mix], ended: Mapping[str, Ended], passed_over: Container[str]
) -> Iterable[tuple[str, Session]]:
    for number, (name, mix) in enumerate(mixes.items()):
        if name in passed_over:
            continue
        document = document_of(ended[name])
        (table,) = (world.folder / "out").glob(f"*_{document['run']['id'][:8]}.packets.csv.gz")
        packets = read_packets(table)
        calls = read_calls(world.folder / record_name(number), packets, sealed=mix.sealed, first_number=mix.first_number)
        yield name, Session(mix, ended[name], document, packets, calls)
