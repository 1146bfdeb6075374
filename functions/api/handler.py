"""Api: route a request to the front door, and write its answer or its problem."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import problems
from functions.api.execution_history import ExecutionHistory
from functions.api.job_query import JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import Event, read_request
from functions.api.routes import Operation, operations
from functions.api.service import Document, JobService
from functions.aws import clients, clock, telemetry
from functions.aws.executions import Executions
from functions.aws.job_store import JobStore
from functions.aws.results import Results
from functions.aws.settings import function_settings
from functions.core import keys
from functions.core.errors import AwsUnavailable, CourierError

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: Which method of the front door is which operation.
_HANDLERS: dict[str, Callable[..., Document]] = {
    "createUpload": JobService.create_upload,
    "startJob": JobService.start_job,
    "listJobs": JobService.list_jobs,
    "getJob": JobService.get_job,
    "getTimeline": JobService.get_timeline,
    "getResults": JobService.get_results,
    "cancelJob": JobService.cancel_job,
    "retryJob": JobService.retry_job,
}


@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway's."""
    return _app().resolve(dict(event), context)


@cache
def _app() -> APIGatewayRestResolver:
    app = APIGatewayRestResolver()
    door = _front_door()
    for operation in operations(door.settings.types, door.settings.extensions):
        rule = re.sub(r"{(\w+)}", r"<\1>", operation.path)
        app.route(rule, operation.method)(_answering(operation, door, app))

    @app.not_found
    def nowhere(_: Exception) -> Response[str]:
        # A job's id that no route would match is an unknown one like others.
        named = app.current_event.raw_event.get("pathParameters")
        return _refusal(
            Problem(problems.JOB_NOT_FOUND if named else problems.ROUTE_NOT_FOUND)
        )

    app.exception_handler(Problem)(_refusal)
    app.exception_handler(CourierError)(_failure)
    return app


def _answering(
    operation: Operation, door: JobService, app: APIGatewayRestResolver
) -> Callable[..., Response[str]]:
    method = _HANDLERS[operation.name]

    def answer(**_path: str) -> Response[str]:
        request = read_request(app.current_event.raw_event, operation)
        document = method(door, request, now=clock.now())
        telemetry.logger.info(
            "request answered",
            operation=operation.name,
            job_id=document.get("job_id", ""),
        )
        return _response(
            operation.status, document, "application/json", _place(operation, document)
        )

    return answer


def _place(operation: Operation, document: Document) -> dict[str, str]:
    accepted = operation.status == 202  # noqa: PLR2004 - HTTP's own number
    return {"Location": document["links"]["self"]} if accepted else {}


def _refusal(problem: Problem) -> Response[str]:
    telemetry.logger.info("request refused", problem=problem.type.name)
    kind = problem.type
    return _response(kind.status, problem.document(), problems.MEDIA_TYPE)


def _failure(error: CourierError) -> Response[str]:
    """Say that it did not work; why stands in the log only."""
    telemetry.logger.error(
        "request failed", error=type(error).__name__, reason=str(error)
    )
    if isinstance(error, AwsUnavailable):
        kind, headers = problems.UNAVAILABLE, {"Retry-After": "5"}
    else:
        kind, headers = problems.INTERNAL, {}
    return _response(kind.status, kind.document(), problems.MEDIA_TYPE, headers)


def _response(
    status: int,
    document: Document,
    media_type: str,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    return Response(
        status_code=int(status),
        content_type=media_type,
        body=json.dumps(document),
        headers={**_HEADERS, **(headers or {})},
    )


def _front_door() -> JobService:
    settings = function_settings(
        keys.ENV_JOBS_TABLE,
        keys.ENV_JOBS_RETENTION_DAYS,
        keys.ENV_INBOX_BUCKET,
        keys.ENV_RESULTS_BUCKET,
        keys.ENV_STATE_MACHINE,
        keys.ENV_PROVIDERS,
    )
    return JobService(
        job_store=JobStore.from_environment(),
        job_query=JobQuery(
            settings.jobs_table,
            dynamodb=clients.dynamodb(),
            keep_days=settings.jobs_retention_days,
        ),
        executions=Executions.from_environment(),
        history=ExecutionHistory(
            settings.state_machine, step_functions=clients.step_functions()
        ),
        results=Results.from_environment(),
        presigned_urls=PresignedUrls(s3=clients.signing_s3()),
        settings=settings,
    )
