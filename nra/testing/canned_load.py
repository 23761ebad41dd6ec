"""The parts of a canned run under load: a line of 20 Mbit/s down and 10 up whose queue up holds for a fifth of a second."""

from typing import Final

from nra.model.document import Finding
from nra.model.load import Burden, LimitedBy
from nra.model.under_load import Load, LoadPhase, LoadWay, VoiceBeside
from nra.model.voice import CallDirection

_BEFORE: Final = VoiceBeside(
    up=CallDirection(loss_percent=0.0, jitter_ms=1.8432, discard_percent=0.0, mos=4.409406),
    down=CallDirection(loss_percent=0.0, jitter_ms=2.0957, discard_percent=0.0, mos=4.409406),
    rtt_avg_ms=24.3118,
)


def _less(after: CallDirection, before: CallDirection) -> CallDirection:
    names = ("loss_percent", "jitter_ms", "discard_percent", "mos")
    return CallDirection(**{name: round(getattr(after, name) - getattr(before, name), 6) for name in names})


def _phase(burden: Burden, up: LoadWay | None, down: LoadWay | None, loaded: VoiceBeside) -> LoadPhase:
    change = VoiceBeside(
        up=_less(loaded.up, _BEFORE.up),
        down=_less(loaded.down, _BEFORE.down),
        rtt_avg_ms=round((loaded.rtt_avg_ms or 0.0) - 24.3118, 6),
    )
    return LoadPhase(burden=burden, seconds=7.4, up=up, down=down, loaded=loaded, change=change)


_UP: Final = LoadWay(octets=8_612_340, mbit_s=9.871264, limited_by=LimitedBy.NETWORK, calls=123)
_DOWN: Final = LoadWay(octets=17_402_112, mbit_s=19.744832, limited_by=LimitedBy.NETWORK, calls=246)
_LATE: Final = CallDirection(loss_percent=0.8, jitter_ms=6.4127, discard_percent=61.6, mos=1.0)
_SOON: Final = CallDirection(loss_percent=0.0, jitter_ms=2.8815, discard_percent=0.0, mos=4.402117)
_TIRED: Final = CallDirection(loss_percent=0.0, jitter_ms=2.3344, discard_percent=0.0, mos=4.282209)

LOAD: Final = Load(
    most_megabytes=250,
    headers_bytes=40,
    call_kbit_s=80.0,
    phases=(
        _phase(Burden.UP, _UP, None, VoiceBeside(up=_LATE, down=_TIRED, rtt_avg_ms=213.6402)),
        _phase(Burden.DOWN, None, _DOWN, VoiceBeside(up=_SOON, down=_SOON, rtt_avg_ms=38.1107)),
        LoadPhase(
            burden=Burden.BOTH,
            seconds=4.1,
            up=LoadWay(octets=4_020_118, mbit_s=9.310022, limited_by=LimitedBy.CAP, calls=116),
            down=LoadWay(octets=3_907_755, mbit_s=None, limited_by=None, calls=None),
            note="this workstation was unsteady under load: 9 of 204 packets were sent more than 5 ms late",
        ),
    ),
)
FOUND: Final = Finding(
    where="up",
    severity="warn",
    text="Calls do not sound good while something is sent to the region at full speed, although they do without.",
    evidence="Up Packet Discards 61.60 % under load, expected < 5; round trip +189.3 ms with the load",
    advice="Network team: Give voice (DSCP EF) a queue of its own that is served first at the site's router.",
)
