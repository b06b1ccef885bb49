"""What the config file tells of a pump's catheter: bridged where the drug changes, left out where it does not."""

from pathlib import Path

from pumpctl import Pump, operations, program

ML_NL = 1_000_000
CATHETER = '[pump.ward1]\nport = "bench"\ncatheter_length = "60cm"\nlumen = "2.2ul/cm"\ndead_space = "0.26ml"\n'


def therapy(folder: Path, concentration: str, minimum: str) -> Path:
    text = program.example().read_text(encoding="utf-8")
    file = folder / f"{concentration.partition('u')[0]}.toml"
    file.write_text(text.replace("500ug/ml", concentration).replace("25ug/d", minimum), encoding="utf-8")
    return file


def test_a_pumps_catheter_is_bridged_only_where_the_drug_changes(bench, cli, pump_home: Path, tmp_path: Path) -> None:
    plant = bench()
    (pump_home / "config.toml").write_text(CATHETER)
    with Pump.open("ward1") as pump:
        pump.begin_refill()
        plant.fill(18 * ML_NL)
        pump.complete_refill(0, 18 * ML_NL, 500)
    # What is given goes before what is usual; and what is usual is shown before it is done.
    assert cli("-p", "ward1", "--yes", "prime", "100ul", "--json").json["volume_nl"] == 100_000
    assert cli("-p", "ward1", "bolus", "--cancel").exit_code == 0
    asked = cli("-p", "bench", "prime")
    assert asked.exit_code == 2 and "Prime 392 uL (catheter 132 uL, dead space 260 uL)" in asked.stderr
    first = cli("-p", "ward1", "--yes", "program", "send", therapy(tmp_path, "500ug/ml", "25ug/d"), "--json")
    assert first.exit_code == 0 and first.json["bridge"] is None
    plant.advance_ms(3_600_000)
    with Pump.open("ward1") as pump:
        left_nl = pump.begin_refill().expected_residual_nl
        plant.fill(18 * ML_NL)
        pump.complete_refill(left_nl, 18 * ML_NL, 1000)
    stronger = therapy(tmp_path, "1000ug/ml", "50ug/d")
    with Pump.open("ward1") as pump:
        assert operations.propose(pump, program.load(stronger), 392_000, bridge_if_needed=True).bridge_nl == 392_000
    second = cli("-p", "ward1", "--yes", "program", "send", stronger, "--json")
    # 60 cm of 2.2 uL/cm are 132 uL, and 260 uL before it.
    assert second.exit_code == 0 and second.json["bridge"]["volume_nl"] == 392_000
    assert "bridge of 392 uL: this pump's catheter, as the config file tells it" in second.stderr
    assert cli("-p", "ward1", "status", "--json").json["state"] == "infusing"
    again = cli("-p", "ward1", "--yes", "program", "send", stronger, "--json")
    assert again.exit_code == 0 and again.json["bridge"] is None and "catheter" not in again.stderr
