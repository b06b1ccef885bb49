"""Answers of a visit from a file: read, checked for their form, and the file that shows every key."""

import difflib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumpctl import visit_kinds
from pumpctl.errors import FileProblem, Problem, UsageProblem
from pumpctl.quantity import KINDS, QuantityError
from pumpctl.visit_room import Question

_YES = {"yes": True, "no": False, "true": True, "false": False}
_HEADS = {
    "text": "text", "yes": "true or false", "time": "ISO 8601 time", "file": "path, from this file's folder",
    "dose": "dose a day, or percent of the present one",
}  # fmt: skip


def load(path: Path, kind: str) -> dict[str, Any]:
    """The answers of a file, by key. FileProblem lists every key that is unknown or makes no sense."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileProblem(str(path), [Problem("", f"not TOML: {error}", True)], _remedy(kind)) from None
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}", field="--from", value=str(path)) from None
    known = {question.key: question for question in visit_kinds.questions(kind)}
    problems, answers = [], {}
    for key, value in told.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            problems.append(Problem(key, f"`visit {kind}` has no such key{hint}", True))
            continue
        try:
            answers[key] = read(known[key], value, path.parent)
        except UsageProblem as wrong:
            problems.append(Problem(key, "; ".join(wrong.lines())))
    if problems:
        raise FileProblem(str(path), problems, _remedy(kind))
    return answers


def _remedy(kind: str) -> str:
    return f"`pumpctl visit template {kind}` shows every key"


def read(question: Question, value: Any, folder: Path | None = None) -> Any:
    """An answer as the visit keeps it, from a person's text or a TOML value. UsageProblem."""
    reader = _READERS.get(question.kind)
    if reader is not None:
        return reader(question, value, folder)
    if not isinstance(value, str):
        raise _wrong(question, value, f"is not a {KINDS[question.kind].what} with its unit, in quotes")
    try:
        return KINDS[question.kind].parse(value.strip())
    except QuantityError as error:
        error.field = question.key
        raise


def _text(question: Question, value: Any, folder: Path | None) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(question, value, "is not a text in quotes")
    return value.strip()


def _yes(question: Question, value: Any, folder: Path | None) -> bool:
    told = _YES.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(told, bool):
        raise _wrong(question, value, "is neither true nor false")
    return told


def _file(question: Question, value: Any, folder: Path | None) -> str:
    path = Path(_text(question, value, folder))
    path = path if folder is None else folder / path
    if not path.is_file():
        raise _wrong(question, value, "names no file that is there")
    return str(path.absolute())


def _dose(question: Question, value: Any, folder: Path | None) -> str:
    """Kept as written: what a share comes to is known at the pump."""
    text = _text(question, value, folder)
    KINDS["share" if text.endswith("%") else "dose_rate"].parse(text.lstrip("+-") if text.endswith("%") else text)
    return text


_READERS: dict[str, Callable[[Question, Any, Path | None], Any]] = {
    "text": _text, "time": _text, "yes": _yes, "file": _file, "dose": _dose,
}  # fmt: skip


def _wrong(question: Question, value: Any, why: str) -> UsageProblem:
    remedy = f"for example {question.key} = {_toml(question)}"
    return UsageProblem(f"{value!r} {why}", field=question.key, value=str(value), remedy=remedy)


def _toml(question: Question) -> str:
    if question.kind == "yes":
        return str(_YES[question.example]).lower()
    return f'"{question.example}"'


def template(kind: str) -> str:
    """A file with every key of a kind of visit; those that may be left out stand as comments."""
    lines = [f"# Answers for `pumpctl visit {kind} --from FILE --yes`", ""]
    for question in visit_kinds.questions(kind):
        what = _HEADS.get(question.kind) or KINDS[question.kind].what
        optional = question.default is not None
        lines.append(f"# {question.words} ({what}{', may be left out' if optional else ''})")
        lines.append(f"{'# ' if optional else ''}{question.key} = {_toml(question)}")
    return "\n".join(lines) + "\n"
