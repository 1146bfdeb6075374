"""The addresses of the API: which call a path means."""

from dataclasses import dataclass
from urllib.parse import unquote

METHODS = {
    "upload": {"POST"},
    "status": {"GET", "POST"},
    "list": {"GET"},
}


@dataclass(frozen=True, slots=True)
class Route:
    """One call, and what its path says."""

    call: str
    format: str
    key: str | None = None
    type: str | None = None
    id: str | None = None


def route(path: str) -> Route | None:
    """The call at `/api/{format}/csv/…`, with the key in the path or without."""
    match [unquote(segment) for segment in path.split("/")]:
        case ["", "api", ("json" | "xml") as format_, "csv", *rest]:
            return _route(format_, rest)
        case _:
            return None


def _route(format_: str, rest: list[str]) -> Route | None:
    found: Route | None = None
    match rest:
        case ["upload" | "list" | "status" as call]:
            found = Route(call, format_)
        case ["status", id_]:
            found = Route("status", format_, id=id_)
        case [key, "list" | "status" as call]:
            found = Route(call, format_, key=key)
        case [key, "status", id_]:
            found = Route("status", format_, key=key, id=id_)
        case [key, type_, "upload"]:
            found = Route("upload", format_, key=key, type=type_)
    return found
