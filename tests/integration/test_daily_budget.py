"""Daily budget: the emulator's DynamoDB agrees with the one in memory."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from functions.aws.daily_budget import DailyBudget
from functions.core.errors import AwsUnavailable
from functions.core.job_record import SubmissionRecord
from functions.core.model import Job
from tests.integration.harness import JobRunner

_JOBS, _VALUES, _MOST = 24, 3, 20


def test_jobs_that_are_let_through_at_once_stay_within_the_bound(
    runner: JobRunner,
) -> None:
    """A folder of lists is prepared by as many functions as there are files."""
    table = runner.stack.outputs["JobsTable"]
    dynamodb = runner.stack.emulator.client("dynamodb")
    provider, now = uuid.uuid4().hex, time.time()  # a day that no other test has
    budget = DailyBudget(table, dynamodb=dynamodb, keep_days=1)
    jobs = [
        Job(job_id=f"{uuid.uuid4().hex}{n:032d}", provider=provider, type="email")
        for n in range(_JOBS)
    ]
    for job in jobs:
        dynamodb.put_item(TableName=table, Item={"job_id": {"S": job.job_id}})

    def take(job: Job) -> bool:
        record = SubmissionRecord(received_at=now)
        try:
            return budget.take(job, record, values=_VALUES, most=_MOST, now=now)
        except AwsUnavailable:  # as the workflow does
            return budget.take(job, record, values=_VALUES, most=_MOST, now=now)

    try:
        with ThreadPoolExecutor(8) as pool:
            taken = [*pool.map(take, jobs)]
        again = [take(job) for job in jobs]
    finally:
        for job in jobs:
            dynamodb.delete_item(TableName=table, Key={"job_id": {"S": job.job_id}})

    assert (sum(taken), again) == (_MOST // _VALUES, taken)
