"""The control channel: JSON lines with orders from the supervisor, carried out at idle points."""

import json

import faults
import idle
import kernel
import traces
from chipstate import chip
from flash import image
from fluid import fluid
from plant import END, STEP_PL, plant
from slaves import clock

from infuser.hw import board

# These do not wait for the end of an advance.
_URGENT = ("stop", "power-cut")


class Control:
    """Reads requests from `file` and answers them there."""

    def __init__(self, file):
        self.file = file
        self._later = []

    def serve(self):
        """Read one request and carry it out, or keep it until the advance under way has ended."""
        line = self.file.readline()
        if not line:
            chip.end(0)  # nobody is left to give orders
        request = json.loads(line)
        if idle.advancing():
            if request["op"] not in _URGENT:
                self._later.append(request)
                return
            idle.end_advance("request")
        self._carry_out(request)

    def progress(self, done_ms, of_ms):
        """How far the advance is."""
        self._tell({"progress_ms": done_ms, "of_ms": of_ms})

    def advanced(self, stopped_by):
        """The advance is over."""
        self._tell({"ok": True, "now_ms": clock.true_us() // 1000, "stopped_by": stopped_by})
        while self._later and not idle.advancing():
            self._carry_out(self._later.pop(0))

    def _carry_out(self, request):
        operation = OPERATIONS.get(request["op"])
        if operation is None:
            self._tell({"ok": False, "error": "unknown order '{}'".format(request["op"])})
            return
        try:
            answer = operation(self, request)
        except faults.Unknown as refused:
            answer = dict(zip(("error", "field", "value", "low", "high"), refused.args))
            answer["ok"] = False
        except (KeyError, TypeError, ValueError) as error:
            answer = {"ok": False, "error": "not a proper order: {}".format(repr(error))}
        if answer is not None:
            answer.setdefault("ok", True)
            self._tell(answer)

    def _tell(self, answer):
        self.file.write(json.dumps(answer) + "\n")

    def _advance(self, request):
        until = None
        if request.get("until") == "alarm":
            before = plant.priority_signalled()

            def until():
                # A lamp that flashes may be dark whenever it is looked at: what was lit of late counts.
                return plant.priority_signalled() > before

        # The caller counts the world's milliseconds, the kernel the pump's.
        passing_us = request["ms"] * 1000
        idle.advance(passing_us + passing_us * clock.ppm // 1000000, until)

    def _speed(self, request):
        value = float(request["value"])
        if value < 0:
            raise faults.Unknown("speed = {}, allowed 0 and more".format(value), "speed", value)
        idle.set_speed(value)
        return {}

    def _fault(self, request):
        faults.switch(request["name"], request.get("on", True), request.get("value"))
        return {}

    def _set(self, request):
        faults.put(request["name"], request["value"])
        return {}

    def _get(self, _request):
        return truth()

    def _press(self, request):
        faults.press(request["button"], True)
        _Release(request["button"]).schedule(request.get("ms", 200) * 1000)
        return {}

    def _signals(self, _request):
        return {"signals": traces.seen()}

    def _power_cut(self, request):
        self._tell({"ok": True})
        chip.end(44, request.get("off_ms", 0))

    def _stop(self, _request):
        self._tell({"ok": True})
        chip.end(0)

    def _fill(self, request):
        volume_nl = request["volume_nl"]
        most_nl = END * STEP_PL // 1000 + 1
        if not 0 <= volume_nl <= most_nl + STEP_PL // 1000:
            raise faults.Unknown("the reservoir holds 0 to 20 mL", "volume_nl", volume_nl, 0, most_nl)
        plant.put_piston(END - volume_nl * 1000 // STEP_PL)
        return {"piston_steps": plant.piston}

    def _drain(self, _request):
        plant.sync()
        drained_nl = (END - plant.piston) * STEP_PL // 1000
        plant.put_piston(END)
        return {"drained_nl": drained_nl}


class _Release(kernel.Event):
    """Lets go of a button."""

    def __init__(self, button):
        super().__init__()
        self._button = button

    def fire(self):
        faults.press(self._button, False)


def truth():
    """The plant as it really is."""
    fluid.flow()
    lamps = {colour: bool(plant.levels[board.PINS["lamp_" + colour]]) for colour in ("red", "yellow", "cyan")}
    return {
        "now_ms": clock.true_us() // 1000,
        "uptime_ms": kernel.now_us // 1000,
        "wall_ms": clock.wall_ms(),
        "steps_made": plant.steps_made,
        "steps_back": plant.steps_back,
        "motor_steps": plant.motor,
        "piston_steps": plant.piston,
        "reservoir_nl": (END - plant.piston) * STEP_PL // 1000,
        "delivered_nl": fluid.delivered_pl // 1000,
        "outlet_pa": fluid.outlet_pa(),
        "inlet_pa": fluid.inlet_pa(),
        "battery_mv": plant.battery_mv,
        "temperature_mc": plant.temperature_mc,
        "lamps": lamps,
        "sounder_hz": plant.sounder_hz,
        "driver_enabled": plant.enabled,
        "driver_on_ms": plant.on_us() // 1000,
        "faults": faults.active,
        "speed": idle.speed,
        "flash": {
            "programs": sum(image.programs),
            "erases": sum(image.erases),
            "erase_max": max(image.erases),
            "reads": image.reads,
        },
        "heap_free": chip.heap_free(),
    }


OPERATIONS = {
    "advance": Control._advance,
    "speed": Control._speed,
    "fault": Control._fault,
    "set": Control._set,
    "get": Control._get,
    "press": Control._press,
    "signals": Control._signals,
    "power-cut": Control._power_cut,
    "stop": Control._stop,
    "fill": Control._fill,
    "drain": Control._drain,
}
