"""Charges: what a quote says is what the provider counts, for any table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from random import Random
from typing import Any
from unittest import mock

import pytest

from functions import csv_file, prepare
from functions.aws.approvals import Approvals
from functions.aws.batch_store import BatchStore
from functions.aws.job_store import JobStore
from functions.aws.s3_source import S3Source
from functions.core.job_record import JobRecord
from functions.core.model import Job, Next
from functions.core.provider_settings import ProviderSettings
from functions.core.quote import quote_of
from functions.core.s3_events import S3Object, job_for
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.protocol import BatchProvider, Provider
from functions.providers.txncheck.adapter import Txncheck
from functions.tables.list_reading import Status
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.charges.faulty_tables import faulty_batch, faulty_list
from tests.charges.in_process import KEY, InProcessClient, simulators
from tests.settings import ipqs_settings, txncheck_settings
from tests.unit.memory_client import MemoryClient, MemoryTable
from tests.world.memory_aws.s3 import S3

INBOX, NOW = "inbox", 1_750_000_000.0


@dataclass
class Desk:
    """Prepares uploads, and sends what is prepared to the simulator of a provider."""

    simulator: IpqsSimulator | TxncheckSimulator
    adapter: Provider
    settings: ProviderSettings

    @property
    def uploads(self) -> int:
        """The number of uploads, or requests, that the provider has accepted."""
        if isinstance(self.simulator, IpqsSimulator):
            return len(self.simulator.csvs)
        return len(self.simulator.accepted)

    def upload(
        self, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the quote of an upload that was sent; empty if it was refused."""
        self.simulator.reset()
        s3: Any = MemoryClient(S3(INBOX))
        table = MemoryTable(key="job_id")
        stores = {"dynamodb": table.client, "keep_days": 90}
        stored = s3.put_object(
            Bucket=INBOX, Key=key, Body=content, Metadata=metadata or {}
        )
        types = {key.partition("/")[0]: self.settings.types}
        job = job_for(S3Object(INBOX, key, stored["VersionId"]), types=types)
        assert job
        prepared = prepare.Preparation(
            job=job,
            settings=self.settings,
            job_store=JobStore(table.name, **stores),
            approvals=Approvals(table.name, **stores),
            s3=s3,
            now=NOW,
        ).prepare()
        if prepared.next is Next.CONCLUDE:
            return {}
        for each in _submitted(prepared, s3):
            with self.adapter.prepare_submission(
                each.file_name, each.type, S3Source.to_send(each, s3=s3)
            ) as send:
                assert send()
        item = {"job_id": job.job_id, **table.item(job.job_id)}
        quote = quote_of(JobRecord.from_item(item))
        assert quote
        return quote


def _submitted(job: Job, s3: Any) -> list[Job]:  # noqa: ANN401 - a client of boto3
    """Return the jobs that are submitted for a prepared one, as the Map starts them."""
    if not job.batch.requests:
        return [job]
    of_all = {
        "provider": job.provider,
        "bucket": job.bucket,
        "key": job.batch.key,
        "version_id": job.batch.version_id,
    }
    items = BatchStore(job, s3=s3).read_json("items.json")
    return [Job.from_state({**of_all, **item}) for item in items]


@pytest.fixture(scope="module")
def ipqs() -> Iterator[Desk]:
    """Yield a desk for lists."""
    in_memory = mock.patch.object(csv_file, "TemporaryFile", BytesIO)
    with in_memory, simulators() as (simulator, _):
        settings = ipqs_settings(base_url=simulator.base_url, credits_per_value=2.0)
        http = InProcessClient(simulator)
        adapter = Ipqs(settings, http=http, key=lambda _: KEY, now=lambda: NOW)
        yield Desk(simulator, adapter, settings)


@pytest.fixture
def txncheck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Yield a desk for requests and batches."""
    monkeypatch.setattr(csv_file, "TemporaryFile", BytesIO)
    with simulators() as (_, simulator):
        settings = txncheck_settings(base_url=simulator.base_url, rate=None)
        adapter: BatchProvider = Txncheck(
            settings,
            http=InProcessClient(simulator),
            key=lambda _: KEY,
            signing_secret=lambda _: "",
            now=lambda: NOW,
        )
        monkeypatch.setattr(prepare, "batch_adapter_for", lambda _: adapter)
        monkeypatch.setattr(prepare, "adapter_for", lambda _: adapter)
        yield Desk(simulator, adapter, settings)


def test_five_thousand_lists_cost_what_their_quotes_say(ipqs: Desk) -> None:
    """Who approves a list has to know what is paid, and which records are sent."""
    random, plain = Random(2), ipqs.settings
    bounded = replace(plain, max_upload_rows=3)  # type: ignore[call-arg]  # of IPQS
    sent_lists = 0
    for number in range(5000):
        content, expected = faulty_list(random)
        ipqs.settings = random.choice([plain, bounded])

        quote = ipqs.upload(f"ipqs/email/{number}.csv", content)

        charged = ipqs.simulator.charged
        assert charged == quote.get("to_send", 0), content
        assert charged * 2 == quote.get("credits_needed", 0), content
        assert ipqs.uploads == quote.get("uploads", 0), content
        if not quote:
            continue
        sent_lists += 1
        statuses = Counter(status for status, _ in expected)
        assert quote["records"] == len(expected), content
        assert charged == statuses[Status.SENT], content
        assert quote["blank"] == statuses[Status.BLANK], content
        assert quote["duplicates"] == statuses[Status.DUPLICATE], content
        assert sum(quote["not_sent"].values()) == statuses[Status.NOT_SENT], content
    assert sent_lists > 4000


def test_five_thousand_batches_cost_what_their_quotes_say(txncheck: Desk) -> None:
    """TxnCheck counts each VPA of a bulk request, and a batch makes few of them."""
    random = Random(3)
    for number in range(5000):
        batch = faulty_batch(random)
        key = f"txncheck/{batch.type}/{number}.{batch.extension}"

        quote = txncheck.upload(key, batch.content)

        charged = txncheck.simulator.charged
        assert charged == quote.get("credits_needed", 0) == batch.values, batch
        assert txncheck.uploads == quote.get("uploads", 0), batch
        assert quote.get("to_send", 0) == batch.sent, batch
        if quote:
            unsent = quote["blank"] + quote["duplicates"]
            unsent += sum(quote["not_sent"].values())
            assert quote["records"] == batch.sent + unsent == batch.records, batch


@pytest.mark.parametrize(
    ("type_", "values"), [("bulk-vpa-chargeback-check", 3), ("vpa-chargeback-check", 1)]
)
def test_a_request_costs_what_its_quote_says(
    txncheck: Desk, type_: str, values: int
) -> None:
    """A bulk request is one upload, but costs as much as its VPAs."""
    content = b'{"vpas": ["a@bank", "b@bank", "c@bank"]}'
    key = f"txncheck/{type_}/1.json"

    quote = txncheck.upload(key, content, metadata={"courier-quote": "yes"})

    assert txncheck.simulator.charged == quote["credits_needed"] == values
    assert txncheck.uploads == quote["uploads"] == quote["to_send"] == 1
