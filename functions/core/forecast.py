"""Forecast: tell from finished jobs when the next one of their sort will end.

The model is a fixed part plus a rate for each value sent. All is by medians and ranks,
so that one odd job changes little: the range leaves out as many of the jobs at either
end as a range may that is to contain four of five ends.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from functions.core.model import NO_FORECAST, Forecast

#: With fewer jobs, not even the range from the least to the greatest has four of five
#: ends: the next one of n + 1 that are alike is outside with 2 of n + 1.
_FEWEST_JOBS = 9
#: The share of jobs below the range, and above it. Less than a tenth, because the
#: model was fitted to the same jobs.
_SHARE_OUTSIDE = 0.08
#: How many times larger or smaller than all that have ended a list may be.
_MOST_TIMES = 2.0
#: The fixed parts that are tried, as shares of a short job's duration.
_FIXED_SHARES = (0.25, 0.5, 0.75, 1.0)
#: What a fixed part has to better the rate alone by, or it is only noise.
_WORTH_A_FIXED_PART = 0.9


@dataclass(frozen=True, kw_only=True)
class Finish:
    """A finished job: the values sent, and the seconds until its end was noticed."""

    values: int
    seconds: float


def forecast(finishes: Sequence[Finish], *, values: int) -> Forecast:
    """Return when a job with so many values will end; nothing if too little is known.

    Too little are few jobs, or none of about its size.
    """
    jobs = len(finishes)
    if jobs < _FEWEST_JOBS or not _is_like(finishes, values):
        return NO_FORECAST
    # What ended at once, or had nothing to verify, has no rate.
    finishes = [
        Finish(values=max(1, each.values), seconds=max(1.0, each.seconds))
        for each in finishes
    ]
    fixed, rate = _fit(finishes)
    ratios = sorted(each.seconds / (fixed + rate * each.values) for each in finishes)
    outside = max(1, int(_SHARE_OUTSIDE * (jobs + 1)))
    predicted = fixed + rate * max(1, values)
    return Forecast(
        seconds=max(1, round(predicted * _median(ratios))),
        low=math.floor(predicted * ratios[outside - 1]),
        high=math.ceil(predicted * ratios[-outside]),
        jobs=jobs,
    )


def _is_like(finishes: Sequence[Finish], values: int) -> bool:
    sizes = [each.values for each in finishes]
    return min(sizes) / _MOST_TIMES <= values <= max(sizes) * _MOST_TIMES


def _fit(finishes: Sequence[Finish]) -> tuple[float, float]:
    """Return the fixed part and the rate whose predictions have the least error."""
    durations = sorted(each.seconds for each in finishes)
    short = durations[len(durations) // 10]
    models = [
        (share * short, _rate(finishes, share * short)) for share in _FIXED_SHARES
    ]
    models.append((_median(durations), 0.0))
    best = min(models, key=lambda model: _error(finishes, *model))
    by_rate = (0.0, _rate(finishes, 0.0))
    is_better = _error(finishes, *best) < _WORTH_A_FIXED_PART * _error(
        finishes, *by_rate
    )
    return best if is_better else by_rate


def _rate(finishes: Sequence[Finish], fixed: float) -> float:
    rates = [(each.seconds - fixed) / each.values for each in finishes]
    return max(0.0, _median(rates))


def _error(finishes: Sequence[Finish], fixed: float, rate: float) -> float:
    return _median(
        [
            abs(math.log(each.seconds / (fixed + rate * each.values)))
            for each in finishes
        ]
    )


def _median(numbers: Sequence[float]) -> float:
    # Not `statistics`: every check would import it.
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[-1 - middle]) / 2
