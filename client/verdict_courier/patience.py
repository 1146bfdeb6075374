"""Repeat reads of the API while it is too busy to answer."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from verdict_courier.api_client import ApiError

_PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
Answer = TypeVar("Answer")

#: Seconds before each repetition, two minutes in all.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)


def read_patiently(read: Callable[[], Answer], tell: Callable[[str], None]) -> Answer:
    """Return what `read` returns, which is called again while its refusal may pass.

    It must change nothing at the API. `tell` gets a sentence before each pause.

    Raises:
        ApiError: The API refuses the call, and does so after two minutes as well.
        ApiUnreachable: No response came, or one that is not the API's.
    """
    for pause in _PAUSES:
        try:
            return read()
        except ApiError as error:
            if error.status not in _PASSING:
                raise
            tell(f"{error} Asking again in {pause:g} s …")
        time.sleep(pause)
    return read()
