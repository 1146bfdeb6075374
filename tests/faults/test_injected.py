"""Injected faults: every call fails in all ways, alone and in combination.

`make faults` carries out all pairs, and many more triples.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from tests.canary import Canary
from tests.faults.findings import Column
from tests.faults.runs import Run, Runner, modes_of, pairs, singles, triples
from tests.faults.scenarios import SCENARIOS
from tests.world.injection import FOUR_MODES, Fault, Mode
from tests.world.site import Site

#: Of each scenario, for a run of some seconds.
_SAMPLE = 8
_BY_NAME = pytest.mark.parametrize("scenario", SCENARIOS)


@pytest.fixture(scope="module")
def runner(site: Site) -> Runner:
    """Return what carries runs out."""
    return Runner(site)


def assert_nothing_lost(runner: Runner, runs: Iterable[Run]) -> int:
    """Carry runs out; return their number if none of them left anything bad."""
    results = [runner.run(run) for run in runs]
    failed = {
        f"make faults ONLY='{result.run}'": [*result.injected, *result.bad]
        for result in results
        if result.bad
    }
    assert not failed
    return len(results)


def _in_four_ways(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield the runs whose fault is one of the four, with its usual error."""
    for run in runs:
        if any(fault.mode in FOUR_MODES and not fault.code for fault in run.faults):
            yield run


def _sample(runs: Iterable[Run], count: int) -> list[Run]:
    """Return some runs, the same ones each time."""
    every = list(runs)
    return random.Random(16).sample(every, min(count, len(every)))


@_BY_NAME
@pytest.mark.fault(13)
@pytest.mark.fault(14)
@pytest.mark.fault(16)
@pytest.mark.fault(17)
@pytest.mark.fault(69)
@pytest.mark.fault(70)
@pytest.mark.fault(74)
@pytest.mark.fault(77)
@pytest.mark.fault(81)
@pytest.mark.fault(82)
@pytest.mark.fault(83)
def test_one_fault_loses_nothing(runner: Runner, scenario: str) -> None:
    """Whatever call fails, the result arrives complete, once, and is paid once.

    Of a provider's other scenarios only the calls are failed that its first one lacks.
    """
    calls = runner.clean_calls(scenario)
    provider = SCENARIOS[scenario].provider
    first = next(name for name, each in SCENARIOS.items() if each.provider == provider)
    known = set() if scenario == first else {*runner.clean_calls(first)}
    own = {at for at, call in enumerate(calls) if call not in known}
    chosen = [
        run
        for run in _in_four_ways(singles(scenario, calls))
        if own.issuperset(fault.at for fault in run.faults)
    ]

    runs = assert_nothing_lost(runner, chosen)

    assert own
    assert runs >= sum(len(modes_of(calls[at])) for at in own)


@_BY_NAME
@pytest.mark.fault(80)
@pytest.mark.fault(97)
def test_codes_zombies_and_wrong_clocks_lose_nothing(
    runner: Runner, scenario: str
) -> None:
    """Nor does AWS' choice of an error, a late try, or a clock ten minutes off."""
    every = list(singles(scenario, runner.clean_calls(scenario)))
    plain = {str(run) for run in _in_four_ways(every)}
    skewed = [run for run in every if run.skew]
    others = [run for run in every if str(run) not in plain and not run.skew]

    assert_nothing_lost(runner, [*skewed, *_sample(others, _SAMPLE)])


@_BY_NAME
def test_two_faults_lose_nothing(runner: Runner, scenario: str) -> None:
    """A second fault, while the first is being repaired, can be repaired as well."""
    every = pairs(scenario, runner.clean_calls(scenario))

    assert_nothing_lost(runner, _sample(islice(every, 30_000), _SAMPLE))


@_BY_NAME
def test_three_faults_lose_nothing(runner: Runner, scenario: str) -> None:
    """So can a third, while the second is being repaired."""
    calls = {scenario: runner.clean_calls(scenario)}

    assert_nothing_lost(runner, triples(calls, _SAMPLE, seed=16))


@pytest.mark.parametrize("provider", ["ipqs", "txncheck"])
def test_runs_can_be_repeated_by_their_name(runner: Runner, provider: str) -> None:
    """A failing run is printed so that `make faults ONLY=…` runs it again."""
    calls = {
        name: runner.clean_calls(name)
        for name in SCENARIOS
        if name.startswith(provider)
    }

    for run in triples(calls, 200, seed=3):
        assert Run.parse(str(run)) == run


@pytest.mark.fault(85)
def test_a_leak_is_a_finding(site: Site) -> None:
    """A run whose log has a planted secret is not counted as clean."""
    runner = Runner(site, Canary(("ipqs/email",)))  # a part of every object's key

    result = runner.run(Run("ipqs-list"))

    assert {finding.column for finding in result.bad} == {Column.LEAK}


def test_a_lost_answer_without_a_list_is_left_to_a_person(runner: Runner) -> None:
    """TxnCheck has no list: nobody can know, and the run says so by its own column."""
    calls = runner.clean_calls("txncheck-request")
    at = calls.index("submit: txncheck.submit")

    result = runner.run(Run("txncheck-request", (Fault(at, Mode.ERROR_AFTER),)))

    assert [finding.column for finding in result.findings] == [Column.PERSON]


def test_a_job_that_nobody_follows_is_a_finding(runner: Runner) -> None:
    """A run in which more fails than is retried is counted, not hidden."""
    faults = tuple(Fault(at, Mode.ERROR_BEFORE) for at in range(60))

    result = runner.run(Run("ipqs-list", faults))

    assert Column.LOST in {finding.column for finding in result.bad}
