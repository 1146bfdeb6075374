"""Policy: decide as IAM does whether a request is allowed.

The rules are those of the IAM user guide, "Policy evaluation logic", for requests
within one account, and "IAM JSON policy elements: Condition operators".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

#: A condition: its operator, the key of the context, and the values it names.
Condition = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call as IAM sees it; `principal` is the ARN of a role, or a service's name."""

    principal: str
    action: str
    resource: str
    context: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of a key of the context, none if it is missing."""
        return next((values for name, values in self.context if name == key), ())


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A statement about one action on one resource.

    `holder` is the role whose policy it is in; a resource's policy names `principals`
    instead.
    """

    action: str
    resource: str
    holder: str = ""
    principals: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    allows: bool = True
    source: str = ""  # the policy in the template, to tell two equal ones apart

    def applies_to(self, request: Request) -> bool:
        """Return whether it says something about a request, whoever makes it."""
        return (
            _matches(self.action.lower(), request.action.lower())
            and _matches(self.resource, request.resource)
            and all(_holds(condition, request) for condition in self.conditions)
        )


def allowing(request: Request, grants: Iterable[Grant]) -> list[Grant]:
    """Return the grants of which each by itself allows a request; none if denied.

    An explicit deny wins over every grant. A key is the exception of the account: a
    role's policy allows its use only if the key's policy lets the account decide (KMS
    developer guide, "Default key policy").
    """
    applying = [grant for grant in grants if grant.applies_to(request)]
    account = ":".join((*request.principal.split(":")[:5], "root"))
    named = {request.principal, "*"}
    if any(
        named & {*grant.principals, grant.holder}
        for grant in applying
        if not grant.allows
    ):
        return []
    allows = [grant for grant in applying if grant.allows]
    by_resource = [grant for grant in allows if named & {*grant.principals}]
    by_role = [grant for grant in allows if grant.holder == request.principal]
    if request.action.startswith("kms:") and not any(
        account in grant.principals for grant in allows
    ):
        by_role = []
    return [*by_role, *by_resource]


def _arn_matches(pattern: str, arn: str) -> bool:
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_matches, patterns, parts))


def _matches(pattern: str, text: str) -> bool:
    return bool(_compiled(pattern).fullmatch(text))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which only `*` and `?` have a meaning."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _numbers(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda wanted, value: test(float(value), float(wanted))


#: The operators that the templates use; another one is an error, not a guess.
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": _matches,
    # ArnEquals behaves as ArnLike does; a wildcard stays within its part.
    "ArnLike": _arn_matches,
    "ArnEquals": _arn_matches,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "NumericLessThan": _numbers(lambda value, wanted: value < wanted),
}


def _holds(condition: Condition, request: Request) -> bool:
    """Return whether a condition holds; several values of a key are alternatives."""
    operator, key, wanted = condition
    values = request.values(key)
    set_operator, _, name = operator.rpartition(":")
    matches = _OPERATORS[name]
    each = [any(matches(one, value) for one in wanted) for value in values]
    if set_operator == "ForAllValues":
        return all(each)  # which a missing key satisfies
    if set_operator:
        raise KeyError(operator)
    return len(each) == 1 and each[0]


def conditions(block: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Return the conditions of a statement, all of which must hold."""
    return tuple(
        (operator, key, tuple(map(str, value if isinstance(value, list) else [value])))
        for operator, keys in sorted(block.items())
        for key, value in sorted(keys.items())
    )
