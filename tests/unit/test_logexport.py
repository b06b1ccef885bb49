"""Logs as tables: the same columns in every format, typed, safe to open, written as a whole or not at all."""

import csv
import io
import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pumplog import PumpLog, begun

from infuser.wire import alarms, records, states
from pumpctl import errors, logexport, logformats
from pumpctl.cli.main import run
from pumpctl.store import Archive
from pumpctl.wholefile import writing

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.case("R6.6")]
# What a hostile pump, or a joker with the cable, may write where a name belongs.
_NAMES = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    ";=1+1",
    '; "=1+1',
    "a\r=1",
    "x\x1b[2J",
    "R. Vogel",
    "\uff1d1",
]


def archive(log: PumpLog, serial: str = "E66100") -> None:
    with Archive() as made:
        made.append(made.begin(serial), log.stored)


@pytest.fixture
def log(home: Path) -> PumpLog:
    """An archived log with deliveries, an alarm, a time without a clock, and hostile names."""
    told = begun()
    told.run(5, 480_000, bolus_nl=50_000)
    told.raised(alarms.STALL, 940)
    for name in _NAMES:
        told.note(records.ALARM_ACK, alarm=alarms.STALL, operator=name)
    told.clock = False
    told.boot += 1
    told.note(records.BOOT, gap_ms=0)
    told.run(2, 480_000)
    archive(told)
    return told


def exported(path: Path, *options: str, code: int = errors.DONE) -> Path:
    assert run(["log", "export", "--all", "-o", str(path), *options]) == code
    return path


def parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_three_formats_hold_the_same_rows(log: PumpLog, home: Path) -> None:
    lines, cells = jsonl(exported(home / "x.jsonl")), table(exported(home / "x.csv"))
    rows = parquet(exported(home / "x.parquet"))
    assert len(lines) == len(cells) == len(rows) == len(log.stored)
    for line, cell, row in zip(lines, cells, rows, strict=True):
        assert list(line) == list(cell) == list(row) == list(logexport.COLUMNS)
        assert json.loads(cell["fields"]) == json.loads(row["fields"]) == line["fields"]
        for name, kind in logexport.COLUMNS.items():
            if kind == logexport.INTEGER:
                assert line[name] == row[name] and cell[name] == ("" if row[name] is None else str(row[name]))
            elif kind == logexport.TIME:
                told = row[name] and row[name].isoformat(timespec="milliseconds").replace("+00:00", "Z")
                assert line[name] == told and cell[name] == (told or "")


def test_parquet_columns_are_typed_and_times_are_utc(log: PumpLog, home: Path) -> None:
    file = pyarrow.parquet.read_table(exported(home / "x.parquet"))
    types = {field.name: str(field.type) for field in file.schema}
    assert types["time_utc"] == types["reckoned_utc"] == "timestamp[ms, tz=UTC]"
    assert types["seq"] == types["reservoir_nl"] == types["programmed_nl"] == "int64"
    assert (types["text"], types["verified"]) == ("string", "bool")
    assert file.schema.metadata == {b"source": b"the log of pump E66100", b"verified": b"true"}
    first = file.to_pylist()[0]
    assert first["time_utc"] == datetime.fromtimestamp(log.decoded[0]["time_ms"] / 1000, UTC)


def test_a_time_is_null_where_the_clock_was_lost_and_reckoned_from_the_age(log: PumpLog, home: Path) -> None:
    *_, before, last = parquet(exported(home / "x.parquet"))
    assert last["time_utc"] is None and before["time_utc"] is None
    assert (last["reckoned_utc"] - before["reckoned_utc"]).total_seconds() == 3600
    assert table(exported(home / "x.csv"))[-1]["time_utc"] == ""


def test_deliveries_can_be_plotted_at_once(log: PumpLog, home: Path) -> None:
    rows = [row for row in parquet(exported(home / "x.parquet")) if row["kind"] == "delivery"]
    last = rows[-1]
    counted = {name: log.counters[name] for name in records.COUNTER_NAMES}
    assert {name: last[name] for name in records.COUNTER_NAMES} == counted
    steps = sum(counted[name] for name in records.THERAPY_NAMES)
    assert last["delivered_nl"] == steps * last["step_pl"] // 1000 and rows[0]["delivered_nl"] == 0
    assert abs(last["delivered_nl"] - last["programmed_nl"]) <= 4 * last["step_pl"] // 1000
    others = parquet(exported(home / "y.parquet", "--kind", "alarm-ack"))
    assert {row["delivered_nl"] for row in others} == {row["basal_steps"] for row in others} == {None}


def test_delivered_volume_goes_on_over_a_new_calibration_and_a_filter_does_not_change_it(home: Path) -> None:
    told = begun()
    told.run(3, 480_000)
    before = told.counters["basal_steps"]
    fields = {**told.decoded[-1]["fields"], "basal_steps": before + 100, "step_pl": 100_000}
    told.note(records.DELIVERY, **fields)
    archive(told)
    *_, old, new = parquet(exported(home / "x.parquet", "--kind", "delivery"))
    assert new["delivered_nl"] * 1000 == pytest.approx(old["delivered_nl"] * 1000 + 100 * 100_000, abs=1000)
    (alone,) = parquet(exported(home / "y.parquet", "--tail", "1"))
    assert alone == new


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_filters_are_those_of_show(
    log: PumpLog, home: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (
        ["--kind", "alarm-ack"],
        ["--alarm", "stall"],
        ["--tail", "3"],
        ["--since", "2026-03-02T09:30Z"],
        [],
    ):
        capsys.readouterr()
        assert run(["log", "show", "--json", *options]) == errors.DONE
        shown = json.loads(capsys.readouterr().out)
        path = home / f"x.{ending}"
        assert run(["log", "export", "--json", "--force", "-o", str(path), *options]) == errors.DONE
        told = json.loads(capsys.readouterr().out)
        assert (told["records"], told["hidden"]) == (len(shown["records"]), shown["hidden"])
        read = {"csv": table, "jsonl": jsonl, "parquet": parquet}[ending](path)
        assert [int(row["seq"]) for row in read] == [one["seq"] for one in shown["records"]]


def cells_of(path: Path, delimiter: str) -> list[str]:
    """Every cell as a spreadsheet with this list separator takes the file apart."""
    with path.open(newline="", encoding="utf-8") as file:
        return [cell for row in csv.reader(file, delimiter=delimiter) for cell in row]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would reckon with it: it begins like a formula and is no number."""
    begins = cell.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    return begins and not cell.removeprefix("-").isdecimal()


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_name_in_a_log_becomes_a_formula_in_a_spreadsheet(home: Path, delimiter: str) -> None:
    assert [cell for cell in cells_of(exported(home / "x.csv"), delimiter) if is_formula(cell)] == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from("=+-@;,\"' ab1")), min_size=1, max_size=4))
def test_a_text_is_never_a_formula_and_an_honest_one_stays_as_it_is(names: list[str]) -> None:
    cells = [logformats.csv_cell(logexport.TEXT, name) for name in names]
    written = io.StringIO()
    csv.writer(written).writerow(["1", *cells, logformats.csv_cell(logexport.FIELDS, {"operator": names[0]})])
    for delimiter in ",;":
        parts = next(iter(csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=delimiter)))
        assert not [part for part in parts if is_formula(part)]
    for name, cell in zip(names, cells, strict=True):
        assert cell.replace("'", "") == name.replace("'", "")
        if not set(name) & set("=+-@"):
            assert cell == name


@pytest.mark.usefixtures("log")
def test_control_characters_are_marks_in_every_format(home: Path) -> None:
    for ending in ("csv", "jsonl"):
        told = exported(home / f"x.{ending}").read_text(encoding="utf-8")
        assert "\x1b" not in told and "x\ufffd[2J" in told
    assert any("x\ufffd[2J" in row["text"] for row in parquet(exported(home / "x.parquet")))


@pytest.mark.usefixtures("log")
def test_stdout_gets_csv_and_json_lines_but_neither_parquet_nor_a_second_document(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert run(["log", "export", "--format", "csv", "--tail", "2"]) == errors.DONE
    assert len(capsysbinary.readouterr().out.splitlines()) == 3
    assert run(["log", "export", "--format", "jsonl", "--tail", "2", "-o", "-"]) == errors.DONE
    assert len([json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]) == 2
    for options in (["--format", "parquet"], ["--format", "csv", "--json"], [], ["-o", "log.xls"]):
        assert run(["log", "export", *options]) == errors.USAGE


@pytest.mark.usefixtures("log")
def test_a_file_that_is_there_is_replaced_only_when_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "x.csv"
    path.write_text("mine")
    exported(path, code=errors.USAGE)
    assert path.read_text() == "mine" and "exists" in capsys.readouterr().err
    exported(path, "--force")
    assert path.read_text().startswith("seq,")
    exported(path, "--yes", "--tail", "1")
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_disk_that_is_full_leaves_the_old_file_and_no_half_one(
    home: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = begun()
    told.run(400, 480_000)
    archive(told)
    path = home / f"x.{ending}"
    path.write_text("mine")
    before = sorted(home.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        code = run(["log", "export", "--all", "--force", "-o", str(path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == errors.USAGE and path.read_text() == "mine" and sorted(home.iterdir()) == before
    assert "make room" in capsys.readouterr().err


def piped(into: str) -> tuple[int, str]:
    """(exit code, stderr) of an export whose stdout ends in a shell's `into`."""
    command = f"{sys.executable} -m pumpctl.cli.main log export --all --format csv {into}; echo ${{PIPESTATUS[0]}} >&2"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    *told, code = ended.stderr.splitlines()
    return int(code), "\n".join(told)


def test_a_reader_that_has_seen_enough_is_no_error_and_a_full_disk_behind_stdout_is_one(home: Path) -> None:
    told = begun()
    told.run(1000, 480_000)
    archive(told)
    assert piped(into="| head -1") == (errors.DONE, "")
    if Path("/dev/full").exists():
        code, told_why = piped(into="> /dev/full")
        assert code == errors.USAGE and "stdout: No space left on device" in told_why and "Traceback" not in told_why


@pytest.mark.usefixtures("log")
def test_a_link_is_followed_and_what_is_no_file_is_refused(home: Path) -> None:
    real, link = home / "real.csv", home / "link.csv"
    real.write_text("mine")
    link.symlink_to(real)
    exported(link, "--force")
    assert link.is_symlink() and real.read_text().startswith("seq,")
    assert run(["log", "export", "-o", "/dev/null", "--format", "csv", "--force"]) == errors.USAGE


@pytest.mark.usefixtures("log")
def test_an_export_that_is_interrupted_leaves_nothing(home: Path) -> None:
    path = home / "x.csv"
    with pytest.raises(KeyboardInterrupt), writing(path) as file:
        file.write(b"seq,")
        raise KeyboardInterrupt
    assert not path.exists() and [one for one in home.iterdir() if "part" in one.name] == []


def test_a_log_that_fails_verification_is_exported_and_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = begun()
    told.run(5, 480_000)
    del told.stored[9]
    raw = home / "log.bin"
    raw.write_bytes(b"".join(told.stored))
    assert run(["log", "export", str(raw), "--all", "--json", "-o", str(home / "x.parquet")]) == errors.UNVERIFIED
    out, err = capsys.readouterr()
    told_json = json.loads(out)
    assert not told_json["verified"] and told_json["findings"][0].startswith("dropped")
    assert "fails verification" in err
    rows = parquet(home / "x.parquet")
    assert len(rows) == len(told.stored) and not any(row["verified"] for row in rows)
    assert pyarrow.parquet.read_schema(home / "x.parquet").metadata[b"verified"] == b"false"


def test_numbers_that_no_pump_reaches_are_null_and_kept_in_the_fields(home: Path) -> None:
    told = begun()
    told.note(records.DELIVERY, **{**told.decoded[-2]["fields"], "programmed_nl": 2**64 - 1, "step_pl": 1})
    told.note(records.CLOCK, old_ms=2**64 - 1, new_ms=2**63, utc_offset_min=-(2**31))
    told.note(records.STATE, old=200, new=states.IDLE)
    archive(told)
    *_, delivery, _, _ = parquet(exported(home / "x.parquet", code=errors.UNVERIFIED))
    assert delivery["programmed_nl"] is None and json.loads(delivery["fields"])["programmed_nl"] == 2**64 - 1


def test_a_stamp_that_no_clock_shows_is_null_and_moves_no_other_record(home: Path) -> None:
    told = begun()
    told.run(1, 480_000)
    honest_ms = told.time_ms
    told.time_ms = 2**63
    told.note(records.SELF_TEST, passed=True)
    told.time_ms = honest_ms
    told.run(1, 480_000)
    archive(told)
    *_, before, lied, after = parquet(exported(home / "x.parquet", code=errors.UNVERIFIED))
    assert lied["time_utc"] is None and lied["reckoned_utc"] == before["time_utc"] == before["reckoned_utc"]
    assert after["reckoned_utc"] == after["time_utc"] and (after["time_utc"] - before["time_utc"]).seconds == 3600


@pytest.mark.usefixtures("log")
def test_without_pyarrow_the_tool_says_how_to_get_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    exported(home / "x.parquet", code=errors.USAGE)
    assert "pip install pyarrow" in capsys.readouterr().err and not (home / "x.parquet").exists()
