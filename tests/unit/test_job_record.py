"""Job record: the stored job is what the API shows and what executions start with."""

from collections.abc import Mapping

import pytest
from jsonschema import Draft202012Validator

from functions.api import responses
from functions.api.response_schemas import RESPONSE_SCHEMAS
from functions.core.errors import OutOfCredits
from functions.core.job_record import JobRecord, SubmissionRecord
from functions.core.model import Job, Outcome, Phase

JOB_ID = "a" * 64
ITEM: dict[str, str | float] = {
    "job_id": JOB_ID,
    "provider": "ipqs",
    "type": "email",
    "bucket": "inbox",
    "key": "ipqs/email/list.csv",
    "version_id": "v1",
    "received_at": 1_795_000_000.0,
    "month": "2026-11",
    "intent": "token",
    "rows": 12.0,
    "polls": 3.0,
}


def response_of(
    attributes: Mapping[str, str | float] | None = None,
    *,
    show_file_names: bool = True,
    **more: str | float,
) -> responses.Document:
    """Return the API's response for an item, validated by its schema."""
    document = responses.job_response(
        JobRecord.from_item({**ITEM, **(attributes or {}), **more}),
        deadline_seconds=60.0,
        show_file_names=show_file_names,
        jobs="/prod/jobs",
        execution_url="https://console/arn:job",
    )
    Draft202012Validator(RESPONSE_SCHEMAS["Job"]).validate(document)
    return document


def test_a_running_job_has_a_deadline_and_no_outcome() -> None:
    """A client that sees both could not tell whether to go on waiting."""
    job = response_of(next_check_at=1_795_000_010.0)

    assert job["outcome"] is None
    assert job["deadline_at"] == "2026-11-18T11:07:40.000Z"
    assert job["next_check_at"] == "2026-11-18T11:06:50.000Z"
    assert "results" not in job["links"]


def test_the_deadline_of_a_batch_is_later_by_the_time_that_sending_takes() -> None:
    """At ten requests a minute, fifty thousand of them take more than a deadline."""
    job = response_of(sending_seconds=86_400.0)

    assert job["deadline_at"] == "2026-11-19T11:07:40.000Z"


def test_a_running_job_has_its_forecast() -> None:
    """Times, and not seconds since something: who reads them has a clock."""
    forecast = '{"seconds": 600, "low": 540, "high": 720, "jobs": 23}'
    attributes: dict[str, str | float] = {
        "submitted_at": 1_795_000_000.0,
        "forecast": forecast,
        "next_check_reason": "expected",
    }
    job, ended = response_of(attributes), response_of(attributes, outcome="failed")
    without = response_of()

    assert job["expected_at"] == "2026-11-18T11:16:40.000Z"
    assert job["expected_between"] == [
        "2026-11-18T11:15:40.000Z",
        "2026-11-18T11:18:40.000Z",
    ]
    assert (job["expected_from"], job["next_check_reason"]) == (23, "expected")
    for none in (ended, without):
        assert [none["expected_at"], none["expected_between"]] == [None, None]
        assert (none["expected_from"], none["next_check_reason"]) == (0, None)


def test_an_ended_job_has_its_error_or_a_link_to_results() -> None:
    """An error comes with advice, a success with the place of the results."""
    failed = response_of(outcome="failed", error="OutOfCredits", advice="Buy credits.")
    succeeded = response_of(
        outcome="succeeded", phase="finished", manifest_key="k/manifest.json"
    )

    assert failed["error"] == {"name": "OutOfCredits", "advice": "Buy credits."}
    assert failed["deadline_at"] is None
    assert succeeded["links"]["results"] == f"/prod/jobs/{JOB_ID}/results"


@pytest.mark.parametrize(
    ("attributes", "name", "label"),
    [
        (
            {"name": "June.csv", "label": "audit", "key": "a/b/0/list.csv"},
            "June.csv",
            "audit",
        ),
        ({"key": "ipqs/email/new/x%2B é.csv"}, "x%2B é.csv", None),
        ({"key": ""}, None, None),
    ],
    ids=["given", "of an object", "none"],
)
def test_a_job_has_its_files_name_where_names_are_shown(
    attributes: dict[str, str | float], name: str | None, label: str | None
) -> None:
    """People look for the file that they gave; a stage can do without its name."""
    shown = response_of(attributes)
    hidden = response_of(attributes, show_file_names=False)

    assert (shown["name"], shown["label"]) == (name, label)
    assert (hidden["name"], hidden["label"]) == (None, label)


def test_a_running_job_says_what_it_waits_out() -> None:
    """It would look as if it hung; an ended job waits for nothing any more."""
    held: dict[str, str | float] = {
        "held_for": "OutOfCredits",
        "held_since": 1_795_000_000.0,
    }

    running = response_of(held)
    ended = response_of(held, outcome="failed", error="OutOfCredits")

    assert running["error"] is None
    assert running["hold"] == {
        "error": "OutOfCredits",
        "since": "2026-11-18T11:06:40.000Z",
        "advice": OutOfCredits.advice,
    }
    assert ended["hold"] is None


def test_a_job_has_the_verdict_of_its_manifest() -> None:
    """A client need not fetch the manifest to know whether rows may be missing."""
    delivered = response_of(outcome="succeeded", verdict="unaccounted")

    assert delivered["verdict"] == "unaccounted"
    assert response_of(outcome="failed", verdict="none")["verdict"] is None
    assert response_of(outcome="succeeded")["verdict"] is None


def test_internal_attributes_are_not_shown() -> None:
    """Submission tokens and hashes of requests are of no use to clients."""
    assert "token" not in str(response_of(request_hash="hash"))
    assert "hash" not in str(response_of(request_hash="hash"))


def test_the_first_attempt_starts_with_the_same_input_as_intake() -> None:
    """Step Functions rejects a second start of an execution with another input."""
    job = JobRecord.from_item(
        {**ITEM, "provider_ref": "17", "submitted_at": 1.0}
    ).to_job()

    assert job == Job(
        job_id=JOB_ID,
        provider="ipqs",
        type="email",
        bucket="inbox",
        key="ipqs/email/list.csv",
        version_id="v1",
    )


def test_a_later_attempt_continues_the_first() -> None:
    """A job with a reference is never submitted again."""
    record = JobRecord.from_item(
        {**ITEM, "provider_ref": "17", "attempt": 2.0, "resumed_at": 1_795_100_000.0}
    )

    job = record.to_job()

    assert job.provider_ref == "17"
    assert job.execution_name == f"{JOB_ID}-2"
    assert job.waiting_since == 1_795_100_000.0


def test_earlier_attempts_are_kept_in_order() -> None:
    """An operator needs them to explain what happened to a job."""
    first = JobRecord.from_item(
        {
            **ITEM,
            "outcome": "failed",
            "error": "NoResults",
            "error_key": "k/error.json",
        }
    )
    second = JobRecord.from_item(
        {
            **ITEM,
            "attempt": 2.0,
            "outcome": "timed_out",
            "earlier": first.attempts_json(),
        }
    )
    third = response_of(attempt=3.0, earlier=second.attempts_json())

    # What the provider said of each stays where it was written.
    keys = [attempt["error_key"] for attempt in third["earlier_attempts"]]
    assert keys == ["k/error.json", None]
    links = [attempt["links"] for attempt in third["earlier_attempts"]]
    assert links == [{"error": f"/prod/jobs/{JOB_ID}/error?attempt=1"}, {}]
    assert [attempt["outcome"] for attempt in third["earlier_attempts"]] == [
        "failed",
        "timed_out",
    ]


def test_results_stay_while_a_batch_is_retried() -> None:
    """The rows that have results are paid, and are what the user has so far."""
    first = JobRecord.from_item(
        {**ITEM, "outcome": "partial", "manifest_key": "k/manifest.json"}
    )
    second: dict[str, str | float] = {
        "attempt": 2.0,
        "earlier": first.attempts_json(),
        "resendable": 2.0,
        "resumable": 1.0,
    }
    running = response_of(second)
    failed = JobRecord.from_item(
        {**ITEM, **second, "outcome": "failed", "manifest_key": ""}
    )

    assert running["links"]["results"] == f"/prod/jobs/{JOB_ID}/results"
    assert running["retry"] == {"resends": 2, "resumes": 1, "joins": False}
    assert failed.latest_manifest_key == "k/manifest.json"


def test_a_job_without_open_requests_has_no_numbers_of_them() -> None:
    """Its retry sends nothing again."""
    assert response_of(outcome="failed")["retry"] is None


def test_an_item_of_a_newer_deployment_is_read() -> None:
    """After a rollback, older code reads items of newer code."""
    record = JobRecord.from_item({**ITEM, "newer_attribute": "x", "phase": "running"})

    assert (record.phase, record.outcome) == (Phase.RUNNING, Outcome.NONE)


@pytest.mark.parametrize(
    ("said", "key"),
    [({}, ""), ({"intent": "a claim"}, "a.csv"), ({"resent": 1}, "a.csv")],
)
def test_what_may_be_sent_is_what_was_prepared(
    said: Mapping[str, str | int], key: str
) -> None:
    """A list that is prepared anew could differ from the one that is paid for."""
    record = SubmissionRecord.from_item({"prepared": '{"key": "a.csv"}', **said})

    assert record.claimed_list.key == key
