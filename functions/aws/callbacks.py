"""Callbacks: match webhooks to waiting task tokens, in either order.

An item of the waits table stands for one job at the provider. It holds the token of the
last wait, or `called_at` where a webhook came while no execution was waiting, and the
events received.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from functions.aws.dynamodb import Item, Value
from functions.aws.waits_table import WaitsTable
from functions.core import identity
from functions.core.errors import AwsUnavailable
from functions.core.keys import CALLBACK_ITEM_PREFIX
from functions.core.model import Job

_KEEP_SECONDS = 7 * 86_400
_TRIES = 5
#: In place of the time of a webhook, which was not due: a person has ended the wait.
_BY_A_PERSON = -1.0


class WebhookOutcome(StrEnum):
    """What a webhook achieved."""

    WOKE = "woke"  # it ended a wait
    EARLY = "early"  # nothing waits yet: the next wait ends at once
    LATE = "late"  # the wait was over; a later one, if any, ends at once
    DUPLICATE = "duplicate"  # the same event was received before


@dataclass(frozen=True, kw_only=True)
class WebhookReceipt:
    """What became of a webhook; `job_id` is empty where no job has waited yet."""

    outcome: WebhookOutcome
    job_id: str = ""


class CallbackStore(WaitsTable):
    """The callback items; each stays for a week after its last event."""

    def register_token(self, job: Job, token: str, *, now: float) -> float:
        """Store the token of a wait that begins.

        Returns:
            0, or the time at which a webhook came before; then the wait is ended here.
        """
        key = _key(job.provider, job.provider_ref)
        registered = self._table.update(
            key,
            {
                "token": token,
                "job_id": job.job_id,
                "wait_reason": job.wait_reason,
                **_expiry(now),
            },
            condition="attribute_not_exists(called_at)",
        )
        if registered is not None:
            return 0.0
        called_at = float(self._table.get(key).get("called_at", now))
        self._resume(token, called_at)
        self._table.update(
            key,
            {"job_id": job.job_id},
            remove=("called_at",),
            condition="attribute_exists(called_at)",
        )
        return called_at

    def deliver(
        self, provider: str, reference: str, event: str, *, now: float
    ) -> WebhookReceipt:
        """Resume the waiting execution, or remember the webhook for its next wait.

        Each write requires that the wait is still the one that was read, so that a
        wait that begins meanwhile is not missed.

        Raises:
            AwsUnavailable: The wait changed at every try; the provider should send the
                webhook again.
        """
        key = _key(provider, reference)
        for _ in range(_TRIES):
            item = self._table.get(key)
            job_id = str(item.get("job_id", ""))
            if event in str(item.get("events", "")).split():
                return WebhookReceipt(outcome=WebhookOutcome.DUPLICATE, job_id=job_id)
            outcome = self._try_to_deliver(key, item, event, now=now)
            if outcome is not None:
                return WebhookReceipt(outcome=outcome, job_id=job_id)
        raise AwsUnavailable("the wait changed at every try")

    def wake(self, job: Job, *, reasons: Collection[str]) -> bool:
        """End the wait of a job before any webhook; return whether it was ended.

        Only a wait for one of the `reasons` is ended. Its reason is read together with
        its token, which ends no other wait; that in the job's record may be of the wait
        before. A wait of an earlier release, whose reason is unknown, goes on.

        Another job may wait for the same reference. It is not asked about here.

        Nothing is remembered: a webhook that comes later finds the wait over, and is
        kept for the next one. The state gets no time of a webhook.
        """
        item = self._table.get(_key(job.provider, job.provider_ref))
        token = str(item.get("token", ""))
        is_ours = item.get("job_id") == job.job_id
        may_end = is_ours and item.get("wait_reason") in reasons
        return may_end and bool(token) and self._resume(token, _BY_A_PERSON)

    def _try_to_deliver(
        self, key: str, item: Item, event: str, *, now: float
    ) -> WebhookOutcome | None:
        """Deliver to the wait of an item; return None if it has changed since."""
        token = str(item.get("token", ""))
        values: dict[str, Value] = {
            "events": f"{item.get('events', '')} {event}".strip(),
            **_expiry(now),
        }
        if token and self._resume(token, now):
            # If the next wait has begun already, its token stays.
            self._table.update(
                key,
                values,
                remove=("token",),
                condition="#token = :old",
                condition_values={":old": token},
            )
            return WebhookOutcome.WOKE
        written = self._table.update(
            key,
            {**values, "called_at": now},
            remove=("token",),
            condition="#token = :old" if token else "attribute_not_exists(#token)",
            condition_values={":old": token} if token else None,
        )
        if written is None:
            return None
        return WebhookOutcome.LATE if token else WebhookOutcome.EARLY


def _key(provider: str, reference: str) -> str:
    return f"{CALLBACK_ITEM_PREFIX}{identity.of_reference(provider, reference)}"


def _expiry(now: float) -> dict[str, Value]:
    return {"expires_at": int(now + _KEEP_SECONDS)}
