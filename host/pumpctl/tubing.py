"""What a fluid path holds: the arithmetic of priming and of the bridge between two drugs."""

_PL_PER_NL = 1000
_UM_PER_MM = 1000


def catheter_nl(length_um: int, lumen_pl_per_mm: int) -> int:
    """Volume in nL of a catheter, rounded up so that no end of it stays unfilled."""
    return -(-length_um * lumen_pl_per_mm // (_UM_PER_MM * _PL_PER_NL))


def path_nl(length_um: int, lumen_pl_per_mm: int, dead_space_nl: int = 0) -> int:
    """Volume in nL of the whole path from the reservoir to the catheter's tip; the dead space is the pump's own."""
    return catheter_nl(length_um, lumen_pl_per_mm) + dead_space_nl
