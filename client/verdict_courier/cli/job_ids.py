"""Read job ids as people type them, whole or only their first digits."""

import re

from verdict_courier.cli.misuse import Misused

#: The number of digits of a job id that a table shows.
SHOWN_DIGITS = 12

_DIGITS = 64
_MIN_DIGITS = 8
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
