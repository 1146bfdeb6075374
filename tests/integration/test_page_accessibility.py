"""The web console for whoever does not see it: axe-core finds nothing."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.console_pages import opened, sample_job, showing
from tests.workflow.engines import node

#: axe-core needs a page that does not change while it looks.
_STILL = 3_600.0
_RESULTS = {
    "files": [{"kind": "all", "rows": 12, "bytes": 34, "href": "objects/a/all"}],
    "numbers": [["records", 12]],
    "verdict": "complete",
    "meaning": "all came back",
}
_NOW = "2026-11-22T10:00:{:02d}.000Z"
#: Every rule, those too that are in no standard, and what it cannot decide.
_RUN = """async () => {
  const { violations, incomplete } = await axe.run();
  return [...violations, ...incomplete];
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the script of axe-core."""
    try:
        node.install()
    except node.RegistryUnreachable as reason:
        pytest.skip(str(reason))
    return (node.FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text()


#: What is asked for when it comes into view would change the page under its eyes.
_IS_STILL = """() => [...document.querySelectorAll(".results")].every((element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return element.textContent !== "Results …" || bottom < 0 || top > innerHeight;
})"""


def findings(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds, each with the elements that it is about."""
    page.wait_for_function(_IS_STILL)
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [
        f"{rule['id']}: {part['html'][:200]} {part['failureSummary']}"
        for rule in found
        for part in rule["nodes"][:3]
    ]


def sorts_of_jobs() -> Iterator[dict[str, Any]]:
    """Yield jobs with everything that a card can show."""
    running = {"outcome": None, "ended_at": None, "phase": "check"}
    error = {"name": "ProviderFailed", "advice": "Retry the job."}
    hold = {"error": "CreditsMissing", "since": _NOW.format(3), "advice": "Buy some."}
    doubt = {"verdict": "unaccounted", "meaning": "rows lack", "runbook": "runbook#x"}
    links = [{"text": "log lines", "href": "logs/1"}]
    cancel = {"actions": [{"name": "cancel", "asks": "It is paid for."}]}
    results = {"results": f"results/{'0' * 64}"}
    yield sample_job(
        **results, page_links=links, name="june.csv", label="June", rows=12
    )
    yield sample_job(**running, next_check_at=_NOW.format(59), page_links=links)
    yield sample_job(**running, **cancel, hold=hold, page_links=links)
    approval = {"reason": "asked", "since": _NOW.format(3), "until": _NOW.format(9)}
    yield sample_job(**running, approval=approval, quote_says="12 records, 9 to send")
    yield sample_job(outcome="failed", error=error, runbook="runbook#providerfailed")
    yield sample_job(outcome="succeeded", rows_doubt=doubt, verdict="unaccounted")
    both = [{"name": name, "asks": "For good."} for name in ("retry", "erase")]
    yield sample_job(outcome="cancelled", timeline=None, actions=both)
    yield sample_job(outcome="timed_out", late=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("number", [0, 1, 60])
def test_axe_finds_nothing_on_the_page(
    web_browser: Browser, axe: str, number: int, scheme: Literal["light", "dark"]
) -> None:
    """What a reader of screens cannot find is not there for whoever uses one."""
    sorts = list(sorts_of_jobs())
    jobs = [
        {**sorts[index % len(sorts)], "job_id": f"{index:064x}"}
        for index in range(number)
    ]

    with (
        showing(*jobs, results=_RESULTS, refresh_seconds=_STILL) as address,
        opened(web_browser, address, scheme=scheme) as page,
    ):
        expect(page.locator("#live")).to_contain_text("live")
        expect(page.locator("article")).to_have_count(number)
        for details in page.locator("details").all()[: len(sorts)]:
            details.click()
        assert findings(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_question_before_an_action(
    web_browser: Browser, axe: str, scheme: Literal["light", "dark"]
) -> None:
    """Whoever cannot read it says yes to they do not know what."""
    job = next(job for job in sorts_of_jobs() if job.get("actions"))
    with (
        showing(job, refresh_seconds=_STILL) as address,
        opened(web_browser, address, scheme=scheme) as page,
    ):
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert findings(page, axe) == []


@pytest.mark.parametrize("path", ["runbook", "objects/" + "0" * 64])
def test_axe_finds_nothing_on_the_pages_behind_it(
    web_browser: Browser, axe: str, path: str
) -> None:
    """Whoever follows a link must be able to read what it leads to."""
    with (
        showing() as address,
        opened(web_browser, address + path, logs_errors=True) as page,
    ):
        assert findings(page, axe) == []
