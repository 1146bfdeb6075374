"""AWS time: learn AWS' clock from its answers, and sign requests by it."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import botocore.auth
import botocore.session
import botocore.signers

#: Less may be the answer's way to us, and the fraction that its date does not have.
_TOLERANCE_SECONDS = 3.0


class ClockOffset:
    """The seconds that another clock is ahead of this machine's, 0 while unknown.

    Each answer can correct it: this machine's clock may itself be set right one day.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.is_known = False

    def learn(self, date: str, *, received_at: float) -> None:
        """Learn from the `Date` header of an answer; `received_at` is our own time."""
        try:
            stated = parsedate_to_datetime(date)
        except ValueError:
            return
        if stated.tzinfo is None:  # dates of HTTP are in UTC, also without a zone
            stated = stated.replace(tzinfo=UTC)
        offset = stated.timestamp() + 0.5 - received_at  # a date has whole seconds
        self.is_known = True
        if abs(offset - self.seconds) >= _TOLERANCE_SECONDS:
            self.seconds = offset if abs(offset) >= _TOLERANCE_SECONDS else 0.0


#: How far AWS' clock is ahead of this environment's.
offset = ClockOffset()


@cache
def session() -> botocore.session.Session:
    """Return the session of all clients, which learn AWS' time and sign by it.

    It is botocore's, because boto3's adds resources and transfers, which no function
    uses, and whose import is a tenth of a cold start.
    """
    shared = botocore.session.Session()
    shared.register("response-received", _learn)
    # There is no public hook for it, and AWS refuses signatures of another time.
    for module in (botocore.auth, botocore.signers):
        vars(module)["get_current_datetime"] = _signing_time
    return shared


def _learn(**event: Any) -> None:  # noqa: ANN401 - botocore's own
    answer = event["response_dict"]
    if answer is not None:  # there is none after a broken connection
        date = answer["headers"].get("date", "")
        offset.learn(date, received_at=time.time())


def _signing_time(remove_tzinfo: bool = True) -> datetime:
    signed_at = datetime.fromtimestamp(time.time() + offset.seconds, UTC)
    return signed_at.replace(tzinfo=None) if remove_tzinfo else signed_at
