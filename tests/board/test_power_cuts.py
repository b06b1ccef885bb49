"""The power of the emulated chip is cut at three operations of its flash; `make campaign-board` plays hundreds."""

from pathlib import Path

import chipcuts
import chiptape
import pytest
from chiplife import apart

_SEED = 7


@pytest.mark.case("R6.6")
def test_after_a_power_cut_at_a_flash_operation_the_chip_goes_on_as_documented(uf2: Path, tmp_path: Path) -> None:
    apart(chiptape.record, tmp_path, uf2, ("provision",))
    tape = chiptape.load(tmp_path)
    assert not tape.broken and list(tape.parts()) == ["first start", "provision"]
    told = chipcuts.play(tape, uf2, chipcuts.choose(tape, 3, _SEED))
    assert told.failures == {} and told.cuts == 3
