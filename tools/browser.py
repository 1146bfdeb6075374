"""Run a headless Chromium for the console's tests and its screenshot."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

#: Its names in Debian, in other distributions and in Google's package.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: No sandbox, because it may run as root in a container, and only the page's requests.
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
    """Return the path in the variable CHROMIUM, or the first Chromium in the PATH."""
    path = os.environ.get("CHROMIUM")
    return path or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Run Chromium with a new profile as long as the block lasts.

    Playwright's driver and Chromium end with this process, however it ends: they
    read from its pipes.
    """
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=executable, headless=True, args=_FLAGS
        )
        try:
            yield started
        finally:
            started.close()
