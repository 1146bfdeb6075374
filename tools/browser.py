"""A headless Chromium, for the console's tests and its screenshot."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

#: The names that Debian, other distributions and Google give it.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: No sandbox (it may run as root in a container), and no requests but the page's.
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
    """Return the Chromium that CHROMIUM names, else the first in the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


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
