"""Whose silence was it: a control that answers tells a dead far end from a dead network (contract 4.4)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from nra.model.failure import UNKNOWN_KEY, FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Plan, Rung, Target, Task, VoiceParameters
from nra.model.responder import RESPONDERS
from nra.model.sample import ABSENT, StreamSample, VoiceSample
from nra.run.far_end import Asked
from nra.scoring.firewall import control_answered
from nra.scoring.wording import LOOK_HERE, YOU

CONTROL_S: Final = 2.0
UDP_PROBES: Final = frozenset(
    {
        "voice_stream",
        "udp_echo",
        "stun_stream",
        "stun_binding",
        "stamp_echo",
        "beacon_echo",
        "dns_query",
        "ntp_query",
        "quic_handshake",
        "quic_control",
        "quic_stream",
        "quic_version",
        "sip_options",
        "reflector_announcement",
    }
)
STUN_PROBES: Final = ("stun_binding", "stun_stream")
STUN_PORT: Final = next(each.port for each in RESPONDERS if each.ask == "stun" and each.protocol == "UDP")
NO_NAME: Final = (FailureKind.NAME_NOT_FOUND, FailureKind.NAME_UNRESOLVED)

ASK_FAR_END: Final = ""  # the finding of the silence itself says who
ASK_DNS: Final = "Whoever runs DNS here: mend the resolver, or the way to it; then measure again."
ASK_REFLECTOR: Final = (
    "Whoever runs the reflector: see that it runs, that its UDP port is open on the way, and that both ends have the same key, or none."
)
ASK_KEY: Final = (
    "Whoever runs the reflector: compare key and port at both ends (nra reflect keys list, and the line that it prints when it starts)."
)
GIVE_KEY: Final = (
    "Whoever runs the reflector: compare the keys at both ends (nra reflect keys list): this one never was there, or was revoked. If it "
    "was added, let the reflector read its keys again; then measure again."
)
OPEN_STAMP: Final = "Firewall team: allow UDP {port} to the reflector, and its replies; calls need the media ports around it."
ALLOW_UDP: Final = "Firewall team: allow UDP outbound and its replies (3478 and 16384-65535); then measure again."

Climbed = tuple[Rung, Observation | None]  # None: not tried


def measured_sample(climbed: Iterable[Climbed]) -> VoiceSample | None:
    """Return the sample of the rung that worked, None where none did."""
    for _, observation in climbed:
        if observation is not None and isinstance(observation.value, VoiceSample):
            return observation.value
    return None


def control_task(plan: Plan, climbed: tuple[Climbed, ...], ports: tuple[Asked, ...]) -> Task | None:
    """Return what to ask once more, away from the far end: who answered before, else the plan's control; None where it is of no use."""
    sample = measured_sample(climbed)
    if sample is None and (not climbed or control_answered([*(seen for _, seen in climbed), *observed(ports)]) or tried(climbed, "tcp")):
        return None
    if sample is not None and sample.silent_since_s is None:
        return None
    answered = (seen.task for seen in observed(ports) if isinstance(seen.value, Answer))
    task = next((task for task in answered if sample is None or task.target.host != sample.host), plan.control)
    if task is None or not isinstance(task.parameters, CheckParameters):
        return None
    return replace(task, parameters=replace(task.parameters, deadline_s=CONTROL_S))


def witness_task(climbed: tuple[Climbed, ...], seen: Iterable[Observation]) -> Task | None:
    """Return what to ask a reflector's host that was silent to our key: does it answer STUN? None where none was, or that is known."""
    silent = silent_reflector(climbed)
    if silent is None or answers_stun(silent.target.host, seen):
        return None
    target = Target(host=silent.target.host, port=STUN_PORT, address=silent.target.address)
    return Task(probe=STUN_PROBES[0], target=target, parameters=CheckParameters(deadline_s=CONTROL_S))


def silent_reflector(climbed: Iterable[Climbed]) -> Task | None:
    """Return the task of the reflector that did not answer our key, None where none was silent, or nobody had a key."""
    for rung, seen in climbed:
        parameters = rung.task.parameters if rung.task is not None else None
        is_keyed = rung.method == "stamp" and isinstance(parameters, VoiceParameters) and parameters.key is not None
        if is_keyed and seen is not None and failed_as(seen, FailureKind.NO_ANSWER):
            return rung.task
    return None


def answers_stun(host: str, seen: Iterable[Observation]) -> bool:
    """Tell whether a host was seen to answer STUN over UDP."""
    return any(each.task.probe in STUN_PROBES and each.task.target.host == host and each.value is not None for each in seen)


def observed(ports: Iterable[Asked]) -> list[Observation]:
    """Return what came of all rows' questions."""
    return [observation for _, seen in ports for observation in seen]


def tried(climbed: tuple[Climbed, ...], method: str) -> bool:
    """Tell whether a method was tried."""
    return any(seen is not None for rung, seen in climbed if rung.method == method)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a silence comes to, and who can do what about it."""

    text: str
    advice: str


def explained(
    climbed: tuple[Climbed, ...], ports: tuple[Asked, ...], control: Observation | None, beside: Iterable[Observation] = ()
) -> Explanation | None:
    """Return what the silence of a far end comes to; None where none was silent. `beside` is what else was asked."""
    sample = measured_sample(climbed)
    if sample is not None and sample.silent_since_s is not None:
        return Explanation(f"no answer came from {sample.silent_since_s:.1f} s on; {after_silence(control, ports)}", ASK_FAR_END)
    if sample is not None and sample.method != "tcp":
        return replaced(climbed, beside)
    seen = [*(observation for _, observation in climbed if observation is not None), *observed(ports)]
    known = key_or_port(climbed, [*seen, *beside])
    if seen and all(failed_as(observation, *NO_NAME) for observation in seen):
        return Explanation("no name could be resolved: the resolver, or the way to it, is at fault", ASK_DNS)
    if known is None and any(observation is not None and is_silent_udp(observation) for _, observation in climbed):
        return after_no_udp(seen, control)
    return known


def key_or_port(climbed: tuple[Climbed, ...], seen: Iterable[Observation]) -> Explanation | None:
    """Return that a silent reflector's host answers all the same.

    Never that it refused a key, for by STAMP it says nothing to whom it does not know; unless its control channel said so.
    """
    silent, told = silent_reflector(climbed), unknown_key(climbed)
    if silent is not None and answers_stun(silent.target.host, seen):
        where = f"{silent.target.host} port {silent.target.port}"
        text = f"reflector {where}: no answer; the same host answers STUN, so the key or the port may be wrong"
        return Explanation(f"{text}; {said_of_key(told)}" if told else text, GIVE_KEY if told else ASK_KEY)
    return Explanation(f"reflector {told.host}: no answer to voice; {said_of_key(told)}", GIVE_KEY) if told else None


def unknown_key(climbed: Iterable[Climbed]) -> Target | None:
    """Return where a reflector's control channel, known by its pin, said that it does not know our key; None where none did."""
    failed = (seen for _, seen in climbed if seen is not None and seen.failure is not None)
    return next((seen.task.target for seen in failed if seen.failure and UNKNOWN_KEY in seen.failure.detail), None)


def said_of_key(told: Target) -> str:
    """Return what the reflector said of our key."""
    return f"over its control channel (UDP {told.port}) it says that it does not know this key, so the key is the likely cause"


def replaced(climbed: tuple[Climbed, ...], beside: Iterable[Observation]) -> Explanation | None:
    """Return that a reflector was asked for, did not answer, and something else was measured in its place."""
    sample = measured_sample(climbed)
    if sample is not None and sample.method == "quic":
        return stamp_alone_silent(climbed, sample)
    known = key_or_port(climbed, beside)
    if known is not None:
        return replace(known, text=f"{known.text}; something else was measured in its place")
    for rung, seen in climbed:
        if rung.method == "stamp" and seen is not None and seen.failure is not None:
            where = f"{seen.task.target.host} port {seen.task.target.port}"
            return Explanation(f"the reflector {where} did not answer, something else was measured in its place", ASK_REFLECTOR)
    return None


def stamp_alone_silent(climbed: tuple[Climbed, ...], sample: VoiceSample) -> Explanation | None:
    """Return that the reflector itself was measured, but at another port: it knows our key, so its STAMP port is what is in doubt."""
    for rung, seen in climbed:
        if rung.method == "stamp" and seen is not None and seen.failure is not None:
            where, port = seen.task.target.host, seen.task.target.port
            text = f"the reflector {where} answered at UDP {sample.port} and not at UDP {port}: voice was measured in QUIC there"
            return Explanation(text, OPEN_STAMP.format(port=port))
    return None


def after_no_udp(seen: list[Observation], control: Observation | None) -> Explanation:
    """Return what all the rest says of UDP voice probes that nobody answered."""
    if control_answered(observation for observation in seen if observation.task.probe in UDP_PROBES):
        text = "the far end of the voice stream does not answer although other UDP is answered: it is down, or its port is blocked"
        return Explanation(text, ASK_REFLECTOR)
    if not control_answered([*seen, control]):
        return Explanation(
            "nothing answered at all, neither UDP nor TCP: this workstation has no way out, or everything is filtered",
            f"{YOU}: {LOOK_HERE}",
        )
    places = len({observation.task.target for observation in seen if is_silent_udp(observation)})
    text = f"no UDP answer came from any of {places} places although TCP was answered: UDP is blocked on the way, or none of them is there"
    return Explanation(text, ALLOW_UDP)


def is_silent_udp(observation: Observation) -> bool:
    """Tell whether a question by UDP met silence."""
    return observation.task.probe in UDP_PROBES and failed_as(observation, FailureKind.NO_ANSWER)


def failed_as(observation: Observation, *kinds: FailureKind) -> bool:
    """Tell whether it failed, and in one of these ways."""
    return observation.failure is not None and observation.failure.kind in kinds


def after_silence(control: Observation | None, ports: Iterable[Asked]) -> str:
    """Return what the control says of a far end that stopped answering."""
    if control is None:
        return "nobody was known who could have been asked whether the network was still there"
    where = f"{control.task.target.host} port {control.task.target.port}"
    if control_answered([control]):
        return f"{where} answered afterwards: the network was there, so the far end stopped, or this flow was cut off on the way"
    if network_was_gone(control, ports):
        return f"{where} did not answer afterwards either: the network itself was gone"
    return f"{where} did not answer afterwards either, but had not been asked before: whether the network was still there is not known"


def network_was_gone(control: Observation | None, ports: Iterable[Asked]) -> bool:
    """Tell whether a control that had answered was silent too: then the silence is the network's loss.

    Who never answered proves nothing: networks let workstations reach their reflector, and the world by a proxy only.
    """
    if control is None or control_answered([control]):
        return False
    return any(isinstance(seen.value, Answer) and seen.task.target == control.task.target for seen in observed(ports))


def until_silence(sample: VoiceSample) -> VoiceSample:
    """Return the sample without the probes after the last one answered: they tell of the far end, not of the network."""
    stream = sample.stream
    answered_ns = stream.t1_ns[stream.t4_ns != ABSENT]
    kept = stream.t1_ns <= answered_ns.max(initial=sample.start_ns - 1)
    columns = {each.name: getattr(stream, each.name)[kept] for each in fields(StreamSample)}
    return replace(sample, stream=StreamSample(**columns))
