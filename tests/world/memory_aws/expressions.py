"""Expressions: parse and evaluate DynamoDB's conditions and updates.

The grammar is that of AWS' documentation without nested paths: an operand is a
top-level attribute, a placeholder `#name`, a value `:value` or `size(attribute)`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from tests.world.memory_aws.errors import NotModelled, ServiceError

Attribute = Mapping[str, Any]
Item = dict[str, Attribute]
Condition = Callable[[Item], bool]
_Operand = Callable[[Item], Attribute | None]

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_][A-Za-z0-9_]*)|(<>|<=|>=|[=<>(),+-]))")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


@dataclass
class Placeholders:
    """The names and values of a call; each has to be used by an expression."""

    names: Mapping[str, str]
    values: Mapping[str, Attribute]
    used: set[str] = field(default_factory=set)

    def name(self, token: str) -> str:
        """Return the attribute that a token names."""
        if not token.startswith("#"):
            return token
        if token not in self.names:
            raise invalid(f"an expression attribute name is not defined: {token}")
        self.used.add(token)
        return self.names[token]

    def value(self, token: str) -> Attribute:
        """Return the value of a token."""
        if token not in self.values:
            raise invalid(f"an expression attribute value is not defined: {token}")
        self.used.add(token)
        return self.values[token]

    def check_all_used(self) -> None:
        """Refuse names and values that no expression uses, as DynamoDB does."""
        if unused := ({*self.names, *self.values} - self.used):
            raise invalid(f"unused in expressions: {sorted(unused)}")


def invalid(message: str) -> ServiceError:
    """Return the error of a malformed call."""
    return ServiceError("ValidationException", message)


def comparable(attribute: Attribute) -> tuple[str, Any]:
    """Return an attribute's type and its value, numbers as decimals."""
    ((type_, value),) = attribute.items()
    return type_, Decimal(value) if type_ == "N" else value


class Parser:
    """Parses one expression, token by token."""

    def __init__(self, text: str, placeholders: Placeholders) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._placeholders = placeholders

    def condition(self) -> Condition:
        """Parse a condition to its end."""
        parsed = self._or()
        if self._peek():
            raise invalid(f"unexpected {self._peek()!r}")
        return parsed

    def update(self) -> Callable[[Item], Item]:
        """Parse an update to its end; return a function from the old to the new item.

        All operands have the values from before the update.
        """
        steps: list[Callable[[Item, Item], None]] = []
        paths: list[str] = []
        seen: set[str] = set()
        while clause := self._peek().upper():
            if clause not in _CLAUSES or clause in seen:
                raise invalid(f"unexpected {self._peek()!r}")
            seen.add(clause)
            self._next()
            while True:
                path = self._placeholders.name(self._name())
                paths.append(path)
                steps.append(self._step(clause, path))
                if self._peek() != ",":
                    break
                self._next()
        if not steps or len({*paths}) != len(paths):
            raise invalid("no path, or one path twice, in the update")

        def apply(old: Item) -> Item:
            new = dict(old)
            for step in steps:
                step(old, new)
            return new

        return apply

    def _step(self, clause: str, path: str) -> Callable[[Item, Item], None]:
        if clause == "REMOVE":
            return lambda _old, new: void(new.pop(path, None))
        if clause == "SET":
            self._expect("=")
            value = self._set_value()

            def set_(old: Item, new: Item) -> None:
                new[path] = _present(value(old))

            return set_
        added = self._placeholders.value(self._next())
        if clause == "DELETE" or comparable(added)[0] != "N":
            raise NotModelled(f"{clause} of {added}")

        def add(old: Item, new: Item) -> None:
            new[path] = _sum(old.get(path, {"N": "0"}), added, 1)

        return add

    def _set_value(self) -> _Operand:
        value = self._set_operand()
        while self._peek() in ("+", "-"):
            sign = 1 if self._next() == "+" else -1
            value = _arithmetic(value, self._set_operand(), sign)
        return value

    def _set_operand(self) -> _Operand:
        token = self._peek()
        if token == "if_not_exists":
            self._next()
            self._expect("(")
            path = self._placeholders.name(self._name())
            self._expect(",")
            otherwise = self._set_operand()
            self._expect(")")
            return lambda item: item.get(path) or otherwise(item)
        if token == "list_append":
            self._next()
            self._expect("(")
            first = self._set_operand()
            self._expect(",")
            second = self._set_operand()
            self._expect(")")
            return lambda item: {
                "L": [*_present(first(item))["L"], *_present(second(item))["L"]]
            }
        return self._operand()

    def _or(self) -> Condition:
        terms = [self._and()]
        while self._peek().upper() == "OR":
            self._next()
            terms.append(self._and())
        return lambda item: any(term(item) for term in terms)

    def _and(self) -> Condition:
        terms = [self._not()]
        while self._peek().upper() == "AND":
            self._next()
            terms.append(self._not())
        return lambda item: all(term(item) for term in terms)

    def _not(self) -> Condition:
        if self._peek().upper() == "NOT":
            self._next()
            negated = self._not()
            return lambda item: not negated(item)
        if self._peek() == "(":
            self._next()
            inner = self._or()
            self._expect(")")
            return inner
        if self._peek(1) == "(" and self._peek() != "size":
            return self._function()
        return self._comparison()

    def _function(self) -> Condition:
        name = self._next()
        self._expect("(")
        path = self._placeholders.name(self._name())
        if name in ("attribute_exists", "attribute_not_exists"):
            self._expect(")")
            wanted = name == "attribute_exists"
            return lambda item: (path in item) is wanted
        if name not in ("begins_with", "contains"):
            raise NotModelled(f"the function {name}")
        self._expect(",")
        operand = self._operand()
        self._expect(")")

        def holds(item: Item) -> bool:
            text, part = item.get(path), operand(item)
            if text is None or part is None or "S" not in text or "S" not in part:
                return False
            if name == "begins_with":
                return bool(text["S"].startswith(part["S"]))
            return part["S"] in text["S"]

        return holds

    def _comparison(self) -> Condition:
        left = self._operand()
        operator = self._next()
        if operator.upper() == "BETWEEN":
            low = self._operand()
            if self._next().upper() != "AND":
                raise invalid("BETWEEN without AND")
            high = self._operand()
            at_least, at_most = _compare(left, ">=", low), _compare(left, "<=", high)
            return lambda item: at_least(item) and at_most(item)
        if operator.upper() == "IN":
            self._expect("(")
            options = [_compare(left, "=", self._operand())]
            while self._peek() == ",":
                self._next()
                options.append(_compare(left, "=", self._operand()))
            self._expect(")")
            return lambda item: any(option(item) for option in options)
        if operator not in _COMPARISONS:
            raise invalid(f"no comparison: {operator!r}")
        return _compare(left, operator, self._operand())

    def _operand(self) -> _Operand:
        token = self._next()
        if token == "size":
            self._expect("(")
            path = self._placeholders.name(self._name())
            self._expect(")")
            return lambda item: (
                {"N": str(len(comparable(item[path])[1]))} if path in item else None
            )
        if token.startswith(":"):
            value = self._placeholders.value(token)
            return lambda _item: value
        name = self._placeholders.name(_checked_name(token))
        return lambda item: item.get(name)

    def _name(self) -> str:
        return _checked_name(self._next())

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise invalid("the expression ends early")
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise invalid(f"{found!r} instead of {token!r}")


def void(_: object) -> None:
    """Drop a value."""


def _checked_name(token: str) -> str:
    if not re.fullmatch(r"#?[A-Za-z_]\w*", token):
        raise invalid(f"no name: {token!r}")
    return token


@cache
def _tokens(text: str) -> Sequence[str]:
    return tuple(_read_tokens(text))


def _read_tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotModelled(f"the expression {text!r} at {at}")
        yield match[1] or match[2]
        at = match.end()


def _present(attribute: Attribute | None) -> Attribute:
    if attribute is None:
        raise invalid("the expression refers to an attribute that does not exist")
    return attribute


def _compare(left: _Operand, operator: str, right: _Operand) -> Condition:
    def holds(item: Item) -> bool:
        a, b = left(item), right(item)
        if a is None or b is None:
            # Only "not equal" holds for what is not there.
            return operator == "<>" and a is not b
        (type_a, value_a), (type_b, value_b) = comparable(a), comparable(b)
        if type_a != type_b:
            return operator == "<>"
        return _COMPARISONS[operator](value_a, value_b)

    return holds


def _sum(first: Attribute, second: Attribute, sign: int) -> Attribute:
    (type_a, a), (type_b, b) = comparable(first), comparable(second)
    if (type_a, type_b) != ("N", "N"):
        raise invalid("an operand of the arithmetic is no number")
    return {"N": number(a + sign * b)}


def number(value: Decimal) -> str:
    """Return a number as DynamoDB writes it."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _arithmetic(left: _Operand, right: _Operand, sign: int) -> _Operand:
    return lambda item: _sum(_present(left(item)), _present(right(item)), sign)
