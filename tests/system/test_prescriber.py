"""Programs that bear the prescriber's signature, and pumps that take no others."""

from pathlib import Path

import pytest
from access import records
from ward import MINUTE_MS, PATIENT, SECOND_MS, Ward, filled, infusing, therapy

from infuser.app.prescriber import KEY_NAMES
from infuser.wire import messages
from pumpctl import operations, prescription, program, signing
from pumpctl.errors import Refused


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys") / "prescriber.key"
    signing.keygen(made)
    return made


def trust(ward: Ward, *words: object) -> dict:
    ward.plant.fault("service-jumper")
    told = ward.do("program", "trust", *words, "--yes")
    ward.plant.fault("service-jumper", on=False)
    return told


@pytest.fixture
def ward(cli, bench, key) -> Ward:
    """A pump that takes signed programs only, and delivers one that came before."""
    ward = infusing(cli, bench)
    ward.do("stop")
    trust(ward, "--key", f"{key}.pub", "--required")
    ward.do("resume")
    return ward


def committed(ward: Ward, file: Path, signature: bytes) -> str:
    """The name of the refusal of a program, past what the tool itself checks; empty if it was taken."""
    told = program.load(file)
    with ward.client() as pump:
        pump.stage_program(program.encode(told))
        digest = pump.check_program()["digest"]
        try:
            pump.commit_program(digest, True, signature=signature)
        except Refused as refused:
            return refused.name
    return ""


@pytest.mark.case("EC16")
def test_a_signed_program_is_taken_and_the_log_names_whose_it_is(ward, tmp_path, key, cli):
    file = therapy(tmp_path, dose="110ug/d")
    asked = cli("program", "sign", file, "--key", key)
    assert asked.exit_code == 2 and "110 ug/d" in asked.stdout and "--yes" in asked.stderr
    assert cli("program", "sign", file, "--key", key, "--yes").exit_code == 0
    assert cli("program", "check", file, "--prescriber", f"{key}.pub").exit_code == 0
    told = ward.do("program", "send", file, "--confirm-warnings", "--yes")
    assert told["signed"] and told["verified"] and told["new"]["dose_ng_per_day"] == 110_000
    (signed,) = records(ward, "prescription")
    assert signed["program"] == told["digest"]
    assert signed["key"] == ward.status()["prescriber_digest"]
    (line,) = ward.do("log", "show", "--kind", "prescription")["records"]
    assert "carries the prescriber's signature" in line["text"]


@pytest.mark.case("EC16")
def test_without_the_signature_the_pump_itself_refuses_and_goes_on_as_before(ward, tmp_path, key):
    before = ward.status()
    file = therapy(tmp_path, dose="110ug/d")
    right = prescription.sign(program.load(file), key)
    other = prescription.sign(program.load(therapy(tmp_path, "other", dose="120ug/d")), key)
    stranger = tmp_path / "stranger.key"
    signing.keygen(stranger)
    assert committed(ward, file, b"") == "signature-needed"
    assert committed(ward, file, other) == "signature-invalid"
    assert committed(ward, file, prescription.sign(program.load(file), stranger)) == "signature-invalid"
    assert committed(ward, file, right[:-1]) == "signature-invalid"
    assert committed(ward, file, right[:-1] + bytes([right[-1] ^ 1])) == "signature-invalid"
    now = ward.status()
    assert (now["state"], now["program_digest"]) == (before["state"], before["program_digest"])
    assert committed(ward, file, right) == ""


@pytest.mark.case("EC16")
def test_the_signature_of_one_patients_program_serves_for_no_other_patient(ward, tmp_path, key):
    mine = therapy(tmp_path)
    signed = prescription.sign(program.load(mine), key)
    ward.do("stop")
    ward.do("program", "clear", "--yes")
    assert committed(ward, therapy(tmp_path, "theirs", patient="BENCH-002"), signed) == "signature-invalid"
    assert committed(ward, mine, signed) == ""


def test_the_tool_says_before_it_asks_that_a_signature_is_needed(ward, tmp_path, cli):
    file = therapy(tmp_path, dose="110ug/d")
    ran = cli("program", "send", file, "--yes")
    assert ran.exit_code == 2 and "only programs that the prescriber has signed" in ran.stderr
    assert "program sign" in ran.stderr
    wrong = tmp_path / "wrong.sig"
    wrong.write_bytes(b"short")
    ran = cli("program", "send", file, "--signature", wrong, "--yes")
    assert ran.exit_code == 2 and "5 bytes, a signature has 256" in ran.stderr
    ran = cli("program", "send", file, "--signature", tmp_path / "none", "--yes")
    assert ran.exit_code == 2 and "No such file" in ran.stderr


def test_a_file_that_was_changed_after_it_was_signed_is_found_without_a_pump(tmp_path, key, cli):
    file = therapy(tmp_path)
    assert cli("program", "sign", file, "--key", key, "--yes").exit_code == 0
    file.write_text("# a comment changes nothing\n" + file.read_text())
    assert cli("program", "check", file, "--prescriber", f"{key}.pub").exit_code == 0
    therapy(tmp_path, dose="101ug/d")
    ran = cli("program", "check", file, "--prescriber", f"{key}.pub")
    assert ran.exit_code == 5 and "changed after it was signed" in ran.stderr


@pytest.mark.case("EC16")
def test_a_wrong_signature_is_refused_where_none_is_needed_too(cli, bench, tmp_path, key):
    ward = filled(cli, bench)
    file = therapy(tmp_path, dose="110ug/d")
    signed = prescription.sign(program.load(file), key)
    assert committed(ward, file, signed) == "no-trust"
    trust(ward, "--key", key)
    assert committed(ward, file, signed[::-1]) == "signature-invalid"
    assert committed(ward, file, b"") == ""
    assert committed(ward, file, signed) == ""


def test_the_key_is_set_and_taken_away_only_by_who_has_opened_a_pump_that_does_not_deliver(ward, key, cli):
    assert ward.refused("program", "trust", "--none", "--yes")["name"] == "jumper-needed"
    ward.plant.fault("service-jumper")
    assert ward.refused("program", "trust", "--none", "--yes")["name"] == "wrong-state"
    ward.plant.fault("service-jumper", on=False)
    ward.do("stop")
    assert trust(ward, "--none") == {"prescriber": None, "required": False, "before": ward_key(ward, key)}
    assert not ward.status()["signed_only"]
    for words in (("--none", "--required"), ("--key", key, "--none"), ()):
        ran = cli("program", "trust", *words, "--yes")
        assert ran.exit_code == 2 and "--none" in ran.stderr
    with ward.client() as pump:
        ward.plant.fault("service-jumper")
        with pytest.raises(Refused, match="modulus"):
            pump.trust_prescriber(b"", True)
        with pytest.raises(Refused, match="modulus"):
            pump.trust_prescriber(bytes(256), False)


def ward_key(ward: Ward, key: Path) -> str:
    """The digest that the log gave the key."""
    told = records(ward, "prescriber")[0]
    assert told["required"] is True
    return str(told["digest"])


@pytest.mark.case("EC16")
def test_a_pump_that_cannot_read_the_key_any_more_takes_no_program_and_goes_on_with_its_therapy(ward, tmp_path, key):
    for seed in (1, 2, 3):
        ward.plant.fault("flash-bit", value=f"{KEY_NAMES[0]}:{seed}")
    ward.plant.power_cut()
    ward.advance(10 * SECOND_MS)
    assert ward.state == "infusing" and "storage-fault" in ward.alarms()
    file = therapy(tmp_path, dose="110ug/d")
    assert committed(ward, file, prescription.sign(program.load(file), key)) == "no-trust"
    assert committed(ward, file, b"") == "signature-needed"
    with ward.client() as pump:
        assert pump.bolus(10_000, 10 * MINUTE_MS, PATIENT)["volume_nl"] == 20_000
    ward.do("stop")
    trust(ward, "--key", key, "--required")
    assert committed(ward, file, prescription.sign(program.load(file), key)) == ""


@pytest.mark.parametrize("operation", range(1, 10, 2))
def test_a_power_cut_while_the_key_is_replaced_leaves_one_key_whole(cli, bench, tmp_path, key, operation):
    ward = filled(cli, bench)
    trust(ward, "--key", key, "--required")
    new = tmp_path / "new.key"
    signing.keygen(new)
    ward.plant.fault("service-jumper")
    with ward.client() as pump:
        ward.plant.fault("power-cut-at-flash-op", value=operation)
        try:
            pump.trust_prescriber(signing.modulus(new), True)
        except Exception as lost:
            assert "reply" in str(lost) or "answer" in str(lost) or "reach" in str(lost)
    ward.plant.fault("power-cut-at-flash-op", on=False)
    ward.advance(SECOND_MS)
    file = therapy(tmp_path, dose="110ug/d")
    told = [committed(ward, file, prescription.sign(program.load(file), one)) for one in (key, new)]
    assert sorted(told) == ["", "signature-invalid"]
    assert operations.status(ward.client())["signed_only"]


def test_the_command_is_the_services(cli, bench):
    assert messages.MESSAGES[messages.PRESCRIBER][1] & messages.SERVICE
