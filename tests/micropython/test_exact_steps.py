"""Whatever is ordered and whenever: the microsteps of the real pump are those of exact arithmetic."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from vmworld import World

HERE = Path(__file__).parent
SEQUENCES = 400
SHARES = 4
FIRST_SEED = 1 if os.environ.get("CI") else random.randrange(1 << 30)
COMMANDS = ("stop", "resume", "program-commit", "bolus", "bolus-cancel", "minimum-rate", "prime", "clock-set")
PLAY = """
import sys
sys.path.append({here!r})
from vm_exact_steps import play
result = play({seed}, {count})
"""


@pytest.mark.parametrize("share", range(SHARES))
def test_steps_in_each_bucket_are_exact_at_any_time_after_any_sequence_of_commands(tmp_path: Path, share: int) -> None:
    count = SEQUENCES // SHARES
    first_seed = FIRST_SEED + share * count
    told = World(tmp_path).run(PLAY.format(here=str(HERE), seed=first_seed, count=count))
    done = Counter(told["counts"])
    print(f"{count} sequences from seed {first_seed}: {dict(done)}")
    assert told["seed"] is None, f"seed {told['seed']} (sequences from {first_seed}): {told['mismatch']}"
    assert all(done[command] for command in COMMANDS), "a command that was never carried out shows nothing"
    assert done["exact"] > done["looks"] // 2 > 1000
    assert done["steps"] > 100 * count


def test_a_resume_with_microsteps_of_a_bolus_under_way_is_not_taken_for_over_delivery(tmp_path: Path) -> None:
    # Of these sequences the one from seed 30131 goes back from the minimum rate just so.
    told = World(tmp_path).run(PLAY.format(here=str(HERE), seed=30110, count=22))
    assert told["seed"] is None, told["mismatch"]
