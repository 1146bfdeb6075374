"""The page's server beside the whole stack: what the browser is given to show."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.credentials import Credentials
from verdict_courier.api_client import Api
from verdict_courier.console.console import Board
from verdict_courier.console.local_console import board_beside
from verdict_courier.console.log_sources import InAws

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, until


@pytest.fixture
def page(stack: LocalStack, courier: JobRunner) -> Iterator[str]:  # noqa: ARG001 - resets the provider
    """Serve the page of the stack."""
    with board_beside(stack) as address:
        yield address


def got(address: str) -> bytes:
    """Fetch a path of the page's."""
    with urlopen(address, timeout=30) as answer:  # noqa: S310 - our own server
        content: bytes = answer.read()
        return content


def seen(page: str, job_id: str) -> dict[str, Any]:
    """Wait until the page shows a job with its whole timeline."""

    def look() -> dict[str, Any] | None:
        jobs = {job["job_id"]: job for job in json.loads(got(f"{page}data"))["jobs"]}
        found: dict[str, Any] = jobs.get(job_id, {})
        timeline = found.get("timeline")
        return found if timeline and timeline["ended_at"] else None

    return until(look)


def places(job: dict[str, Any]) -> dict[str, str]:
    """Give the links of a job by their texts."""
    return {place["text"]: place["href"] for place in job["places"]}


def test_a_job_comes_with_its_timeline_and_its_places(
    page: str, courier: JobRunner
) -> None:
    """One look is all that the browser needs."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))

    job = seen(page, job_id)

    assert job["outcome"] == "succeeded"
    assert job["timeline"]["entries"][-1]["state"] == "Delivered"
    assert set(places(job)) == {"objects", "log lines", "messages"}
    assert job["runbook"] is None


def test_log_lines_are_those_of_the_job(page: str, courier: JobRunner) -> None:
    """From Intake to Conclude, and none of another job's."""
    other = courier.upload("ipqs/email/other.csv", sample.emails(4))
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))
    seen(page, other)

    shown = got(page + places(seen(page, job_id))["log lines"]).decode()

    for line in ("submitted", "checked", "concluded"):
        assert line in shown
    assert job_id in shown
    assert other not in shown
    assert "StateEntered" not in shown  # the machine's own log is the timeline


def test_a_message_is_shown_and_not_taken_away(page: str, courier: JobRunner) -> None:
    """The page has a queue of its own."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))
    address = page + places(seen(page, job_id))["messages"]

    until(lambda: "manifest_key" in got(address).decode())

    assert "manifest_key" in got(address).decode()
    assert courier.notices(job_id)


def test_an_object_is_passed_on_whole(page: str, courier: JobRunner) -> None:
    """The link to it, good for whoever has it, does not reach the browser."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))
    address = page + places(seen(page, job_id))["objects"]

    shown = got(address).decode()
    with urlopen(f"{address}/all", timeout=30) as answer:  # noqa: S310 - our own server
        result, headers = answer.read(), answer.headers

    # What breaks off on the way must not look whole.
    assert int(headers["Content-Length"]) == len(result)
    assert headers["Content-Disposition"].endswith('-all.csv"')
    assert hashlib.sha256(result).hexdigest() in shown
    assert f'href="{job_id}/all"' in shown
    assert not re.search("(?i)signature|credential", shown)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("objects/" + "0" * 64, 502, id="no such job"),
        pytest.param("objects/" + "0" * 64 + "/all", 502, id="no such result"),
        pytest.param("logs/..%2f..", 404, id="no id"),
        pytest.param("../server.py", 404, id="a file of ours"),
        pytest.param("page.html/x", 404, id="below a file"),
    ],
)
def test_what_is_not_there_is_not_shown(page: str, path: str, status: int) -> None:
    """Neither as an empty page, nor as whatever lies beside it."""
    with pytest.raises(HTTPError) as caught:
        got(page + path)

    with caught.value as refusal:
        assert refusal.code == status


def test_without_the_api_the_page_keeps_what_it_knew() -> None:
    """And says so; an empty page would look like a quiet day."""
    nowhere = Api("http://127.0.0.1:9/", region="r", who=Credentials("a", "b"))
    board = Board(nowhere, where="nowhere", every=1.0, backstage=InAws())

    answer = board.reply("data")

    assert answer is not None
    shown = json.loads(b"".join(answer.pieces))
    assert shown["jobs"] == []
    assert "No answer from the API" in shown["trouble"]


def test_of_a_deployed_stack_the_consoles_are_linked(
    stack: LocalStack, page: str, courier: JobRunner
) -> None:
    """The page has no rights there but the API's."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))
    seen(page, job_id)
    api = Api(stack.api_url, region="us-east-1", who=Credentials("test", "test"))
    board = Board(api, where="prod", every=1.0, backstage=InAws())

    answer = board.reply("data")

    assert answer is not None
    jobs = json.loads(b"".join(answer.pieces))["jobs"]
    links = places(next(job for job in jobs if job["job_id"] == job_id))
    console = "https://us-east-1.console.aws.amazon.com/"
    assert links.pop("objects") == f"objects/{job_id}"
    assert all(link.startswith(console) for link in links.values())
    assert job_id in links["log lines"]
    assert links["execution"].endswith(job_id)
