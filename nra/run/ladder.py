"""The ladder of ways to measure voice, best first, each with the reason to take it or why it cannot be taken."""

from collections.abc import Callable
from typing import Final

from nra.model.plan import Rung, Target, Task, VoiceParameters
from nra.probes.quic_stream import MOST_PAYLOAD_BYTES
from nra.probes.udp_echo import PER_ADDRESS_PER_S, most_calls
from nra.run.questions import check, control_access, host_port, target_of
from nra.run.settings import Settings

RTP_HEADER_BYTES: Final = 12  # RFC 3550 5.1
AUTO: Final = ("stamp", "quic", "echo", "stun", "tcp")  # best first: what tells up from down, then what is most like voice
PROBE_OF_METHOD: Final = {
    "stamp": "voice_stream",
    "quic": "quic_stream",
    "echo": "udp_echo",
    "stun": "stun_stream",
    "tcp": "tcp_round_trip",
}
QUESTION_OF_METHOD: Final = {
    "stamp": "stamp_echo",
    "quic": "quic_control",
    "echo": "beacon_echo",
    "stun": "stun_binding",
    "tcp": "tcp_connect",
}


def rungs(settings: Settings) -> tuple[Rung, ...]:
    """Return the ladder of `auto`, or the one method that was asked for."""
    if settings.asked.method != "auto":
        return RUNGS[settings.asked.method](settings)
    methods = (method for method in AUTO if method != "quic" or control_access(settings) is not None)
    return tuple(rung for method in methods for rung in RUNGS[method](settings))


def voice_parameters(settings: Settings) -> VoiceParameters:
    """Return the stream that the codec's RTP would be."""
    asked = settings.asked
    payload = round(settings.codec.payload_bytes_per_ms * asked.interval_ms) + RTP_HEADER_BYTES
    return VoiceParameters(
        duration_s=asked.duration_s,
        interval_ms=asked.interval_ms,
        codec=settings.codec.name,
        payload_bytes=payload,
        calls=asked.calls,
        dscp=asked.dscp,
        key=settings.key,
        ssid=settings.ssid,
        control=control_access(settings),
    )


def _stamp(settings: Settings) -> tuple[Rung, ...]:
    if settings.reflector is None:
        return (Rung(method="stamp", task=None, why="no reflector is known"),)
    why = f"a reflector is known ({host_port(settings.reflector)}): it tells up from down"
    return (_rung(settings, "stamp", settings.reflector, why),)


def _quic(settings: Settings) -> tuple[Rung, ...]:
    access, payload_bytes = control_access(settings), voice_parameters(settings).payload_bytes
    if settings.reflector is None or access is None:
        lacking = [word for word, known in (("reflector", settings.reflector), ("key", settings.key), ("pin", settings.pin)) if not known]
        return (Rung(method="quic", task=None, why=f"no {' and no '.join(lacking)} is known"),)
    if payload_bytes > MOST_PAYLOAD_BYTES:
        return (Rung(method="quic", task=None, why=f"packets of {payload_bytes} octets do not fit a QUIC packet"),)
    target = Target(host=settings.reflector.host, port=access.port)
    return (_rung(settings, "quic", target, f"the reflector's QUIC port is known ({host_port(target)}): it tells up from down"),)


def _echo(settings: Settings) -> tuple[Rung, ...]:
    beacon, asked = settings.region.beacon, settings.asked
    if beacon is None:
        return (Rung(method="echo", task=None, why=f"{settings.region.name} has no public UDP beacon"),)
    if asked.calls > most_calls(asked.interval_ms):
        return (Rung(method="echo", task=None, why=f"{asked.calls} calls are more than the beacon's {PER_ADDRESS_PER_S} packets/s"),)
    return (_rung(settings, "echo", target_of(beacon), "the region's public UDP beacon returns voice-sized packets at voice rate"),)


def _stun(settings: Settings) -> tuple[Rung, ...]:
    servers = settings.region.stun
    if not servers:
        return (Rung(method="stun", task=None, why=f"no public STUN server is known in {settings.region.name}"),)
    why = "a public STUN server answers ten small packets a second"
    return tuple(_rung(settings, "stun", target_of(server), f"{why} ({server.host})") for server in servers)


def _tcp(settings: Settings) -> tuple[Rung, ...]:
    if settings.region.https is None:
        return (Rung(method="tcp", task=None, why=f"no TCP host is known in {settings.region.name}"),)
    return (_rung(settings, "tcp", target_of(settings.region.https), "TCP handshakes show the round trip time, nothing else"),)


RUNGS: Final[dict[str, Callable[[Settings], tuple[Rung, ...]]]] = {
    "stamp": _stamp,
    "quic": _quic,
    "echo": _echo,
    "stun": _stun,
    "tcp": _tcp,
}


def _rung(settings: Settings, method: str, target: Target, why: str) -> Rung:
    task = Task(probe=PROBE_OF_METHOD[method], target=target, parameters=voice_parameters(settings))
    return Rung(method=method, task=task, why=why, question=check(QUESTION_OF_METHOD[method], target, settings))
