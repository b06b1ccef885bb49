"""Edges without decisions: the only modules that import machine, rp2 and time."""
