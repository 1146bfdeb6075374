"""The switches of the TxnCheck simulator, for undocumented facts and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum

from functions.core.signatures import SignatureScheme
from local.simulators.provider import Unknowns


class RequestOutcome(Enum):
    """How a request can end."""

    COMPLETED = "completed"
    PARTIAL = "partial"  # of a full-check; other calls have no steps, and complete
    BUSINESS_ERROR = "failed for good"
    TEMPORARY = "failed for now"


#: A guess: TxnCheck says only that there are signatures [U].
SCHEME = SignatureScheme(
    signature_header="X-Webhook-Signature",
    timestamp_header="X-Webhook-Timestamp",
    id_header="X-Webhook-Id",
    timestamp_unit="milliseconds",
    signed_template="{ts}.{body}",
    algorithm="sha256",
    encoding="hex",
    prefix="",
    tolerance_seconds=300.0,
)


@dataclass(frozen=True, slots=True)
class TxncheckUnknowns(Unknowns):
    """Facts that are not documented; the defaults are guesses."""

    seconds_queued: float = 2.0
    seconds_processing: float = 8.0
    seconds_unknown: float = 0.0  # after the 202, in which the id is answered with 404
    upi_has_old_shape: bool = False  # of the two that are documented
    bank_extras: Mapping[str, str] = field(default_factory=lambda: {"status": "1"})
    bank_takes_async: bool = False
    calls_needing_credits: frozenset[str] = frozenset({"submit"})  # and check
    bulk_method: str = "bulk-vpa-chargeback-check"  # the field `method`
    message_lists: bool = False  # whether the message of an HTTP error is a list
    business_class: str = "PROVIDER_BUSINESS_ERROR"
    temporary_class: str = "PROVIDER_TEMPORARY"
    echoes_input: bool = False  # whether messages repeat what was sent
    step_errors_when_failed: bool = False  # whether a failed full-check has them
    webhook_scheme: SignatureScheme = SCHEME
    webhook_retry_seconds: tuple[float, ...] = (60.0, 300.0, 1800.0)


@dataclass(frozen=True, slots=True)
class TxncheckBehaviour(TxncheckUnknowns):
    """How the simulated TxnCheck behaves."""

    statuses: tuple[str, ...] = ()  # answered to status calls in turn; the last stays
    ends: RequestOutcome | None = None  # None: by the rule of `outcomes`

    # The account
    active: bool = True
    address_allowed: bool = True
    methods_allowed: frozenset[str] | None = None  # None: all
    balance: int | None = None  # items that can be paid in all
    credits_back_at: float = 0.0  # by the clock; until then there is no balance

    # Webhooks
    webhook_early: bool = False  # before the answer, if the work takes no seconds
    webhook_losses: float = 0  # attempts for each request that are lost; inf is all
    webhook_answer_seconds: float = 30.0  # [V]


#: An adapter must work with every value of these switches.
UNKNOWNS = frozenset(switch.name for switch in fields(TxncheckUnknowns))
