"""Runs: plan which faults meet in which scenario, and carry the plans out."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tests.canary import Canary
from tests.faults.findings import Clean, Column, Finding, contents, findings
from tests.faults.scenarios import (
    FOUND_OUT,
    MOBILES,
    NAMES,
    ROWS,
    SCENARIOS,
    Scenario,
)
from tests.world.injection import CODES, ERRORS, FOUR_MODES, HTTP_CODES, Fault, Mode
from tests.world.site import IPQS_KEY, TXNCHECK_KEY, WEBHOOK_SECRET, Site
from tests.world.world import World

_SECRETS = (IPQS_KEY, TXNCHECK_KEY, WEBHOOK_SECRET)
#: By how much the clock of a function may be wrong.
SKEW_SECONDS = 600.0
#: How long IPQS' list may lack an upload: almost as long as we wait for it.
LIST_LAG_SECONDS = 300
#: Faults lead to calls that a run without faults does not make.
_MORE_CALLS = 8
#: The share of triples with a zombie, with a wrong clock, and with a late list.
_ZOMBIES, _SKEWED, _LATE_LISTS = 0.1, 0.1, 0.1


@dataclass(frozen=True)
class Run:
    """One run of a scenario: its faults, and the functions whose clock is wrong."""

    scenario: str
    faults: tuple[Fault, ...] = ()
    skew: tuple[tuple[str, float], ...] = ()
    list_lag: int = 0  # seconds until IPQS' list has an upload

    def __str__(self) -> str:
        skews = (f"skew:{name}={seconds:+.0f}" for name, seconds in self.skew)
        lag = (f"list-lag:{self.list_lag}",) if self.list_lag else ()
        return " ".join((self.scenario, *map(str, self.faults), *skews, *lag))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a run as it is printed."""
        scenario, *words = text.split()
        if scenario not in SCENARIOS:
            raise ValueError(f"no scenario {scenario!r}; there are {[*SCENARIOS]}")
        skew, list_lag, faults = [], 0, []
        for word in words:
            if match := re.fullmatch(r"skew:(\w+)=([+-]\d+)", word):
                skew.append((match[1], float(match[2])))
            elif word.startswith("list-lag:"):
                list_lag = int(word.partition(":")[2])
            else:
                faults.append(Fault.parse(word))
        return cls(scenario, tuple(faults), tuple(skew), list_lag)

    @property
    def seed(self) -> int:
        """The seed of the run's jitter, the same whenever it is repeated."""
        return random.Random(str(self)).randrange(2**32)


@dataclass
class Result:
    """What a run came to."""

    run: Run
    findings: Sequence[Finding]
    calls: Sequence[str]
    injected: Sequence[str]

    @property
    def bad(self) -> list[Finding]:
        """The findings that must not be."""
        return [each for each in self.findings if each.column is not Column.PERSON]


@dataclass
class Runner:
    """Carries runs out at a site."""

    site: Site
    canary: Canary = field(
        default_factory=lambda: Canary((*_SECRETS, *ROWS, *NAMES, *MOBILES, *FOUND_OUT))
    )
    _clean: dict[str, Clean] = field(default_factory=dict)
    _checked: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, run: Run) -> Result:
        """Carry a run out, and look at what it left."""
        scenario = SCENARIOS[run.scenario]
        if run.scenario not in self._clean:
            world, job = self._act(scenario, Run(run.scenario))
            clean = Clean(world.injector.calls, contents(world, job))
            self._clean[run.scenario] = clean
        world, job = self._act(scenario, run)
        found = findings(world, job, self._clean[run.scenario], self.canary)
        return Result(run, found, world.injector.calls, world.injector.injected)

    def clean_calls(self, scenario: str) -> tuple[str, ...]:
        """Return the calls of a run without faults, in which nothing is wrong."""
        if scenario not in self._checked:
            result = self.run(Run(scenario))
            assert not result.findings, (scenario, result.findings)
            self._checked[scenario] = tuple(result.calls)
        return self._checked[scenario]

    def _act(self, scenario: Scenario, run: Run) -> tuple[World, Any]:
        world = World(
            self.site,
            run.faults,
            seed=run.seed,
            skew=dict(run.skew),
            **scenario.options,
        )
        scenario.behave(self.site)
        self.site.ipqs.behave(list_lag_seconds=float(run.list_lag))
        return world, scenario.act(world)


def modes_of(call: str) -> tuple[Mode, ...]:
    """Return the ways in which a call can fail: those of AWS itself are not killed."""
    return ERRORS if call.startswith("aws: ") else FOUR_MODES


def codes_of(call: str) -> tuple[str, ...]:
    """Return the error codes of a call besides its usual error."""
    target = call.partition(": ")[2]
    service = target.partition(".")[0]
    if call.startswith("aws: "):
        return ()
    if service in CODES:
        return tuple(code for code, _ in CODES[service][1:])
    return () if target == "ipqs.download" else HTTP_CODES


def singles(scenario: str, calls: Sequence[str]) -> Iterator[Run]:
    """Yield every single fault: modes, codes, zombies, and every wrong clock."""
    for at, call in enumerate(calls):
        for mode in modes_of(call):
            yield Run(scenario, (Fault(at, mode),))
        for code in codes_of(call):
            yield Run(scenario, (Fault(at, Mode.ERROR_BEFORE, code),))
        if modes_of(call) is FOUR_MODES:
            for delay in (2, 5, 12):
                yield Run(scenario, (Fault(at, Mode.ZOMBIE, delay=delay),))
        if call.startswith("submit: ") and scenario.startswith("ipqs"):
            for mode in FOUR_MODES:
                yield Run(scenario, (Fault(at, mode),), list_lag=LIST_LAG_SECONDS)
    functions = {call.partition(": ")[0] for call in calls} - {"aws"}
    for function in sorted(functions):
        for seconds in (SKEW_SECONDS, -SKEW_SECONDS):
            yield Run(scenario, skew=((function, seconds),))


def pairs(scenario: str, calls: Sequence[str]) -> Iterator[Run]:
    """Yield every pair of faults."""
    faults = [
        Fault(at, mode) for at, call in enumerate(calls) for mode in modes_of(call)
    ]
    for first, second in itertools.combinations(faults, 2):
        if first.at != second.at:
            yield Run(scenario, (first, second))


def triples(calls: Mapping[str, Sequence[str]], count: int, seed: int) -> Iterator[Run]:
    """Yield random triples of faults over some scenarios, the same for a seed."""
    source = random.Random(seed)
    for _ in range(count):
        scenario = source.choice([*calls])
        length = len(calls[scenario])
        positions = sorted(source.sample(range(length + _MORE_CALLS), 3))
        faults = [_random_fault(source, at, calls[scenario]) for at in positions]
        if source.random() < _ZOMBIES:
            number = source.randrange(3)
            at, delay = faults[number].at, source.randint(1, 12)
            faults[number] = Fault(at, Mode.ZOMBIE, delay=delay)
        skew: tuple[tuple[str, float], ...] = ()
        if source.random() < _SKEWED:
            functions = {call.partition(": ")[0] for call in calls[scenario]} - {"aws"}
            ahead = source.choice((SKEW_SECONDS, -SKEW_SECONDS))
            skew = ((source.choice(sorted(functions)), ahead),)
        late = source.random() < _LATE_LISTS
        yield Run(scenario, tuple(faults), skew, LIST_LAG_SECONDS if late else 0)


def _random_fault(source: random.Random, at: int, calls: Sequence[str]) -> Fault:
    mode = source.choice(FOUR_MODES)
    codes = codes_of(calls[at]) if at < len(calls) else ()
    if mode is Mode.ERROR_BEFORE and codes and source.random() < 0.5:
        return Fault(at, mode, source.choice(codes))
    return Fault(at, mode)
