"""Answer calls of IPQS' API host: upload, status, list and account."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from local.simulators.content import Content
from local.simulators.faults import HTML
from local.simulators.http_writer import Framing, Headers, HttpReply
from local.simulators.ipqs.documents import (
    account_answer,
    list_answer,
    status_answer,
    upload_answer,
)
from local.simulators.ipqs.forms import IpqsRefusal, read_form
from local.simulators.ipqs.job import FINISHED, Csv
from local.simulators.ipqs.state import IpqsState, lacks_credits
from local.simulators.ipqs.verification import COLUMNS, count_lines, count_values
from local.simulators.server import HttpRequest

# Seen on sibling endpoints [T].
_BAD_KEY = "Invalid or unauthorized key. Please check the API key and try again."
_NO_CREDITS = "You have insufficient credits to make this query."
_METHODS = {
    "upload": {"POST"},
    "status": {"GET", "POST"},
    "list": {"GET"},
    "account": {"GET"},
}


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """A call, with the values that its path contains."""

    call: str
    key: str | None = None
    type: str | None = None
    id: str = ""


def answer_api(state: IpqsState, request: HttpRequest) -> HttpReply:
    """Log a request of `/api/json/…`, and answer it, as scripted if it is."""
    route = find_route(request.path)
    call, path_key = (route.call, route.key) if route else ("", None)
    log, keys = state.requests, state.keys
    entry = log.record(request, "api", call, keys, path_key=path_key)
    if route is None:
        return page(HTTPStatus.NOT_FOUND)
    if request.method not in _METHODS[call]:
        return page(HTTPStatus.METHOD_NOT_ALLOWED)
    try:
        fields, file = read_form(request, state.new_path)
    except IpqsRefusal as refusal:
        return _refused(state, refusal)
    if "key" in fields:
        entry.key_in.add("body")
    sent = {**request.query, **fields}

    def act() -> HttpReply:
        if limit := state.exceeded_limit(is_post=request.method == "POST"):
            return page(limit.status, more_headers=limit.headers)
        try:
            key = _key(state, request, route, sent)
            if call == "upload":
                csv = _accepted(state, route.type or sent.get("type"), sent, file)
                return _reply(state, upload_answer(state, csv, key))
            if call == "status":
                parameter = state.behaviour.status_id_parameter
                csv_id = route.id or fields.get(parameter, "")
                return _reply(state, status_answer(state, csv_id))
            is_list = call == "list"
            document = (
                list_answer(state, sent, key) if is_list else account_answer(state)
            )
            return _reply(state, document)
        except IpqsRefusal as refusal:
            return _refused(state, refusal)

    return state.answer(call, act)


def find_route(path: str) -> ApiRoute | None:
    """Return the call of a path, with or without the key in it; None if there is none.

    The parts are unquoted after they are split: a key may have a slash.
    """
    root, _, rest = path.partition("/api/json/")
    route: ApiRoute | None = None
    match [unquote(part) for part in rest.split("/")]:
        case ["account"]:
            route = ApiRoute("account")
        case ["account", key]:
            route = ApiRoute("account", key=key)
        case ["csv", "upload" | "list" | "status" as call]:
            route = ApiRoute(call)
        case ["csv", "status", csv_id]:
            route = ApiRoute("status", id=csv_id)
        case ["csv", key, "list" | "status" as call]:
            route = ApiRoute(call, key=key)
        case ["csv", key, "status", csv_id]:
            route = ApiRoute("status", key=key, id=csv_id)
        case ["csv", key, type_, "upload"]:
            route = ApiRoute("upload", key=key, type=type_)
    return None if root else route


def page(status: int, html: bytes = HTML, *, more_headers: Headers = ()) -> HttpReply:
    """Return a page for people."""
    headers = (("Content-Type", "text/html; charset=UTF-8"), *more_headers)
    return HttpReply(status, headers, Content.of(html))


def _key(
    state: IpqsState, request: HttpRequest, route: ApiRoute, sent: Mapping[str, str]
) -> str:
    """Return the key, which must have credits, from where this call accepts it."""
    key = route.key or (sent.get("key") if route.call == "upload" else None)
    if key is None and route.call in state.behaviour.header_key_calls:
        key = request.headers.get(state.key_header)
    if key not in state.keys:
        raise IpqsRefusal(_BAD_KEY, state.behaviour.bad_key_status)
    if lacks_credits(state, route.call):
        raise IpqsRefusal(_NO_CREDITS)
    return key


def _accepted(
    state: IpqsState, type_: str | None, sent: Mapping[str, str], file: Path | None
) -> Csv:
    """Accept the posted file, which is paid for from now on."""
    if type_ not in COLUMNS:
        raise IpqsRefusal(f"Invalid type. Please use one of: {', '.join(COLUMNS)}.")
    if file is None:
        raise IpqsRefusal("No file was uploaded.")
    behaviour, lines = state.behaviour, count_lines(file)
    active = sum(csv.status != FINISHED for csv in state.csvs)
    credits_needed = 0
    if behaviour.credits is not None:
        credits_needed = state.charged + count_values(type_, file)
    for limit, value, message in (
        (behaviour.max_upload_bytes, file.stat().st_size, "The file is too large."),
        (behaviour.max_upload_rows, lines, "The file has too many rows."),
        (behaviour.max_parallel_files, active + 1, "Too many files in work."),
        (behaviour.credits, credits_needed, _NO_CREDITS),
    ):
        if limit is not None and value > limit:
            raise IpqsRefusal(message)
    strictness = sent.get("strictness") if behaviour.strictness_accepted else None
    return state.add_upload(file, type_, sent.get("file_name"), int(strictness or 0))


def _refused(state: IpqsState, refusal: IpqsRefusal) -> HttpReply:
    """Return the response to a refused call, which lacks the usual fields [V]."""
    return _reply(state, {"message": str(refusal), "success": False}, refusal.status)


def _reply(
    state: IpqsState, document: Mapping[str, object], status: int = HTTPStatus.OK
) -> HttpReply:
    """Return a document as IPQS sends it: with a request id, and in chunks [V]."""
    request_id = f"{state.random.getrandbits(40):010x}"
    document = {"message": "Success", "success": True, **document}
    stamped = {**document, "request_id": request_id, "api_version": 1}
    headers = (("Content-Type", "application/json"),)
    content = Content.of(json.dumps(stamped).encode())
    return HttpReply(status, headers, content, framing=Framing.CHUNKED)
