"""Schedule: simulate how late ends are noticed, and how good forecasts of them are.

    python -m benchmarks.schedule [--histories 10000]

Each population is a sequence of lists, as they come, with the durations that their
provider needs; forecasts rest on what was noticed of those before. Their sizes are
log-uniform, so that a provider that takes a hundredth of a second for each value needs
10 s to 6 h. With `--histories`, random histories and forecasts, among them hostile
ones, are searched for a wait that is longer than without a forecast.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from benchmarks.populations import (
    LONGEST,
    POPULATIONS,
    SECONDS_OF_A_VALUE,
    SHORTEST,
    Population,
    history,
    log_uniform,
)
from functions.core.forecast import Finish, forecast
from functions.core.model import NO_FORECAST, Forecast
from functions.core.schedule import Policy, checks_until, poll_seconds
from infra import config

_JOBS = 3_000
_DAY = 86_400
_MINUTE = 60
#: How many finished jobs the product keeps of a sort (`functions.aws.finishes`).
_KEPT = 40


@dataclass
class Figures:
    """What happened to the jobs of a population."""

    lags: list[float] = field(default_factory=list)
    long_lags: list[float] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    outside: int = 0

    def add(
        self, seconds: float, noticed: float, count: int, prediction: Forecast
    ) -> None:
        """Add a job: how long it took, when its end was noticed, what was predicted."""
        lag = noticed / seconds - 1
        self.lags.append(lag)
        self.checks.append(count)
        if seconds > _MINUTE:
            self.long_lags.append(lag)
        if prediction:
            self.errors.append(abs(prediction.seconds - noticed) / noticed)
            self.outside += not prediction.low <= noticed <= prediction.high

    def row(self) -> tuple[float, float, float, float, float]:
        """Return mean lag, worst lag, checks, the share outside, the median error."""
        errors = sorted(self.errors) or [math.nan]
        share = self.outside / len(self.errors) if self.errors else math.nan
        return (
            mean(self.lags),
            max(self.long_lags),
            mean(self.checks),
            share,
            errors[len(errors) // 2],
        )


def simulate(population: Population, *, policy: Policy, random: Random) -> Figures:
    """Return the figures of a population's jobs, after those of a first history."""
    figures = Figures()
    finishes: list[Finish] = []
    for number in range(_JOBS + _KEPT):
        usual = log_uniform(random, SHORTEST, LONGEST)
        values = max(1, round(usual / SECONDS_OF_A_VALUE))
        seconds = population.duration(usual, number, random)
        prediction = NO_FORECAST
        if population.learns:
            prediction = forecast(finishes[-_KEPT:], values=values)
        waits = [*_waits(seconds, policy=policy, random=random, prediction=prediction)]
        noticed = float(sum(waits))
        finishes.append(Finish(values=values, seconds=noticed))
        if number >= _KEPT:
            figures.add(seconds, noticed, len(waits), prediction)
    return figures


def _waits(
    seconds: float, *, policy: Policy, random: Random, prediction: Forecast
) -> Iterator[int]:
    elapsed = count = 0
    while elapsed < seconds:
        wait = poll_seconds(
            elapsed,
            policy=policy,
            random=random.random(),
            forecast=prediction,
            polls=count,
        )
        yield wait
        elapsed += wait
        count += 1


def longer_waits(
    prediction: Forecast, *, policy: Policy, random: Random
) -> tuple[int, int]:
    """Return how many checks a day has, and how many waits a forecast made longer."""
    elapsed = count = longer = 0
    while elapsed < _DAY:
        jitter = random.random()
        wait = poll_seconds(
            elapsed, policy=policy, random=jitter, forecast=prediction, polls=count
        )
        longer += wait > poll_seconds(elapsed, policy=policy, random=jitter)
        elapsed += wait
        count += 1
    return count, longer


def mean(numbers: list[float] | list[int]) -> float:
    """Return the mean."""
    return sum(numbers) / len(numbers)


def main() -> int:
    """Print the table; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=0)
    histories = parser.parse_args().histories
    policy = config.stage("prod", config.context()["courier"]).providers["ipqs"].poll
    missed = _print_populations(policy)
    if histories:
        missed |= _search(histories, policy)
    return int(missed)


def _print_populations(policy: Policy) -> bool:
    missed = False
    print(f"{_JOBS:,} lists of each population, which take 10 s to 6 h if not said")
    print(f"{'':<34}{'lag':>6}{'worst':>7}{'checks':>8}{'outside':>9}{'error':>7}")
    for population in POPULATIONS:
        figures = simulate(population, policy=policy, random=_seeded())
        lag, worst, count, outside, error = figures.row()
        bars = population.bars
        is_missed = (
            lag > bars.mean_lag
            or worst > bars.worst_lag
            or count > bars.checks
            or outside > bars.outside
        )
        missed |= is_missed
        print(
            f"{population.name:<34}{lag:>6.1%}{worst:>7.1%}{count:>8.1f}"
            f"{_share(outside):>9}{_share(error):>7}{'  MISSED' if is_missed else ''}"
        )
    print(f"checks of a day without history: {checks_until(_DAY, policy)}")
    return missed


def _share(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.1%}"


def _seeded() -> Random:
    return Random(7)  # noqa: S311 - a simulation, no secret


def _search(histories: int, policy: Policy) -> bool:
    random = _seeded()
    forecasts = longer = 0
    most = 0
    for _ in range(histories):
        finishes, values = history(random)
        prediction = forecast(finishes, values=values)
        count, longer_here = longer_waits(prediction, policy=policy, random=random)
        forecasts += bool(prediction)
        longer += longer_here
        most = max(most, count)
    print(
        f"{histories:,} histories, {forecasts:,} forecasts: {longer} waits longer than "
        f"without; at most {most} checks in a day"
    )
    return longer > 0


if __name__ == "__main__":
    sys.exit(main())
