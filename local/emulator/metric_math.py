"""Metric math: what an expression makes of series of datapoints."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

# One value a period, the newest first; None where there is no data.
Series: TypeAlias = list[float | None]
Value: TypeAlias = Series | list[Series]

_SPELLINGS = (
    (re.compile(r"&&|\bAND\b", re.IGNORECASE), " and "),
    (re.compile(r"\|\||\bOR\b", re.IGNORECASE), " or "),
    (re.compile(r"\^"), "**"),
)
_ARITHMETIC: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda a, b: bool(a) and bool(b),
    ast.Or: lambda a, b: bool(a) or bool(b),
}
_EACH: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
}
_TOGETHER: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


class NotUnderstood(ValueError):
    """The expression is wrong, or uses what the emulator has not."""


def evaluate(
    expression: str,
    series: Mapping[str, Series],
    length: int,
    metrics: Iterable[Series] | None = None,
) -> Series:
    """One series out of others, by name; all have this length.

    METRICS() are all of them, or those given.

    Arithmetic, comparisons, AND, OR, lists, METRICS(), IF, FILL, TIME_SERIES, ABS,
    CEIL, FLOOR, SUM, AVG, MIN and MAX, as in
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    text = expression
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise NotUnderstood(f"cannot read {expression!r}") from error
    whole = list(series.values() if metrics is None else metrics)
    return _series(_Evaluation(series, whole, length).value(node))


class _Evaluation:
    def __init__(
        self, series: Mapping[str, Series], metrics: list[Series], length: int
    ) -> None:
        self._named = series
        self._metrics = metrics
        self._length = length

    def value(self, node: ast.AST) -> Value:  # noqa: PLR0911 - one for each kind
        match node:
            case ast.Constant(value=int() | float() as number):
                constant: Series = [float(number)] * self._length
                return constant
            case ast.Name(id=name) if name in self._named:
                return self._named[name]
            case ast.List(elts=elements):
                return [_series(self.value(element)) for element in elements]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _mapped(operator.neg, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._joined(op, [left, right])
            case ast.BoolOp(op=op, values=values):
                return self._joined(op, values)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                if type(op) in _ARITHMETIC:
                    return self._joined(op, [left, right])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._called(name, args)
        raise NotUnderstood(f"the emulator does not understand {ast.unparse(node)!r}")

    def _joined(self, op: ast.AST, operands: list[ast.expr]) -> Value:
        result, *others = map(self.value, operands)
        for other in others:
            result = _paired(_ARITHMETIC[type(op)], result, other)
        return result

    def _called(self, name: str, args: list[ast.expr]) -> Value:  # noqa: PLR0911 - one for each function
        if name == "FILL" and len(args) == 2:  # noqa: PLR2004 - what and with
            return self._filled(*args)
        values = [self.value(arg) for arg in args]
        match name, values:
            case "METRICS", []:
                return self._metrics
            case "IF", [condition, then]:
                nothing: Series = [None] * self._length
                return _chosen(_series(condition), _series(then), nothing)
            case "IF", [condition, then, otherwise]:
                return _chosen(_series(condition), _series(then), _series(otherwise))
            case "TIME_SERIES", [value]:
                return value
            case _, [value] if name in _EACH:
                return _mapped(_EACH[name], value)
            case _, [value] if name in _TOGETHER:
                return self._together(_TOGETHER[name], value)
        raise NotUnderstood(
            f"the emulator does not understand {name} with {len(args)} arguments"
        )

    def _filled(self, value: ast.expr, filler: ast.expr) -> Value:
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            return _lifted(_repeated, self.value(value))
        others = _series(self.value(filler))

        def fill(one: Series) -> Series:
            return [b if a is None else a for a, b in zip(one, others, strict=True)]

        return _lifted(fill, self.value(value))

    def _together(
        self, function: Callable[[list[float]], float], value: Value
    ) -> Series:
        """An array becomes a series of its sums, say; a series becomes one sum."""
        if _is_array(value):
            return [_of(function, column) for column in zip(*value, strict=True)]
        return [_of(function, _series(value))] * self._length


def _of(
    function: Callable[[list[float]], float], values: Iterable[float | None]
) -> float | None:
    present = [value for value in values if value is not None]
    return function(present) if present else None


def _is_array(value: Value) -> bool:
    return any(isinstance(one, list) for one in value)


def _series(value: Value) -> Series:
    if _is_array(value):
        raise NotUnderstood("one series is wanted, not several")
    return value  # type: ignore[return-value] # no element is a list


def _lifted(function: Callable[[Series], Series], value: Value) -> Value:
    if _is_array(value):
        return [function(one) for one in value]  # type: ignore[arg-type] # all are lists
    return function(_series(value))


def _mapped(function: Callable[[float], float], value: Value) -> Value:
    return _lifted(lambda s: [None if v is None else function(v) for v in s], value)


def _paired(function: Callable[[float, float], float], a: Value, b: Value) -> Value:
    """Value by value; where one is missing, or it cannot be done, nothing."""
    if _is_array(a):
        return _lifted(lambda one: _series(_paired(function, one, b)), a)
    if _is_array(b):
        return _lifted(lambda one: _series(_paired(function, a, one)), b)
    return [_one(function, x, y) for x, y in zip(_series(a), _series(b), strict=True)]


def _one(
    function: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    if a is None or b is None:
        return None
    try:
        return float(function(a, b))
    except (ArithmeticError, TypeError, ValueError):
        return None


def _chosen(condition: Series, then: Series, otherwise: Series) -> Series:
    return [
        None if c is None else (a if c else b)
        for c, a, b in zip(condition, then, otherwise, strict=True)
    ]


def _repeated(series: Series) -> Series:
    """Missing values become the last one before them; the newest comes first."""
    last: float | None = None
    filled: Series = []
    for value in reversed(series):
        last = last if value is None else value
        filled.append(last)
    return filled[::-1]
