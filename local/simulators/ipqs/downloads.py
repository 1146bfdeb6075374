"""Answer calls of IPQS' download host: each link serves one file, once."""

import re
from http import HTTPStatus

from local.simulators.content import Content
from local.simulators.http_writer import Headers, HttpReply
from local.simulators.ipqs.api import page
from local.simulators.ipqs.behaviour import Compression, IpqsBehaviour, Spent
from local.simulators.ipqs.state import DownloadLink, IpqsState
from local.simulators.server import HttpRequest

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def answer_download(state: IpqsState, request: HttpRequest) -> HttpReply:
    """Log a request of `/download?download=…`, and answer it, as scripted if it is."""
    call = "download" if request.path == "/download" else ""
    state.requests.record(request, "downloads", call, state.keys, hidden={"download"})
    if not call:
        return page(HTTPStatus.NOT_FOUND)
    if request.method not in {"GET", "HEAD"}:
        return page(HTTPStatus.METHOD_NOT_ALLOWED)

    def act() -> HttpReply:
        link = state.links.get(request.query.get("download", ""))
        if link is None or not link.csv.is_retained(state):
            return _refused(state.behaviour.spent_link)
        return _served(state, request, link)

    return state.answer(call, act)


def _refused(spent: Spent) -> HttpReply:
    status, media_type, body = spent.value
    return HttpReply(status, (("Content-Type", media_type),), Content.of(body.encode()))


def _served(state: IpqsState, request: HttpRequest, link: DownloadLink) -> HttpReply:
    """Return the file of a link, and use the link up."""
    behaviour, is_get = state.behaviour, request.method == "GET"
    if refusal := state.use_link(link, spends=is_get or behaviour.head_spends):
        return _refused(refusal)
    if behaviour.file_redirect is not None:
        return HttpReply(HTTPStatus.FOUND, (("Location", behaviour.file_redirect),))

    def interrupted() -> None:
        if is_get and not behaviour.interrupted_get_spends:
            link.spent = False
            link.csv.downloads -= 1

    file = link.csv.content(link.kind)
    status, more_headers, content = _part(request, file, behaviour)
    headers = (("Content-Type", behaviour.file_content_type), *more_headers)
    framing = behaviour.file_framing
    return HttpReply(status, headers, content, interrupted, framing=framing)


def _part(
    request: HttpRequest, content: Content, behaviour: IpqsBehaviour
) -> tuple[int, Headers, Content]:
    """Return status, headers and content, compressed or cut to a range."""
    accepted = "gzip" in request.headers.get("accept-encoding", "")
    when = {Compression.ALWAYS: True, Compression.WHEN_ACCEPTED: accepted}
    if when.get(behaviour.file_compression):
        return HTTPStatus.OK, (("Content-Encoding", "gzip"),), content.gzipped()
    byte_range = _RANGE.fullmatch(request.headers.get("range", ""))
    if not behaviour.file_ranges or byte_range is None:
        return HTTPStatus.OK, (), content
    data = content.read()
    size = len(data)
    first = int(byte_range[1])
    last = min(int(byte_range[2] or size - 1), size - 1)
    if first > last:
        status, place = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"bytes */{size}"
        return status, (("Content-Range", place),), Content.of(b"")
    place, part = f"bytes {first}-{last}/{size}", data[first : last + 1]
    return HTTPStatus.PARTIAL_CONTENT, (("Content-Range", place),), Content.of(part)
