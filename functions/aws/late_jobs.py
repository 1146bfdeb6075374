"""Late jobs: find the jobs that timed out and may still finish, and schedule looks.

They are in an index of the jobs table, to which an item belongs while it has the
attribute `late_check_at`: the job store sets it when a job times out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.aws import clients
from functions.aws.clients import translate_aws_errors
from functions.aws.dynamodb import DynamoTable, Value, from_attributes, to_attribute
from functions.aws.settings import function_settings
from functions.core.job_record import JobRecord
from functions.core.keys import ENV_JOBS_TABLE, LATE_CHECKS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class LateCheck:
    """A look at a job that is due, and the time for which it was scheduled."""

    job_id: str
    late_check_at: float


class LateJobs:
    """The index of late checks; its writes require that no other write came first."""

    def __init__(self, table: str, *, dynamodb: "DynamoDBClient") -> None:
        self._name = table
        self._dynamodb = dynamodb
        self._table = DynamoTable(table, dynamodb=dynamodb)

    @classmethod
    def from_environment(cls) -> Self:
        """Return the index of the table that this function's environment names."""
        settings = function_settings(ENV_JOBS_TABLE)
        return cls(settings.jobs_table, dynamodb=clients.dynamodb())

    def due(self, provider: str, *, now: float, limit: int) -> tuple[LateCheck, ...]:
        """Return looks at a provider's jobs that are due, the longest due first."""
        values: dict[str, Value] = {":provider": provider, ":now": now}
        with translate_aws_errors("list late jobs"):
            response = self._dynamodb.query(
                TableName=self._name,
                IndexName=LATE_CHECKS,
                KeyConditionExpression="provider = :provider AND late_check_at <= :now",
                ExpressionAttributeValues={
                    name: to_attribute(value) for name, value in values.items()
                },
                Limit=limit,
            )
        return tuple(
            LateCheck(
                job_id=str(item["job_id"]), late_check_at=float(item["late_check_at"])
            )
            for item in map(from_attributes, response["Items"])
        )

    def claim(self, check: LateCheck, *, next_at: float) -> JobRecord | None:
        """Move a look to `next_at`, in case this one fails; return the job.

        None where another sweep or a retry was faster.
        """
        written = self._table.update(
            check.job_id,
            {"late_check_at": next_at},
            condition="late_check_at = :seen",
            condition_values={":seen": check.late_check_at},
        )
        return JobRecord.from_item(written) if written else None

    def schedule(self, record: JobRecord, *, next_at: float) -> None:
        """Schedule the next look at a job."""
        self._table.update(
            record.job_id,
            {"late_check_at": next_at},
            condition="late_check_at = :seen",
            condition_values={":seen": record.late_check_at},
        )

    def drop(self, record: JobRecord) -> None:
        """Remove a job from the index: no look at it is needed any more."""
        self._table.update(
            record.job_id,
            {},
            remove=("late_check_at",),
            condition="late_check_at = :seen",
            condition_values={":seen": record.late_check_at},
        )
