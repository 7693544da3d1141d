"""How far the machine's clock may be trusted, as its kernel tells it.

Input: nothing. Output: whether something keeps the clock in step, and how far off it was last.
Source: adjtimex(2), read-only (`modes` 0); the layout is that of 64-bit Linux.
"""

import ctypes
import struct

from murenger.record.executor import ClockState

_STRUCT_BYTES = 256  # struct timex has 208; the rest is slack
_OFFSET_AT, _ERROR_AT, _STATUS_AT = 8, 24, 40
_STA_UNSYNC, _STA_NANO = 0x0040, 0x2000
_POINTER_BYTES = 8
_NS_PER_MS, _US_PER_MS = 1_000_000, 1_000


def clock_state() -> ClockState:
    """Return the kernel's word on the clock; nothing but its name where the kernel does not say."""
    if struct.calcsize("P") != _POINTER_BYTES:
        return ClockState()
    buffer = ctypes.create_string_buffer(_STRUCT_BYTES)
    try:
        if ctypes.CDLL(None).adjtimex(buffer) < 0:
            return ClockState()
    except (OSError, AttributeError):
        return ClockState()
    (offset,) = struct.unpack_from("=q", buffer, _OFFSET_AT)
    (error_us,) = struct.unpack_from("=q", buffer, _ERROR_AT)
    (status,) = struct.unpack_from("=i", buffer, _STATUS_AT)
    synchronised = not status & _STA_UNSYNC
    per_ms = _NS_PER_MS if status & _STA_NANO else _US_PER_MS
    # What an unsynchronised clock says of its offset is left over from whenever it was synchronised.
    return ClockState(
        source="kernel",
        synchronised=synchronised,
        offset_ms=round(offset / per_ms) if synchronised else None,
        error_ms=round(error_us / _US_PER_MS),
    )
