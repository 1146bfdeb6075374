"""Read arguments as people type them, and refuse what cannot be meant."""

import math
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from verdict_courier import api_description
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import listed, printable


def file(text: str) -> Path:
    """Return the path of a file that can be uploaded."""
    path, name = Path(text), printable(text)
    if path.is_dir():
        raise Misused(f"{name} is a folder: name a file in it")
    if not path.exists():
        raise Misused(f"there is no file {name}")
    if path.suffix.lower() not in api_description.upload_extensions():
        raise Misused(
            f"{name} does not end in {listed(api_description.upload_extensions())}"
        )
    if not path.is_file() or not os.access(path, os.R_OK):
        raise Misused(f"{name} cannot be read as a file")
    if path.stat().st_size == 0:
        raise Misused(f"the file is empty: {name}")
    return path


def label(text: str) -> str:
    """Return words about a job, in the form of the API."""
    if re.fullmatch(api_description.label_pattern(), text):
        return text
    raise Misused(f"{printable(text)!r} is not 1 to 100 printable characters")


def column(text: str) -> str:
    """Return a column's header or number, in the form of the API."""
    if re.fullmatch(api_description.column_pattern(), text):
        return text
    raise Misused(
        f"{printable(text)!r} is not 1 to 200 printable characters: give its number"
    )


def folder(text: str) -> Path:
    """Return the path of a folder, which need not exist yet."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise Misused(f"{printable(text)} is a file: name a folder to download into")
    return path


def day(text: str) -> str:
    """Return a day in the form of the API."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Misused(f"{text!r} is not a day such as 2026-11-22") from None


def whole_number(most: int | None = None) -> Callable[[str], int]:
    """Return a reader of numbers from 1, to `most` if there is one."""
    allowed = f"from 1 to {most}" if most else "from 1 on"

    def read(text: str) -> int:
        if text.strip().isdecimal() and 1 <= int(text) <= (most or math.inf):
            return int(text)
        raise Misused(f"{text!r} is not a number {allowed}")

    return read


def seconds(text: str) -> float:
    """Return the seconds between two looks at the API."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if 0.1 <= seconds <= 3600:  # noqa: PLR2004 - ten times a second to once an hour
        return seconds
    raise Misused(f"{text!r} is not a number of seconds from 0.1 to 3600")
