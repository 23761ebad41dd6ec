"""Which question goes to which port, and what else is looked at so that the answers can be understood."""

from typing import Final

from nra.model.plan import CheckParameters, ControlAccess, NatParameters, PortQuestion, Target, Task
from nra.model.region import Endpoint, Service
from nra.model.responder import RESPONDERS
from nra.run.settings import Settings

OUTLAST_S: Final = 2.5  # with the shortest stream, of 1 s: enough for three SYNs (0, 1, 3 s) and for three questions (0.5 s)
PROBE_OF_ASK: Final = {
    "tls": "tls_handshake",
    "http": "http_head",
    "stun": "stun_binding",
    "stun_tcp": "stun_binding_tcp",
    "stamp": "stamp_echo",
    "dns": "dns_query",
    "dns_tcp": "dns_query_tcp",
    "resolve": "name_resolution",
    "ntp": "ntp_query",
    "quic": "quic_handshake",
    "quic_version": "quic_version",
    "sip": "sip_options",
    "sip_tcp": "sip_options_tcp",
}
PORTAL_PROBE: Final = "http_head"
NAT_PROBE: Final = "nat_mapping"
HTTP_PORT: Final = 80


def port_question(service: Service, settings: Settings) -> PortQuestion:
    """Return the question to the service's own host; without a task where nobody is known who would answer there."""
    probe = PROBE_OF_ASK.get(service.ask)
    if probe is None or service.host is None:
        return PortQuestion(service=service, tasks=())
    task = check(probe, Target(host=service.host, port=int(service.port)), settings)
    return PortQuestion(service=service, tasks=(task,), sure=service.sure)


def check(probe: str, target: Target, settings: Settings, pin: str | None = None) -> Task:
    """Return a question to a port."""
    parameters = CheckParameters(
        deadline_s=check_deadline_s(settings), key=settings.key, ssid=settings.ssid, pin=pin, control=control_access(settings)
    )
    return Task(probe=probe, target=target, parameters=parameters)


def control_access(settings: Settings) -> ControlAccess | None:
    """Return how to come to the reflector's control channel, None unless reflector, key and pin are known."""
    if settings.reflector is None or settings.key is None or settings.pin is None:
        return None
    return ControlAccess(port=settings.quic_port, pin=settings.pin, key=settings.key)


def surroundings(settings: Settings) -> tuple[Task, ...]:
    """Return what is looked at beside the column: a captive portal and NAT; nothing where there is no network (region `local`)."""
    if settings.portal is None:
        return ()
    parameters = CheckParameters(deadline_s=check_deadline_s(settings), path=settings.portal.path)
    tasks = [Task(probe=PORTAL_PROBE, target=Target(host=settings.portal.host, port=HTTP_PORT), parameters=parameters)]
    servers = stun_servers(settings)
    if len(servers) > 1:
        tasks.append(Task(probe=NAT_PROBE, target=servers[0], parameters=NatParameters(servers=servers)))
    return tuple(tasks)


def stun_servers(settings: Settings) -> tuple[Target, ...]:
    """Return whom to ask how NAT maps us: public servers first, then the reflector's responders, at two ports of one address."""
    servers = [target_of(server) for server in settings.region.stun]
    servers += [Target(host=each.host, port=int(each.port)) for each in settings.services if each.ask == "stun" and each.host]
    if settings.reflector is not None:
        servers += [Target(host=settings.reflector.host, port=each.port) for each in RESPONDERS if each.ask == "stun"]
    return tuple(dict.fromkeys(servers))


def check_deadline_s(settings: Settings) -> float:
    """Return how long a port may take to answer: all are asked at the start, and none may outlast a short stream by much."""
    longest_s = CheckParameters().deadline_s
    return longest_s if settings.asked.only == "firewall" else min(longest_s, settings.asked.duration_s + OUTLAST_S)


def host_port(target: Target) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"


def target_of(endpoint: Endpoint) -> Target:
    """Return the endpoint as a target."""
    return Target(host=endpoint.host, port=endpoint.port)
