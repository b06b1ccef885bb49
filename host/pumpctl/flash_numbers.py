"""Puts the firmware's whole numbers where they are used, before it is compiled for a board: a name costs memory there.

The compiler does so by itself only within one module, for what `const` declares. A number, here, is a name in capitals
that a module binds once, at its top, to whole numbers and other such names. Nothing else changes, and no line moves.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_WORD = re.compile(r"\w+")
# A module that looks at its own names keeps them.
_LOOKS_AT_NAMES = "globals()"
_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.FloorDiv: int.__floordiv__,
    ast.LShift: int.__lshift__,
    ast.BitOr: int.__or__,
}
_Edit = tuple[ast.expr | ast.stmt, str]


@dataclass
class _Module:
    """A source and what its names stand for, of those that are bound once."""

    name: str
    text: str
    tree: ast.Module
    modules: dict[str, str] = field(default_factory=dict)  # name here -> a module of the application
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # name here -> (module, name there)
    assigned: dict[str, ast.Assign] = field(default_factory=dict)


def in_place(sources: Mapping[str, str]) -> dict[str, str]:
    """A whole application (path on the board -> text) with its numbers in place and without the names left unused.

    A text that is not Python stays as it is: the compiler says what is wrong with it.
    """
    known = {_dotted(path) for path in sources}
    modules = {}
    for path, text in sources.items():
        try:
            modules[path] = _module(_dotted(path), text, known)
        except SyntaxError:
            return dict(sources)
    numbers = _Numbers(modules.values())
    placed = {path: _replaced(module.text, numbers.uses(module)) for path, module in modules.items()}
    trees = {path: _undocumented(ast.parse(text)) for path, text in placed.items()}
    used = {name for tree in trees.values() for name in _used(tree)}
    gone = {path: [] if _LOOKS_AT_NAMES in text else numbers.unused(modules[path], trees[path], used)
            for path, text in placed.items()}  # fmt: skip
    return {path: _replaced(text, gone[path]) for path, text in placed.items()}


def _dotted(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def _module(name: str, text: str, known: set[str]) -> _Module:
    module = _Module(name, text, ast.parse(text))
    times = Counter(_bound(module.tree))
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                local = alias.asname or alias.name
                if times[local] == 1 and f"{node.module}.{alias.name}" in known:
                    module.modules[local] = f"{node.module}.{alias.name}"
                elif times[local] == 1:
                    module.imported[local] = (node.module, alias.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and times[target.id] == 1 and target.id.isupper():
                    module.assigned[target.id] = node
    return module


def _bound(tree: ast.AST) -> Iterator[str]:
    """Every name that a module binds in any of its scopes, as often as it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)


class _Numbers:
    """What names stand for whole numbers, over all modules of an application."""

    def __init__(self, modules: Iterable[_Module]) -> None:
        self._modules = {module.name: module for module in modules}
        self._found: dict[tuple[str, str], int | None] = {}
        # Whatever is set on something from outside is none.
        self._set = {
            node.attr
            for module in self._modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        }

    def number(self, where: str, name: str) -> int | None:
        """The number that a module binds a name to, None if it is none."""
        module = self._modules.get(where)
        if module is None or name not in module.assigned or name in self._set:
            return None
        if (where, name) not in self._found:
            self._found[where, name] = None  # what is made of itself is none either
            self._found[where, name] = self._value(module, module.assigned[name].value)
        return self._found[where, name]

    def uses(self, module: _Module) -> list[_Edit]:
        """Each use of a number in a module, and what to write there."""
        found: list[_Edit] = []
        left: list[ast.AST] = [module.tree]
        while left:
            node = left.pop()
            number = self._named(module, node) if isinstance(node, ast.expr) else None
            if number is None:
                left.extend(ast.iter_child_nodes(node))
            elif isinstance(node, ast.expr):
                found.append((node, str(number) if number >= 0 else f"({number})"))
        return found

    def unused(self, module: _Module, placed: ast.Module, used: set[str]) -> list[_Edit]:
        """Each binding of a number that nothing uses by its name any more: a lone 0, which compiles to nothing."""
        gone = {name for name in module.assigned if name not in used and self.number(module.name, name) is not None}
        return [
            (node, "0")
            for node in placed.body
            if isinstance(node, ast.Assign)
            and all(isinstance(one, ast.Name) and one.id in gone for one in node.targets)
        ]

    def _value(self, module: _Module, told: ast.expr) -> int | None:
        if isinstance(told, ast.Constant):
            return told.value if type(told.value) is int else None
        if isinstance(told, ast.UnaryOp) and isinstance(told.op, ast.USub):
            value = self._value(module, told.operand)
            return None if value is None else -value
        if isinstance(told, ast.BinOp) and type(told.op) in _OPERATIONS:
            left, right = self._value(module, told.left), self._value(module, told.right)
            return None if left is None or right is None else _OPERATIONS[type(told.op)](left, right)
        return self._named(module, told)

    def _named(self, module: _Module, told: ast.expr) -> int | None:
        if isinstance(told, ast.Attribute) and isinstance(told.value, ast.Name) and told.value.id in module.modules:
            return self.number(module.modules[told.value.id], told.attr)
        if isinstance(told, ast.Name) and isinstance(told.ctx, ast.Load):
            own = (module.name, told.id)
            return self.number(*(own if told.id in module.assigned else module.imported.get(told.id, own)))
        return None


def _replaced(text: str, edits: Iterable[_Edit]) -> str:
    """A text with other words for some of its nodes, each of which stands on one line."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    for node, words in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        if node.lineno == node.end_lineno:
            line = lines[node.lineno - 1]
            lines[node.lineno - 1] = line[: node.col_offset] + words.encode() + line[node.end_col_offset :]
    return b"".join(lines).decode()


def _used(tree: ast.AST) -> Iterator[str]:
    """Every name that a module uses or imports, and every word of its strings but those that stand alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)


def _undocumented(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [
                one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
            ]
    return tree
