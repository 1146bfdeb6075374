"""Read job ids as people type them, whole or only their first digits."""

import re
from collections.abc import Iterator
from typing import Any

from verdict_courier.api_client import ApiClient
from verdict_courier.cli.misuse import Misused

#: The number of digits of a job id that a table shows.
SHOWN_DIGITS = 12

_DIGITS = 64
_MIN_DIGITS = 8
_PAGE = 100
_MAX_PAGES = 10
_HEXADECIMAL = re.compile(r"[0-9a-f]+")


def read_job_id(text: str) -> str:
    """Return the digits of a job id, which may be only its first ones.

    Raises:
        Misused: The text can be no job id.
    """
    # Copied digits come with spaces, or with the sign for those that were left out.
    digits = text.strip().rstrip("….").lower()
    if _HEXADECIMAL.fullmatch(digits) and _MIN_DIGITS <= len(digits) <= _DIGITS:
        return digits
    raise Misused(
        f"{text!r} is not a job id: give its {_DIGITS} hexadecimal digits, "
        f"or the first {_MIN_DIGITS} or more of them"
    )


def find_job_id(api: ApiClient, digits: str) -> str:
    """Return the whole id of the job whose id begins with these digits.

    Only the newest jobs are looked through; a whole id is returned as it is.

    Raises:
        Misused: No job begins with them, or several do.
        ApiError, ApiUnreachable: See `ApiClient.call`.
    """
    if len(digits) == _DIGITS:
        return digits
    found: list[str] = []
    count = 0
    for job in _newest_jobs(api):
        count += 1
        if job["job_id"].startswith(digits) and job["job_id"] not in found:
            found.append(job["job_id"])
            # No two of all jobs that there will ever be have so many in common.
            if len(digits) >= SHOWN_DIGITS:
                break
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")  # noqa: PLR2004 - enough to compare
        raise Misused(f"{len(found)} jobs begin with {digits}: {several}")
    raise Misused(
        f"none of the newest {count:,} jobs begins with {digits}: give the whole id"
    )


def _newest_jobs(api: ApiClient) -> Iterator[dict[str, Any]]:
    query = {"limit": str(_PAGE)}
    for _ in range(_MAX_PAGES):
        page = api.call("GET", "/jobs", query=query)
        yield from page["jobs"]
        if page["next"] is None:
            return
        query["cursor"] = page["next"]
