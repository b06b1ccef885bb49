"""What host/pumpctl/board does for the emulator is still effective: each of these fails when it stops applying.

Scripts at MicroPython's prompt, on a chip with an empty flash; times are the chip's own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from chiplife import MS, SERIAL, Life, Prompt

from infuser.hw import board
from pumpctl.board.flashchip import BLOCK_BYTES, STORAGE_START
from pumpctl.board.oscilloscope import PROBE_GPIO
from pumpctl.virtual.world.flashpart import ERASE_US, PROGRAM_US

OnChip = Callable[..., Any]
_SOF_RD = 0x50110048
_SCRATCH = 0x40058010
_BLOCK = 300
_NS_PER_US = 1000
# Twelve pulses of 2 us at intervals of 20 ms, on the pins of the pump's drive and by its kind of program.
_PULSES = f"""
import rp2, machine, time
from machine import Pin
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, sideset_init=rp2.PIO.OUT_HIGH)
def pulses():
    pull(block).side(1)
    mov(isr, osr)
    set(x, 11)
    label("step")
    nop().side(0)
    set(pins, 1)[1]
    set(pins, 0)
    mov(y, isr)
    label("wait")
    jmp(y_dec, "wait")
    jmp(x_dec, "step")
step, enable = Pin({board.PINS["step"]}), Pin({board.PINS["enable"]})
motor = rp2.StateMachine(0, pulses, freq=1000000, set_base=step, sideset_base=enable)
motor.active(1)
motor.put(20000 - 7)
"""
_INTERVAL_NS = 20 * MS


def started(folder: Path, uf2: Path) -> tuple[Life, Prompt]:
    life = Life(folder, uf2)
    return life, Prompt(life)


def pulse_figures(life: Life) -> tuple[int, list[int], list[int]]:
    """(pulses, their widths, their intervals) in ns that the oscilloscope has seen."""
    edges = life.bench.oscilloscope.read()["edges"]["step"]
    rises = [at for at, level in edges if level]
    falls = [at for at, level in edges if not level and rises and at > rises[0]]
    widths = [fall - rise for rise, fall in zip(rises, falls, strict=True)]
    return len(rises), widths, [after - before for before, after in zip(rises, rises[1:], strict=False)]


def waiting(folder: Path, uf2: Path) -> tuple[float, float]:
    life, prompt = started(folder, uf2)
    prompt.begin("import time\ntime.sleep_ms(1500)")
    asleep = life.busy(1000)
    prompt.end()
    return asleep, life.busy(1000)


def test_a_chip_that_waits_sleeps_although_its_read_of_the_usb_line_is_open(on_chip: OnChip) -> None:
    in_sleep, at_prompt = on_chip(waiting)
    assert in_sleep < 0.05 and at_prompt < 0.05


def frames(folder: Path, uf2: Path) -> tuple[int, int]:
    life, prompt = started(folder, uf2)
    script = (
        f"import machine, time\na = machine.mem32[{_SOF_RD}]\ntime.sleep_ms(250)\nprint(machine.mem32[{_SOF_RD}] - a)"
    )
    runs = int(prompt.run(script)) % 0x800
    prompt.begin(f"import time\ntime.sleep_ms(50)\n{script.replace('print', 'stood = str')}")
    life.fault("cable-out")
    life.run_ms(1000)
    life.fault("cable-out", False)
    life.line.read(0)
    life.line.write(b"")
    return runs, int(_after_cable(prompt))


def _after_cable(prompt: Prompt) -> str:
    # What the chip said of the script's end is lost with the cable.
    return prompt.run("print(stood)")


def test_usb_frames_are_counted_by_the_millisecond_and_stand_while_the_cable_is_out(on_chip: OnChip) -> None:
    runs, stands = on_chip(frames)
    assert 249 <= runs <= 252 and stands == 0


def stepping(folder: Path, uf2: Path) -> tuple[float, float, Any]:
    life, prompt = started(folder, uf2)
    prompt.run(_PULSES)
    life.run_ms(5)
    block = life.chip.mcu.pio[0]
    due_ns = (block.next_due_fp - block.cycle_fp) * 8 / 256
    return due_ns, life.busy(300), pulse_figures(life)


def test_step_pulses_are_exact_while_the_processor_sleeps_and_the_time_between_is_not_stepped_through(
    on_chip: OnChip,
) -> None:
    due_ns, busy, (count, widths, intervals) = on_chip(stepping)
    assert count == 12 and busy < 0.05
    assert all(abs(width - 2 * _NS_PER_US) <= 100 for width in widths)
    assert all(abs(interval - _INTERVAL_NS) <= 100 for interval in intervals)
    assert due_ns > MS, "a loop that only waits is one event"


def writing(folder: Path, uf2: Path) -> tuple[list[int], tuple[int, list[int], list[int]], int, bytes]:
    life, prompt = started(folder, uf2)
    script = f"""
import time, rp2, machine
flash = rp2.Flash()
page = bytes(range(256))
ticks = [0]
def tick(timer):
    ticks[0] += 1
timer = machine.Timer(period=10, mode=machine.Timer.PERIODIC, callback=tick, hard=True)
times = [time.ticks_us()]
flash.ioctl(6, {_BLOCK})
times.append(time.ticks_us())
flash.writeblocks({_BLOCK}, page, 256)
times.append(time.ticks_us())
back = bytearray(256)
flash.readblocks({_BLOCK}, back, 256)
time.sleep_ms(100)
timer.deinit()
print([b - a for a, b in zip(times, times[1:])] + [ticks[0], int(back == page)])
"""
    before_ns = life.chip.flash.stalled_ns
    prompt.run(_PULSES)
    erase_us, program_us, ticks, same = eval(prompt.run(script))
    life.run_ms(200)
    stored = (folder / "flash.img").read_bytes()[_BLOCK * BLOCK_BYTES : (_BLOCK + 1) * BLOCK_BYTES]
    return [erase_us, program_us, ticks, same], pulse_figures(life), life.chip.flash.stalled_ns - before_ns, stored


def test_flash_operations_take_their_time_and_ticks_and_pulses_go_on_meanwhile(on_chip: OnChip) -> None:
    (erase_us, program_us, ticks, same), (count, widths, intervals), stalled_ns, stored = on_chip(writing)
    assert ERASE_US <= erase_us < ERASE_US + 1500 and PROGRAM_US <= program_us < PROGRAM_US + 500
    assert stalled_ns == (ERASE_US + PROGRAM_US) * _NS_PER_US
    assert ticks >= 10, "the timer has gone on"
    assert count == 12 and all(abs(interval - _INTERVAL_NS) <= 100 for interval in intervals), intervals
    assert all(abs(width - 2 * _NS_PER_US) <= 100 for width in widths)
    assert same and stored == b"\xff" * 256 + bytes(range(256)) + b"\xff" * (BLOCK_BYTES - 512)


def torn(folder: Path, uf2: Path, erase: bool, dropped: bool) -> tuple[int, bytes]:
    life, prompt = started(folder, uf2)
    prompt.run(f"import rp2\nf = rp2.Flash()\nf.writeblocks({_BLOCK}, bytes(4096))\nf.ioctl(6, {_BLOCK + 1})")
    life.fault("power-cut-at-flash-op", True, 1)
    life.chip.flash.dropped = dropped
    what = f"f.ioctl(6, {_BLOCK})" if erase else f"f.writeblocks({_BLOCK + 1}, bytes(256), 0)"
    life.line.write(what.encode() + b"\x04")
    life.run_ms(200)
    at = (_BLOCK if erase else _BLOCK + 1) * BLOCK_BYTES
    kept = (folder / "flash.img").read_bytes()[at : at + BLOCK_BYTES]
    assert bytes(life.chip.mcu.flash[STORAGE_START + at :][:BLOCK_BYTES]) == kept
    return life.code, kept


def test_a_power_cut_leaves_a_flash_operation_undone_or_half_done(on_chip: OnChip) -> None:
    assert on_chip(torn, True, True) == (44, bytes(BLOCK_BYTES))
    assert on_chip(torn, True, False) == (44, b"\xff" * (BLOCK_BYTES // 2) + bytes(BLOCK_BYTES // 2))
    assert on_chip(torn, False, True) == (44, b"\xff" * BLOCK_BYTES)
    assert on_chip(torn, False, False) == (44, bytes(128) + b"\xff" * (BLOCK_BYTES - 128))


def told_of_itself(folder: Path, uf2: Path) -> str:
    return started(folder, uf2)[1].run("import machine\nprint(machine.unique_id().hex())")


def test_the_chip_s_unique_number_is_the_pump_s_serial_number(on_chip: OnChip) -> None:
    assert on_chip(told_of_itself) == SERIAL


def sounding(folder: Path, uf2: Path) -> tuple[list[int], float]:
    life, prompt = started(folder, uf2)
    heard = []
    prompt.run(
        f"import machine\np = machine.PWM(machine.Pin({board.PINS['sounder']}))\np.freq(2700)\np.duty_u16(32768)"
    )
    heard.append(life.plant.sounder_hz)
    busy = life.busy(200)
    for order in ("p.freq(1500)", "p.duty_u16(0)", "p.duty_u16(100)", "p.deinit()"):
        prompt.run(order)
        heard.append(life.plant.sounder_hz)
    return heard, busy


def test_the_sounder_is_heard_at_its_frequency(on_chip: OnChip) -> None:
    heard, busy = on_chip(sounding)
    assert abs(heard[0] - 2700) <= 2 and abs(heard[1] - 1500) <= 2 and heard[2] == 0 and heard[4] == 0
    assert busy < 0.05


def pwm_wraps(folder: Path, uf2: Path) -> int:
    life, prompt = started(folder, uf2)
    prompt.run(
        f"import machine\np = machine.PWM(machine.Pin({board.PINS['sounder']}))\np.freq(2700)\np.duty_u16(32768)"
    )
    edges = []
    life.chip.mcu.gpio[board.PINS["sounder"]].add_listener(lambda value, last: edges.append(value))
    life.run_ms(200)
    return len(edges)


def test_the_sounder_s_waves_are_not_stepped_through(on_chip: OnChip) -> None:
    assert on_chip(pwm_wraps) == 0


def reading_back(folder: Path, uf2: Path) -> tuple[str, dict[str, int]]:
    life, prompt = started(folder, uf2)
    lamps = [board.PINS[f"lamp_{colour}"] for colour in ("red", "yellow", "cyan")]
    prompt.run(f"from machine import Pin\nlamps = [Pin(n, Pin.OUT, value=0) for n in {lamps}]")
    shown = (
        "for n in lamps: n(1)\nprint([n() for n in lamps], end=' ')\nfor n in lamps: n(0)\nprint([n() for n in lamps])"
    )
    told = prompt.run(shown)
    life.fault("lamp-dead", True, "yellow")
    told += " " + prompt.run(shown)
    prompt.run("lamps[0](1)")
    return told, {"red": life.plant.levels[lamps[0]], "cyan": life.plant.levels[lamps[2]]}


def test_an_output_is_read_back_at_its_pin_and_a_dead_lamp_reads_dark(on_chip: OnChip) -> None:
    told, levels = on_chip(reading_back)
    assert told == "[1, 1, 1] [0, 0, 0] [1, 0, 1] [0, 0, 0]" and levels == {"red": 1, "cyan": 0}


def inputs(folder: Path, uf2: Path) -> list[int]:
    life, prompt = started(folder, uf2)
    gpio = board.PINS["stop_button"]
    script = f"""
import time
from machine import Pin
pin = Pin({gpio}, Pin.IN, Pin.PULL_UP)
edges = []
pin.irq(lambda p: edges.append(time.ticks_us()), Pin.IRQ_FALLING)
print(pin())
"""
    seen = [int(prompt.run(script))]
    life.faults.press("stop", True)
    seen.append(int(prompt.run("print(pin())")))
    life.faults.press("stop", False)
    return [*seen, int(prompt.run("print(pin())")), int(prompt.run("print(len(edges))"))]


def test_a_button_that_is_pressed_is_seen_and_interrupts(on_chip: OnChip) -> None:
    assert on_chip(inputs) == [1, 0, 1, 1]


_I2C = f"""
import machine, time
sda, scl = machine.Pin({board.PINS["sda"]}), machine.Pin({board.PINS["scl"]})
bus = machine.I2C({board.I2C_ID}, sda=sda, scl=scl, freq=400000)
buffer = bytearray(2)
def read(address, register):
    begun = time.ticks_us()
    try:
        bus.readfrom_mem_into(address, register, buffer)
        told = buffer.hex()
    except OSError as error:
        told = str(error.errno)
    print(told, time.ticks_us() - begun, end=" ")
"""


def on_the_bus(folder: Path, uf2: Path) -> tuple[list[str], int]:
    life, prompt = started(folder, uf2)
    life.plant.encoder_noise = 0
    life.plant.motor = 800
    prompt.run(_I2C)
    told = prompt.run(f"read({board.ENCODER_ADDRESS}, 12)\nread({board.CLOCK_ADDRESS}, 4)")
    life.fault("encoder-dead")
    told += " " + prompt.run(f"read({board.ENCODER_ADDRESS}, 12)")
    prompt.run(f"bus.writeto_mem({board.CLOCK_ADDRESS}, 0, bytes((0, 0x48, 0x18, 2, 0x23, 0x11, 0x38)))")
    told += " " + prompt.run(f"read({board.CLOCK_ADDRESS}, 4)")
    return told.split(), life.plant.angle()


def test_slaves_on_the_bus_answer_at_its_speed_and_one_that_is_dead_does_not(on_chip: OnChip) -> None:
    told, angle = on_chip(on_the_bus)
    values, times = told[::2], [int(one) for one in told[1::2]]
    assert int(values[0], 16) == angle == 1024
    assert values[1] == "0501", "fifth day, January"
    assert values[2] in ("5", "19"), "EIO or ENODEV"
    assert values[3] == "2311", "the clock was set"
    # Address, register, address, two bytes: 9 bits each at 400 kHz.
    assert all(112 <= one <= 400 for one in (times[0], times[1], times[3])) and times[2] < 400


def converting(folder: Path, uf2: Path) -> list[int]:
    life, prompt = started(folder, uf2)
    life.plant.battery_mv = 3900
    life.plant.temperature_mc = 40000
    script = (
        f"import machine\nfor n in ({board.PINS['battery']}, machine.ADC.CORE_TEMP): print(machine.ADC(n).read_u16())"
    )
    return [int(word) for word in prompt.run(script).split()]


def test_the_converter_reads_what_stands_at_its_inputs_now(on_chip: OnChip) -> None:
    battery, core = on_chip(converting)
    full = board.ADC_FULL_SCALE_UV
    assert abs(battery * full // 65535 - 3_900_000 // board.BATTERY_DIVIDER) < 2000
    degrees_above = (board.TEMPERATURE_ZERO_UV - core * full // 65535) / 1721
    assert abs(27 + degrees_above - 40) < 1


def reset(folder: Path, uf2: Path, how: str) -> tuple[int, list[int], float]:
    life, prompt = started(folder, uf2)
    begun_ns = life.chip.now_ns
    script = f"import machine, time\nmachine.mem32[{_SCRATCH}] = 0x2D5AFE01\n{how}"
    life.line.write(script.encode() + b"\x04")
    life.run_ms(400)
    return life.code, life.chip.scratch, life.chip.now_ns - begun_ns


def after_reset(folder: Path, uf2: Path, cause: str) -> str:
    life = Life(folder, uf2, cause)
    return Prompt(life).run(
        f"import machine\nprint(machine.reset_cause() == machine.WDT_RESET, hex(machine.mem32[{_SCRATCH}]))"
    )


def test_a_reset_of_the_chip_keeps_its_scratch_registers_and_tells_its_cause(on_chip: OnChip) -> None:
    code, scratch, _ = on_chip(reset, "machine.reset()")
    assert code == 43 and 0x2D5AFE01 in scratch
    assert on_chip(after_reset, "soft") == "True 0x2d5afe01"


def test_a_loss_of_power_leaves_nothing_in_the_scratch_registers(on_chip: OnChip) -> None:
    assert on_chip(reset, "machine.reset()")[0] == 43
    assert on_chip(after_reset, "power-on") == "False 0x0"


def test_the_watchdog_bites_a_program_that_hangs(on_chip: OnChip) -> None:
    code, scratch, passed_ns = on_chip(reset, "machine.WDT(timeout=200)\nwhile True: pass")
    assert code == 42 and 0x2D5AFE01 in scratch and 190 * MS < passed_ns < 260 * MS
    assert on_chip(after_reset, "watchdog").startswith("True")


def hanging(folder: Path, uf2: Path) -> int:
    life, prompt = started(folder, uf2)
    prompt.run("import machine, rp2\nf = rp2.Flash()")
    life.fault("flash-hang")
    life.line.write(f"machine.WDT(timeout=500)\nf.ioctl(6, {_BLOCK})".encode() + b"\x04")
    life.run_ms(2000)
    return life.code


def test_the_watchdog_bites_while_a_flash_operation_hangs(on_chip: OnChip) -> None:
    assert on_chip(hanging) == 42


def probing(folder: Path, uf2: Path) -> list[list[int]]:
    life, prompt = started(folder, uf2)
    prompt.run(
        f"import machine, time\np = machine.Pin({PROBE_GPIO}, machine.Pin.OUT, value=0)\np(1)\ntime.sleep_us(500)\np(0)"
    )
    edges: list[list[int]] = life.bench.oscilloscope.read()["edges"]["probe"]
    return edges


def test_the_oscilloscope_sees_the_probe_pin_by_the_chip_s_clock(on_chip: OnChip) -> None:
    (up_ns, up), (down_ns, down) = [edge for edge in on_chip(probing)][-2:]
    assert (up, down) == (1, 0) and 500 * _NS_PER_US <= down_ns - up_ns < 600 * _NS_PER_US
