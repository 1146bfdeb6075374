"""The API over HTTP, on a stack: API Gateway, the function and its resources."""

import hashlib
import json
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from requests import Response
from verdict_courier.api_client import ApiClient, ApiError, stream, upload

from functions.api.request import ApiRequest
from functions.aws.job_store import JobStore
from functions.core import identity
from functions.core.job_record import month_of
from functions.core.model import Job, Outcome
from local import sample
from local.simulators.txncheck import TxncheckSimulator
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for
from tests.unit import recordings

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
def api(stack: LocalStack, runner: JobRunner) -> ApiClient:  # noqa: ARG001 - resets the provider
    """Return a client of the API that signs as a user of the account."""
    return ApiClient.local(stack.api_url)


def submitted_job(api: ApiClient) -> dict[str, Any]:
    """Upload a list; return its job once the provider has it."""
    form = api.call("POST", "/uploads", {"provider": "ipqs", "type": "email"})
    with NamedTemporaryFile() as file:
        file.write(_EMAILS)
        file.flush()
        version = upload(form, Path(file.name))
    body = {"key": form["key"], "version_id": version}
    job_id = api.call("POST", "/jobs", body)["job_id"]
    return wait_for(lambda: job_with(api, job_id, "provider_ref"))


def job_with(api: ApiClient, job_id: str, member: str) -> dict[str, Any] | None:
    """Return a job if one of its members is set."""
    job: dict[str, Any] = api.call("GET", f"/jobs/{job_id}")
    return job if job[member] else None


def wait_for_outcome(api: ApiClient, job_id: str) -> dict[str, Any]:
    """Wait until a job has an outcome, and return it."""
    return wait_for(lambda: job_with(api, job_id, "outcome"))


def listed_ids(api: ApiClient) -> list[str]:
    """Return the ids of the newest jobs."""
    jobs = api.call("GET", "/jobs", query={"limit": "100"})["jobs"]
    return [job["job_id"] for job in jobs]


def problem_of(api: ApiClient, method: str, path: str, **call: Any) -> dict[str, Any]:  # noqa: ANN401 - as `ApiClient.call`
    """Make a call that fails, and return its problem."""
    with pytest.raises(ApiError) as caught:
        api.call(method, path, **call)
    return dict(caught.value.problem)


def test_an_upload_becomes_results(api: ApiClient, runner: JobRunner) -> None:
    """A client without rights on a bucket gets from a form to its results."""
    job_id = submitted_job(api)["job_id"]

    job = wait_for_outcome(api, job_id)
    results = api.call("GET", f"/jobs/{job_id}/results")

    assert job["outcome"] == "succeeded"
    assert job["rows"] == 12
    files = {file["kind"]: file for file in results["manifest"]["files"]}
    assert {link["kind"] for link in results["links"]} == set(files)
    for link in results["links"]:
        content = b"".join(stream(link["href"]))
        assert hashlib.sha256(content).hexdigest() == files[link["kind"]]["sha256"]
    assert job["bytes"] == sum(file["bytes"] for file in files.values())
    assert Counter(runner.executions())[job_id] == 1


@pytest.mark.fault(88)
@pytest.mark.parametrize(("method", "path"), _ROUTES)
def test_an_unsigned_call_is_refused(stack: LocalStack, method: str, path: str) -> None:
    """The caller must not learn anything, not even which routes exist."""
    unsigned = ApiClient(stack.api_url, region="us-east-1", credentials=None)

    response = unsigned.send(method, path, content=b"{}" if method == "POST" else None)

    assert response.status_code == 403
    assert response.json()["type"] == f"{_PROBLEM}forbidden"


@pytest.mark.fault(86)
def test_fifty_equal_requests_start_one_job(api: ApiClient, runner: JobRunner) -> None:
    """A client that gets no response repeats its request."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "77"}
    with ThreadPoolExecutor(50) as callers:
        accepted = list(
            callers.map(
                lambda _: api.call("POST", "/jobs", body, idempotency_key="once"),
                range(50),
            )
        )

    (job_id,) = {job["job_id"] for job in accepted}
    assert Counter(runner.executions())[job_id] == 1


@pytest.mark.fault(86)
def test_an_idempotency_key_is_for_one_body(api: ApiClient) -> None:
    """The client would believe that the second job was started."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "78"}
    api.call("POST", "/jobs", body, idempotency_key="two")

    other = {**body, "provider_ref": "79"}
    problem = problem_of(api, "POST", "/jobs", body=other, idempotency_key="two")

    assert problem["type"] == f"{_PROBLEM}idempotency-key-reused"
    assert problem["status"] == 409


def test_an_accepted_job_has_a_location(api: ApiClient, stack: LocalStack) -> None:
    """A 202 has no result yet: the client needs the place to look for it, as it is."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "80"}

    response = api.send(
        "POST",
        "/jobs",
        content=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 202
    assert response.headers["location"] == response.json()["links"]["self"]
    assert response.headers["location"].endswith(f"/jobs/{response.json()['job_id']}")
    host = ApiClient.local(stack.emulator.endpoint)
    assert host.send("GET", response.headers["location"]).status_code == 200


_ON_JOB = [(method, path) for method, path in _ROUTES if "/x" in path]


@pytest.mark.fault(88)
def test_a_request_of_a_batch_is_not_a_job(
    api: ApiClient, runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """It shares the table with jobs: retried as one, its batch would be paid again."""
    people = b"mobile,name\n+919800000001,Asha\n+919800000002,Ben\n"
    view = runner.run("txncheck/upi-by-mobile/two.csv", people)
    assert view.job is not None
    request_id = identity.of_part(view.job.job_id, [1])

    for method, path in _ON_JOB:
        problem = problem_of(api, method, path.replace("/x", f"/{request_id}"))
        assert problem["type"] == f"{_PROBLEM}job-not-found"

    assert request_id not in listed_ids(api)
    assert not [name for name in runner.executions() if request_id in name]
    own = [each for each in txncheck.accepted if "91980000000" in str(each.fields)]
    assert len(own) == 2
    assert runner.job_item(request_id)["batch_id"] == view.job.job_id


@pytest.mark.fault(38)
def test_a_request_that_was_cancelled_like_a_job_is_not_listed(
    api: ApiClient, stack: LocalStack, job_store: JobStore
) -> None:
    """0.1.0 took it for a job, and wrote the month by which jobs are listed."""
    recorded = recordings.item("jobs/request")
    cancelled = {
        **recorded,
        "received_at": {"N": repr(time.time())},
        "month": {"S": month_of(time.time())},
        "outcome": {"S": "cancelled"},
    }
    del cancelled["expires_at"]
    stack.emulator.client("dynamodb").put_item(
        TableName=stack.outputs["JobsTable"], Item=cancelled
    )

    request_id = recorded["job_id"]["S"]
    assert job_store.get(request_id) is None
    assert request_id not in listed_ids(api)


@pytest.mark.fault(88)
@pytest.mark.parametrize("job_id", ["x", "0" * 64, "%22%3Cscript%3E", "é"])
@pytest.mark.parametrize("subpath", ["", "/results", "/cancel", "/retry"])
def test_a_job_that_does_not_exist_is_not_found(
    api: ApiClient, job_id: str, subpath: str
) -> None:
    """Unknown and malformed ids get the same response."""
    method = "POST" if subpath in ("/cancel", "/retry") else "GET"
    quoted = job_id if job_id.isascii() else "%C3%A9"

    response = api.send(method, f"/jobs/{quoted}{subpath}")

    assert response.status_code == 404
    assert response.json()["type"] == f"{_PROBLEM}job-not-found"


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
    response = api.send(
        "POST", "/jobs", content=content, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == status
    assert_problem(response)


def assert_problem(response: Response) -> None:
    """Check that a response is a problem document without further members."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    assert response.json()["type"].startswith(_PROBLEM)
    assert set(response.json()) <= {"type", "title", "status", "detail", "errors"}
    assert b"Traceback" not in response.content


@pytest.mark.usefixtures("slow")
def test_a_running_job_is_cancelled_once(api: ApiClient, runner: JobRunner) -> None:
    """It ends at once, with one notice; a second cancellation is refused."""
    job_id = submitted_job(api)["job_id"]

    cancelled = api.call("POST", f"/jobs/{job_id}/cancel")
    second = problem_of(api, "POST", f"/jobs/{job_id}/cancel")
    notices = runner.notices(job_id)

    assert cancelled["outcome"] == "cancelled"
    assert (second["type"], second["outcome"]) == (f"{_PROBLEM}job-ended", "cancelled")
    assert outcomes(notices) == ["cancelled"]
    states = runner.stack.emulator.client("stepfunctions")
    execution = runner.stack.execution_arn(job_id)
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def outcomes(notices: list[dict[str, Any]]) -> list[str]:
    """Return the outcomes in notices."""
    return [json.loads(notice["Message"])["outcome"] for notice in notices]


def timed_out_job(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> dict[str, Any]:
    """Return a job that timed out after two days at the provider."""
    first = submitted_job(api)
    api.call("POST", f"/jobs/{first['job_id']}/cancel")
    body = {"provider": "ipqs", "type": "email", "provider_ref": first["provider_ref"]}
    caller = runner.stack.emulator.client("sts").get_caller_identity()["Arn"]
    key = uuid.uuid4().hex
    job = Job(**body, job_id=identity.of_request(caller, key))
    received_at = time.time() - 2 * 86_400
    job_store.create_requested(
        job, request_hash=ApiRequest(body=body).body_hash, now=received_at
    )
    job_id = api.call("POST", "/jobs", body, idempotency_key=key)["job_id"]
    return wait_for_outcome(api, job_id)


@pytest.mark.usefixtures("slow")
def test_a_timed_out_job_is_retried_without_a_second_submission(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """The submission is paid for; the retry has a deadline of its own."""
    job = timed_out_job(api, runner, job_store)
    assert (job["outcome"], job["attempt"]) == ("timed_out", 1)
    submissions = len(runner.stack.ipqs.csvs)

    retried = api.call("POST", f"/jobs/{job['job_id']}/retry")
    running = problem_of(api, "POST", f"/jobs/{job['job_id']}/retry")
    assert (retried["outcome"], retried["attempt"]) == (None, 2)
    assert running["type"] == f"{_PROBLEM}job-running"
    runner.stack.ipqs.behave(seconds_processing=0.0)
    done = wait_for_outcome(api, job["job_id"])

    assert done["outcome"] == "succeeded"
    assert [attempt["outcome"] for attempt in done["earlier_attempts"]] == ["timed_out"]
    assert len(runner.stack.ipqs.csvs) == submissions
    results = api.call("GET", f"/jobs/{job['job_id']}/results")
    assert results["manifest"]["outcome"] == "succeeded"


@pytest.mark.usefixtures("slow")
def test_simultaneous_retries_start_one_execution(
    api: ApiClient, runner: JobRunner, job_store: JobStore
) -> None:
    """Two people who retry a job at once must not follow it twice."""
    job_id = timed_out_job(api, runner, job_store)["job_id"]
    path = f"/jobs/{job_id}/retry"
    with ThreadPoolExecutor(10) as callers:
        responses = list(callers.map(lambda _: api.send("POST", path), range(10)))

    statuses = Counter(response.status_code for response in responses)
    assert statuses[202] >= 1
    assert statuses[202] + statuses[409] == 10
    names = [n for n in runner.executions() if n.startswith(job_id)]
    assert sorted(names) == [job_id, f"{job_id}-2"]


@pytest.mark.usefixtures("slow")
def test_an_execution_stopped_by_hand_is_announced(
    api: ApiClient, runner: JobRunner
) -> None:
    """Whoever stops an execution in the AWS console does not update the table."""
    job_id = submitted_job(api)["job_id"]

    runner.stack.emulator.client("stepfunctions").stop_execution(
        executionArn=runner.stack.execution_arn(job_id)
    )

    assert wait_for_outcome(api, job_id)["outcome"] == "cancelled"
    assert outcomes(runner.notices(job_id)) == ["cancelled"]


def test_a_failed_job_is_announced_once(api: ApiClient, runner: JobRunner) -> None:
    """Its execution fails, too, and `finalize_execution` must not announce it again."""
    body = {"provider": "ipqs", "type": "email", "provider_ref": "404"}
    job_id = api.call("POST", "/jobs", body)["job_id"]

    job = wait_for_outcome(api, job_id)

    assert job["outcome"] == "failed"
    assert job["error"]["advice"]
    wait_for(lambda: runner.log_lines(job_id, group="ReflectLogs"))
    assert outcomes(runner.notices(job_id)) == ["failed"]


def test_jobs_are_listed_newest_first_in_pages(api: ApiClient) -> None:
    """Every job is listed once, whatever the size of a page."""
    for number in range(5):
        body = {"provider": "ipqs", "type": "email", "provider_ref": f"5000{number}"}
        api.call("POST", "/jobs", body)

    by_hundred = pages(api, limit="100")
    by_two = pages(api, limit="2")

    received = [job["received_at"] for job in by_hundred]
    assert received == sorted(received, reverse=True)
    ids = [job["job_id"] for job in by_two]
    assert len(ids) == len(set(ids))
    assert {job["job_id"] for job in by_hundred} == set(ids)


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
    wait_for_outcome(api, job_id)

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
    problem = problem_of(api, "GET", "/jobs", query=query)

    assert problem["type"] == f"{_PROBLEM}request-invalid"


def test_a_cursor_is_valid_for_its_filters_only(api: ApiClient) -> None:
    """With other filters it would skip jobs, and nobody would notice."""
    for number in range(2):
        body = {"provider": "ipqs", "type": "email", "provider_ref": f"7000{number}"}
        api.call("POST", "/jobs", body)
    cursor = api.call("GET", "/jobs", query={"limit": "1"})["next"]

    query = {"provider": "ipqs", "cursor": cursor}
    problem = problem_of(api, "GET", "/jobs", query=query)

    assert problem["status"] == 400
