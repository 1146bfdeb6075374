"""Job identity: requests for one object are one job, whatever fails in between."""

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import pytest

from functions.api import problems
from functions.api.problems import Problem
from functions.api.request import ApiRequest
from functions.api.service import JobService
from functions.aws import clients
from functions.aws.idempotency_keys import IdempotencyKeys
from functions.aws.job_store import JobStore
from functions.aws.settings import read
from functions.core import identity
from functions.core.errors import CourierError
from functions.core.model import Job
from functions.core.provider_settings import to_json
from tests.faults.callback_harness import TABLE as WAITS
from tests.faults.callback_harness import CallbackHarness
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import INBOX, TABLE, StepHarness
from tests.world.injection import FOUR_MODES, Killed, Mode

pytestmark = pytest.mark.fault(86)


class StartedExecutions:
    """The names under which executions were started, in place of Step Functions."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def start(self, job: Job) -> bool:
        """Start a job's execution, unless it was started before."""
        is_new = job.execution_name not in self.names
        self.names.add(job.execution_name)
        return is_new


class Requests:
    """Requests to start jobs, by one caller."""

    def __init__(self, harness: StepHarness) -> None:
        self.executions = StartedExecutions()
        settings = read(
            {
                "COURIER_INBOX_BUCKET": INBOX,
                "COURIER_RESULTS_BUCKET": "results",
                "COURIER_STATE_MACHINE": "arn:aws:states:r:1:stateMachine:m",
                "COURIER_PROVIDERS": json.dumps({"ipqs": to_json(harness.settings)}),
            }
        )
        unused = cast("Any", None)
        self._service = JobService(
            job_store=JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90),
            approver=unused,
            idempotency_keys=IdempotencyKeys(
                WAITS, dynamodb=clients.dynamodb(), keep_days=90
            ),
            job_query=unused,
            executions=cast("Any", self.executions),
            history=unused,
            results=unused,
            presigned_urls=unused,
            settings=settings,
        )

    def start(self, body: Mapping[str, Any], *, key: str = "") -> str:
        """Ask for a job; return the id of the one that the service returns."""
        request = ApiRequest(body=body, idempotency_key=key, caller="me")
        return str(self._service.start_job(request, now=1.0e9)["job_id"])


@pytest.fixture
def requests(harness: StepHarness, callbacks: CallbackHarness) -> Requests:  # noqa: ARG001 - which makes the waits table
    """Return requests for a service that has started nothing."""
    return Requests(harness)


@pytest.fixture
def body(job: Job) -> dict[str, Any]:
    """Return the body of a request for the job of an object."""
    return {"key": job.key, "version_id": job.version_id}


def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return uuid.uuid4().hex


def test_an_object_has_the_job_of_its_upload(
    requests: Requests, body: dict[str, Any], job: Job
) -> None:
    """With any key, and without one; a second job would be paid for."""
    ids = {requests.start(body, key=key) for key in ("", new_key(), new_key())}

    assert ids == requests.executions.names == {job.job_id}


@pytest.mark.parametrize(
    ("end", "earlier_end"), [("", ""), ('a"b', r"a\"b"), ("a\\b", r"a\\b")]
)
def test_a_quoted_key_of_an_earlier_release_has_its_job(
    requests: Requests, body: dict[str, Any], job: Job, end: str, earlier_end: str
) -> None:
    """That release took quotes and escapes for a part of the key; its job is paid."""
    body, key = {**body, "fresh": True}, new_key()
    job_id = identity.of_request("me", f'"{key}{earlier_end}"')
    JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90).create_requested(
        job.with_(job_id=job_id),
        request_hash=ApiRequest(body=body).body_hash,
        now=1.0,
    )

    assert requests.start(body, key=f"{key}{end}") == job_id


def test_a_key_is_for_one_body(
    requests: Requests, body: dict[str, Any], harness: StepHarness
) -> None:
    """The client would believe that its second job was started."""
    other, key = harness.upload_list(), new_key()
    requests.start(body, key=key)

    with pytest.raises(Problem) as caught:
        requests.start({"key": other.key, "version_id": other.version_id}, key=key)

    assert caught.value.type is problems.KEY_REUSED
    assert other.job_id not in requests.executions.names
    assert harness.item(other) == {}


def test_a_fresh_job_is_another_one(
    requests: Requests, body: dict[str, Any], job: Job
) -> None:
    """The same key replays it; without a key each request is a new job."""
    key = new_key()

    fresh = requests.start({**body, "fresh": True}, key=key)

    assert requests.start({**body, "fresh": True}, key=key) == fresh
    ids = {requests.start({**body, "fresh": True}) for _ in range(2)}
    assert len({fresh, job.job_id, *ids}) == 4
    assert requests.start({**body, "fresh": False}) == job.job_id
    with pytest.raises(Problem):
        requests.start(body, key=key)


@pytest.mark.fault(38)
def test_a_key_of_an_earlier_release_returns_its_job(
    requests: Requests, body: dict[str, Any], job: Job, harness: StepHarness
) -> None:
    """A refused request with another body does not change that."""
    key = new_key()
    earlier = job.with_(job_id=identity.of_request("me", key))
    store = JobStore(TABLE, dynamodb=clients.dynamodb(), keep_days=90)
    store.create_requested(
        earlier, request_hash=ApiRequest(body=body).body_hash, now=1.0
    )
    other = harness.upload_list()

    with pytest.raises(Problem):
        requests.start({"key": other.key, "version_id": other.version_id}, key=key)

    assert requests.start(body, key=key) == earlier.job_id
    assert requests.start(body, key=new_key()) == job.job_id


@pytest.mark.parametrize("mode", FOUR_MODES)
@pytest.mark.parametrize("call", range(4))
def test_a_repeated_request_is_answered_whatever_failed_before(
    requests: Requests,
    body: dict[str, Any],
    job: Job,
    injector: FaultInjector,
    mode: Mode,
    call: int,
) -> None:
    """A key that was used, but whose job was not recorded, must not be lost."""
    key = new_key()
    injector.plan({call: mode})
    with suppress(CourierError, Killed):
        requests.start(body, key=key)
    injector.plan({})
    injector.restart()

    assert requests.start(body, key=key) == job.job_id
    assert requests.executions.names == {job.job_id}
