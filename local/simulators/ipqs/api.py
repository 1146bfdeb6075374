"""The API host of IPQS: upload, status and list."""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from local.simulators.content import Content
from local.simulators.faults import HTML
from local.simulators.forms import Form, UnreadableForm, read_form
from local.simulators.http_writer import Delivery, Framing, Headers, HttpReply
from local.simulators.ipqs import documents
from local.simulators.ipqs.documents import Document
from local.simulators.ipqs.job import FINISHED, Csv
from local.simulators.ipqs.state import IpqsState
from local.simulators.ipqs.verification import COLUMNS, count_lines
from local.simulators.server import HttpRequest

# Seen on sibling endpoints [T].
_BAD_KEY = "Invalid or unauthorized key. Please check the API key and try again."
_NO_CREDITS = "You have insufficient credits to make this query."


class SoftFailure(Exception):
    """A refusal with `success: false`; its text is the provider's message."""

    def __init__(self, message: str, status: int = HTTPStatus.OK) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One call, and what its path says."""

    call: str
    key: str | None = None
    type: str | None = None
    id: str = ""


class Api:
    """Answers the calls of `/api/json/csv/…`."""

    def __init__(self, state: IpqsState) -> None:
        self._state = state

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Log the request, then answer it as its script says."""
        state, route = self._state, find_route(request.path)
        if route is None:
            state.log(request, "api", "")
            return page(HTTPStatus.NOT_FOUND)
        entry = state.log(request, "api", route.call, path_key=route.key)
        if request.method != ("POST" if route.call == "upload" else "GET"):
            return page(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            form = read_form(request, state.new_path)
        except UnreadableForm as error:
            return self._reply(_failure(str(error)), error.status)

        if "key" in form.fields:
            entry.key_in.add("body")

        def act() -> HttpReply:
            if limit := state.exceeded_limit(is_post=request.method == "POST"):
                return page(limit.status, more_headers=limit.headers)
            try:
                document = self._document(request, route, form)
            except SoftFailure as failure:
                return self._reply(_failure(str(failure)), failure.status)
            return self._reply({"success": True, **document})

        return state.answer(route.call, act)

    def _document(self, request: HttpRequest, route: ApiRoute, form: Form) -> Document:
        """Carry a call out, and return what is answered."""
        state = self._state
        sent = {**request.query, **form.fields}
        # The key counts in one place only, by what the call has of it.
        key = route.key or (sent.get("key") if route.call == "upload" else None)
        if key is None and route.call in state.behaviour.header_key_calls:
            key = request.headers.get(state.key_header)
        if key not in state.keys:
            raise SoftFailure(_BAD_KEY, state.behaviour.bad_key_status)
        if route.call == "list":
            return documents.listing(state, sent, key)
        if route.call == "upload":
            csv = self._upload(route.type or sent.get("type"), sent, form.file)
            return documents.uploaded(state, csv, key)
        found = state.csv(int(route.id)) if route.id.isdecimal() else None
        if found is None:
            raise SoftFailure(state.behaviour.unknown_id_message)
        return documents.status(state, found)

    def _upload(
        self, type_: str | None, sent: Mapping[str, str], file: Path | None
    ) -> Csv:
        """Accept the file that was posted: from here on it is paid."""
        state, behaviour = self._state, self._state.behaviour
        if type_ not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise SoftFailure(f"Invalid type. Please use one of: {known}.")
        if file is None:
            raise SoftFailure("No file was uploaded.")
        lines, size = count_lines(file), file.stat().st_size
        active = sum(csv.status != FINISHED for csv in state.csvs)
        paid = sum(csv.lines for csv in state.csvs)
        for limit, wanted, message in (
            (behaviour.max_upload_bytes, size, "The file is too large."),
            (behaviour.max_upload_rows, lines, "The file has too many rows."),
            (behaviour.max_parallel_files, active + 1, "Too many files in work."),
            (behaviour.credits, paid + lines, _NO_CREDITS),
        ):
            if limit is not None and wanted > limit:
                raise SoftFailure(message)
        return state.add_upload(file, type_, sent.get("file_name"))

    def _reply(self, document: Document, status: int = HTTPStatus.OK) -> HttpReply:
        """Return a document as IPQS serves it, with a request id and in chunks [V]."""
        letters = string.ascii_letters + string.digits
        request_id = "".join(self._state.random.choices(letters, k=10))
        stamped = {**document, "request_id": request_id, "api_version": 1}
        content = Content.of(json.dumps(stamped).encode())
        headers = (("Content-Type", "application/json"),)
        return HttpReply(status, headers, content, Delivery(Framing.CHUNKED))


def find_route(path: str) -> ApiRoute | None:
    """Return the call of an address, with the key in the path or without.

    The parts are unquoted after they are split: a key may have a slash.
    """
    root, _, rest = path.partition("/api/json/csv/")
    route: ApiRoute | None = None
    match [unquote(part) for part in rest.split("/")]:
        case ["upload" | "list" as call]:
            route = ApiRoute(call)
        case ["status", csv_id]:
            route = ApiRoute("status", id=csv_id)
        case [key, "list"]:
            route = ApiRoute("list", key=key)
        case [key, "status", csv_id]:
            route = ApiRoute("status", key=key, id=csv_id)
        case [key, type_, "upload"]:
            route = ApiRoute("upload", key=key, type=type_)
    return None if root else route


def page(status: int, html: bytes = HTML, *, more_headers: Headers = ()) -> HttpReply:
    """Return a page for people."""
    headers = (("Content-Type", "text/html; charset=UTF-8"), *more_headers)
    return HttpReply(status=status, headers=headers, content=Content.of(html))


def _failure(message: str) -> Document:
    """Return a document that lacks the usual fields, as soft failures do [V]."""
    return {"success": False, "message": message}
