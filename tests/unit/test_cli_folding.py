"""Long sentences at a terminal: folded between words, commands in one piece."""

import pytest

from pumpctl.cli.output import fold


def test_a_long_sentence_is_folded_between_words_and_keeps_its_indent() -> None:
    told = fold("  the discrepancy is over the advisory limit of 20 % or 2 mL: 2.298 mL less than expected", 40)
    assert told.split("\n") == [
        "  the discrepancy is over the advisory",
        "  limit of 20 % or 2 mL: 2.298 mL less",
        "  than expected",
    ]


def test_a_command_in_a_sentence_is_not_divided() -> None:
    told = fold("fill it, then give `pumpctl refill --residual VOLUME --volume VOLUME`, then `pumpctl resume`", 60)
    assert "`pumpctl refill --residual VOLUME --volume VOLUME`" in told.split("\n")[1]


@pytest.mark.parametrize(
    "line",
    [
        "short",
        "  pumpctl library send /a/long/path/to/a/library/of/the/ward.lib --operator Ada --yes",
        "  pumpctl doctor --udev-rule | sudo tee /etc/udev/rules.d/60-pumpctl.rules",
    ],
)
def test_what_fits_and_what_is_a_command_stays_as_it_is(line: str) -> None:
    assert fold(line, 40) == line
