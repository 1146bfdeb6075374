"""Screenshot: docs/page.png, the page with invented jobs of a real local stack."""

import sys
import time
from pathlib import Path

from playwright.sync_api import expect

from local import sample
from local.board.beside import board_beside
from local.browser import NEEDED, browser, chromium
from local.simulators.clock import RunningClock
from local.simulators.ipqs import IpqsBehaviour
from local.stack import running

PICTURE = Path(__file__).parents[1] / "docs" / "page.png"
_LIFE = IpqsBehaviour(
    seconds_new=2.0,
    seconds_processing=9.0,
    seconds_unique_results=2.0,
    seconds_finalizing=2.0,
)
#: Rows of the lists that come before, and the seconds after each.
_LISTS = ((400, 3), (1_000, 2), (250, 5), (1_600, 4), (120, 0))
_PATIENCE_MS = 120_000


def main() -> int:
    """Run some jobs, and picture the page while the last of them runs."""
    executable = chromium()
    if executable is None:
        print(f"The picture {NEEDED}.", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    with (
        running(clock=RunningClock(), behaviour=_LIFE) as stack,
        board_beside(stack) as address,
        browser(executable) as started,
    ):
        page = started.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        for number, (rows, pause) in enumerate(_LISTS):
            stack.put(f"ipqs/email/list-{number}.csv", sample.emails(rows))
            time.sleep(pause)
        well = page.locator(".badge.succeeded")
        expect(well).to_have_count(len(_LISTS), timeout=_PATIENCE_MS)
        stack.put("ipqs/email/empty.csv", b"email\n")
        expect(page.locator(".badge.failed")).to_have_count(1, timeout=_PATIENCE_MS)
        stack.put("ipqs/email/newest.csv", sample.emails(800))
        newest = page.locator("article").first
        expect(newest.locator(".tick")).to_have_count(4, timeout=_PATIENCE_MS)
        page.screenshot(path=PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
