"""The download host: one file for one link, once."""

import re
from http import HTTPStatus

from local.simulators.content import Content
from local.simulators.http_writer import Delivery, Headers, Reply
from local.simulators.ipqs import answers
from local.simulators.ipqs.behaviour import Behaviour, Compression, Spent
from local.simulators.ipqs.job import Held
from local.simulators.ipqs.links import Link, State
from local.simulators.ipqs.seen import seen
from local.simulators.ipqs.state import World
from local.simulators.server import Request

SPENT_PAGE = b"<!doctype html><html><body>This link is no longer valid.</body></html>"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Downloads:
    """Answers `/download?download=…&filename=…`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: Request) -> Reply:
        """Find the link, look into the script, then serve and burn."""
        world, behaviour = self._world, self._world.behaviour
        known = request.path == "/download"
        call = "download" if known else ""
        arrived = world.log.add(
            seen(request, host="downloads", call=call, keys=world.keys)
        )
        if not known:
            return answers.page(HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return answers.page(HTTPStatus.METHOD_NOT_ALLOWED)

        link = world.links.find(dict(request.query).get("download", ""))
        held = world.store.find(link.csv_id, world.now(), behaviour) if link else None
        file_name = held.file_name if held else None
        world.log.amend(
            arrived, lambda it: it.with_body(key_in_body=False, file_name=file_name)
        )
        answer = world.script.take("download", file_name)
        if not answer.takes_effect:
            return answer.applied_to(Reply())
        if link is None or held is None:
            return answer.applied_to(_refusal(behaviour.spent_link))
        return answer.applied_to(self._serve(request, link, held))

    def _serve(self, request: Request, link: Link, held: Held) -> Reply:
        world, behaviour = self._world, self._world.behaviour
        spends = request.method == "GET" or behaviour.head_spends
        state = world.links.use(
            link, now=world.now(), lifetime=behaviour.link_seconds, spends=spends
        )
        if state is State.SPENT:
            return _refusal(behaviour.spent_link)
        if state is State.EXPIRED:
            return _refusal(behaviour.expired_link)
        if behaviour.file_redirect is not None:
            location = ("Location", behaviour.file_redirect)
            return Reply(HTTPStatus.FOUND, (location,))
        result = held.result(link.kind)
        if result is None:
            return _refusal(behaviour.spent_link)

        def interrupted() -> None:
            if request.method == "GET" and not behaviour.interrupted_get_spends:
                world.links.give_back(link)

        status, headers, content = _file(request, result[0], behaviour)
        return Reply(
            status=status,
            headers=(("Content-Type", behaviour.file_content_type), *headers),
            content=content,
            delivery=Delivery(framing=behaviour.file_framing),
            interrupted=interrupted,
        )


def _file(
    request: Request, content: Content, behaviour: Behaviour
) -> tuple[int, Headers, Content]:
    accepted = "gzip" in request.headers.get("accept-encoding", "")
    compression = behaviour.file_compression
    if compression is Compression.ALWAYS or (
        compression is Compression.WHEN_ACCEPTED and accepted
    ):
        return HTTPStatus.OK, (("Content-Encoding", "gzip"),), content.gzipped()
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if behaviour.file_ranges and wanted is not None:
        size = content.measured()
        first, last = int(wanted[1]), int(wanted[2] or size - 1)
        last = min(last, size - 1)
        if first > last:
            size_only = (("Content-Range", f"bytes */{size}"),)
            return (
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                size_only,
                Content.of(b""),
            )
        place = (("Content-Range", f"bytes {first}-{last}/{size}"),)
        return HTTPStatus.PARTIAL_CONTENT, place, content.part(first, last + 1)
    return HTTPStatus.OK, (), content


def _refusal(spent: Spent) -> Reply:
    return answers.page(spent.value, SPENT_PAGE)
