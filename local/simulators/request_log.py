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


class RequestLog(list[LoggedRequest]):
    """Requests in the order of arrival; the key belongs into `key_header`."""

    def __init__(self, key_header: str) -> None:
        super().__init__()
        self._key_header = key_header

    def record(
        self,
        request: HttpRequest,
        host: str,
        call: str,
        keys: Set[str],
        *,
        path_key: str | None = None,
        hidden: Set[str] = frozenset(),
    ) -> LoggedRequest:
        """Append a request, and return its record.

        `keys` are replaced wherever they are, `path_key` is one that need not be
        valid; the query parameters and headers named in `hidden` lose their values.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        length = headers.get("content-length", "")
        path = unquote(request.path).replace(path_key or HIDDEN_KEY, HIDDEN_KEY)
        shown = {"path": {"": path}, "query": dict(request.query), "header": headers}
        key_names, key_in = {"query": "key", "header": self._key_header}, set()
        for place, values in shown.items():
            if key_names.get(place) in values:
                values[key_names[place]] = HIDDEN_KEY
            for name in values:
                for key in keys:
                    values[name] = values[name].replace(key, HIDDEN_KEY)
                if HIDDEN_KEY in values[name]:
                    key_in.add(place)
                if name in hidden | _SECRET_HEADERS:
                    values[name] = HIDDEN
        entry = LoggedRequest(
            host=host,
            call=call,
            method=request.method,
            path=shown["path"][""],
            query=shown["query"],
            headers=headers,
            key_in=key_in,
            chunked=request.chunked,
            content_length=int(length) if length.isdecimal() else None,
        )
        self.append(entry)
        return entry
