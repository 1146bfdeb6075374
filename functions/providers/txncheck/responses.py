"""TxnCheck's answers: what they mean.

What is known of them, and how surely, stands in docs/providers/txncheck.md; the
marks below are its. Answers hold personal data, error messages may repeat what was
asked: what leaves this module is our own words and, from `document_of`, the result.
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
    CredentialsRejected,
    LinkSpent,
    OutOfCredits,
    PermanentError,
    ProviderDeclined,
    ProviderFailed,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.core.model import Phase, StatusReport
from functions.providers.provider_words import sanitize_word
from functions.providers.strict_json import parse_object
from functions.providers.transport.http import HttpResponse, retry_after

#: The status words [V]. An unknown word counts as running.
PHASES = {
    "QUEUED": Phase.QUEUED,
    "PROCESSING": Phase.RUNNING,
    "COMPLETED": Phase.FINISHED,
    "PARTIAL": Phase.PARTIAL,
    "FAILED": Phase.FAILED,
}
KIND = "result"
_WITH_RESULT = (Phase.FINISHED, Phase.PARTIAL)
_OVER = (*_WITH_RESULT, Phase.FAILED)

#: The class of errors that would come again [V]; the set of classes is open.
_FINAL = "PROVIDER_BUSINESS_ERROR"
#: The 4xx that speak of this moment, not of the request.
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
_REFUSED: dict[int, type[PermanentError]] = {
    HTTPStatus.BAD_REQUEST: ProviderRejected,
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.PAYMENT_REQUIRED: OutOfCredits,
    HTTPStatus.FORBIDDEN: AccountRefused,
    HTTPStatus.NOT_FOUND: ProviderLostJob,
}
#: What a refused signature's sentence has in it where only its time was over [V].
_TOO_OLD = "timestamp expired"
_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")

TxncheckResponse = Mapping[str, Any]


def is_request_id(reference: object) -> bool:
    """Whether something can be a request's id: an UUID [V], or the like of one."""
    return isinstance(reference, str) and _ID.fullmatch(reference) is not None


def parse_response(reply: HttpResponse, *, now: float) -> TxncheckResponse:
    """Read an answer of TxnCheck's that is no refusal.

    Raises:
        ProviderThrottled, ProviderUnavailable, AnswerUnreadable: Ask again.
        CredentialsRejected, AccountRefused, OutOfCredits, ProviderLostJob,
        ProviderRejected: It plainly refused.
    """
    status = reply.status
    said = f"the provider answered {status}"
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderThrottled(said, hint=retry_after(reply.headers, now=now))
    if refused and status not in _PASSING:
        if _is_page(reply):  # of something on the way, which knows no request
            raise AnswerUnreadable(f"{said} with a page")
        raise _REFUSED.get(status, ProviderRejected)(said)
    if status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED):  # a redirect too
        raise ProviderUnavailable(said, hint=retry_after(reply.headers, now=now))
    return parse_object(reply.body)


def accepted_request_id(reply: HttpResponse, *, now: float) -> str:
    """Give the id of the request that an answer says was accepted.

    Raises:
        AnswerLost: It may have been accepted, and there is no list to look in.
            Every other error is a plain refusal: one of the documented answers.
    """
    try:
        reference = parse_response(reply, now=now).get("requestId")
        if isinstance(reference, str) and is_request_id(reference):
            return reference
    except ProviderLostJob:
        raise ProviderRejected("the provider does not know the call") from None
    except ProviderRejected:
        if reply.status in _REFUSED:
            raise
    except ProviderUnavailable:
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE and _is_own(reply):
            raise
    except AnswerUnreadable:
        pass  # it is said below
    raise AnswerLost("the answer does not say whether the request was accepted")


def is_timestamp_expired(reply: HttpResponse) -> bool:
    """Whether a signature was refused for its time alone."""
    if reply.status != HTTPStatus.UNAUTHORIZED:
        return False
    try:
        message = parse_object(reply.body).get("message")
    except AnswerUnreadable:
        return False
    said = message if isinstance(message, list) else [message]
    return any(_TOO_OLD in line.lower() for line in said if isinstance(line, str))


def status_report(answer: TxncheckResponse) -> StatusReport:
    """Say what the answer to a check means."""
    word = answer.get("status")
    phase = PHASES.get(word) if isinstance(word, str) else None
    kinds = (KIND,) if phase in _WITH_RESULT and _result(answer) else ()
    declined = _class(answer.get("error")) == _FINAL
    failure = ProviderDeclined if declined else ProviderFailed
    return StatusReport(
        phase=phase or Phase.RUNNING,
        kinds=kinds,
        absent=(KIND,) if phase in _WITH_RESULT and not kinds else (),
        unknown_word="" if phase else sanitize_word(word),
        final_error=failure.__name__ if phase is Phase.FAILED else "",
        finished_at=_moment(answer.get("completedAt")) if phase in _OVER else 0.0,
    )


def result_document(answer: TxncheckResponse) -> bytes:
    """Write down the result of a request that has ended: one JSON object, one line.

    It has `status`, `method`, `createdAt` and `completedAt` where they are texts,
    `result` and `stepStatuses` as the provider gave them, and `errors` with the
    class of each step's. Left out are the error messages, which may repeat what
    was asked, and what changes from one answer to the next.

    Raises:
        LinkSpent: There is no result, not yet or not any more.
    """
    look = status_report(answer)
    if not look.kinds:
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


def _moment(written: object) -> float:
    """Read a moment of ISO 8601 with its zone; 0 for what is not one, or has none."""
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return 0.0
    return moment.timestamp() if moment and moment.tzinfo else 0.0


def _errors(error: object) -> dict[str, dict[str, str]]:
    """Give the classes of errors by step [V], or of the only one there is."""
    if not isinstance(error, dict):
        return {}
    by_step = {"request": error} if isinstance(error.get("class"), str) else error
    return {
        step: {"class": sanitize_word(_class(each))}
        for step, each in by_step.items()
        if isinstance(each, dict)
    }


def _class(error: object) -> object:
    return error.get("class") if isinstance(error, dict) else None


def _is_page(reply: HttpResponse) -> bool:
    media_type = reply.headers.get("Content-Type", "").strip().lower()
    return media_type.startswith("text/html") or reply.body.lstrip().startswith(b"<")


def _is_own(reply: HttpResponse) -> bool:
    """Whether an error is told in the form that TxnCheck has for errors [V]."""
    try:
        return parse_object(reply.body).get("statusCode") == reply.status
    except AnswerUnreadable:
        return False
