"""Prepare and Gather: the same requests and the same result, however often repeated."""

import json
from typing import Any

import pytest

from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.aws.s3_source import S3Source
from functions.core.errors import (
    RequestInvalid,
    ResultMismatch,
    ResultsIncomplete,
    SourceTooLarge,
)
from functions.core.file_formats import JSON
from functions.core.model import BatchPosition, Job, Next, Outcome, Phase
from functions.core.result_keys import SINGLE_RESULT_KIND, result_key
from tests.faults.batch_harness import NAMES, BatchHarness
from tests.faults.harness import RESULTS, StepHarness

LIST = "mobile,name\n+919800000001,{0}\n12,{0}\n+919800000002,{0}\n".format(NAMES[0])
SUCCEEDED = ["0 succeeded", "1 succeeded"]


def prepare(batches: BatchHarness, content: str = LIST) -> Job:
    """Upload a list and prepare it, with small limits."""
    job = batches.upload_list(content, type_="upi-by-mobile")
    return batches.prepare(job, max_requests=10)


def items(job: Job) -> list[dict[str, Any]]:
    """Return the items of the Map."""
    read: list[dict[str, Any]] = BatchStore(job, s3=clients.s3()).read_json(
        "items.json"
    )
    return read


def store_result(job: Job, item: dict[str, Any], *, owner: str = "") -> None:
    """Store a request's result as Download does."""
    request = job.with_(
        job_id=item["job_id"],
        type=item["type"],
        part=BatchPosition.from_state(item["part"]),
    )
    clients.s3().put_object(
        Bucket=RESULTS,
        Key=result_key(request, SINGLE_RESULT_KIND, JSON),
        Body=json.dumps({"status": "COMPLETED", "result": {"of": item["job_id"]}}),
        Metadata={"job-id": owner or item["job_id"]},
    )


def test_a_repeated_preparation_has_the_same_items(batches: BatchHarness) -> None:
    """A second attempt must find what the first one has paid for."""
    job = prepare(batches)
    before = items(job)

    repeated = batches.prepare(job)

    assert items(job) == before
    assert (repeated.rows, repeated.invalid, repeated.batch.requests) == (3, 1, 2)
    assert repeated.batch.version_id != job.batch.version_id


def test_each_request_reads_its_own_body(batches: BatchHarness) -> None:
    """By its range in the one object that contains them all."""
    requests = batches.requests(prepare(batches))

    sources = [S3Source(request, s3=clients.s3()) for request in requests]

    bodies = [source.open().read(1000) for source in sources]
    assert [json.loads(body)["mobile"] for body in bodies] == [
        "+919800000001",
        "+919800000002",
    ]
    assert [source.size for source in sources] == [len(body) for body in bodies]


def test_an_item_has_no_personal_data(batches: BatchHarness) -> None:
    """An item is the state of an execution, whose history is kept."""
    text = json.dumps(items(prepare(batches)))

    assert NAMES[0] not in text
    assert "98000" not in text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param("mobile\n12\n", RequestInvalid, id="nothing valid"),
        pytest.param(
            "mobile\n" + "".join(f"+9198000000{n}\n" for n in range(10, 21)),
            SourceTooLarge,
            id="many",
        ),
    ],
)
def test_rejects_a_file_that_makes_no_batch(
    batches: BatchHarness, content: str, error: type[Exception]
) -> None:
    """Before anything is written or paid."""
    with pytest.raises(error) as caught:
        prepare(batches, content)

    assert "12" not in str(caught.value).split()
    if error is SourceTooLarge:
        assert "more than 10 requests, which is max_batch_requests" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "extension", "text"),
    [
        pytest.param(
            "mobile,name\n9800000001,Asha\n\n9800000002,\n",
            "csv",
            "no row is valid: row 1 (line 2): mobile: must be +91 and ten digits; "
            "row 3 (line 4): mobile: must be +91 and ten digits; name: is missing",
            id="t13",
        ),
        pytest.param(
            '{\n "mobile": "+919800000001",\n "name": "Asha"\n}\n',
            "jsonl",
            "no row is valid: row 1 (line 1), row 2 (line 2), row 3 (line 3) and "
            "1 more: is not one strict JSON object in one line",
            id="t16",
        ),
    ],
)
def test_an_error_names_row_line_field_and_rule(
    batches: BatchHarness, content: str, extension: str, text: str
) -> None:
    """It is the only thing that the uploader sees of the file's mistakes."""
    job = batches.upload_list(content, extension=extension)

    with pytest.raises(RequestInvalid) as caught:
        batches.prepare(job)

    assert str(caught.value) == text


def test_lines_are_in_the_order_of_the_rows(batches: BatchHarness) -> None:
    """Invalid rows stand where they stood in the file."""
    job = prepare(batches)
    first, _ = items(job)
    store_result(job, first)

    gathered = batches.gather(job, ["0 succeeded", "1 failed ProviderDeclined"])

    assert (gathered.next, gathered.phase) == (Next.REPORT, Phase.PARTIAL)
    assert dict(gathered.batch.outcomes) == {"succeeded": 1, "failed": 1, "invalid": 1}
    lines = batches.result_lines(gathered)
    assert [(line["row"], line["outcome"]) for line in lines] == [
        (1, "succeeded"),
        (2, "invalid"),
        (3, "failed"),
    ]
    assert lines[0]["result"]["result"] == {"of": first["job_id"]}


def test_a_repeated_gathering_writes_nothing(
    harness: StepHarness, batches: BatchHarness
) -> None:
    """A function that is killed after its last write is retried."""
    job = prepare(batches)
    for item in items(job):
        store_result(job, item)
    gathered = batches.gather(job, SUCCEEDED)

    repeated = batches.gather(job, SUCCEEDED)

    assert repeated == gathered
    assert harness.versions(job) == {"result.jsonl": 1, "result.json": 1}


@pytest.mark.parametrize(
    ("owner", "error"), [(None, ResultsIncomplete), ("another", ResultMismatch)]
)
def test_a_missing_or_foreign_result_fails_the_batch(
    batches: BatchHarness, owner: str | None, error: type[Exception]
) -> None:
    """A file with the results of somebody else would be worse than none."""
    job = prepare(batches)
    for item in items(job):
        if owner is not None:
            store_result(job, item, owner=owner)

    with pytest.raises(error):
        batches.gather(job, SUCCEEDED)


def test_a_batch_without_results_writes_no_result(
    harness: StepHarness, batches: BatchHarness
) -> None:
    """The batch can be retried, and its result must not find the key taken."""
    job = prepare(batches)

    gathered = batches.gather(
        job, ["0 failed ProviderDeclined", "1 failed ProviderDeclined"]
    )

    assert (gathered.next, gathered.outcome) == (Next.CONCLUDE, Outcome.FAILED)
    assert gathered.error == "ProviderDeclined"
    assert harness.versions(job) == {"error.jsonl": 1}
    assert gathered.error_key.endswith("/error.jsonl")
