"""The API: submissions and looks at what became of them."""

from http import HTTPStatus

from local.simulators.http_writer import Reply
from local.simulators.server import Request
from local.simulators.txncheck import access, documents, validation
from local.simulators.txncheck import replies as answers
from local.simulators.txncheck.behaviour import SyncAnswer, SyncLate
from local.simulators.txncheck.job import COMPLETED, Held
from local.simulators.txncheck.replies import Refused
from local.simulators.txncheck.routes import Check, Submit, route
from local.simulators.txncheck.seen import seen
from local.simulators.txncheck.state import World
from local.simulators.txncheck.webhooks import Webhooks

LONGEST_BODY = 1024 * 1024


class Api:
    """Answers the calls of `/api/v1/…`."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self._world = world
        self._webhooks = webhooks

    def __call__(self, request: Request) -> Reply:
        """Read, look into the script, then act."""
        world = self._world
        found = route(request.method, request.path)
        world.log.add(seen(request, found, world.keys))
        answer = world.script.take(found.call if found else "", None)
        if not answer.takes_effect:
            return answer.applied_to(Reply())
        try:
            normal = self._act(request, found)
        except Refused as refused:
            normal = refused.reply(as_list=world.behaviour.message_lists)
        return answer.applied_to(normal)

    def _act(self, request: Request, found: Submit | Check | None) -> Reply:
        if found is None:
            sentence = f"Cannot {request.method} this address"
            raise Refused(HTTPStatus.NOT_FOUND, sentence)
        body = _body(request)
        access.check(self._world, request, body)
        match found:
            case Submit():
                access.check_account(self._world, found)
                return self._submit(request, found, body)
            case Check():
                access.check_account(self._world, None)
                return self._check(found)

    def _submit(self, request: Request, found: Submit, body: bytes) -> Reply:
        world, behaviour = self._world, self._world.behaviour
        fields = validation.parsed(found.method, request.headers, body, behaviour)
        held = world.store.take_in(
            found.method, fields, now=world.now(), balance=behaviour.balance
        )
        if held is None:
            raise Refused(HTTPStatus.PAYMENT_REQUIRED, "Insufficient balance")
        is_async = fields.get("async", True)
        if is_async or behaviour.webhook_for_sync:
            self._webhooks.announce(held)
        if is_async:
            return answers.reply(documents.accepted(held), status=HTTPStatus.ACCEPTED)
        return self._synchronous(held)

    def _synchronous(self, held: Held) -> Reply:
        """Work while the caller waits; with a clock that stands, no time is lost."""
        world, behaviour = self._world, self._world.behaviour
        seconds = held.due(behaviour) - held.created_at
        late = seconds > behaviour.sync_seconds
        if world.clock.runs:
            world.stopping.wait(min(seconds, behaviour.sync_seconds))
        if late and behaviour.sync_late is SyncLate.GATEWAY_TIMEOUT:
            return answers.page(HTTPStatus.GATEWAY_TIMEOUT)
        if late:
            return answers.reply(documents.accepted(held), status=HTTPStatus.ACCEPTED)

        ended = held.settle(held.due(behaviour), behaviour)
        word = held.status(world.now(), behaviour)
        document = documents.status(held, word, ended, behaviour)
        if behaviour.sync_answer is SyncAnswer.RESULT and word == COMPLETED:
            document = document["result"]
        return answers.reply(document)

    def _check(self, found: Check) -> Reply:
        world, behaviour = self._world, self._world.behaviour
        held = world.store.find(found.request_id, world.now(), behaviour)
        if held is None:
            raise Refused(HTTPStatus.NOT_FOUND, "Request not found")
        return answers.reply(documents.looked_at(held, world.now(), behaviour))


def _body(request: Request) -> bytes:
    if request.chunked:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed")
    if request.body.left > LONGEST_BODY:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large")
    return request.body.read(request.body.left)
