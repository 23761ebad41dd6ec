"""One file per probe: thin, open, drive, wrap. The list of probes is a list."""

from nra.probes import (
    dns_query,
    http_head,
    name_resolution,
    ntp_query,
    quic_handshake,
    quic_version,
    stamp_echo,
    stun_binding,
    stun_stream,
    tcp_connect,
    tcp_round_trip,
    tls_handshake,
    udp_echo,
    voice_stream,
)
from nra.probes.parts.probe import Probe

BUILTIN: tuple[Probe, ...] = (
    name_resolution.PROBE,
    tcp_connect.PROBE,
    tls_handshake.PROBE,
    http_head.PROBE,
    dns_query.PROBE,
    dns_query.TCP_PROBE,
    ntp_query.PROBE,
    stun_binding.PROBE,
    stun_binding.TCP_PROBE,
    quic_version.PROBE,
    quic_handshake.PROBE,
    stamp_echo.PROBE,
    voice_stream.PROBE,
    udp_echo.PROBE,
    stun_stream.PROBE,
    tcp_round_trip.PROBE,
)
