"""Settings before and after beside each other: what changes, by how much, and what deserves a second look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pumpctl import quantity

NONE = "-"
_NOTHING = (NONE, "none", "not told")
# Seen without colour too.
MARK = "!!"
HIGHLIGHT_PERMILLE = 200
COLUMNS = ("SETTING", "NOW", "NEW", "CHANGE")
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Number:
    """One number of a setting, before and after, in the same unit; `label` tells it from the setting's others."""

    now: int
    new: int
    label: str = ""

    @property
    def permille(self) -> int | None:
        """Relative change rounded half away from zero; None where there was nothing before."""
        if not self.now:
            return None
        size = (2000 * abs(self.new - self.now) + self.now) // (2 * self.now)
        return size if self.new >= self.now else -size

    def over(self, permille: int) -> bool:
        """Whether it changes by more than so much; what was not there before changes by more than anything."""
        return self.new != self.now and (not self.now or 1000 * abs(self.new - self.now) > permille * self.now)

    def word(self) -> str:
        """The change for people: `+12.5 %`, `new`."""
        return f"{self.label} {percent(self.now, self.new) or 'new'}".lstrip()


@dataclass(frozen=True)
class Change:
    """One setting for people, before and after, with the numbers in it; a grave one is seen however small it is."""

    name: str
    now: str
    new: str
    numbers: tuple[Number, ...] = ()
    grave: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything differs, be it less than the text shows; what there was not and is not does not."""
        if self.now in _NOTHING and self.new in _NOTHING:
            return False
        return self.now != self.new or any(one.now != one.new for one in self.numbers)

    @property
    def permille(self) -> int | None:
        """The largest relative change of its numbers, None where none can be told."""
        told = [one.permille for one in self.numbers if one.permille is not None]
        return max(told, key=abs, default=None)

    def highlighted(self, permille: int = HIGHLIGHT_PERMILLE) -> bool:
        """Whether a person must look twice: a number changes by more than `permille`, or the change is grave."""
        return self.changed and (self.grave or any(one.over(permille) for one in self.numbers))

    def word(self) -> str:
        """The change for people; empty where there is none."""
        if not self.changed:
            return ""
        if self.now in _NOTHING or self.new in _NOTHING:
            return "new" if self.now in _NOTHING else "ended"
        told = [one.word() for one in self.numbers if one.now != one.new]
        return "\n".join(told) or "changed"

    def row(self, permille: int = HIGHLIGHT_PERMILLE) -> Row:
        """(name, now, new, change), the change with its mark where it is highlighted."""
        mark = f"{MARK} " if self.highlighted(permille) else ""
        return self.name, self.now, self.new, mark + self.word()

    def document(self, permille: int = HIGHLIGHT_PERMILLE) -> dict[str, Any]:
        """The change for scripts; without `percent_permille` where no number changes."""
        told: dict[str, Any] = {"name": self.name, "now": self.now, "new": self.new}
        if self.changed and self.permille is not None:
            told["percent_permille"] = self.permille
        return {**told, "highlighted": self.highlighted(permille)}


Changes = Sequence[Change]


def percent(old: int, new: int) -> str:
    """Relative change in tenths of a percent, from ten times on in whole ones, with its sign; empty for none."""
    if old == new or not old:
        return ""
    places = 1 if abs(new - old) < 10 * abs(old) else 0
    return f"{'+' if new > old else ''}{quantity.decimal((new - old) * 100, old, places)} %"


def number(name: str, now: int, new: int, form: Any, grave: bool = False) -> Change:
    """A setting that is one number, shown by `form`."""
    return Change(name, form(now), form(new), (Number(now, new),), grave)


def documents(changes: Changes, permille: int = HIGHLIGHT_PERMILLE) -> list[dict[str, Any]]:
    """What changes, for scripts."""
    return [change.document(permille) for change in changes if change.changed]
