"""Populations: invent lists and the time that a provider needs for them.

A population is a sequence of lists, as they come. Their sizes are log-uniform, so that
a provider that takes a hundredth of a second for each value needs 10 s to 6 h.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from functions.core.forecast import Finish

SECONDS_OF_A_VALUE = 0.01
SHORTEST, LONGEST = 10.0, 6 * 3600.0

#: The seconds of a job, by those at the usual rate, and by its number.
Duration = Callable[[float, int, Random], float]


@dataclass(frozen=True)
class Bars:
    """What a population may take at most: shares, and numbers of checks."""

    mean_lag: float = math.inf
    worst_lag: float = 0.12
    checks: float = math.inf
    outside: float = 1.0


@dataclass(frozen=True)
class Population:
    """Jobs of one kind; `learns` is whether forecasts are made."""

    name: str
    duration: Duration
    bars: Bars = field(default_factory=Bars)
    learns: bool = True


def log_uniform(random: Random, least: float, most: float) -> float:
    """Return a number whose logarithm is uniform."""
    return math.exp(random.uniform(math.log(least), math.log(most)))


def _spread(share: float) -> Duration:
    return lambda usual, _, random: usual * random.uniform(1 - share, 1 + share)


def _around(change: Duration) -> Duration:
    """Return a duration that a change of the usual one, and ± 20 %, make."""
    spread = _spread(0.2)
    return lambda usual, number, random: spread(
        change(usual, number, random), number, random
    )


_LEARNT = Bars(mean_lag=0.035, checks=42, outside=0.2)

POPULATIONS = (
    Population(
        "no history",
        lambda usual, _, __: usual,
        Bars(mean_lag=0.06, checks=35),
        learns=False,
    ),
    Population("± 20 %", _spread(0.2), _LEARNT),
    Population(
        "± 20 %, 60 s for each list more", _around(lambda usual, _, __: usual + 60)
    ),
    Population("± 20 %, of any size 10 min", _around(lambda *_: 600.0)),
    Population("± 50 %", _spread(0.5)),
    Population(
        "one of two rates, 1 : 3",
        _around(lambda usual, _, random: usual * random.choice((1, 3))),
    ),
    Population(
        "one in 30 takes 20 times longer",
        _around(lambda usual, _, random: usual * (1 if random.randrange(30) else 20)),
    ),
    Population(
        "slowly 2.7 times slower and back",
        _around(lambda usual, number, _: usual * math.exp(math.sin(number / 150) / 2)),
    ),
    Population(
        "3 times faster, slower, faster …",
        _around(lambda usual, number, _: usual * (3 if number // 150 % 2 else 1)),
    ),
    Population(
        "nothing to do with the size",
        lambda _, __, random: log_uniform(random, SHORTEST, LONGEST),
    ),
)


def history(random: Random) -> tuple[list[Finish], int]:
    """Return a history of finishes, hostile or not, and the size of the next list."""
    kind = random.randrange(8)
    count = random.choice((0, 1, 8, 9, 10, 20, 40)) if kind else random.randrange(9)
    finishes = []
    for number in range(count):
        values = round(log_uniform(random, 1, 2e6)) if kind != 1 else 1000
        seconds = max(1.0, values * SECONDS_OF_A_VALUE)
        seconds *= {
            2: 1 / 3 if number * 2 > count else 1,  # became faster
            3: 3 if number * 2 > count else 1,  # became slower
            4: random.choice((1, 10)),  # bimodal
            5: 1 + number,  # drifts
            6: 1e4 if number == 0 else 1,  # one outlier
            7: log_uniform(random, 1e-3, 1e3),  # chaos
        }.get(kind, random.uniform(0.8, 1.2))
        finishes.append(Finish(values=values, seconds=max(0.1, round(seconds, 1))))
    like = random.choice(finishes).values if finishes else 100
    return finishes, max(1, round(like * log_uniform(random, 0.2, 5)))
