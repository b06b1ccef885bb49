"""Library files: what TOML means, what is wrong with one, the shipped library, keys and signatures."""

import stat
from datetime import date
from pathlib import Path

import libraries as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infuser.app.startinglibrary import STARTING_LIBRARY
from infuser.core import signature
from infuser.wire import library as wire
from infuser.wire import units
from pumpctl import library, library_firmware, library_text, library_view, signing
from pumpctl.errors import FileProblem, UsageProblem, VerificationError

TEXT = library_text.template()


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblem) as caught:
        library.loads(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_firmware_holds_the_library_that_the_tool_ships() -> None:
    assert library.encode(library.starting()) == STARTING_LIBRARY
    module = Path(__file__).parents[2] / "firmware" / library_firmware.FILE
    assert module.read_text(encoding="utf-8") == library_firmware.text(), "run `make docs`"


def test_the_shipped_library_has_the_labels_figures() -> None:
    screening, *chronic = library.starting()["entry_list"]
    assert (screening["concentration_ug_per_ml"], screening["screening_only"]) == (50, True)
    assert (screening["bolus_hard_ng"], screening["bolus_lockout_min"]) == (100_000, 24 * 60)
    assert [entry["concentration_ug_per_ml"] for entry in chronic] == [500, 1000, 2000]
    for entry in chronic:
        assert (entry["soft_low_ng_per_day"], entry["soft_high_ng_per_day"]) == (22_000, 1_400_000)
        assert entry["hard_high_ng_per_day"] == 2_003_000
        assert (entry["age_min_years"], entry["needs_screening"]) == (4, True)
        increases = ("increase_spinal_permille", "increase_cerebral_permille", "increase_child_permille")
        assert [entry[name] for name in increases] == [300, 150, 150]


def test_the_template_loads_as_it_is_and_with_every_key_uncommented() -> None:
    assert library.loads(TEXT)["entry_list"] == [samples.entry()]
    head, entry = TEXT.split("[[entry]]")
    full = library.loads(head + "[[entry]]" + entry.replace("\n# ", "\n"))["entry_list"][0]
    assert all(full[name] for name in samples.entry())


@given(st.lists(samples.entries(), min_size=1, max_size=3, unique_by=lambda one: one["concentration_ug_per_ml"]))
def test_a_library_written_as_toml_is_the_same_when_it_is_read(entries: list[dict[str, object]]) -> None:
    issued = (date(2026, 2, 28) - date(1970, 1, 1)).days * units.MIN_PER_DAY
    told = samples.made(*entries, name='Ward "B", é', issued_min=issued)
    assert library.loads(library_text.write(told, "Read.")) == told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version = 1", "versoin = 1", "versoin: unknown key; did you mean 'version'?"),
        ("version = 1", "", "version: is missing. A whole number"),
        ("version = 1", 'version = "1"', "version: must be a whole number without quotes"),
        ("version = 1", "version = 0", "version: 0 is out of range, allowed 1 to"),
        ('name = "Ward library"', 'name = ""', "name: must be text of 1 to 60 bytes"),
        ("# hard_high", "hard_hihg", "entry[1].hard_hihg: unknown key; did you mean 'hard_high'?"),
        ('# hard_high = "2003ug/d"', 'hard_high = "2004ug/d"', "entry[1].hard_high: 2004 ug/d is out of range"),
        ('# hard_high = "2003ug/d"', "hard_high = 2003", "entry[1].hard_high: must be a dose rate with its unit"),
        ('# hard_high = "2003ug/d"', 'hard_high = "2003ug"', 'entry[1].hard_high: "2003ug" has an unknown unit'),
        ('# bolus_lockout = "4h"', 'bolus_lockout = "90s"', 'entry[1].bolus_lockout: "90s" is not a whole number of'),
        ("# age_min = 4", 'age_min = "4"', "entry[1].age_min: must be a whole number without quotes"),
        ("# needs_screening = true", "needs_screening = 1", "entry[1].needs_screening: must be true or false"),
        ('drug = "baclofen"', "", "entry[1].drug: is missing"),
        ("[[entry]]", "[entry]", "entry: must be one or more [[entry]] tables"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, told: str) -> None:
    assert any(line.startswith(told) for line in problems(TEXT.replace(old, new))), problems(TEXT.replace(old, new))


def test_all_problems_are_told_at_once() -> None:
    wrong = TEXT.replace("version = 1", "version = true").replace('drug = "baclofen"', "drug = 7")
    assert len(problems(wrong)) == 2


@pytest.mark.parametrize("day", ['"2026-13-01"', "2019-12-31", "2026-01-01T08:00:00", "7"])
def test_a_day_of_issue_that_is_none_is_refused(day: str) -> None:
    issued = next(line for line in TEXT.splitlines() if line.startswith("issued"))
    assert problems(TEXT.replace(issued, f"issued = {day}"))[0].startswith("issued")


def test_the_longest_library_that_a_file_can_tell_fits_a_pump() -> None:
    many = [samples.entry(drug="d" * 60, concentration_ug_per_ml=n) for n in range(1, wire.ENTRIES_MAX + 1)]
    told = library_text.write(samples.made(*many, name="n" * 60, source="s" * 200, issued_min=27_000_000))
    assert len(library.encode(library.loads(told))) <= wire.ENCODED_MAX
    one_more = '[[entry]]\ndrug = "e"\nconcentration = "1ug/ml"\n'
    assert problems(told + one_more) == ["entry: 33 is out of range, allowed 1 to 32"]


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No such file"):
        library.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileProblem, match="1 problem"):
        library.load(tmp_path / "bytes.toml")


# Keys and signatures


def test_a_signed_file_verifies_with_the_public_key_and_holds_the_library(tmp_path: Path) -> None:
    public = signing.keygen(tmp_path / "key")
    stored = samples.signed(library.starting(), tmp_path / "key")
    told, signed = library.unpack(stored)
    assert told == library.starting()
    modulus = signing.modulus(public)
    assert modulus == signing.modulus(tmp_path / "key")
    assert signature.verifies(library.digest(stored), signed, modulus)


def test_a_private_key_is_for_its_owner_alone_and_no_key_is_overwritten(tmp_path: Path) -> None:
    key = tmp_path / "key"
    public = signing.keygen(key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes(), public.read_bytes()
    with pytest.raises(UsageProblem, match="is there already"):
        signing.keygen(key)
    key.unlink()
    with pytest.raises(UsageProblem, match="is there already"):
        signing.keygen(key)
    assert not key.exists()
    assert public.read_bytes() == before[1]


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text(text)
    for use in (signing.modulus, lambda path: signing.sign(bytes(32), path)):
        with pytest.raises(UsageProblem, match="not a private key in PEM"):
            use(wrong)
    with pytest.raises(UsageProblem, match="No such file"):
        signing.modulus(tmp_path / "none")


def test_a_key_of_another_kind_or_length_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    short, curve = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())
    for number, key in enumerate((short, curve)):
        path = tmp_path / str(number)
        path.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
        with pytest.raises(UsageProblem, match="RSA key"):
            signing.sign(bytes(32), path)
        path.write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
        with pytest.raises(UsageProblem, match="RSA key of 2048 bits"):
            signing.modulus(path)


@pytest.mark.parametrize("stored", [b"", b"x" * 256, b"x" * 300])
def test_bytes_that_are_no_signed_library_are_refused(tmp_path: Path, stored: bytes) -> None:
    with pytest.raises(VerificationError):
        library.unpack(stored)
    path = tmp_path / "wrong.lib"
    path.write_bytes(stored)
    with pytest.raises(FileProblem, match="1 problem"):
        library.load_signed(path)


# What people see


def test_changes_name_each_setting_now_and_then() -> None:
    old = samples.made(samples.entry(hard_high_ng_per_day=500_000), samples.entry(drug="other"))
    new = samples.made(samples.entry(hard_high_ng_per_day=400_000, bolus_lockout_min=90), version=3)
    assert [change.row() for change in library_view.changes(old, new)] == [
        ("version", "2", "3", "changed"),
        ("baclofen 500 ug/mL: hard high", "500 ug/d", "400 ug/d", "-20 %"),
        ("baclofen 500 ug/mL: bolus lockout", "-", "1 h 30 min", "!! new"),
        ("other 500 ug/mL", "has an entry", "no entry", "!! changed"),
    ]
    assert library_view.changes(old, old) == []
    first = [change.row() for change in library_view.changes(None, new)]
    assert ("baclofen 500 ug/mL", "no entry", "has an entry", "changed") in first


def test_a_limit_that_there_is_not_is_shown_as_none() -> None:
    (row,) = library_view.rows(samples.made(samples.entry(soft_low_ng_per_day=22_000)))
    assert row[2:] == ("from 22 ug/d", "-", "-, most -", "-", "- / - / -")
