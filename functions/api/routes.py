"""Contract: every operation of the API, as data.

The handler routes and validates by this table, API Gateway gets its models from it,
and the OpenAPI document is written from it.
"""

from dataclasses import dataclass

from functions.api import problems, request_schemas
from functions.api.json_schema import Schema
from functions.api.problems import ProblemType
from functions.api.request_schemas import Extensions, Types
from functions.core.model import Outcome

#: The pseudo-outcome of a job that has none yet.
RUNNING = "running"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 100
#: No request of ours needs a tenth of it.
MAX_BODY_BYTES = 16 * 1024

#: Jobs that a retry can bring further.
RETRYABLE_OUTCOMES = (Outcome.FAILED, Outcome.TIMED_OUT)
#: Jobs that have results.
WITH_RESULTS = (Outcome.SUCCEEDED, Outcome.PARTIAL)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A part of the address or a header; those of the path are always there."""

    name: str
    place: str  # path, query or header
    schema: Schema
    description: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path: what it takes and what it answers."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    status: int
    response_schema: str  # one of functions.api.response_schemas
    problems: tuple[ProblemType, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None

    def parameters_in(self, place: str) -> tuple[Parameter, ...]:
        """Give the parameters of one place."""
        return tuple(known for known in self.parameters if known.place == place)


_JOB_ID = Parameter(
    name="job_id",
    place="path",
    # Any text is well-formed: what names no job is not found, whatever its form.
    schema={"type": "string", "minLength": 1},
    description="The job's id, 64 hexadecimal digits.",
)
_IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    schema={"type": "string", "pattern": "^[!-~]{1,128}$"},
    description="Yours, for one job: the same key and body give the same job again.",
)
_ALWAYS = (problems.FORBIDDEN, problems.THROTTLED, problems.UNAVAILABLE)


def operations(types: Types, endings: Extensions) -> tuple[Operation, ...]:
    """Give the table; which words a request may use depends on the providers."""
    return (
        Operation(
            name="createUpload",
            method="POST",
            path="/uploads",
            summary="Get a form for uploading one file",
            description="Post the file with these fields, the file last, within 15 "
            "minutes. That starts a job by itself.",
            body=request_schemas.upload_schema(types, endings),
            status=201,
            response_schema="Upload",
            problems=(*_BODY, *_ALWAYS),
        ),
        Operation(
            name="startJob",
            method="POST",
            path="/jobs",
            summary="Start a job",
            description="For something that is at the provider already, or for an "
            "object in the inbox. Without an Idempotency-Key that thing has one job, "
            "however often it is asked for; with one, each key is a job of its own.",
            parameters=(_IDEMPOTENCY_KEY,),
            body=request_schemas.job_schema(types),
            status=202,
            response_schema="Job",
            problems=(*_BODY, problems.KEY_REUSED, *_ALWAYS),
        ),
        Operation(
            name="listJobs",
            method="GET",
            path="/jobs",
            summary="List jobs, newest first",
            description="A page can be shorter than its limit, even empty, and still "
            "have a `next`: go on until there is none.",
            parameters=_filters(types),
            status=200,
            response_schema="JobList",
            problems=(problems.REQUEST_INVALID, *_ALWAYS),
        ),
        _on_job(
            "getJob",
            "GET",
            "",
            "See how a job is doing",
            "An upload's job appears as soon as its submission has begun.",
        ),
        _on_job(
            "getTimeline",
            "GET",
            "/timeline",
            "See which states a job passed, and when",
            "Of its current attempt, the latest 5,000 events at the most.",
            gives="Timeline",
        ),
        _on_job(
            "getResults",
            "GET",
            "/results",
            "Get the manifest, and links to the results",
            "The links are good for five minutes, for whoever has them.",
            gives="Results",
            refusals=(problems.RESULTS_NOT_READY, problems.RESULTS_EXPIRED),
        ),
        _on_job(
            "cancelJob",
            "POST",
            "/cancel",
            "Stop following a job",
            "What was submitted stays at the provider, and paid.",
            refusals=(problems.JOB_ENDED,),
        ),
        _on_job(
            "retryJob",
            "POST",
            "/retry",
            "Go on with a job that failed or timed out",
            "Nothing is submitted a second time.",
            status=202,
            refusals=(problems.JOB_RUNNING, problems.JOB_NOT_RETRYABLE),
        ),
    )


_BODY = (problems.REQUEST_INVALID, problems.TOO_LARGE, problems.NOT_JSON)


def _on_job(
    name: str,
    method: str,
    end: str,
    summary: str,
    says: str,
    *,
    status: int = 200,
    gives: str = "Job",
    refusals: tuple[ProblemType, ...] = (),
) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=f"/jobs/{{job_id}}{end}",
        summary=summary,
        description=says,
        parameters=(_JOB_ID,),
        status=status,
        response_schema=gives,
        problems=(problems.JOB_NOT_FOUND, *refusals, *_ALWAYS),
    )


def _filters(types: Types) -> tuple[Parameter, ...]:
    def query(name: str, says: str, **schema: object) -> Parameter:
        return Parameter(name=name, place="query", schema=schema, description=says)

    outcomes = [str(outcome) for outcome in Outcome if outcome]
    return (
        query(
            "outcome",
            "Only jobs that ended so, or that have not ended.",
            type="string",
            enum=[*outcomes, RUNNING],
        ),
        query("provider", "Only this one's.", type="string", enum=sorted(types)),
        query(
            "day",
            "Only jobs received on this day, in UTC.",
            type="string",
            format="date",
            pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        ),
        query(
            "limit",
            f"How many a page has at the most; {DEFAULT_PAGE_SIZE} unless told.",
            type="integer",
            minimum=1,
            maximum=MAX_PAGE_SIZE,
        ),
        query(
            "cursor",
            "The `next` of the page before, with the same filters.",
            type="string",
            maxLength=512,
        ),
    )
