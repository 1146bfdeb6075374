"""Errors: the state machine relies on their names, operators on their advice."""

import re

import pytest

from functions.core import errors
from functions.core.errors import PERMANENT, RETRYABLE, CourierError, advice_for

LEAVES = (*RETRYABLE, *PERMANENT)


def test_the_documented_tree_is_complete() -> None:
    """Readers of the state machine look names up there."""
    tree = (errors.__doc__ or "").split("* CourierError")[1].split("Step Functions")[0]
    lines = [line for line in tree.splitlines() if line.strip().startswith(".")]
    documented = [
        name
        for line in lines
        for name in re.match(r" +\. ([A-Z]\w+(?:, [A-Z]\w+)*)", line)[1].split(", ")  # type: ignore[index]  # a line that does not match fails the test
    ]

    assert documented == [leaf.__name__ for leaf in LEAVES]


def test_every_error_belongs_to_one_family() -> None:
    """Step Functions knows no inheritance: a leaf in both would be retried forever."""
    defined = {
        member
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, Exception)
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
def test_every_leaf_has_a_sentence_and_advice_of_its_own(
    leaf: type[CourierError],
) -> None:
    """Operators see the name and the advice; neither may be that of another error."""
    same_advice = [other for other in LEAVES if other.advice == leaf.advice]

    assert "advice" in vars(leaf)
    assert same_advice == [leaf]
    assert re.fullmatch(r"[A-Z][^\n]+\.", leaf.__doc__ or "")
    assert advice_for(leaf.__name__) == leaf.advice


@pytest.mark.parametrize("name", ["States.Timeout", "", "CourierError"])
def test_an_unknown_name_has_general_advice(name: str) -> None:
    """A Catch also catches errors of AWS, whose readers need advice as well."""
    assert advice_for(name) == CourierError.advice
