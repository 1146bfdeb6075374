"""TxnCheck's responses: translate them into phases, results and errors of ours.

What is known about them is in docs/providers/txncheck.md, which explains the marks [V],
[I] and [U]. Answers contain personal data, and error messages may repeat the request:
only texts of our own leave this module, and what is for the results bucket: the
`result_document`, and the `errors` of a `StatusReport`.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from functions.core.errors import (
    AccountRefused,
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    CredentialsRejected,
    LinkSpent,
    OutOfCredits,
    ProviderDeclined,
    ProviderFailed,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.core.model import Phase, StatusReport
from functions.core.result_keys import SINGLE_RESULT_KIND
from functions.core.strict_json import parse_answer
from functions.providers.provider_words import message_of, sanitize_word
from functions.providers.transport.http import HttpResponse, retry_after

#: The status words [V]. An unknown word counts as running.
PHASES = {
    "QUEUED": Phase.QUEUED,
    "PROCESSING": Phase.RUNNING,
    "COMPLETED": Phase.FINISHED,
    "PARTIAL": Phase.PARTIAL,
    "FAILED": Phase.FAILED,
}
_WITH_RESULT = (Phase.FINISHED, Phase.PARTIAL)
_TERMINAL = (*_WITH_RESULT, Phase.FAILED)

#: The members of an error [V].
_ERROR_MEMBERS = ("class", "message")
#: The class of errors that the same request would meet again [V]; others may come.
_FINAL_ERROR_CLASS = "PROVIDER_BUSINESS_ERROR"
#: The 4xx that are about this moment, not about the request.
_TEMPORARY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
_REFUSED: dict[int, type[CourierError]] = {
    HTTPStatus.BAD_REQUEST: ProviderRejected,
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.PAYMENT_REQUIRED: OutOfCredits,
    HTTPStatus.FORBIDDEN: AccountRefused,
    HTTPStatus.NOT_FOUND: ProviderLostJob,
}
#: Part of the message where a signature is refused only because it is too old [V].
_TIMESTAMP_EXPIRED = "timestamp expired"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")

TxncheckResponse = Mapping[str, Any]


def is_request_id(reference: object) -> bool:
    """Return whether something can be a request's id: a UUID [V] or similar."""
    return isinstance(reference, str) and _REQUEST_ID.fullmatch(reference) is not None


def parse_response(response: HttpResponse, *, now: float) -> TxncheckResponse:
    """Return the JSON object of an answer that is not a refusal.

    Raises:
        ProviderThrottled, ProviderUnavailable, AnswerUnreadable: Ask again.
        CredentialsRejected, AccountRefused, OutOfCredits, ProviderLostJob,
            ProviderRejected: The call was plainly refused.
    """
    status = response.status
    fact = f"the provider answered {status}"
    is_4xx = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderThrottled(fact, hint=retry_after(response.headers, now=now))
    if is_4xx and status not in _TEMPORARY:
        media_type = response.headers.get("Content-Type", "").strip().lower()
        is_html = media_type.startswith("text/html")
        if is_html or response.body.lstrip().startswith(b"<"):
            # It comes from a proxy or a firewall, which knows nothing about requests.
            raise AnswerUnreadable(f"{fact} with an HTML page")
        raise _REFUSED.get(status, ProviderRejected)(fact)
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):  # redirects included
        raise ProviderUnavailable(fact, hint=retry_after(response.headers, now=now))
    return parse_answer(response.body)


def accepted_request_id(response: HttpResponse, *, now: float) -> str:
    """Return the id of the request that an answer says was accepted.

    Raises:
        AnswerLost: The request may have been accepted, and there is no list to look
            in. Every other error is a documented refusal.
    """
    try:
        reference = parse_response(response, now=now).get("requestId")
        if isinstance(reference, str) and is_request_id(reference):
            return reference
    except ProviderLostJob:
        raise ProviderRejected("the provider does not know the call") from None
    except ProviderRejected as error:
        if response.status in _REFUSED:
            raise ProviderRejected(str(error), said=_said(response)) from None
    except ProviderUnavailable:
        # A 503 is a refusal only in the form that TxnCheck has for errors [V].
        if (
            response.status == HTTPStatus.SERVICE_UNAVAILABLE
            and _json_fields(response.body).get("statusCode") == response.status
        ):
            raise
    except AnswerUnreadable:
        pass  # raised as AnswerLost below
    raise AnswerLost("the answer does not say whether the request was accepted")


def is_timestamp_expired(response: HttpResponse) -> bool:
    """Return whether a signature was refused only because it is too old."""
    if response.status != HTTPStatus.UNAUTHORIZED:
        return False
    texts = _texts(_json_fields(response.body).get("message"))
    return any(_TIMESTAMP_EXPIRED in text.lower() for text in texts)


def status_report(answer: TxncheckResponse) -> StatusReport:
    """Return what the answer to a check means.

    Raises:
        AnswerUnreadable: It has a result that is not a JSON object.
    """
    word = answer.get("status")
    phase = PHASES.get(word) if isinstance(word, str) else None
    kinds = (SINGLE_RESULT_KIND,) if phase in _WITH_RESULT and _result(answer) else ()
    is_final = _error_class(answer.get("error")) == _FINAL_ERROR_CLASS
    failure = ProviderDeclined if is_final else ProviderFailed
    return StatusReport(
        phase=phase or Phase.RUNNING,
        kinds=kinds,
        absent=(SINGLE_RESULT_KIND,) if phase in _WITH_RESULT and not kinds else (),
        unknown_word="" if phase else sanitize_word(word),
        final_error=failure.__name__ if phase is Phase.FAILED else "",
        provider_finished_at=_unix_seconds(answer.get("completedAt"))
        if phase in _TERMINAL
        else 0.0,
        errors=_errors(answer.get("error")) if phase is Phase.FAILED else {},
        webhook_status=sanitize_word(answer["webhookStatus"])
        if isinstance(answer.get("webhookStatus"), str)
        else "",
    )


def result_document(answer: TxncheckResponse) -> bytes:
    """Return the result of a finished request as one JSON object on one line.

    It has `status`, `method`, `createdAt` and `completedAt` where they are strings,
    `result` and `stepStatuses` as the provider wrote them, and `errors`: class and
    message of each step's error. What changes from answer to answer is left out.

    Raises:
        LinkSpent: The request has no result, not yet or not any more.
    """
    if not status_report(answer).kinds:
        raise LinkSpent("the request has no result, not yet or not any more")
    document: dict[str, Any] = {
        name: answer[name]
        for name in ("status", "method", "createdAt", "completedAt")
        if isinstance(answer.get(name), str)
    }
    document["result"] = _result(answer)
    document["stepStatuses"] = answer.get("stepStatuses") or {}
    document["errors"] = _errors(answer.get("error"))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _result(answer: TxncheckResponse) -> Mapping[str, Any]:
    result = answer.get("result")
    if result is None:
        return {}
    if not isinstance(result, dict):
        raise AnswerUnreadable("the answer's result is not a JSON object")
    return result


def _unix_seconds(timestamp: object) -> float:
    """Return the time of an ISO 8601 timestamp with a zone; 0 for anything else."""
    try:
        time = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else None
    except ValueError:
        return 0.0
    return time.timestamp() if time and time.tzinfo else 0.0


def _errors(error: object) -> dict[str, dict[str, str]]:
    """Return class and message of the errors by step [V], or of the whole request."""
    if not isinstance(error, dict):
        return {}
    is_of_request = any(isinstance(error.get(name), str) for name in _ERROR_MEMBERS)
    by_step = {"request": error} if is_of_request else error
    return {
        step: {
            "class": sanitize_word(_error_class(step_error)),
            **message_of(step_error.get("message")),
        }
        for step, step_error in by_step.items()
        if isinstance(step_error, dict)
    }


def _said(response: HttpResponse) -> dict[str, dict[str, str]]:
    """Return the message of a refusal [V], which may be a list of several [I]."""
    fields = _json_fields(response.body)
    message = "; ".join(_texts(fields.get("message")))
    if not message:
        return {}
    word = sanitize_word(fields.get("error"))
    return {"request": {"class": word, **message_of(message)}}


def _texts(message: object) -> list[str]:
    messages = message if isinstance(message, list) else [message]
    return [text for text in messages if isinstance(text, str)]


def _error_class(error: object) -> object:
    return error.get("class") if isinstance(error, dict) else None


def _json_fields(body: bytes) -> Mapping[str, Any]:
    try:
        return parse_answer(body)
    except AnswerUnreadable:
        return {}
