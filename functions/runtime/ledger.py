"""Ledger: the jobs table, in which a job's facts are written once and never undone.

An item holds, besides what tells the job apart: `intent` (the token of the attempt
that was about to submit) and `intent_at`; `provider_ref` and `submitted_at`, set
once; the last progress; and `outcome`, set once. Every write is conditional, so
that a repeated, late or overlapping call changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.core.model import Job, Outcome
from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Value = str | int | float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the ledger knows of a job's submission; times in Unix seconds."""

    received_at: float
    intent: str = ""
    intent_at: float = 0.0
    provider_ref: str = ""
    submitted_at: float = 0.0
    rows: int = 0


class Ledger:
    """The jobs table; a job stays in it for `keep_days` after its last event."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", keep_days: int
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._keep_seconds = keep_days * 86_400

    def claim(self, job: Job, *, token: str, now: float) -> Entry:
        """Write down that an attempt is about to submit, if none was before.

        The entry that comes back holds our token only if the claim is ours.
        """
        values: dict[str, _Value] = {
            "provider": job.provider,
            "type": job.type,
            "bucket": job.bucket,
            "key": job.key,
            "version_id": job.version_id,
            "intent": token,
            "intent_at": now,
            "expires_at": int(now + self._keep_seconds),
        }
        written = self._update(
            job,
            values,
            once={"received_at": now},
            condition="attribute_not_exists(intent) "
            "AND attribute_not_exists(provider_ref)",
        )
        return _entry(written or self._get(job))

    def take_over(self, job: Job, *, old: str, token: str, now: float) -> bool:
        """Claim in place of an attempt that surely submitted nothing."""
        values: dict[str, _Value] = {"intent": token, "intent_at": now}
        condition = "intent = :old AND attribute_not_exists(provider_ref)"
        return bool(self._update(job, values, condition=condition, known={":old": old}))

    def withdraw(self, job: Job, *, token: str) -> None:
        """Take a claim back: the provider surely has nothing of ours."""
        self._update(
            job,
            {},
            remove=("intent", "intent_at"),
            condition="intent = :old AND attribute_not_exists(provider_ref)",
            known={":old": token},
        )

    def submitted(self, job: Job, *, provider_ref: str, rows: int, now: float) -> Entry:
        """Write down the provider's reference; the first one stands."""
        written = self._update(
            job,
            {"provider_ref": provider_ref, "submitted_at": now, "rows": rows},
            once={"received_at": now},
            condition="attribute_not_exists(provider_ref)",
        )
        return _entry(written or self._get(job))

    def progressed(self, job: Job, *, next_check_at: float) -> None:
        """Write down the last check, unless a later one or an end is there."""
        self._update(
            job,
            {
                "phase": str(job.phase),
                "polls": job.polls,
                "failures": job.failures,
                "next_check_at": next_check_at,
            },
            condition="attribute_not_exists(outcome) "
            "AND (attribute_not_exists(polls) OR polls < :polls)",
        )

    def ended(self, job: Job, *, now: float) -> Outcome:
        """Write down how the job ended; the first outcome stands and comes back."""
        values: dict[str, _Value] = {
            "outcome": str(job.outcome),
            "phase": str(job.phase),
            "polls": job.polls,
            "error": job.error,
            "advice": job.advice,
            "manifest_key": job.manifest_key,
            "bytes": sum(file.bytes for file in job.files),
            "ended_at": now,
            "expires_at": int(now + self._keep_seconds),
        }
        written = self._update(job, values, condition="attribute_not_exists(outcome)")
        return Outcome((written or self._get(job))["outcome"])

    def _update(
        self,
        job: Job,
        values: Mapping[str, _Value],
        *,
        condition: str,
        once: Mapping[str, _Value] | None = None,
        remove: tuple[str, ...] = (),
        known: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """Give the item as it is now, or None where the condition did not hold."""
        first = once or {}
        sets = [f"#{name} = :{name}" for name in values]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += f" REMOVE {', '.join(f'#{name}' for name in remove)}"
        bound = {f":{name}": value for name, value in {**values, **first}.items()}
        names = {f"#{name}": name for name in (*values, *first, *remove)}
        try:
            with in_our_words("write to the jobs table"):
                answer = self._write(
                    job, expression, condition, names, {**bound, **(known or {})}
                )
        except _ConditionFailed:
            return None
        return {name: _plain(value) for name, value in answer.items()}

    def _write(
        self,
        job: Job,
        expression: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, _Value],
    ) -> Mapping[str, Any]:
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"job_id": {"S": job.job_id}},
                UpdateExpression=expression.strip(),
                ConditionExpression=condition,
                ExpressionAttributeNames=dict(names),
                ExpressionAttributeValues={
                    name: _typed(value) for name, value in values.items()
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                raise _ConditionFailed from None
            raise
        return answer["Attributes"]

    def _get(self, job: Job) -> dict[str, Any]:
        with in_our_words("read the jobs table"):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={"job_id": {"S": job.job_id}},
                ConsistentRead=True,
            )
        return {name: _plain(value) for name, value in answer["Item"].items()}


class _ConditionFailed(Exception):
    """Somebody else wrote first."""


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(
        received_at=float(item.get("received_at", 0.0)),
        intent=item.get("intent", ""),
        intent_at=float(item.get("intent_at", 0.0)),
        provider_ref=item.get("provider_ref", ""),
        submitted_at=float(item.get("submitted_at", 0.0)),
        rows=int(item.get("rows", 0)),
    )


def _typed(value: _Value) -> Any:  # noqa: ANN401 - DynamoDB's own form
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def _plain(value: Mapping[str, Any]) -> str | float:
    return float(value["N"]) if "N" in value else str(value.get("S", ""))
