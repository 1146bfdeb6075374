"""Retries of a batch: what failed is sent again, and everything else is kept."""

from typing import Any

import pytest

from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.core import identity
from functions.core.errors import SubmitOutcomeUnknown
from functions.core.model import Job, Outcome
from local.simulators.faults import Answer
from local.simulators.txncheck import RequestOutcome
from tests.faults.batch_harness import MOBILES, NAMES, BatchHarness

_UNKNOWN = f"failed {SubmitOutcomeUnknown.__name__}"


def prepare_attempt(batches: BatchHarness, job: Job, attempt: int) -> Job:
    """Prepare an attempt of a batch as its execution starts with it."""
    return batches.prepare(job.with_(attempt=attempt))


def row_outcomes(batches: BatchHarness, gathered: Job) -> list[tuple[str, str]]:
    """Return the outcome and the error of each row of a result."""
    return [
        (line["outcome"], line.get("error", ""))
        for line in batches.result_lines(gathered)
    ]


@pytest.fixture
def partial(batches: BatchHarness) -> Job:
    """Return a batch of three rows: one succeeded, one failed, one is invalid."""
    content = f"mobile,name\n{MOBILES[0]},{NAMES[0]}\n{MOBILES[1]},{NAMES[1]}\n12,x\n"
    prepared = batches.prepare(batches.upload_list(content, type_="upi-by-mobile"))
    first, second = batches.requests(prepared)
    batches.simulator.behave(ends=RequestOutcome.COMPLETED)
    answers = [batches.run_request(first)]
    batches.simulator.behave(ends=RequestOutcome.TEMPORARY)
    answers.append(batches.run_request(second))
    batches.simulator.behave(ends=RequestOutcome.COMPLETED)
    assert answers == ["0 succeeded", "1 failed ProviderFailed"]

    gathered = batches.gather(prepared, answers)

    assert (gathered.batch.resendable, gathered.batch.resumable) == (1, 0)
    return gathered


def test_only_the_failed_request_is_sent_again(
    batches: BatchHarness, partial: Job
) -> None:
    """The others keep their results, which are paid for."""
    second = prepare_attempt(batches, partial, 2)
    (request,) = batches.requests(second)
    paid = len(batches.simulator.accepted)

    gathered = batches.gather(second, [batches.run_request(request)])

    assert len(batches.simulator.accepted) == paid + 1
    assert gathered.batch.outcomes == {"invalid": 1, "succeeded": 2}
    assert (gathered.batch.resendable, gathered.batch.resumable) == (0, 0)
    assert row_outcomes(batches, gathered) == [
        ("succeeded", ""),
        ("succeeded", ""),
        ("invalid", "RequestInvalid"),
    ]
    (before,) = partial.files
    (after,) = gathered.files
    assert (before.key.rpartition("/")[2], after.key.rpartition("/")[2]) == (
        "result.jsonl",
        "result-2.jsonl",
    )


@pytest.mark.fault(39)
def test_a_retry_that_died_is_continued_and_not_repeated(
    batches: BatchHarness, partial: Job
) -> None:
    """What the second attempt has sent is paid, though no one gathered it."""
    (request,) = batches.requests(prepare_attempt(batches, partial, 2))
    batches.submit_and_poll(request)
    paid = len(batches.simulator.accepted)

    third = prepare_attempt(batches, partial, 3)
    gathered = batches.gather(third, batches.run_requests(third))

    assert len(batches.simulator.accepted) == paid
    assert gathered.batch.outcomes == {"invalid": 1, "succeeded": 2}


def test_a_request_that_fails_again_is_sent_again_by_the_next_retry(
    batches: BatchHarness, partial: Job
) -> None:
    """Each retry that the user asks for is one more submission, under its own id."""
    ids, attempt = {identity.of_part(partial.job_id, [2])}, partial
    batches.simulator.behave(ends=RequestOutcome.TEMPORARY)
    for number in (2, 3, 4):
        attempt = prepare_attempt(batches, attempt, number)
        (request,) = batches.requests(attempt)
        ids.add(request.job_id)
        attempt = batches.gather(attempt, [batches.run_request(request)])
        assert attempt.batch.resendable == 1

    assert len(ids) == 4
    assert len(batches.simulator.accepted) == 1 + 4


def test_a_repeated_step_of_a_retry_changes_nothing(
    batches: BatchHarness, partial: Job
) -> None:
    """Both functions can be killed after their last write."""
    first_try = batches.requests(prepare_attempt(batches, partial, 2))
    second = prepare_attempt(batches, partial, 2)
    (request,) = batches.requests(second)
    assert [tried.job_id for tried in first_try] == [request.job_id]
    answers = [batches.run_request(request)]

    gathered = batches.gather(second, answers)

    assert batches.gather(second, answers) == gathered
    assert len(batches.simulator.accepted) == 3


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        pytest.param("failed ProviderDeclined", False, id="declined for good"),
        pytest.param("partial", False, id="has a part of the result"),
        pytest.param("timed_out DeadlinePassed", True, id="timed out"),
        pytest.param("failed ProviderLostJob", True, id="unknown to the provider"),
        pytest.param("failed States.Timeout", True, id="broke off"),
        pytest.param(_UNKNOWN, True, id="perhaps accepted"),
    ],
)
def test_no_other_request_is_sent_again(
    batches: BatchHarness, answer: str, runs: bool
) -> None:
    """It has a reference, under which it may still be answered, or an intent."""
    content = f"mobile,name\n{MOBILES[0]},A\n{MOBILES[1]},B\n"
    prepared = batches.prepare(batches.upload_list(content))
    first, second = batches.requests(prepared)
    if answer == _UNKNOWN:
        batches.simulator.script("submit", [Answer.dropped_after()])
    batches.run_request(first)
    batches.run_request(second)
    batches.gather(prepared, [f"0 {answer}", "1 timed_out DeadlinePassed"])
    paid = len(batches.simulator.accepted)

    requests = batches.requests(prepare_attempt(batches, prepared, 2))
    answers = [batches.run_request(request) for request in requests]

    ids = [first.job_id] * runs + [second.job_id]
    assert [request.job_id for request in requests] == ids
    assert len(batches.simulator.accepted) == paid == 2
    if answer == _UNKNOWN:
        assert answers[0] == f"0 {_UNKNOWN}"


def test_a_request_that_was_never_accepted_is_sent_for_the_first_time(
    batches: BatchHarness,
) -> None:
    """Its id was not used up by a refusal."""
    batches.simulator.script("submit", [Answer.json({"statusCode": 400}, 400)])
    prepared = batches.prepare(batches.upload_list(f"mobile,name\n{MOBILES[0]},A\n"))
    answers = batches.run_requests(prepared)
    assert answers == ["0 failed ProviderRejected"]
    gathered = batches.gather(prepared, answers)
    assert (gathered.outcome, gathered.batch.resumable) == (Outcome.FAILED, 1)

    second = prepare_attempt(batches, gathered, 2)

    assert batches.run_requests(second) == ["0 succeeded"]
    assert len(batches.simulator.accepted) == 1


def test_a_batch_that_was_declined_for_good_is_only_asked_for_again(
    batches: BatchHarness,
) -> None:
    """A failed batch can be retried always, and a Map needs an item."""
    batches.simulator.behave(ends=RequestOutcome.BUSINESS_ERROR)
    prepared = batches.prepare(batches.upload_list())
    gathered = batches.gather(prepared, batches.run_requests(prepared))
    assert (gathered.error, gathered.batch.resendable, gathered.batch.resumable) == (
        "ProviderDeclined",
        0,
        0,
    )

    second = prepare_attempt(batches, gathered, 2)
    again = batches.gather(second, batches.run_requests(second))

    assert (again.outcome, again.error) == (Outcome.FAILED, "ProviderDeclined")
    assert len(batches.simulator.accepted) == 3


def test_a_batch_of_an_earlier_release_is_retried_as_a_whole(
    batches: BatchHarness, partial: Job
) -> None:
    """It left no note of how its requests ended; they have their first ids."""
    store = BatchStore(partial, s3=clients.s3())
    clients.s3().delete_object(Bucket=partial.bucket, Key=store.key("ended.json"))

    second = prepare_attempt(batches, partial, 2)

    assert [request.job_id for request in batches.requests(second)] == [
        identity.of_part(partial.job_id, [row]) for row in (1, 2)
    ]
    paid = len(batches.simulator.accepted)
    batches.run_requests(second)
    assert len(batches.simulator.accepted) == paid


def test_the_note_of_ended_requests_has_no_personal_data(partial: Job) -> None:
    """It is kept beside the requests, but names them by their ids only."""
    note: Any = BatchStore(partial, s3=clients.s3()).read_json("ended.json")

    assert note == {
        identity.of_part(partial.job_id, [1]): {
            "submission": 1,
            "outcome": "succeeded",
            "error": "",
        },
        identity.of_part(partial.job_id, [2]): {
            "submission": 1,
            "outcome": "failed",
            "error": "ProviderFailed",
        },
    }


def test_equal_rows_are_paid_once_and_all_answered(batches: BatchHarness) -> None:
    """A blank record has a number but no line; a retry finds what was paid for."""
    first, second = map(",".join, zip(MOBILES[:2], NAMES[:2], strict=True))
    content = f"mobile,name\n{first}\n,\n{second}\n12,x\n{first}\n{first}\n"
    prepared = batches.prepare(batches.upload_list(content))
    answers = batches.run_requests(prepared)

    gathered = batches.gather(prepared, answers)

    assert len(batches.simulator.accepted) == 2
    assert [line["row"] for line in batches.result_lines(gathered)] == [1, 3, 4, 5, 6]
    results = {
        line["row"]: line.get("result") for line in batches.result_lines(gathered)
    }
    assert results[1] == results[5] == results[6] != results[3]
    assert gathered.batch.outcomes == {"invalid": 1, "succeeded": 4}
    retried = prepare_attempt(batches, gathered, 2)
    assert batches.gather(retried, batches.run_requests(retried)).files
    assert len(batches.simulator.accepted) == 2


def test_a_retry_keeps_the_numbers_of_an_earlier_release(batches: BatchHarness) -> None:
    """With others it would not find what that has paid for, and pay again."""
    content = f"mobile\n{MOBILES[0]}\n\n{MOBILES[1]}\n{MOBILES[1]}\n"
    job = batches.upload_list(content, type_="kyc-by-mobile")
    store = BatchStore(job, s3=clients.s3())
    store.put("rows.json", b'{"requests": [[1], [2], [3]], "refused": []}')

    second = prepare_attempt(batches, job, 2)
    gathered = batches.gather(second, batches.run_requests(second))
    third = prepare_attempt(batches, gathered, 3)
    again = batches.gather(third, batches.run_requests(third))

    ids = [identity.of_part(job.job_id, [row]) for row in (1, 2, 3)]
    assert [request.job_id for request in batches.requests(second)] == ids
    assert [line["row"] for line in batches.result_lines(again)] == [1, 2, 3]
    assert len(batches.simulator.accepted) == 3
