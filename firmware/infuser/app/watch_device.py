"""The device itself: supply, heat, cover, buttons, clock, and the pump's own counters (EC9, EC22)."""

from infuser.wire import alarms, units

SLOW_MS = 60 * units.MS_PER_S
# While a cause waits to last long enough, it is looked at again this soon.
SOON_MS = 2 * units.MS_PER_S
BATTERY_LOW_MV = 3500
BATTERY_EMPTY_MV = 3200
BATTERY_HYSTERESIS_MV = 100
TEMPERATURE_MAX_MC = 55000
TEMPERATURE_HYSTERESIS_MC = 3000


class DeviceWatch:
    """Looks once a minute; `battery_mv` and `temperature_mc` are of the last look."""

    def __init__(self, alarming, sensors) -> None:
        self._alarming = alarming
        self._alarms = alarming.alarms
        self._controller = alarming.controller
        self._sensors = sensors
        self.battery_mv = 0
        self.temperature_mc = 0
        self._due_ms = 0

    def hurry(self) -> None:
        """Look in the next turn."""
        self._due_ms = 0

    def poll(self, now_ms: int) -> bool:
        """Look if it is time; whether it was."""
        if now_ms < self._due_ms:
            return False
        self._check_supply()
        self._check_heat()
        self._check_housing()
        self._check_self()
        self._due_ms = now_ms + (SOON_MS if self._alarming.waiting() else SLOW_MS)
        return True

    def _check_supply(self) -> None:
        battery_mv = self.battery_mv = self._sensors.battery_mv()
        low = BATTERY_LOW_MV + (BATTERY_HYSTERESIS_MV if self._alarms.active(alarms.BATTERY_LOW) else 0)
        empty = BATTERY_EMPTY_MV + (BATTERY_HYSTERESIS_MV if self._alarms.active(alarms.BATTERY_EMPTY) else 0)
        powered = self._sensors.supply_present()
        self._alarming.set(alarms.BATTERY_EMPTY, battery_mv < empty and not powered, battery_mv)
        self._alarming.set(alarms.BATTERY_LOW, battery_mv < low and not powered, battery_mv)
        self._alarming.set(alarms.SUPPLY_LOST, not powered, battery_mv)

    def _check_heat(self) -> None:
        heat_mc = self.temperature_mc = self._sensors.temperature_mc()
        limit = TEMPERATURE_MAX_MC - (TEMPERATURE_HYSTERESIS_MC if self._alarms.active(alarms.OVERHEAT) else 0)
        self._alarming.set(alarms.OVERHEAT, heat_mc > limit, heat_mc)

    def _check_housing(self) -> None:
        self._alarming.set(alarms.COVER_OPEN, self._sensors.cover_open())
        held_ms = max(self._sensors.patient_held_ms(), self._sensors.stop_held_ms())
        # One pressed anew since the last look has not been down for long.
        self._alarming.set(alarms.BUTTON_STUCK, held_ms >= SOON_MS)

    def _check_library(self) -> None:
        fault = self._controller.basal.library.verify()
        if fault:
            self._alarming.fault(alarms.LIBRARY_FAULT, "drug library", fault)
        elif self._alarms.active(alarms.LIBRARY_FAULT):
            self._alarming.set(alarms.LIBRARY_FAULT, False)
            self._controller.basal.adopt()  # with the library's windows again

    def _check_self(self) -> None:
        controller = self._controller
        self._alarming.set(alarms.CLOCK_LOST, not controller.clock.valid)
        self._check_library()
        if controller.recorder.crowded:
            controller.recorder.crowded = False
            self._alarming.degraded("flash", "full: the oldest records of the log made room")
        if controller.recorder.failure:
            self._alarming.set(alarms.JOURNAL_FAULT, True)
