"""Step harness: a table, two buckets, a secret and a simulated IPQS for the steps."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.aws import clients
from functions.aws.credit_waits import CreditWaits
from functions.aws.job_store import JobStore
from functions.core import keys
from functions.core.keys import CREDIT_ITEM_PREFIX as CREDITS
from functions.core.keys import LATE_CHECKS
from functions.core.model import Job
from functions.core.provider_settings import (
    IpqsSettings,
    ProviderSettings,
    to_json,
)
from functions.core.s3_events import S3Object, job_for
from local.simulators.ipqs import IpqsSimulator
from local.simulators.ipqs.verification import verify
from tests.settings import ipqs_settings

INBOX, RESULTS, TABLE, SECRET = "inbox", "results", "jobs", "ipqs"
WAITS = "credit-waits"
ROLE = "arn:aws:iam::000000000000:role/anyone"
#: The canary looks for the key and the rows in all that leaves the functions.
KEY = "canaryKeyOfTheProvider"
ROWS = ("ada@canary-rows.example", "bob@canary-rows.example", "eve@canary-rows.example")
LIST = "\n".join(("Email Address", *ROWS, "")).encode()
#: Without a date, so that results are the same whenever they are made.
COLUMNS = ("Email Address", "Valid")
KINDS = ("clean", "all")
SETTLE_SECONDS = 360

_INSTANT = {
    "seconds_new": 0.0,
    "seconds_processing": 0.0,
    "seconds_unique_results": 0.0,
    "seconds_finalizing": 0.0,
    "columns": COLUMNS,
    "offered_kinds": frozenset(KINDS),
}
_names = (f"list {number}" for number in itertools.count())


@dataclass(frozen=True, kw_only=True)
class StepHarness:
    """What the steps talk to: the emulator's resources and the IPQS simulator."""

    ipqs: IpqsSimulator
    expected: dict[str, bytes]  # the results of LIST, by kind
    changes: dict[str, Any] = field(default_factory=dict)  # of a test to the settings

    @classmethod
    def create(cls, ipqs: IpqsSimulator, folder: Path) -> "StepHarness":
        """Create buckets, table and secret where the AWS clients point."""
        for bucket in (INBOX, RESULTS):
            clients.s3().create_bucket(Bucket=bucket)
            clients.s3().put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        create_table(WAITS, key="wait_id")
        create_table(
            TABLE, key="job_id", index=(LATE_CHECKS, "provider", "late_check_at")
        )
        clients.secrets_manager().create_secret(Name=SECRET, SecretString="{}")
        return cls(ipqs=ipqs, expected=_expected_results(folder))

    def reset(self) -> None:
        """Reset the provider, which then accepts KEY and finishes every job at once."""
        self.changes.clear()
        for provider in ("ipqs", "txncheck"):
            clients.dynamodb().delete_item(
                TableName=WAITS, Key={"wait_id": {"S": f"{CREDITS}{provider}"}}
            )
        self.ipqs.reset()
        self.ipqs.behave(**_INSTANT)
        self.store_secret(json.dumps({"api_key": KEY}))

    def store_secret(self, text: str) -> None:
        """Replace the text of the provider's secret."""
        clients.secrets_manager().put_secret_value(SecretId=SECRET, SecretString=text)

    def upload_list(
        self,
        content: bytes = LIST,
        *,
        key: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> Job:
        """Upload a list to the inbox; return its job as Intake starts it."""
        key = key or f"ipqs/email/{next(_names)}.csv"
        stored = clients.s3().put_object(
            Bucket=INBOX, Key=key, Body=content, Metadata=metadata or {}
        )
        job = job_for(S3Object(INBOX, key, stored["VersionId"]), types=self.types)
        assert job is not None
        return job

    @property
    def types(self) -> dict[str, tuple[str, ...]]:
        """Return the list types of each provider."""
        return {"ipqs": ("email",)}

    @property
    def settings(self) -> IpqsSettings:
        """Return the provider's settings, its addresses those of the simulator."""
        settings = ipqs_settings(
            base_url=self.ipqs.base_url,
            download_hosts=(self.ipqs.download_host,),
            loopback=True,
            types=("email",),
            max_upload_bytes=10_000,
            max_result_bytes=10 * 1024**3,
            settle_seconds=SETTLE_SECONDS,
            list_pages=2,
            secret=SECRET,
        )
        return replace(settings, **self.changes)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a function, as infra sets them."""
        return {
            keys.ENV_JOBS_TABLE: TABLE,
            keys.ENV_JOBS_RETENTION_DAYS: "90",
            keys.ENV_WAITS_TABLE: WAITS,
            keys.ENV_RESULTS_BUCKET: RESULTS,
            keys.ENV_PROVIDERS: json.dumps({"ipqs": to_json(self.settings)}),
        }

    def paid_uploads(self, job: Job) -> int:
        """Count the job's files that the provider has accepted, and bills."""
        return sum(csv.file_name == f"{job.job_id}.csv" for csv in self.ipqs.csvs)

    def sent(self, job: Job) -> list[bytes]:
        """Return what the provider has received for a job, each file whole."""
        return [
            csv.upload.read_bytes()
            for csv in self.ipqs.csvs
            if csv.file_name == f"{job.job_id}.csv" and csv.upload
        ]

    def calls(self, call: str) -> int:
        """Count the requests of one kind that the provider has received."""
        return sum(request.call == call for request in self.ipqs.requests)

    def item(self, job: Job) -> dict[str, str]:
        """Return the job's item in the jobs table, empty where there is none."""
        response = clients.dynamodb().get_item(
            TableName=TABLE, Key={"job_id": {"S": job.job_id}}, ConsistentRead=True
        )
        return {
            name: str(next(iter(value.values())))
            for name, value in response.get("Item", {}).items()
        }

    def versions(self, job: Job) -> dict[str, int]:
        """Count the versions of each of the job's objects, by file name."""
        listed = clients.s3().list_object_versions(Bucket=RESULTS, Prefix=prefix(job))
        assert not listed.get("DeleteMarkers")
        keys = [version["Key"] for version in listed.get("Versions", [])]
        return {key.rpartition("/")[2]: keys.count(key) for key in keys}

    def result(self, job: Job, name: str) -> bytes | None:
        """Return one of the job's objects, or None where it is not visible."""
        try:
            response = clients.s3().get_object(Bucket=RESULTS, Key=prefix(job) + name)
        except ClientError:
            return None
        return response["Body"].read()

    def unfinished_uploads(self, job: Job) -> list[dict[str, Any]]:
        """Return the job's multipart uploads neither completed nor aborted."""
        listed = clients.s3().list_multipart_uploads(Bucket=RESULTS)
        return [
            dict(upload)
            for upload in listed.get("Uploads", [])
            if upload["Key"].startswith(prefix(job))
        ]


def create_table(
    name: str, *, key: str, index: tuple[str, str, str] | None = None
) -> None:
    """Create a table with a text as its key.

    `index` has the name of an index, its key, which is a text, and its sort key, which
    is a number.
    """
    options: dict[str, Any] = {}
    attributes: dict[str, Literal["S", "N"]] = {key: "S"}
    if index:
        index_name, partition_key, sort_key = index
        attributes |= {partition_key: "S", sort_key: "N"}
        options["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index_name,
                "KeySchema": [
                    {"AttributeName": partition_key, "KeyType": "HASH"},
                    {"AttributeName": sort_key, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ]
    clients.dynamodb().create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in attributes.items()
        ],
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def credit_waits(
    provider: str, settings: ProviderSettings, job_store: JobStore
) -> CreditWaits:
    """Return the waits for credits of a provider, in a table of their own."""
    return CreditWaits(
        WAITS,
        provider,
        interval=settings.policy.cap_seconds,
        job_store=job_store,
        dynamodb=clients.dynamodb(),
    )


def prefix(job: Job) -> str:
    """Return the folder of a job's results."""
    return f"{job.provider}/{job.type}/{job.job_id}/"


def _expected_results(folder: Path) -> dict[str, bytes]:
    upload = folder / "upload"
    upload.write_bytes(LIST)
    verified = verify(
        "email",
        upload,
        folder,
        columns=COLUMNS,
        date="",
        removes_duplicates=True,
        cancelled=lambda: False,
    )
    return {kind: verified.files[kind].read_bytes() for kind in KINDS}
