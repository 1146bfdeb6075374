"""Injected faults: every call fails in all four ways, alone and in combination."""

import os
import random
from collections.abc import Mapping

import pytest

from functions.core.errors import SubmitOutcomeUnknown
from functions.core.model import Job
from tests.faults.execution_driver import ExecutionDriver
from tests.faults.fault_injection import Mode
from tests.faults.invariants import check_invariants

#: The calls of a run without faults; the first test compares them.
CLEAN = (
    "dynamodb.UpdateItem",  # the job
    "s3.HeadObject",
    "s3.GetObject",  # counted
    "secretsmanager.GetSecretValue",
    "s3.GetObject",  # sent
    "dynamodb.UpdateItem",  # the claim
    "ipqs.upload",
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
UPLOAD = CLEAN.index("ipqs.upload")
CLAIM = UPLOAD - 1
#: The only failures after which it cannot be known whether the list was sent: between
#: the claim and the answer of the upload.
UNKNOWN = {
    "dynamodb.UpdateItem KILLED_AFTER",
    "ipqs.upload ERROR_BEFORE",
    "ipqs.upload KILLED_BEFORE",
}
#: More runs find more: set it to some thousands for a long run.
SAMPLES = int(os.environ.get("FAULT_SAMPLES", "40"))
_RANDOM = random.Random(16)  # the same sample each time
#: Faults lead to calls that a run without faults does not make.
_CALLS = range(len(CLEAN) + 6)


def _sample(faults: int, runs: int) -> list[dict[int, Mode]]:
    return [
        {at: _RANDOM.choice(list(Mode)) for at in _RANDOM.sample(_CALLS, faults)}
        for _ in range(runs)
    ]


def _test_id(faults: Mapping[int, Mode]) -> str:
    return "-".join(f"{number}-{mode.name.lower()}" for number, mode in faults.items())


PAIRS = _sample(2, SAMPLES)
TRIPLES = _sample(3, SAMPLES // 2)


def run_with_faults(
    driver: ExecutionDriver, faults: Mapping[int, Mode]
) -> tuple[tuple[str, ...], Job]:
    """Run a new job with some faults; assert the invariants.

    Return its calls and how it ended.
    """
    job = driver.harness.upload_list()
    driver.injector.plan(faults)

    ended = driver.run(job)

    calls, injected = tuple(driver.injector.calls), driver.injector.injected
    driver.injector.plan({})
    check_invariants(
        driver.harness,
        ended,
        driver.notifications,
        may_be_unknown=not UNKNOWN.isdisjoint(injected),
    )
    assert driver.most_attempts <= len(injected) + 1, injected
    return calls, ended


def test_a_run_without_faults_makes_these_calls(driver: ExecutionDriver) -> None:
    """The numbers of the faults below refer to these calls."""
    assert run_with_faults(driver, {})[0] == CLEAN


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
def test_one_fault_loses_nothing(driver: ExecutionDriver, at: int, mode: Mode) -> None:
    """Whatever call fails, the result arrives complete, once, and is paid once.

    A person has to look only where the upload was begun and its answer never read.
    """
    _, ended = run_with_faults(driver, {at: mode})

    begun = (CLAIM, Mode.KILLED_AFTER), (UPLOAD, Mode.KILLED_BEFORE)
    is_unknown = ended.error == SubmitOutcomeUnknown.__name__
    assert is_unknown == ((at, mode) in (*begun, (UPLOAD, Mode.ERROR_BEFORE)))


@pytest.mark.parametrize("faults", PAIRS, ids=_test_id)
def test_two_faults_lose_nothing(
    driver: ExecutionDriver, faults: dict[int, Mode]
) -> None:
    """A second fault, while the first is being repaired, can be repaired as well."""
    run_with_faults(driver, faults)


@pytest.mark.parametrize("faults", TRIPLES, ids=_test_id)
def test_three_faults_lose_nothing(
    driver: ExecutionDriver, faults: dict[int, Mode]
) -> None:
    """So can a third, while the second is being repaired."""
    run_with_faults(driver, faults)
