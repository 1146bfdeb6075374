"""Key rotation: repeat a refused call once with the key that is stored now."""

from collections.abc import Callable
from typing import TypeVar

from functions.core.errors import CredentialsRejected

_K = TypeVar("_K")
_T = TypeVar("_T")


def with_fresh_key_retry(
    key: Callable[[bool], _K], call: Callable[[_K], _T], *, cached: _K | None = None
) -> _T:
    """Return `call(key)`, repeated with a fresh key if the cached one is refused.

    `key(fresh)` returns the cached key, or reads it anew if `fresh` is true. A caller
    that has read the cached key before passes it as `cached`.

    Raises:
        CredentialsRejected: The fresh key was refused, or equals the refused one.
    """
    cached_key = key(False) if cached is None else cached
    try:
        return call(cached_key)
    except CredentialsRejected:
        fresh_key = key(True)
        if fresh_key == cached_key:
            raise
        return call(fresh_key)
