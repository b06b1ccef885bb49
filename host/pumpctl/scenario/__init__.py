"""Scenarios: timed actions on a scratch virtual pump and what is expected of it, read from TOML and played."""
