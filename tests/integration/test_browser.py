"""The web console in a browser."""

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
from playwright.sync_api import Browser, Page, expect
from verdict_courier.api_client import ApiClient
from verdict_courier.console.console import WebConsole
from verdict_courier.console.local_console import serve_local_console
from verdict_courier.console.log_sources import AwsConsoleLinks
from verdict_courier.console.page_response import PageResponse, json_response
from verdict_courier.console.server import serve

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for
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
def opened(
    started: Browser, address: str, *, width: int = 1280, zone: str = "UTC"
) -> Iterator[Page]:
    """Open the console; it must log nothing, and send requests to its server only."""
    logged: list[str] = []
    foreign_urls: list[str] = []
    context = started.new_context(
        viewport={"width": width, "height": 900}, timezone_id=zone
    )
    host = urlsplit(address).netloc
    page = context.new_page()
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if urlsplit(request.url).netloc == host
            else foreign_urls.append(request.url)
        ),
    )
    page.goto(address)
    yield page
    context.close()
    assert logged == []
    assert foreign_urls == []


@pytest.fixture
def page(
    started: Browser,
    stack: LocalStack,
    runner: JobRunner,  # noqa: ARG001 - resets the provider
) -> Iterator[Page]:
    """Open the console of the stack."""
    with (
        serve_local_console(
            api_url=stack.api_url,
            endpoint=stack.emulator.endpoint,
            topic=stack.outputs["NoticesTopicArn"],
        ) as address,
        opened(started, address) as page,
    ):
        yield page


@pytest.mark.usefixtures("slow")
def test_a_job_appears_moves_and_ends(page: Page, runner: JobRunner) -> None:
    """Without a reload: an operator leaves the page open."""
    expect(page.locator("#live")).to_contain_text("live")

    job_id = runner.upload("ipqs/email/list.csv", sample.emails(12))

    job = page.locator(f'[data-job="{job_id}"]')
    expect(job.locator(".badge")).to_have_text("running")
    expect(job.locator(".bar.wait.open")).to_have_count(1)
    expect(job.locator(".tick")).not_to_have_count(0)
    ticks = job.locator(".tick").count()
    expect(job.locator(".tick")).not_to_have_count(ticks)

    runner.stack.ipqs.behave(statuses=("FINISHED",))

    expect(job.locator(".badge")).to_have_text("succeeded")
    expect(job.locator('[data-state="Download"]')).to_have_count(4)
    expect(job.locator(".bar.open")).to_have_count(0)
    expect(job.locator(".head")).to_contain_text("list.csv")
    job.get_by_text("Facts and states").click()
    expect(job.get_by_role("cell", name="Delivered")).to_be_visible()


def test_a_failed_job_links_to_the_run_book(page: Page, runner: JobRunner) -> None:
    """One click leads from the error to the section that says what to do."""
    job_id = runner.upload("ipqs/email/empty.csv", b"email\n")

    job = page.locator(f'[data-job="{job_id}"]')
    expect(job.locator(".badge")).to_have_text("failed")
    expect(job.locator(".error .name")).to_have_text("SourceEmpty")
    job.get_by_role("link", name="What it means").click()

    expect(page).to_have_url(f"{page.url.partition('runbook')[0]}runbook#sourceempty")
    expect(page.locator("h3#sourceempty")).to_be_in_viewport()
    expect(page.locator("h3#sourceempty + p")).to_contain_text("nothing to verify")


def test_a_job_links_to_its_log_lines(page: Page, runner: JobRunner) -> None:
    """They explain what a timeline cannot."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(3))

    job = page.locator(f'[data-job="{job_id}"]')
    job.get_by_role("link", name="log lines").click()

    expect(page.locator("h1")).to_have_text("Log lines")
    expect(page.locator("table")).to_contain_text("submitted")


def test_rows_that_are_not_accounted_for_are_shown(
    page: Page, runner: JobRunner
) -> None:
    """The job has succeeded: without this nobody would look for what is missing."""
    runner.lose_rows()
    view = runner.run("ipqs/email/list.csv", sample.emails(12))

    assert view.job is not None
    article = page.locator(f'article[data-job="{view.job.job_id}"]')
    expect(article.locator(".doubt")).to_contain_text("rows: unaccounted")
    section = article.locator(".doubt a").get_attribute("href")
    assert section == "runbook#verdicts"
    page.goto(f"{page.url}{section}")
    expect(page.locator("h2#verdicts")).to_be_visible()


def sample_job(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member of a job
    """Return a job as the page gets it, with a wait that a webhook ended."""
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
        "page_links": [],
        "runbook": None,
        "timeline": timeline,
    }
    return usual | changes


@contextmanager
def showing(*jobs: dict[str, Any]) -> Iterator[str]:
    """Serve the console with these jobs."""
    console = WebConsole(
        ApiClient.local("http://127.0.0.1:9/"),
        stack="a test",
        refresh_seconds=0.1,
        log_source=AwsConsoleLinks(),
    )
    data = {"jobs": jobs, "error": None, "stack": "a test", "refresh_seconds": 0.1}

    def respond(path: str) -> PageResponse | None:
        return json_response(data) if path == "data" else console.respond(path)

    with serve(respond) as address:
        yield address


def test_a_webhook_is_marked(started: Browser) -> None:
    """The operator sees which waits it ended early."""
    with showing(sample_job()) as address, opened(started, address) as page:
        expect(page.locator("article .mark title")).to_have_text("webhook, 10:00:20")
        wait = page.locator('[data-state="Listen"] title')
        expect(wait).to_have_text("Listen, 10:00:01, 19 s, woken by a webhook")


def test_names_are_text(started: Browser) -> None:
    """An uploader chooses the file's name; as markup it could attack the operator."""
    name = '<img src=x onerror="console.error(1)"><script>1</script>'
    bad = {"text": "objects", "href": "javascript:console.error(1)"}
    job = sample_job(source={"key": name, "version_id": "1"}, page_links=[bad])

    with showing(job) as address, opened(started, address) as page:
        page.get_by_text("Facts and states").click()
        expect(page.get_by_text(name)).to_be_visible()
        expect(page.locator(".links a")).not_to_have_attribute("href", bad["href"])


def test_times_are_those_of_the_reader(started: Browser) -> None:
    """A time that is compared with a clock on the wall; in UTC on hover, as in logs."""
    with (
        showing(sample_job()) as address,
        opened(started, address, zone="Asia/Kolkata") as page,
    ):
        time = page.locator("article .head time")
        expect(time).to_have_text("2026-11-22 15:30:00")
        expect(time).to_have_attribute("title", "2026-11-22 10:00:00 UTC")
        expect(page.locator(".scale span").first).to_have_text("15:30:00")


def test_a_card_has_a_heading_and_links_that_name_its_job(started: Browser) -> None:
    """Who hears the page goes from heading to heading, and from link to link."""
    links = [{"text": "log lines", "href": "logs/1"}]
    job = sample_job(name="june.csv", page_links=links)

    with showing(job) as address, opened(started, address) as page:
        heading = page.get_by_role("heading", level=2)
        expect(heading).to_have_text("txncheck full · june.csv")
        name = f"log lines, job june.csv, {'a' * 12}"
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_jobs_are_filtered(started: Browser) -> None:
    """Among fifty jobs nobody finds the one that failed."""
    jobs = (
        sample_job(job_id="a" * 64, outcome="failed", name="june.csv"),
        sample_job(job_id="b" * 64, outcome=None, phase="check"),
        sample_job(job_id="c" * 64, provider="ipqs", label="June, again"),
    )

    with showing(*jobs) as address, opened(started, address) as page:
        shown = page.locator("article")
        expect(shown).to_have_count(3)
        page.locator("#text").fill("june")
        expect(shown).to_have_count(2)
        expect(page.locator("#shown")).to_have_text("2 of 3 shown")
        page.locator("#provider").select_option("ipqs")
        expect(shown).to_have_attribute("data-job", "c" * 64)
        page.locator("#outcome").select_option("running")
        expect(page.get_by_text("No job fits.")).to_be_visible()
        page.locator("#text").fill("")
        page.locator("#provider").select_option("")
        expect(shown).to_have_attribute("data-job", "b" * 64)


def test_a_running_job_is_older_than_those_behind_it(started: Browser) -> None:
    """It is listed first, and the charts are drawn by arrival all the same."""
    old = "2026-11-20T10:00:00.000Z"
    running = {"outcome": None, "ended_at": None, "phase": "check", "received_at": old}
    jobs = (sample_job(job_id="a" * 64, **running), sample_job(job_id="b" * 64))

    with showing(*jobs) as address, opened(started, address) as page:
        expect(page.locator("#live")).to_contain_text("live")
        expect(page.locator("article")).to_have_count(2)
        titles = page.locator("#charts figure").nth(2).locator("rect title")
        expect(titles).to_have_text([f"{'a' * 12}: 1", f"{'b' * 12}: 1"])


def test_the_address_of_a_job_leads_to_it(started: Browser) -> None:
    """`courier open` prints it."""
    jobs = [sample_job(job_id=f"{number:064x}") for number in range(50)]

    with (
        showing(*jobs) as address,
        opened(started, f"{address}#{40:064x}") as page,
    ):
        asked = page.locator(f'article[data-job="{40:064x}"]')
        expect(asked).to_be_in_viewport()
        expect(page.locator("article.asked")).to_have_count(1)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits(started: Browser, width: int) -> None:
    """On a phone, too: nobody sees what is cut off."""
    jobs = [sample_job(job_id=f"{number:064x}") for number in range(50)]

    with showing(*jobs) as address, opened(started, address, width=width) as page:
        page.get_by_text("Facts and states").first.click()
        expect(page.locator("article")).to_have_count(50)
        expect(page.locator("figure")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_end_of_the_server_is_shown(started: Browser) -> None:
    """A page that is not updated must not look like a stack without events."""
    with showing(sample_job()) as address:
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
    """Chromium and its driver end when the pipes of their parent are closed."""
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
        descendant_ids = descendants(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)

    assert len(descendant_ids) > 2
    wait_for(lambda: not any(map(is_alive, descendant_ids)))


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below a process."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # it ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for parent_id in found:
        found += [child for child, parent in parents.items() if parent == parent_id]
    return found[1:]


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
