"""Rotation: a call whose key may have changed since it was read."""

from collections.abc import Callable
from typing import TypeVar

from functions.core.errors import CredentialsRejected

_K = TypeVar("_K")
_T = TypeVar("_T")


def with_fresh_key_retry(key: Callable[[bool], _K], call: Callable[[_K], _T]) -> _T:
    """Make a call with a key; `key(fresh)` gives it, anew from its secret if asked.

    A rotated key shows as a refusal: it is read once more, then believed.

    Raises:
        CredentialsRejected: The fresh key was refused, or is the one refused before.
    """
    used = key(False)
    try:
        return call(used)
    except CredentialsRejected:
        fresh = key(True)
        if fresh == used:
            raise
        return call(fresh)
