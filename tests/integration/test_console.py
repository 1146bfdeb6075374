"""The web console of the whole stack: what the browser gets to show."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.console.console import WebConsole
from verdict_courier.console.local_console import serve_local_console
from verdict_courier.console.log_sources import AwsConsoleLinks

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(stack: LocalStack, runner: JobRunner) -> Iterator[str]:  # noqa: ARG001 - resets the provider
    """Serve the console of the stack."""
    with serve_local_console(
        api_url=stack.api_url,
        endpoint=stack.emulator.endpoint,
        topic=stack.outputs["NoticesTopicArn"],
    ) as address:
        yield address


def get(address: str) -> bytes:
    """Return the content at an address of the console."""
    with urlopen(address, timeout=30) as response:  # noqa: S310 - our own server
        content: bytes = response.read()
        return content


def wait_for_job(page: str, job_id: str) -> dict[str, Any]:
    """Wait until the console has a job with its whole timeline, and return the job.

    It reads the timeline after the job, which may have ended in between.
    """

    def finished_job() -> dict[str, Any] | None:
        jobs = {job["job_id"]: job for job in json.loads(get(f"{page}data"))["jobs"]}
        job: dict[str, Any] = jobs.get(job_id, {})
        timeline = job.get("timeline")
        has_ended = timeline and timeline["ended_at"] and job["outcome"]
        return job if has_ended else None

    return wait_for(finished_job)


def page_links(job: dict[str, Any]) -> dict[str, str]:
    """Return the targets of a job's links by their texts."""
    return {link["text"]: link["href"] for link in job["page_links"]}


def test_a_job_has_its_timeline_and_its_links(page: str, runner: JobRunner) -> None:
    """The browser needs one request for all of it."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))

    job = wait_for_job(page, job_id)

    assert job["outcome"] == "succeeded"
    assert job["timeline"]["entries"][-1]["state"] == "Delivered"
    assert set(page_links(job)) == {"objects", "log lines", "messages"}
    assert job["runbook"] is None


def test_log_lines_are_about_the_job_only(page: str, runner: JobRunner) -> None:
    """From Submit to Conclude, and none about another job."""
    other = runner.upload("ipqs/email/other.csv", sample.emails(4))
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))
    wait_for_job(page, other)

    shown = get(page + page_links(wait_for_job(page, job_id))["log lines"]).decode()

    for line in ("submitted", "checked", "concluded"):
        assert line in shown
    assert job_id in shown
    assert other not in shown
    assert "StateEntered" not in shown  # the timeline shows the states
    assert job_id in get(f"{page}logs/{job_id[:12]}").decode()


def test_a_message_is_shown_and_not_taken_from_others(
    page: str, runner: JobRunner
) -> None:
    """The console has its own queue."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))
    address = page + page_links(wait_for_job(page, job_id))["messages"]

    wait_for(lambda: "manifest_key" in get(address).decode())

    assert "manifest_key" in get(address).decode()
    assert runner.notices(job_id)


@pytest.mark.usefixtures("txncheck")
def test_what_the_provider_said_of_a_failure_is_shown(
    page: str, runner: JobRunner
) -> None:
    """It says what is wrong with the request, which the error's name does not."""
    request = {"mobile": "+919812345679", "name": "Asha Example"}
    content = json.dumps(request).encode()
    job_id = runner.upload("txncheck/full-check/person.json", content)

    links = page_links(wait_for_job(page, job_id))

    assert "Nothing was found" in get(page + links["what the provider said"]).decode()


def test_a_result_is_downloaded_whole(page: str, runner: JobRunner) -> None:
    """The link to it is a secret, which does not reach the browser."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))
    address = page + page_links(wait_for_job(page, job_id))["objects"]

    shown = get(address).decode()
    with urlopen(f"{address}/all", timeout=30) as response:  # noqa: S310 - our own server
        result, headers = response.read(), response.headers

    # A transfer that breaks off must not look whole.
    assert int(headers["Content-Length"]) == len(result)
    assert headers["Content-Disposition"].endswith('-all.csv"')
    assert hashlib.sha256(result).hexdigest() in shown
    assert f'href="{job_id}/all"' in shown
    assert not re.search("(?i)signature|credential", shown)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("objects/" + "0" * 64, 502, id="no such job"),
        pytest.param("error/" + "0" * 64, 502, id="no such error"),
        pytest.param("logs/" + "0" * 8, 502, id="no job with these digits"),
        pytest.param("logs/" + "0" * 7, 404, id="too few digits"),
        pytest.param("objects/" + "0" * 64 + "/all", 502, id="no such result"),
        pytest.param("objects/" + "0" * 64 + "/joined-parquet", 502, id="not joined"),
        pytest.param("logs/..%2f..", 404, id="no id"),
        pytest.param("../server.py", 404, id="a file outside"),
        pytest.param("page.html/x", 404, id="below a file"),
    ],
)
def test_a_missing_page_is_an_error(page: str, path: str, status: int) -> None:
    """Not an empty page, and no other file of the folder."""
    with pytest.raises(HTTPError) as caught:
        get(page + path)

    with caught.value as refusal:
        assert refusal.code == status


def test_without_the_api_the_console_reports_the_error() -> None:
    """Without it, the page would look like a stack that has no jobs."""
    console = WebConsole(
        ApiClient.local("http://127.0.0.1:9/"),
        stack="nowhere",
        refresh_seconds=1.0,
        log_source=AwsConsoleLinks(),
    )

    response = console.respond("data")

    assert response is not None
    data = json.loads(b"".join(response.chunks))
    assert data["jobs"] == []
    assert "No answer from the API" in data["error"]


def test_the_jobs_of_a_deployed_stack_link_to_aws_consoles(
    stack: LocalStack, page: str, runner: JobRunner
) -> None:
    """The user's rights may end at the API."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))
    wait_for_job(page, job_id)
    console = WebConsole(
        ApiClient.local(stack.api_url),
        stack="prod",
        refresh_seconds=1.0,
        log_source=AwsConsoleLinks(),
    )

    response = console.respond("data")

    assert response is not None
    jobs = json.loads(b"".join(response.chunks))["jobs"]
    links = page_links(next(job for job in jobs if job["job_id"] == job_id))
    aws = "https://us-east-1.console.aws.amazon.com/"
    assert links.pop("objects") == f"objects/{job_id}"
    assert all(link.startswith(aws) for link in links.values())
    assert job_id in links["log lines"]
    assert links["execution"].endswith(job_id)


def test_its_process_ends_when_its_input_is_closed(stack: LocalStack) -> None:
    """So it ends with the local stack, even with one that was killed."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "verdict_courier.console"),
            f"--api-url={stack.api_url}",
            f"--endpoint={stack.emulator.endpoint}",
            f"--topic={stack.outputs['NoticesTopicArn']}",
        ],
        env={**os.environ, "PYTHONPATH": str(_ROOT / "client")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        data = json.loads(get(f"{process.stdout.readline().strip()}data"))
        process.communicate()  # closes its input

    assert process.returncode == 0
    assert (data["stack"], data["error"]) == ("the local stack", None)
