"""What a virtual pump can be told over its control socket, and how it holds over the pump's resets.

One JSON object a line; the last line of an answer has "ok". `status` and `stop` concern the
supervisor; everything else goes to the VM: advance, speed, fault, set, get, press, power-cut, fill, drain.
"""

import contextlib
import os
from typing import TYPE_CHECKING

from pumpctl.virtual import launcher
from pumpctl.virtual.vm import STOP_WITHIN_S, Message, Tell, Vm, VmEnded

if TYPE_CHECKING:
    from pumpctl.virtual.supervisor import Supervisor

# Between slices a client that has gone away is noticed; always the same, so that two runs are.
SLICE_MS = 6 * 3_600_000


async def carry_out(pump: "Supervisor", request: Message, tell: Tell) -> Message:
    """The answer to one request; requests from several clients take turns. `tell` passes progress on."""
    op = request.get("op")
    if op == "status":
        return _status(pump)
    if op == "stop":
        pump.stopping.set()
        return {"ok": True}
    async with pump.turn:
        vm = await pump.running_vm(None)
        if vm is None:
            return _gone(pump)
        if op == "advance":
            return await _advance(pump, vm, request, tell)
        if op == "power-cut":
            return await _power_cut(pump, vm, request)
        return await _ask(pump, vm, request)


def _status(pump: "Supervisor") -> Message:
    state = "failed" if pump.failure else "running" if pump.vm else "starting"
    return {
        "ok": True,
        "name": pump.paths.name,
        "state": state,
        "port": str(pump.paths.port),
        "speed": pump.config["speed"],
        "boots": pump.boots,
        "reset_cause": pump.cause,
        "pid": os.getpid(),
        "vm_pid": pump.vm.pid if pump.vm else None,
        "failure": pump.failure,
        "log": str(pump.paths.vm_log),
    }


def _gone(pump: "Supervisor") -> Message:
    """The answer where no VM is left to ask."""
    if pump.failure:
        return {"ok": False, "failed": True, "error": pump.failure, "log_tail": pump.log_tail()}
    return {"ok": False, "failed": True, "error": "the virtual pump is being stopped"}


async def _ask(pump: "Supervisor", vm: Vm, request: Message) -> Message:
    try:
        answer = await vm.ask(request)
    except VmEnded:
        return await _restarted(pump, vm, f"'{request.get('op')}' was answered")
    if request.get("op") == "speed" and answer["ok"]:
        pump.config["speed"] = request["value"]
        launcher.write_config(pump.paths, pump.config)
    return answer


async def _restarted(pump: "Supervisor", ended: Vm, before: str) -> Message:
    """The answer to an order during which the firmware ended: nobody can say whether it was carried out."""
    if await pump.running_vm(ended) is None:
        return _gone(pump)
    error = f"the firmware started anew before {before}, after a {pump.last_end}"
    return {"ok": False, "failed": True, "error": error, "log_tail": pump.log_tail() if pump.crashed else ""}


async def _power_cut(pump: "Supervisor", vm: Vm, request: Message) -> Message:
    """Cuts the power and waits until the firmware is up again."""
    try:
        answer = await vm.ask(request)
        if not answer["ok"]:
            return answer
    except VmEnded:
        pass
    await vm.ended(STOP_WITHIN_S)
    again = await pump.running_vm(vm)
    if again is None:
        return _gone(pump)
    try:
        return await again.ask({"op": "get"})
    except VmEnded:
        return await _restarted(pump, again, "it was up again")


async def _advance(pump: "Supervisor", vm: Vm, request: Message, tell: Tell) -> Message:
    """Lets virtual time pass, a slice at a time; a reset on the way costs the pump its time, not the caller."""
    total_ms = int(request["ms"])
    start_ms = now_ms = -1
    while True:
        try:
            if now_ms < 0:
                now_ms = (await vm.ask({"op": "get"}))["now_ms"]
                start_ms = now_ms if start_ms < 0 else start_ms
            left_ms = start_ms + total_ms - now_ms
            slice_ms = max(0, min(SLICE_MS, left_ms))
            relay = _relay(tell, now_ms - start_ms, total_ms)
            answer = await vm.ask({**request, "ms": slice_ms}, tell=relay)
        except VmEnded:
            again = await pump.running_vm(vm)
            if again is None or pump.crashed:
                return await _restarted(pump, vm, "the time had passed")
            vm, now_ms = again, -1
            continue
        if pump.stopping.is_set():
            return _gone(pump)
        if not answer["ok"] or answer.get("stopped_by") or left_ms <= SLICE_MS:
            return answer
        now_ms = answer["now_ms"]
        await tell({"progress_ms": now_ms - start_ms, "of_ms": total_ms})


def _relay(tell: Tell, before_ms: int, total_ms: int) -> Tell:
    """What passes on how far a slice is: an emulated chip may take minutes for one."""

    async def relay(message: Message) -> None:
        with contextlib.suppress(ConnectionError):  # a client that has gone away is noticed behind the slice
            done_ms = min(total_ms, before_ms + message["progress_ms"])
            await tell({"progress_ms": done_ms, "of_ms": total_ms})

    return relay
