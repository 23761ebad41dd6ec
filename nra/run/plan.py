"""From settings to the plan: which ways to measure voice, in which order, and which question goes to which port."""

from collections.abc import Callable
from typing import Final

from nra.model.plan import CheckParameters, Plan, PortQuestion, Rung, Target, Task, VoiceParameters
from nra.model.region import Endpoint, Service
from nra.probes.udp_echo import PER_ADDRESS_PER_S, most_calls
from nra.run.settings import Settings

RTP_HEADER_BYTES: Final = 12  # RFC 3550 5.1
OUTLAST_S: Final = 2.5  # with the shortest stream, of 1 s: enough for three SYNs (0, 1, 3 s) and for three questions (0.5 s)
AUTO: Final = ("stamp", "echo", "stun", "tcp")  # best first: what tells up from down, then what is most like voice
PROBE_OF_METHOD: Final = {"stamp": "voice_stream", "echo": "udp_echo", "stun": "stun_stream", "tcp": "tcp_round_trip"}
PROBE_OF_ASK: Final = {
    "tls": "tls_handshake",
    "http": "http_head",
    "stun": "stun_binding",
    "stun_tcp": "stun_binding_tcp",
    "stamp": "stamp_echo",
    "dns": "dns_query",
    "dns_tcp": "dns_query_tcp",
    "ntp": "ntp_query",
    "quic": "quic_handshake",
    "quic_version": "quic_version",
}


def make_plan(settings: Settings) -> Plan:
    """Return what to do; a half that was not asked for is empty."""
    only, https = settings.asked.only, settings.region.https
    return Plan(
        voice=() if only == "firewall" else rungs(settings),
        ports=() if only == "voice" else tuple(port_question(service, settings) for service in settings.services),
        control=Task(probe="tcp_connect", target=_target(https), parameters=CheckParameters()) if https is not None else None,
    )


def rungs(settings: Settings) -> tuple[Rung, ...]:
    """Return the ladder of `auto`, or the one method that was asked for."""
    methods = AUTO if settings.asked.method == "auto" else (settings.asked.method,)
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
    )


def host_port(target: Target) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"


def _stamp(settings: Settings) -> tuple[Rung, ...]:
    if settings.reflector is None:
        return (Rung(method="stamp", task=None, why="no reflector is known"),)
    why = f"a reflector is known ({host_port(settings.reflector)}): it tells up from down"
    return (_rung(settings, "stamp", settings.reflector, why),)


def _echo(settings: Settings) -> tuple[Rung, ...]:
    beacon, asked = settings.region.beacon, settings.asked
    if beacon is None:
        return (Rung(method="echo", task=None, why=f"{settings.region.name} has no public UDP beacon"),)
    if asked.calls > most_calls(asked.interval_ms):
        return (Rung(method="echo", task=None, why=f"{asked.calls} calls are more than the beacon's {PER_ADDRESS_PER_S} packets/s"),)
    return (_rung(settings, "echo", _target(beacon), "the region's public UDP beacon returns voice-sized packets at voice rate"),)


def _stun(settings: Settings) -> tuple[Rung, ...]:
    servers = settings.region.stun
    if not servers:
        return (Rung(method="stun", task=None, why=f"no public STUN server is known in {settings.region.name}"),)
    why = "a public STUN server answers ten small packets a second"
    return tuple(_rung(settings, "stun", _target(server), f"{why} ({server.host})") for server in servers)


def _tcp(settings: Settings) -> tuple[Rung, ...]:
    if settings.region.https is None:
        return (Rung(method="tcp", task=None, why=f"no TCP host is known in {settings.region.name}"),)
    return (_rung(settings, "tcp", _target(settings.region.https), "TCP handshakes show the round trip time, nothing else"),)


RUNGS: Final[dict[str, Callable[[Settings], tuple[Rung, ...]]]] = {"stamp": _stamp, "echo": _echo, "stun": _stun, "tcp": _tcp}


def _rung(settings: Settings, method: str, target: Target, why: str) -> Rung:
    return Rung(method=method, task=Task(probe=PROBE_OF_METHOD[method], target=target, parameters=voice_parameters(settings)), why=why)


def _target(endpoint: Endpoint) -> Target:
    return Target(host=endpoint.host, port=endpoint.port)


def port_question(service: Service, settings: Settings) -> PortQuestion:
    """Return the question to a port; a range is asked at the reflector's port if that lies in it."""
    probe = PROBE_OF_ASK.get(service.ask)
    target = port_target(service, settings)
    if probe is None or target is None:
        return PortQuestion(service=service, task=None)
    parameters = CheckParameters(deadline_s=check_deadline_s(settings), key=settings.key)
    return PortQuestion(service=service, task=Task(probe=probe, target=target, parameters=parameters))


def port_target(service: Service, settings: Settings) -> Target | None:
    """Return whom to ask, None where nobody would answer."""
    first, _, last = service.port.partition("-")
    if service.ask != "stamp":
        return None if last else Target(host=service.host, port=int(first))
    reflector = settings.reflector
    return reflector if reflector is not None and int(first) <= reflector.port <= int(last or first) else None


def check_deadline_s(settings: Settings) -> float:
    """Return how long a port may take to answer: all are asked at the start, and none may outlast a short stream by much."""
    longest_s = CheckParameters().deadline_s
    return longest_s if settings.asked.only == "firewall" else min(longest_s, settings.asked.duration_s + OUTLAST_S)
