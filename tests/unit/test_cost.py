"""Cost: counted from what a job did, by a price table with its date."""

from hypothesis import given
from hypothesis import strategies as st

from functions.core.cost import batch_job, polled_job, usage_of
from functions.core.model import Batch, File, Job

_JOB = Job(job_id="j", provider="p", type="t", bucket="b", polls=10)


@given(checks=st.integers(0, 500), kinds=st.integers(0, 4))
def test_a_check_more_is_three_transitions_more(checks: int, kinds: int) -> None:
    """Wait, Check, Route: that is what a poll costs."""
    work = polled_job(checks=checks, kinds=kinds)
    more = polled_job(checks=checks + 1, kinds=kinds)

    assert more.transitions - work.transitions == 3
    assert more.usd > work.usd > 0


def test_a_large_result_costs_its_parts() -> None:
    """Each part of an upload is a request that S3 is paid for."""
    small = _JOB.with_(files=(File(kind="all", key="k", bytes=1),))
    large = _JOB.with_(files=(File(kind="all", key="k", bytes=160 * 1024 * 1024),))

    assert usage_of(large).puts - usage_of(small).puts == 9


def test_a_job_without_results_collects_nothing() -> None:
    """It ends all the same, and its end costs as much."""
    visits = usage_of(_JOB).visits

    assert not {"Collect", "Download", "Manifest"} & visits.keys()
    assert visits["Notify"] == 1


def test_a_job_that_is_there_already_is_not_submitted() -> None:
    """Neither one that was given by its reference, nor a retry."""
    given = _JOB.with_(bucket="")
    retried = _JOB.with_(attempt=2)

    for job in (given, retried):
        work = usage_of(job)
        assert work.visits["Submit"] == 0
        assert work.visits["Wait"] == work.visits["Check"] - 1 == job.polls - 1
    assert usage_of(given.with_(polls=0)).visits["Wait"] == 0


def test_a_batch_costs_its_requests() -> None:
    """Each is an execution of its own: a thousand of them are the whole cost."""
    batch = usage_of(_JOB.with_(batch=Batch(requests=1_000)))

    assert batch == batch_job(requests=1_000)
    assert batch.starts == 1_001
    assert 0.2 < batch.usd < 0.5
