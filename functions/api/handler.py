"""API: route a request to the job service; return its response or a problem."""

import json
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import problems
from functions.api.approver import Approver
from functions.api.erasing import erase_job
from functions.api.execution_history import ExecutionHistory
from functions.api.forgetting import forget_values
from functions.api.job_query import JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import Event, read_request
from functions.api.responses import Document
from functions.api.routes import Operation, operations
from functions.api.service import JobService
from functions.aws import clients, clock, telemetry
from functions.aws.approval_waits import ApprovalWaits
from functions.aws.approvals import Approvals
from functions.aws.executions import Executions
from functions.aws.idempotency_keys import IdempotencyKeys
from functions.aws.job_store import JobStore
from functions.aws.lambda_handler import lambda_handler
from functions.aws.results import Results
from functions.aws.settings import function_settings
from functions.core import keys
from functions.core.errors import AwsUnavailable, CourierError

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: The method of the service for each operation.
_HANDLERS: dict[str, Callable[..., Document]] = {
    "createUpload": JobService.create_upload,
    "startJob": JobService.start_job,
    "listJobs": JobService.list_jobs,
    "forgetValues": forget_values,
    "getJob": JobService.get_job,
    "getTimeline": JobService.get_timeline,
    "getResults": JobService.get_results,
    "getError": JobService.get_error,
    "approveJob": JobService.approve_job,
    "cancelJob": JobService.cancel_job,
    "retryJob": JobService.retry_job,
    "eraseJob": erase_job,
}


@lambda_handler
def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Respond to one request of API Gateway."""
    return _app().resolve(dict(event), context)


@cache
def _app() -> APIGatewayRestResolver:
    app = APIGatewayRestResolver()
    service = _service()
    for operation in operations(service.settings.types, service.settings.extensions):
        rule = re.sub(r"{(\w+)}", r"<\1>", operation.path)
        app.route(rule, operation.method)(_operation_handler(operation, service, app))

    @app.not_found
    def not_found(_: Exception) -> Response[str]:
        # API Gateway matches job ids with any characters, the resolver does not: there
        # is no job with such an id.
        has_job_id = app.current_event.raw_event.get("pathParameters")
        return _problem_response(
            Problem(problems.JOB_NOT_FOUND if has_job_id else problems.ROUTE_NOT_FOUND)
        )

    app.exception_handler(Problem)(_problem_response)
    app.exception_handler(CourierError)(_error_response)
    return app


def _operation_handler(
    operation: Operation, service: JobService, app: APIGatewayRestResolver
) -> Callable[..., Response[str]]:
    method = _HANDLERS[operation.name]

    def handle(**_path_parameters: str) -> Response[str]:
        request = read_request(app.current_event.raw_event, operation)
        document = method(service, request, now=clock.now())
        telemetry.logger.info(
            "request answered",
            operation=operation.name,
            job_id=document.get("job_id", ""),
        )
        headers = {}
        if operation.status == HTTPStatus.ACCEPTED:
            headers["Location"] = document["links"]["self"]
        return _response(operation.status, document, "application/json", headers)

    return handle


def _problem_response(problem: Problem) -> Response[str]:
    telemetry.logger.info("request refused", problem=problem.type.name)
    status = problem.type.status
    return _response(status, problem.document(), problems.MEDIA_TYPE)


def _error_response(error: CourierError) -> Response[str]:
    """Return the problem of a failure; its reason is only in the log."""
    telemetry.logger.error(
        "request failed", error=type(error).__name__, reason=str(error)
    )
    if isinstance(error, AwsUnavailable):
        type_, headers = problems.UNAVAILABLE, {"Retry-After": "5"}
    else:
        type_, headers = problems.INTERNAL, {}
    return _response(type_.status, type_.document(), problems.MEDIA_TYPE, headers)


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


def _service() -> JobService:
    settings = function_settings(
        keys.ENV_JOBS_TABLE,
        keys.ENV_JOBS_RETENTION_DAYS,
        keys.ENV_WAITS_TABLE,
        keys.ENV_INBOX_BUCKET,
        keys.ENV_RESULTS_BUCKET,
        keys.ENV_STATE_MACHINE,
        keys.ENV_PROVIDERS,
    )
    return JobService(
        job_store=JobStore.from_environment(),
        approver=Approver(
            approvals=Approvals.from_environment(),
            waits=ApprovalWaits.from_environment(),
        ),
        idempotency_keys=IdempotencyKeys.from_environment(),
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
