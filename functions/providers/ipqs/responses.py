"""IPQS' responses: translate them into phases, links and errors of ours.

What is known about them is in docs/providers/ipqs.md, which explains the marks [V],
[T], [I] and [U]. Raw answers repeat the key in `status_url` and contain live links:
only numbers, texts of our own and, by `finished_links`, the links leave this module.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from functions.core.errors import (
    AnswerUnreadable,
    CourierError,
    CredentialsRejected,
    OutOfCredits,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.core.model import Phase, StatusReport
from functions.core.provider_settings import IpqsSettings
from functions.core.strict_json import parse_answer
from functions.providers.provider_words import sanitize_word
from functions.providers.transport.http import HttpResponse, retry_after

#: The status words [V]; ERROR is [T]. An unknown word counts as running.
PHASES = {
    "NEW": Phase.QUEUED,
    "PROCESSING": Phase.RUNNING,
    "UNIQUE_RESULTS": Phase.RUNNING,
    "FINALIZING": Phase.FINALIZING,
    "FINISHED": Phase.FINISHED,
    "ERROR": Phase.FAILED,
}
#: The kinds of results [V].
KINDS = IpqsSettings.list_kinds

#: IPQS answers 403 to too many calls [V]; others report 429.
_THROTTLED = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
#: The 4xx that are about this moment, not about the request.
_TEMPORARY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
_REFUSED_BY_STATUS: dict[int, type[CourierError]] = {
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.PAYMENT_REQUIRED: OutOfCredits,
    HTTPStatus.NOT_FOUND: ProviderLostJob,
}
#: Parts of the messages of refusals [T], in lower case.
_REFUSED_BY_MESSAGE: dict[str, type[CourierError]] = {
    "unauthorized key": CredentialsRejected,
    "insufficient credits": OutOfCredits,
    "exceeded your request quota": OutOfCredits,
}

_MAX_INT64 = 2**63 - 1

IpqsResponse = Mapping[str, Any]


def parse_response(response: HttpResponse, *, now: float) -> IpqsResponse:
    """Return the JSON object of an answer that reports success.

    Raises:
        ProviderThrottled, ProviderUnavailable, AnswerUnreadable: Ask again.
        CredentialsRejected, OutOfCredits, ProviderLostJob, ProviderRejected: The
            call was plainly refused and changed nothing.
    """
    status = response.status
    fact = f"the provider answered {status}"
    is_4xx = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_4xx and (refusal := _refusal_in_body(response.body)):
        raise refusal
    if status in _THROTTLED:
        raise ProviderThrottled(fact, hint=retry_after(response.headers, now=now))
    if status in _REFUSED_BY_STATUS:
        raise _REFUSED_BY_STATUS[status](fact)
    if is_4xx and status not in _TEMPORARY:
        raise ProviderRejected(fact)
    if status != HTTPStatus.OK:  # redirects included, since none is followed
        raise ProviderUnavailable(fact)

    answer = parse_answer(response.body)
    if answer.get("success") is False:
        raise _refusal(answer.get("message")) or ProviderRejected(
            "the provider answered that the call did not succeed"
        )
    if answer.get("success") is not True:
        raise AnswerUnreadable("the answer does not say whether the call succeeded")
    return answer


def status_report(answer: IpqsResponse) -> StatusReport:
    """Return what a status answer means, without the links in it."""
    word = answer.get("status")
    phase = PHASES.get(word) if isinstance(word, str) else None
    is_finished = phase is Phase.FINISHED
    kinds = tuple(_links(answer)) if is_finished else ()
    invalid = answer.get("invalid_records")
    return StatusReport(
        phase=Phase.ABORTED
        if answer.get("aborted") is True
        else phase or Phase.RUNNING,
        kinds=kinds,
        absent=tuple(kind for kind in KINDS if is_finished and kind not in kinds),
        invalid=invalid if type(invalid) is int and invalid >= 0 else 0,
        unknown_word="" if phase else sanitize_word(word),
    )


def csv_id(answer: IpqsResponse) -> int:
    """Return the id of the CSV that an answer is about.

    Raises:
        AnswerUnreadable: It is not a positive int64.
    """
    number = answer.get("id")
    if type(number) is not int or not 0 < number <= _MAX_INT64:
        raise AnswerUnreadable("the answer has no valid id")
    return number


def credits_in(answer: IpqsResponse) -> int | None:
    """Return how many credits an account's answer says are left; None for none.

    The member is `credits` [V]; one client expects `credits_remaining` [T]. The usages
    beside it do not add up in the documentation's example, so nothing is subtracted.
    """
    for name in ("credits", "credits_remaining"):
        number = answer.get(name)
        if type(number) is int and 0 <= number <= _MAX_INT64:
            return number
    return None


def finished_links(answer: IpqsResponse) -> dict[str, str]:
    """Return the links by kind of a finished file, which no later answer takes back.

    Those of any other file may lead to a part of a result.

    Raises:
        AnswerUnreadable: The links have another shape.
    """
    is_finished = status_report(answer).phase is Phase.FINISHED
    return _links(answer) if is_finished else {}


def _links(answer: IpqsResponse) -> dict[str, str]:
    """Return the links; null, empty or missing means an empty category [I]."""
    downloads = answer.get("downloads")
    if not downloads:  # PHP writes an empty object as an empty list
        return {}
    if not isinstance(downloads, dict):
        raise AnswerUnreadable("the answer's links are not named by kind")
    links = {kind: downloads[kind] for kind in KINDS if downloads.get(kind)}
    if not all(isinstance(link, str) for link in links.values()):
        raise AnswerUnreadable("the answer has a link that is not a string")
    return links


def _refusal(message: object) -> CourierError | None:
    """Return the error of a known message, which itself could repeat the key."""
    text = message.lower() if isinstance(message, str) else ""
    for part, error in _REFUSED_BY_MESSAGE.items():
        if part in text:
            return error(f"the provider answered: {part}")
    return None


def _refusal_in_body(body: bytes) -> CourierError | None:
    """Return the error of a refusal that came with a 4xx status [U]."""
    try:
        answer = parse_answer(body)
    except AnswerUnreadable:
        return None
    return _refusal(answer.get("message")) if answer.get("success") is False else None
