"""Mutation: list the small changes of a module that its tests should notice."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.operators import changes_of


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: `tree` is the whole module with it.

    `function` is the qualified name of the function that holds the change, or the name
    of the module's constant; `is_constant` tells which. `scope` has the lines that the
    change may reach: those of the function, or of the functions that read the constant.
    """

    path: Path
    line: int
    function: str
    is_constant: bool
    scope: Sequence[int]
    change: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Return the name under which a list of exceptions can name the mutant."""
        return f"{self.path}::{self.function}: {self.change}"


def mutants_of(path: Path) -> list[Mutant]:
    """Return all mutants of a module's functions and constants.

    Left out are docstrings, annotations, the texts of errors and log lines, and what
    runs only once, at the import: decorators, classes' fields, default arguments.
    """
    tree = ast.parse(path.read_text())
    found = []
    for scope, name, is_constant in _scopes(tree):
        lines = _lines_of(name, tree) if is_constant else _lines(scope)
        seen: Counter[str] = Counter()
        for node, text, mutate in changes_of(scope):
            seen[text] += 1
            change = text if seen[text] == 1 else f"{text} ({seen[text]})"
            mutate_back = mutate()
            found.append(
                Mutant(
                    path=path,
                    line=getattr(node, "lineno", 0),
                    function=name,
                    is_constant=is_constant,
                    scope=lines,
                    change=change,
                    tree=ast.fix_missing_locations(copy.deepcopy(tree)),
                )
            )
            mutate_back()
    return found


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, bool]]:
    """Return the outermost functions and the constants of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, node.name, False
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    yield member, f"{node.name}.{member.name}", False
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node, node.targets[0].id, True
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node, node.target.id, True


def _lines_of(constant: str, tree: ast.Module) -> list[int]:
    """Return the lines of all functions that read a constant."""
    return [
        line
        for scope, _, is_constant in _scopes(tree)
        if not is_constant
        and any(isinstance(n, ast.Name) and n.id == constant for n in ast.walk(scope))
        for line in _lines(scope)
    ]


def _lines(scope: ast.AST) -> range:
    first, last = getattr(scope, "lineno", 0), getattr(scope, "end_lineno", 0)
    return range(first, last + 1)
