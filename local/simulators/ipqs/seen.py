"""The record of every request, without a key or a link in it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from local.simulators.server import Request

KEY_HEADER = "ipqs-key"
HIDDEN_KEY = "<KEY>"
HIDDEN = "<hidden>"
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    host: str  # "api" or "downloads"
    call: str  # upload, status, list, download, or "" for an address that is none
    method: str
    path: str  # without the query and escapes; the key is replaced
    query: Mapping[str, str]  # key and token are replaced
    headers: Mapping[str, str]  # lower-case names; the key is replaced
    key_in: frozenset[str]  # of path, query, header, body
    chunked: bool
    content_length: int | None
    file_name: str | None = None  # of the upload, or of the file that is asked about


class Log:
    """Requests in the order in which they came."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._lock = threading.Lock()

    def add(self, seen: Seen) -> int:
        """Note a request; the number is for `amend`."""
        with self._lock:
            self._seen.append(seen)
            return len(self._seen) - 1

    def amend(self, number: int, *, key_in_body: bool, file_name: str | None) -> None:
        """Add what only the body said."""
        with self._lock:
            if number >= len(self._seen):
                return  # forgotten meanwhile
            seen = self._seen[number]
            key_in = seen.key_in | ({"body"} if key_in_body else set())
            self._seen[number] = replace(seen, key_in=key_in, file_name=file_name)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._seen.clear()

    def all(self) -> list[Seen]:
        """Every request so far."""
        with self._lock:
            return list(self._seen)


def seen(
    request: Request,
    *,
    host: str,
    call: str,
    keys: frozenset[str],
    path_key: str | None = None,
) -> Seen:
    """The request with its secrets hidden."""
    secrets = keys | ({path_key} if path_key else set())
    headers = {}
    path = unquote(request.path)  # a key may need escapes there
    key_in = {"path"} if any(each in path for each in secrets) else set()
    for name, value in request.headers.items():
        lower = name.lower()
        shown = _without(value, keys)
        if lower == KEY_HEADER or shown != value:
            key_in.add("header")
        if lower == KEY_HEADER:
            shown = HIDDEN_KEY
        headers[lower] = HIDDEN if lower in _SECRET_HEADERS else shown
    query = {}
    for name, value in request.query:
        shown = _without(value, keys)
        if name == "key" or shown != value:
            key_in.add("query")
        if name == "key":
            shown = HIDDEN_KEY
        query[name] = HIDDEN if name == "download" else shown
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
