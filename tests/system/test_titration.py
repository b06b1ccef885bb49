"""A titration built from the screening, sent, and followed by the firmware for its whole course."""

from modes import NOW_MIN, exact, fill, records
from ward import DAY_MS, HOUR_MS, MINUTE_MS, STEP_PL, Ward

from pumpctl import therapy_times


def test_the_pump_gives_each_dose_of_a_titration_from_its_day_on(cli, bench, tmp_path):
    file = tmp_path / "titration.toml"
    begin_min = NOW_MIN + 60
    told = cli(
        "--json", "titrate", "--patient", "BENCH-001", "--age", "47y", "--indication", "spinal", "--screening", "75ug",
        "--response", "positive", "--concentration", "500ug/ml", "--target", "230ug/d", "--increase", "25%",
        "--start", therapy_times.iso(begin_min), "-o", file,
    ).json  # fmt: skip
    doses = [step["dose_ng_per_day"] for step in told["steps"]]
    assert doses == [150_000, 185_000, 230_000] and told["reached"]
    ward = Ward(cli, bench())
    fill(ward)
    sent = ward.do("program", "send", file, "--confirm", "BENCH-001 150ug/d")
    assert sent["start_in_ms"]
    assert {"name": "dose per day", "now": "-", "new": "150 ug/d", "highlighted": False} in sent["changes"]
    ward.advance(3 * DAY_MS)
    notes = [(record["age_ms"], int(record["dose_ng_per_day"])) for record in records(ward, "plan")]
    rises = [after for before, after in zip(notes, notes[1:], strict=False) if after[1] != before[1]]
    assert [dose for _, dose in rises] == doses[1:]
    for day, (age_ms, _) in enumerate(rises, 1):
        assert 0 <= age_ms - HOUR_MS - day * DAY_MS <= MINUTE_MS
    now = ward.status()
    points = [(HOUR_MS, doses[0]), *rises, (now["age_ms"], 0)]
    volume = sum(2 * dose * (then - since) for (since, dose), (then, _) in zip(points, points[1:], strict=False))
    assert abs(now["steps_total"] - volume * 1000 // (DAY_MS * STEP_PL)) <= 4
    assert exact(ward)
