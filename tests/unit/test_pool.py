"""A campaign's shares are played on processes or on a Dask cluster, and come to the same."""

import argparse
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pool
import pytest
from exactplay import Played

SEEDS, SHARE = range(1, 7), 2
THERAPIES = pool.Play("exactplay", "on_cpython")


def where(**chosen: object) -> argparse.Namespace:
    return argparse.Namespace(**{"jobs": 2, "dask": None, **chosen})


def played(chosen: argparse.Namespace) -> Played:
    total = Played()
    pool.run("therapies", THERAPIES, total, SEEDS, SHARE, chosen)
    return total


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Address of a cluster of two workers, which begin with nothing of this tree on their path."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("Dask is not installed: pip install './host[campaign]'")
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, protocol="tcp://", dashboard_address=None) as scheduler:
        address = scheduler.scheduler_address
        words = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
        with (tmp_path / "worker.log").open("wb") as log:
            command = [sys.executable, "-m", "distributed.cli.dask_worker", address, *words]
            workers = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            yield address
        finally:
            workers.terminate()
            workers.wait(30)


def test_shares_on_two_processes_sum_up_to_what_one_process_plays() -> None:
    alone = pool.call(pool.PLACES, THERAPIES, SEEDS.start, len(SEEDS))
    shared = played(where())
    assert (shared.therapies, shared.counts, shared.failures) == (len(SEEDS), alone.counts, {})


def test_a_dask_cluster_of_two_workers_comes_to_the_same(cluster: str) -> None:
    assert played(where(dask=cluster)).counts == played(where()).counts


def test_a_share_that_breaks_counts_as_failed_at_its_first_seed_and_the_others_go_on() -> None:
    total = Played()
    broken = pool.Play("exactplay", "no_such_function")
    pool.run("therapies", broken, total, SEEDS, SHARE, where())
    assert sorted(total.failures) == [1, 3, 5]
    assert "no_such_function" in total.failures[1]


def test_an_address_at_which_nobody_answers_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install './host[campaign]'")
    monkeypatch.setattr(pool, "ANSWER_S", 1)
    with pytest.raises(SystemExit, match="no Dask scheduler answers at tcp://127.0.0.1:9"):
        played(where(dask="tcp://127.0.0.1:9"))


def test_a_seed_that_is_given_is_the_first_one() -> None:
    assert pool.seeds(7, 3) == range(7, 10)
    assert len(pool.seeds(None, 3)) == 3


def test_nothing_more_is_played_once_it_is_enough() -> None:
    total = Played()
    many = range(1, 101)
    pool.run("therapies", THERAPIES, total, many, 1, where(jobs=1), enough=lambda: total.therapies >= 2)
    assert total.therapies == 2
