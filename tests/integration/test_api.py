"""The API over HTTP, on a stack: API Gateway, the function and its resources."""

import hashlib
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from requests import Response
from verdict_courier.api_client import ApiClient, ApiError, download, upload

from functions.api.request import ApiRequest
from functions.aws.job_store import JobStore
from functions.core import identity
from functions.core.model import Job, Outcome
from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for

_EMAILS = sample.emails(12)
_PROBLEM = "urn:verdict-courier:problem:"
_ROUTES = [
    ("POST", "/uploads"),
    ("POST", "/jobs"),
    ("GET", "/jobs"),
    ("GET", "/jobs/x"),
    ("GET", "/jobs/x/timeline"),
    ("GET", "/jobs/x/results"),
    ("POST", "/jobs/x/cancel"),
    ("POST", "/jobs/x/retry"),
]


@pytest.fixture
def api(stack: LocalStack, courier: JobRunner) -> ApiClient:  # noqa: ARG001 - resets the provider
    """Return a client of the API that signs as a user of the account."""
    return ApiClient.local(stack.api_url)


@pytest.fixture
def job_store(stack: LocalStack) -> JobStore:
    """Return the jobs table, to write jobs that would take days to arise."""
    table = stack.outputs["JobsTable"]
    return JobStore(table, dynamodb=stack.emulator.client("dynamodb"), keep_days=90)


@pytest.fixture
def slow(courier: JobRunner) -> Iterator[None]:
    """Let the provider never finish, and let waits take their real time."""
    courier.stack.ipqs.behave(seconds_processing=1e9)
    courier.stack.emulator.set_wait_scale(1.0)
    yield
    courier.stack.emulator.set_wait_scale(0.0)


def submitted(api: ApiClient) -> dict[str, Any]:
    """Upload a list; return its job once the provider has it."""
    form = api.call("POST", "/uploads", {"provider": "ipqs", "type": "email"})
    version = upload(form, _EMAILS)
    body = {"key": form["key"], "version_id": version}
    job_id = api.call("POST", "/jobs", body)["job_id"]
    return wait_for(lambda: job_with(api, job_id, "provider_ref"))


def job_with(api: ApiClient, job_id: str, member: str) -> dict[str, Any] | None:
    """Return a job if one of its members is set."""
    job: dict[str, Any] = api.call("GET", f"/jobs/{job_id}")
    return job if job[member] else None


def ended(api: ApiClient, job_id: str) -> dict[str, Any]:
    """Wait until a job has an outcome, and return it."""
    return wait_for(lambda: job_with(api, job_id, "outcome"))


def refused(api: ApiClient, method: str, path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Make a call that fails, and return its problem."""
    with pytest.raises(ApiError) as caught:
        api.call(method, path, body)
    return dict(caught.value.problem)


def test_an_upload_becomes_results(api: ApiClient, courier: JobRunner) -> None:
    """A client without rights on a bucket gets from a form to its results."""
    job_id = submitted(api)["job_id"]

    job = ended(api, job_id)
    results = api.call("GET", f"/jobs/{job_id}/results")

    assert job["outcome"] == "succeeded"
    assert job["rows"] == 12
    files = {file["kind"]: file for file in results["manifest"]["files"]}
    assert {link["kind"] for link in results["links"]} == set(files)
    for link in results["links"]:
        content = download(link["href"])
        assert hashlib.sha256(content).hexdigest() == files[link["kind"]]["sha256"]
    assert job["bytes"] == sum(file["bytes"] for file in files.values())
    assert Counter(courier.executions())[job_id] == 1


@pytest.mark.fault(88)
@pytest.mark.parametrize(("method", "path"), _ROUTES)
def test_an_unsigned_call_is_refused(stack: LocalStack, method: str, path: str) -> None:
    """The caller must not learn anything, not even which routes exist."""
    anybody = ApiClient(stack.api_url, region="us-east-1", credentials=None)

    answer = anybody.send(method, path, content=b"{}" if method == "POST" else None)

    assert answer.status_code == 403
    assert answer.json()["type"] == f"{_PROBLEM}forbidden"


@pytest.mark.fault(86)
def test_fifty_equal_requests_start_one_job(api: ApiClient, courier: JobRunner) -> None:
    """A client that gets no response repeats its request."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "77"}
    with ThreadPoolExecutor(50) as callers:
        answers = list(
            callers.map(
                lambda _: api.call("POST", "/jobs", body, idempotency_key="once"),
                range(50),
            )
        )

    (job_id,) = {answer["job_id"] for answer in answers}
    assert Counter(courier.executions())[job_id] == 1


@pytest.mark.fault(86)
def test_an_idempotency_key_is_for_one_body(api: ApiClient) -> None:
    """The client would believe that the second job was started."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "78"}
    api.call("POST", "/jobs", body, idempotency_key="two")

    with pytest.raises(ApiError) as caught:
        api.call("POST", "/jobs", {**body, "provider_ref": "79"}, idempotency_key="two")

    assert caught.value.problem["type"] == f"{_PROBLEM}idempotency-key-reused"
    assert caught.value.problem["status"] == 409


def test_an_accepted_job_has_a_location(api: ApiClient) -> None:
    """A 202 has no result yet: the client needs the place to look for it."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "80"}

    answer = api.send(
        "POST",
        "/jobs",
        content=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["links"]["self"]
    assert answer.headers["location"].endswith(f"/jobs/{answer.json()['job_id']}")


@pytest.mark.fault(88)
@pytest.mark.parametrize("job_id", ["x", "0" * 64, "%22%3Cscript%3E", "é"])
@pytest.mark.parametrize("subpath", ["", "/results", "/cancel", "/retry"])
def test_a_job_that_does_not_exist_is_not_found(
    api: ApiClient, job_id: str, subpath: str
) -> None:
    """Unknown and malformed ids get the same response."""
    method = "POST" if subpath in ("/cancel", "/retry") else "GET"
    quoted = job_id if job_id.isascii() else "%C3%A9"

    answer = api.send(method, f"/jobs/{quoted}{subpath}")

    assert (answer.status_code, answer.json()["type"]) == (
        404,
        f"{_PROBLEM}job-not-found",
    )


@pytest.mark.fault(87)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"{", 400, id="cut off"),
        pytest.param(b"\xff\xfe{}", 400, id="not UTF-8"),
        pytest.param(b"[" * 8000, 400, id="nested too deeply"),
        pytest.param(
            b'{"provider":"ipqs","provider":"ipqs"}', 400, id="a member twice"
        ),
        pytest.param(b'{"provider": NaN}', 400, id="NaN"),
        pytest.param(
            b'{"provider":"ipqs","type":"email","provider_ref":"1","x":1}',
            400,
            id="unknown member",
        ),
        pytest.param(
            b'{"provider":"ipqs","type":"email","provider_ref":1}', 400, id="a number"
        ),
        pytest.param(
            b'{"key":"ipqs/email/\\ud800.csv","version_id":"1"}', 400, id="surrogate"
        ),
        pytest.param(
            b'{"provider":"ipqs","type":"email","provider_ref":"1"}' + b" " * 1_000_000,
            413,
            id="a megabyte",
        ),
        pytest.param(
            b'{"provider":"ipqs","type":"email","provider_ref":"1"}'
            + b" " * 10_000_000,
            413,
            id="ten megabytes",
        ),
    ],
)
def test_an_invalid_body_is_a_problem(
    api: ApiClient, content: bytes, status: int
) -> None:
    """The response has neither a stack trace nor the sender's data."""
    answer = api.send(
        "POST", "/jobs", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    assert_problem(answer)


def assert_problem(answer: Response) -> None:
    """Check that a response is a problem document without further members."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert answer.json()["type"].startswith(_PROBLEM)
    assert set(answer.json()) <= {"type", "title", "status", "detail", "errors"}
    assert b"Traceback" not in answer.content


@pytest.mark.usefixtures("slow")
def test_a_running_job_is_cancelled_once(api: ApiClient, courier: JobRunner) -> None:
    """It ends at once, with one notice; a second cancellation is refused."""
    job_id = submitted(api)["job_id"]

    cancelled = api.call("POST", f"/jobs/{job_id}/cancel")
    second = refused(api, "POST", f"/jobs/{job_id}/cancel")
    notices = courier.notices(job_id)

    assert cancelled["outcome"] == "cancelled"
    assert (second["type"], second["outcome"]) == (f"{_PROBLEM}job-ended", "cancelled")
    assert outcomes(notices) == ["cancelled"]
    assert status_of(courier, job_id) == "ABORTED"
    assert refused(api, "POST", f"/jobs/{job_id}/retry")["status"] == 409
    assert outcomes(courier.notices(job_id)) == ["cancelled"]


def outcomes(notices: list[dict[str, Any]]) -> list[str]:
    """Return the outcomes in notices."""
    return [json.loads(notice["Message"])["outcome"] for notice in notices]


def status_of(courier: JobRunner, name: str) -> str:
    """Return the status of an execution."""
    states = courier.stack.emulator.client("stepfunctions")
    arn = courier.stack.execution_arn(name)
    return str(states.describe_execution(executionArn=arn)["status"])


def timed_out(
    api: ApiClient, courier: JobRunner, job_store: JobStore
) -> dict[str, Any]:
    """Return a job that timed out after two days at the provider."""
    first = submitted(api)
    api.call("POST", f"/jobs/{first['job_id']}/cancel")
    body = {
        "provider": "ipqs",
        "type": "email",
        "provider_ref": first["provider_ref"],
    }
    caller = courier.stack.emulator.client("sts").get_caller_identity()["Arn"]
    key = uuid.uuid4().hex
    job = Job(**body, job_id=identity.of_request(caller, key))
    received_at = time.time() - 2 * 86_400
    job_store.create_requested(
        job, request_hash=ApiRequest(body=body).body_hash, now=received_at
    )
    return ended(api, api.call("POST", "/jobs", body, idempotency_key=key)["job_id"])


@pytest.mark.usefixtures("slow")
def test_a_timed_out_job_is_retried_without_a_second_submission(
    api: ApiClient, courier: JobRunner, job_store: JobStore
) -> None:
    """The submission is paid for; the retry has a deadline of its own."""
    job = timed_out(api, courier, job_store)
    assert (job["outcome"], job["attempt"]) == ("timed_out", 1)
    submissions = len(courier.stack.ipqs.csvs)

    retried = api.call("POST", f"/jobs/{job['job_id']}/retry")
    running = refused(api, "POST", f"/jobs/{job['job_id']}/retry")
    assert (retried["outcome"], retried["attempt"]) == (None, 2)
    assert running["type"] == f"{_PROBLEM}job-running"
    courier.stack.ipqs.behave(seconds_processing=0.0)
    done = ended(api, job["job_id"])

    assert done["outcome"] == "succeeded"
    assert [attempt["outcome"] for attempt in done["earlier_attempts"]] == ["timed_out"]
    assert len(courier.stack.ipqs.csvs) == submissions
    results = api.call("GET", f"/jobs/{job['job_id']}/results")
    assert results["manifest"]["outcome"] == "succeeded"


@pytest.mark.usefixtures("slow")
def test_simultaneous_retries_start_one_execution(
    api: ApiClient, courier: JobRunner, job_store: JobStore
) -> None:
    """Two people who retry a job at once must not follow it twice."""
    job_id = timed_out(api, courier, job_store)["job_id"]
    path = f"/jobs/{job_id}/retry"
    with ThreadPoolExecutor(10) as callers:
        answers = list(callers.map(lambda _: api.send("POST", path), range(10)))

    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[202] >= 1
    assert statuses[202] + statuses[409] == 10
    names = [n for n in courier.executions() if n.startswith(job_id)]
    assert sorted(names) == [job_id, f"{job_id}-2"]


@pytest.mark.usefixtures("slow")
def test_an_execution_stopped_by_hand_is_announced(
    api: ApiClient, courier: JobRunner
) -> None:
    """Whoever stops an execution in the AWS console does not update the table."""
    job_id = submitted(api)["job_id"]

    courier.stack.emulator.client("stepfunctions").stop_execution(
        executionArn=courier.stack.execution_arn(job_id)
    )

    assert ended(api, job_id)["outcome"] == "cancelled"
    assert outcomes(courier.notices(job_id)) == ["cancelled"]


def test_a_failed_job_is_announced_once(api: ApiClient, courier: JobRunner) -> None:
    """Its execution fails as well, which must not send a second notice."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "404"}
    job_id = api.call("POST", "/jobs", body)["job_id"]

    job = ended(api, job_id)

    assert job["outcome"] == "failed"
    assert job["error"]["advice"]
    wait_for_finalize_execution(courier, job_id)
    assert outcomes(courier.notices(job_id)) == ["failed"]


def wait_for_finalize_execution(courier: JobRunner, job_id: str) -> None:
    """Wait until `finalize_execution` has seen an execution's end."""
    logs = courier.stack.emulator.client("logs")
    (group,) = (
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        if "ReflectLogs" in group["logGroupName"]
    )
    wait_for(lambda: status_of(courier, job_id) != "RUNNING")
    wait_for(
        lambda: any(
            job_id in event["message"]
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group
            )
            for event in page["events"]
        )
    )


def test_jobs_are_listed_newest_first_in_pages(api: ApiClient) -> None:
    """Every job is listed once, whatever the size of a page."""
    for number in range(5):
        body = {"provider": "ipqs", "type": "email", "provider_ref": f"5000{number}"}
        api.call("POST", "/jobs", body)

    one_page = pages(api, limit="100")
    by_two = pages(api, limit="2")

    received = [job["received_at"] for job in one_page]
    assert received == sorted(received, reverse=True)
    ids = [job["job_id"] for job in by_two]
    assert len(ids) == len(set(ids))
    assert {job["job_id"] for job in one_page} == set(ids)


def pages(api: ApiClient, **query: str) -> list[dict[str, Any]]:
    """Return the jobs of all pages."""
    page = api.call("GET", "/jobs", query=query)
    jobs: list[dict[str, Any]] = page["jobs"]
    while page["next"]:
        page = api.call("GET", "/jobs", query={**query, "cursor": page["next"]})
        jobs += page["jobs"]
    return jobs


def test_jobs_are_filtered_by_outcome(api: ApiClient) -> None:
    """Operators look for the failed jobs first."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "60000"}
    job_id = api.call("POST", "/jobs", body)["job_id"]
    ended(api, job_id)

    failed = pages(api, outcome="failed")
    running = pages(api, outcome="running")

    assert {job["outcome"] for job in failed} == {str(Outcome.FAILED)}
    assert job_id in {job["job_id"] for job in failed}
    assert not {job["outcome"] for job in running} - {None}


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "ten"},
        {"day": "2026-02-30"},
        {"day": "today"},
        {"outcome": "good"},
        {"provider": "nobody"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_an_invalid_filter_is_a_problem(api: ApiClient, query: dict[str, str]) -> None:
    """A list with an ignored filter would have the wrong jobs."""
    with pytest.raises(ApiError) as caught:
        api.call("GET", "/jobs", query=query)

    assert caught.value.problem["type"] == f"{_PROBLEM}request-invalid"


def test_a_cursor_is_valid_for_its_filters_only(api: ApiClient) -> None:
    """With other filters it would skip jobs, and nobody would notice."""
    for number in range(2):
        body = {"provider": "ipqs", "type": "email", "provider_ref": f"7000{number}"}
        api.call("POST", "/jobs", body)
    cursor = api.call("GET", "/jobs", query={"limit": "1"})["next"]

    with pytest.raises(ApiError) as caught:
        api.call("GET", "/jobs", query={"provider": "ipqs", "cursor": cursor})

    assert caught.value.problem["status"] == 400
