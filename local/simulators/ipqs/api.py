"""The API host: upload, status and list."""

import math
from http import HTTPStatus
from urllib.parse import quote_plus

from local.simulators import uploads
from local.simulators.ipqs import answers, life
from local.simulators.ipqs.answers import Document, Value
from local.simulators.ipqs.intake import Rejected, take_in
from local.simulators.ipqs.routes import METHODS, Route, route
from local.simulators.ipqs.seen import KEY_HEADER, seen
from local.simulators.ipqs.store import Held
from local.simulators.ipqs.verification import KINDS
from local.simulators.ipqs.world import World
from local.simulators.server import Request
from local.simulators.uploads import Posted, Refused
from local.simulators.wire import Reply

PAGE = 50

_TYPE_LABELS = {"email": "Email-Verification", "proxy": "Proxy-Detection"}
_KIND_LABELS = {"bad": "Invalid"}  # as seen; the others are invented


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
        world.log.amend(arrived, key_in_body=in_body, file_name=file_name)
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
                    document = self._uploaded(held, found)
                case "status":
                    document = self._status(self._asked_for(found, posted))
                case _:
                    document = self._list(found, posted.parameters)
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

    def _status_url(self, held: Held, found: Route) -> str:
        # With the key in it, as IPQS does.
        key = found.key or min(self._world.keys)
        return f"{self._world.api_url}/api/{found.format}/csv/{key}/status/{held.id}"

    def _described(self, held: Held, status: str) -> Document:
        counted = status in life.COUNTED or held.aborted_in is not None
        verified = held.verified() if counted else None
        return {
            "id": held.id,
            "file_name": held.file_name,
            "type": held.type,
            "strictness": held.strictness,
            "status": status,
            "aborted": held.aborted(status),
            "invalid_records": verified.invalid if verified else 0,
        }

    def _uploaded(self, held: Held, found: Route) -> Document:
        status = held.status(self._world.now(), self._world.behaviour)
        document = self._described(held, status)
        document["status_url"] = self._status_url(held, found)
        document["downloads"] = dict.fromkeys(KINDS)
        return answers.success(document)

    def _status(self, held: Held) -> Document:
        status = held.look(self._world.now(), self._world.behaviour)
        document = self._described(held, status)
        document["downloads"] = self._links(held, status)
        return answers.success(document)

    def _links(self, held: Held, status: str) -> dict[str, Value]:
        """New links for what there is; null for the rest."""
        world, behaviour = self._world, self._world.behaviour
        none: dict[str, Value] = dict.fromkeys(KINDS)
        if held.aborted_in is None:
            ready = status == life.FINISHED
        else:
            ready = behaviour.aborted_links
        if not ready:
            return none
        if behaviour.new_links_kill_older:
            world.links.kill(held.id)
        for kind in KINDS:
            result = held.result(kind)
            if result is None or kind not in behaviour.offered_kinds:
                continue
            if result[1] or behaviour.empty_category_links:
                none[kind] = self._link(held, kind)
        return none

    def _link(self, held: Held, kind: str) -> str:
        world = self._world
        link = world.links.make(held.id, kind, world.now())
        if world.behaviour.links_instead is not None:
            return world.behaviour.links_instead
        type_ = _TYPE_LABELS.get(held.type, held.type.replace("_", "-").title())
        label = _KIND_LABELS.get(kind, kind.title())
        name = f"{held.file_name}-IPQualityScore-{type_}-{label}-Results.csv"
        return (
            f"{world.download_url}/download"
            f"?download={link.token}&filename={quote_plus(name)}"
        )

    def _list(self, found: Route, parameters: dict[str, str]) -> Document:
        world = self._world
        now = world.now()
        wanted = parameters.get("type")
        held = [
            each
            for each in reversed(world.store.all(now, world.behaviour))
            if not wanted or each.type == wanted
        ]
        text = parameters.get("page", "1")
        page = max(int(text), 1) if text.isdecimal() else 1
        csvs: list[Value] = []
        for each in held[(page - 1) * PAGE : page * PAGE]:
            described = self._described(each, each.status(now, world.behaviour))
            csvs.append({**described, "status_url": self._status_url(each, found)})
        return answers.success(
            {
                "csvs": csvs,
                "total_csvs": len(held),
                "total_pages": math.ceil(len(held) / PAGE),
                "page": page,
            }
        )
