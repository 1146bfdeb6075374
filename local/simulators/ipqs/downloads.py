"""The download host of IPQS: one file for one link, once."""

import re
from http import HTTPStatus

from local.simulators.content import Content
from local.simulators.http_writer import Delivery, Headers, HttpReply
from local.simulators.ipqs.api import page
from local.simulators.ipqs.behaviour import Compression, IpqsBehaviour, Spent
from local.simulators.ipqs.links import DownloadLink
from local.simulators.ipqs.state import IpqsState
from local.simulators.server import HttpRequest

_SPENT_PAGE = b"<!doctype html><html><body>This link is no longer valid.</body></html>"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Downloads:
    """Answers `/download?download=…&filename=…`."""

    def __init__(self, state: IpqsState) -> None:
        self._state = state

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Log the request, then serve the file of its link as its script says."""
        state = self._state
        exists = request.path == "/download"
        call = "download" if exists else ""
        state.log(request, "downloads", call, hidden={"download"})
        if not exists:
            return page(HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return page(HTTPStatus.METHOD_NOT_ALLOWED)

        link = state.links.find(request.query.get("download", ""))

        def act() -> HttpReply:
            if link is None or not link.csv.is_retained(state):
                return _refusal(state.behaviour.spent_link)
            return self._serve(request, link)

        return state.answer("download", act)

    def _serve(self, request: HttpRequest, link: DownloadLink) -> HttpReply:
        state, behaviour = self._state, self._state.behaviour
        spends = request.method == "GET" or behaviour.head_spends
        if refusal := state.links.use(link, spends=spends):
            return _refusal(refusal)
        if behaviour.file_redirect is not None:
            location = ("Location", behaviour.file_redirect)
            return HttpReply(HTTPStatus.FOUND, (location,))

        def interrupted() -> None:
            if request.method == "GET" and not behaviour.interrupted_get_spends:
                state.links.give_back(link)

        status, headers, content = _file(
            request, link.csv.content(link.kind), behaviour
        )
        return HttpReply(
            status=status,
            headers=(("Content-Type", behaviour.file_content_type), *headers),
            content=content,
            delivery=Delivery(framing=behaviour.file_framing),
            interrupted=interrupted,
        )


def _file(
    request: HttpRequest, content: Content, behaviour: IpqsBehaviour
) -> tuple[int, Headers, Content]:
    """Return status, headers and content, as compression and ranges have them."""
    accepted = "gzip" in request.headers.get("accept-encoding", "")
    compression = behaviour.file_compression
    if compression is Compression.ALWAYS or (
        compression is Compression.WHEN_ACCEPTED and accepted
    ):
        return HTTPStatus.OK, (("Content-Encoding", "gzip"),), content.gzipped()
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if not behaviour.file_ranges or wanted is None:
        return HTTPStatus.OK, (), content
    size = content.measured()
    first, last = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
    if first > last:
        status, place = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"bytes */{size}"
        return status, (("Content-Range", place),), Content.of(b"")
    place = f"bytes {first}-{last}/{size}"
    part = content.part(first, last + 1)
    return HTTPStatus.PARTIAL_CONTENT, (("Content-Range", place),), part


def _refusal(spent: Spent) -> HttpReply:
    return page(spent.value, _SPENT_PAGE)
