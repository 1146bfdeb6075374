"""Evaluate CloudWatch's metric math expressions over series of datapoints."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

# One value per period, the newest first; None where there is no data.
Series: TypeAlias = list[float | None]
Value: TypeAlias = Series | list[Series]

_PYTHON_OPERATORS = (
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
_PER_VALUE: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
}
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}


class UnsupportedExpression(ValueError):
    """The expression is malformed, or uses what is not implemented here."""


def evaluate(
    expression: str,
    series: Mapping[str, Series],
    length: int,
    metrics: Iterable[Series] | None = None,
) -> Series:
    """Return the series that an expression computes from named series of one length.

    METRICS() returns `metrics`, or all series if that is None. Implemented are
    arithmetic, comparisons, AND, OR, lists, METRICS(), IF, FILL, TIME_SERIES, ABS,
    CEIL, FLOOR, SUM, AVG, MIN and MAX, as in
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    text = expression
    for pattern, python_operator in _PYTHON_OPERATORS:
        text = pattern.sub(python_operator, text)
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise UnsupportedExpression(f"cannot read {expression!r}") from error
    all_metrics = list(series.values() if metrics is None else metrics)
    return _series(_Evaluation(series, all_metrics, length).value(node))


class _Evaluation:
    def __init__(
        self, series: Mapping[str, Series], metrics: list[Series], length: int
    ) -> None:
        self._series = series
        self._metrics = metrics
        self._length = length

    def value(self, node: ast.AST) -> Value:  # noqa: PLR0911 - one per kind of node
        match node:
            case ast.Constant(value=int() | float() as number):
                constant: Series = [float(number)] * self._length
                return constant
            case ast.Name(id=name) if name in self._series:
                return self._series[name]
            case ast.List(elts=elements):
                return [_series(self.value(element)) for element in elements]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _for_each_value(operator.neg, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._combine(op, [left, right])
            case ast.BoolOp(op=op, values=values):
                return self._combine(op, values)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                if type(op) in _ARITHMETIC:
                    return self._combine(op, [left, right])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args)
        raise UnsupportedExpression(f"not implemented: {ast.unparse(node)!r}")

    def _combine(self, op: ast.AST, operands: list[ast.expr]) -> Value:
        result, *others = map(self.value, operands)
        for other in others:
            result = _combine_pairwise(_ARITHMETIC[type(op)], result, other)
        return result

    def _call(self, name: str, args: list[ast.expr]) -> Value:  # noqa: PLR0911 - one per function
        if name == "FILL" and len(args) == 2:
            return self._fill(*args)
        values = [self.value(arg) for arg in args]
        match name, values:
            case "METRICS", []:
                return self._metrics
            case "IF", [condition, then]:
                nothing: Series = [None] * self._length
                return _choose(_series(condition), _series(then), nothing)
            case "IF", [condition, then, otherwise]:
                return _choose(_series(condition), _series(then), _series(otherwise))
            case "TIME_SERIES", [value]:
                return value
            case _, [value] if name in _PER_VALUE:
                return _for_each_value(_PER_VALUE[name], value)
            case _, [value] if name in _AGGREGATES:
                return self._aggregate(_AGGREGATES[name], value)
        raise UnsupportedExpression(
            f"not implemented: {name} with {len(args)} arguments"
        )

    def _fill(self, value: ast.expr, filler: ast.expr) -> Value:
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            return _for_each_series(_repeat_last, self.value(value))
        fillers = _series(self.value(filler))

        def fill(series: Series) -> Series:
            return [
                default if present is None else present
                for present, default in zip(series, fillers, strict=True)
            ]

        return _for_each_series(fill, self.value(value))

    def _aggregate(
        self, function: Callable[[list[float]], float], value: Value
    ) -> Series:
        """Aggregate an array period by period, or a series into a constant series."""
        if _is_array(value):
            return [
                _aggregate_present(function, column)
                for column in zip(*value, strict=True)
            ]
        return [_aggregate_present(function, _series(value))] * self._length


def _aggregate_present(
    function: Callable[[list[float]], float], values: Iterable[float | None]
) -> float | None:
    present = [value for value in values if value is not None]
    return function(present) if present else None


def _is_array(value: Value) -> bool:
    return any(isinstance(element, list) for element in value)


def _series(value: Value) -> Series:
    if _is_array(value):
        raise UnsupportedExpression("expected one series, not an array")
    return value  # type: ignore[return-value] # no element is a list


def _for_each_series(function: Callable[[Series], Series], value: Value) -> Value:
    if _is_array(value):
        return [function(series) for series in value]  # type: ignore[arg-type] # all are lists
    return function(_series(value))


def _for_each_value(function: Callable[[float], float], value: Value) -> Value:
    return _for_each_series(
        lambda s: [None if v is None else function(v) for v in s], value
    )


def _combine_pairwise(
    function: Callable[[float, float], float], a: Value, b: Value
) -> Value:
    """Combine value by value; None where one is missing or the operation fails."""
    if _is_array(a):
        return _for_each_series(
            lambda series: _series(_combine_pairwise(function, series, b)), a
        )
    if _is_array(b):
        return _for_each_series(
            lambda series: _series(_combine_pairwise(function, a, series)), b
        )
    return [_apply(function, x, y) for x, y in zip(_series(a), _series(b), strict=True)]


def _apply(
    function: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    if a is None or b is None:
        return None
    try:
        return float(function(a, b))
    except (ArithmeticError, TypeError, ValueError):
        return None


def _choose(condition: Series, then: Series, otherwise: Series) -> Series:
    return [
        None if c is None else (a if c else b)
        for c, a, b in zip(condition, then, otherwise, strict=True)
    ]


def _repeat_last(series: Series) -> Series:
    """Replace each missing value by the last earlier one; the newest comes first."""
    last: float | None = None
    filled: Series = []
    for value in reversed(series):
        last = last if value is None else value
        filled.append(last)
    return filled[::-1]
