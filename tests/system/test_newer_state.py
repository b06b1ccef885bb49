"""An older firmware over a newer one's state, at the serial port: what people see, and what they are told to do."""

import pytest
from storedimage import play, truth, world
from ward import HOUR_MS, PATIENT, Ward

from pumpctl import keystore

NEWER = "import vm_upgrade\nvm_states.unmount()\nresult = vm_upgrade.newer(version=99)\n"


@pytest.fixture
def ward(cli, bench, tmp_path) -> Ward:
    """A pump that a newer firmware ran on, with this tool's firmware."""
    told = truth("format-3")
    play(world(tmp_path, "format-3"), NEWER)
    pump = bench("stored", wall_ms=told["plant"]["wall_ms"])
    pump.stop()
    (tmp_path / "flash.img").replace(pump.paths.flash)
    keystore.save(
        keystore.Keys(told["serial"], *(bytes.fromhex(told[name]) for name in ("clinician_key", "service_key")))
    )
    return Ward(cli, bench("stored"))


def test_an_older_firmware_over_newer_state_says_what_to_do_and_can_be_read(ward: Ward) -> None:
    assert (ward.state, list(ward.alarms())) == ("alarm-stopped", ["newer-state"])
    for words in (("resume",), ("bolus", "10ug", "--over", "10min", "--patient", PATIENT, "--yes"), ("alarms", "ack")):
        refused = ward.refused(*words)
        assert refused["name"] == "newer-state" and "newer firmware" in refused["remedy"], words
    made = ward.truth()["steps_made"]
    before = ward.truth()["flash"]
    assert ward.sounds(10_000)
    ward.advance(2 * HOUR_MS)
    assert ward.truth()["steps_made"] == made and ward.truth()["flash"]["erases"] == before["erases"]
    assert ward.truth()["flash"]["programs"] == before["programs"]
    assert ward.do("log", "pull")["new"] > 500
    assert ward.do("log", "verify")["verified"]
