"""Routes: the table of the API's operations.

The handler routes and validates requests by it, API Gateway's routes and request models
come from it, and so does the OpenAPI document.
"""

from dataclasses import dataclass

from functions.api import problems, request_schemas
from functions.api.json_schema import Schema
from functions.api.problems import ProblemType
from functions.api.request_schemas import Extensions, Types
from functions.core.model import Outcome

#: The filter value for jobs without an outcome.
RUNNING = "running"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
#: More than ten times what the largest valid request needs.
MAX_BODY_BYTES = 16 * 1024

#: Outcomes after which a job can be retried; a partial batch can be, too, if some of
#: its requests may still succeed, and a job whose rows could not be joined.
RETRYABLE_OUTCOMES = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of the path, which is required, or of the query or the headers."""

    name: str
    place: str  # path, query or header
    schema: Schema
    description: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path: its parameters, its body and its responses."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    status: int
    response_schema: str  # a name in functions.api.response_schemas
    problems: tuple[ProblemType, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    body_is_required: bool = True

    def parameters_in(self, place: str) -> tuple[Parameter, ...]:
        """Return the parameters of one place."""
        return tuple(p for p in self.parameters if p.place == place)


_JOB_ID = Parameter(
    name="job_id",
    place="path",
    # Any text is valid: an id in another form is one of a job that is not found.
    schema={"type": "string", "minLength": 1},
    description="The job's id, 64 hexadecimal digits, or its first 8 or more, if only "
    "one of the newest 10,000 jobs begins with them.",
)
_ATTEMPT = Parameter(
    name="attempt",
    place="query",
    schema={"type": "integer", "minimum": 1, "maximum": 1_000_000},
    description="One of the job's attempts; without it, the latest.",
)
_IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    schema={"type": "string", "pattern": "^[!-~]{1,128}$"},
    description="Your key for one request: repeated with the same body, it returns the "
    "same job; with another body it is refused.",
)
_ALWAYS = (problems.FORBIDDEN, problems.THROTTLED, problems.UNAVAILABLE)


def operations(types: Types, extensions: Extensions) -> tuple[Operation, ...]:
    """Return all operations, with request schemas for these providers."""
    return (
        Operation(
            name="createUpload",
            method="POST",
            path="/uploads",
            summary="Get a form for uploading one file",
            description="Post these fields and then the file within 15 minutes. The "
            "upload starts a job by itself.",
            body=request_schemas.upload_schema(types, extensions),
            status=201,
            response_schema="Upload",
            problems=(*_BODY, *_ALWAYS),
        ),
        Operation(
            name="startJob",
            method="POST",
            path="/jobs",
            summary="Start a job",
            description="For a job that the provider already has, or for an object in "
            "the inbox bucket. Either has one job, however often and by whomever it is "
            "requested or uploaded. `fresh` asks for another job.",
            parameters=(_IDEMPOTENCY_KEY,),
            body=request_schemas.job_schema(types),
            status=202,
            response_schema="Job",
            problems=(
                *_BODY,
                problems.KEY_REUSED,
                problems.OPTIONS_TOO_LATE,
                *_ALWAYS,
            ),
        ),
        Operation(
            name="listJobs",
            method="GET",
            path="/jobs",
            summary="List jobs, newest first",
            description="A page can have fewer jobs than its limit, even none, and "
            "still a `next`: request pages until `next` is null.",
            parameters=_filters(types),
            status=200,
            response_schema="JobList",
            problems=(problems.REQUEST_INVALID, *_ALWAYS),
        ),
        Operation(
            name="forgetValues",
            method="POST",
            path="/memory/forget",
            summary="Forget the verdicts of values",
            description="It says of how many there was one. Jobs and results stay.",
            body=request_schemas.forget_schema(types),
            status=200,
            response_schema="Forgotten",
            problems=(*_BODY, *_ALWAYS),
        ),
        _on_job(
            "getJob",
            "GET",
            "",
            "Get a job",
            "The job of an upload exists as soon as its execution begins.",
        ),
        _on_job(
            "getTimeline",
            "GET",
            "/timeline",
            "Get the states that a job passed, with times",
            "From the latest 5,000 events of the job's current attempt.",
            response_schema="Timeline",
        ),
        _on_job(
            "getResults",
            "GET",
            "/results",
            "Get the manifest and links to the results",
            "The links are valid for five minutes, for whoever has them.",
            response_schema="Results",
            problem_types=(
                problems.RESULTS_NOT_READY,
                problems.RESULTS_EXPIRED,
                problems.JOB_ERASED,
            ),
        ),
        _on_job(
            "getError",
            "GET",
            "/error",
            "Get a link to the provider's words about a failure",
            "Of a batch without results there is a line for each row. The link is "
            "valid for five minutes, for whoever has it.",
            parameters=(_ATTEMPT,),
            response_schema="ErrorDetails",
            problem_types=(
                problems.REQUEST_INVALID,
                problems.NO_ERROR_DETAILS,
                problems.RESULTS_EXPIRED,
                problems.JOB_ERASED,
            ),
        ),
        _on_job(
            "approveJob",
            "POST",
            "/approve",
            "Approve the quote of a job",
            "The job is submitted, and paid for. Approving it again changes nothing.",
            problem_types=(problems.JOB_NOT_QUOTED,),
        ),
        _on_job(
            "checkJob",
            "POST",
            "/check",
            "Check a job now",
            "A wait for a webhook is ended, so that the job checks itself. In any "
            "other wait the provider is asked once, and nothing changes but the answer "
            "that is returned.",
            response_schema="Check",
            problem_types=problems.NO_CHECK,
        ),
        _on_job(
            "cancelJob",
            "POST",
            "/cancel",
            "Stop following a job",
            "What was submitted stays at the provider and is paid.",
            problem_types=(problems.JOB_ENDED,),
        ),
        _on_job(
            "retryJob",
            "POST",
            "/retry",
            "Retry a job that failed, timed out, was cancelled or is unjoined, or a "
            "partial batch",
            "It continues where it stopped: only requests that the provider has "
            "reported as failed are sent, and paid for, again (`retry` of the job says "
            "how many). A list of which nothing was sent is read as the body says.",
            body=request_schemas.retry_schema(),
            status=202,
            problem_types=(
                *(*_BODY, problems.JOB_RUNNING, problems.JOB_NOT_RETRYABLE),
                *(problems.OPTIONS_TOO_LATE, problems.JOB_ERASED),
            ),
        ),
        _on_job(
            "eraseJob",
            "POST",
            "/erase",
            "Erase what is stored of a job",
            "All versions of its source, of what was made of it and of its results, "
            "and its names. Its numbers stay. Until `erased_at` is set, repeat the "
            "request: it goes on.",
            problem_types=(problems.JOB_RUNNING,),
        ),
    )


_BODY = (problems.REQUEST_INVALID, problems.TOO_LARGE, problems.NOT_JSON)


def _on_job(
    name: str,
    method: str,
    subpath: str,
    summary: str,
    description: str,
    *,
    status: int = 200,
    response_schema: str = "Job",
    parameters: tuple[Parameter, ...] = (),
    body: Schema | None = None,
    problem_types: tuple[ProblemType, ...] = (),
) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=f"/jobs/{{job_id}}{subpath}",
        summary=summary,
        description=description,
        parameters=(_JOB_ID, *parameters),
        body=body,
        body_is_required=False,
        status=status,
        response_schema=response_schema,
        problems=(
            problems.JOB_NOT_FOUND,
            problems.JOB_ID_AMBIGUOUS,
            *problem_types,
            *_ALWAYS,
        ),
    )


def _filters(types: Types) -> tuple[Parameter, ...]:
    def query(name: str, description: str, **schema: object) -> Parameter:
        return Parameter(
            name=name, place="query", schema=schema, description=description
        )

    outcomes = [str(outcome) for outcome in Outcome if outcome]
    return (
        query(
            "outcome",
            "Only jobs with this outcome, or jobs that have not ended.",
            type="string",
            enum=[*outcomes, RUNNING],
        ),
        query(
            "provider", "Only jobs of this provider.", type="string", enum=sorted(types)
        ),
        query(
            "day",
            "Only jobs received on this day, in UTC.",
            type="string",
            format="date",
            pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        ),
        query(
            "limit",
            f"The most jobs of a page, by default {DEFAULT_PAGE_SIZE}.",
            type="integer",
            minimum=1,
            maximum=MAX_PAGE_SIZE,
        ),
        query(
            "cursor",
            "The `next` of the previous page, with the same filters.",
            type="string",
            maxLength=512,
        ),
    )
