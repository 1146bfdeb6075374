"""Build the JSON documents of TxnCheck: answers to calls, and the data of webhooks."""

import json
from datetime import UTC, datetime
from typing import Any

from local.simulators.txncheck.behaviour import RequestOutcome
from local.simulators.txncheck.job import BULK, AcceptedRequest, Completion
from local.simulators.txncheck.outcomes import STEPS, result_of

_FAILING_STEP = "kycByMobile"  # of a full-check that ends PARTIAL

Document = dict[str, Any]


def written(document: object) -> bytes:
    """Return a document as the provider writes it, as compact JSON."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def stamp(moment: float) -> str:
    """Return a moment as the provider writes it."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def submit_answer(request: AcceptedRequest) -> Document:
    """Return the answer to a submission; that to a bulk call has other fields [V]."""
    bulk = request.method == BULK
    own = {"itemCount": request.item_count} if bulk else {"statusCode": 202}
    message = "Request accepted for processing"
    return {**own, "message": message, "requestId": request.id, "status": "QUEUED"}


def status_answer(request: AcceptedRequest) -> Document:
    """Return the answer to a status call, and count the call."""
    return {
        **webhook_data(request, *request.poll()),
        "createdAt": stamp(request.created_at),
        "webhookStatus": request.webhook_status,
    }


def webhook_data(
    request: AcceptedRequest, word: str, completion: Completion | None
) -> Document:
    """Return a webhook's data about a request; fields without a value are left out."""
    bulk_method = request.provider.behaviour.bulk_method
    method = bulk_method if request.method == BULK else request.method
    document = {"requestId": request.id, "method": method, "status": word}
    if completion is not None:
        document |= _ended(request, completion.outcome)
        document["completedAt"] = stamp(completion.at)
    return document


def _ended(request: AcceptedRequest, outcome: RequestOutcome) -> Document:
    """Return result, errors and steps of a request that has ended."""
    behaviour, is_full = request.provider.behaviour, request.method == "full-check"
    result = result_of(request.method, request.fields, behaviour)
    steps = dict.fromkeys(STEPS, "ok")
    if outcome is RequestOutcome.COMPLETED:
        return {"result": result, **({"stepStatuses": steps} if is_full else {})}

    if outcome is RequestOutcome.BUSINESS_ERROR:
        error = {"class": behaviour.business_class, "message": "Nothing was found"}
    else:
        error = {"class": behaviour.temporary_class, "message": "Try again later"}
    if behaviour.echoes_input:
        error["message"] += f" for {request.fields}"
    if outcome is RequestOutcome.PARTIAL:
        del result[_FAILING_STEP]
        steps[_FAILING_STEP] = "failed"
        errors = {_FAILING_STEP: error}
        return {"stepStatuses": steps, "result": result, "error": errors}
    if not is_full:
        return {"error": error}
    by_step = behaviour.step_errors_when_failed
    return {
        "stepStatuses": dict.fromkeys(STEPS, "failed"),
        "error": dict.fromkeys(STEPS, error) if by_step else error,
    }
