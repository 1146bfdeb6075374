"""Problems: what the API says when it does not do what was asked (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A sort of problem; its name is a promise to clients, its title is for people."""

    name: str
    status: HTTPStatus
    title: str

    @property
    def type(self) -> str:
        """The URI by which clients tell this problem from others."""
        return f"urn:verdict-courier:problem:{self.name}"

    def document(self, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Give the problem document, with members besides the usual ones."""
        usual = {"type": self.type, "title": self.title, "status": int(self.status)}
        return usual | members


REQUEST_INVALID = ProblemType(
    "request-invalid",
    HTTPStatus.BAD_REQUEST,
    "The request is not what the API's description asks for.",
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
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    HTTPStatus.CONFLICT,
    "This job was asked for before, with another body.",
)
JOB_ENDED = ProblemType("job-ended", HTTPStatus.CONFLICT, "The job has ended already.")
JOB_RUNNING = ProblemType(
    "job-running", HTTPStatus.CONFLICT, "The job has not ended yet."
)
JOB_NOT_RETRYABLE = ProblemType(
    "job-not-retryable",
    HTTPStatus.CONFLICT,
    "Only a job that failed or timed out can be retried.",
)
RESULTS_NOT_READY = ProblemType(
    "results-not-ready", HTTPStatus.CONFLICT, "The job has brought no results so far."
)
RESULTS_EXPIRED = ProblemType(
    "results-expired", HTTPStatus.GONE, "The results were kept for their time."
)
TOO_LARGE = ProblemType(
    "request-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
)
NOT_JSON = ProblemType(
    "not-json", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body has to be JSON."
)
THROTTLED = ProblemType(
    "throttled", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; try again later."
)
INTERNAL = ProblemType(
    "internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong on our side."
)
UNAVAILABLE = ProblemType(
    "unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Try the same request again later."
)


#: The type of what API Gateway refuses for reasons of its own.
REFUSED = "urn:verdict-courier:problem:refused"


class Problem(Exception):
    """Why a request is not carried out; nothing personal is in it.

    `errors` are the places of the request that are wrong (see
    `functions.api.json_schema`), `members` what else the document says.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str = "",
        *,
        errors: tuple[Mapping[str, str], ...] = (),
        **members: str,
    ) -> None:
        super().__init__(kind.name)
        self.type = kind
        self._detail = detail
        self._errors = errors
        self._members = members

    def document(self) -> dict[str, Any]:
        """Give the problem document."""
        members: dict[str, Any] = dict(self._members)
        if self._detail:
            members["detail"] = self._detail
        if self._errors:
            members["errors"] = [dict(error) for error in self._errors]
        return self.type.document(**members)
