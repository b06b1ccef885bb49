"""The emulated USB line: bytes to and from the chip, and the frames that a host sends each millisecond."""

from collections.abc import Callable
from typing import Any

# A read of the chip's that nothing answers stays open; the emulator would end it empty every 10 us, and the chip
# would spend two thirds of its time on that.
_ANSWER_NS = 50_000
_SOF_RD = 0x48
_FRAME_NS = 1_000_000
_FRAMES = 0x800


class Line:
    """The host's end. `cut` True: the cable is out, and what is said on it is lost.

    `spoken_ns`: time of the chip from a first byte to it until its last byte of an answer, over all exchanges.
    """

    def __init__(self, mcu: Any, cdc: Any) -> None:
        self._mcu = mcu
        self._cdc = cdc
        self._usb = mcu.usb_ctrl
        self._to_chip = bytearray()
        self._open: tuple[int, int] | None = None
        self._answer = mcu.clock.create_alarm(self._on_answer)
        self._others = self._usb.on_endpoint_read
        self._registers = self._usb.read_uint32
        self._frozen_at = 0
        self._cut = False
        self.spoken_ns = 0
        self._mark_ns = 0.0
        self._heard_ns = 0.0
        self._asked = False
        self.heard: Callable[[bytes], None] = lambda data: None
        self._usb.on_endpoint_read = self._on_read
        self._usb.read_uint32 = self._read_register
        cdc.on_serial_data = self._on_data

    @property
    def waiting(self) -> int:
        """Bytes that the chip has not fetched yet."""
        return len(self._to_chip)

    @property
    def asked_for_ns(self) -> float:
        """For how long the chip has owed an answer to what was said last; 0: it owes none."""
        return self._mcu.clock.nanos - self._heard_ns if self._asked else 0.0

    @property
    def cut(self) -> bool:
        return self._cut

    @cut.setter
    def cut(self, cut: bool) -> None:
        self._frozen_at = self._frame()
        self._cut = cut
        self._to_chip.clear()

    def send(self, data: bytes) -> None:
        """Bytes for the chip; it fetches them a packet at a time."""
        if self._cut:
            return
        if not self._asked:
            self._asked = True
            self._mark_ns = self._mcu.clock.nanos
        self._heard_ns = self._mcu.clock.nanos
        self._to_chip += data
        if self._open is not None and self._to_chip:
            self._answer.schedule(_ANSWER_NS)

    def _on_read(self, endpoint: int, size: int) -> None:
        if endpoint != self._cdc._out_endpoint:
            self._others(endpoint, size)
        else:
            self._open = (endpoint, size)
            if self._to_chip:
                self._answer.schedule(_ANSWER_NS)

    def _on_answer(self) -> None:
        if self._open is None or not self._to_chip:
            return
        endpoint, size = self._open
        self._open = None
        packet = bytes(self._to_chip[:size])
        del self._to_chip[:size]
        self._usb.endpoint_read_done(endpoint, packet)

    def _on_data(self, data: bytes | bytearray) -> None:
        if not data or self._cut:
            return
        self.spoken_ns += int(self._mcu.clock.nanos - self._mark_ns)
        self._mark_ns = self._mcu.clock.nanos
        self._asked = False
        self.heard(bytes(data))

    def _frame(self) -> int:
        return int(self._mcu.clock.nanos // _FRAME_NS) % _FRAMES

    def _read_register(self, offset: int) -> int:
        if offset == _SOF_RD:
            return self._frozen_at if self._cut else self._frame()
        return int(self._registers(offset))
