"""The record of every request, without a key or another secret in it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

from local.simulators.server import Request

HIDDEN_KEY = "<KEY>"
HIDDEN = "<hidden>"
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    host: str  # which of the provider's hosts
    call: str  # as `script` names it, or "" for an address that is none
    method: str
    path: str  # without the query and escapes; the key is replaced
    query: Mapping[str, str]  # key and hidden values are replaced
    headers: Mapping[str, str]  # lower-case names; the key is replaced
    key_in: frozenset[str]  # of path, query, header, body
    chunked: bool
    content_length: int | None


class Log(Generic[Record]):
    """Records in the order in which they came."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._lock = threading.Lock()

    def add(self, record: Record) -> int:
        """Note it; the number is for `amend`."""
        with self._lock:
            self._records.append(record)
            return len(self._records) - 1

    def amend(self, number: int, change: Callable[[Record], Record]) -> None:
        """Put in its place what was learnt since."""
        with self._lock:
            if number < len(self._records):  # or it is forgotten meanwhile
                self._records[number] = change(self._records[number])

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._records.clear()

    def all(self) -> list[Record]:
        """Every record so far."""
        with self._lock:
            return list(self._records)


def seen(
    request: Request,
    *,
    host: str,
    call: str,
    key_header: str,
    keys: frozenset[str],
    path_key: str | None = None,
    hidden: frozenset[str] = frozenset(),
) -> Seen:
    """The request with its secrets hidden, and the headers and queries so named."""
    secrets = keys | ({path_key} if path_key else set())
    headers = {}
    path = unquote(request.path)  # a key may need escapes there
    key_in = {"path"} if any(each in path for each in secrets) else set()
    for name, value in request.headers.items():
        lower = name.lower()
        shown = _without(value, keys)
        if lower == key_header or shown != value:
            key_in.add("header")
        if lower == key_header:
            shown = HIDDEN_KEY
        headers[lower] = HIDDEN if lower in _SECRET_HEADERS | hidden else shown
    query = {}
    for name, value in request.query:
        shown = _without(value, keys)
        if name == "key" or shown != value:
            key_in.add("query")
        if name == "key":
            shown = HIDDEN_KEY
        query[name] = HIDDEN if name in hidden else shown
    length = headers.get("content-length")
    return Seen(
        host=host,
        call=call,
        method=request.method,
        path=_without(path, secrets),
        query=query,
        headers=headers,
        key_in=frozenset(key_in),
        chunked=request.chunked,
        content_length=int(length) if length and length.isdecimal() else None,
    )


def _without(text: str, keys: frozenset[str]) -> str:
    for key in keys:
        text = text.replace(key, HIDDEN_KEY)
    return text
