"""Retry and Catch as the Amazon States Language has them."""

import random
from typing import Any

from ministack.services import stepfunctions as sfn

_DEFAULT_INTERVAL, _DEFAULT_BACKOFF = 1, 2.0


def delay(retrier: dict[str, Any], attempt: int, *, chance: float) -> float:
    """Seconds before retry number `attempt`, from 0; `chance` is in 0..1."""
    interval: float = retrier.get("IntervalSeconds", _DEFAULT_INTERVAL)
    rate: float = retrier.get("BackoffRate", _DEFAULT_BACKOFF)
    longest: float = retrier.get("MaxDelaySeconds", float("inf"))
    seconds = min(interval * rate**attempt, longest)
    return seconds * chance if retrier.get("JitterStrategy") == "FULL" else seconds


def retry_delays() -> None:
    """Respect MaxDelaySeconds and JitterStrategy, and cap delays at nothing else.

    MiniStack ignores both fields and caps each delay at sixty seconds.
    """
    find = sfn._find_matching_retrier

    def find_matching(
        retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return None, index
        # Only a retry that is about to happen asks; so the wait can be here, and
        # nothing is left for the caller to wait.
        sfn._scaled_sleep(
            delay(retrier, counts.get(index, 0), chance=random.random())  # noqa: S311 - jitter
        )
        return {**retrier, "IntervalSeconds": 0}, index

    sfn._find_matching_retrier = find_matching


def terminal_errors() -> None:
    """Keep States.ALL from catching what it does not catch in AWS.

    States.Runtime is neither retried nor caught by a wildcard, and
    States.DataLimitExceeded only by its own name.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    matches = sfn._error_matches

    def error_matches(error_equals: list[str], error: str) -> bool:
        if error in ("States.Runtime", "States.DataLimitExceeded"):
            return error in error_equals
        matched: bool = matches(error_equals, error)
        return matched

    sfn._error_matches = error_matches
