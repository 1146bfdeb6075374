"""Recorded data: this release reads what earlier releases wrote.

Executions in flight, items of the tables and objects in S3 outlive a deployment; the
recordings are real ones (see `recorded/2026-11-25/README.md`).
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from verdict_courier.results import listed_results

from functions.aws.callbacks import CallbackStore, WebhookOutcome, WebhookReceipt
from functions.aws.dynamodb import from_attributes
from functions.aws.executions import execution_input
from functions.aws.job_store import JobStore
from functions.core import identity
from functions.core.batch_results import RequestResult, RowIndex, parse_results
from functions.core.errors import RETRYABLE
from functions.core.file_formats import JSON
from functions.core.job_record import JobRecord, SubmissionRecord
from functions.core.manifest import (
    build_manifest,
    delivered_results,
    encode_manifest,
    read_manifest,
)
from functions.core.model import (
    Batch,
    BatchPosition,
    Job,
    Next,
    Outcome,
    Phase,
    PreparedList,
)
from functions.core.result_keys import result_key
from tests.unit import recordings

_DOCS = Path(__file__).parents[2] / "docs"
INBOX = "verdictcourier-local-storageinbox618003e1-52aef2458bfc2"
DELIVERED = "e0a9333abc10b768815ce74aa229cb7d1016a13d4d410df6a3b8be9af2ff833b"
WAITING = "71846bc5fa82f77e0070515f47d9941bfc242473ab494579f3cb5c3a43d0ee4e"
ON_HOLD = "56b48b7f38f3f362d3f336580de157b2b486449f2189e23fe73901a8abb469b4"
FAILED = "f992a44c8d01b5ddd1da0c0e4e4d2114d6710e315035c34f192933c63957a838"
CANCELLED = "673768932e100b741a720bdba3d477471a10c44ba2dd537bc3b533c6a41d22f6"
KNOWN_REFERENCE = "4d0d63f6897f374b8c00ae69b86c854404e35c23113be3f5b8698a3d3c5ad13f"
RECEIVED = "29a26927d7567a8338aaaaeb33bda2a4a9e34686f849ca3a2540a42b031d760c"
LISTENING = "a95b23763c2d0119b196f8d3e2e1519fdd439ff051f463944ec0ab8605f3fe2b"
BATCH = "0271c4a49a87533814b38c6cc211519b1186ae5e70a7ef6f091d87b456ed5531"
LIST = "323b4a5cbf812214df5b00557e79654c202191e31404827420a900b03a0351c5"
REQUEST = "da76a0723dd86550ba08fb190efd767104c4689bb5dc1aca921f84b841892c46"
PART = BatchPosition(batch_id=BATCH, number=0, offset=0, length=48)
PREPARED = Batch(
    requests=4,
    key=f"batches/txncheck/{BATCH}/requests.jsonl",
    version_id="764e1d15-4a06-45aa-9cd6-8f100afd4b48",
    items_key=f"batches/txncheck/{BATCH}/items.json",
)
PREPARED_LIST = PreparedList(
    key=f"batches/ipqs/{LIST}/submission.csv",
    version_id="8b78b734-6e73-4696-af74-993843a674e8",
    records_version_id="d6ebf91d-e365-4561-9fa3-a84ea44e335a",
    table_version_id="9ece3f04-ea95-4283-855a-55f38829fdca",
    records=5,
    blank=1,
    duplicates=1,
    not_sent=1,
    sent=2,
)

STATES: dict[str, dict[str, object]] = {
    "ipqs-received": {
        "job_id": DELIVERED,
        "provider": "ipqs",
        "type": "email",
        "bucket": INBOX,
        "key": "ipqs/email/customers.csv",
        "version_id": "9eb107c5-4583-4a6a-9bad-3e41c24cb3b0",
        "provider_ref": "",
        "received_at": 0.0,
        "attempt": 1,
        "execution_name": DELIVERED,
    },
    "ipqs-known-reference": {
        "job_id": KNOWN_REFERENCE,
        "key": "",
        "provider_ref": "3000002",
        "received_at": 1795654768.5208166,
        "submitted_at": 1795654768.5208166,
    },
    "ipqs-on-hold": {
        "job_id": ON_HOLD,
        "type": "phone",
        "provider_ref": "",
        "received_at": 1795654754.2813628,
        "next": Next.HOLD,
        "wait_seconds": 3,
    },
    "ipqs-waiting": {
        "job_id": WAITING,
        "provider_ref": "3000001",
        "submitted_at": 1795654758.5457978,
        "waiting_since": 1795654758.5457978,
        "phase": Phase.RUNNING,
        "phase_since": 1795654759.194549,
        "polls": 1,
        "next": Next.WAIT,
        "wait_seconds": 2,
        "rows": 12,
    },
    "ipqs-in-doubt": {
        "job_id": FAILED,
        "phase": Phase.FAILED,
        "suspected_error": "ProviderFailed",
        "suspicions": 2,
        "next": Next.WAIT,
        "outcome": Outcome.NONE,
    },
    "ipqs-downloaded": {
        "job_id": DELIVERED,
        "phase": Phase.FINISHED,
        "next": Next.COLLECT,
        "finished_at": 1795654752.8296208,
        "kinds": ("pristine", "clean", "bad", "all"),
        "absent": (),
        "outcome": Outcome.NONE,
    },
    "ipqs-succeeded": {
        "job_id": DELIVERED,
        "outcome": Outcome.SUCCEEDED,
        "manifest_key": f"ipqs/email/{DELIVERED}/manifest.json",
        "error": "",
    },
    "ipqs-failed": {
        "job_id": FAILED,
        "next": Next.CONCLUDE,
        "outcome": Outcome.FAILED,
        "error": "ProviderFailed",
        "advice": "Ask the provider's support, naming the provider_ref of the job.",
        "suspicions": 3,
    },
    "ipqs-retried": {
        "job_id": FAILED,
        "provider_ref": "3000001",
        "attempt": 2,
        "execution_name": f"{FAILED}-2",
        "submitted_at": 1795654761.503813,
        "resumed_at": 1795654763.9805672,
        "waiting_since": 1795654763.9805672,
    },
    "list-prepared": {
        "job_id": LIST,
        "next": Next.SUBMIT,
        "received_at": 1750000000.0,
        "prepared": PREPARED_LIST,
    },
    "list-submitted": {
        "job_id": LIST,
        "next": Next.WAIT,
        "provider_ref": "3000001",
        "rows": 2,
        "distinct_rows": 2,
        "prepared": PREPARED_LIST,
    },
    "txncheck-listening": {
        "job_id": LISTENING,
        "provider": "txncheck",
        "type": "full-check",
        "provider_ref": "e3e70682-c209-4cac-a29f-6fbed82c07cd",
        "next": Next.LISTEN,
        "wait_seconds": 63,
        "heard_at": 0.0,
    },
    "txncheck-woken": {"job_id": LISTENING, "heard_at": 1795654772.4906106},
    "batch-received": {
        "job_id": BATCH,
        "provider": "txncheck",
        "key": "txncheck/upi-by-mobile/people.csv",
        "batch": Batch(),
    },
    "batch-prepared": {
        "job_id": BATCH,
        "type": "upi-by-mobile",
        "next": Next.PREPARE,
        "rows": 5,
        "invalid": 1,
        "part": BatchPosition(),
        "batch": PREPARED,
    },
    "batch-gathering": {"job_id": BATCH, "rows": 5, "batch": PREPARED},
    "batch-gathered": {
        "job_id": BATCH,
        "next": Next.REPORT,
        "phase": Phase.PARTIAL,
        "kinds": ("result",),
        "batch": replace(
            PREPARED, outcomes={"failed": 2, "invalid": 1, "succeeded": 2}
        ),
    },
    "request-received": {
        "job_id": REQUEST,
        "provider": "txncheck",
        "type": "upi-by-mobile",
        "bucket": INBOX,
        "key": PREPARED.key,
        "version_id": PREPARED.version_id,
        "part": PART,
    },
    "request-on-hold": {
        "job_id": REQUEST,
        "next": Next.HOLD,
        "wait_seconds": 1,
        "slot_at": 1795654774.8719077,
        "part": PART,
    },
    "request-listening": {
        "job_id": REQUEST,
        "provider_ref": "e443df78-9558-467f-9ba9-1faf7a024204",
        "next": Next.LISTEN,
        "wait_seconds": 55,
        "part": PART,
    },
}

RECORDS: dict[str, dict[str, object]] = {
    "received": {
        "job_id": RECEIVED,
        "provider": "ipqs",
        "type": "email",
        "bucket": INBOX,
        "key": "ipqs/email/uploads/invented.csv",
        "version_id": "7b1f4f0c-52a0-4d6e-9d0e-6a3c1b7f2e11",
        "received_at": 1795654768.8065357,
        "request_hash": hashlib.sha256(b"invented").hexdigest(),
        "outcome": Outcome.NONE,
        "attempt": 1,
    },
    "received-known-reference": {
        "job_id": KNOWN_REFERENCE,
        "key": "",
        "provider_ref": "3000002",
        "submitted_at": 1795654768.5208166,
    },
    "intent": {"job_id": ON_HOLD, "provider_ref": "", "submitted_at": 0.0, "rows": 0},
    "submitted": {
        "job_id": DELIVERED,
        "provider_ref": "3000001",
        "submitted_at": 1795654750.6040149,
        "rows": 12,
        "phase": Phase.QUEUED,
        "polls": 0,
    },
    "in-progress": {
        "job_id": WAITING,
        "phase": Phase.RUNNING,
        "polls": 1,
        "next_check_at": 1795654761.194549,
        "outcome": Outcome.NONE,
    },
    "succeeded": {
        "job_id": DELIVERED,
        "phase": Phase.FINISHED,
        "outcome": Outcome.SUCCEEDED,
        "manifest_key": f"ipqs/email/{DELIVERED}/manifest.json",
        "bytes": 2025,
        "finished_at": 1795654752.8296208,
        "ended_at": 1795654754.04503,
        "error": "",
    },
    "failed": {
        "job_id": FAILED,
        "outcome": Outcome.FAILED,
        "error": "ProviderFailed",
        "advice": "Ask the provider's support, naming the provider_ref of the job.",
        "polls": 3,
        "ended_at": 1795654763.3940067,
    },
    "cancelled": {
        "job_id": CANCELLED,
        "type": "url",
        "outcome": Outcome.CANCELLED,
        "phase": Phase.RUNNING,
        "ended_at": 1795654767.3997047,
        "notified_attempt": 1,
    },
    "retried": {
        "job_id": FAILED,
        "provider_ref": "3000001",
        "attempt": 2,
        "resumed_at": 1795654763.9805672,
        "outcome": Outcome.NONE,
        "earlier": (
            {
                "attempt": 1,
                "outcome": "failed",
                "error": "ProviderFailed",
                "checks": 3,
                "ended_at": 1795654763.3940067,
            },
        ),
    },
    "batch": {
        "job_id": BATCH,
        "provider_ref": "",
        "outcome": Outcome.PARTIAL,
        "phase": Phase.PARTIAL,
        "rows": 5,
        "invalid": 1,
        "bytes": 940,
    },
    "request": {
        "job_id": REQUEST,
        "key": PREPARED.key,
        "provider_ref": "e443df78-9558-467f-9ba9-1faf7a024204",
        "rows": 1,
    },
}

SUBMISSIONS = {
    "received": SubmissionRecord(received_at=1795654768.8065357),
    "received-known-reference": SubmissionRecord(
        received_at=1795654768.5208166,
        provider_ref="3000002",
        submitted_at=1795654768.5208166,
    ),
    "intent": SubmissionRecord(
        received_at=1795654754.2813628,
        intent="fcf6ed2a0cf440d2b4dce90df59b3a40",
        intent_at=1795654754.2813628,
    ),
    "submitted": SubmissionRecord(
        received_at=1795654750.6040149,
        intent="1dc8076656674523ba8a8b6a0cfa4244",
        intent_at=1795654750.6040149,
        provider_ref="3000001",
        submitted_at=1795654750.6040149,
        rows=12,
    ),
    "batch": SubmissionRecord(received_at=1795654773.16931, rows=5, outcome="partial"),
    "request": SubmissionRecord(
        received_at=1795654775.8686254,
        intent="b1f65c5adf45424881af566fab4776bf",
        intent_at=1795654775.8686254,
        provider_ref="e443df78-9558-467f-9ba9-1faf7a024204",
        submitted_at=1795654775.8686254,
        rows=1,
    ),
}


@dataclass(frozen=True)
class SingleItemClient:
    """A fake DynamoDB client whose tables have one item."""

    item: dict[str, dict[str, str]]

    def get_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's own
        """Return the item if the request has its key."""
        has_key = request["Key"].items() <= self.item.items()
        return {"Item": self.item} if has_key else {}


def member_values(document: Any, name: str) -> set[str]:  # noqa: ANN401 - any JSON
    """Return the texts of all members with a name, at any depth."""
    match document:
        case dict():
            member = document.get(name, [])
            texts = {member} if isinstance(member, str) else set(member)
            return texts.union(
                *(member_values(value, name) for value in document.values())
            )
        case list():
            return set[str]().union(*(member_values(item, name) for item in document))
    return set()


def attributes(record: object, names: dict[str, object]) -> dict[str, object]:
    """Return those attributes of a record that have these names."""
    return {name: getattr(record, name) for name in names}


def record(name: str) -> JobRecord:
    """Return the record of a recorded item of the jobs table."""
    return JobRecord.from_item(from_attributes(recordings.item(f"jobs/{name}")))


def job_of(item: dict[str, dict[str, str]]) -> JobRecord | None:
    """Return the job that the store finds by the id of an item."""
    table = cast("Any", SingleItemClient(item))
    return JobStore("jobs", dynamodb=table, keep_days=90).get(item["job_id"]["S"])


def test_every_recording_is_tested() -> None:
    """A recorded file that no test reads would prove nothing."""
    assert recordings.names("states") == STATES.keys()
    assert recordings.names("items/jobs") == RECORDS.keys()


@pytest.mark.fault(38)
@pytest.mark.parametrize("name", STATES)
def test_a_state_of_an_earlier_release_is_read(name: str) -> None:
    """Executions run for up to a day, and go on after a deployment."""
    job = Job.from_state(recordings.state(name))

    assert attributes(job, STATES[name]) == STATES[name]


@pytest.mark.fault(38)
@pytest.mark.parametrize("name", STATES)
def test_a_state_keeps_its_fields(name: str) -> None:
    """The definition, older code after a rollback and operators use these names."""
    state = recordings.state(name)
    state.pop("answers", None)  # of the Map; Gather reads it from the event

    written = json.loads(json.dumps(Job.from_state(state).to_state()))

    assert {name: written.get(name) for name in state} == state
    assert Job.from_state(written) == Job.from_state(state)


def test_the_files_of_an_earlier_release_are_read() -> None:
    """A Manifest that runs after a deployment lists what was downloaded before it."""
    job = Job.from_state(recordings.state("ipqs-downloaded"))

    assert [(file.kind, file.rows, file.bytes) for file in job.files] == [
        ("pristine", 4, 321),
        ("clean", 8, 571),
        ("bad", 4, 318),
        ("all", 12, 815),
    ]
    assert job.files[3].key == f"ipqs/email/{DELIVERED}/all.csv"
    assert job.files[3].version_id == "654bee03-a272-4654-93c2-a73f17346a97"
    assert job.files[3].sha256.startswith("e8ddbce01f377c8d")


@pytest.mark.parametrize("name", RECORDS)
def test_an_item_of_an_earlier_release_is_read(name: str) -> None:
    """Items stay in the jobs table for months, and the API shows them."""
    assert attributes(record(name), RECORDS[name]) == RECORDS[name]


@pytest.mark.fault(88)
@pytest.mark.parametrize("name", RECORDS)
def test_a_request_of_an_earlier_release_is_no_job(name: str) -> None:
    """Retried as a job, it would send and pay for its whole batch again."""
    found = job_of(recordings.item(f"jobs/{name}"))

    assert (found is None) == (name == "request")


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_a_submission_of_an_earlier_release_is_recognized(name: str) -> None:
    """A submission that is not recognized would be paid for twice."""
    item = recordings.item(f"jobs/{name}")
    store = JobStore("jobs", dynamodb=cast("Any", SingleItemClient(item)), keep_days=90)
    job = Job(job_id=item["job_id"]["S"], provider="ipqs", type="email")

    assert store.submission(job) == SUBMISSIONS[name]


@pytest.mark.parametrize(
    ("item", "state"),
    [
        ("submitted", "ipqs-received"),
        ("batch", "batch-received"),
        ("received-known-reference", "ipqs-known-reference"),
        ("retried", "ipqs-retried"),
    ],
)
def test_an_execution_starts_with_the_same_input(item: str, state: str) -> None:
    """With another input, starting it again would be an error, not a duplicate."""
    assert execution_input(record(item).to_job()) == recordings.state(state)


def test_an_object_has_the_same_job_id() -> None:
    """A repeated event must find the job that it started before a deployment."""
    job = Job.from_state(recordings.state("ipqs-received"))

    assert identity.of_object(job.bucket, job.key, job.version_id) == job.job_id


@pytest.mark.parametrize("name", ["woken", "called-early"])
def test_a_webhook_of_an_earlier_release_is_a_duplicate(name: str) -> None:
    """A provider repeats a webhook for half an hour."""
    item = recordings.item(f"waits/{name}")
    callbacks = CallbackStore(
        "waits",
        dynamodb=cast("Any", SingleItemClient(item)),
        step_functions=cast("Any", None),
    )
    references = {
        "woken": "e3e70682-c209-4cac-a29f-6fbed82c07cd",
        "called-early": "f728b4fa-4248-4e3a-8a5d-2f346baa9455",
    }

    receipt = callbacks.deliver(
        "txncheck", references[name], "request.partial", now=0.0
    )

    job_id = item.get("job_id", {"S": ""})["S"]
    assert receipt == WebhookReceipt(outcome=WebhookOutcome.DUPLICATE, job_id=job_id)


def test_the_requests_of_an_earlier_release_are_found() -> None:
    """Each item of the Map has its job_id and the position of its body."""
    items = recordings.document("items.json")
    bodies = recordings.content("documents/requests.jsonl")
    rows = RowIndex.from_document(recordings.document("rows.json"))
    parts = [BatchPosition.from_state(item["part"]) for item in items]

    assert [part.number for part in parts] == [0, 1, 2, 3]
    assert [
        json.loads(bodies[part.offset : part.offset + part.length])["name"]
        for part in parts
    ] == ["Asha Example", "Chen Example", "Dora Example", "Emil Example"]
    assert [item["job_id"] for item in items] == [
        identity.of_part(BATCH, numbers) for numbers in rows.requests
    ]
    assert result_key(
        Job.from_state(recordings.state("request-received")), "result", JSON
    ) == (f"txncheck/upi-by-mobile/{BATCH}/requests/{REQUEST}/result.json")


def test_the_rows_of_an_earlier_release_are_counted() -> None:
    """Gather reads what Prepare and the requests wrote before a deployment."""
    rows = RowIndex.from_document(recordings.document("rows.json"))
    state = recordings.state("batch-gathering")

    results = parse_results(state["answers"], requests=4)

    assert results == [
        RequestResult(Outcome.SUCCEEDED),
        RequestResult(Outcome.FAILED, "ProviderFailed"),
        RequestResult(Outcome.FAILED, "ProviderDeclined"),
        RequestResult(Outcome.SUCCEEDED),
    ]
    assert rows.outcomes(results) == {"failed": 2, "invalid": 1, "succeeded": 2}
    assert rows.invalid[0]["row"] == 2


@pytest.mark.parametrize(
    ("state", "outcome", "document"),
    [
        ("ipqs-downloaded", Outcome.SUCCEEDED, "manifest.json"),
        ("batch-gathered", Outcome.PARTIAL, "batch-manifest.json"),
    ],
)
def test_the_manifest_of_an_earlier_release_is_written_again(
    state: str, outcome: Outcome, document: str
) -> None:
    """Attempts before and after a deployment must write the same bytes."""
    job = Job.from_state(recordings.state(state))

    written = encode_manifest(build_manifest(job.with_(outcome=outcome)))

    assert written == recordings.content(f"documents/{document}")


@pytest.mark.parametrize("document", ["manifest.json", "batch-manifest.json"])
def test_the_manifest_of_an_earlier_release_is_read(document: str) -> None:
    """By a step that finds it, and by the client that downloads what it names."""
    manifest = read_manifest(recordings.content(f"documents/{document}"))
    links = [{"kind": file["kind"], "href": "h"} for file in manifest["files"]]

    listed = listed_results({"manifest": manifest, "links": links})

    assert manifest["schema_version"] == 1
    assert delivered_results(manifest)["files"].keys() == {f.kind for f in listed}


@pytest.mark.parametrize("document", ["manifest.json", "batch-manifest.json"])
def test_the_published_schema_describes_real_manifests(document: str) -> None:
    """Clients that validate manifests must accept those of earlier releases."""
    schema = json.loads((_DOCS / "manifest.schema.json").read_text("utf-8"))

    Draft202012Validator(schema).validate(recordings.document(document))


def test_the_errors_of_an_earlier_definition_have_their_names() -> None:
    """A Retry on a name that is no longer raised would retry nothing."""
    names = member_values(json.loads(recordings.definition()), "ErrorEquals")
    own_names = {name for name in names if "." not in name}

    assert "LinkSpent" in own_names
    assert own_names <= {error.__name__ for error in RETRYABLE}


def test_the_choices_of_an_earlier_definition_have_their_values() -> None:
    """Route and Judge of a running execution compare with these values."""
    values = member_values(json.loads(recordings.definition()), "StringEquals")

    assert {"hold", "collect", "succeeded"} <= values
    assert values <= {*Next, *Outcome}
