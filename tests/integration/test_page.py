"""The web console in a browser, with jobs that are made up."""

import pytest
from playwright.sync_api import Browser, expect
from verdict_courier.console.page_response import PageResponse, json_response

from tests.integration.console_pages import opened, paged, sample_job, showing


@pytest.mark.parametrize(
    ("attempt", "marks", "took"),
    [
        pytest.param(1, [], "took 29 s", id="since it was received"),
        pytest.param(
            2,
            [{"name": "resumed", "at": "2026-11-22T10:00:10.000Z"}],
            "attempt 2: took 19 s",
            id="since the retry",
        ),
    ],
)
def test_the_bars_last_as_long_as_the_job_took(
    web_browser: Browser, attempt: int, marks: list[dict[str, str]], took: str
) -> None:
    """Two lengths of one job make a reader doubt both."""
    timeline = {**sample_job()["timeline"], "marks": marks}
    job = sample_job(attempt=attempt, timeline=timeline)

    with showing(job) as address, opened(web_browser, address) as page:
        expect(page.locator(".facts")).to_contain_text(took)
        lasted = page.locator(".scale span").last
        expect(lasted).to_have_text(took.rpartition("took ")[2])
        end = page.locator(".timeline .end")
        expect(end).to_have_attribute("d", "M1000 10v28")


def test_a_call_that_is_repeated_is_on_the_card(web_browser: Browser) -> None:
    """A job that seems to do nothing may be at its fourth try."""
    timeline = sample_job()["timeline"]
    timeline["entries"][-1] |= {"left_at": None, "error": "SlowDown", "tries": 4}
    timeline["ended_at"] = None
    job = sample_job(timeline=timeline, outcome=None, ended_at=None, phase="check")

    with showing(job) as address, opened(web_browser, address) as page:
        fact = "Check is repeated after SlowDown (try 4)"
        expect(page.locator(".facts")).to_contain_text(fact)


def test_results_are_on_the_card_once_somebody_sees_it(web_browser: Browser) -> None:
    """With the numbers of the manifest: who wants them need not open five files."""
    found = {
        "files": [{"kind": "all", "rows": 12, "bytes": 3400, "href": "objects/a/all"}],
        "numbers": [["records", 12], ["sent", 9]],
        "verdict": "complete",
        "meaning": "all came back",
    }
    jobs = [
        sample_job(job_id=f"{number:064x}", results=f"results/{number:064x}")
        for number in range(30)
    ]
    asked: list[str] = []

    with (
        showing(*jobs, results=found) as address,
        opened(web_browser, address) as page,
    ):
        page.on("request", lambda request: asked.append(request.url.split("/")[-1]))
        results = page.locator(".results")
        expect(results.first).to_contain_text("12 records, 9 sent; complete: all came")
        download = results.first.get_by_role("link", name="Download all, job")
        expect(download).to_have_attribute("href", "objects/a/all")
        expect(results.last).to_have_text("Results …")
        results.last.scroll_into_view_if_needed()
        expect(results.last).to_contain_text("12 rows, 3.4 kB")
        assert asked.count(f"{29:064x}") == 1


def test_a_webhook_is_marked(web_browser: Browser) -> None:
    """The operator sees which waits it ended early."""
    with showing(sample_job()) as address, opened(web_browser, address) as page:
        expect(page.locator("article .mark title")).to_have_text("woken, 10:00:20")
        wait = page.locator('[data-state="Listen"] title')
        expect(wait).to_have_text("Listen, 10:00:01, 19 s, woken")


def test_names_are_text(web_browser: Browser) -> None:
    """An uploader chooses the file's name; as markup it could attack the operator."""
    name = '<img src=x onerror="console.error(1)"><script>1</script>'
    bad = {"text": "objects", "href": "javascript:console.error(1)"}
    job = sample_job(source={"key": name, "version_id": "1"}, page_links=[bad])

    with showing(job) as address, opened(web_browser, address) as page:
        page.get_by_text("Facts and states").click()
        expect(page.get_by_text(name)).to_be_visible()
        expect(page.locator(".links a")).not_to_have_attribute("href", bad["href"])


def test_times_are_those_of_the_reader(web_browser: Browser) -> None:
    """A time that is compared with a clock on the wall; in UTC on hover, as in logs."""
    with (
        showing(sample_job()) as address,
        opened(web_browser, address, zone="Asia/Kolkata") as page,
    ):
        time = page.locator("article .head time")
        expect(time).to_have_text("2026-11-22 15:30:00")
        expect(time).to_have_attribute("title", "2026-11-22 10:00:00 UTC")
        expect(page.locator(".scale span").first).to_have_text("15:30:00")


def test_a_card_has_a_heading_and_links_that_name_its_job(web_browser: Browser) -> None:
    """Who hears the page goes from heading to heading, and from link to link."""
    links = [{"text": "log lines", "href": "logs/1"}]
    job = sample_job(name="june.csv", page_links=links)

    with showing(job) as address, opened(web_browser, address) as page:
        heading = page.get_by_role("heading", level=2)
        expect(heading).to_have_text("txncheck full · june.csv")
        name = f"log lines, job june.csv, {'a' * 12}"
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_jobs_are_filtered(web_browser: Browser) -> None:
    """Among fifty jobs nobody finds the one that failed."""
    jobs = (
        sample_job(job_id="a" * 64, outcome="failed", name="june.csv"),
        sample_job(job_id="b" * 64, outcome=None, phase="check"),
        sample_job(job_id="c" * 64, provider="ipqs", label="June, again"),
    )

    with showing(*jobs) as address, opened(web_browser, address) as page:
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


def test_a_running_job_is_older_than_those_behind_it(web_browser: Browser) -> None:
    """It is listed first, and the charts are drawn by arrival all the same."""
    old = "2026-11-20T10:00:00.000Z"
    running = {"outcome": None, "ended_at": None, "phase": "check", "received_at": old}
    jobs = (sample_job(job_id="a" * 64, **running), sample_job(job_id="b" * 64))

    with showing(*jobs) as address, opened(web_browser, address) as page:
        expect(page.locator("#live")).to_contain_text("live")
        expect(page.locator("article")).to_have_count(2)
        titles = page.locator("#charts figure").nth(2).locator("rect title")
        expect(titles).to_have_text([f"{'a' * 12}: 1", f"{'b' * 12}: 1"])


def test_the_address_of_a_job_leads_to_it(web_browser: Browser) -> None:
    """`courier open` prints it."""
    jobs = [sample_job(job_id=f"{number:064x}") for number in range(50)]

    with (
        showing(*jobs) as address,
        opened(web_browser, f"{address}#{40:064x}") as page,
    ):
        asked = page.locator(f'article[data-job="{40:064x}"]')
        expect(asked).to_be_in_viewport()
        expect(page.locator("article.asked")).to_have_count(1)


def test_an_action_is_asked_once_more_by_keyboard(web_browser: Browser) -> None:
    """Enter on the wrong card must not pay; who has no mouse must be able to."""
    done: list[str] = []

    def act(path: str) -> PageResponse:
        done.append(path)
        return json_response({"error": "The job has ended." if done[1:] else None})

    actions = [{"name": "retry", "asks": "7 requests are paid for again."}]
    job = sample_job(outcome="failed", name="june.csv", actions=actions)
    with showing(job, act=act) as address, opened(web_browser, address) as page:
        button = page.get_by_role("button", name="Retry, job june.csv")
        dialog = page.get_by_role("dialog", name="Retry job june.csv")
        button.focus()

        for leaving in ("Escape", "Enter"):  # the answer that has the focus is a no
            page.keyboard.press("Enter")
            expect(dialog).to_contain_text("7 requests are paid for again.")
            page.keyboard.press(leaving)
            expect(dialog).to_be_hidden()
            expect(button).to_be_focused()
        assert not done

        for outcome in ("Retried", "The job has ended."):
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.locator(".actions [role=status]")).to_contain_text(outcome)
        assert done == [f"jobs/{'a' * 64}/retry"] * 2


def test_erasing_is_asked_once_more(web_browser: Browser) -> None:
    """What is deleted for good is not deleted by one click."""
    done: list[str] = []

    def act(path: str) -> PageResponse:
        done.append(path)
        return json_response({"error": None})

    actions = [{"name": "erase", "asks": "All versions are deleted for good."}]
    job = sample_job(outcome="succeeded", name="june.csv", actions=actions)
    with showing(job, act=act) as address, opened(web_browser, address) as page:
        dialog = page.get_by_role("dialog", name="Erase job june.csv")
        for answer in ("Leave it as it is", "Erase the job"):
            assert not done
            page.get_by_role("button", name="Erase, job june.csv").click()
            expect(dialog).to_contain_text("All versions are deleted for good.")
            dialog.get_by_role("button", name=answer).click()
            expect(dialog).to_be_hidden()

        expect(page.locator(".actions [role=status]")).to_have_text("Erased.")
        assert done == [f"jobs/{'a' * 64}/erase"]


def test_it_says_how_many_jobs_there_are_and_has_older_ones(
    web_browser: Browser,
) -> None:
    """The job that somebody looks for may be the hundredth."""
    jobs = [sample_job(job_id=f"{number:064x}") for number in range(120)]

    with paged(*jobs) as address, opened(web_browser, address) as page:
        counts, shown = page.locator("#counts"), page.locator("article")
        expect(counts).to_have_text("· newest 50 of 120, 0 running")
        filtered = page.locator("#shown")
        expect(filtered).to_have_text("filters the jobs on this page")
        page.locator("#text").fill(jobs[7]["job_id"])
        expect(filtered).to_have_text("1 of 50 on this page shown")
        page.locator("#text").fill("")
        page.get_by_role("link", name="Older jobs").click()
        expect(counts).to_have_text("· jobs 51 to 100 of 120, 0 running")
        expect(shown.first).to_have_attribute("data-job", jobs[50]["job_id"])
        page.get_by_role("link", name="Older jobs").click()
        expect(counts).to_have_text("· jobs 101 to 120 of 120, 0 running")
        expect(shown).to_have_count(20)
        expect(page.get_by_role("link", name="Older jobs")).to_have_count(0)
        page.get_by_role("link", name="Newest jobs").click()
        expect(shown.first).to_have_attribute("data-job", jobs[0]["job_id"])


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits(web_browser: Browser, width: int) -> None:
    """On a phone, too: nobody sees what is cut off."""
    jobs = [sample_job(job_id=f"{number:064x}") for number in range(50)]

    with showing(*jobs) as address, opened(web_browser, address, width=width) as page:
        page.get_by_text("Facts and states").first.click()
        expect(page.locator("article")).to_have_count(50)
        expect(page.locator("figure")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_end_of_the_server_is_shown(web_browser: Browser) -> None:
    """A page that is not updated must not look like a stack without events."""
    with showing(sample_job()) as address:
        context = web_browser.new_context()
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#live")).to_contain_text("live")

    expect(page.locator("#live.trouble")).to_contain_text("does not answer")
    context.close()
