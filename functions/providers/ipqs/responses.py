"""IPQS' answers: what they mean.

What is known of them, and how surely, stands in docs/providers/ipqs.md; the marks
below are its. Raw answers repeat the key in `status_url` and carry live links: what
leaves this module is numbers, our own words and, from `links_of`, the links.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from functions.core.errors import (
    AnswerUnreadable,
    CredentialsRejected,
    OutOfCredits,
    PermanentError,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.core.model import Phase, StatusReport
from functions.providers.provider_words import sanitize_word
from functions.providers.strict_json import parse_object
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
KINDS = ("pristine", "clean", "bad", "all")  # [V]

#: 403 is IPQS' word for too many calls [V], others report 429.
_THROTTLED = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
#: The 4xx that speak of this moment, not of the request.
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
_REFUSED: dict[int, type[PermanentError]] = {
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.PAYMENT_REQUIRED: OutOfCredits,
    HTTPStatus.NOT_FOUND: ProviderLostJob,
}
#: Sentences of refusals [T], recognised by what is in them, in lower case.
_REFUSALS: tuple[tuple[str, type[PermanentError]], ...] = (
    ("unauthorized key", CredentialsRejected),
    ("insufficient credits", OutOfCredits),
    ("exceeded your request quota", OutOfCredits),
)

_MOST_ID = 2**63 - 1

IpqsResponse = Mapping[str, Any]


def parse_response(reply: HttpResponse, *, now: float) -> IpqsResponse:
    """Read an answer that says that it succeeded.

    Raises:
        ProviderThrottled, ProviderUnavailable, AnswerUnreadable: Ask again.
        CredentialsRejected, OutOfCredits, ProviderLostJob, ProviderRejected: It
            plainly refused, and carried out nothing.
    """
    status = reply.status
    said = f"the provider answered {status}"
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if refused and (known := _known_refusal(reply.body)):
        raise known
    if status in _THROTTLED:
        hint = retry_after(reply.headers, now=now)
        raise ProviderThrottled(said, hint=hint)
    if status in _REFUSED:
        raise _REFUSED[status](said)
    if refused and status not in _PASSING:
        raise ProviderRejected(said)
    if status != HTTPStatus.OK:  # a redirect too: we follow none
        raise ProviderUnavailable(said)

    answer = parse_object(reply.body)
    if answer.get("success") is False:
        raise _refusal(answer.get("message")) or ProviderRejected(
            "the provider answered that it did not succeed"
        )
    if answer.get("success") is not True:
        raise AnswerUnreadable("the answer does not say whether it succeeded")
    return answer


def status_report(answer: IpqsResponse) -> StatusReport:
    """Say what a status answer means; the links that it mints are dropped."""
    word = answer.get("status")
    phase = PHASES.get(word) if isinstance(word, str) else None
    unknown = "" if phase else sanitize_word(word)

    finished = phase is Phase.FINISHED
    links = download_links(answer) if finished else {}
    aborted = answer.get("aborted") is True
    return StatusReport(
        phase=Phase.ABORTED if aborted else phase or Phase.RUNNING,
        kinds=tuple(links),
        absent=tuple(kind for kind in KINDS if finished and kind not in links),
        invalid=_count(answer.get("invalid_records")),
        unknown_word=unknown,
    )


def csv_id(answer: IpqsResponse) -> int:
    """Give the number of the CSV that an answer speaks of."""
    number = answer.get("id")
    if type(number) is not int or not 0 < number <= _MOST_ID:
        raise AnswerUnreadable("the answer has no id that can be one")
    return number


def download_links(answer: IpqsResponse) -> dict[str, str]:
    """Give the links by kind; null, empty or missing means an empty category [I]."""
    downloads = answer.get("downloads")
    if not downloads:  # an empty object of PHP's shows as an empty list, too
        return {}
    if not isinstance(downloads, dict):
        raise AnswerUnreadable("the answer's links are not named by kind")
    links = {kind: downloads[kind] for kind in KINDS if downloads.get(kind)}
    if not all(isinstance(link, str) for link in links.values()):
        raise AnswerUnreadable("the answer has a link that is not a text")
    return links


def _count(number: object) -> int:
    return number if type(number) is int and number >= 0 else 0


def _refusal(message: object) -> PermanentError | None:
    """Recognise a refusal; its own words could repeat the key or a row of the list."""
    text = message.lower() if isinstance(message, str) else ""
    for part, error in _REFUSALS:
        if part in text:
            return error(f"the provider says: {part}")
    return None


def _known_refusal(body: bytes) -> PermanentError | None:
    """Recognise a refusal that came with a status which is not a good one [U]."""
    try:
        answer = parse_object(body)
    except AnswerUnreadable:
        return None
    return _refusal(answer.get("message")) if answer.get("success") is False else None
