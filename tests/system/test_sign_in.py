"""Who may do what to a pump with keys: nothing changes without the proof, and reading and stopping never need one."""

import json
from dataclasses import replace

import pytest
from access import HOST_NONCE, flipped, key_file, provision, records, stranger
from ward import MINUTE_MS, PATIENT, SECOND_MS, Ward, delivers, infusing

from infuser.core import session
from infuser.wire import messages, states
from pumpctl import keystore

RATE = 200_000
LOCKED_AFTER = session.FAILURES_TO_LOCK


@pytest.fixture
def ward(cli, bench) -> Ward:
    return Ward(cli, bench())


@pytest.mark.case("EC14")
def test_without_a_key_nothing_that_needs_a_role_is_done_and_each_attempt_is_logged(ward, tmp_path, cli, bench):
    keys = provision(ward)
    nobody = key_file(tmp_path, replace(keys, serial="another"), "clinician", "service")
    keystore.forget(keys.serial)
    ran = cli("--json", "clock", "set", "--operator", "Eve", env=nobody)
    assert ran.exit_code == 3 and ran.json["error"]["name"] == "not-signed-in"
    assert "PUMPCTL_KEY_FILE" in ran.json["error"]["remedy"]
    refused = [one for one in records(ward, "command") if one["operator"] == "Eve"]
    assert [(one["command"], one["error"]) for one in refused] == [(messages.CLOCK_SET, messages.errors.NOT_SIGNED_IN)]
    assert records(ward, "clock") == []


@pytest.mark.case("EC14")
def test_every_command_with_a_role_is_refused_to_whoever_has_not_signed_in(ward):
    provision(ward)
    needing = [
        (number, told)
        for number, told in messages.MESSAGES.items()
        if told[1] & (messages.CLINICIAN | messages.SERVICE)
    ]
    kinds = {"text": "", "blob": b"", "bool": False}
    with stranger(ward) as eve:
        for number, (_, _, fields, _) in needing:
            values = {name: kinds.get(kind, 0) for name, kind in messages.codec.fields(fields) if name != "operator"}
            assert eve.asks(number, **values) == "not-signed-in"
    assert len(needing) > 15
    assert ward.status()["state"] == "idle"


@pytest.mark.case("EC14")
def test_reading_stopping_and_silencing_need_no_key(cli, bench):
    ward = infusing(cli, bench)
    ward.do("stop")
    keys = provision(ward)
    with stranger(ward) as who:
        assert who.signs_in(keys)["role"] == messages.ROLE_CLINICIAN
        assert who.resumes()["state"] == states.INFUSING
    keystore.forget(keys.serial)
    ward.do("alarms", "pause", "5min")
    assert ward.status()["keyed"] is True and ward.status()["role"] == "nobody"
    assert PATIENT in json.dumps(ward.do("program", "show"))
    assert ward.do("stop")["state"] == "suspended"
    assert ward.refused("resume")["name"] == "not-signed-in"
    assert ward.steps_in(MINUTE_MS) == 0


@pytest.mark.on_chip
def test_the_commands_sign_in_by_themselves_and_the_log_names_who(ward):
    provision(ward)
    ward.do("clock", "set", "--operator", "Ada")
    ward.do("clock", "set", "--operator", "Bea")
    signed = [(one["role"], one["accepted"], one["operator"]) for one in records(ward, "sign-in")]
    assert signed == [(messages.ROLE_CLINICIAN, True, "Ada"), (messages.ROLE_CLINICIAN, True, "Bea")]
    told = [one["text"] for one in ward.do("log", "show", "--kind", "sign-in")["records"]]
    assert told[0] == "Signed in as clinician by Ada."


@pytest.mark.case("EC14")
def test_a_clinicians_key_is_not_the_services(ward, tmp_path, cli):
    keys = provision(ward)
    keystore.forget(keys.serial)
    clinician = key_file(tmp_path, keys, "clinician")
    assert cli("clock", "set", env=clinician).exit_code == 0
    with stranger(ward) as who:
        assert who.signs_in(keys, messages.ROLE_CLINICIAN)["role"] == messages.ROLE_CLINICIAN
        assert who.asks(messages.CALIBRATE, step_pl=98_000, uncertainty_ppm=0, runs=1) == "not-signed-in"
        assert who.signs_in(keys, messages.ROLE_SERVICE)["role"] == messages.ROLE_SERVICE
        assert who.asks(messages.CALIBRATE, step_pl=98_000, uncertainty_ppm=0, runs=1)["step_pl"] == 98_000
        assert who.asks(messages.CLOCK_SET, time_ms=1_800_000_000_000, utc_offset_min=0)["time_ms"]


@pytest.mark.case("EC14")
def test_a_role_ends_with_the_greeting_of_the_next_one_who_comes(ward):
    keys = provision(ward)
    with stranger(ward) as who:
        who.signs_in(keys)
    with stranger(ward) as eve:
        assert eve.asks(messages.SELF_TEST) == "not-signed-in"
    with stranger(ward) as who:
        who.signs_in(keys)
        who.asks(messages.SIGN_OUT)
        assert who.asks(messages.SELF_TEST) == "not-signed-in"


@pytest.mark.case("EC14")
def test_a_wrong_key_is_refused_logged_and_counted_and_the_wait_grows_to_a_lock_out(ward, tmp_path, cli):
    keys = provision(ward)
    keystore.forget(keys.serial)
    wrong = key_file(tmp_path, replace(keys, clinician=flipped(keys.clinician)), "clinician")
    ran = cli("--json", "clock", "set", "--operator", "Eve", env=wrong)
    assert ran.exit_code == 3 and ran.json["error"]["name"] == "sign-in-failed"
    waited = 0
    for wait_s in (1, 2, 4, 8):
        with stranger(ward) as eve:
            assert eve.guesses() == "sign-in-locked"
            ward.advance(wait_s * SECOND_MS)
            assert eve.guesses() == "sign-in-failed"
        waited += 1
    assert waited == LOCKED_AFTER - 1
    ward.advance(session.LOCK_MS - 5 * SECOND_MS)
    with stranger(ward) as who:
        assert who.signs_in(keys) == "sign-in-locked"
        assert who.stops()["state"] == states.IDLE
        assert who.asks(messages.STATUS)["role"] == messages.NOBODY
    ward.advance(5 * SECOND_MS)
    with stranger(ward) as who:
        assert who.signs_in(keys)["role"] == messages.ROLE_CLINICIAN
    attempts = records(ward, "sign-in")
    assert [one["failures"] for one in attempts] == [1, 2, 3, 4, 5, 0]
    assert [one["accepted"] for one in attempts] == [False] * 5 + [True]
    told = [one["text"] for one in ward.do("log", "show", "--kind", "sign-in")["records"]]
    assert told[0] == "An attempt to sign in as clinician by Eve failed; 1 failure in a row."
    assert told[1].startswith("An attempt to sign in as clinician by stranger failed; 2 failures")
    (given,) = ward.do("log", "show", "--kind", "keys")["records"]
    assert given["text"].endswith(f"digest {keys.digest()[:16]}.")


@pytest.mark.case("EC14")
def test_a_power_cut_neither_forgets_the_failures_nor_shortens_the_wait(ward):
    keys = provision(ward)
    with stranger(ward) as eve:
        for _ in range(LOCKED_AFTER):
            assert eve.guesses() == "sign-in-failed"
            ward.advance(8 * SECOND_MS)
    ward.plant.power_cut(off_ms=MINUTE_MS)
    ward.advance(MINUTE_MS)
    with stranger(ward) as who:
        assert who.signs_in(keys) == "sign-in-locked"
        ward.advance(session.LOCK_MS)
        assert who.asks(messages.HELLO, protocol=messages.protocol_hash(), host="test")
        assert who.guesses() == "sign-in-failed"
        assert who.signs_in(keys) == "sign-in-locked"
    assert [one["failures"] for one in records(ward, "sign-in")] == [1, 2, 3, 4, 5, 6]


@pytest.mark.case("EC14")
def test_a_sign_in_overheard_and_sent_again_gives_nothing(ward):
    keys = provision(ward)
    with stranger(ward) as who:
        request_id = who.link.new_id()
        assert who.signs_in(keys, request_id=request_id)["role"] == messages.ROLE_CLINICIAN
        found = keys.for_role(messages.ROLE_CLINICIAN)
        overheard = session.proof(found[1], messages.ROLE_CLINICIAN, keys.serial, HOST_NONCE, bytes(16))
    with stranger(ward) as eve:
        # The same frame is only answered again; a new one needs a new proof.
        assert eve.asks(messages.SIGN_IN, request_id, proof=overheard)["role"] == messages.ROLE_CLINICIAN
        assert eve.asks(messages.SELF_TEST) == "not-signed-in"
        assert eve.asks(messages.SIGN_IN, proof=overheard) == "sign-in-failed"
        ward.advance(SECOND_MS)
        eve.challenged()
        assert eve.asks(messages.SIGN_IN, proof=overheard) == "sign-in-failed"
        assert eve.asks(messages.SELF_TEST) == "not-signed-in"


@pytest.mark.case("EC14")
def test_the_pump_takes_no_nonce_of_its_own_and_never_gives_one_twice(ward):
    provision(ward)
    with stranger(ward) as eve:
        seen = {eve.challenged() for _ in range(5)}
        assert len(seen) == 5
        mine = eve.challenged()
        assert eve.asks(messages.CHALLENGE, role=messages.ROLE_CLINICIAN, host_nonce=mine) == "out-of-range"
        assert eve.asks(messages.CHALLENGE, role=messages.ROLE_CLINICIAN, host_nonce=b"short") == "out-of-range"
        assert eve.asks(messages.CHALLENGE, role=3, host_nonce=HOST_NONCE) == "out-of-range"


def test_keys_are_taken_only_with_the_jumper_set_and_while_nothing_is_delivered(cli, bench):
    ward = infusing(cli, bench)
    with stranger(ward) as who:
        good = {"clinician_key": bytes(32), "service_key": bytes([1]) * 32}
        assert who.asks(messages.KEYS, **good) == "jumper-needed"
        ward.plant.fault("service-jumper")
        assert who.asks(messages.KEYS, **good) == "wrong-state"
        assert delivers(ward.steps_in(10 * MINUTE_MS), RATE, 10 * MINUTE_MS)
        assert who.asks(messages.HELLO, protocol=messages.protocol_hash(), host="test")
        who.stops()
        assert who.asks(messages.KEYS, **{**good, "service_key": bytes(31)}) == "out-of-range"
        assert who.asks(messages.KEYS, **{**good, "service_key": bytes(32)}) == "out-of-range"
        assert who.asks(messages.STATUS)["keyed"] is False
        assert who.asks(messages.KEYS, **good) == {"keyed": True}
        assert who.resumes() == "not-signed-in"


def test_new_keys_replace_both_old_ones_and_end_the_lock_out(ward):
    old = provision(ward)
    with stranger(ward) as eve:
        eve.guesses()
    new = provision(ward)
    assert new.digest() != old.digest()
    with stranger(ward) as who:
        assert who.signs_in(old) == "sign-in-failed"
        ward.advance(SECOND_MS)
        assert who.signs_in(new)["role"] == messages.ROLE_CLINICIAN
    digests = [one["digest"] for one in records(ward, "keys")]
    assert digests == [old.digest(), new.digest()]


@pytest.mark.parametrize("operation", range(1, 12, 2))
def test_a_power_cut_while_keys_are_replaced_leaves_one_whole_pair(ward, operation):
    old = provision(ward)
    new = keystore.fresh(old.serial)
    ward.plant.fault("service-jumper")
    with stranger(ward) as who:
        values = {"clinician_key": new.clinician, "service_key": new.service}
        who.link.ask(messages.STATUS, {})
        ward.plant.fault("power-cut-at-flash-op", value=operation)
        try:
            who.asks(messages.KEYS, **values)
        except Exception as lost:
            assert "did not answer" in str(lost)
    ward.plant.fault("power-cut-at-flash-op", on=False)
    ward.advance(SECOND_MS)
    with stranger(ward) as who:
        assert who.asks(messages.STATUS)["keyed"] is True
        took = []
        for role in (messages.ROLE_CLINICIAN, messages.ROLE_SERVICE):
            for name, keys in (("old", old), ("new", new)):
                if who.signs_in(keys, role) != "sign-in-failed":
                    took.append(name)
                ward.advance(2 * SECOND_MS)
    assert took in (["old", "old"], ["new", "new"])
    assert records(ward, "keys")[-1]["digest"] == (old if took[0] == "old" else new).digest()


@pytest.mark.case("EC14")
def test_a_pump_whose_keys_are_damaged_lets_nobody_in_until_it_gets_others(ward):
    keys = provision(ward)
    ward.plant.fault("flash-bit", value="keys")
    ward.plant.power_cut()
    ward.advance(SECOND_MS)
    now = ward.status()
    assert now["keyed"] is True
    assert [one["part"] for one in records(ward, "fault")] == ["keys"] and list(ward.alarms()) == ["storage-fault"]
    with stranger(ward) as who:
        assert who.asks(messages.CHALLENGE, role=1, host_nonce=HOST_NONCE) == "no-keys"
        assert who.asks(messages.SELF_TEST) == "not-signed-in"
        assert who.stops()["state"] == states.IDLE
    assert ward.refused("clock", "set")["name"] == "not-signed-in"
    assert provision(ward).digest() != keys.digest()
    ward.do("clock", "set")


def test_the_keys_are_shown_by_their_digest_and_forgotten_on_demand(ward, pump_home, cli):
    keys = provision(ward)
    told = ward.do("keys", "show")
    assert told["roles"] == ["clinician", "service"] and told["digest"] == keys.digest() and told["pump_keyed"]
    text = cli("keys", "show").stdout
    assert keys.clinician.hex() not in text and keys.service.hex() not in text
    (file,) = (pump_home / "keys").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert ward.do("keys", "forget", "--yes") == {"serial": keys.serial, "forgotten": True}
    assert ward.do("keys", "show")["roles"] == []
    ran = cli("keys", "forget", keys.serial, "--yes")
    assert ran.exit_code == 2 and "no keys of pump" in ran.stderr


def test_provisioning_without_the_jumper_changes_nothing(ward, pump_home):
    assert ward.refused("keys", "provision", "--yes")["name"] == "jumper-needed"
    assert ward.status()["keyed"] is False
    assert not (pump_home / "keys").exists()
    ward.do("clock", "set")


@pytest.mark.parametrize("content", ["", "{half", "[]", '{"serial": 3}', '{"serial": "x", "clinician": "zz"}'])
def test_an_unusable_key_file_is_told_in_words(ward, tmp_path, cli, content):
    provision(ward)
    file = tmp_path / "keys.json"
    file.write_text(content)
    ran = cli("clock", "set", env={"PUMPCTL_KEY_FILE": str(file)})
    if content == '{"serial": 3}':  # a file of another pump; the keys kept here serve
        assert ran.exit_code == 0
    else:
        assert ran.exit_code == 2 and "does not hold keys" in ran.stderr and "Traceback" not in ran.stderr
