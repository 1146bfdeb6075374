"""The API host: upload, status and list."""

from http import HTTPStatus

from local.simulators import forms as uploads
from local.simulators.forms import Posted, Refused
from local.simulators.http_writer import Reply
from local.simulators.ipqs import answers, documents
from local.simulators.ipqs.answers import Document
from local.simulators.ipqs.intake import Rejected, take_in
from local.simulators.ipqs.job import Held
from local.simulators.ipqs.routes import METHODS, Route, route
from local.simulators.ipqs.seen import KEY_HEADER, seen
from local.simulators.ipqs.state import World
from local.simulators.server import Request


class Api:
    """Answers the calls of `/api/{json,xml}/csv/…`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: Request) -> Reply:
        """Read, look into the script, then act."""
        world = self._world
        found = route(request.path)
        arrived = world.log.add(
            seen(
                request,
                host="api",
                call=found.call if found else "",
                keys=world.keys,
                path_key=found.key if found else None,
            )
        )
        if found is None:
            return answers.page(HTTPStatus.NOT_FOUND)
        if request.method not in METHODS[found.call]:
            return answers.page(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            posted = uploads.read(request, world.store.new_path)
        except Refused as refused:
            failure = answers.failure(refused.message)
            return self._reply(request, found, failure, refused.status)

        file_name = self._file_name(found, posted)
        in_body = "key" in posted.parameters and "key" not in dict(request.query)
        world.log.amend(
            arrived, lambda it: it.with_body(key_in_body=in_body, file_name=file_name)
        )
        answer = world.script.take(found.call, file_name)
        normal = self._act(request, found, posted) if answer.takes_effect else Reply()
        return answer.applied_to(normal)

    def _act(self, request: Request, found: Route, posted: Posted) -> Reply:
        limit = self._world.too_often()
        if limit is not None:
            reply = answers.page(limit.status)
            if limit.retry_after is None:
                return reply
            retry = ("Retry-After", limit.retry_after)
            return Reply(limit.status, (*reply.headers, retry), reply.content)

        if not self._is_allowed(request, found, posted):
            status = self._world.behaviour.bad_key_status
            failure = answers.failure(answers.BAD_KEY)
            return self._reply(request, found, failure, status)
        try:
            match found.call:
                case "upload":
                    type_ = found.type or posted.parameters.get("type")
                    held = take_in(self._world, posted, type_)
                    document = documents.uploaded(self._world, held, found)
                case "status":
                    held = self._asked_for(found, posted)
                    document = documents.status(self._world, held)
                case _:
                    document = documents.listing(self._world, found, posted.parameters)
        except Rejected as rejected:
            document = answers.failure(str(rejected))
        return self._reply(request, found, document)

    def _reply(
        self, request: Request, found: Route, document: Document, status: int = 200
    ) -> Reply:
        behaviour = self._world.behaviour
        accepted = request.headers.get("accept-encoding", "")
        return answers.reply(
            answers.stamped(document, self._world.randomness),
            found.format,
            xml_item=behaviour.xml_item,
            xml_null=behaviour.xml_null,
            gzip=behaviour.gzips_answers and "gzip" in accepted,
            status=status,
        )

    def _is_allowed(self, request: Request, found: Route, posted: Posted) -> bool:
        if found.key is not None:
            return found.key in self._world.keys
        if found.call == "upload" and "key" in posted.parameters:
            return posted.parameters["key"] in self._world.keys
        works = found.call in self._world.behaviour.header_key_calls
        return works and request.headers.get(KEY_HEADER) in self._world.keys

    def _id(self, found: Route, posted: Posted) -> int | None:
        parameter = self._world.behaviour.status_id_parameter
        text = found.id or posted.parameters.get(parameter, "")
        return int(text) if text.isdecimal() and text.isascii() else None

    def _held(self, found: Route, posted: Posted) -> Held | None:
        id_ = self._id(found, posted)
        world = self._world
        return (
            None if id_ is None else world.store.find(id_, world.now(), world.behaviour)
        )

    def _file_name(self, found: Route, posted: Posted) -> str | None:
        if found.call == "upload":
            return posted.parameters.get("file_name")
        held = self._held(found, posted) if found.call == "status" else None
        return held.file_name if held else None

    def _asked_for(self, found: Route, posted: Posted) -> Held:
        held = self._held(found, posted)
        if held is None:
            raise Rejected(self._world.behaviour.unknown_id_message)
        return held
