"""A log of requests, with keys and other secrets replaced."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from urllib.parse import unquote

from local.simulators.server import HttpRequest

HIDDEN_KEY = "<KEY>"
HIDDEN = "<hidden>"
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}
_SIGNATURE_HEADERS = {"x-signature", "x-timestamp"}


@dataclass(slots=True, kw_only=True)
class LoggedRequest:
    """A request as it arrived."""

    host: str  # of the provider: "api" or "downloads"
    call: str  # as `script` names it; "" for an address that does not exist
    method: str
    path: str  # without the query and escapes
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    key_in: set[str]  # of path, query, header, and body as soon as that is read
    chunked: bool
    content_length: int | None

    @property
    def signed(self) -> bool:
        """Whether the request has both headers of TxnCheck's signature."""
        return self.headers.keys() >= _SIGNATURE_HEADERS


def log_entry(
    request: HttpRequest,
    host: str,
    call: str,
    keys: Set[str],
    key_header: str,
    path_key: str | None,
    hidden: Set[str],
) -> LoggedRequest:
    """Return the record of a request.

    `keys` are replaced wherever they are, `path_key` is one that need not be valid;
    the values of the query parameters and headers named in `hidden` are left out.
    """
    path, key_in = unquote(request.path), set()
    if any(key in path for key in keys) or path_key:
        key_in.add("path")
    if path_key:
        path = path.replace(path_key, HIDDEN_KEY)

    def cleaned(place: str, named: Mapping[str, str], key_name: str) -> dict[str, str]:
        shown = {name: _without(keys, value) for name, value in named.items()}
        if key_name in named:
            shown[key_name] = HIDDEN_KEY
        if any(HIDDEN_KEY in value for value in shown.values()):
            key_in.add(place)
        secret = shown.keys() & (hidden | _SECRET_HEADERS)
        return shown | dict.fromkeys(secret, HIDDEN)

    headers = {name.lower(): value for name, value in request.headers.items()}
    length = headers.get("content-length", "")
    return LoggedRequest(
        host=host,
        call=call,
        method=request.method,
        path=_without(keys, path),
        query=cleaned("query", request.query, "key"),
        headers=cleaned("header", headers, key_header),
        key_in=key_in,
        chunked=request.chunked,
        content_length=int(length) if length.isdecimal() else None,
    )


def _without(keys: Set[str], text: str) -> str:
    for key in keys:
        text = text.replace(key, HIDDEN_KEY)
    return text
