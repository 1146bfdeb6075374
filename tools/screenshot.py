"""Take docs/page.png, a screenshot of the page with the jobs of a local stack."""

import sys
import time
from pathlib import Path

from playwright.sync_api import expect
from verdict_courier.console.local_console import serve_local_console

from local import sample
from local.simulators.clock import RunningClock
from local.simulators.ipqs import IpqsBehaviour
from local.stack import running
from tools.browser import NEEDED, browser, chromium

_SCREENSHOT = Path(__file__).parents[1] / "docs" / "page.png"
_BEHAVIOUR = IpqsBehaviour(
    seconds_new=2.0,
    seconds_processing=9.0,
    seconds_unique_results=2.0,
    seconds_finalizing=2.0,
)
#: Rows of each list, and the seconds until the next one.
_LISTS = ((400, 3), (1_000, 2), (250, 5), (1_600, 4), (120, 0))
_PATIENCE_MS = 120_000


def main() -> int:
    """Run some jobs, and take the screenshot while the last job is running."""
    executable = chromium()
    if executable is None:
        print(f"The screenshot {NEEDED}.", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    with (
        running(clock=RunningClock(), behaviour=_BEHAVIOUR) as stack,
        serve_local_console(
            api_url=stack.api_url,
            endpoint=stack.emulator.endpoint,
            topic=stack.outputs["NoticesTopicArn"],
        ) as address,
        browser(executable) as started,
    ):
        page = started.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        for number, (rows, pause) in enumerate(_LISTS):
            stack.put(f"ipqs/email/list-{number}.csv", sample.emails(rows))
            time.sleep(pause)
        succeeded = page.locator(".badge.succeeded")
        expect(succeeded).to_have_count(len(_LISTS), timeout=_PATIENCE_MS)
        stack.put("ipqs/email/empty.csv", b"email\n")
        expect(page.locator(".badge.failed")).to_have_count(1, timeout=_PATIENCE_MS)
        stack.put("ipqs/email/newest.csv", sample.emails(800))
        newest = page.locator("article").first
        expect(newest.locator(".tick")).to_have_count(4, timeout=_PATIENCE_MS)
        page.screenshot(path=_SCREENSHOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
