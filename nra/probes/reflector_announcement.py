"""Which responders has a reflector opened, and under which TLS key (our own STAMP TLV): what it did not open is not blocked."""

from typing import Final

from nra.model.plan import Task
from nra.model.responder import Announcement
from nra.net.ports import Network
from nra.probes.parts.addresses import LEAST_NS, ask_in_turn, names_until_ns
from nra.probes.parts.inquiry import inquire
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.probes.parts.stamp_dialect import values_of
from nra.probes.parts.stamp_question import stamp_question
from nra.wire.announcement import ROOM, AnnouncementReply, AnnouncementRequest
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import ReflectorPacket
from nra.wire.stamp_tlv import TlvType, encode_tlvs, hmac_tlv
from nra.wire.stamp_values import request_tlv

NOTHING: Final = AnnouncementReply(None, 0)
MOST_ROOM: Final = 256  # ports: 1116 octets with a key, below every MTU in use


async def announce(task: Task, net: Network, watch: Watch) -> Announcement:
    """Return what the first address that answers announces, nothing where that reflector knows no such question; raises NetworkError."""
    key, ssid = check_parameters(task).key, check_parameters(task).ssid
    now_ns = net.clock.now_ns()
    deadline_ns = now_ns + round(check_parameters(task).deadline_s * 1e9)
    addresses = await net.resolve(task.target.host, names_until_ns(now_ns, deadline_ns))

    async def ask(address: str, _until_ns: int) -> AnnouncementReply:
        reply = await asked(address, ROOM)
        if not reply.is_cut or net.clock.now_ns() + LEAST_NS > deadline_ns:
            return reply
        return await asked(address, min(reply.in_all, MOST_ROOM))

    async def asked(address: str, room: int) -> AnnouncementReply:
        packet, _ = await inquire(net, watch, address, task.target.port, stamp_question(key, ssid, tail(room, key)))
        return read(packet, key)

    answered = await ask_in_turn(net, addresses, deadline_ns, ask)
    return answered.value.announcement or Announcement(pin=None, ports=())


def tail(room: int, key: bytes | None) -> bytes:
    """Return the TLVs of the question, with room for so many ports."""
    question = request_tlv(AnnouncementRequest(room))
    return encode_tlvs([question] if key is None else [question, hmac_tlv()])


def read(packet: ReflectorPacket, key: bytes | None) -> AnnouncementReply:
    """Return what a reply announces; a reflector that does not know the question announces nothing."""
    octets = values_of(packet, key).get(TlvType.ANNOUNCEMENT)
    try:
        return NOTHING if octets is None else AnnouncementReply.decode(octets)
    except MalformedMessage:
        return NOTHING


PROBE: Final[Probe] = observing("reflector_announcement", announce)
