"""A flash that others have filled, and blocks that take no writes any more: what gives way, and who is told."""

from pathlib import Path

import pytest
from storedimage import play, world

BAD_BLOCKS = """
import faults
from flash import image
vm_states.unmount()
life = vm_states.Life()
with open("/pump/filler", "wb") as filler:
    for _ in range({filled}):
        filler.write(bytes(4096))
faults.switch("bad-block", True, {count})
for _ in range({minutes}):
    life.pump.controller.note_delivery(False)
    life.run(60000)
told = life.told()
bad = len(image.bad)
life.end()
faults.switch("bad-block", False) if {repaired} else None
life = vm_states.Life()
life.run(1000)
result = [told, bad, life.told(), [one["seq"] for one in life.log(1)]]
life.end()
"""

FULL = """
import os
vm_states.unmount()
life = vm_states.Life()
life.run(60000)
filler = open("/pump/holiday.mp4", "wb")
try:
    while True:
        filler.write(bytes(4096))
        filler.flush()
except OSError as error:
    reason = error.errno
# More than littlefs holds back for itself.
recorder = life.pump.recorder
from infuser.wire import records
count = 0
while {going_on}:
    recorder.note(records.FAULT, part="test", detail=count, masked=True, text="x" * 200)
    count += 1
life.run(130000)
told = life.told()
whole = [one["seq"] for one in life.log(1)]
life.end()
life = vm_states.Life()
life.run(1000)
result = [reason, told, whole, life.told(), count]
life.end()
"""


def test_the_file_system_goes_round_blocks_that_take_no_writes(tmp_path: Path) -> None:
    script = BAD_BLOCKS.format(count=6, filled=0, minutes=20, repaired=False)
    told, bad, after, seqs = play(world(tmp_path, "format-3"), script)
    assert bad > 2, "blocks have failed"
    assert (told["state"], told["alarms"]) == ("infusing", ["power-restored"])
    assert (after["state"], after["alarms"]) == ("infusing", ["power-restored"])
    assert seqs == list(range(1, seqs[-1] + 1)) and after["steps"] >= told["steps"] - 10


@pytest.mark.case("EC5")
def test_where_no_block_takes_writes_the_motor_stops_and_what_was_stored_is_still_there(tmp_path: Path) -> None:
    script = BAD_BLOCKS.format(count=352, filled=290, minutes=2, repaired=True)
    told, bad, after, seqs = play(world(tmp_path, "format-3"), script)
    assert "journal-fault" in told["alarms"] and told["state"] == "alarm-stopped"
    assert seqs == list(range(1, seqs[-1] + 1)) and after["steps"] + after["uncertain"] >= told["steps"]


@pytest.mark.case("R6.6")
def test_on_a_full_flash_the_oldest_log_makes_room_and_somebody_is_told(tmp_path: Path) -> None:
    script = FULL.format(going_on="not recorder.crowded and count < 2000")
    reason, told, whole, after, count = play(world(tmp_path, "format-3"), script)
    assert reason == 28
    assert (told["state"], told["alarms"]) == ("infusing", ["power-restored", "storage-fault"])
    assert any(part == "flash" and not masked for part, _, masked in told["faults"])
    assert whole[0] > 1 and whole == list(range(whole[0], told["next_seq"]))
    assert after["state"] == "infusing" and after["steps"] >= told["steps"] - 10
