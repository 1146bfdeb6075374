"""The front door called directly, before a real table, bucket and state machine."""

import json
import sys
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import handler, problems
from functions.api.execution_history import ExecutionHistory
from functions.api.job_query import JobQuery
from functions.api.presigned import PresignedUrls
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.service import JobService
from functions.aws.executions import Executions, describe
from functions.aws.job_store import JobStore
from functions.aws.notifier import Notifier
from functions.aws.results import Results
from functions.aws.settings import read
from functions.core.provider_settings import to_json
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for
from tests.settings import ipqs_settings

_PROVIDER = to_json(ipqs_settings(types=("email",), max_upload_bytes=1000))


class Context(LambdaContext):
    """What Lambda says of a call."""

    def __init__(self) -> None:
        self._function_name = "api"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:0:function:api"
        self._aws_request_id = "test"


@dataclass
class Asked:
    """A front door, and what is said there."""

    door: JobService

    def start(self, reference: str = "", key: str = "") -> dict[str, Any]:
        """Ask for a job at the provider."""
        body = {
            "provider": "ipqs",
            "type": "email",
            "provider_ref": reference or uuid.uuid4().hex,
        }
        return self.door.start_job(
            ApiRequest(body=body, idempotency_key=key, caller="me"), now=time.time()
        )

    def about(self, operation: str, job_id: str) -> dict[str, Any]:
        """Ask about a job."""
        said: dict[str, Any] = getattr(self.door, operation)(
            ApiRequest(job_id=job_id), now=time.time()
        )
        return said

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for the end of a job."""
        return wait_for(
            lambda: job if (job := self.about("get_job", job_id))["outcome"] else None
        )


@pytest.fixture
def asked(stack: LocalStack, courier: JobRunner) -> Asked:  # noqa: ARG001 - resets the provider
    """Give a front door of this process, before the neighbours of the stack."""
    outputs, client = stack.outputs, stack.emulator.client
    settings = read(
        {
            "COURIER_INBOX_BUCKET": outputs["InboxBucket"],
            "COURIER_RESULTS_BUCKET": outputs["ResultsBucket"],
            "COURIER_STATE_MACHINE": outputs["StateMachineArn"],
            "COURIER_PROVIDERS": json.dumps({"ipqs": _PROVIDER}),
        }
    )
    table = outputs["JobsTable"]
    kept: Any = {"dynamodb": client("dynamodb"), "keep_days": 90}
    return Asked(
        JobService(
            job_store=JobStore(table, **kept),
            job_query=JobQuery(table, **kept),
            history=ExecutionHistory(
                settings.state_machine, step_functions=client("stepfunctions")
            ),
            executions=Executions(
                settings.state_machine, step_functions=client("stepfunctions")
            ),
            results=Results(settings.results_bucket, s3=client("s3")),
            presigned_urls=PresignedUrls(s3=client("s3")),
            settings=settings,
        )
    )


def refused(asked: Asked, operation: str, job_id: str) -> problems.ProblemType:
    """Give the problem with an operation on a job."""
    with pytest.raises(Problem) as caught:
        asked.about(operation, job_id)
    return caught.value.type


def test_an_upload_is_for_one_key_and_so_many_bytes(asked: Asked) -> None:
    """A form that somebody finds is worth one small CSV under one name."""
    body = {"provider": "ipqs", "type": "email", "name": "June.csv"}

    form = asked.door.create_upload(ApiRequest(body=body), now=time.time())

    assert form["key"].startswith("ipqs/email/")
    assert form["key"].endswith("/June.csv")
    assert form["max_bytes"] == 1000
    assert form["fields"]["key"] == form["key"]
    assert form["fields"]["Content-Type"] == "text/csv"


@pytest.mark.fault(86)
def test_asking_again_starts_what_died_before_it_started(
    asked: Asked, courier: JobRunner
) -> None:
    """The first call wrote the job down, and then its function was gone."""
    reference = uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Executions, "start", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            asked.start(reference)

    job_id = asked.start(reference)["job_id"]

    assert courier.executions().count(job_id) == 1


@pytest.mark.fault(86)
def test_a_key_is_for_one_body(asked: Asked) -> None:
    """409, not a job that is another one."""
    key = uuid.uuid4().hex
    first = asked.start("1", key)

    with pytest.raises(Problem) as caught:
        asked.start("2", key)

    assert caught.value.type is problems.KEY_REUSED
    assert asked.start("1", key)["job_id"] == first["job_id"]


def test_a_failed_job_has_no_results_and_can_be_retried(
    asked: Asked, courier: JobRunner
) -> None:
    """Its second execution has a name of its own."""
    job_id = asked.start()["job_id"]
    asked.ended(job_id)

    assert refused(asked, "get_results", job_id) is problems.RESULTS_NOT_READY
    assert refused(asked, "cancel_job", job_id) is problems.JOB_ENDED
    assert asked.about("retry_job", job_id)["attempt"] == 2
    wait_for(lambda: f"{job_id}-2" in courier.executions())
    asked.ended(job_id)


def test_a_job_that_ended_well_has_links(asked: Asked, courier: JobRunner) -> None:
    """One for each file of the manifest, and nothing left to retry."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))
    wait_for(lambda: asked.door.job_store.get(job_id))
    asked.ended(job_id)

    results = asked.about("get_results", job_id)

    kinds = [file["kind"] for file in results["manifest"]["files"]]
    assert [link["kind"] for link in results["links"]] == kinds
    assert refused(asked, "retry_job", job_id) is problems.JOB_NOT_RETRYABLE


def test_a_running_job_is_stopped_and_its_end_is_seen(
    asked: Asked, courier: JobRunner
) -> None:
    """What `reflect` learns of it: stopped, not told, and which job it was."""
    courier.stack.emulator.set_wait_scale(1.0)
    try:
        job_id = asked.start()["job_id"]
        assert refused(asked, "retry_job", job_id) is problems.JOB_RUNNING
        assert asked.about("cancel_job", job_id)["outcome"] == "cancelled"
    finally:
        courier.stack.emulator.set_wait_scale(0.0)
    assert refused(asked, "cancel_job", job_id) is problems.JOB_ENDED

    ending = describe(
        courier.stack.execution_arn(job_id),
        step_functions=courier.stack.emulator.client("stepfunctions"),
    )

    assert (ending.status, ending.notified) == ("ABORTED", False)
    assert ending.job is not None
    assert ending.job.job_id == job_id


def test_a_notice_has_the_words_of_the_workflow(
    asked: Asked, courier: JobRunner
) -> None:
    """Subscribers must not see who told them."""
    job_id = asked.start()["job_id"]
    asked.ended(job_id)
    (by_workflow,) = courier.notices(job_id)
    record = asked.door.job_store.get(job_id)
    assert record is not None
    stack = courier.stack

    Notifier(
        stack.outputs["NoticesTopicArn"],
        results_bucket=stack.outputs["ResultsBucket"],
        sns=stack.emulator.client("sns"),
    ).publish(record)

    told = wait_for(lambda: n if len(n := courier.notices(job_id)) > 1 else None)
    assert json.loads(told[1]["Message"]) == json.loads(by_workflow["Message"])
    assert told[1]["MessageAttributes"] == by_workflow["MessageAttributes"]


def test_the_handler_answers_and_refuses(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From API Gateway's event to API Gateway's answer."""
    monkeypatch.setattr(handler, "_front_door", lambda: asked.door)
    handler._app.cache_clear()
    try:
        listed = handler.handler(event("/jobs", {"limit": ["1"]}), Context())
        bad = handler.handler(event("/jobs", {"day": ["2026-02-30"]}), Context())
        forged = handler.handler(event("/jobs", {"cursor": ["x"]}), Context())
        unknown = handler.handler(event("/jobs/x", None, "x"), Context())
        odd = handler.handler(event('/jobs/"', None, '"'), Context())
        nowhere = handler.handler(event("/nowhere", None), Context())
    finally:
        handler._app.cache_clear()

    assert listed["statusCode"] == 200
    assert [bad["statusCode"], forged["statusCode"]] == [400, 400]
    assert json.loads(unknown["body"]) == json.loads(odd["body"])
    assert json.loads(nowhere["body"])["type"].endswith("route-not-found")


def event(path: str, query: Any, job_id: str = "") -> dict[str, Any]:  # noqa: ANN401 - as API Gateway sends it
    """Give a request without a body."""
    return {
        "path": path,
        "httpMethod": "GET",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": query,
        "pathParameters": {"job_id": job_id} if job_id else None,
        "requestContext": {"path": f"/local{path}", "stage": "local", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
