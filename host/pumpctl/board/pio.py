"""Exact PIO waveforms while the processor sleeps, and waiting loops worked out instead of stepped through."""

from typing import Any

from infuser.hw import board

_NS_PER_CYCLE_FP = 8 / 256  # the emulator counts system clocks of 8 ns in 256ths
_NEVER_FP = 1 << 60
_AHEAD_NS = 8
# `jmp(y_dec, <itself>)`: opcode 000, no delay, condition "y, then decrement it".
_JMP_Y_DEC = 0b000_00000_100_00000


class Pacer:
    """Wakes the emulator at each due time of the first PIO block; a pulse begins where it is told to watch.

    The emulator executes one instruction for each jump from alarm to alarm, so a sleeping processor would
    stretch every waveform. It does so after the alarm: what is due next is looked up a clock later. A state machine in
    a loop that only counts Y down is set at the loop's end at once.
    """

    def __init__(self, mcu: Any) -> None:
        self._mcu = mcu
        self._block = mcu.pio[0]
        self._after = mcu.clock.create_alarm(self._look)
        self._due = mcu.clock.create_alarm(lambda: self._after.schedule(_AHEAD_NS))
        self._watching = False
        mcu.gpio[board.PINS["enable"]].add_listener(self._on_edge)

    def pass_ns(self, duration_ns: int) -> None:
        """Let time pass while the processor is held up: alarms fire, the PIO goes on."""
        clock, block = self._mcu.clock, self._block
        end_ns = clock.nanos + duration_ns
        while clock.nanos < end_ns:
            step_ns = end_ns - clock.nanos
            if not block.stopped and block.next_due_fp < _NEVER_FP:
                self._skip_loops()
                due_ns = (block.next_due_fp - block.cycle_fp) * _NS_PER_CYCLE_FP
                step_ns = min(step_ns, max(due_ns, _AHEAD_NS))
            cycles = max(1, round(step_ns / _AHEAD_NS))
            clock.tick(cycles * _AHEAD_NS)
            if not block.stopped:
                block.advance(cycles)

    def _on_edge(self, _value: Any, _last: Any) -> None:
        if not self._watching and not self._block.stopped:
            self._watching = True
            self._after.schedule(_AHEAD_NS)

    def _look(self) -> None:
        block = self._block
        if block.stopped or block.next_due_fp >= _NEVER_FP:
            self._watching = False
            return
        self._skip_loops()
        due_ns = (block.next_due_fp - block.cycle_fp) * _NS_PER_CYCLE_FP
        # The block has not been told of the clock since the last alarm.
        self._due.schedule(max(due_ns - _AHEAD_NS, _AHEAD_NS))

    def _skip_loops(self) -> None:
        block = self._block
        for machine in block.machines:
            if not machine.enabled or machine.waiting or machine.exec_valid or machine.y < 2:
                continue
            if block.instructions[machine.pc] == _JMP_Y_DEC | machine.pc:
                machine.next_due_fp += machine.y * machine.div_fp
                machine.y = 0
                block.recompute_due()
