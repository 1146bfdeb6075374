"""People: what users of a world have asked for, and so are ready to pay for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from functions.aws.dynamodb import from_attributes
from functions.core.job_record import JobRecord
from functions.core.keys import FINISHES_ITEM_PREFIX
from functions.core.model import Job
from tests.faults.scenarios import LIST
from tests.world.world import World

#: The kinds of uploads; the last digits of a batch's mobiles decide how they end.
KINDS = ("list", "request", "batch")
#: The beginning of every mobile number, which the canary looks for.
MOBILES = "+919871"
_FATES = "089"  # completed, failed for now, failed for good


@dataclass
class Upload:
    """An object, its own job, and what was asked for it."""

    kind: str
    job: Job
    mobiles: tuple[str, ...] = ()
    fresh: int = 0  # jobs that were asked for besides its own
    retries: int = 0  # asked for, of any of its jobs
    asked: bool = False  # by an event, a request or an execution

    @property
    def wishes(self) -> int:
        """The number of jobs that may be paid for."""
        return 1 + self.fresh


@dataclass
class People:
    """The users of a world, with their uploads and idempotency keys."""

    world: World
    uploads: list[Upload] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)  # used for fresh jobs

    def upload(self, kind: str) -> Upload:
        """Upload a file with rows of its own, without an event."""
        number = len(self.uploads)
        mobiles = tuple(f"{MOBILES}{number:03}{row}{_FATES[row]}0" for row in range(3))
        if kind == "list":
            key, content, mobiles = f"ipqs/email/list {number}.csv", LIST, ()
        elif kind == "request":
            mobiles = mobiles[:1]
            key = f"txncheck/full-check/person {number}.json"
            content = json.dumps({"mobile": mobiles[0], "name": "Asha"}).encode()
        else:
            mobiles = tuple(f"{each[:-1]}{each[-2]}" for each in mobiles)
            key = f"txncheck/full-check/people {number}.csv"
            lines = ["mobile,name", *(f"{mobile},Asha" for mobile in mobiles), ""]
            content = "\n".join(lines).encode()
        job = self.world.upload(key, content, announce=False)
        self.uploads.append(Upload(kind, job, mobiles))
        return self.uploads[-1]

    def upload_of(self, record: JobRecord) -> Upload | None:
        """Return the upload of which a job is one."""
        for upload in self.uploads:
            if (record.key, record.version_id) == (
                upload.job.key,
                upload.job.version_id,
            ):
                return upload
        return None


def records(world: World) -> Iterator[JobRecord]:
    """Yield the jobs that the table has, requests of batches included."""
    for item in map(from_attributes, world.jobs.items.values()):
        if not str(item["job_id"]).startswith(FINISHES_ITEM_PREFIX):
            yield JobRecord.from_item(item)


def jobs(world: World) -> list[JobRecord]:
    """Return the jobs that are recorded."""
    return [record for record in records(world) if not record.is_batch_request]


def requests(world: World) -> list[JobRecord]:
    """Return the requests of batches that are recorded."""
    return [record for record in records(world) if record.is_batch_request]


def notices(world: World) -> list[dict[str, Any]]:
    """Return all notices, oldest first."""
    return [json.loads(message["Message"]) for message in world.sns.messages]
