"""What all tests share: Hypothesis without a clock, and without chance where a red test must mean a fault."""

import os

from hypothesis import settings

settings.register_profile("bench", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "bench")
