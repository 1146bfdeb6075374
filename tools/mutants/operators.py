"""Operators: change one place of a syntax tree, and change it back."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

#: Each comparison becomes the one that differs from it least.
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
#: Calls whose arguments are words for people, which no test should hold.
_WORDS = ("logger.", "append_keys", "warnings.warn")


#: A change, done by calling it; what it returns undoes it.
_Mutate = Callable[[], Callable[[], None]]
_Change = tuple[ast.AST, str, _Mutate]


def changes_of(scope: ast.AST) -> Iterator[_Change]:
    """Return every change of a function's body, or of a constant."""
    body: list[Any] = scope.body if isinstance(scope, ast.FunctionDef) else [scope]
    for statement in body:
        if not _is_docstring(statement):
            yield from _changes_in(statement, body)


def _changes_in(node: ast.AST, siblings: list[Any] | None) -> Iterator[_Change]:
    if isinstance(node, ast.stmt) and siblings is not None:
        yield from _statement(node, siblings)
    yield from _expression(node)
    if isinstance(node, ast.Raise) or _is_for_people(node):
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        if isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST) and not _is_docstring(item):
                    inside = value if isinstance(item, ast.stmt) else None
                    yield from _changes_in(item, inside)
        elif isinstance(value, ast.AST):
            yield from _changes_in(value, None)


def _statement(node: ast.stmt, siblings: list[Any]) -> Iterator[_Change]:
    """Leave out a statement; take a `break` for a `continue`."""
    if _is_for_people(node) or isinstance(node, (ast.Pass, ast.Import, ast.ImportFrom)):
        return
    text = ast.unparse(node).splitlines()[0]
    if isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete)):
        yield node, f"without `{text}`", _put(siblings, node, ast.Pass())
    if isinstance(node, ast.Return) and node.value is not None:
        empty = ast.Return(ast.Constant(None))
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, f"`return None` for `{text}`", _put(siblings, node, empty)
    if isinstance(node, ast.Break):
        yield node, "`continue` for `break`", _put(siblings, node, ast.Continue())
    if isinstance(node, ast.Continue):
        yield node, "`break` for `continue`", _put(siblings, node, ast.Break())


def _expression(node: ast.AST) -> Iterator[_Change]:  # noqa: C901, PLR0912 - one case a kind
    text = ast.unparse(node) if isinstance(node, ast.expr) else ""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]()
            yield (
                node,
                f"`{text}` with {type(other).__name__}",
                _put(node.ops, operator, other, place),
            )
    if isinstance(node, ast.BoolOp):
        other_op: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield (
            node,
            f"`{text}` with {type(other_op).__name__}",
            _set(node, "op", other_op),
        )
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        operation = _OPERATORS[type(node.op)]()
        yield (
            node,
            f"`{text}` with {type(operation).__name__}",
            _set(node, "op", operation),
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        # A double negation is the operand as a truth value.
        positive = ast.UnaryOp(ast.Not(), node.operand)
        yield node, f"`{text}` negated", _set(node, "operand", positive)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        test = node.test
        if not isinstance(test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            negated = ast.UnaryOp(ast.Not(), test)
            yield node, f"`if not {ast.unparse(test)}`", _set(node, "test", negated)
    if isinstance(node, ast.Constant):
        yield from _constant(node)
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg and not _is_for_people(node):
                yield (
                    keyword.value,
                    f"`{text[:60]}` without `{keyword.arg}`",
                    _without(node.keywords, keyword),
                )
    if isinstance(node, (ast.Set, ast.Tuple, ast.List)) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        for element in node.elts:
            if isinstance(element, ast.Constant):
                yield (
                    element,
                    f"`{text[:60]}` without {ast.unparse(element)}",
                    _without(node.elts, element),
                )


def _constant(node: ast.Constant) -> Iterator[_Change]:
    value = node.value
    if isinstance(value, bool):
        yield node, f"{not value} for {value}", _set(node, "value", not value)
    elif isinstance(value, (int, float)):
        yield node, f"{value + 1} for {value}", _set(node, "value", value + 1)
    elif isinstance(value, bytes):
        yield node, f"other bytes for {value!r}", _set(node, "value", value + b"~")
    elif isinstance(value, str):
        # A condition of DynamoDB: each of its clauses must matter.
        clauses = value.split(" AND ")
        if len(clauses) > 1:
            for place, clause in enumerate(clauses):
                rest = " AND ".join(clauses[:place] + clauses[place + 1 :])
                if rest.strip():
                    yield (
                        node,
                        f"without the clause {clause!r}",
                        _set(node, "value", rest),
                    )
        else:
            yield node, f"another text for {value!r}", _set(node, "value", value + "~")


def _is_docstring(node: ast.AST) -> bool:
    """Return whether a statement is a bare constant, as `...` is: it does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_people(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        node = node.value
    return isinstance(node, ast.Call) and any(
        word in ast.unparse(node.func) + "." for word in _WORDS
    )


def _set(node: ast.AST, field: str, value: object) -> _Mutate:
    def mutate() -> Callable[[], None]:
        old = getattr(node, field)
        setattr(node, field, value)
        return lambda: setattr(node, field, old)

    return mutate


def _put(
    items: list[Any], old: ast.AST, new: ast.AST, place: int | None = None
) -> _Mutate:
    at = items.index(old) if place is None else place

    def mutate() -> Callable[[], None]:
        items[at] = ast.copy_location(new, old) if isinstance(old, ast.stmt) else new
        return lambda: items.__setitem__(at, old)

    return mutate


def _without(items: list[Any], item: ast.AST) -> _Mutate:
    at = items.index(item)

    def mutate() -> Callable[[], None]:
        del items[at]
        return lambda: items.insert(at, item)

    return mutate
