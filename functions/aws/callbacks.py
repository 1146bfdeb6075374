"""Waits: jobs that wait for a webhook meet the webhook, whichever comes first.

An item stands for one thing at the provider. It holds the token of the last wait,
or `called_at` where a webhook came while nobody was waiting, and the events that
came. A token wakes its wait and no more: it is overwritten by the next wait, never
logged, and the table is encrypted with the stack's key.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.dynamodb import DynamoTable, Item, Value
from functions.core import identity
from functions.core.errors import AwsUnavailable
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

#: How the names of its items begin.
WAIT = "wait:"
_KEPT_SECONDS = 7 * 86_400
_TRIES = 5
#: How Step Functions answers for a wait that is over, or whose execution is.
_OVER = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


class WebhookOutcome(StrEnum):
    """What a webhook met."""

    WOKE = "woke"  # a wait, and ended it
    EARLY = "early"  # nobody: the next wait ends at once
    LATE = "late"  # a wait that was over; should another come, it ends at once
    DUPLICATE = "duplicate"  # the same event, heard before


@dataclass(frozen=True, kw_only=True)
class WebhookReceipt:
    """What became of a webhook; `job_id` is empty where no job has waited yet."""

    outcome: WebhookOutcome
    job_id: str = ""


class CallbackStore:
    """The waits table; an item stays in it for a week after its last event."""

    def __init__(
        self, table: str, *, dynamodb: "DynamoDBClient", states: "SFNClient"
    ) -> None:
        self._items = DynamoTable(table, dynamodb=dynamodb, key="wait_id")
        self._states = states

    def register_token(self, job: Job, token: str, *, now: float) -> float:
        """Wait with a token; give when a webhook had come before, or 0.

        Where one had, the wait is ended here.
        """
        name = _name(job.provider, job.provider_ref)
        waiting = self._items.update(
            name,
            {"token": token, "job_id": job.job_id, **_kept(now)},
            condition="attribute_not_exists(called_at)",
        )
        if waiting is not None:
            return 0.0
        called_at = float(self._items.get(name).get("called_at", now))
        self._wake(token, called_at)
        self._items.update(
            name,
            {"job_id": job.job_id},
            remove=("called_at",),
            condition="attribute_exists(called_at)",
        )
        return called_at

    def deliver(
        self, provider: str, reference: str, event: str, *, now: float
    ) -> WebhookReceipt:
        """Wake whoever waits for something at the provider, or leave word.

        Each write is under the condition that the wait is still the one that was
        read, so that a wait that begins meanwhile is not missed.

        Raises:
            AwsUnavailable: It could not be settled; the webhook should come again.
        """
        name = _name(provider, reference)
        for _ in range(_TRIES):
            item = self._items.get(name)
            job_id = str(item.get("job_id", ""))
            if event in str(item.get("events", "")).split():
                return WebhookReceipt(outcome=WebhookOutcome.DUPLICATE, job_id=job_id)
            heard = self._settle(name, item, event, now=now)
            if heard is not None:
                return WebhookReceipt(outcome=heard, job_id=job_id)
        raise AwsUnavailable("the wait changed again and again")

    def _settle(
        self, name: str, item: Item, event: str, *, now: float
    ) -> WebhookOutcome | None:
        token = str(item.get("token", ""))
        values: dict[str, Value] = {
            "events": f"{item.get('events', '')} {event}".strip(),
            **_kept(now),
        }
        if token and self._wake(token, now):
            # Where the next wait has begun already, its token stays.
            self._items.update(
                name,
                values,
                remove=("token",),
                condition="#token = :old",
                condition_values={":old": token},
            )
            return WebhookOutcome.WOKE
        written = self._items.update(
            name,
            {**values, "called_at": now},
            remove=("token",),
            condition="#token = :old" if token else "attribute_not_exists(#token)",
            condition_values={":old": token} if token else None,
        )
        if written is None:
            return None
        return WebhookOutcome.LATE if token else WebhookOutcome.EARLY

    def _wake(self, token: str, called_at: float) -> bool:
        """End a wait by its token; False where it is over already."""
        with translate_aws_errors("end a wait"):
            try:
                self._states.send_task_success(
                    taskToken=token, output=json.dumps(called_at)
                )
            except ClientError as error:
                if error_code(error) in _OVER:
                    return False
                raise
        return True


def _name(provider: str, reference: str) -> str:
    return f"{WAIT}{identity.of_reference(provider, reference)}"


def _kept(now: float) -> dict[str, Value]:
    return {"expires_at": int(now + _KEPT_SECONDS)}
