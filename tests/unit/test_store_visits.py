"""Visits in the archive: kept step by step, one open at a pump, an archive of an earlier tool taken over."""

import sqlite3
from pathlib import Path

import pytest

from pumpctl import store, store_visits
from pumpctl.errors import UsageProblem
from pumpctl.store import Archive

BEGUN = "2026-01-01T08:00:00+01:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite3"


def test_a_visit_is_read_back_by_another_process_as_it_was_kept(path: Path) -> None:
    with Archive(path) as archive:
        visit = archive.begin_visit("E66100", "refill", "Ada", BEGUN)
        visit.patient, visit.answers, visit.done = "BENCH-001", {"residual": 1_800_000}, ["look", "stop"]
        visit.figures = [["residual", "1.8 mL"]]
        archive.keep_visit(visit)
    with Archive(path) as archive:
        assert archive.open_visit("E66100") == visit and archive.visit(visit.id) == visit
        (told,) = archive.visits("E66100")
        assert archive.visits("another") == []
    assert (told["kind"], told["state"], told["patient"], told["operator"]) == ("refill", "open", "BENCH-001", "Ada")
    assert told["figures"] == [["residual", "1.8 mL"]] and told["begun"] and told["ended"] is None


def test_who_goes_on_with_a_visit_stands_beside_who_began_it(path: Path) -> None:
    with Archive(path) as archive:
        visit = archive.begin_visit("E66100", "refill", "Ada", BEGUN)
        for name in ("Ada", "Ben", "", "Ben"):
            visit.taken_up_by(name)
        archive.keep_visit(visit)
        (told,) = archive.visits()
    assert told["operator"] == "Ada, then Ben"


def test_a_pump_has_one_open_visit(path: Path) -> None:
    with Archive(path) as archive:
        first = archive.begin_visit("E66100", "refill", "Ada", BEGUN)
        with pytest.raises(UsageProblem, match="still open") as refused:
            archive.begin_visit("E66100", "adjust", "Ben", BEGUN)
        assert "visit resume" in refused.value.remedy
        archive.begin_visit("E66101", "adjust", "Ben", BEGUN)
        first.state = store_visits.ABANDONED
        archive.keep_visit(first)
        assert archive.begin_visit("E66100", "adjust", "Ben", BEGUN).id != first.id


def test_two_processes_do_not_go_on_with_one_visit(path: Path) -> None:
    with Archive(path) as archive, Archive(path) as other:
        visit = archive.begin_visit("E66100", "refill", "Ada", BEGUN)
        theirs = other.visit(visit.id)
        archive.keep_visit(visit)
        theirs.done = ["stop"]
        with pytest.raises(UsageProblem, match="another pumpctl"):
            other.keep_visit(theirs)
        assert archive.visit(visit.id).done == []


def test_an_archive_without_visits_is_taken_over_with_all_that_is_in_it(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.executescript(store._SCHEMA + "PRAGMA user_version = 1;")
        base.execute("INSERT INTO log VALUES (1, 'E66100', 0, 7, x'00')")
    with Archive(path) as archive:
        assert archive.serials() == ["E66100"] and archive.visits() == []
        archive.begin_visit("E66100", "refill", "Ada", BEGUN)
    with Archive(path) as archive:
        assert archive.select(None).next_seq == 7 and len(archive.visits()) == 1
