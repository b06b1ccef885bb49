"""Visits in the archive: one row each, kept after every step, so that one that was cut off can be gone on with."""

import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from pumpctl import timetext
from pumpctl.errors import UsageProblem

OPEN, COMPLETED, ABANDONED = "open", "completed", "abandoned"
# `document` is the visit's own: answers, steps done, figures. `revision` counts the times it was kept.
SCHEMA = """
CREATE TABLE visits (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
    patient TEXT NOT NULL, operator TEXT NOT NULL, begun TEXT NOT NULL, ended TEXT,
    document TEXT NOT NULL, revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_open_visit ON visits (serial) WHERE state = 'open';
"""
_THEN = ", then "
_COLUMNS = "id, serial, kind, state, patient, operator, begun, ended, document, revision"


@dataclass
class Visit:
    """A visit as it is kept. Times are ISO 8601, by the pump's clock where it is set; all else are plain JSON values.

    `given` are the answers of options and files, `answers` those in force, `done` the steps by name, `facts` what was
    met on the way.
    """

    id: int
    serial: str
    kind: str
    operator: str
    begun: str
    state: str = OPEN
    patient: str = ""
    ended: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    figures: list[list[str]] = field(default_factory=list)
    revision: int = 0

    def taken_up_by(self, name: str) -> None:
        """Another person goes on with it: both names stand."""
        if name and name not in self.operator.split(_THEN):
            self.operator = _THEN.join(filter(None, (self.operator, name)))

    def document(self) -> dict[str, Any]:
        """The visit for scripts."""
        told = ("id", "serial", "kind", "state", "patient", "operator", "begun", "ended")
        return {
            **{name: getattr(self, name) for name in told},
            "answers": self.answers,
            "facts": self.facts,
            "done": self.done,
            "figures": self.figures,
        }


_OWN = ("given", "answers", "facts", "done", "figures")


class Visits:
    """The part of the archive that keeps visits."""

    _base: sqlite3.Connection

    def _named(self) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError

    def _transaction(self) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError

    def visits(self, serial: str | None = None) -> list[dict[str, Any]]:
        """Visits of a pump, of all pumps without one, in the order in which they began.

        id, serial, kind, state ("open", "completed", "abandoned"), patient, operator, begun and ended (ISO 8601, or
        None), figures (pairs of name and value).
        """
        told = ("id", "serial", "kind", "state", "patient", "operator", "begun", "ended", "figures")
        where, values = ("WHERE serial = ?", (serial,)) if serial is not None else ("", ())
        return [{name: getattr(one, name) for name in told} for one in self._visits(where, values)]

    def visit(self, number: int) -> Visit:
        """One visit by its id; UsageProblem if there is none."""
        found = self._visits("WHERE id = ?", (number,))
        if not found:
            remedy = "see `pumpctl visit list`"
            raise UsageProblem(f"there is no visit {number}", field="ID", value=number, remedy=remedy)
        return found[0]

    def open_visit(self, serial: str) -> Visit | None:
        """The visit under way at a pump."""
        found = self._visits("WHERE serial = ? AND state = 'open'", (serial,))
        return found[0] if found else None

    def begin_visit(self, serial: str, kind: str, operator: str, begun: str) -> Visit:
        """A new visit; UsageProblem if one is open at this pump: there is never a second."""
        with self._transaction():
            left = self.open_visit(serial)
            if left is not None:
                raise UsageProblem(
                    f"visit {left.id} ({left.kind}, begun {timetext.short(left.begun)}) is still open at pump {serial}",
                    field="visit", value=left.id, remedy="`pumpctl visit resume`, or `pumpctl visit abandon`",
                )  # fmt: skip
            values = (serial, kind, OPEN, "", operator, begun, json.dumps(dict.fromkeys(_OWN)))
            made = self._base.execute(
                "INSERT INTO visits (serial, kind, state, patient, operator, begun, document, revision)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                values,
            )
        return Visit(made.lastrowid or 0, serial, kind, operator, begun)

    def keep_visit(self, visit: Visit) -> None:
        """Keep a visit as it is now, on disk; UsageProblem if another process goes on with it."""
        own = json.dumps({name: getattr(visit, name) for name in _OWN})
        with self._transaction():
            kept = self._base.execute(
                "UPDATE visits SET state = ?, patient = ?, operator = ?, ended = ?, document = ?,"
                " revision = revision + 1 WHERE id = ? AND revision = ?",
                (visit.state, visit.patient, visit.operator, visit.ended, own, visit.id, visit.revision),
            )
            if not kept.rowcount:
                raise UsageProblem(
                    f"another pumpctl goes on with visit {visit.id}", value=visit.id, remedy="let it finish there"
                )
        visit.revision += 1

    def drop_visit(self, visit: Visit) -> None:
        """Forget a visit in which nothing was done."""
        with self._transaction():
            self._base.execute("DELETE FROM visits WHERE id = ?", (visit.id,))

    def _visits(self, where: str, values: tuple[object, ...]) -> list[Visit]:
        with self._named():
            return [
                _visit(row) for row in self._base.execute(f"SELECT {_COLUMNS} FROM visits {where} ORDER BY id", values)
            ]


def _visit(row: tuple[Any, ...]) -> Visit:
    number, serial, kind, state, patient, operator, begun, ended, document, revision = row
    own = {name: value for name, value in json.loads(document).items() if name in _OWN and value is not None}
    return Visit(
        number, serial, kind, operator, begun, state=state, patient=patient, ended=ended, revision=revision, **own
    )
