"""Batching: a file becomes requests and their results one file, however often tried."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.aws import clients
from functions.aws.batch_store import BatchStore
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.core.batch_results import RequestResult
from functions.core.errors import (
    RequestInvalid,
    ResultMismatch,
    ResultsIncomplete,
    SourceTooLarge,
)
from functions.core.file_formats import JSON
from functions.core.model import Job, Next, Outcome, Part, Phase
from functions.core.result_keys import result_key
from functions.gather import KIND, BatchGathering
from functions.prepare import prepare
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck.adapter import Txncheck
from tests.faults.harness import INBOX, RESULTS, StepHarness
from tests.settings import txncheck_settings

pytestmark = pytest.mark.usefixtures("bench")

NAME = "Canary Of The Batch"
PEOPLE = f"mobile,name\n+919800000001,{NAME}\n12,{NAME}\n+919800000002,{NAME}\n"
GOOD = RequestResult(Outcome.SUCCEEDED)
BAD = RequestResult(Outcome.FAILED, "ProviderDeclined")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def provider() -> Txncheck:
    """Give the adapter; nothing here calls the provider."""

    def never(_fresh: bool) -> str:
        raise AssertionError

    return Txncheck(
        txncheck_settings(),
        http=HttpClient(tls=verified_tls_context(), loopback=False),
        key=never,
        signing_secret=never,
        now=lambda: 0.0,
    )


@pytest.fixture
def batch(provider: Txncheck) -> Callable[..., Job]:
    """Upload a file and prepare it."""

    def prepared(content: str = PEOPLE, *, max_requests: int = 10) -> Job:
        key = f"txncheck/upi-by-mobile/{next(_numbers)}.csv"
        stored = clients.s3().put_object(Bucket=INBOX, Key=key, Body=content.encode())
        job = Job(
            job_id=f"{next(_numbers):064x}",
            provider="txncheck",
            type="upi-by-mobile",
            bucket=INBOX,
            key=key,
            version_id=stored["VersionId"],
        )
        return again(job, provider, max_requests=max_requests)

    return prepared


def again(job: Job, provider: Txncheck, *, max_requests: int = 10) -> Job:
    """Prepare a batch, perhaps once more."""
    return prepare(
        job,
        provider=provider,
        source=S3Source(job, s3=clients.s3()),
        batch_store=BatchStore(job, s3=clients.s3()),
        max_bytes=10_000,
        max_requests=max_requests,
    )


def items_of(job: Job) -> list[dict[str, Any]]:
    """Read the items of the Map."""
    items: list[dict[str, Any]] = BatchStore(job, s3=clients.s3()).read_json(
        "items.json"
    )
    return items


def answer(job: Job, item: dict[str, Any], *, owner: str = "") -> None:
    """Put a request's result where Download would."""
    part = job.with_(
        job_id=item["job_id"],
        type=item["type"],
        part=Part.from_state(item["part"]),
    )
    clients.s3().put_object(
        Bucket=RESULTS,
        Key=result_key(part, KIND, JSON),
        Body=json.dumps({"status": "COMPLETED", "result": {"of": item["job_id"]}}),
        Metadata={"job-id": owner or item["job_id"]},
    )


def gathered(job: Job, provider: Txncheck, *told: RequestResult) -> Job:
    """Gather a batch, perhaps once more."""
    return BatchGathering(
        job=job,
        request_results=told,
        provider=provider,
        batch_store=BatchStore(job, s3=clients.s3()),
        results=Results(RESULTS, s3=clients.s3()),
        now=9.0,
    ).gather()


def test_a_batch_is_prepared_the_same_again(
    batch: Callable[..., Job], provider: Txncheck
) -> None:
    """A second attempt must find what the first one has paid for."""
    job = batch()
    before = items_of(job)

    twice = again(job, provider)

    assert items_of(job) == before
    assert (twice.rows, twice.invalid, twice.batch.requests) == (3, 1, 2)
    assert twice.batch.version_id != job.batch.version_id


def test_each_request_reads_its_own_body(batch: Callable[..., Job]) -> None:
    """By its place in the one object that holds them all."""
    job = batch()

    sources = [
        S3Source(
            job.with_(
                key=job.batch.key,
                version_id=job.batch.version_id,
                part=Part.from_state(item["part"]),
            ),
            s3=clients.s3(),
        )
        for item in items_of(job)
    ]

    bodies = [source.open().read(1000) for source in sources]
    assert [json.loads(body)["mobile"] for body in bodies] == [
        "+919800000001",
        "+919800000002",
    ]
    assert [source.size for source in sources] == [len(body) for body in bodies]


def test_no_person_is_in_an_item_of_the_map(batch: Callable[..., Job]) -> None:
    """An item is the state of an execution, which its history keeps."""
    text = json.dumps(items_of(batch()))

    assert NAME not in text
    assert "98000" not in text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param("mobile\n12\n", RequestInvalid, id="nothing valid"),
        pytest.param("mobile\n" + "+919800000001\n" * 11, SourceTooLarge, id="many"),
        pytest.param("mobile\n" + "\n" * 10_000, SourceTooLarge, id="large"),
    ],
)
def test_what_makes_no_batch_is_refused(
    batch: Callable[..., Job], content: str, error: type[Exception]
) -> None:
    """Before anything is written or paid."""
    with pytest.raises(error) as caught:
        batch(content)

    assert "12" not in str(caught.value).split()


def test_lines_are_in_the_order_of_the_rows(
    bench: StepHarness, batch: Callable[..., Job], provider: Txncheck
) -> None:
    """Refused ones between the others, where they were in the file."""
    job = batch()
    first, _ = items_of(job)
    answer(job, first)

    done = gathered(job, provider, GOOD, BAD)

    assert (done.next, done.phase) == (Next.REPORT, Phase.PARTIAL)
    assert dict(done.batch.outcomes) == {"succeeded": 1, "failed": 1, "invalid": 1}
    content = bench.result(done, "result.jsonl")
    assert content is not None
    lines = [json.loads(line) for line in content.splitlines()]
    assert [(line["row"], line["outcome"]) for line in lines] == [
        (1, "succeeded"),
        (2, "invalid"),
        (3, "failed"),
    ]
    assert lines[0]["result"]["result"] == {"of": first["job_id"]}


def test_a_batch_is_gathered_once(
    bench: StepHarness, batch: Callable[..., Job], provider: Txncheck
) -> None:
    """A function that dies after its last write is tried again."""
    job = batch()
    for item in items_of(job):
        answer(job, item)
    once = gathered(job, provider, GOOD, GOOD)

    twice = gathered(job, provider, GOOD, GOOD)

    assert twice == once
    assert bench.versions(job) == {"result.jsonl": 1, "result.json": 1}


@pytest.mark.parametrize(
    ("owner", "error"), [(None, ResultsIncomplete), ("another", ResultMismatch)]
)
def test_a_result_that_is_not_there_or_not_ours_ends_it(
    batch: Callable[..., Job], provider: Txncheck, owner: str | None, error: type
) -> None:
    """A file with somebody else's verdicts would be worse than none."""
    job = batch()
    for item in items_of(job):
        if owner is not None:
            answer(job, item, owner=owner)

    with pytest.raises(error):
        gathered(job, provider, GOOD, GOOD)


def test_a_batch_without_a_result_writes_none(
    bench: StepHarness, batch: Callable[..., Job], provider: Txncheck
) -> None:
    """It can be retried, and the result of that would find its place taken."""
    job = batch()

    done = gathered(job, provider, BAD, BAD)

    assert (done.next, done.outcome) == (Next.CONCLUDE, Outcome.FAILED)
    assert done.error == "ProviderDeclined"
    assert bench.versions(job) == {}
