"""Daily budget: jobs that are let through at once never have more than the bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.aws.daily_budget import DailyBudget
from functions.core.errors import AwsUnavailable
from functions.core.job_record import SubmissionRecord
from functions.core.model import Job
from tests.unit.memory_client import MemoryTable
from tests.world.memory_aws.hook import client_error

_NOW = 1_800_000_000.0
_DAY = "budget:ipqs:2027-01-15"
_NEW = SubmissionRecord(received_at=_NOW)


class Jobs:
    """A table with some jobs, and the budget of their day."""

    def __init__(self, count: int = 2) -> None:
        self.table = MemoryTable(key="job_id")
        self.budget = DailyBudget("table", dynamodb=self.table.client, keep_days=1)
        self.jobs = [
            Job(job_id=f"{n:064d}", provider="ipqs", type="email") for n in range(count)
        ]
        for job in self.jobs:
            self.table.client.put_item(
                TableName="table", Item={"job_id": {"S": job.job_id}}
            )

    def take(self, number: int, values: int, most: int | None = None) -> bool:
        """Count the values of a job."""
        return self.budget.take(
            self.jobs[number], _NEW, values=values, most=most, now=_NOW
        )

    @property
    def sent(self) -> float:
        """The values that are counted."""
        return float(self.table.item(_DAY).get("sent_values", 0))


@given(
    tries=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6)), max_size=30),
    most=st.integers(0, 20),
)
def test_the_bound_holds_and_each_job_is_counted_once(
    tries: list[tuple[int, int]], most: int
) -> None:
    """In whatever order jobs come, and however often one is tried."""
    jobs = Jobs(5)
    counted: dict[int, int] = {}
    for number, values in tries:
        fits = values <= most - sum(counted.values())

        taken = jobs.take(number, values, most)

        assert taken is (number in counted or fits)
        if taken:
            counted.setdefault(number, values)
        assert jobs.sent == sum(counted.values()) <= most


def test_of_two_at_once_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a look and a write, another job could take what is left."""
    jobs = Jobs()
    client = jobs.table.client

    def other_first(_operation: str) -> None:
        monkeypatch.setattr(client, "before", lambda _operation: None)
        assert jobs.take(1, 3, 5)

    client.before = other_first

    assert not jobs.take(0, 3, 5)
    assert jobs.sent == 3


@pytest.mark.parametrize(("conflicts", "is_counted"), [(4, True), (5, False)])
def test_who_meets_other_writes_tries_again(conflicts: int, is_counted: bool) -> None:
    """DynamoDB cancels one of two transactions that meet; none of both has failed."""
    jobs = Jobs()
    left = [conflicts]

    def meet(operation: str) -> None:
        if left[0]:
            left[0] -= 1
            error = client_error("TransactionCanceledException", 400, operation)
            codes = ("TransactionConflict", "None")
            error.response["CancellationReasons"] = [{"Code": code} for code in codes]
            raise error

    jobs.table.client.before = meet

    if is_counted:
        assert jobs.take(0, 3, 5)
    else:
        with pytest.raises(AwsUnavailable):
            jobs.take(0, 3, 5)
    assert jobs.sent == (3 if is_counted else 0)


def test_a_lost_answer_is_no_second_count() -> None:
    """Whoever tries again learns that it was counted, though nothing is left."""
    jobs = Jobs()

    def lose(operation: str) -> None:
        raise client_error("InternalServerError", 500, operation)

    jobs.table.client.after = lose
    with pytest.raises(AwsUnavailable):
        jobs.take(0, 5, 5)
    jobs.table.client.after = lambda _operation: None

    assert jobs.take(0, 5, 5)
    assert jobs.sent == 5


def test_what_is_let_through_all_the_same_is_counted() -> None:
    """The next job of the day has less, or nothing, left."""
    jobs = Jobs()

    assert jobs.take(0, 7)
    assert jobs.take(0, 7)
    assert not jobs.take(1, 1, 5)
    assert jobs.sent == 7


def test_a_try_of_an_earlier_attempt_counts_nothing() -> None:
    """Its list may be read in another way by now, of which other values are sent."""
    jobs = Jobs()
    jobs.table.put(jobs.jobs[0].job_id, attempt=2)

    jobs.take(0, 3, 5)

    assert jobs.sent == 0
    assert "counted_on" not in jobs.table.item(jobs.jobs[0].job_id)
