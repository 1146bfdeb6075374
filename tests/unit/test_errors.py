"""Errors: the names are a contract with the state machine, the advice with people."""

import re

import pytest

from functions.core import errors
from functions.core.errors import PERMANENT, RETRYABLE, CourierError, advice_for

LEAVES = (*RETRYABLE, *PERMANENT)


def test_the_drawn_tree_is_the_tree() -> None:
    """Readers look there, and a name that it lacks would be caught by nobody."""
    tree = (errors.__doc__ or "").split("* CourierError")[1].split("Step Functions")[0]
    lines = [line for line in tree.splitlines() if line.strip().startswith(".")]
    drawn = [
        name
        for line in lines
        for name in re.match(r" +\. ([A-Z]\w+(?:, [A-Z]\w+)*)", line)[1].split(", ")  # type: ignore[index]  # a line that does not match fails the test
    ]

    assert drawn == [leaf.__name__ for leaf in LEAVES]


def test_every_error_is_of_one_family() -> None:
    """Step Functions knows no inheritance: a leaf in both would be retried for ever."""
    defined = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }

    assert not set(RETRYABLE) & set(PERMANENT)
    assert defined == {
        *LEAVES,
        CourierError,
        errors.RetryableError,
        errors.PermanentError,
    }
    assert len({leaf.__name__ for leaf in LEAVES}) == len(LEAVES)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_leaf_says_what_it_is_and_what_to_do(leaf: type[CourierError]) -> None:
    """A message names the error and its advice; both must be its own."""
    same = [other for other in LEAVES if other.advice == leaf.advice]

    assert "advice" in vars(leaf)
    assert same == [leaf]
    assert re.fullmatch(r"[A-Z][^\n]+\.", leaf.__doc__ or "")
    assert advice_for(leaf.__name__) == leaf.advice


@pytest.mark.parametrize("name", ["States.Timeout", "", "CourierError"])
def test_a_foreign_name_gets_the_general_advice(name: str) -> None:
    """A Catch catches AWS' own errors too, and the reader still needs a hint."""
    assert advice_for(name) == CourierError.advice
