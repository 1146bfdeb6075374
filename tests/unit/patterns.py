"""Find the regular expressions of the product, and inputs on which they are slow."""

import ast
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from functions.api.json_schema import Schema

ROOT = Path(__file__).parents[2]
PACKAGES = ("functions", "infra", "client", "local", "tools")

_FUNCTIONS = {
    *("compile", "match", "fullmatch", "search", "sub", "subn"),
    *("split", "findall", "finditer"),
}
_AT_ONE_PLACE = {"match", "fullmatch"}
#: Functions of ours whose first argument is a pattern, for `fullmatch`.
_OURS = {"_matches"}
_KEYWORDS = {"pattern", "allowed_pattern"}

_COMMON = "0aZ /.-_:=\t\né"
#: Exponential patterns show at one of the first lengths, polynomial ones at the last.
_LENGTHS = (12, 16, 22, 6_000)
#: A linear match of the longest input takes a tenth of it, a quadratic one five times.
_SECONDS = 0.01


@dataclass(frozen=True)
class Pattern:
    """A pattern, and whether it is searched for or must match at one place."""

    text: str | bytes
    searched: bool
    place: str


def patterns_of_code() -> Iterator[Pattern]:
    """Yield every pattern that a module of the product has, f-strings included."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            yield from _patterns_of(ast.parse(path.read_text("utf-8")), place)


def patterns_of_schema(schema: Schema, place: str) -> Iterator[Pattern]:
    """Yield the patterns of a JSON Schema, which a validator may search for."""
    if isinstance(pattern := schema.get("pattern"), str):
        yield Pattern(pattern, searched=True, place=place)
    for member in schema.values():
        for inner in member if isinstance(member, list) else [member]:
            if isinstance(inner, dict):
                yield from patterns_of_schema(inner, place)


def slow_input(pattern: Pattern) -> str | bytes | None:
    """Return an input on which a pattern takes more than linear time, if one is found.

    It is a beginning of a text that matches, a piece that is repeated many times, and
    an end that does not match.
    """
    compiled = re.compile(pattern.text)
    run = compiled.search if pattern.searched else compiled.fullmatch
    for length in _LENGTHS:
        for text in _hostile_inputs(pattern, length):
            # Twice: a pause of the interpreter is no property of the pattern.
            if all(_seconds(run, text) > _SECONDS for _ in range(2)):
                return text
    return None


def _seconds(run, text) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001 - of str or of bytes
    begin = time.thread_time()
    run(text)
    return time.thread_time() - begin


def _hostile_inputs(pattern: Pattern, length: int) -> Iterator[str | bytes]:
    encode = (lambda text: text) if isinstance(pattern.text, str) else _encode
    for text in _hostile_texts(pattern, length):
        yield encode(text)


def _encode(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _hostile_texts(pattern: Pattern, length: int) -> Iterator[str]:
    example = _example(pattern)
    source = (
        pattern.text
        if isinstance(pattern.text, str)
        else pattern.text.decode("latin-1")
    )
    pieces = {*_COMMON, *source}
    pieces |= {example[i : i + n] for i in range(len(example)) for n in (2, 3)}
    pieces |= {a + b for a in "a0" for b in _COMMON}
    places = [
        at
        for at in range(len(example) + 1)
        if at in (0, len(example)) or example[at - 1] != example[at]
    ]
    for piece in sorted(pieces):
        for at in places:
            for end in ("", "\x00", example[at:] + "\x00\n"):
                yield example[:at] + piece * (length // len(piece) + 1) + end
    for at in range(1, len(example) + 1):  # where a search can begin many times
        yield example[:at] * (length // at + 1)


def _example(pattern: Pattern) -> str:
    """Return a simple text that matches."""
    strategy = st.from_regex(re.compile(pattern.text), fullmatch=not pattern.searched)
    first = settings(database=None, phases=[Phase.generate])
    text = find(strategy, lambda _: True, settings=first)
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)


def _patterns_of(module: ast.Module, place: str) -> Iterator[Pattern]:
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    searched = {
        node.value.id
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in _FUNCTIONS - _AT_ONE_PLACE
    }
    names = {id(value): name for name, value in constants.items()}
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg in _KEYWORDS and (text := _text(keyword.value, constants)):
                yield Pattern(text, searched=True, place=place)
        function = node.func
        if isinstance(function, ast.Name) and function.id in _OURS:
            method = "fullmatch"
        elif _is_of_re(function):
            assert isinstance(function, ast.Attribute)
            method = function.attr
        else:
            continue
        if (text := _text(node.args[0], constants)) is None:
            continue
        if method == "compile":
            is_searched = names.get(id(node)) in searched
        else:
            is_searched = method not in _AT_ONE_PLACE
        yield Pattern(text, searched=is_searched, place=f"{place}:{node.lineno}")


def _is_of_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in _FUNCTIONS
    )


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str | bytes | None:
    """Return the text of an expression; values that only a run knows are an `x`."""
    match node:
        case ast.Constant(value=str() | bytes() as value):
            return value
        case ast.Name(id=name) if name in constants:
            return _text(constants[name], constants)
        case ast.JoinedStr(values=parts):
            texts = [
                _text(
                    part.value if isinstance(part, ast.FormattedValue) else part,
                    constants,
                )
                for part in parts
            ]
            return "".join(str(text or "x") for text in texts)
    return None
