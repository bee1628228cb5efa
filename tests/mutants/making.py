"""Mutants: the source of a module with one thing in it changed, by the operators of mutmut."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).resolve().parents[2]

#: Where mutants live.
PACKAGES = ("schema/products", "workers/products")

#: What no mutant is made of: none of these decides what a product does.
LEFT_OUT = (cst.Import, cst.ImportFrom, cst.Decorator)


@dataclass(frozen=True)
class Mutant:
    """One change to one module."""

    path: str
    line: int
    function: "Function | None"
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        where = self.function.name if self.function else "module"
        return f"{self.path}:{self.line} {where}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Function:
    """A function or method at the top of a module, as the interpreter names it, with the lines of its body."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Change:
    """One node of a module's tree, and what comes in its place; without a function it is done at import."""

    old: cst.CSTNode
    new: cst.CSTNode
    line: int
    function: Function | None


def paths(only: str) -> list[str]:
    """Return the modules that mutants are made of, those alone whose path has a text in it."""
    found = (each for package in PACKAGES for each in (ROOT / package).rglob("*.py"))
    return sorted(path for each in found if only in (path := str(each.relative_to(ROOT))))


def changes(path: str) -> tuple[cst.Module, list[Change]]:
    """Return a module's tree with every change to it that mutmut knows."""
    wrapper = MetadataWrapper(cst.parse_module((ROOT / path).read_text(encoding="utf-8")))
    finder = Finder()
    wrapper.visit(finder)
    return wrapper.module, finder.found


def make(path: str, tree: cst.Module, change: Change) -> Mutant:
    """Return the mutant that a change makes."""
    source = tree.deep_replace(change.old, change.new)
    assert isinstance(source, cst.Module)
    before, after = (_told(tree, each) for each in (change.old, change.new))
    return Mutant(path, change.line, change.function, before, after, source.code)


class Finder(cst.CSTVisitor):
    """Finds every change in a tree."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Change] = []
        self._classes: list[str] = []
        self._functions: list[Function] = []
        self._signatures = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go into a node, but for what is left out."""
        if isinstance(node, LEFT_OUT) or self._is_no_behaviour(node):
            return False
        if isinstance(node, cst.ClassDef):
            self._classes.append(node.name.value)
        elif isinstance(node, cst.FunctionDef):
            self._functions.append(self._function(node))
        elif isinstance(node, cst.Parameters):
            self._signatures += 1
        self.found += self._changes(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Come out of a node."""
        if isinstance(original_node, cst.ClassDef):
            self._classes.pop()
        elif isinstance(original_node, cst.FunctionDef):
            self._functions.pop()
        elif isinstance(original_node, cst.Parameters):
            self._signatures -= 1

    def _function(self, node: cst.FunctionDef) -> Function:
        """Return a function with its name and its place."""
        body = self.get_metadata(PositionProvider, node.body)
        assert isinstance(body, CodeRange)
        return Function(".".join([*self._classes, node.name.value]), body.start.line, body.end.line)

    def _is_no_behaviour(self, node: cst.CSTNode) -> bool:
        """Return whether a node is a type, a text of several words, which is for people, or what a module exports."""
        match node:
            case cst.Annotation():
                return bool(self._functions)
            case cst.SimpleString():
                return " " in node.value
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
                return True
            case cst.Call(func=cst.Name(value="isinstance" | "len" | "TypeVar")):
                return True
        return False

    def _changes(self, node: cst.CSTNode) -> Iterator[Change]:
        """Yield what mutmut makes of one node."""
        place = self.get_metadata(PositionProvider, node, None)
        if not isinstance(place, CodeRange):
            return
        is_inside = self._functions and not self._signatures
        function = self._functions[0] if is_inside else None
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for new in operator(node):
                    yield Change(node, new, place.start.line, function)


def _told(tree: cst.Module, node: cst.CSTNode) -> str:
    """Return a node as one short line."""
    return " ".join(tree.code_for_node(node).split())[:160]
