"""Retry and Catch as the Amazon States Language defines them."""

import random
from typing import Any

from ministack.services import stepfunctions as sfn

_DEFAULT_INTERVAL, _DEFAULT_BACKOFF = 1, 2.0


def delay(retrier: dict[str, Any], attempt: int, *, jitter: float) -> float:
    """Return the seconds before retry number `attempt`, counted from 0.

    `jitter` in 0..1 is the share of the delay that JitterStrategy FULL keeps.
    """
    interval: float = retrier.get("IntervalSeconds", _DEFAULT_INTERVAL)
    rate: float = retrier.get("BackoffRate", _DEFAULT_BACKOFF)
    longest: float = retrier.get("MaxDelaySeconds", float("inf"))
    seconds = min(interval * rate**attempt, longest)
    return seconds * jitter if retrier.get("JitterStrategy") == "FULL" else seconds


def retry_delays() -> None:
    """Apply MaxDelaySeconds and JitterStrategy, and no other cap.

    AWS: a retrier has both fields; without MaxDelaySeconds a delay is not capped.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: ignores both fields and caps each delay at sixty seconds.
    """
    find = sfn._find_matching_retrier

    def find_matching(
        retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return None, index
        # MiniStack calls this only before a retry, so the delay can be here; the
        # caller then has nothing left to wait for.
        attempt = counts.get(index, 0)
        sfn._scaled_sleep(delay(retrier, attempt, jitter=random.random()))  # noqa: S311 - jitter
        return {**retrier, "IntervalSeconds": 0}, index

    sfn._find_matching_retrier = find_matching


def terminal_errors() -> None:
    """Match no handler with States.Runtime, and States.DataLimitExceeded by name only.

    AWS: States.Runtime is neither retried nor caught, not even by its own name. A
    wildcard does not match States.DataLimitExceeded.
    Source: recorded on AWS; https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack: matches both like any other error.
    """
    matches = sfn._error_matches

    def error_matches(error_equals: list[str], error: str) -> bool:
        if error == "States.Runtime":
            return False
        if error == "States.DataLimitExceeded":
            return error in error_equals
        matched: bool = matches(error_equals, error)
        return matched

    sfn._error_matches = error_matches
