"""Clock: the time that the handlers pass to the steps."""

import time


def now() -> float:
    """Return the time in Unix seconds."""
    return time.time()
