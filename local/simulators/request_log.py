"""Log requests, with keys and other secrets replaced."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from urllib.parse import unquote

from local.simulators.server import HttpRequest

HIDDEN_KEY = "<KEY>"
HIDDEN = "<hidden>"
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


@dataclass(slots=True)
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

    @property
    def content_length(self) -> int | None:
        """The announced length of the body."""
        length = self.headers.get("content-length", "")
        return int(length) if length.isdecimal() else None


class RequestLog(list[LoggedRequest]):
    """Requests in the order of arrival; `key_header` is the header of the key."""

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
        """Append a request, and return its entry.

        `keys` are replaced wherever they are, and so is `path_key`, which need not be
        valid. The values of query parameters and headers named in `hidden` are, too.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
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
        path, method, chunked = shown["path"][""], request.method, request.chunked
        entry = LoggedRequest(
            host, call, method, path, shown["query"], headers, key_in, chunked
        )
        self.append(entry)
        return entry
