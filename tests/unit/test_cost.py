"""Cost: the estimate for a job follows from the states that it visited."""

import re

from hypothesis import given
from hypothesis import strategies as st

from functions.core.cost import batch_job, polled_job, usage_of
from functions.core.model import Batch, File, Job, PreparedList
from functions.core.prices import PRICES
from functions.core.rows import JOINED_KINDS, JoinedRows

_JOB = Job(job_id="j", provider="p", type="t", bucket="b", polls=10)


@given(checks=st.integers(0, 500), kinds=st.integers(0, 4))
def test_one_more_check_is_three_more_transitions(checks: int, kinds: int) -> None:
    """A poll costs Wait, Check and Route."""
    fewer = polled_job(checks=checks, kinds=kinds)
    more = polled_job(checks=checks + 1, kinds=kinds)

    assert more.transitions - fewer.transitions == 3
    assert more.usd > fewer.usd > 0


def test_a_large_result_costs_its_parts() -> None:
    """S3 charges for each part of a multipart upload as for a request."""
    small = _JOB.with_(files=(File(kind="all", key="k", bytes=1),))
    large = _JOB.with_(files=(File(kind="all", key="k", bytes=160 * 1024 * 1024),))

    assert usage_of(large).s3_puts - usage_of(small).s3_puts == 9


def test_a_joined_list_pays_for_its_two_files_and_no_download_of_them() -> None:
    """They are ours: the provider has no links for them."""
    provided = _JOB.with_(files=(File(kind="all", key="k", bytes=1),))
    ours = tuple(File(kind=kind, key="k", bytes=1) for kind in JOINED_KINDS[:2])
    joined = provided.with_(
        files=(*provided.files, *ours), joined=JoinedRows(records=1, sent=1, returned=1)
    )

    before, after = usage_of(provided), usage_of(joined)

    assert after.visits["Download"] == before.visits["Download"] == 1
    assert after.transitions == before.transitions + 1
    assert after.s3_puts == before.s3_puts + 2 * 3


def test_a_job_without_results_pays_for_no_download() -> None:
    """Its end is recorded and announced all the same."""
    visits = usage_of(_JOB).visits

    assert not {"Collect", "Download", "Manifest"} & visits.keys()
    assert visits["Notify"] == 1


def test_a_job_that_the_provider_already_has_pays_for_no_submission() -> None:
    """It is started by a reference, or is a retry."""
    by_reference = _JOB.with_(bucket="")
    retried = _JOB.with_(attempt=2)

    for job in (by_reference, retried):
        visits = usage_of(job).visits
        assert visits["Submit"] == visits.get("Prepare", 0) == 0
        assert visits["Wait"] == visits["Check"] - 1 == job.polls - 1
    assert usage_of(by_reference.with_(polls=0)).visits["Wait"] == 0


def test_a_batch_costs_its_requests() -> None:
    """Each request is an execution, and a thousand of them are most of the cost."""
    batch = usage_of(_JOB.with_(batch=Batch(requests=1_000)))

    assert batch == batch_job(requests=1_000)
    assert batch.executions == 1_001
    assert 0.2 < batch.usd < 0.6


def test_a_list_in_shards_pays_for_the_results_of_each() -> None:
    """A shard has four results, which are downloaded, and four are merged."""
    files = tuple(File(kind=kind, key="k", bytes=1) for kind in ("all", "bad"))
    shards = usage_of(_JOB.with_(batch=Batch(requests=10), files=files))

    assert shards.visits["Download"] == 20
    assert shards == batch_job(requests=10, kinds=2)


def test_a_list_that_is_remembered_pays_for_each_verdict() -> None:
    """Reading and writing two million verdicts is most of what their list costs."""
    prepared = PreparedList(remembered=3, sent=5, remembered_version_id="v")
    before, after = usage_of(_JOB), usage_of(_JOB.with_(prepared=prepared))

    assert (after.memory_reads, after.memory_writes) == (8, 5)
    assert after.shares["tables"] > before.shares["tables"]


def test_the_cost_is_the_sum_of_its_shares() -> None:
    """Somebody who wants to save looks for the largest."""
    usage = polled_job(checks=30, kinds=4, joined=2)

    assert usage.usd == sum(usage.shares.values())
    assert max(usage.shares, key=lambda name: usage.shares[name]) == "state transitions"


def test_each_price_has_a_page() -> None:
    """Prices change: whoever doubts one looks it up where it was found."""
    assert all(price.usd > 0 and price.page.count("/") for price in PRICES.values())


def test_each_price_says_of_which_day_it_is() -> None:
    """One of an unknown day is to be doubted first, and says so."""
    undated = [
        name
        for name, price in PRICES.items()
        if not re.search(r"20\d\d-\d\d-\d\d|no date", price.read)
    ]

    assert not undated


def test_a_joined_batch_pays_for_its_files_and_for_join() -> None:
    """They are two more objects of three calls each, and one more state."""
    ours = tuple(File(kind=kind, key="k", bytes=1) for kind in JOINED_KINDS[:2])
    batch = _JOB.with_(batch=Batch(requests=9))

    before, after = usage_of(batch), usage_of(batch.with_(files=ours))

    assert after.transitions == before.transitions + 1
    assert after.s3_puts == before.s3_puts + 2 * 3
