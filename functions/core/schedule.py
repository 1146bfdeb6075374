"""Schedule: compute how long to wait before the next call to a provider.

There are three clocks: retry, after a call that failed (`retry_seconds`); poll, after
the answer "not yet" (`poll_seconds`); and the deadline, at which the waiting ends.
After it, the sweep looks at the job now and then (`next_late_check`).

Waits in proportion to the elapsed time need the fewest checks for a given lateness:
with growth 0.1, a job that took an hour is noticed at most six minutes late (slightly
more with jitter, which spreads jobs that started together). The first minute has rules
of its own, because a tenth of a few seconds is less than a check takes.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

from functions.core.model import NO_FORECAST, Forecast

DAY_SECONDS = 86_400
#: How often the sweep runs, and the shortest time between two looks at a job.
SWEEP_SECONDS = 900
#: How many checks are spread over the time of an expected end, besides the usual ones,
#: and how many a forecast may cost in all, also by rounding. With more, a job of a day
#: that was forecast wrongly could exceed 1,500 history events.
_CHECKS_OF_A_FORECAST = 4
#: How far the checks are denser than usual to either side of the range that was told.
_MARGIN = 0.15
_LEAST_MARGIN = 0.02  # of the expected duration
#: The time between two looks at a job, as a share of the time since it timed out.
_LATE_GROWTH = 0.1


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A provider's polling policy: the settings of the three clocks.

    They are `poll` in cdk.json, in seconds apart from `growth` and `jitter`.

    * The first poll waits `first_seconds`, each later one `growth` times the time
      elapsed, at least `floor_seconds` and at most `cap_seconds`; `jitter` spreads each
      wait by this share up and down.
    * With `early_growth`, the waits grow from the first one to the floor by this share
      of the time elapsed: with 0.5, each is half as long again as the one before.
    * A provider's Retry-After counts within `hint_min_seconds` and `hint_max_seconds`.
    * A bad status counts after `required_confirmations` checks in a row that agree.
    * `uses_webhook`: a webhook of the provider may end a wait early. The wait is not
      longer for that, because a webhook can be lost.
    """

    first_seconds: float
    floor_seconds: float
    growth: float
    cap_seconds: float
    jitter: float
    hint_min_seconds: float
    hint_max_seconds: float
    deadline_seconds: float
    early_growth: float = 0.0
    retry_first_seconds: float = 2.0
    required_confirmations: int = 3
    uses_webhook: bool = False


def poll_seconds(
    elapsed: float,
    *,
    policy: Policy,
    random: float,
    hint: float | None = None,
    forecast: Forecast = NO_FORECAST,
    polls: int = 0,
) -> int:
    """Return the seconds to wait after the answer "not yet".

    `elapsed` is the time since the submission in seconds, `random` a number in [0, 1)
    and `hint` the wait that the provider asked for. Waits are whole seconds, because
    the Wait state takes no others.

    A `forecast` makes waits around the expected end shorter, and none longer: where it
    is wrong, a job is noticed as soon as without it, for some checks more. How many,
    `polls` bounds, the number of checks until now.
    """
    grown = _plain_seconds(elapsed, policy=policy)
    if forecast and polls < checks_until(elapsed, policy) + _CHECKS_OF_A_FORECAST:
        grown = min(grown, _seconds_to_expect(elapsed, forecast, policy=policy))
    return _bounded(grown, policy=policy, random=random, hint=hint)


def checks_until(duration: float, policy: Policy) -> int:
    """Return how many checks a job has that takes so long, without a forecast.

    `duration` is in seconds, and at most the deadline.
    """
    return bisect_left(_usual_checks(policy), duration) + 1 if duration > 0 else 0


@cache
def _usual_checks(policy: Policy) -> tuple[int, ...]:
    """Return the seconds of all checks until the deadline, without jitter."""
    times = [0]
    while times[-1] < policy.deadline_seconds:
        wait = poll_seconds(times[-1], policy=policy, random=0.5)
        times.append(times[-1] + wait)
    return tuple(times[1:])


def retry_seconds(
    failures: int, *, policy: Policy, random: float, hint: float | None = None
) -> int:
    """Return the seconds to wait after a call failed `failures` times in a row."""
    doubled = policy.retry_first_seconds * 2.0 ** min(max(failures, 1) - 1, 30)
    return _bounded(doubled, policy=policy, random=random, hint=hint)


def credit_seconds(*, policy: Policy, random: float) -> int:
    """Return the seconds to wait before the provider is asked for credits again."""
    return _bounded(policy.cap_seconds, policy=policy, random=random, hint=None)


def deadline(started_at: float, *, policy: Policy) -> float:
    """Return the time at which the waiting ends, in Unix seconds."""
    return started_at + policy.deadline_seconds


def cap_to_deadline(deadline_at: float, wait_seconds: int, *, now: float) -> int:
    """Shorten a wait, so that the last check falls on the deadline."""
    return max(1, min(wait_seconds, math.ceil(deadline_at - now)))


def next_late_check(timed_out_at: float, *, ends_at: float, now: float) -> float:
    """Return when to look again at a job that timed out, in Unix seconds.

    The time grows with that since the time-out, up to a day; the last look is at
    `ends_at`.
    """
    grown = min(max(SWEEP_SECONDS, _LATE_GROWTH * (now - timed_out_at)), DAY_SECONDS)
    return min(now + grown, ends_at)


def _plain_seconds(elapsed: float, *, policy: Policy) -> float:
    if elapsed <= 0:
        return policy.first_seconds
    floor = policy.floor_seconds
    if policy.early_growth:
        floor = min(floor, policy.first_seconds + policy.early_growth * elapsed)
    return max(floor, policy.growth * elapsed)


def _seconds_to_expect(elapsed: float, forecast: Forecast, *, policy: Policy) -> float:
    """Return the longest wait that leaves the expected end to be noticed early.

    Some checks more than usual are spread evenly over the time in which the end is
    expected. Until then, one wait may reach only to where the first of them would be.
    """
    width = forecast.high - forecast.low
    margin = max(_MARGIN * width, _LEAST_MARGIN * forecast.seconds, 1.0)
    begin, end = forecast.low - margin, forecast.high + margin
    if elapsed >= end:
        return math.inf
    longest = min(_plain_seconds(end, policy=policy), policy.cap_seconds)
    gap = 1 / (1 / longest + _CHECKS_OF_A_FORECAST / (end - begin))
    return gap if elapsed >= begin else begin + gap - elapsed


def _bounded(delay: float, *, policy: Policy, random: float, hint: float | None) -> int:
    delay = min(delay, policy.cap_seconds)
    delay *= 1 + policy.jitter * (2 * random - 1)
    if hint is not None:
        bounded = min(max(hint, policy.hint_min_seconds), policy.hint_max_seconds)
        if bounded > delay:
            return math.ceil(bounded)  # never earlier than the provider asked
    # Rounding up would make short waits exceed the bound on lateness.
    return max(1, round(delay))
