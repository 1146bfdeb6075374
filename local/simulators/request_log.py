"""Records of requests, with keys and other secrets replaced."""

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
    """A request as it arrived; what only its body says is added when that is read."""

    host: str  # of the provider: "api" or "downloads"
    call: str  # as `script` names it; "" for an address that does not exist
    method: str
    path: str  # without the query and escapes
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    key_in: set[str]  # of path, query, header, body
    chunked: bool
    content_length: int | None
    file_name: str | None = None  # of the file that IPQS was sent or asked about

    @property
    def signed(self) -> bool:
        """Whether the request has both headers of TxnCheck's signature."""
        return self.headers.keys() >= _SIGNATURE_HEADERS


def log_entry(
    request: HttpRequest,
    host: str,
    call: str,
    *,
    keys: Set[str],
    key_header: str,
    path_key: str | None,
    hidden: Set[str],
) -> LoggedRequest:
    """Return the record of a request.

    `keys` are replaced wherever they are, `path_key` is one that need not be valid;
    the values of the query parameters and headers named in `hidden` are left out.
    """

    def shown(text: str, secrets: Set[str]) -> str:
        for secret in secrets:
            text = text.replace(secret, HIDDEN_KEY)
        return text

    headers = {name.lower(): value for name, value in request.headers.items()}
    length = headers.get("content-length", "")
    path = shown(unquote(request.path), keys | ({path_key} if path_key else set()))
    clean_headers = {name: shown(value, keys) for name, value in headers.items()}
    query = {name: shown(value, keys) for name, value in request.query.items()}
    if key_header in headers:
        clean_headers[key_header] = HIDDEN_KEY
    if "key" in query:
        query["key"] = HIDDEN_KEY
    places = {"path": [path], "header": clean_headers.values(), "query": query.values()}
    key_in = {
        place
        for place, texts in places.items()
        if any(HIDDEN_KEY in text for text in texts)
    }
    secret = hidden | _SECRET_HEADERS
    return LoggedRequest(
        host=host,
        call=call,
        method=request.method,
        path=path,
        query={name: HIDDEN if name in hidden else query[name] for name in query},
        headers={
            name: HIDDEN if name in secret else value
            for name, value in clean_headers.items()
        },
        key_in=key_in,
        chunked=request.chunked,
        content_length=int(length) if length.isdecimal() else None,
    )
