"""Parts of `make bench` in small: what they measure holds, and what is no matter of time is decided here."""

from pathlib import Path

import pytest


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench's own modules can be imported."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "bench"))


@pytest.mark.usefixtures("bench")
def test_a_typical_therapy_does_not_wear_out_a_block_of_the_flash_in_ten_years(tmp_path: Path) -> None:
    import wear

    told = wear.play(tmp_path, wear.TYPICAL, days=5)
    assert told["alarms"] == [] and told["steps"] > 10_000
    assert wear.years(told) > wear.GOAL_YEARS
    assert told["erases"] == sum(told["by_writer"].values()) and told["by_writer"]["others"] == 0


@pytest.mark.usefixtures("bench")
def test_the_tools_start_is_measured_beside_python_alone_and_mpremote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import startup

    monkeypatch.setattr(startup, "RUNS", 1)
    figures = startup.measure(tmp_path)
    assert {(figure.name, figure.peer) for figure in figures} == {
        (name, peer) for name in startup.GOALS_MS for peer in ("python -c pass", "mpremote --help", "goal")
    }
    assert all(figure.value > figures[0].peer_value > 0 for figure in figures)


@pytest.mark.usefixtures("bench")
def test_a_log_read_by_the_tool_and_copied_by_mpremote_over_the_same_line_is_the_same(tmp_path: Path) -> None:
    import pull

    figures = pull.measure(tmp_path, budget_bytes=2 * pull.SEGMENT_BYTES)
    assert [figure.peer for figure in figures] == [pull.PEER, pull.PEER, *["raw pseudo-terminal"] * 2]
    assert all(figure.value > 0 and figure.ratio > 0 for figure in figures)
