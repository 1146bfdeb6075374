"""The page in a browser, as an operator sees it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials
from playwright.sync_api import Browser, Page, expect
from verdict_courier.api_client import Api
from verdict_courier.console import page_response as reply
from verdict_courier.console.console import Board
from verdict_courier.console.local_console import board_beside
from verdict_courier.console.log_sources import InAws
from verdict_courier.console.page_response import Reply
from verdict_courier.console.server import served

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, until
from tools.browser import NEEDED, browser, chromium

_ROOT = Path(__file__).parents[2]
_PATIENCE = 30_000
_AT = "2026-11-22T10:00:{:02d}.000Z"
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    """Run one browser for all tests here."""
    executable = chromium()
    if executable is None:
        pytest.skip(NEEDED)
    with browser(executable) as running:
        yield running


@contextmanager
def opened(started: Browser, address: str, *, width: int = 1280) -> Iterator[Page]:
    """Open the page, and hold it to be silent and to stay at home."""
    complaints: list[str] = []
    foreign: list[str] = []
    context = started.new_context(viewport={"width": width, "height": 900})
    home = urlsplit(address).netloc
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda sent: (
            None if urlsplit(sent.url).netloc == home else foreign.append(sent.url)
        ),
    )
    page.goto(address)
    yield page
    context.close()
    assert complaints == []
    assert foreign == []


@pytest.fixture
def page(
    started: Browser,
    stack: LocalStack,
    courier: JobRunner,  # noqa: ARG001 - resets the provider
) -> Iterator[Page]:
    """Open the page of the stack."""
    with board_beside(stack) as address, opened(started, address) as page:
        yield page


@pytest.fixture
def slow(courier: JobRunner) -> Iterator[None]:
    """Let a provider work for ever, and waits take their time."""
    courier.stack.ipqs.behave(seconds_processing=1e9)
    courier.stack.emulator.set_wait_scale(1.0)
    yield
    courier.stack.emulator.set_wait_scale(0.0)


@pytest.mark.usefixtures("slow")
def test_a_job_appears_moves_and_ends(page: Page, courier: JobRunner) -> None:
    """Without a reload: an operator leaves the page open."""
    expect(page.locator("#live")).to_contain_text("live")

    job_id = courier.upload("ipqs/email/list.csv", sample.emails(12))

    job = page.locator(f'[data-job="{job_id}"]')
    expect(job.locator(".badge")).to_have_text("running")
    expect(job.locator(".bar.wait.open")).to_have_count(1)
    expect(job.locator(".tick")).not_to_have_count(0)
    ticks = job.locator(".tick").count()
    expect(job.locator(".tick")).not_to_have_count(ticks)

    courier.stack.ipqs.behave(statuses=("FINISHED",))

    expect(job.locator(".badge")).to_have_text("succeeded")
    expect(job.locator('[data-state="Download"]')).to_have_count(4)
    expect(job.locator(".bar.open")).to_have_count(0)
    job.get_by_text("Facts and states").click()
    expect(job.get_by_role("cell", name="Delivered")).to_be_visible()


def test_a_failed_job_leads_to_what_to_do(page: Page, courier: JobRunner) -> None:
    """From the error's name to its section of the run-book in one click."""
    job_id = courier.upload("ipqs/email/empty.csv", b"email\n")

    job = page.locator(f'[data-job="{job_id}"]')
    expect(job.locator(".badge")).to_have_text("failed")
    expect(job.locator(".error .name")).to_have_text("SourceEmpty")
    job.get_by_role("link", name="What it means").click()

    expect(page).to_have_url(f"{page.url.partition('runbook')[0]}runbook#sourceempty")
    expect(page.locator("h3#sourceempty")).to_be_in_viewport()
    expect(page.locator("h3#sourceempty + p")).to_contain_text("nothing to verify")


def test_a_job_leads_to_its_log_lines(page: Page, courier: JobRunner) -> None:
    """The page knows of a job what its functions said."""
    job_id = courier.upload("ipqs/email/list.csv", sample.emails(3))

    job = page.locator(f'[data-job="{job_id}"]')
    job.get_by_role("link", name="log lines").click()

    expect(page.locator("h1")).to_have_text("Log lines")
    expect(page.locator("table")).to_contain_text("submitted")


def invented(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member of a job
    """Give a job as the page gets it, woken by a webhook and still at work."""
    entry: dict[str, Any] = {"error": None, "tries": 1, "woken": None}
    entries = [
        {**entry, "state": "Submit", "entered_at": _AT.format(0)},
        {**entry, "state": "Listen", "entered_at": _AT.format(1), "woken": True},
        {**entry, "state": "Check", "entered_at": _AT.format(20)},
    ]
    for number, left in enumerate((1, 20, 30)):
        entries[number]["left_at"] = _AT.format(left)
    timeline = {
        "entries": entries,
        "checks": [_AT.format(20)],
        "marks": [{"name": "woken", "at": _AT.format(20)}],
        "ended_at": _AT.format(30),
        "truncated": False,
    }
    usual: dict[str, Any] = {
        "job_id": "a" * 64,
        "provider": "txncheck",
        "type": "full",
        "provider_ref": None,
        "source": None,
        "phase": "finished",
        "outcome": "partial",
        "attempt": 2,
        "checks": 1,
        "next_check_at": None,
        "deadline_at": None,
        "rows": None,
        "invalid": 0,
        "bytes": 10_000_000,
        "received_at": _AT.format(0),
        "submitted_at": _AT.format(1),
        "finished_at": None,
        "ended_at": _AT.format(29),
        "error": None,
        "earlier_attempts": [{"outcome": "failed", "error": "ProviderFailed"}],
        "places": [],
        "runbook": None,
        "timeline": timeline,
    }
    return usual | changes


@contextmanager
def showing(*jobs: dict[str, Any]) -> Iterator[str]:
    """Serve the page with jobs of our own."""
    nowhere = Api("http://127.0.0.1:9/", region="r", who=Credentials("a", "b"))
    board = Board(nowhere, where="a test", every=0.1, backstage=InAws())
    document = {"jobs": jobs, "trouble": None, "where": "a test", "every": 0.1}

    def replies(path: str) -> Reply | None:
        return reply.data(document) if path == "data" else board.reply(path)

    with served(replies) as address:
        yield address


def test_a_webhook_is_a_mark(started: Browser) -> None:
    """One sees which waits it ended early."""
    with showing(invented()) as address, opened(started, address) as page:
        expect(page.locator("article .mark title")).to_have_text("webhook, 10:00:20")
        wait = page.locator('[data-state="Listen"] title')
        expect(wait).to_have_text("Listen, 10:00:01, 19 s, woken by a webhook")


def test_names_are_text(started: Browser) -> None:
    """An uploader chooses the file's name, an operator reads it."""
    name = '<img src=x onerror="console.error(1)"><script>1</script>'
    bad = {"text": "objects", "href": "javascript:console.error(1)"}
    job = invented(source={"key": name, "version_id": "1"}, places=[bad])

    with showing(job) as address, opened(started, address) as page:
        page.get_by_text("Facts and states").click()
        expect(page.get_by_text(name)).to_be_visible()
        expect(page.locator(".links a")).not_to_have_attribute("href", bad["href"])


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits(started: Browser, width: int) -> None:
    """On a phone, in the night, too: what is cut off is not seen."""
    jobs = [invented(job_id=f"{number:064x}") for number in range(50)]

    with showing(*jobs) as address, opened(started, address, width=width) as page:
        page.get_by_text("Facts and states").first.click()
        expect(page.locator("article")).to_have_count(50)
        expect(page.locator("figure")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_end_of_the_server_is_told(started: Browser) -> None:
    """A page that stands still must not look like a quiet stack."""
    with showing(invented()) as address:
        context = started.new_context()
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#live")).to_contain_text("live")

    expect(page.locator("#live.trouble")).to_contain_text("does not answer")
    context.close()


_PARENT = """
import os, sys, time
from tools.browser import browser

with browser(sys.argv[1]) as started:
    started.new_page()
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_leaves_no_browser_behind() -> None:
    """Chromium and its driver hang on pipes, which end with whoever held them."""
    executable = chromium()
    if executable is None:
        pytest.skip(NEEDED)
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, executable],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        family = descendants(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)

    assert len(family) > 2
    until(lambda: not any(map(is_alive, family)))


def descendants(pid: int) -> list[int]:
    """Give the ids of all processes that a process has started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # it ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
