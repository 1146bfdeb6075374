"""Browser: a headless Chromium, for the page's test and its picture."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

#: What Debian, others and Google call it.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Quiet: no sandbox of its own (it may be root in a container), nothing but the page.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDED = "needs Chromium: install the Debian package chromium, or set CHROMIUM"


def chromium() -> str | None:
    """Find Chromium: the one that CHROMIUM names, else the first in the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Run Chromium with a profile that lasts as long as the block.

    Playwright's driver and Chromium hang on pipes of this process: however it
    ends, they end.
    """
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=executable, headless=True, args=_FLAGS
        )
        try:
            yield started
        finally:
            started.close()
