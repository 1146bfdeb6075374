"""Job service: its operations, called with the table, bucket and machine of a stack."""

import json
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from functions.api import handler, problems
from functions.api.approver import Approver
from functions.api.execution_history import ExecutionHistory
from functions.api.job_query import JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.retrying import retry_job
from functions.api.service import JobService
from functions.aws import clock
from functions.aws.approval_waits import ApprovalWaits
from functions.aws.approvals import Approvals
from functions.aws.executions import Executions, describe
from functions.aws.idempotency_keys import IdempotencyKeys
from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.aws.results import Results
from functions.aws.settings import read
from functions.core.provider_settings import to_json
from infra.config import stack_name
from local import sample
from local.lambda_invocation import InvocationContext, get_event
from local.stack import STAGE, LocalStack
from tests.integration.harness import JobRunner, wait_for
from tests.settings import ipqs_settings

_PROVIDER = to_json(ipqs_settings(types=("email",), max_source_bytes=1000))


@dataclass
class ServiceClient:
    """Calls operations of a job service."""

    service: JobService

    def start(self, reference: str = "", key: str = "") -> dict[str, Any]:
        """Start a job by its reference."""
        body = {
            "provider": "ipqs",
            "type": "email",
            "provider_ref": reference or uuid.uuid4().hex,
        }
        return self.service.start_job(
            ApiRequest(body=body, idempotency_key=key, caller="me"), now=time.time()
        )

    def call(
        self, operation: Callable[..., dict[str, Any]], job_id: str
    ) -> dict[str, Any]:
        """Call an operation on a job."""
        return operation(self.service, ApiRequest(job_id=job_id), now=time.time())

    def wait_for_end(self, job_id: str) -> None:
        """Wait until a job has an outcome."""
        wait_for(lambda: self.call(JobService.get_job, job_id)["outcome"])


def waits_table(stack: LocalStack) -> str:
    """Return the name of the waits table."""
    found = stack.emulator.client("cloudformation").describe_stack_resource(
        StackName=stack_name(STAGE), LogicalResourceId="StorageWaits8A45EABA"
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture
def client(
    stack: LocalStack,
    runner: JobRunner,  # noqa: ARG001 - resets the provider
    job_store: JobStore,
) -> ServiceClient:
    """Return a client of a service in this process, with the resources of the stack."""
    outputs, boto3_client = stack.outputs, stack.emulator.client
    settings = read(
        {
            "COURIER_INBOX_BUCKET": outputs["InboxBucket"],
            "COURIER_RESULTS_BUCKET": outputs["ResultsBucket"],
            "COURIER_STATE_MACHINE": outputs["StateMachineArn"],
            "COURIER_PROVIDERS": json.dumps({"ipqs": _PROVIDER}),
        }
    )
    return ServiceClient(
        JobService(
            job_store=job_store,
            approver=Approver(
                approvals=Approvals(
                    outputs["JobsTable"],
                    dynamodb=boto3_client("dynamodb"),
                    keep_days=90,
                ),
                waits=ApprovalWaits(
                    waits_table(stack),
                    dynamodb=boto3_client("dynamodb"),
                    step_functions=boto3_client("stepfunctions"),
                ),
            ),
            idempotency_keys=IdempotencyKeys(
                waits_table(stack),
                dynamodb=boto3_client("dynamodb"),
                keep_days=90,
            ),
            job_query=JobQuery(
                outputs["JobsTable"], dynamodb=boto3_client("dynamodb"), keep_days=90
            ),
            history=ExecutionHistory(
                settings.state_machine, step_functions=boto3_client("stepfunctions")
            ),
            executions=Executions(
                settings.state_machine, step_functions=boto3_client("stepfunctions")
            ),
            results=Results(settings.results_bucket, s3=boto3_client("s3")),
            presigned_urls=PresignedUrls(s3=boto3_client("s3")),
            settings=settings,
        )
    )


def problem_of(
    client: ServiceClient, operation: Callable[..., dict[str, Any]], job_id: str
) -> problems.ProblemType:
    """Return the problem that an operation on a job raises."""
    with pytest.raises(Problem) as caught:
        client.call(operation, job_id)
    return caught.value.type


def test_an_upload_form_allows_one_key_and_a_size(client: ServiceClient) -> None:
    """Whoever finds the form can upload one small CSV under one name."""
    body = {"provider": "ipqs", "type": "email", "name": "June.csv"}

    form = client.service.create_upload(ApiRequest(body=body), now=time.time())

    assert form["key"].startswith("ipqs/email/")
    assert form["key"].endswith("/list.csv")
    assert form["find_job"]["body"]["name"] == "June.csv"
    assert form["max_bytes"] == 1000
    assert form["fields"]["key"] == form["key"]
    assert form["fields"]["Content-Type"] == "text/csv"


@pytest.mark.fault(86)
def test_a_repeated_request_starts_a_job_that_was_only_recorded(
    client: ServiceClient, runner: JobRunner
) -> None:
    """The function of the first request may stop after it has written the record."""
    reference = uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Executions, "start", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            client.start(reference)

    job_id = client.start(reference)["job_id"]

    assert runner.executions().count(job_id) == 1


@pytest.mark.fault(86)
def test_an_idempotency_key_is_for_one_body(client: ServiceClient) -> None:
    """A client must not get the job of another request."""
    key = uuid.uuid4().hex
    first = client.start("1", key)

    with pytest.raises(Problem) as caught:
        client.start("2", key)

    assert caught.value.type is problems.KEY_REUSED
    assert client.start("1", key)["job_id"] == first["job_id"]


def test_a_key_that_an_earlier_release_took_with_its_quotes_finds_its_job(
    client: ServiceClient,
) -> None:
    """Otherwise the next repetition of its request would be paid for again."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "7", "fresh": True}
    key = uuid.uuid4().hex

    first, second = (
        client.service.start_job(
            ApiRequest(body=body, idempotency_key=text, caller="me"), now=time.time()
        )
        for text in (f'"{key}"', key)
    )

    assert first["job_id"] == second["job_id"]


def test_a_failed_job_has_no_results_and_can_be_retried(
    client: ServiceClient, runner: JobRunner
) -> None:
    """The retry is an execution with a name of its own."""
    job_id = client.start()["job_id"]
    client.wait_for_end(job_id)

    assert (
        problem_of(client, JobService.get_results, job_id) is problems.RESULTS_NOT_READY
    )
    assert problem_of(client, JobService.cancel_job, job_id) is problems.JOB_ENDED
    assert client.call(retry_job, job_id)["attempt"] == 2
    wait_for(lambda: f"{job_id}-2" in runner.executions())
    client.wait_for_end(job_id)


def test_a_job_with_results_has_links(client: ServiceClient, runner: JobRunner) -> None:
    """There is a link for each file of the manifest, and nothing to retry."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))
    wait_for(lambda: client.service.job_store.get(job_id))
    client.wait_for_end(job_id)

    results = client.call(JobService.get_results, job_id)

    kinds = [file["kind"] for file in results["manifest"]["files"]]
    assert [link["kind"] for link in results["links"]] == kinds
    assert problem_of(client, retry_job, job_id) is problems.JOB_NOT_RETRYABLE


@pytest.mark.usefixtures("slow")
def test_a_cancelled_job_is_described_as_aborted(
    client: ServiceClient, runner: JobRunner
) -> None:
    """`finalize_execution` must see that it was stopped, not announced, and its job."""
    job_id = client.start()["job_id"]
    assert problem_of(client, retry_job, job_id) is problems.JOB_RUNNING
    assert client.call(JobService.cancel_job, job_id)["outcome"] == "cancelled"
    assert problem_of(client, JobService.cancel_job, job_id) is problems.JOB_ENDED

    result = describe(
        runner.stack.execution_arn(job_id),
        step_functions=runner.stack.emulator.client("stepfunctions"),
    )

    assert (result.status, result.notified) == ("ABORTED", False)
    assert result.job is not None
    assert result.job.job_id == job_id


def test_a_notice_is_the_same_as_that_of_the_workflow(
    client: ServiceClient, runner: JobRunner
) -> None:
    """Subscribers must not have to know which of the two sent it."""
    job_id = client.start()["job_id"]
    client.wait_for_end(job_id)
    (by_workflow,) = runner.notices(job_id)
    record = client.service.job_store.get(job_id)
    assert record is not None
    stack = runner.stack

    Notifier(
        stack.outputs["NoticesTopicArn"],
        results_bucket=stack.outputs["ResultsBucket"],
        sns=stack.emulator.client("sns"),
    ).publish(record)

    notices = wait_for(lambda: n if len(n := runner.notices(job_id)) > 1 else None)
    assert json.loads(notices[1]["Message"]) == json.loads(by_workflow["Message"])
    assert notices[1]["MessageAttributes"] == by_workflow["MessageAttributes"]


def test_the_handler_returns_responses_and_problems(
    client: ServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events and responses have the form of API Gateway."""
    monkeypatch.setattr(handler, "_service", lambda: client.service)
    # Without credentials AWS does not tell its time.
    monkeypatch.setattr(clock, "now", time.time)
    handler._api.cache_clear()
    context = InvocationContext()
    try:
        listed = handler.handler(get_event("/jobs", {"limit": ["1"]}), context)
        bad = handler.handler(get_event("/jobs", {"day": ["2026-02-30"]}), context)
        forged = handler.handler(get_event("/jobs", {"cursor": ["x"]}), context)
        unknown = handler.handler(get_event("/jobs/x", None, "x"), context)
        unusual = handler.handler(get_event('/jobs/"', None, '"'), context)
        nowhere = handler.handler(get_event("/nowhere", None), context)
    finally:
        handler._api.cache_clear()

    assert listed["statusCode"] == 200
    assert [bad["statusCode"], forged["statusCode"]] == [400, 400]
    assert json.loads(unknown["body"]) == json.loads(unusual["body"])
    assert json.loads(nowhere["body"])["type"].endswith("route-not-found")
