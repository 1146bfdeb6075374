"""The record of the local stack that `make up` started in this clone."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

RECORD = Path(__file__).parents[1] / ".local" / "stack.json"
LOG = RECORD.with_name("stack.log")


def open_private(path: Path) -> BinaryIO:
    """Open a file to be written anew, which no other user of the machine can read.

    The record has the page's key, and whoever has that sees the jobs. The mode of a
    file that is there stays as it was, so that one is replaced.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def running_record() -> dict[str, Any] | None:
    """Return the record of the running stack, None if there is none.

    A record whose process was killed stays behind, and its process id may be another
    process by now. What shows that the stack runs is its lock on the record.
    """
    try:
        with RECORD.open("rb") as file:
            if not _is_locked(file):
                return None
            record: dict[str, Any] = json.loads(file.read())
    except FileNotFoundError:
        return None
    return record


def _is_locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
