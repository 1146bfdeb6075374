"""What the API says of the requests it holds."""

from typing import Any

from local.simulators.txncheck import results
from local.simulators.txncheck.behaviour import Behaviour, End
from local.simulators.txncheck.job import QUEUED, Ended, Held
from local.simulators.txncheck.replies import stamp
from local.simulators.txncheck.routes import Method

_FAILING_STEP = "kycByMobile"  # of a full-check that ends PARTIAL


def accepted(held: Held) -> dict[str, Any]:
    """The answer to a call that goes on in the background."""
    document = {
        "statusCode": 202,
        "message": "Request accepted for processing",
        "requestId": held.id,
        "status": QUEUED,
    }
    if held.method is Method.BULK_CHARGEBACK:
        del document["statusCode"]
        document["itemCount"] = held.item_count
    return document


def looked_at(held: Held, now: float, behaviour: Behaviour) -> dict[str, Any]:
    """The answer to a GET."""
    word, ended = held.look(now, behaviour)
    return status(held, word, ended, behaviour)


def status(
    held: Held, word: str, ended: Ended | None, behaviour: Behaviour
) -> dict[str, Any]:
    """How a request stands; what does not apply is left out."""
    document = {
        "requestId": held.id,
        "method": _method(held, behaviour),
        "status": word,
        **(_outcome(held, ended, behaviour) if ended else {}),
        "createdAt": stamp(held.created_at),
    }
    if held.webhook_status is not None:
        document["webhookStatus"] = held.webhook_status
    if ended is not None:
        document["completedAt"] = stamp(ended.at)
    return document


def notice(held: Held, ended: Ended, behaviour: Behaviour) -> dict[str, Any]:
    """The `data` of a webhook."""
    return {
        "requestId": held.id,
        "method": _method(held, behaviour),
        "status": ended.status,
        **_outcome(held, ended, behaviour),
        "completedAt": stamp(ended.at),
    }


def _method(held: Held, behaviour: Behaviour) -> str:
    bulk = held.method is Method.BULK_CHARGEBACK
    return behaviour.bulk_method if bulk else held.method.value


def _outcome(held: Held, ended: Ended, behaviour: Behaviour) -> dict[str, Any]:
    """Result, errors and steps of an end."""
    full = held.method is Method.FULL
    result = results.of(held.method, held.fields, behaviour)
    match ended.end:
        case End.COMPLETED:
            steps = dict.fromkeys(results.STEPS, "ok")
            return {"result": result, **({"stepStatuses": steps} if full else {})}
        case End.PARTIAL:
            result.pop(_FAILING_STEP, None)
            steps = dict.fromkeys(results.STEPS, "ok") | {_FAILING_STEP: "failed"}
            error = _error(held, End.TEMPORARY, behaviour)
            return {
                "stepStatuses": steps,
                "result": result,
                "error": {_FAILING_STEP: error},
            }
        case End.BUSINESS_ERROR | End.TEMPORARY:
            error = _error(held, ended.end, behaviour)
            if not full:
                return {"error": error}
            by_step = behaviour.step_errors_when_failed
            return {
                "stepStatuses": dict.fromkeys(results.STEPS, "failed"),
                "error": dict.fromkeys(results.STEPS, error) if by_step else error,
            }


def _error(held: Held, end: End, behaviour: Behaviour) -> dict[str, str]:
    if end is End.TEMPORARY:
        class_, message = behaviour.temporary_class, "Service temporarily unavailable"
    else:
        class_, message = behaviour.business_class, "Nothing was found"
    if behaviour.echoes_input:
        message += f" for {held.fields}"
    return {"class": class_, "message": message}
