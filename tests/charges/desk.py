"""Desk: prepare uploads and send them to a simulator, without a state machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions import prepare
from functions.aws.approvals import Approvals
from functions.aws.batch_store import BatchStore
from functions.aws.daily_budget import DailyBudget
from functions.aws.job_store import JobStore
from functions.aws.s3_source import S3Source
from functions.core.job_record import JobRecord
from functions.core.model import Job, Next
from functions.core.provider_settings import ProviderSettings
from functions.core.quote import quote_of
from functions.core.s3_events import S3Object, job_for
from functions.providers.protocol import Provider
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.unit.memory_client import MemoryClient, MemoryTable
from tests.world.memory_aws.s3 import S3

INBOX, NOW = "inbox", 1_750_000_000.0


@dataclass
class Desk:
    """Prepares uploads, and sends what is prepared to the simulator of a provider."""

    simulator: IpqsSimulator | TxncheckSimulator
    adapter: Provider
    settings: ProviderSettings
    refused: tuple[str, str] = ("", "")

    @property
    def uploads(self) -> int:
        """The number of uploads, or requests, that the provider has accepted."""
        if isinstance(self.simulator, IpqsSimulator):
            return len(self.simulator.csvs)
        return len(self.simulator.accepted)

    def upload(
        self, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the quote of an upload that was sent; empty if it was refused.

        Then `refused` has the error and the advice.
        """
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
            budget=DailyBudget(table.name, **stores),
            s3=s3,
            now=NOW,
        ).prepare()
        self.refused = (prepared.error, prepared.advice)
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
