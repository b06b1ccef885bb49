"""Runs on MicroPython: state that another firmware stored, taken up or left alone; see test_upgrade.py."""

import binascii

import kernel
import vm_states
from chipstate import chip
from flash import image
from plant import plant
from vm_states import MINUTE_MS, Flash, Life

from infuser.core import prescription, session, snapshot
from infuser.wire import messages, records

NONCE = b"a nonce, 16 byte"
NEW_KIND = 200


def sign_in(life, key, role):
    """Prove a role with its key."""
    key = binascii.unhexlify(key)
    nonce = life.ask(messages.CHALLENGE, role=role, host_nonce=NONCE)["pump_nonce"]
    attempt = (key, role, life.pump.serial, NONCE, nonce)
    told = life.ask(messages.SIGN_IN, proof=session.proof(*attempt), operator="Ada")
    life.sign_with(session.session_key(*attempt))
    return told


def plain(values):
    """Fields as JSON can tell them."""
    return {
        name: str(binascii.hexlify(value), "ascii") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def taken_up(clinician_key):
    """The image under this firmware: status, log, whether somebody with the old key may change something."""
    vm_states.mount()
    before = vm_states.contents()
    vm_states.unmount()
    life = Life()
    life.run(1000)
    life.greet()
    told = {"status": plain(life.ask(messages.STATUS)), "told": life.told()}
    log = life.log(1)
    told["log"] = [[one["seq"], one["kind"]] for one in log]
    told["stamps"] = [[one["time_ms"], one["age_ms"]] for one in log]
    told["versions"] = [one["fields"]["ledger"][0] for one in log if one["kind"] == records.SNAPSHOT]
    told["without a key"] = life.ask(messages.ALARM_ACK, alarm=0, operator="Ada")
    told["role"] = sign_in(life, clinician_key, messages.ROLE_CLINICIAN)["role"]
    told["with it"] = life.ask(messages.ALARM_ACK, alarm=0, operator="Ada")
    life.end()
    vm_states.mount()
    after = vm_states.contents()
    vm_states.unmount()
    told["rewritten"] = [name for name, data in before.items() if after.get(name) != data]
    return told


def cut_at(base, operation, broken=()):
    """The power fails at a flash operation of the first start, after some files broke; what the next start finds."""
    base.put_back()
    if broken:
        vm_states.mount()
        vm_states.damage("bit", *broken)
        vm_states.unmount()
    image.cut_at = operation
    chip.before_end = lambda _off_ms: None
    try:
        life = Life()
        life.run(1000)
        cut = False
        life.end()
    except (SystemExit, OSError):
        cut = True
        _power_is_off()
    image.cut_at = 0
    life = Life()
    life.run(1000)
    told = life.told()
    told["cut"] = cut
    life.end()
    return told


def _power_is_off():
    vm_states.still()
    vm_states.unmount()
    chip.ended = False
    kernel._stopped = None
    kernel.next_us = kernel.now_us


def newer(version=0, kind=0):
    """What a firmware stores whose state has that version, or that has one more kind of record; what it told last."""
    ours = snapshot.VERSION
    snapshot.VERSION = version or ours
    if kind:
        records.RECORDS[kind] = ("new", "what:u8")
    life = Life()
    life.run(10 * MINUTE_MS)
    if kind:
        life.pump.recorder.note(kind, what=7)
    told = life.told()
    life.end()
    snapshot.VERSION = ours
    records.RECORDS.pop(kind, None)
    return told


def stricter():
    """This firmware over a program that an older one took and it does not; then one that is sent in its place."""

    def refuses(program):
        raise messages.Refusal(messages.errors.OUT_OF_RANGE, "dose_max_1h_ng", 2, 0, 1)

    takes, prescription.check = prescription.check, refuses
    made = plant.steps_made
    life = Life()
    life.run(10 * MINUTE_MS)
    first = life.told()
    life.greet()
    first["status"] = plain(life.ask(messages.STATUS))
    first["made"] = plant.steps_made - made
    life.end()
    prescription.check = takes
    again = Life()
    again.run(1000)
    told = again.told()
    again.end()
    return [first, told]


def left_alone(service_key, run_ms):
    """This firmware over newer state: what it tells, what may be asked of it, and whether a byte of flash changed."""
    before = Flash()
    life = Life()
    life.run(run_ms)
    told = life.told()
    told["foreign"] = life.pump.recorder.journal.foreign
    told["hello"] = plain(life.greet())
    told["status"] = plain(life.ask(messages.STATUS))
    told["log_bytes"] = len(_raw_log(life))
    told["answers"] = {}
    for command, (name, flags, fields, _) in messages.MESSAGES.items():
        if flags & messages.MUTATES and command not in (messages.SIGN_IN, messages.SERVICE_REPL):
            told["answers"][name] = life.ask(command, **_nothing_in(fields))
    told["unsigned"] = life.ask(messages.SERVICE_REPL, operator="Ada")
    told["role"] = sign_in(life, service_key, messages.ROLE_SERVICE)["role"]
    told["signed"] = life.ask(messages.SERVICE_REPL, operator="Ada")
    told["leaving"] = life.pump.leaving
    life.end()
    told["untouched"] = vm_states.held() == before.bytes
    return told


def way_back(jumper):
    """Newer state whose keys are damaged: whether the prompt can be had, by the jumper alone."""
    base = Flash()
    vm_states.mount()
    vm_states.damage("garbage", "keys")
    vm_states.unmount()
    import faults

    faults.switch("service-jumper", jumper)
    life = Life()
    life.run(1000)
    told = life.ask(messages.SERVICE_REPL, operator="Ada")
    life.end()
    faults.switch("service-jumper", False)
    base.put_back()
    return told


def _raw_log(life):
    journal = life.pump.recorder.journal
    data, page = b"", b"-"
    while page:
        page = journal.read_from(journal.oldest_seq, len(data), 4096)
        data += page
    return data


def _nothing_in(fields):
    empty = {"text": "", "blob": b"", "bool": False}
    return {name: empty.get(kind, 0) for name, kind in messages.codec.fields(fields)}
