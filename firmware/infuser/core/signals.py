"""Alarm signals by priority: when which lamp is lit and which tone sounds (IEC 60601-1-8).

A phase is the time in ms since the signal began; both patterns repeat within CYCLE_MS, so a phase
may be kept modulo CYCLE_MS.
"""

from infuser.wire.alarms import HIGH, LOW, MEDIUM

CYCLE_MS = 120000
NEVER_MS = 0

# priority -> (period ms, lit ms): 2 Hz and 0.5 Hz at 40 %.
_FLASH = {HIGH: (500, 200), MEDIUM: (2000, 800)}

_C4, _D4, _E4, _G4, _C5 = 262, 294, 330, 392, 523


def _burst(notes: tuple, pulse_ms: int, gap_ms: int, longer: dict, period_ms: int) -> tuple:
    """((hz, ms), ...) of one period: pulses with a gap after each, the last gap filling the period."""
    parts: list[tuple[int, int]] = []
    used_ms = 0
    for index, hz in enumerate(notes):
        rest_ms = longer.get(index, gap_ms)
        if index == len(notes) - 1:
            rest_ms = period_ms - used_ms - pulse_ms
        parts.append((hz, pulse_ms))
        parts.append((0, rest_ms))
        used_ms += pulse_ms + rest_ms
    return tuple(parts)


# Ten pulses are the same five twice; IEC 60601-1-8 spaces the third and the fifth more widely.
_MELODY = {
    HIGH: (8000, _burst((_C5, _D4, _G4, _C5, _D4) * 2, 150, 100, {2: 350, 4: 500, 7: 350}, 8000)),
    MEDIUM: (12000, _burst((_C5, _D4, _G4), 200, 200, {}, 12000)),
    LOW: (60000, _burst((_E4, _C4), 200, 200, {}, 60000)),
}


def lamp(priority: int, phase_ms: int) -> tuple[bool, int]:
    """(lit, ms until that changes) of the lamp of a priority; NEVER_MS where it is steady or dark."""
    if priority not in _FLASH:
        return priority == LOW, NEVER_MS
    period_ms, lit_ms = _FLASH[priority]
    at_ms = phase_ms % period_ms
    if at_ms < lit_ms:
        return True, lit_ms - at_ms
    return False, period_ms - at_ms


def tone(priority: int, phase_ms: int) -> tuple[int, int]:
    """(Hz, ms until that changes) of the sounder; 0 Hz is silence, NEVER_MS without a priority."""
    if priority not in _MELODY:
        return 0, NEVER_MS
    period_ms, parts = _MELODY[priority]
    left_ms = phase_ms % period_ms
    for hz, length_ms in parts:
        if left_ms < length_ms:
            return hz, length_ms - left_ms
        left_ms -= length_ms
    return 0, NEVER_MS
