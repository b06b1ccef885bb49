"""`pumpctl selftest --bring-up`: every part of a board is tried with hands; a broken one fails its own step."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from ward import ML, Ward, infusing

from pumpctl import bringup, virtual
from pumpctl.bringup_parts import PARTS
from pumpctl.cli import status
from pumpctl.client import Pump
from pumpctl.errors import PumpctlError, Refused
from pumpctl.virtual import VirtualPump, launcher

Deed = Callable[[VirtualPump], Any]
NOISE_AS_A_TURN = 100  # nobody can turn a virtual shaft: its encoder is given so much noise instead
WITHIN_S = 0.3


def fault(name: str, on: bool = True, value: Any = None) -> Deed:
    return lambda plant: plant.fault(name, on, value)


def quantity(name: str, value: int) -> Deed:
    return lambda plant: plant.set(name, value)


def fill(volume_nl: int) -> Deed:
    return lambda plant: plant.fill(volume_nl)


def under_pressure(plant: VirtualPump) -> None:
    plant.fault("occlude")
    plant.set("outlet-pa", 30_000)


# (part, beginning of what the person is told) -> what the hands do.
DEEDS: dict[tuple[str, str], Deed] = {
    ("encoder", "Turn the lead screw"): quantity("encoder-noise", NOISE_AS_A_TURN),
    ("supply", "Take the outside supply off"): fault("supply-off"),
    ("supply", "Connect it again"): fault("supply-off", False),
    ("outlet", "Press on it"): lambda plant: (plant.fault("occlude"), plant.set("outlet-pa", 20_000)),
    ("outlet", "Let go"): lambda plant: (plant.set("outlet-pa", 0), plant.fault("occlude", False)),
    ("inlet", "Draw at it"): lambda plant: (plant.fault("occlude-upstream"), plant.set("inlet-pa", -10_000)),
    ("inlet", "Let go"): lambda plant: (plant.set("inlet-pa", 0), plant.fault("occlude-upstream", False)),
    ("air", "Take the line out"): fault("air"),
    ("air", "Put the filled line back"): fault("air", False),
    ("cover", "Open the cover"): fault("cover-open"),
    ("cover", "Close it"): fault("cover-open", False),
    ("limit-full", "Keep"): fill(10 * ML),
    ("limit-full", "Move it to"): fill(20 * ML),
    ("limit-full", "Move it away"): fill(10 * ML),
    ("limit-empty", "Move it to"): fill(0),
    ("limit-empty", "Move it away"): fill(10 * ML),
    ("patient-button", "Press"): fault("button-stuck", value="patient"),
    ("patient-button", "Let go"): fault("button-stuck", False),
    ("stop-button", "Press"): fault("button-stuck", value="stop"),
    ("stop-button", "Let go"): fault("button-stuck", False),
    ("lamp-red", "Set the service jumper"): fault("service-jumper"),
    ("jumper", "Take it off"): fault("service-jumper", False),
    ("reset", "Take all power away"): lambda plant: plant.power_cut(1000),
}


class Hands:
    """A person who does what they are told, but for the deeds left out, and sees what is lit."""

    def __init__(self, plant: VirtualPump, broken: Sequence[tuple[str, str]] = (), sees: bool | None = True) -> None:
        self.plant, self.broken, self.sees = plant, broken, sees
        self.part = ""
        self.told: list[str] = []
        self.failures: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)
        if text.startswith("\nPart"):
            self.part = text.split(", ")[1].split(":")[0]
            if self.part != "encoder":
                self.plant.set("encoder-noise", 1)
        for (part, words), deed in DEEDS.items():
            if part == self.part and text.strip().startswith(words) and (part, words) not in self.broken:
                deed(self.plant)

    def saw(self, question: str) -> bool | None:
        return self.sees

    def confirm(self, question: str) -> None:
        self.told.append(question)

    def after(self, part: str, failure: str) -> str:
        self.failures.append(failure)
        return bringup.GO_ON


def walk(plant: VirtualPump, hands: Hands, *only: str) -> dict[str, bringup.Result]:
    """The results by the part's name."""
    under_way = bringup.Walk(lambda: Pump.open(str(plant.port), operator="tester"), hands, WITHIN_S)
    try:
        found = under_way.run(bringup.chosen(PARTS, only, ()), lambda result: None)
    finally:
        under_way.close()
    return {one.part.name: one for one in found}


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> Iterator[VirtualPump]:
    """One pump for all that break it and mend it again: filled with water, at twenty times the pace."""
    try:
        launcher.micropython()
    except PumpctlError as error:
        pytest.skip(f"{error.message}; {error.remedy}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUMPCTL_HOME", str(tmp_path_factory.mktemp("one")))
        pump = virtual.start("one", speed=20)
    filled_with_water(pump)
    yield pump
    pump.stop()


@pytest.fixture
def plant(one) -> VirtualPump:
    """The pump as it was when it was whole."""
    for name in one.get()["faults"]:
        one.fault(name, False)
    for name, value in (("encoder-noise", 1), ("outlet-pa", 0), ("inlet-pa", 0)):
        one.set(name, value)
    one.fill(10 * ML)
    one.advance_ms(3000)
    with Pump.open(str(one.port), operator="tester") as pump:
        pump.self_test()  # which ends what was found before
        pump.acknowledge(0)
        pump.begin_refill()  # which leads out of an alarm's stop
        pump.cancel_refill()
    return one


def filled_with_water(plant: VirtualPump) -> None:
    with Pump.open(str(plant.port), operator="tester") as pump:
        pump.begin_refill()
        plant.fill(10 * ML)
        pump.complete_refill(0, 10 * ML, 500)


def test_a_board_that_is_sound_passes_every_part_with_what_was_read(plant) -> None:
    hands = Hands(plant)
    found = walk(plant, hands)
    assert {name: one.result for name, one in found.items()} == dict.fromkeys(found, bringup.PASSED), found
    assert tuple(found) == status.PARTS
    assert "101 microsteps" in found["motor"].seen and "129 expected" in found["motor"].seen
    assert found["outlet"].seen.endswith("kPa then") and "20.0 kPa" in found["outlet"].seen
    assert found["sounder"].seen == "499 mV at its sense resistor"
    with Pump.open(str(plant.port)) as pump:
        assert pump.hello.boot_count == 2 and pump.status().bucket_list[-1].steps == 101, "counted as priming"


@pytest.mark.parametrize(
    ("part", "broken", "seen", "wire"),
    [
        ("encoder", fault("encoder-dead"), "does not answer on the bus", "`sda` is GP8, pin 11"),
        ("clock", fault("clock-absent"), "no DS3231 answers", "`scl` is GP9, pin 12"),
        ("clock", fault("clock-stuck"), "the clock stands still", "DS3231"),
        ("outlet", under_pressure, "30.0 kPa", "`outlet_pressure` is GP26, pin 31"),
        ("air", fault("air"), "it reads as air", "`air` is GP10, pin 14"),
        ("cover", fault("cover-open"), "it reads as open", "`cover` is GP17, pin 22"),
        ("stop-button", fault("button-stuck", value="stop"), "it reads as pressed", "`stop_button` is GP15, pin 20"),
        ("lamp-yellow", fault("lamp-dead", value="yellow"), "its pin does not follow", "`lamp_yellow` is GP19, pin 25"),
        ("sounder", fault("sounder-dead"), "0 mV at the sense resistor", "`sounder_current` is GP28, pin 34"),
        ("temperature", fault("overheat"), "expected 0 to 50 C", "3V3 overloaded"),
        ("memory", fault("image-bit"), "firmware image", "pumpctl flash"),
        ("motor", fault("stall"), "it did not turn", "`enable` is GP4, pin 6"),
        ("motor", fault("skip-steps", value=50), "expected: MS1", "VREF"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_what_is_broken_fails_its_own_part_which_names_the_wire(
    plant, part: str, broken: Deed, seen: str, wire: str
) -> None:
    hands = Hands(plant)
    plant.fault("service-jumper", part.startswith(("lamp", "sounder")))
    broken(plant)
    found = walk(plant, hands, part)[part]
    assert found.result == bringup.FAILED and seen in found.seen
    assert wire in found.document()["check"] and hands.failures == [f"{found.seen}. Look at: {found.part.wires}"]


@pytest.mark.parametrize(
    ("part", "left_out"),
    [("supply", "Take the outside supply off"), ("inlet", "Draw at it"), ("limit-empty", "Move it to"),
     ("patient-button", "Press"), ("jumper", "Take it off"), ("reset", "Take all power away")],
)  # fmt: skip
def test_a_wire_that_never_changes_fails_when_the_time_is_up(plant, part: str, left_out: str) -> None:
    plant.fault("service-jumper", part == "jumper")
    assert walk(plant, Hands(plant, [(part, left_out)]), part)[part].result == bringup.FAILED


def test_a_pump_that_starts_anew_while_a_part_is_tried_has_failed_it(plant, monkeypatch) -> None:
    monkeypatch.setitem(
        DEEDS, ("cover", "Close it"), lambda pump: (pump.power_cut(100), pump.fault("cover-open", False))
    )
    found = walk(plant, Hands(plant), "cover")["cover"]
    assert found.result == bringup.FAILED and "closed, open, closed; but the pump started anew" in found.seen


def test_a_lamp_whose_pin_follows_but_that_nobody_sees_has_failed(plant) -> None:
    plant.fault("service-jumper")
    assert walk(plant, Hands(plant, sees=False), "lamp-cyan")["lamp-cyan"].seen == "its pin follows, nobody saw it lit"
    assert "nobody looked" in walk(plant, Hands(plant, sees=None), "lamp-cyan")["lamp-cyan"].seen


def test_nothing_is_tried_while_the_pump_delivers(cli, bench) -> None:
    ward: Ward = infusing(cli, bench)
    refused = ward.refused("selftest", "--bring-up")
    assert refused["name"] == "wrong-state" and "pumpctl stop" in refused["remedy"]
    ward.plant.fault("service-jumper")
    with ward.client() as pump, pytest.raises(Refused):
        pump.inspect(3)
    assert ward.state == "infusing"


def test_lamps_and_sounder_are_tried_with_the_service_jumper_alone(plant) -> None:
    with Pump.open(str(plant.port)) as pump:
        for signal in (1, 2, 3, 4):
            with pytest.raises(Refused, match="jumper"):
                pump.inspect(signal)
        plant.fault("service-jumper")
        assert pump.inspect(2).signalled
        with pytest.raises(Refused):
            pump.inspect(5)


def test_the_command_tells_a_script_what_failed_and_ends_with_6(cli, plant) -> None:
    words = ("selftest", "--bring-up", "--yes", "--only", "usb", "--only", "cover", "--within", "100ms")
    ran = cli("-p", plant.port, "--json", *words)
    assert ran.exit_code == 6 and ran.json["failed"] == 1 and not ran.json["passed"]
    usb, cover = ran.json["parts"]
    assert usb["result"] == "passed" and cover["result"] == "failed" and "`cover` is GP17" in cover["check"]
    assert "Open the cover." in ran.stderr and "Part 2 of 2" in ran.stderr
    shown = cli("-p", plant.port, *words)
    assert "pumpctl selftest --bring-up --only cover" in shown.stdout and "1 of 2 parts failed." in shown.stdout
    assert cli("selftest", "--only", "usb").exit_code == 2
