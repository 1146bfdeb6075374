"""Problems: the error responses of the API, as RFC 9457 defines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A type of problem; clients rely on its name, and people read its title."""

    name: str
    status: HTTPStatus
    title: str

    @property
    def type(self) -> str:
        """The URI that identifies the type to clients."""
        return f"urn:verdict-courier:problem:{self.name}"

    def document(self, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Return the problem document, with further members."""
        status = int(self.status)
        return {"type": self.type, "title": self.title, "status": status, **members}


REQUEST_INVALID = ProblemType(
    "request-invalid",
    HTTPStatus.BAD_REQUEST,
    "The request does not match the API description.",
)
FORBIDDEN = ProblemType(
    "forbidden",
    HTTPStatus.FORBIDDEN,
    "The request is not signed, its signer may not do this, or there is no such route.",
)
ROUTE_NOT_FOUND = ProblemType(
    "route-not-found", HTTPStatus.NOT_FOUND, "There is no such route."
)
JOB_NOT_FOUND = ProblemType(
    "job-not-found", HTTPStatus.NOT_FOUND, "There is no such job."
)
JOB_ID_AMBIGUOUS = ProblemType(
    "job-id-ambiguous",
    HTTPStatus.CONFLICT,
    "Several jobs begin with these digits: give more of them.",
)
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    HTTPStatus.CONFLICT,
    "This job was requested before, or the key was used, with another body.",
)
OPTIONS_TOO_LATE = ProblemType(
    "options-too-late",
    HTTPStatus.CONFLICT,
    "The job began without these options: give them with the upload, ask for a fresh "
    "job, which is paid for, or retry one of which nothing was sent.",
)
JOB_ENDED = ProblemType("job-ended", HTTPStatus.CONFLICT, "The job has ended already.")
JOB_RUNNING = ProblemType(
    "job-running", HTTPStatus.CONFLICT, "The job has not ended yet."
)
JOB_NOT_QUOTED = ProblemType(
    "job-not-quoted",
    HTTPStatus.CONFLICT,
    "The job does not wait for approval: it needs none, is not prepared yet, or has "
    "ended.",
)
NOTHING_TO_CHECK = ProblemType(
    "nothing-to-check",
    HTTPStatus.CONFLICT,
    "There is nothing to ask the provider now.",
)
CHECKED_LATELY = ProblemType(
    "checked-lately",
    HTTPStatus.TOO_MANY_REQUESTS,
    "The job cannot be checked again yet.",
)
#: Of a check that a person asks for.
NO_CHECK = (JOB_ENDED, NOTHING_TO_CHECK, CHECKED_LATELY)
JOB_NOT_RETRYABLE = ProblemType(
    "job-not-retryable",
    HTTPStatus.CONFLICT,
    "Only a job that failed, timed out, was cancelled or is unjoined, or a batch with "
    "requests that may still succeed, can be retried.",
)
RESULTS_NOT_READY = ProblemType(
    "results-not-ready", HTTPStatus.CONFLICT, "The job has no results."
)
RESULTS_EXPIRED = ProblemType(
    "results-expired",
    HTTPStatus.GONE,
    "The results, or what the provider has said, were deleted after their retention "
    "period.",
)
JOB_ERASED = ProblemType(
    "job-erased", HTTPStatus.GONE, "What was stored of the job was erased."
)
NO_ERROR_DETAILS = ProblemType(
    "no-error-details",
    HTTPStatus.CONFLICT,
    "The provider has said nothing about a failure.",
)
TOO_LARGE = ProblemType(
    "request-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
)
NOT_JSON = ProblemType(
    "not-json", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be JSON."
)
THROTTLED = ProblemType(
    "throttled", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; try again later."
)
INTERNAL = ProblemType(
    "internal",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The request failed inside the service.",
)
UNAVAILABLE = ProblemType(
    "unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Try the same request again later."
)


#: The type of all other requests that API Gateway rejects.
REFUSED = "urn:verdict-courier:problem:refused"


class Problem(Exception):
    """Raised for a request that is not carried out; never holds personal data.

    `errors` are the invalid places of the request (see `functions.api.json_schema`),
    `retry_after` the seconds after which the same one may be carried out, 0 for never,
    and `members` further members of the document.
    """

    def __init__(
        self,
        type_: ProblemType,
        detail: str = "",
        *,
        errors: tuple[Mapping[str, str], ...] = (),
        retry_after: int = 0,
        **members: str,
    ) -> None:
        super().__init__(type_.name)
        self.type = type_
        self.retry_after = retry_after
        self._detail = detail
        self._errors = errors
        self._members = members

    def document(self) -> dict[str, Any]:
        """Return the problem document."""
        members: dict[str, Any] = dict(self._members)
        if self._detail:
            members["detail"] = self._detail
        if self._errors:
            members["errors"] = [dict(error) for error in self._errors]
        return self.type.document(**members)


def invalid(pointer: str, detail: str) -> Problem:
    """Return the problem of one place of a request that is not valid."""
    errors = ({"pointer": pointer, "detail": detail},)
    return Problem(REQUEST_INVALID, errors=errors)
