"""Job identity: one version of an object has one job, whoever asks for it and how."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient, ApiError

from functions.api.request import ApiRequest
from functions.aws.job_store import JobStore
from functions.core import identity
from functions.core.model import Job
from functions.core.s3_events import S3Object, job_for
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, object_created, wait_for

pytestmark = pytest.mark.fault(86)
_EMAILS = sample.emails(12)


@pytest.fixture
def api(stack: LocalStack, runner: JobRunner) -> ApiClient:  # noqa: ARG001 - resets the provider
    """Return a client of the API that signs as a user of the account."""
    return ApiClient.local(stack.api_url)


def uploaded(runner: JobRunner) -> Job:
    """Upload a list; return its job, which the event of S3 starts sooner or later."""
    bucket, key = runner.stack.outputs["InboxBucket"], f"ipqs/email/{uuid.uuid4()}.csv"
    version = runner.stack.emulator.client("s3").put_object(
        Bucket=bucket, Key=key, Body=_EMAILS
    )["VersionId"]
    job = job_for(S3Object(bucket, key, version), types={"ipqs": ("email",)})
    assert job is not None
    return job


def start(api: ApiClient, job: Job, *, key: str = "", **members: bool) -> str:
    """Ask for the job of an object; return the id of the job that the API returns."""
    body = {"key": job.key, "version_id": job.version_id, **members}
    return str(api.call("POST", "/jobs", body, idempotency_key=key)["job_id"])


def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return uuid.uuid4().hex


def refused(api: ApiClient, body: dict[str, Any], key: str) -> int:
    """Start a job that is refused; return the status."""
    with pytest.raises(ApiError) as caught:
        api.call("POST", "/jobs", body, idempotency_key=key)
    assert caught.value.problem["type"].endswith("idempotency-key-reused")
    return int(caught.value.problem["status"])


@pytest.mark.parametrize("event_first", [True, False])
def test_an_upload_and_a_request_with_a_key_are_one_job(
    api: ApiClient, runner: JobRunner, event_first: bool
) -> None:
    """Otherwise the list would be paid for twice."""
    job = uploaded(runner)
    if event_first:
        runner.wait_for_end(job.job_id)

    requested = {start(api, job, key=new_key()), start(api, job)}
    runner.send_to_intake(object_created(job))
    runner.wait_for_end(job.job_id)

    assert requested == {job.job_id}
    assert runner.submissions(job.job_id) == 1
    assert runner.executions().count(job.job_id) == 1


def test_events_and_requests_at_the_same_time_are_one_job(
    api: ApiClient, runner: JobRunner
) -> None:
    """Whichever is first, and however often each comes."""
    job = uploaded(runner)
    runner.send_to_intake(*[object_created(job)] * 5)

    with ThreadPoolExecutor(16) as callers:
        requested = set(
            callers.map(lambda _: start(api, job, key=new_key()), range(16))
        )
    runner.wait_for_end(job.job_id)

    assert requested == {job.job_id}
    assert runner.submissions(job.job_id) == 1


def test_a_key_replays_one_request(api: ApiClient, runner: JobRunner) -> None:
    """The same body gets the same job; another one gets none, also at the same time."""
    first, second = uploaded(runner), uploaded(runner)
    key = new_key()

    assert start(api, first, key=key) == start(api, first, key=key) == first.job_id
    other = {"key": second.key, "version_id": second.version_id}
    assert refused(api, other, key) == 409
    assert start(api, second, key=new_key()) == second.job_id


def test_two_bodies_at_the_same_time_do_not_share_a_key(
    api: ApiClient, runner: JobRunner
) -> None:
    """One of them gets its job; the other one must not believe that it did."""
    jobs, key = [uploaded(runner), uploaded(runner)], new_key()

    def answer(number: int) -> str:
        try:
            return start(api, jobs[number % 2], key=key)
        except ApiError as error:
            return str(error.problem["status"])

    with ThreadPoolExecutor(8) as callers:
        answers = set(callers.map(answer, range(8)))

    assert "409" in answers
    assert len(answers - {"409"}) == 1


def test_a_fresh_job_is_another_one_on_purpose(
    api: ApiClient, runner: JobRunner
) -> None:
    """Repeated with its key it is the same; each key, and none, is a new job."""
    job = uploaded(runner)
    runner.wait_for_end(job.job_id)
    key = new_key()

    fresh = start(api, job, key=key, fresh=True)
    others = {
        start(api, job, key=new_key(), fresh=True),
        start(api, job, fresh=True),
        start(api, job, fresh=True),
    }

    assert start(api, job, key=key, fresh=True) == fresh
    assert len({job.job_id, fresh, *others}) == 5
    assert start(api, job, fresh=False) == job.job_id
    assert runner.wait_for_end(fresh).status == "SUCCEEDED"
    body = {"key": job.key, "version_id": job.version_id}
    assert refused(api, body, key) == 409
    for other in others:
        runner.wait_for_end(other)
    assert runner.submissions(job.job_id, fresh, *others) == 5


@pytest.mark.fault(38)
def test_a_key_of_an_earlier_release_returns_its_job(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """That release made a job of its own for the key; it is paid for."""
    body: dict[str, Any] = {"provider": "ipqs", "type": "email", "provider_ref": "4711"}
    key = new_key()
    caller = runner.stack.emulator.client("sts").get_caller_identity()["Arn"]
    earlier = Job(**body, job_id=identity.of_request(caller, key))
    job_store.create_requested(
        earlier, request_hash=ApiRequest(body=body).body_hash, now=time.time()
    )

    assert refused(api, {**body, "provider_ref": "4712"}, key) == 409
    replayed = api.call("POST", "/jobs", body, idempotency_key=key)

    assert replayed["job_id"] == earlier.job_id
    assert api.call("POST", "/jobs", body)["job_id"] != earlier.job_id
    wait_for(lambda: earlier.job_id in runner.executions())


def test_a_key_is_no_job(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """Its item would otherwise be found, cancelled or retried like a job."""
    job, key = uploaded(runner), new_key()
    caller = runner.stack.emulator.client("sts").get_caller_identity()["Arn"]

    start(api, job, key=key)

    assert job_store.get(identity.of_request(caller, key)) is None
    runner.wait_for_end(job.job_id)
