"""The web console of the whole stack in a browser."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from verdict_courier.console.local_console import serve_local_console

from local import sample
from local.stack import LocalStack
from tests.integration.console_pages import opened
from tests.integration.harness import JobRunner, wait_for
from tools.browser import NEEDED, chromium

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(
    web_browser: Browser,
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
        opened(web_browser, address) as page,
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
    expect(job.locator(".results")).to_contain_text("12 records")
    expect(job.locator(".results")).to_contain_text("complete")
    with page.expect_download() as download:
        job.get_by_role("link", name="Download all,").click()
    assert len(download.value.path().read_text().splitlines()) == 13


@pytest.mark.usefixtures("slow")
def test_a_job_is_cancelled_and_retried(page: Page, runner: JobRunner) -> None:
    """Whoever sees what is wrong need not look for a command."""
    job_id = runner.upload("ipqs/email/list.csv", sample.emails(12))
    job = page.locator(f'[data-job="{job_id}"]')
    expect(job.locator(".bar.wait.open")).to_have_count(1)

    job.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()

    expect(job.locator(".badge")).to_have_text("cancelled")
    runner.stack.ipqs.behave(statuses=("FINISHED",))
    job.get_by_role("button", name="Retry").click()
    page.get_by_role("button", name="Retry the job").click()
    expect(job.locator(".badge")).to_have_text("succeeded")


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
