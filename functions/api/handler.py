"""API: route a request to the job service; return its response or a problem."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import problems
from functions.api.approver import Approver
from functions.api.checking import check_job
from functions.api.erasing import erase_job
from functions.api.execution_history import ExecutionHistory
from functions.api.forgetting import forget_values
from functions.api.job_query import JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import Event, read_request
from functions.api.responses import Document
from functions.api.retrying import retry_job
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
    "checkJob": check_job,
    "cancelJob": JobService.cancel_job,
    "retryJob": retry_job,
    "eraseJob": erase_job,
}


@dataclass(frozen=True)
class Api:
    """The service, and its operations by the method and path that API Gateway names."""

    service: JobService
    operations: Mapping[tuple[str, str], Operation]


@lambda_handler
def handler(event: Event, _context: LambdaContext) -> Document:
    """Respond to one request of API Gateway."""
    try:
        return _respond(event)
    except Problem as problem:
        return _problem_response(problem)
    except CourierError as error:
        return _error_response(error)


def _respond(event: Event) -> Document:
    api = _api()
    operation = api.operations.get((event["httpMethod"], event["resource"]))
    if operation is None:
        raise Problem(problems.ROUTE_NOT_FOUND)
    request = read_request(event, operation)
    document = _HANDLERS[operation.name](api.service, request, now=clock.now())
    telemetry.logger.info(
        "request answered",
        operation=operation.name,
        job_id=document.get("job_id", ""),
    )
    headers = {}
    if operation.status == HTTPStatus.ACCEPTED:
        headers["Location"] = document["links"]["self"]
    return _response(operation.status, document, "application/json", headers)


@cache
def _api() -> Api:
    service = _service()
    known = operations(service.settings.types, service.settings.extensions)
    return Api(service, {(each.method, each.path): each for each in known})


def _problem_response(problem: Problem) -> Document:
    telemetry.logger.info("request refused", problem=problem.type.name)
    status, wait = problem.type.status, problem.retry_after
    headers = {"Retry-After": str(wait)} if wait else {}
    return _response(status, problem.document(), problems.MEDIA_TYPE, headers)


def _error_response(error: CourierError) -> Document:
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
) -> Document:
    return {
        "statusCode": int(status),
        "headers": {"Content-Type": media_type, **_HEADERS, **(headers or {})},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }


def _service() -> JobService:
    settings = function_settings(
        keys.ENV_JOBS_TABLE,
        keys.ENV_JOBS_RETENTION_DAYS,
        keys.ENV_WAITS_TABLE,
        keys.ENV_INBOX_BUCKET,
        keys.ENV_RESULTS_BUCKET,
        keys.ENV_STATE_MACHINE,
        keys.ENV_PROVIDERS,
        keys.ENV_CHECK_FUNCTION,
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
