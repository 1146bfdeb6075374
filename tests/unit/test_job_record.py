"""What the table keeps of a job is what people see and what executions begin with."""

from jsonschema import Draft202012Validator

from functions.api import responses
from functions.api.response_schemas import RESPONSE_SCHEMAS
from functions.core.job_record import JobRecord
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


def shown(**more: str | float) -> responses.Document:
    """Give what the API says of an item, and hold it against its schema."""
    document = responses.job_response(
        JobRecord.from_item({**ITEM, **more}),
        deadline_seconds=60.0,
        jobs="/prod/jobs",
        execution_url="https://console/arn:job",
    )
    Draft202012Validator(RESPONSE_SCHEMAS["Job"]).validate(document)
    return document


def test_a_running_job_has_a_deadline_and_no_outcome() -> None:
    """Both at once would be a contradiction."""
    job = shown(next_check_at=1_795_000_010.0)

    assert job["outcome"] is None
    assert job["deadline_at"] == "2026-11-18T11:07:40.000Z"
    assert job["next_check_at"] == "2026-11-18T11:06:50.000Z"
    assert "results" not in job["links"]


def test_an_ended_job_says_how_and_where() -> None:
    """The error comes with what to do about it, the results with where they are."""
    failed = shown(outcome="failed", error="OutOfCredits", advice="Buy credits.")
    succeeded = shown(outcome="succeeded", phase="finished")

    assert failed["error"] == {"name": "OutOfCredits", "advice": "Buy credits."}
    assert failed["deadline_at"] is None
    assert succeeded["links"]["results"] == f"/prod/jobs/{JOB_ID}/results"


def test_shows_nothing_of_the_ledgers_own() -> None:
    """Tokens and hashes are nobody's business."""
    assert "token" not in str(shown(request_hash="hash"))
    assert "hash" not in str(shown(request_hash="hash"))


def test_the_first_attempt_begins_as_intake_begins_it() -> None:
    """Two who start the same execution with different input get an error instead."""
    begun = JobRecord.from_item(
        {**ITEM, "provider_ref": "17", "submitted_at": 1.0}
    ).to_job()

    assert begun == Job(
        job_id=JOB_ID,
        provider="ipqs",
        type="email",
        bucket="inbox",
        key="ipqs/email/list.csv",
        version_id="v1",
    )


def test_a_later_attempt_goes_on_where_the_first_was() -> None:
    """With its reference it is never submitted again."""
    record = JobRecord.from_item(
        {**ITEM, "provider_ref": "17", "attempt": 2.0, "resumed_at": 1_795_100_000.0}
    )

    begun = record.to_job()

    assert begun.provider_ref == "17"
    assert begun.execution_name == f"{JOB_ID}-2"
    assert begun.waiting_since == 1_795_100_000.0


def test_attempts_are_remembered_in_order() -> None:
    """What the table forgets, nobody can explain."""
    first = JobRecord.from_item({**ITEM, "outcome": "failed", "error": "NoResults"})
    second = JobRecord.from_item(
        {
            **ITEM,
            "attempt": 2.0,
            "outcome": "timed_out",
            "earlier": first.attempts_json(),
        }
    )
    third = shown(attempt=3.0, earlier=second.attempts_json())

    assert [past["outcome"] for past in third["earlier_attempts"]] == [
        "failed",
        "timed_out",
    ]


def test_an_item_of_a_newer_deployment_is_read() -> None:
    """Tables outlive the code that reads them."""
    record = JobRecord.from_item({**ITEM, "novelty": "x", "phase": "running"})

    assert (record.phase, record.outcome) == (Phase.RUNNING, Outcome.NONE)
