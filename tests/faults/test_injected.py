"""Every call to the outside fails in all four ways, alone and together with others."""

import os
import random
from collections.abc import Mapping

import pytest

from tests.faults import invariants
from tests.faults.execution_driver import Walk
from tests.faults.fault_injection import Mode

#: The calls of a run in which nothing fails; the first test holds it to that.
CLEAN = (
    "dynamodb.UpdateItem",  # the intent
    "s3.HeadObject",
    "s3.GetObject",  # counted
    "secretsmanager.GetSecretValue",
    "ipqs.upload",
    "s3.GetObject",  # sent
    "dynamodb.UpdateItem",  # the reference
    "secretsmanager.GetSecretValue",
    "ipqs.status",
    "dynamodb.UpdateItem",  # the progress
    *(
        "s3.HeadObject",
        "s3.CreateMultipartUpload",
        "secretsmanager.GetSecretValue",
        "ipqs.status",
        "ipqs.download",
        "s3.UploadPart",
        "s3.CompleteMultipartUpload",
    )
    * 2,
    "s3.PutObject",  # the manifest
    "dynamodb.UpdateItem",  # the outcome
)
#: More runs find more: set it to some thousands, and have a coffee.
SAMPLES = int(os.environ.get("FAULT_SAMPLES", "40"))
_RANDOM = random.Random(16)  # the same sample each time
#: Faults lead to calls that a clean run does not make.
_CALLS = range(len(CLEAN) + 6)


def _several(faults: int, runs: int) -> list[dict[int, Mode]]:
    return [
        {at: _RANDOM.choice(list(Mode)) for at in _RANDOM.sample(_CALLS, faults)}
        for _ in range(runs)
    ]


def _called(planned: Mapping[int, Mode]) -> str:
    return "-".join(f"{at}-{mode.name.lower()}" for at, mode in planned.items())


PAIRS = _several(2, SAMPLES)
TRIPLES = _several(3, SAMPLES // 2)


def run(walk: Walk, planned: Mapping[int, Mode]) -> tuple[str, ...]:
    """Walk a job through some faults, and hold what must hold; give the calls."""
    job = walk.bench.arrive()
    walk.effects.plan(planned)

    ended = walk.to_the_end(job)

    calls, hit = tuple(walk.effects.seen), walk.effects.hit
    walk.effects.plan({})
    invariants.check_invariants(walk.bench, ended, walk.told)
    assert walk.most_attempts <= len(hit) + 1, hit
    return calls


def test_a_run_without_faults_makes_these_calls(walk: Walk) -> None:
    """The numbers of the faults below mean what they say."""
    assert run(walk, {}) == CLEAN


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize(
    "at", range(len(CLEAN)), ids=[f"{at}-{name}" for at, name in enumerate(CLEAN)]
)
@pytest.mark.fault(13)
@pytest.mark.fault(16)
@pytest.mark.fault(17)
@pytest.mark.fault(69)
@pytest.mark.fault(70)
@pytest.mark.fault(74)
@pytest.mark.fault(77)
@pytest.mark.fault(81)
def test_one_fault_loses_nothing(walk: Walk, at: int, mode: Mode) -> None:
    """Whatever call fails, the result arrives, whole, once, and paid once."""
    run(walk, {at: mode})


@pytest.mark.parametrize("planned", PAIRS, ids=_called)
def test_two_faults_lose_nothing(walk: Walk, planned: dict[int, Mode]) -> None:
    """A second fault in the repair of the first finds the job repairable still."""
    run(walk, planned)


@pytest.mark.parametrize("planned", TRIPLES, ids=_called)
def test_three_faults_lose_nothing(walk: Walk, planned: dict[int, Mode]) -> None:
    """Nor does a third, in the repair of the repair."""
    run(walk, planned)
